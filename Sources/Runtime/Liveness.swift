import Archives
import MessagePassing

/// Who is alive, as one rank knows it: it sends heartbeats, takes in those of others, and says who has been silent for too long. Rank 0 and
/// each of the others watch each other: survivors get no error from a dead peer.
///
/// Nothing here ends a run; that is for whoever asks `silent(at:)`.
final class Liveness {
  static let tag = 11
  private static let farewell = 19
  let rank: Int
  private let hosts: [String], labels: [String], stallTimeout: Double
  /// Whom this rank watches.
  private let others: Range<Int>
  private var lastSent = -1.0
  private var lastSeen: [Double], allowance: [Double]
  /// The unit that each rank works on; -1 where there is none, or none is known.
  private var units: [Int]
  private let notes = UnitNotes()
  /// Heartbeats sent to each rank and received from each; how many each has sent, once it has taken its leave.
  private var sent: [Int], received: [Int], announced: [Int?]
  private var hasLeft = false
  /// The heartbeats on their way, by the rank they go to.
  private let inFlight: [HeartbeatInFlight]

  init(rank: Int, hosts: [String], labels: [String], stallTimeout: Double) {
    let size = hosts.count
    self.rank = rank
    self.hosts = hosts
    self.labels = labels
    self.stallTimeout = stallTimeout
    others = rank == 0 ? 1..<size : 0..<1
    lastSeen = [Double](repeating: monotonicSeconds(), count: size)
    allowance = [Double](repeating: 0, count: size)
    units = [Int](repeating: -1, count: size)
    (sent, received) = (units.map { _ in 0 }, units.map { _ in 0 })
    announced = units.map { _ in nil }
    inFlight = (0..<size).map { _ in HeartbeatInFlight() }
  }

  /// Sends a heartbeat, by which this rank may then be silent for `seconds`. With none to be allowed, and not `atOnce`, only where the
  /// last was a while ago.
  func send(
    allowing seconds: Double = 0, atOnce: Bool = false, at now: Double, on control: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    guard !hasLeft, atOnce || seconds > 0 || now - lastSent >= Self.interval else { return }
    lastSent = now
    let message = Heartbeat(milliseconds: Int(seconds * 1000), unit: units[rank]).words
    for other in others where try inFlight[other].send(message, to: other, on: control) { sent[other] += 1 }
  }
  /// Seconds between two heartbeats.
  static let interval = 0.3

  /// Takes in what heartbeats have come.
  func receive(on control: borrowing some Communicator & ~Copyable) throws {
    while let source = try control.probe(from: nil, tag: Self.tag) {
      let message = try control.receive(Int.self, from: source, tag: Self.tag, atMost: 2).values
      received[source] += 1
      heard(source)
      let beat = try Heartbeat(message, units: labels.count)
      allowance[source] = Double(beat.milliseconds) / 1000
      if beat.unit != units[source], beat.unit >= 0 { notes.write(rank: source, unit: labels[beat.unit], isOwn: false) }
      units[source] = beat.unit
    }
  }

  /// A message of another kind has come from there.
  func heard(_ source: Int) { lastSeen[source] = monotonicSeconds() }

  /// Which unit this rank works on from now, for the messages about it; nil: none.
  func works(on unit: Int?) { units[rank] = unit ?? -1 }
  /// Leaves a note of that for `Scripts/run`.
  func noteUnit() { notes.write(rank: rank, unit: units[rank] < 0 ? "" : labels[units[rank]], isOwn: true) }

  /// The first rank that has been silent for longer than it may, in words.
  func silent(at now: Double) -> String? {
    others.first { announced[$0] == nil && now - lastSeen[$0] > stallTimeout + allowance[$0] }.map {
      "\(name(of: $0)) has not been heard of for \(Int(now - lastSeen[$0])) s"
    }
  }
  /// The ranks from which more heartbeats than one are missing, in words.
  func missing(at now: Double) -> [String] {
    others.filter { now - lastSeen[$0] > 3 + allowance[$0] }.map { "\(name(of: $0)) was last heard of \(Int(now - lastSeen[$0])) s ago" }
  }

  // MARK: The end

  // A message that nobody has received when MPI ends can keep it from ending (MPICH does wait for it). So ranks tell each other how many
  // heartbeats they have sent, rank 0 last of all, so that it watches over the others until they have, and they over it.

  /// Sends no more heartbeats, and tells those who watch this rank how many there were.
  func takeLeave(on control: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    hasLeft = true
    for other in others { try control.send([sent[other]], to: other, tag: Self.farewell) }
  }
  /// Waits until those whom this rank watches have taken their leave.
  func awaitLeave(on control: borrowing some Communicator & ~Copyable) throws {
    for _ in others {
      let (words, source) = try control.receive(Int.self, from: nil, tag: Self.farewell, atMost: 1)
      guard words.count == 1, words[0] >= 0 else { throw ArchiveError.damaged(file: "a farewell", reason: "\(words) heartbeats") }
      announced[source] = words[0]
    }
  }
  /// Receives the heartbeats that are still on their way, once all have taken their leave; nothing else may receive any meanwhile.
  func receiveRest(on control: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    for other in others {
      while received[other] < announced[other] ?? 0 {
        _ = try control.receive(Int.self, from: other, tag: Self.tag, atMost: 2)
        received[other] += 1
      }
      try inFlight[other].finish()
    }
  }

  /// "rank 2 on host node3, unit stack".
  private func name(of other: Int) -> String {
    let unit = units[other]
    return "rank \(other) on host \(hosts[other])" + (labels.indices.contains(unit) ? ", unit \(labels[unit])" : "")
  }
}

/// A heartbeat that nobody waits for: a rank that is stopped takes none in, and whoever waited for that would fall silent itself.
private final class HeartbeatInFlight {
  private var request: Request<Int>?

  /// Sends one, unless the last is still on its way: to a rank that is stopped, or behind a cut link. Whether it did.
  func send(_ message: [Int], to rank: Int, on control: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> Bool {
    if var last = request.take() {
      guard try last.isFinished() else {
        request = consume last
        return false
      }
    }
    request = try control.immediateSend(message, to: rank, tag: Liveness.tag)
    return true
  }
  /// Waits until the last has been sent.
  func finish() throws(MessagePassingError) { if let last = request.take() { _ = try last.wait() } }
}
