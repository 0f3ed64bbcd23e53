import Archives
public import MessagePassing
import RandomStreams
import Glibc

/// Runs all units of a study on the ranks of `world`: teams, slices, checkpoints, resume, stop requests.
///
/// The coordinator is rank 0. All ranks call this with the same study and setup; the outcome's results are valid on
/// rank 0. `observer` belongs to rank 0 and is nil elsewhere. `whileWaiting` installs a hook that the communicator
/// calls while a rank waits; `abort` ends all ranks at once.
public func run<S: Study, World: Communicator & ~Copyable>(
  _ study: S, setup: RunSetup, on world: borrowing World, host: String, observer: (any RunObserver)?,
  whileWaiting: (@escaping () -> Void) -> Void, abort: @escaping (Int32) -> Never
) throws(StudyError) -> (outcome: RunOutcome<S.Unit, S.Partial>, conclusion: Conclusion) {
  do {
    let hosts = try world.allGather(Array(host.utf8)).map { String(decoding: $0, as: UTF8.self) }
    let plan = study.plan()
    let control = world.size > 1 ? try world.split(color: 0, key: world.rank) : nil
    let conductor = Conductor<World>(
      control: control, rank: world.rank, size: world.size, hosts: hosts, labels: plan.map(\.label),
      setup: setup, observer: observer, abort: abort)
    // The hook outlives this call: the others also wait for the coordinator while it writes the report.
    whileWaiting { conductor.tick() }
    let runner = Runner(study: study, plan: plan, setup: setup, conductor: conductor, observer: observer)
    return (
      try runner.runAll(on: world),
      Conclusion(whileBeating: { try conductor.whileBeating(atMost: 600, $0) }, close: { try conductor.close() })
    )
  } catch let error as MessagePassingError {
    throw .communication(error)
  } catch let error as ArchiveError {
    throw .archive(error)
  } catch let error as StudyError {
    throw error
  } catch {
    throw .fault("\(error)")
  }
}

/// What is left to do once the units have ended.
public struct Conclusion {
  /// Runs a closure that passes no messages while this rank's heartbeats go on: the report is to be written so.
  public let whileBeating: (_ body: () throws -> Int32) throws -> Int32
  /// All ranks call this last: the watch over each other ends, and nothing is left on its way that could keep MPI from ending.
  public let close: () throws -> Void
}

/// One launch of one study, seen from one rank.
struct Runner<S: Study, World: Communicator & ~Copyable> {
  let study: S
  let plan: [PlannedUnit<S.Unit>]
  let setup: RunSetup
  let conductor: Conductor<World>
  let observer: (any RunObserver)?
  private let kept = Kept()

  /// Rank 0: the partials of finished units, each held once, whether this launch finished the unit or read it back.
  private final class Kept { var partials: [Int: S.Partial] = [:] }

  /// How long, in seconds, a rank may be at a file or at a unit's beginning and first slice before it counts as hanging.
  private static var fileSeconds: Double { 600 }
  private static var firstSliceSeconds: Double { 600 }

  private func folder(_ unit: Int) -> String { setup.folder(of: unit, label: plan[unit].label) }
  private func key(_ unit: Int) -> StreamKey {
    StreamKey.derive(seed: UInt64(bitPattern: Int64(setup.seed)), study: setup.studyName, unit: plan[unit].label)
  }

  // MARK: All units

