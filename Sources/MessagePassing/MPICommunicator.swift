internal import CMessagePassing
import Glibc

/// A group of MPI processes. Frees its handle when it goes out of scope (the world's belongs to `MPIWorld`).
///
/// Every operation that waits is an immediate MPI call followed by a poll loop, so `whileWaiting` runs meanwhile, and a
/// rank that waits hands its processor on when ranks outnumber processors.
public struct MPICommunicator: Communicator, ~Copyable {
  let handle: cmpi_comm
  let waiting: Waiting
  private let owned: Bool
  public let rank: Int
  public let size: Int

  init(_ handle: cmpi_comm, owned: Bool, waiting: Waiting) {
    self.handle = handle
    self.owned = owned
    self.waiting = waiting
    rank = Int(cmpi_rank(handle))
    size = Int(cmpi_size(handle))
  }

  deinit {
    guard owned, cmpi_is_running() != 0 else { return }
    var handle = handle
    _ = unsafe cmpi_free(&handle)
  }

  /// Runs while this or any other communicator of the same world waits, at most about every 50 ms: the place for
  /// heartbeats. It may use immediate operations and probes on other communicators, even wait itself; it is not called again from within.
  public var whileWaiting: (() -> Void)? {
    get { waiting.hook }
    nonmutating set { waiting.hook = newValue }
  }

  public var processorName: String { unsafe text(capacity: 1024) { unsafe cmpi_processor_name($0, $1) } }

  public var secondsWaited: Double { 1e-9 * Double(waiting.waited) }

  // MPI has no immediate split: all ranks meet in a polled barrier first, so the call itself finds them there. A rank that is stopped or
  // cut off within it would keep the others for ever; nothing but the clock can help them then.

  /// A blocking call that takes a moment, bounded.
  private func bounded(_ call: () -> Int32) -> Int32 {
    unsafe cmpi_leave_after(30, Self.overdue, 75)
    defer { cmpi_leave_after(0, nil, 0) }
    return call()
  }
  /// Lives as long as the process.
  private nonisolated(unsafe) static let overdue: UnsafeMutablePointer<CChar>? = unsafe strdup(
    "renorm: a rank has not answered for 30 s while teams were made; ending the job, which resumes from its checkpoints when started again\n"
  )

  public func split(color: Int?, key: Int) throws(MessagePassingError) -> MPICommunicator? {
    precondition(color.map { (0...Int(Int32.max)).contains($0) } ?? true, "a color is a number from 0 to 2^31 - 1")
    try barrier()
    var out = cmpi_comm()
    try check(bounded { unsafe cmpi_split(handle, color.map { Int32($0) } ?? -1, Int32(key), &out) }, "MPI_Comm_split")
    if cmpi_is_null(out) != 0 { return nil }
    return MPICommunicator(out, owned: true, waiting: waiting)
  }

  public func splitByHost() throws(MessagePassingError) -> MPICommunicator {
    try barrier()
    var out = cmpi_comm()
    try check(bounded { unsafe cmpi_split_by_host(handle, &out) }, "MPI_Comm_split_type")
    return MPICommunicator(out, owned: true, waiting: waiting)
  }

  public func duplicate() throws(MessagePassingError) -> MPICommunicator {
    try barrier()
    var out = cmpi_comm()
    try check(bounded { unsafe cmpi_duplicate(handle, &out) }, "MPI_Comm_dup")
    return MPICommunicator(out, owned: true, waiting: waiting)
  }

  /// Polls until a request that was just started is finished. `started` is the code its start returned.
  func finish(_ request: inout cmpi_request, _ started: Int32, _ call: String) throws(MessagePassingError) {
    try check(started, call)
    _ = try waiting.finish(&request, call)
  }
}

extension Waiting {
  /// Polls until `request` is finished.
  func finish(_ request: inout cmpi_request, _ call: String) throws(MessagePassingError) -> cmpi_status {
    var fruitless = 0
    defer { hasEnded(fruitless) }
    while true {
      var done: Int32 = 0
      var status = cmpi_status()
      try unsafe check(cmpi_test(&request, &done, &status), call)
      if done != 0 { return status }
      pause(&fruitless)
    }
  }
}

/// A count as MPI's 32 bits.
func count32(_ count: Int) throws(MessagePassingError) -> Int32 {
  guard let count = Int32(exactly: count) else { throw .tooLong(elements: count) }
  return count
}

/// Counts or displacements as MPI's 32 bits.
func counts32(_ counts: [Int]) throws(MessagePassingError) -> [Int32] {
  var result: [Int32] = []
  result.reserveCapacity(counts.count)
  for count in counts { try result.append(count32(count)) }
  return result
}

extension Datatype {
  var mpi: cmpi_type {
    switch self {
    case .float32: CMPI_F32
    case .float64: CMPI_F64
    case .int32: CMPI_I32
    case .int64: CMPI_I64
    case .uint8: CMPI_U8
    case .uint64: CMPI_U64
    }
  }
}

extension Reduction {
  var mpi: cmpi_op {
    switch self {
    case .sum: CMPI_SUM
    case .minimum: CMPI_MIN
    case .maximum: CMPI_MAX
    case .bitwiseOr: CMPI_BOR
    }
  }
}
