/// Time and memory of a study on any number of ranks, from constants measured on the machine (`cluster/SCALING.md`).
///
/// For a unit on a team of n: T(n) = sum over the parts of its work of  W ceil(p/n) / (p r)  +  X (a + g) + B b  +  R (2 a ceil(log2 n)
/// + 2 g (n - 1)) + 2 C b (n - 1)/n,  where W are operations in p pieces at r per second, X exchanges of B bytes in all, R reductions of C
/// bytes in all; a is a message's latency, g what each further one costs its sender, b the seconds of a byte. On one host, whose ranks sum
/// through shared memory, the term with g is left out of reductions.
public struct ScalingModel: Sendable {
  /// What messages cost between two ranks.
  public struct Link: Sendable, Equatable {
    /// Seconds of a short message, and of each further one that its sender sends at the same time; seconds of a byte.
    public var latency: Double, gap: Double, perByte: Double
    public init(latency: Double, gap: Double, perByte: Double) {
      self.latency = latency
      self.gap = gap
      self.perByte = perByte
    }
  }
  /// Operations of one core per second: of matrix products, and of spins in vectors.
  public var products: Double, spins: Double
  /// Between ranks of one host, and of two.
  public var host: Link, network: Link
  /// Seconds of a checkpoint of nothing, and of each byte.
  public var checkpoint: Double, checkpointPerByte: Double
  /// Ranks that one host takes; more ranks than that are on several.
  public var ranksPerHost: Int
  public init(
    products: Double, spins: Double, host: Link, network: Link, checkpoint: Double, checkpointPerByte: Double, ranksPerHost: Int
  ) {
    self.products = products
    self.spins = spins
    self.host = host
    self.network = network
    self.checkpoint = checkpoint
    self.checkpointPerByte = checkpointPerByte
    self.ranksPerHost = ranksPerHost
  }

  /// A core that makes the operations of plans in the time in which they were measured, 2 us and 10 GB/s between hosts of 32 ranks.
  public static let usual = ScalingModel(
    products: 116e9, spins: 116e9, host: Link(latency: 1e-6, gap: 3e-7, perByte: 2e-10),
    network: Link(latency: 2e-6, gap: 5e-7, perByte: 1e-10), checkpoint: 0.01, checkpointPerByte: 2e-9, ranksPerHost: 32)

  /// Seconds that the slowest rank of a team computes for a part of the work.
  public func computing(_ work: SharedWork, ranks: Int) -> Double {
    work.operations(ranks: ranks) / (work.kind == .spins ? spins : products)
  }
  /// Seconds that a team's messages take for it.
  public func communicating(_ work: SharedWork, ranks: Int) -> Double {
    guard ranks > 1 else { return 0 }
    let isHost = ranks <= ranksPerHost, link = isHost ? host : network, others = Double(ranks - 1)
    let rounds = Double(Int.bitWidth - (ranks - 1).leadingZeroBitCount)
    let reduction = 2 * link.latency * rounds + (isHost ? 0 : 2 * link.gap * others)
    return work.exchanges * (link.latency + link.gap) + work.reductions * reduction
      + link.perByte * (work.exchangedBytes + 2 * work.reducedBytes * others / Double(ranks))
  }
  /// Both for a whole unit.
  public func seconds(_ unit: Plan.Unit, ranks: Int) -> (computing: Double, communicating: Double) {
    unit.work.reduce((0, 0)) { ($0.0 + computing($1, ranks: ranks), $0.1 + communicating($1, ranks: ranks)) }
  }

  /// Seconds that checkpoints take of a unit that computes and communicates for `seconds`, if all of its memory belongs to its state.
  public func checkpointing(_ unit: Plan.Unit, seconds: Double, interval: Double) -> Double {
    (seconds / interval).rounded(.down) * (checkpoint + checkpointPerByte * (unit.bytesPerRank + unit.sharedBytes))
  }

  // MARK: One unit on a team

  /// How much of the ranks' time computes what one rank would have computed: with the same work for the team (strong scaling), or as much
  /// for each rank as one had (weak scaling).
  public func efficiency(_ unit: Plan.Unit, ranks: Int, isWeak: Bool) -> Double {
    let alone = seconds(unit, ranks: 1).computing
    var time = 0.0
    for work in unit.work {
      let grown = isWeak ? work.grown(by: Double(ranks)) : work
      var cut = grown
      // What grows has more pieces, but for shards, whose number stays.
      if isWeak, work.exchanges > 0 || work.parameter == nil { cut.pieces = work.pieces.map { $0 * ranks } }
      time += computing(cut, ranks: ranks) + communicating(grown, ranks: ranks)
    }
    return time > 0 ? alone * (isWeak ? 1 : 1 / Double(ranks)) / time : 1
  }

