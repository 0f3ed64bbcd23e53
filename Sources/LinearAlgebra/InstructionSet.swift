internal import CVectors

/// Instruction sets of x86-64 by the names of its ABI's levels.
public enum InstructionSet: Int, Sendable, Comparable, CaseIterable {
  /// Not x86-64; the compiler's default for that processor.
  case other = 0
  /// SSE2 only.
  case x86_64 = 1
  /// AVX2, FMA, BMI2.
  case x86_64_v3 = 3
  /// AVX-512 (F, BW, DQ, VL).
  case x86_64_v4 = 4

  /// What this program was compiled for (`-Xcc -march=...`).
  public static var compiled: InstructionSet { InstructionSet(rawValue: Int(instruction_set_level())) ?? .other }
  /// The level's name.
  public var name: String {
    switch self {
    case .other: "the processor's default"
    case .x86_64: "x86-64"
    case .x86_64_v3: "x86-64-v3 (AVX2)"
    case .x86_64_v4: "x86-64-v4 (AVX-512)"
    }
  }
  /// The highest level whose instructions are all among a processor's flags (`/proc/cpuinfo`).
  public init(flags: Set<String>) {
    if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]) {
      self = .x86_64_v4
    } else if flags.isSuperset(of: ["avx2", "fma", "bmi2"]) {
      self = .x86_64_v3
    } else {
      self = flags.contains("sse2") ? .x86_64 : .other
    }
  }
  public static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rawValue < b.rawValue }
}