  func runAll(on world: borrowing World) throws -> RunOutcome<S.Unit, S.Partial> {
    var finished = [Int](repeating: 0, count: plan.count)
    if world.rank == 0 {
      var foreign: StudyError?
      for unit in plan.indices {
        let read = try conductor.whileBeating(atMost: Self.fileSeconds) { try finishedPartial(of: unit, foreign: &foreign) }
        guard let partial = read else { continue }
        kept.partials[unit] = partial
        finished[unit] = 1
        observer?.event("unit-read-back", level: .info, [("unit", plan[unit].label)])
        observer?.progress(unit: unit, label: plan[unit].label, fraction: 1, stage: "done")
      }
      // A report of finished units may be made anywhere; going on elsewhere would mix the bits of two machines.
      if let foreign, finished.contains(0) { throw foreign }
    }
    try world.broadcast(&finished, from: 0)
    try share(plan.indices.filter { finished[$0] == 0 }, on: world)
    // Only the coordinator knows whether a request left anything undone.
    var stopped = [0]
    if world.rank == 0, conductor.stopReason != nil {
      stopped[0] = plan.indices.contains { kept.partials[$0] == nil && conductor.failures[$0] == nil } ? 1 : 0
    }
    try world.broadcast(&stopped, from: 0)
    if stopped[0] == 1 { return .stopped(reason: conductor.stopReason ?? "a request on another rank") }
    try world.barrier()
    guard world.rank == 0 else { return .complete([]) }
    // A unit without an end would leave a hole in results that call themselves complete.
    if let lost = plan.indices.first(where: { kept.partials[$0] == nil && conductor.failures[$0] == nil }) {
      throw StudyError.fault("unit \(plan[lost].label): its end was never heard of")
    }
    let complete = plan.indices.compactMap { unit in kept.partials[unit].map { (unit: plan[unit].unit, partial: $0) } }
    if conductor.failures.isEmpty { return .complete(complete) }
    return .someFailed(conductor.failures.sorted { $0.key < $1.key }.map { (plan[$0.key].label, $0.value) }, finished: complete)
  }

  /// Works on `units`, all ranks together: as one team that divides as the schedule wants it.
  private func share(_ units: [Int], on world: borrowing World) throws {
    let firstComputing = setup.dedicatedCoordinator && world.size > 1 ? 1 : 0
    if world.rank == 0 {
      conductor.begin(
        Schedule(
          Plan(units: plan.map { Plan.Unit($0) }), chosen: units, workers: world.size - firstComputing, ranksPerTeam: setup.ranksPerTeam,
          memoryPerRank: setup.memoryPerRank))
    }
    let team = try world.split(color: world.rank < firstComputing ? nil : 0, key: world.rank)
    conductor.startClock()
    if let team { try serve(on: team) }
    // A computing coordinator goes on serving the other teams.
    if world.rank == 0 {
      while !conductor.isOver {
        conductor.tick()
        try keepPartials()
        usleep(500)
      }
      try keepPartials()
      observer?.ended(after: conductor.seconds, coordinating: conductor.coordinating)
    }
    try world.barrier()
  }

  /// One unit after another, by a team that may divide.
  private func serve(on team: borrowing World) throws {
    while true {
      var next = [0]
      if team.rank == 0 { next = [try assignment(for: team.size).word] }
      try team.broadcast(&next, from: 0)
      switch Assignment(word: next[0]) {
      case .nothingLeft: return try conductor.works(on: nil)
      case .divide(let size):
        guard let part = try team.split(color: team.rank / size, key: team.rank) else { return }
        return try serve(on: part)
      case .unit(let unit):
        let end = try work(on: unit, team: team)
        if team.rank == 0 { try deliver(end, unit: unit) }
      }
    }
  }

  /// What the team that this rank leads does next. A unit that was asked for before a request to stop came is given back.
  private func assignment(for ranks: Int) throws -> Assignment {
    while true {
      let next = try conductor.assignment(for: ranks)
      guard case .unit(let unit) = next, conductor.stopReason != nil else { return next }
      try deliver(.stopped, unit: unit)
    }
  }

  /// Hands a unit's end to the coordinator, which writes a finished partial before anything else can happen.
  private func deliver(_ end: UnitEnd, unit: Int) throws {
    try conductor.deliver(end, unit: unit)
    if conductor.rank == 0 { try keepPartials() }
  }