  /// The fewest ranks whose messages take as long as their computing; nil where a million do not.
  public func crossover(_ unit: Plan.Unit) -> Int? {
    func isOver(_ ranks: Int) -> Bool {
      let (computing, communicating) = seconds(unit, ranks: ranks)
      return communicating >= computing && communicating > 0
    }
    var high = 2
    while !isOver(high) {
      high *= 2
      if high > 1 << 20 { return nil }
    }
    var low = high / 2
    while high - low > 1 {
      let middle = (low + high) / 2
      if isOver(middle) { high = middle } else { low = middle }
    }
    return high
  }

  /// The value of the work's parameter (batch, edge of the lattice) from which on a team of `ranks` reaches `efficiency`; nil where there
  /// is none: the pieces are too few.
  public func value(_ work: SharedWork, ranks: Int, efficiency: Double) -> Double? {
    func reaches(_ factor: Double) -> Bool {
      let grown = work.grown(by: factor)
      let time = computing(grown, ranks: ranks) + communicating(grown, ranks: ranks)
      return computing(grown, ranks: 1) >= efficiency * time * Double(ranks)
    }
    var high = 1.0
    while !reaches(high) {
      high *= 2
      if high > 1e12 { return nil }
    }
    if high == 1 { return work.value }
    var low = high / 2
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if reaches(middle) { high = middle } else { low = middle }
    }
    return work.value(for: high)
  }

  // MARK: A whole run

  /// A run on so many ranks.
  public struct Prediction: Sendable {
    /// Seconds, and the parts of all computing ranks' time that are spent in computing and in messages; the rest is waited.
    public let seconds: Double, computing: Double, communicating: Double, checkpointing: Double
    /// Bytes of the rank that needs most, and the ranks of the largest team.
    public let bytes: Double, largestTeam: Int
  }

  /// A run in the teams that the runtime would choose. `processors` is set where all ranks share one host with fewer processors than
  /// ranks: they take turns.
  public func predict(_ plan: Plan, ranks: Int, settings: RunSettings, memory: Double, processors: Int? = nil) -> Prediction {
    let workers = settings.hasDedicatedCoordinator(ranks: ranks) ? ranks - 1 : ranks
    let schedule = Schedule(
      plan, chosen: Array(plan.units.indices), workers: workers, ranksPerTeam: settings.ranksPerTeam,
      memoryPerRank: memory / Double(min(ranks, ranksPerHost)))
    let turns = max(1, Double(workers) / Double(processors ?? workers))
    var model = self
    if processors != nil { model.ranksPerHost = max(ranksPerHost, ranks) }
    let seconds = Schedule.time(schedule.entries, workers: workers) { unit, team in
      let (computing, communicating) = model.seconds(plan.units[unit], ranks: team), seconds = turns * computing + communicating
      return seconds + checkpointing(plan.units[unit], seconds: seconds, interval: settings.checkpointInterval)
    }
    var spent = (computing: 0.0, communicating: 0.0, checkpointing: 0.0)
    for entry in schedule.entries {
      let (computing, communicating) = model.seconds(plan.units[entry.unit], ranks: entry.ranks)
      spent.computing += turns * computing * Double(entry.ranks)
      spent.communicating += communicating * Double(entry.ranks)
      let seconds = turns * computing + communicating
      spent.checkpointing +=
        checkpointing(plan.units[entry.unit], seconds: seconds, interval: settings.checkpointInterval) * Double(entry.ranks)
    }
    let whole = max(1e-300, seconds * Double(workers))
    return Prediction(
      seconds: seconds, computing: min(1, spent.computing / whole), communicating: min(1, spent.communicating / whole),
      checkpointing: min(1, spent.checkpointing / whole),
      bytes: schedule.entries.map { plan.units[$0.unit].bytes(ranks: $0.ranks) }.max() ?? 0,
      largestTeam: schedule.entries.map(\.ranks).max() ?? 1)
  }
}
