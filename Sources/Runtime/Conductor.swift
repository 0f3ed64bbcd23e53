import Archives
import Glibc
import MessagePassing

/// The message tags of the control channel; heartbeats have `Liveness.tag`.
private enum Tag {
  static let request = 12, assignment = 13, progress = 14, stop = 15, finished = 16, shares = 17, resumed = 18
}

/// What the coordinator answers a team that asks for work: a unit, to divide into teams of so many ranks, which ask again, or that nothing
/// is left.
enum Assignment: Equatable {
  case unit(Int), divide(into: Int), nothingLeft

  /// As one number: a unit from 0 on, -1, or a size below.
  var word: Int {
    switch self {
    case .unit(let unit): unit
    case .nothingLeft: -1
    case .divide(let size): -1 - size
    }
  }
  init(word: Int) { self = word >= 0 ? .unit(word) : word == -1 ? .nothingLeft : .divide(into: -1 - word) }
}

/// One rank's end of the control channel: hands out units and collects partials on rank 0, asks for them elsewhere,
/// and keeps watch over the living everywhere.
///
/// `tick()` is called between slices of work and, through the communicator's waiting hook, while a rank waits for
/// others, so a rank that is alive is never silent for longer than a slice. Survivors get no error from a dead peer,
/// hence the heartbeats; a silent rank is named and the job ended, resumable.
final class Conductor<World: Communicator & ~Copyable> {
  /// A duplicate of the world for control messages only; nil in a world of one.
  private let control: World?
  let rank: Int, size: Int
  private let host: String
  private let setup: RunSetup
  private let observer: (any RunObserver)?
  private let labels: [String]
  private let abort: (Int32) -> Never

  private let liveness: Liveness
  private var isServing = false

  // The launch's clock.
  private var origin = monotonicSeconds()
  /// Seconds of the processor that this rank's `tick` has taken.
  private(set) var coordinating = 0.0
  /// Seconds since `startClock()`.
  var seconds: Double { monotonicSeconds() - origin }
  /// All ranks call this at the same moment: hosts' clocks begin anywhere.
  func startClock() { origin = monotonicSeconds() }

  // The coordinator's book.
  private var pending: ArraySlice<Schedule.Entry> = []
  /// Teams that have not been told yet that nothing is left, and units that have been handed out and not ended.
  private var teams = 0
  private var outstanding: Set<Int> = []
  /// Whether this leader has asked for a unit before the end of its last.
  private var hasAsked = false
  /// What the units that this leader has finished have taken.
  private var pace = (seconds: 0.0, operations: 0.0)
  private var notKept: [(unit: Int, bytes: [UInt8])] = []
  private(set) var failures: [Int: String] = [:]
  /// Why the run is to stop; on workers: that it is.
  private(set) var stopReason: String?
  private var announcedStop = false, hasNamedSilent = false

  init(
    control: consuming World?, rank: Int, size: Int, hosts: [String], labels: [String], setup: RunSetup, observer: (any RunObserver)?,
    abort: @escaping (Int32) -> Never
  ) {
    self.control = control
    self.rank = rank
    self.size = size
    host = hosts[rank]
    self.labels = labels
    self.setup = setup
    self.observer = observer
    self.abort = abort
    liveness = Liveness(rank: rank, hosts: hosts, labels: labels, stallTimeout: setup.stallTimeout)
  }

  // MARK: Between slices and while waiting

  /// Sends what is due, takes in what has come, and looks after silent ranks.
  func tick() {
    if isServing { return }
    isServing = true
    let begin = threadSeconds()
    defer {
      isServing = false
      coordinating += threadSeconds() - begin
    }
    do {
      noteStopRequests()
      guard size > 1 else { return }
      let now = monotonicSeconds()
      try liveness.send(at: now, on: control!)
      try receive()
      nameSilent(now)
      try forwardStop()
      watch(now)
    } catch {
      fail(with: "control messages failed: \(Failure(error)?.description ?? "\(error)")")
    }
  }

  /// All ranks, at the end of a run that has ended well: receives what is still on its way, so that MPI can end.
  func close() throws {
    guard size > 1 else { return }
    // A request to stop comes too late.
    announcedStop = true
    if rank != 0 { try liveness.takeLeave(on: control!) }
    try liveness.awaitLeave(on: control!)
    if rank == 0 { try liveness.takeLeave(on: control!) }
    isServing = true
    try receive()
    try liveness.receiveRest(on: control!)
  }

  /// Announces that this rank may be silent for up to `seconds`: a slice that may take long, and files where the library has no threads.
  func expectSilence(of seconds: Double) {
    guard size > 1, !isServing else { return }
    isServing = true
    defer { isServing = false }
    do { try liveness.send(allowing: seconds, at: monotonicSeconds(), on: control!) } catch {
      fail(with: "control messages failed: \(error)")
    }
  }

