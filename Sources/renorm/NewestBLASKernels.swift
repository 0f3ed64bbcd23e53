import Glibc
import LinearAlgebra
import MessagePassing
import Runtime

/// The kernels of OpenBLAS for this processor.
///
/// OpenBLAS picks its kernels by a table of processor models, when it is loaded and before any code of ours runs. A
/// processor newer than the table gets those of a Pentium 4: a matrix product takes four times as long. Nothing but the
/// environment variable `OPENBLAS_CORETYPE` can change the choice, so the program starts itself again with it.
enum NewestBLASKernels {
  /// OpenBLAS's names for kernels that use SSE only.
  static let old: Set<String> = ["Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "generic", "Generic"]
  private static let variable = "OPENBLAS_CORETYPE"

  /// OpenBLAS's name for the kernels that use an instruction set; nil where no table of ours tells.
  static func name(for set: InstructionSet) -> String? {
    switch set {
    case .x86_64_v4: "SkylakeX"
    case .x86_64_v3: "Haswell"
    case .x86_64, .other: nil
    }
  }

  /// Starts the program again, with the same arguments and process number, where OpenBLAS took old kernels on its own.
  /// What the user set stays. Where the start fails, the program goes on with what it has; `renorm doctor` tells.
  static func choose() {
    guard old.contains(Linear.configuration.core), let name = name(for: Machine.instructionSet) else { return }
    // 0: a variable that is there already stays.
    guard Launcher.currentEnvironment()[variable] == nil, unsafe setenv(variable, name, 0) == 0 else { return }
    unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
    unsafe unsetenv(variable)
  }
}
