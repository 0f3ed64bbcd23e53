/// What a message may consist of: plain old data whose bits mean the same on every rank.
public protocol MessageElement: BitwiseCopyable, Sendable {
  /// The type by which the message-passing library knows this one.
  static var datatype: Datatype { get }
}

/// Element types that a message can have.
public enum Datatype: Sendable { case float32, float64, int32, int64, uint8, uint64 }

extension Float: MessageElement { public static var datatype: Datatype { .float32 } }
extension Double: MessageElement { public static var datatype: Datatype { .float64 } }
extension Int32: MessageElement { public static var datatype: Datatype { .int32 } }
extension Int64: MessageElement { public static var datatype: Datatype { .int64 } }
extension Int: MessageElement { public static var datatype: Datatype { .int64 } }
extension UInt8: MessageElement { public static var datatype: Datatype { .uint8 } }
extension UInt64: MessageElement { public static var datatype: Datatype { .uint64 } }

/// How a reduction combines elements. `sum` of floating-point numbers depends on the number of ranks: use
/// `ShardTree` where bits matter.
public enum Reduction: Sendable { case sum, minimum, maximum, bitwiseOr }

/// What message passing can fail with.
public enum MessagePassingError: Error, Equatable, Sendable {
  /// The library refused or failed a call; `errorClass` is MPI's error class, `text` its own words.
  case failed(call: String, errorClass: Int, text: String)
  /// The launcher started `launcherSize` processes, the library sees a world of `worldSize`.
  case launcherMismatch(launcher: String, launcherSize: Int, worldSize: Int)
  /// A message was longer than the buffer meant for it; both in elements. `found` is what the library reports, which
  /// may be only the part that fitted.
  case truncated(expected: Int, found: Int)
  /// The library counts elements in 32 bits: a single message or collective of more is refused. Send it in parts.
  case tooLong(elements: Int)

  /// Two ranks meet in different collectives, or in the same one with different counts (`otherCount` nil: another
  /// collective). Only found with `MPIWorld.checksShapes`.
  case shapeMismatch(call: String, rank: Int, count: Int, otherRank: Int, otherCount: Int?)

  /// MPI's error class where the library itself failed or refused: 6 for a rank outside the group, 15 for truncation.
  public var errorClass: Int? {
    switch self {
    case .failed(_, let errorClass, _): errorClass
    case .truncated: 15
    case .launcherMismatch, .tooLong, .shapeMismatch: nil
    }
  }
}

/// A group of processes that exchange messages.
///
/// Every algorithm takes `some Communicator`; a communicator of one process is an ordinary communicator, so nothing
/// has a serial twin. Collectives are called by all ranks in the same order with arguments of the same shape.
/// Waiting never blocks the process inside the library: see `MPICommunicator.whileWaiting`.
public protocol Communicator: ~Copyable {
  /// This process's number, `0 ..< size`.
  var rank: Int { get }
  /// How many processes belong to the group.
  var size: Int { get }

  /// Returns when all ranks have called it.
  func barrier() throws(MessagePassingError)
  /// Overwrites `values` on all ranks by those of `root`. All ranks pass the same count.
  func broadcast<E: MessageElement>(_ values: inout [E], from root: Int) throws(MessagePassingError)
  /// Replaces each element by its reduction over ranks, in the library's own order.
  func allReduce<E: MessageElement>(_ values: inout [E], _ operation: Reduction) throws(MessagePassingError)
  /// The arrays of all ranks, by rank, on every rank; their counts may differ.
  func allGather<E: MessageElement>(_ values: [E]) throws(MessagePassingError) -> [[E]]
  /// The arrays of all ranks, by rank, on `root`; an empty array elsewhere.
  func gather<E: MessageElement>(_ values: [E], to root: Int) throws(MessagePassingError) -> [[E]]
  /// Sends `messages[r]` to rank r and returns what each rank sent here, by rank; counts may differ.
  func exchange<E: MessageElement>(_ messages: [[E]]) throws(MessagePassingError) -> [[E]]
  /// Sends `values` to a rank; returns when the array may be reused.
  func send<E: MessageElement>(_ values: [E], to rank: Int, tag: Int) throws(MessagePassingError)
  /// The next message with this tag from `rank` (nil: from any rank) and who sent it. One of more than `limit` elements is
  /// `truncated`, and no memory is taken for it.
  func receive<E: MessageElement>(
    _ type: E.Type, from rank: Int?, tag: Int, atMost limit: Int
  ) throws(MessagePassingError) -> (values: [E], source: Int)
  /// The rank that has sent a message with this tag which waits to be received; nil where there is none.
  func probe(from rank: Int?, tag: Int) throws(MessagePassingError) -> Int?
  /// The members that give the same `color`, ordered by `key`; nil for those that give nil.
  func split(color: Int?, key: Int) throws(MessagePassingError) -> Self?
  /// The members that share memory with this process, ordered by rank.
  func splitByHost() throws(MessagePassingError) -> Self
  /// The same members in a group of their own: its messages and probes never meet those of this one.
  func duplicate() throws(MessagePassingError) -> Self
  /// The name of the host this process runs on.
  var processorName: String { get }
  /// Seconds of the wall clock that this process has waited for messages so far, in this group and all others of its world.
  var secondsWaited: Double { get }

  /// Starts to send a copy of `values`; the request owns the copy.
  func immediateSend<E: MessageElement>(_ values: [E], to rank: Int, tag: Int) throws(MessagePassingError) -> Request<E>
  /// Starts to receive at most `count` elements from `rank` (nil: from any rank). A longer message is
  /// `MessagePassingError.truncated` when the request is waited for.
  func immediateReceive<E: MessageElement>(
    _ type: E.Type, count: Int, from rank: Int?, tag: Int
  ) throws(MessagePassingError) -> Request<E>
  /// Starts a reduction of a copy of `values`; all ranks start it in the same order among their collectives.
  func immediateAllReduce<E: MessageElement>(_ values: [E], _ operation: Reduction) throws(MessagePassingError) -> Request<E>

  /// In-place exchange of slices for hot paths: sends `counts[r]` elements from `send + displacements[r]` to rank r
  /// and receives `receiveCounts[r]` elements into `receive + receiveDisplacements[r]`.
  func exchange<E: MessageElement>(
    send: UnsafePointer<E>, counts: [Int], displacements: [Int],
    receive: UnsafeMutablePointer<E>, receiveCounts: [Int], receiveDisplacements: [Int]) throws(MessagePassingError)
  /// Every rank contributes `counts[rank]` elements that stand at `buffer + displacements[rank]`; afterwards all ranks
  /// hold all contributions.
  func allGather<E: MessageElement>(
    inPlace buffer: UnsafeMutablePointer<E>, counts: [Int], displacements: [Int]) throws(MessagePassingError)
}
