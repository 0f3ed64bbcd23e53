public import Foundation

/// Why a program under `mpirun` could not be run to its end.
public enum MPIRunError: Error, Equatable {
  /// No `mpirun` in the places where one is looked for.
  case noLauncher
  /// It was still running after this many seconds and has been killed.
  case timedOut(seconds: Double, output: String, error: String)
}

/// The `mpirun` of the MPI this package was built against: that of `RENORM_MPI_PC`, else Open MPI's, else the system's; nil if there is none.
public func mpirunExecutable() -> URL? {
  let names = builtForMPICH ? ["mpirun.mpich"] : ["mpirun.openmpi", "mpirun"]
  let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
  return names.lazy.flatMap { name in path.split(separator: ":").lazy.map { URL(fileURLWithPath: "\($0)/\(name)") } }
    .first { FileManager.default.isExecutableFile(atPath: $0.path) }
}

private var builtForMPICH: Bool {
  ProcessInfo.processInfo.environment["RENORM_MPI_PC"]?.hasPrefix("mpich") ?? false
}

/// An executable of this package, from the directory it was built into: `RENORM_BUILD_DIR`, else where the running test bundle
/// lies, else `.build/release` of this source tree. Nil if none of them has it.
public func builtExecutable(_ name: String, file: String = #filePath) -> URL? {
  var places: [URL] = []
  if let given = ProcessInfo.processInfo.environment["RENORM_BUILD_DIR"] { places.append(URL(fileURLWithPath: given)) }
  places.append(URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent())
  places.append(URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent())
  let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  places += [root.appendingPathComponent(".build/release"), root.appendingPathComponent(".build/debug")]
  return places.map { $0.appendingPathComponent(name) }.first { FileManager.default.isExecutableFile(atPath: $0.path) }
}

/// This process's environment without what a launcher left in it: a child must find its own.
public func environmentWithoutLauncher() -> [String: String] {
  let marks = ["OMPI_", "PMIX_", "ORTE_", "PRTE_", "PMI_", "HYDRA_", "HYDI_", "MPI_LOCAL", "SLURM_"]
  return ProcessInfo.processInfo.environment.filter { entry in !marks.contains { entry.key.hasPrefix($0) } }
}

/// Runs a program on `ranks` processes under `mpirun` and waits for its end.
///
/// - Parameters:
///   - environment: added to this process's own, from which launcher variables are stripped.
///   - timeout: seconds after which everything is killed.
/// - Returns: mpirun's exit status (128 + signal where a signal ended it) and all that was written.
public func mpirun(
  _ ranks: Int, executable: URL, arguments: [String], environment: [String: String] = [:], timeout: Double
) throws -> (status: Int32, output: String, error: String) {
  guard let launcher = mpirunExecutable() else { throw MPIRunError.noLauncher }
  let options = builtForMPICH ? [] : ["--oversubscribe"]
  // These two only Open MPI reads. A trap must end a rank at once, not after a printed backtrace.
  let own = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "SWIFT_BACKTRACE": "enable=no"]
  return try run(
    launcher, ["-n", "\(ranks)"] + options + [executable.path] + arguments,
    environment: own.merging(environment) { $1 }, timeout: timeout)
}

/// Runs a program without a launcher and waits for its end; otherwise as `mpirun`.
public func run(
  _ executable: URL, _ arguments: [String], environment: [String: String] = [:], timeout: Double
) throws -> (status: Int32, output: String, error: String) {
  // Files, not pipes: a pipe that nobody reads fills and stops the ranks.
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ranks-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  let files = ["output", "error"].map { directory.appendingPathComponent($0) }
  for file in files { try Data().write(to: file) }
  let handles = try files.map { try FileHandle(forWritingTo: $0) }

  let process = Process()
  process.executableURL = executable
  process.arguments = arguments
  // A session directory of its own: mpiruns that share one can fail when one starts while another leaves.
  let session = ["OMPI_MCA_orte_tmpdir_base": directory.path]
  process.environment = environmentWithoutLauncher().merging(session) { $1 }.merging(environment) { $1 }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = handles[0]
  process.standardError = handles[1]
  let ended = DispatchSemaphore(value: 0)
  process.terminationHandler = { _ in ended.signal() }
  try process.run()
  let late = ended.wait(timeout: .now() + timeout) == .timedOut
  if late {
    // On TERM mpirun ends its ranks; on KILL it would leave them behind.
    process.terminate()
    if ended.wait(timeout: .now() + 10) == .timedOut { kill(process.processIdentifier, SIGKILL) }
  }
  let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
  if late { throw MPIRunError.timedOut(seconds: timeout, output: texts[0], error: texts[1]) }
  let status = process.terminationStatus
  return (process.terminationReason == .uncaughtSignal ? 128 + status : status, texts[0], texts[1])
}