  /// Rank 0: writes and keeps the partials that have come in. The last state stays, for the case that a partial is damaged later.
  private func keepPartials() throws {
    for (unit, bytes) in conductor.takeFinished() {
      let path = "\(folder(unit))/partial.h5"
      let partial = try S.Partial(from: MemoryArchive(bytes: bytes), at: "partial")
      try makeFolder(folder(unit))
      try conductor.whileBeating(atMost: Self.fileSeconds) { () throws(ArchiveError) in
        try CheckpointFile.write(to: path, digest: setup.digest) { (writer: inout HDF5Writer) throws(ArchiveError) in
          try writer.write(setup.machine, at: "machine")
          try partial.save(to: &writer, at: "partial")
        }
      }
      kept.partials[unit] = partial
    }
  }

  /// A finished unit's partial from its file; nil where there is none, or it is damaged (a warning says so). What another
  /// version wrote, or what may not be read, is refused and left alone. `foreign` is set where another machine wrote it.
  private func finishedPartial(of unit: Int, foreign: inout StudyError?) throws -> S.Partial? {
    let path = "\(folder(unit))/partial.h5"
    guard unsafe access(path, F_OK) == 0 else { return nil }
    do {
      let contents = try CheckpointFile.read(path: path, digest: setup.digest)
      let machine = try contents.reader.text(at: "machine")
      if machine != setup.machine { foreign = otherMachine(path, machine) }
      return try S.Partial(from: contents.reader, at: "partial")
    } catch ArchiveError.damaged(let file, let reason) {
      warn("\(file) is damaged (\(reason)); unit \(plan[unit].label) is computed again")
      unsafe unlink(path)
      return nil
    }
  }

  private func otherMachine(_ path: String, _ machine: String) -> StudyError {
    .data(
      file: path,
      what: "was written on another CPU type or build (\(machine); this is \(setup.machine)), "
        + "so the same bits cannot be promised; continue there, or start over with --fresh")
  }

  // MARK: One unit

  private func work(on unit: Int, team: borrowing World) throws -> UnitEnd {
    try conductor.works(on: unit)
    let streams = key(unit), leads = team.rank == 0
    var account = WorkAccount(now: conductor.seconds, waited: team.secondsWaited), forecast = Forecast(now: conductor.seconds)
    if leads, conductor.predicted(plan[unit].operations) < 1.5 { try conductor.askAhead(for: team.size) }
    var isNew = false, state = try resume(unit, team: team, isNew: &isNew)
    if isNew {
      account.computed(now: conductor.seconds, waited: team.secondsWaited)
    } else {
      account.checkpointed(now: conductor.seconds, waited: team.secondsWaited)
    }
    let begin = conductor.seconds
    var lastSave = conductor.seconds, longestSlice = 0.0, longestSave = 0.0
    while true {
      let start = conductor.seconds
      let slice = try slice(&state, of: unit, longest: longestSlice, streams: streams, team: team)
      longestSlice = max(longestSlice, conductor.seconds - start)
      account.computed(now: conductor.seconds, waited: team.secondsWaited)
      conductor.tick()
      // Units of other teams may have ended meanwhile.
      if conductor.rank == 0 { try keepPartials() }
      if setup.checksNonFinite { try checkFinite(state, unit: unit) }
      switch slice {
      case .failed(let reason):
        try tell(&account, unit: unit, team: team)
        return .failed(reason)
      case .advanced(.done(let partial)):
        try tell(&account, unit: unit, team: team)
        guard leads else { return .done([]) }
        if isNew { conductor.hasTaken(conductor.seconds - begin, for: plan[unit].operations) }
        var memory = MemoryArchive()
        try partial.save(to: &memory, at: "partial")
        return .done(memory.bytes)
      case .advanced(.more(let fraction, let stage, let curves)):
        if leads {
          try conductor.note(unit: unit, fraction: fraction, stage: stage, curves: curves)
          // The coordinator's slices take about as long as ours.
          let ahead = max(1.5, 3 * longestSlice)
          if forecast.isNearEnd(within: ahead, fraction: fraction, now: conductor.seconds) { try conductor.askAhead(for: team.size) }
        }
      }
      // Before the interval is over, if it would be by the end of the next slice and its checkpoint; but not more than twice as often.
      let saveIsDue =
        conductor.seconds - lastSave >= max(setup.checkpointInterval - longestSlice - longestSave, setup.checkpointInterval / 2)
      var votes = [conductor.stopReason == nil ? 0 : 1, leads && saveIsDue ? 1 : 0]
      try team.allReduce(&votes, .maximum)
      account.agreed(now: conductor.seconds, waited: team.secondsWaited)
      if votes[0] == 1 || votes[1] == 1 {
        lastSave = conductor.seconds
        try save(&state, unit: unit, team: team)
        longestSave = max(longestSave, conductor.seconds - lastSave)
        account.checkpointed(now: conductor.seconds, waited: team.secondsWaited)
        try tell(&account, unit: unit, team: team)
      }
      if votes[0] == 1 { return .stopped }
    }
  }

