import Archives
import Glibc
import MessagePassing
import RandomStreams
import Runtime

/// A study that costs nothing and can be made to fail: it adds keyed random words, shard by shard.
///
/// `TOY_FAULT` (in the environment, so that it is no part of the digest) is `throw:RANK:SLICE`, `hang:RANK:SLICE`,
/// `stop:RANK:SLICE`, `kill:RANK:SLICE`, `signalN:RANK:SLICE` (signal number N), `fail:UNIT`, on all ranks
/// of the team alike `failAll:UNIT`, or while the report is made `stopReport`, `slowReport`.
struct ToyStudy: Study {
  static let name = "toy"
  static let summary = "adds random words"
  static let parameters = [
    ParameterTable(
      "toy", "the only table",
      [
        Parameter("units", .integer(2), .integers(1...100), unit: "units", "how many"),
        Parameter("slices", .integer(20), .integers(1...100_000), unit: "slices", "of each unit"),
        Parameter("growth", .integer(0), .integers(0...100), unit: "slices", "more for each further unit"),
        Parameter("pause", .integer(0), .integers(0...1000), unit: "ms", "length of a slice"),
        Parameter("ranks", .integer(0), .integers(0...64), unit: "ranks", "for each unit; 0: all"),
      ])
  ]
  static let shards = 8

  let units: Int, slices: Int, growth: Int, pause: Int, ranks: Int

  init(_ parameters: ParameterValues) throws(StudyError) {
    units = parameters.integer("toy.units")
    slices = parameters.integer("toy.slices")
    growth = parameters.integer("toy.growth")
    pause = parameters.integer("toy.pause")
    ranks = parameters.integer("toy.ranks")
  }

  struct State: Checkpointable {
    var slice = 0
    var sums = [Double](repeating: 0, count: ToyStudy.shards)
    init() {}
    static var formatVersion: Int { 1 }
    func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.write(slice, at: "\(path)/slice")
      try archive.write(sums, at: "\(path)/sums")
    }
    init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      slice = try archive.scalar(Int.self, at: "\(path)/slice")
      ToyStudy.isSlow("read")
      sums = try archive.read(Double.self, count: ToyStudy.shards, at: "\(path)/sums")
    }
  }

  func plan() -> [PlannedUnit<Int>] {
    let team: TeamSize = ranks == 0 ? .all : ranks == 1 ? .one : .upTo(ranks)
    return (0..<units).map {
      PlannedUnit(label: "unit-\($0)", unit: $0, team: team, operations: Double(slices(of: $0)), bytesPerRank: 64)
    }
  }

  private func slices(of unit: Int) -> Int { slices + growth * unit }

  func begin(_ unit: Int, streams: StreamKey) throws(StudyError) -> State {
    Self.isSlow("begin")
    return State()
  }

  /// Longer than any test's stall timeout, where TOY_FAULT says that this is to be slow.
  static func isSlow(_ what: String) {
    if let text = unsafe getenv("TOY_FAULT"), unsafe String(cString: text) == "slow:" + what { sleep(6) }
  }

  func advance(
    _ state: inout State, of unit: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    if state.slice == 0 { Self.isSlow("first") }
    if pause > 0 { usleep(UInt32(pause * 1000)) }
    try fault(unit: unit, slice: state.slice, rank: Launcher.detect(environment: Launcher.currentEnvironment())?.rank ?? 0)
    let tree = ShardTree(shards: Self.shards, ranks: team.size)
    var mine: [Double] = []
    for shard in tree.shards(of: team.rank) {
      var generator = KeyedStreams(streams).generator(replica: shard, step: UInt64(state.slice), site: 0, purpose: .proposal)
      mine.append(state.sums[shard] + generator.uniform())
    }
    do { state.sums = try team.allGather(mine).flatMap { $0 } } catch { throw .communication(error) }
    state.slice += 1
    let slices = slices(of: unit)
    if state.slice < slices {
      let curve = CurvePoint("sum", step: state.slice, value: state.sums[0])
      return .more(fraction: Double(state.slice) / Double(slices), stage: "adding", curves: [curve])
    }
    var recording = Recording()
    recording.record(at: [("unit", .integer(unit))], "sum", Observable(ShardTree.sum(state.sums.map { [$0] })[0]))
    return .done(recording)
  }

  private func fault(unit: Int, slice: Int, rank: Int) throws(StudyError) {
    guard let text = unsafe getenv("TOY_FAULT") else { return }
    let words = unsafe String(cString: text).split(separator: ":").map(String.init)
    if words[0] == "fail" {
      if Int(words[1]) == unit { throw .unitFailed("unit \(unit) was told to fail") }
      return
    }
    if words[0] == "failAll" {
      if Int(words[1]) == unit { throw .unitFailedOnAllRanks("unit \(unit) was told to fail") }
      return
    }
    guard words.count == 3, Int(words[1]) == rank, Int(words[2]) == slice else { return }
    switch words[0] {
    case "throw": throw .data(file: "toy.dat", what: "was told to throw")
    case "hang": while true { sleep(1000) }
    case "stop": raise(SIGSTOP)
    case "kill": raise(SIGKILL)
    default: raise(Int32(words[0].dropFirst("signal".count)) ?? SIGKILL)
    }
  }

  func report(_ results: [(unit: Int, partial: Recording)]) throws(StudyError) -> Report {
    if let text = unsafe getenv("TOY_FAULT") {
      switch unsafe String(cString: text) {
      case "stopReport": raise(SIGSTOP)
      default: Self.isSlow("report")
      }
    }
    return Report(title: "Toy", abstract: "Sums.", rows: results.flatMap(\.partial.rows), derived: [], sections: [], arrays: [])
  }
}
