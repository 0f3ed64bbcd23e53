internal import CMessagePassing
import Glibc

/// MPI, started: owns the library from its start to `finish()`.
///
/// Starts once per process, with `MPI_THREAD_SERIALIZED` (any thread may communicate, one at a time) and
/// `MPI_ERRORS_RETURN` (errors arrive as `MessagePassingError`). A world that goes out of scope without `finish()`
/// leaves MPI as it is, since ending it would wait for peers that may never come; the launcher then ends the job.
public struct MPIWorld: ~Copyable {
  /// All processes of the launch.
  public let communicator: MPICommunicator

  /// Starts MPI.
  ///
  /// - Parameter environment: where the launcher left its traces; its process count is checked against MPI's.
  /// - Throws: `launcherMismatch` where the launcher speaks of several processes and MPI sees one: the program was
  ///   started with the `mpirun` of another MPI, and each process would do the whole job. `failed` where MPI does not start.
  public init(environment: [String: String] = Launcher.currentEnvironment()) throws(MessagePassingError) {
    precondition(cmpi_is_running() == 0, "MPI starts once per process")
    try check(cmpi_start(), "MPI_Init_thread")
    do throws(MessagePassingError) {
      try Launcher.detect(environment: environment)?.check(worldSize: Int(cmpi_size(cmpi_world())))
    } catch {
      // A world of one ends without waiting for anybody.
      _ = cmpi_finish()
      throw error
    }
    communicator = MPICommunicator(cmpi_world(), owned: false, waiting: Waiting(environment: environment))
  }

  /// Runs while any communicator of this world waits, at most about every 50 ms. See `MPICommunicator.whileWaiting`.
  public var whileWaiting: (() -> Void)? {
    get { communicator.whileWaiting }
    nonmutating set { communicator.whileWaiting = newValue }
  }

  /// Whether broadcasts, reductions and gatherings first compare what the ranks pass, and throw `shapeMismatch` where it
  /// differs, instead of waiting for ever or mixing up data. Costs one small exchange each; set on all ranks alike.
  public var checksShapes: Bool {
    get { communicator.waiting.checksShapes }
    nonmutating set { communicator.waiting.checksShapes = newValue }
  }
  /// Whether MPI runs and lets another thread communicate while this one does not; false where the library has no threads.
  public static var threadsTakeTurns: Bool { cmpi_is_running() != 0 && cmpi_threads_take_turns() != 0 }

  /// Waits for all ranks, then ends MPI. No communicator of this world may be used afterwards; dropping one is fine.
  ///
  /// All messages must have been received. A library that cannot end all the same (MPICH over UCX and TCP, a rank that is stopped in between)
  /// has `patience` seconds; then the process leaves with `code`, and rank 0 says so. What is to be printed should have been.
  public func finish(code: Int32 = 0, patience: UInt32 = 20) throws(MessagePassingError) {
    fflush(nil)
    let text = "renorm: the MPI library has not ended within \(patience) s, so this run leaves without; all that it had to do is done\n"
    // Needed until the process ends.
    let line = communicator.rank == 0 ? unsafe strdup(text) : nil
    unsafe cmpi_leave_after(patience, line, code)
    try communicator.barrier()
    try check(cmpi_finish(), "MPI_Finalize")
    cmpi_leave_after(0, nil, 0)
  }

  /// Ends all processes of the launch with `code`, from anywhere; without MPI ends this one.
  public static func abort(code: Int32) -> Never {
    // Nothing may keep this process from ending: not a handler that only notes a TERM, nor a library that waits for a
    // peer that will never answer.
    for number in [SIGTERM, SIGALRM, SIGUSR1] { signal(number, SIG_DFL) }
    alarm(5)
    if cmpi_is_running() != 0 { cmpi_abort(code) }
    exit(code)
  }

  /// Name and version of the library underneath, in its own words; can be read before MPI starts.
  public static var libraryVersion: String { unsafe text(capacity: 8192) { unsafe cmpi_library_version($0, $1) } }
}

/// Throws what an MPI error code means.
func check(_ code: Int32, _ call: String) throws(MessagePassingError) {
  if code == 0 { return }
  let words = unsafe text(capacity: 1024) { unsafe cmpi_error_text(code, $0, $1) }
  throw .failed(call: call, errorClass: Int(cmpi_error_class(code)), text: words)
}

/// The string that a C function writes into a buffer of `capacity` bytes.
func text(capacity: Int, _ write: (UnsafeMutablePointer<CChar>, Int32) -> Void) -> String {
  unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
    unsafe buffer.initialize(repeating: 0)
    unsafe write(buffer.baseAddress!, Int32(capacity))
    return unsafe String(cString: buffer.baseAddress!)
  }
}
