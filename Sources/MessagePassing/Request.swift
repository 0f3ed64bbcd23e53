internal import CMessagePassing

/// An operation that has been started and not yet waited for. It owns its buffer.
///
/// A request must be finished: by `wait()`, by `isFinished()` having returned true, or, for a receive, by `cancel()`. One that is dropped before
/// traps, because MPI would go on reading or writing memory that is no longer there.
@safe public struct Request<E: MessageElement>: ~Copyable {
  /// What `wait()` gives back of the buffer.
  enum Result { case everything, received }

  private let buffer: UnsafeMutablePointer<E>
  private let capacity: Int
  private var count: Int
  private var handle = cmpi_request()
  private var pending = false
  private var waiting: Waiting?
  private var call = ""
  var result = Result.everything

  /// A request of `capacity` elements with nothing started yet.
  init(capacity: Int) {
    precondition(capacity >= 0, "a buffer has no negative length")
    unsafe buffer = .allocate(capacity: max(1, capacity))
    self.capacity = capacity
    count = capacity
  }

  /// A request that is finished from the start, with these values.
  init(finished values: [E]) {
    self.init(capacity: values.count)
    unsafe buffer.initialize(from: values, count: values.count)
  }

  deinit {
    if pending { fatalError("a \(call) request was dropped before it was finished: wait() for it, or cancel() a receive") }
    unsafe buffer.deallocate()
  }

  mutating func start(
    _ call: String, _ waiting: Waiting, _ body: (UnsafeMutablePointer<E>, inout cmpi_request) -> Int32
  ) throws(MessagePassingError) {
    self.call = call
    self.waiting = waiting
    try unsafe check(body(buffer, &handle), call)
    pending = true
  }

  /// Whether the operation is finished; helps it on.
  /// - Throws: what the operation failed with; it is over then.
  public mutating func isFinished() throws(MessagePassingError) -> Bool {
    guard pending else { return true }
    var done: Int32 = 0
    var status = cmpi_status()
    let code = unsafe cmpi_test(&handle, &done, &status)
    if code != 0 || done != 0 { pending = false }
    try finish(code, status, done: done != 0)
    return !pending
  }

  /// Waits and gives the buffer's values: those sent, those received (as many as came), or those reduced.
  /// - Throws: `truncated` where a message was longer than the buffer, `failed` otherwise.
  public consuming func wait() throws(MessagePassingError) -> [E] {
    var fruitless = 0
    defer { waiting?.hasEnded(fruitless) }
    while try !isFinished() { waiting?.pause(&fruitless) }
    return unsafe Array(UnsafeBufferPointer(start: buffer, count: count))
  }

  /// Gives up a receive whose message will not come. True where it came nevertheless (it is lost then).
  public consuming func cancel() throws(MessagePassingError) -> Bool {
    precondition(result == .received, "only a receive can be cancelled")
    guard pending else { return true }
    try unsafe check(cmpi_cancel(&handle), "MPI_Cancel")
    _ = try wait()
    return false
  }

  private mutating func finish(_ code: Int32, _ status: cmpi_status, done: Bool) throws(MessagePassingError) {
    let stride = MemoryLayout<E>.stride
    if code != 0, cmpi_error_class(code) == cmpi_error_class_of_truncation() {
      throw .truncated(expected: capacity, found: Int(status.bytes) / stride)
    }
    try check(code, call)
    if done, result == .received { count = min(capacity, max(0, Int(status.bytes) / stride)) }
  }
}