  /// The team's account since the last time, to the coordinator.
  private func tell(_ account: inout WorkAccount, unit: Int, team: borrowing World) throws {
    let times = try team.gather(account.close(), to: 0)
    guard team.rank == 0 else { return }
    // The ranks of a team follow each other in the world.
    let shares = times.enumerated().compactMap { WorkShare(rank: conductor.rank + $0, unit: unit, times: $1) }
    try conductor.note(shares, unit: unit)
  }

  /// What one slice came to. A unit that fails on a team of one, or alike on all ranks of a larger team, leaves the others
  /// running; where one rank of several fails, the other ranks may already wait inside the slice, so its error ends the job.
  private enum Slice { case advanced(Advance<S.Partial>), failed(String) }

  private func slice(
    _ state: inout S.State, of unit: Int, longest: Double, streams: StreamKey, team: borrowing World
  ) throws(StudyError) -> Slice {
    let alone = team.size == 1
    // A slice may take much longer than the ones before without anything being wrong: five times as long where that is more
    // than the stall timeout, which holds anyway.
    let patience = max(0, 5 * longest - setup.stallTimeout)
    do throws(StudyError) {
      if alone, longest == 0 || longest > 1 {
        // Without messages of its own, so that heartbeats go on beside it.
        return .advanced(
          try conductor.whileBeating(atMost: longest == 0 ? Self.firstSliceSeconds : patience) { () throws(StudyError) in
            try study.advance(&state, of: plan[unit].unit, streams: streams, on: SoloCommunicator())
          })
      }
      if patience > 0 { conductor.expectSilence(of: patience) }
      return .advanced(try study.advance(&state, of: plan[unit].unit, streams: streams, on: team))
    } catch {
      if case .unitFailedOnAllRanks(let reason) = error { return .failed(reason) }
      guard case .unitFailed(let reason) = error else { throw error }
      if alone { return .failed(reason) }
      throw .fault("unit \(plan[unit].label): \(reason)")
    }
  }

  /// The unit's state from its checkpoint, or from the beginning; the same on all ranks of the team.
  private func resume(_ unit: Int, team: borrowing World, isNew: inout Bool) throws -> S.State {
    var bytes: [[UInt8]] = [[]]
    if team.rank == 0, let state = try savedState(of: unit) {
      // A large state is not copied where nobody else wants it.
      if team.size == 1 { return state }
      var memory = MemoryArchive()
      try state.save(to: &memory, at: "state")
      bytes = [memory.bytes]
    }
    var count = [bytes[0].count]
    try team.broadcast(&count, from: 0)
    isNew = count[0] == 0
    if isNew {
      return try conductor.whileBeating(atMost: Self.firstSliceSeconds) { () throws(StudyError) in
        try study.begin(plan[unit].unit, streams: key(unit))
      }
    }
    if team.rank != 0 { bytes = [[UInt8](repeating: 0, count: count[0])] }
    try broadcastInParts(&bytes[0], on: team)
    return try S.State(from: MemoryArchive(bytes: bytes[0]), at: "state")
  }

