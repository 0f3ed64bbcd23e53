import Archives
import ArgumentParser
import Glibc
import LinearAlgebra
import MessagePassing
import Runtime

/// `renorm doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "What is found on this machine, and what looks wrong with it.",
    discussion: "Under mpirun also: which ranks are where, how fast messages are, how far clocks are apart, whether all see one folder.")

  /// One line: what was looked at, what was found, and what to do where that looks wrong.
  struct Finding {
    let what: String, found: String, advice: String?
    init(_ what: String, _ found: String, _ advice: String? = nil) {
      self.what = what
      self.found = found
      self.advice = advice
    }
  }

  func run() throws {
    let launched = Launcher.detect(environment: Launcher.currentEnvironment())
    if launched == nil { return show(launched, []) }
    do {
      let world = try MPIWorld()
      // All ranks take part in what they find out together.
      let between = try RankDoctor(world.communicator).findings(on: world.communicator)
      if world.communicator.rank == 0 { show(launched, between) }
      try world.finish()
    } catch MessagePassingError.launcherMismatch(let launcher, let size, _) {
      guard launched?.rank ?? 0 == 0 else { return }
      show(
        launched,
        [
          Finding(
            "ranks", "\(launcher) started \(size), each of which is alone", "use the mpirun of the MPI that the program was built with")
        ])
    }
  }

  private func show(_ launched: Launched?, _ between: [Finding]) {
    let findings = [program(), memory(), mpi(), launcher(launched), blas(), hdf5(), gnuplot(), disk(), locking()] + between
    let width = findings.map(\.what.count).max() ?? 0
    for finding in findings {
      let name = finding.what + String(repeating: " ", count: width - finding.what.count)
      print(
        "\(name)  \(finding.advice == nil ? "ok         " : "looks wrong")  \(finding.found)" + (finding.advice.map { ": \($0)" } ?? ""))
    }
  }

  private func program() -> Finding {
    let built = InstructionSet.compiled, has = Machine.instructionSet
    let found = "\(ProgramVersion.build); \(Machine.processor) has \(has.name), \(Machine.processors) processors"
    if built < has { return Finding("program", found, "build it with Scripts/build on this machine to use all of its instructions") }
    return Finding("program", found)
  }
  private func memory() -> Finding {
    let perProcessor = Double(Machine.memory) / Double(max(1, Machine.processors))
    let found = "\(Shown.bytes(Double(Machine.memory))), \(Shown.bytes(perProcessor)) per processor"
    return Finding("memory", found, perProcessor < 2.5e8 ? "start fewer ranks than processors" : nil)
  }
  private func mpi() -> Finding {
    let library = MPIWorld.libraryVersion.split(whereSeparator: { $0 == "\n" || $0 == "," }).first.map(String.init) ?? "unknown"
    guard let mpirun = Program.find("mpirun") else {
      return Finding("MPI", library, "mpirun is not in PATH; install openmpi-bin or load the cluster's module")
    }
    let output = Program.run(mpirun, ["--version"], in: "/", limit: 10)?.output ?? ""
    let version = output.split(separator: "\n").first.map(String.init) ?? "of unknown version"
    let isOpen = library.contains("Open MPI"), launcherIsOpen = version.contains("Open MPI") || version.contains("OpenRTE")
    let found = "program uses \(library); \(mpirun) is \(version)"
    return Finding(
      "MPI", found, isOpen != launcherIsOpen ? "the launcher belongs to another MPI: every process would be a world of its own" : nil)
  }
  private func launcher(_ launched: Launched?) -> Finding {
    guard let launched else { return Finding("launcher", "started alone, one process (Scripts/run uses all processors)") }
    let found = "\(launched.name), \(launched.size.map { "\($0)" } ?? "unknown number of") ranks"
    if let size = launched.size, size > Machine.processors, Launcher.currentEnvironment()["SLURM_JOB_ID"] == nil {
      return Finding("launcher", found, "more ranks than the \(Machine.processors) processors of this host, unless several hosts are used")
    }
    return Finding("launcher", found)
  }
  private func blas() -> Finding {
    let blas = Linear.configuration
    let forced = Launcher.currentEnvironment()["OPENBLAS_CORETYPE"].map { " (OPENBLAS_CORETYPE=\($0))" } ?? ""
    let found = "\(blas.version), kernels for \(blas.core)\(forced), one thread per rank"
    guard let better = NewestBLASKernels.name(for: Machine.instructionSet), NewestBLASKernels.old.contains(blas.core) else {
      return Finding("BLAS", found)
    }
    return Finding("BLAS", found, "kernels for an old processor; OPENBLAS_CORETYPE=\(better) has those for this one")
  }
  private func hdf5() -> Finding {
    let path = ".renorm-doctor-\(getpid()).h5", found = "version \(HDF5Version.text)"
    defer { unsafe unlink(path) }
    do {
      let values = [1.0, .leastNonzeroMagnitude, -0.0]
      var writer = try HDF5Writer(path: path)
      try writer.write(values, at: "test/values")
      try writer.close()
      let reader = try HDF5Reader(path: path)
      let again = try reader.read(Double.self, count: 3, at: "test/values")
      guard again.map(\.bitPattern) == values.map(\.bitPattern) else {
        return Finding("HDF5", found, "what was written here reads back changed")
      }
      return Finding("HDF5", found + ", written and read back in this folder")
    } catch {
      return Finding("HDF5", found, "cannot write and read back in this folder: " + (Failure(error)?.description ?? "\(error)"))
    }
  }
  private func gnuplot() -> Finding {
    guard let path = Program.find("gnuplot") else {
      return Finding("gnuplot", "not found", "reports will have no curves; install gnuplot-nox")
    }
    let version =
      Program.run(path, ["--version"], in: "/", limit: 10)?.output.split(separator: "\n").first.map(String.init) ?? "does not start"
    return Finding("gnuplot", "\(path), \(version)", version.hasPrefix("gnuplot") ? nil : "reports will have no curves")
  }
  private func disk() -> Finding {
    guard let free = Machine.freeBytes(at: ".") else {
      return Finding("disk", "free space unknown", "this folder's file system does not answer")
    }
    return Finding(
      "disk", "\(Shown.bytes(Double(free))) free in this folder",
      free < 2_000_000_000 ? "less than 2 GB; give --out on another file system" : nil)
  }
  private func locking() -> Finding {
    let path = ".renorm-doctor-\(getpid()).lock"
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      return Finding("file locks", "this folder cannot be written", FileFault(path: path, operation: "create", code: errno).reason)
    }
    defer {
      close(file)
      unsafe unlink(path)
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      return Finding("file locks", "refused by this file system", "set HDF5_USE_FILE_LOCKING=FALSE, or give --out elsewhere")
    }
    return Finding("file locks", "work in this folder")
  }
}