  /// Runs `body`, which passes no messages, while a thread of its own sends this rank's heartbeats, `seconds` long at most, and looks
  /// after those of the others: so a rank that writes a file or computes a long slice is known to live, one that is stopped at it is
  /// noticed as soon as any other, and it notices others that are.
  func whileBeating<R, E: Error>(atMost seconds: Double, _ body: () throws(E) -> R) throws(E) -> R {
    guard size > 1, !isServing else { return try body() }
    guard MPIWorld.threadsTakeTurns else {
      expectSilence(of: seconds)
      return try body()
    }
    isServing = true
    defer { isServing = false }
    let end = monotonicSeconds() + seconds
    let pulse = Pulse(interval: Liveness.interval) {
      let now = monotonicSeconds()
      // A failure shows again at this rank's own next message, where it can be reported.
      if now < end { try? self.liveness.send(at: now, on: self.control!) }
      try? self.liveness.receive(on: self.control!)
      self.watch(now)
    }
    defer { pulse.end() }
    return try body()
  }

  private func watch(_ now: Double) {
    guard let silent = liveness.silent(at: now) else { return }
    fail(with: "\(silent); ending the job, which resumes from its checkpoints when started again", code: .rankLost)
  }

  /// A launcher that has lost a host tells the ranks that it still reaches to leave, and does not say whom it has lost.
  private func nameSilent(_ now: Double) {
    guard rank == 0, StopSignals.received != nil, !hasNamedSilent else { return }
    hasNamedSilent = true
    for missing in liveness.missing(at: now) { printTagged(missing) }
  }

  /// Says why on stderr and ends all ranks.
  func fail(with message: String, code: ExitStatus = .internalFault) -> Never {
    observer?.event("job-ended", level: .error, [("reason", message)])
    printTagged(message)
    abort(code.rawValue)
  }

  /// A line on stderr with who says it.
  func printTagged(_ line: String) {
    ErrorOutput.line(line, tag: "\(rank)/\(host)")
  }

  // MARK: Stopping

  private func noteStopRequests() {
    guard stopReason == nil else { return }
    if let number = StopSignals.received { stopReason = "\(StopSignals.name(number)) on rank \(rank)" }
    guard rank == 0, stopReason == nil else { return }
    if let deadline = setup.deadline, monotonicSeconds() >= deadline { stopReason = "the time limit" }
    if unsafe access(setup.stopFile, F_OK) == 0 { stopReason = "a STOP file" }
  }

  private func forwardStop() throws(MessagePassingError) {
    guard let stopReason, !announcedStop else { return }
    announcedStop = true
    let text = Array(stopReason.utf8)
    if rank != 0 {
      try control!.send(text, to: 0, tag: Tag.stop)
    } else {
      for other in 1..<size { try control!.send(text, to: other, tag: Tag.stop) }
    }
  }

  // MARK: Handing out and taking in

  /// Rank 0: what is left to do, for one team that may divide.
  func begin(_ schedule: Schedule) {
    pending = schedule.entries[...]
    teams = 1
  }

  /// Whether every team has been told that nothing is left, and every unit has ended.
  var isOver: Bool { teams == 0 && outstanding.isEmpty }

  private func next(for ranks: Int) -> Assignment {
    guard stopReason == nil, let entry = pending.first else {
      teams -= 1
      return .nothingLeft
    }
    if ranks > entry.ranks {
      teams += Schedule.parts(of: ranks, each: entry.ranks).count - 1
      return .divide(into: entry.ranks)
    }
    pending.removeFirst()
    outstanding.insert(entry.unit)
    return .unit(entry.unit)
  }

  /// Seconds that a unit of so many operations will take here, by those before; infinite where there were none.
  func predicted(_ operations: Double) -> Double { pace.operations > 0 ? operations * pace.seconds / pace.operations : .infinity }
  func hasTaken(_ seconds: Double, for operations: Double) {
    pace.seconds += seconds
    pace.operations += operations
  }

  /// A leader's question that `assignment(for:)` will wait for: the coordinator looks at it between its own slices, so it is asked
  /// while there is still work.
  func askAhead(for ranks: Int) throws(MessagePassingError) {
    guard rank != 0, !hasAsked else { return }
    hasAsked = true
    try control!.send([ranks], to: 0, tag: Tag.request)
  }

  /// What the team of `ranks` that this rank leads is to do next.
  func assignment(for ranks: Int) throws -> Assignment {
    liveness.works(on: nil)
    if rank == 0 { return next(for: ranks) }
    try askAhead(for: ranks)
    hasAsked = false
    let reply = try control!.receive(Int.self, from: 0, tag: Tag.assignment, atMost: 1).values
    guard reply.count == 1, reply[0] < labels.count, reply[0] >= -1 - ranks else {
      throw ArchiveError.damaged(file: "an assignment", reason: "\(reply) for a team of \(ranks)")
    }
    return Assignment(word: reply[0])
  }

  /// Every rank of a team: which unit it works on from now; nil: there is nothing for it any more.
  func works(on unit: Int?) throws(MessagePassingError) {
    liveness.works(on: unit)
    // Whoever stops now is to be named with it.
    if size > 1, unit != nil { try liveness.send(atOnce: true, at: monotonicSeconds(), on: control!) }
    liveness.noteUnit()
  }