  /// A message has at most 2^31 - 1 elements; a large state has more bytes.
  private func broadcastInParts(_ bytes: inout [UInt8], on team: borrowing World) throws(MessagePassingError) {
    let most = 1 << 30
    if bytes.count <= most { return try team.broadcast(&bytes, from: 0) }
    for start in stride(from: 0, to: bytes.count, by: most) {
      let range = start..<min(start + most, bytes.count)
      var part = Array(bytes[range])
      try team.broadcast(&part, from: 0)
      bytes.replaceSubrange(range, with: part)
    }
  }

  private func savedState(of unit: Int) throws -> S.State? {
    let path = "\(folder(unit))/state.h5"
    guard unsafe access(path, F_OK) == 0 || access("\(folder(unit))/state.prev.h5", F_OK) == 0 else { return nil }
    do {
      let state = try conductor.whileBeating(atMost: Self.fileSeconds) { try readState(of: unit, path: path) }
      try conductor.noteResumed(unit: unit)
      return state
    } catch ArchiveError.damaged(let file, let reason) {
      warn("\(file) is damaged (\(reason)) and so is the one before it; unit \(plan[unit].label) starts over")
      return nil
    }
  }

  private func readState(of unit: Int, path: String) throws -> S.State {
    let contents = try CheckpointFile.read(path: path, digest: setup.digest)
    if let reason = contents.usedPrevious { warn("\(reason); unit \(plan[unit].label) continues from the checkpoint before") }
    let machine = try contents.reader.text(at: "machine")
    guard machine == setup.machine else { throw otherMachine(path, machine) }
    return try S.State(from: contents.reader, at: "state")
  }

  private func warn(_ line: String) {
    observer?.event("warning", level: .warning, [("text", line)])
    conductor.printTagged("warning: \(line)")
  }

  private func save(_ state: inout S.State, unit: Int, team: borrowing World) throws {
    try study.collect(&state, on: team)
    if team.rank == 0 { try write(state, unit: unit) }
    // The others would meet the first rank in their next slice: here the wait is the checkpoint's.
    if team.size > 1 { try team.barrier() }
  }

  private func write(_ whole: S.State, unit: Int) throws {
    try makeFolder(folder(unit))
    let path = "\(folder(unit))/state.h5"
    try conductor.whileBeating(atMost: Self.fileSeconds) { () throws(ArchiveError) in
      try CheckpointFile.write(to: path, digest: setup.digest) { (writer: inout HDF5Writer) throws(ArchiveError) in
        try writer.write(setup.machine, at: "machine")
        try whole.save(to: &writer, at: "state")
      }
    }
    conductor.tick()
  }

  private func makeFolder(_ path: String) throws(ArchiveError) {
    if unsafe mkdir(path, 0o777) != 0, errno != EEXIST {
      throw .inputOutput(file: path, reason: unsafe String(cString: strerror(errno)))
    }
  }

  private func checkFinite(_ state: S.State, unit: Int) throws {
    var search = NonFiniteSearch()
    try state.save(to: &search, at: "state")
    if let path = search.found { throw StudyError.unitFailed("unit \(plan[unit].label): \(path) holds a number that is not finite") }
  }
}

/// A writer that keeps nothing and notes the first array with a number that is not finite (`--debug`).
struct NonFiniteSearch: ArchiveWriter, ~Copyable {
  private(set) var found: String?
  mutating func write<E: ArchiveElement>(_ values: [E], shape: [Int], at path: String) throws(ArchiveError) {
    if found != nil { return }
    if let values = values as? [Double], !values.allSatisfy(\.isFinite) { found = path }
    if let values = values as? [Float], !values.allSatisfy(\.isFinite) { found = path }
  }
}
