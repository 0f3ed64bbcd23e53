import Glibc

/// The communicator of a program that was started alone: size 1, no library, all collectives are copies.
public struct SoloCommunicator: Communicator, ~Copyable {
  /// A world of one.
  public init() {}
  public var rank: Int { 0 }
  public var size: Int { 1 }
  public func barrier() throws(MessagePassingError) {}
  public func broadcast<E: MessageElement>(_ values: inout [E], from root: Int) throws(MessagePassingError) {}
  public func allReduce<E: MessageElement>(_ values: inout [E], _ operation: Reduction) throws(MessagePassingError) {}
  public func allGather<E: MessageElement>(_ values: [E]) throws(MessagePassingError) -> [[E]] { [values] }
  public func gather<E: MessageElement>(_ values: [E], to root: Int) throws(MessagePassingError) -> [[E]] { [values] }
  public func exchange<E: MessageElement>(_ messages: [[E]]) throws(MessagePassingError) -> [[E]] { messages }
  /// Alone there is nobody to send to: a caller's bug.
  public func send<E: MessageElement>(_ values: [E], to rank: Int, tag: Int) throws(MessagePassingError) {
    preconditionFailure("a communicator of one process has no other rank to send to")
  }
  /// Alone there is nobody to receive from: a caller's bug.
  public func receive<E: MessageElement>(
    _ type: E.Type, from rank: Int?, tag: Int, atMost limit: Int
  ) throws(MessagePassingError) -> (values: [E], source: Int) {
    preconditionFailure("a communicator of one process has no other rank to receive from")
  }
  public func probe(from rank: Int?, tag: Int) throws(MessagePassingError) -> Int? { nil }
  public func split(color: Int?, key: Int) throws(MessagePassingError) -> SoloCommunicator? { color == nil ? nil : SoloCommunicator() }
  public func splitByHost() throws(MessagePassingError) -> SoloCommunicator { SoloCommunicator() }
  public func duplicate() throws(MessagePassingError) -> SoloCommunicator { SoloCommunicator() }
  /// Nobody to wait for.
  public var secondsWaited: Double { 0 }
  /// The host name, as the system gives it.
  public var processorName: String { hostName() }
  /// Alone there is nobody to send to: a caller's bug.
  public func immediateSend<E: MessageElement>(_ values: [E], to rank: Int, tag: Int) throws(MessagePassingError) -> Request<E> {
    preconditionFailure("a communicator of one process has no other rank to send to")
  }
  /// Alone there is nobody to receive from: a caller's bug.
  public func immediateReceive<E: MessageElement>(
    _ type: E.Type, count: Int, from rank: Int?, tag: Int
  ) throws(MessagePassingError) -> Request<E> {
    preconditionFailure("a communicator of one process has no other rank to receive from")
  }
  /// Finished at once.
  public func immediateAllReduce<E: MessageElement>(
    _ values: [E], _ operation: Reduction
  ) throws(MessagePassingError) -> Request<E> { Request(finished: values) }
  public func exchange<E: MessageElement>(
    send: UnsafePointer<E>, counts: [Int], displacements: [Int],
    receive: UnsafeMutablePointer<E>, receiveCounts: [Int], receiveDisplacements: [Int]
  ) throws(MessagePassingError) {
    unsafe (receive + receiveDisplacements[0]).update(from: send + displacements[0], count: counts[0])
  }
  public func allGather<E: MessageElement>(
    inPlace buffer: UnsafeMutablePointer<E>, counts: [Int], displacements: [Int]
  ) throws(MessagePassingError) {}
}

/// The name of this host without MPI.
func hostName() -> String {
  var name = utsname()
  guard unsafe uname(&name) == 0 else { return "unknown" }
  return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