  /// A leader's report that a unit has ended.
  func deliver(_ end: UnitEnd, unit: Int) throws(MessagePassingError) {
    if rank == 0 { return enter(end, unit: unit) }
    try control!.send(ControlMessage.ended(unit: unit, end).bytes, to: 0, tag: Tag.finished)
  }

  private func enter(_ end: UnitEnd, unit: Int) {
    outstanding.remove(unit)
    switch end {
    case .done(let bytes):
      notKept.append((unit, bytes))
      observer?.event("unit-finished", level: .info, [("unit", labels[unit])])
    case .stopped:
      // The request may be known to the team before its message is here.
      if stopReason == nil { stopReason = "a request on another rank" }
      observer?.event("unit-stopped", level: .info, [("unit", labels[unit])])
    case .failed(let reason):
      failures[unit] = reason
      observer?.event("unit-failed", level: .error, [("unit", labels[unit]), ("reason", reason)])
    }
  }

  /// A leader's word that it goes on with a unit from its checkpoint.
  func noteResumed(unit: Int) throws(MessagePassingError) {
    if rank == 0 {
      observer?.event("resumed", level: .info, [("unit", labels[unit])])
    } else {
      try control!.send([unit], to: 0, tag: Tag.resumed)
    }
  }

  /// A leader's news of a unit in work.
  func note(unit: Int, fraction: Double, stage: String, curves: [CurvePoint]) throws(MessagePassingError) {
    let news = ControlMessage.progress(unit: unit, fraction: fraction, stage: stage, curves: curves)
    if rank == 0 { return take(news) }
    try control!.send(news.bytes, to: 0, tag: Tag.progress)
  }

  /// A leader's account of its team's time.
  func note(_ shares: [WorkShare], unit: Int) throws(MessagePassingError) {
    let account = ControlMessage.shares(unit: unit, shares)
    if rank == 0 { return take(account) }
    try control!.send(account.bytes, to: 0, tag: Tag.shares)
  }

  /// Rank 0: the units that have been finished since the last call, whose partials are to be written and kept.
  func takeFinished() -> [(unit: Int, bytes: [UInt8])] {
    defer { notKept = [] }
    return notKept
  }

  // MARK: Receiving

  private func receive() throws {
    try liveness.receive(on: control!)
    while let source = try control!.probe(from: nil, tag: Tag.stop) {
      let text = try control!.receive(UInt8.self, from: source, tag: Tag.stop, atMost: 1 << 16).values
      if stopReason == nil { stopReason = String(decoding: text, as: UTF8.self) }
      if rank != 0 { announcedStop = true }
    }
    guard rank == 0 else { return }
    while let source = try control!.probe(from: nil, tag: Tag.resumed) {
      let units = try control!.receive(Int.self, from: source, tag: Tag.resumed, atMost: 1).values
      guard units.count == 1, labels.indices.contains(units[0]) else {
        throw ArchiveError.damaged(file: "a control message", reason: "units \(units) of \(labels.count)")
      }
      observer?.event("resumed", level: .info, [("unit", labels[units[0]])])
    }
    while let source = try control!.probe(from: nil, tag: Tag.progress) {
      take(
        try ControlMessage(
          progress: try control!.receive(UInt8.self, from: source, tag: Tag.progress, atMost: 1 << 26).values, units: labels.count))
    }
    try receiveEnds()
    while let source = try control!.probe(from: nil, tag: Tag.request) {
      let ranks = try control!.receive(Int.self, from: source, tag: Tag.request, atMost: 1).values
      liveness.heard(source)
      guard ranks.count == 1, (1...size).contains(ranks[0]) else {
        throw ArchiveError.damaged(file: "a request for work", reason: "a team of \(ranks) ranks in a world of \(size)")
      }
      try control!.send([next(for: ranks[0]).word], to: source, tag: Tag.assignment)
    }
  }

  /// Rank 0: the ends of units that leaders have sent, and the accounts that they sent before.
  private func receiveEnds() throws {
    while let source = try control!.probe(from: nil, tag: Tag.finished) {
      let message = try control!.receive(UInt8.self, from: source, tag: Tag.finished, atMost: Int(Int32.max)).values
      liveness.heard(source)
      take(try ControlMessage(ended: message, units: labels.count))
    }
    while let source = try control!.probe(from: nil, tag: Tag.shares) {
      let message = try control!.receive(UInt8.self, from: source, tag: Tag.shares, atMost: 8 * (2 + 6 * size)).values
      take(try ControlMessage(shares: message, units: labels.count, ranks: size))
    }
  }

  private func take(_ message: ControlMessage) {
    switch message {
    case .ended(let unit, let end): enter(end, unit: unit)
    case .progress(let unit, let fraction, let stage, let curves):
      observer?.progress(unit: unit, label: labels[unit], fraction: fraction, stage: stage)
      if !curves.isEmpty { observer?.curves(unit: labels[unit], curves) }
    case .shares(let unit, let shares): observer?.shares(unit: labels[unit], shares)
    }
  }
}
