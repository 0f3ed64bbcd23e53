public import Archives
import LatticeSystems
public import MessagePassing
public import RandomStreams
public import Renormalization
public import Runtime
import Sampling

extension MonteCarloRG {
  /// What a unit has reached: the same on all ranks after each slice, indexed by chain.
  public struct State: Checkpointable {
    /// Configurations taken of each chain, warm-up included, and steps of the move.
    var rows = 0, steps: UInt64 = 0
    /// The words of each chain.
    var chains: [[UInt64]] = []
    /// All counts so far.
    var counts = BlockedCounts.empty

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([rows, chains.count], at: "\(path)/rows")
      try archive.write(steps, at: "\(path)/steps")
      for (index, words) in chains.enumerated() { try archive.write(words, at: "\(path)/chain\(index)") }
      try counts.save(to: &archive, at: "\(path)/counts")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let found = try archive.read(Int.self, count: 2, at: "\(path)/rows")
      rows = found[0]
      steps = try archive.scalar(UInt64.self, at: "\(path)/steps")
      for index in 0..<found[1] { chains.append(try archive.read(UInt64.self, count: nil, at: "\(path)/chain\(index)")) }
      counts = try BlockedCounts(from: archive, at: "\(path)/counts")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    let sampler = try sampler(unit.size), source = KeyedStreams(streams)
    state.chains = (0..<chains).map { sampler.start($0, from: source) }
    state.counts = try renormalization(unit.size).noCounts
    return state
  }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<BlockedCounts> {
    let total = warmUp + measurements
    // Some tenths of a second's work of one rank.
    let count = max(1, min(total - state.rows, Int(3e8 / (cost(unit.size) * Double(chains)))))
    let mine = team.share(of: chains)
    do {
      if isCut {
        try advanceStrips(&state, count, unit.size, streams, on: team)
      } else {
        var fresh = BlockedCounts(blocks: state.counts.blocks, width: state.counts.width), steps = state.steps
        var words: [UInt64] = []
        for chain in mine {
          steps = state.steps
          words += try advance(state.chains[chain], chain, state.rows, count, &steps, unit.size, streams, &fresh)
        }
        var sums = fresh.values
        try team.allReduce(&sums, .sum)
        state.counts.merge(BlockedCounts(blocks: fresh.blocks, width: fresh.width, values: sums))
        let all = try team.allGather(words).flatMap { $0 }, each = all.count / chains
        for chain in 0..<chains { state.chains[chain] = Array(all[chain * each..<(chain + 1) * each]) }
      }
    } catch let error as MessagePassingError { throw .communication(error) } catch { throw .fault("\(error)") }
    state.rows += count
    state.steps += UInt64(count * interval)
    if state.rows < total {
      return .more(fraction: Double(state.rows) / Double(total), stage: state.rows <= warmUp ? "warming up" : "sampling")
    }
    return .done(state.counts)
  }

  /// `count` configurations of a chain, coarse grained and counted as far as they lie beyond the warm-up; returns the chain's words.
  private func advance(
    _ start: [UInt64], _ chain: Int, _ first: Int, _ count: Int, _ steps: inout UInt64, _ size: Int, _ streams: StreamKey,
    _ counts: inout BlockedCounts
  ) throws -> [UInt64] {
    let sampler = try sampler(size), source = KeyedStreams(streams), coins = KeyedStreams(streams.use("coins"))
    var renormalization = try renormalization(size), words = start, done = 0
    while done < count {
      let isWarmUp = first + done < warmUp
      // Of large lattices fewer at a time: 64 million spins.
      let most = max(1, min(64, 1 << 26 / (size * size)))
      let batch = min(isWarmUp ? warmUp - first - done : most, count - done, most)
      let drawn = try sampler.draw(&words, chain: chain, steps: &steps, count: batch, from: source)
      if !isWarmUp {
        let sample = chain * measurements + first + done - warmUp
        let levels = try levels(drawn, firstSample: sample, steps: renormalization.shapes.count - 1, coins)
        try renormalization.count(levels, firstSample: sample, into: &counts)
      }
      done += batch
    }
    return words
  }

  /// The configurations and their coarse grainings, step after step.
  private func levels(
    _ fine: Configurations, firstSample: Int, steps: Int, _ coins: KeyedStreams
  ) throws(CoarseGrainingError) -> [Configurations] {
    var levels = [fine]
    for step in 0..<steps {
      let before = levels[step], source = LaterSteps(coins, by: UInt64(step))
      switch rule {
      case .majority: levels.append(try BlockMajority(block: scale).coarsen(before, firstSample: firstSample, from: source))
      case .cornerMajority:
        levels.append(try BlockMajority(block: scale, tie: .corner).coarsen(before, firstSample: firstSample, from: source))
      case .decimation: levels.append(try Decimation(block: scale).coarsen(before, firstSample: firstSample, from: source))
      case .filter, .filterSigns:
        guard let filter else { preconditionFailure("made with the rule") }
        levels.append(try filter.coarsen(before, firstSample: firstSample, from: source))
      }
    }
    return levels
  }
}
