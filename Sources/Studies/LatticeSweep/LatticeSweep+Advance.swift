public import MessagePassing
public import RandomStreams
public import Runtime
import Sampling

extension LatticeSweep {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    state.series = Array(repeating: [], count: chains)
    if isCut { return state }
    if !ladder.isEmpty {
      let sampler = try ladderSampler(), source = KeyedStreams(streams)
      state.series = Array(repeating: [], count: chains * ladder.count)
      state.chains = (0..<chains).flatMap { sampler.start(0..<ladder.count, $0, source) }
      state.ladders = Array(repeating: ExchangeLadder(rungs: ladder.count), count: chains)
      return state
    }
    let sampler = try sampler(coupling: coupling), source = KeyedStreams(streams)
    state.chains = (0..<chains).map { sampler.start($0, isHot($0), source) }
    return state
  }

  /// What a row holds after the common observables.
  func rowNames() throws(StudyError) -> [String] {
    if isCut { return stripNames }
    return ladder.isEmpty ? try sampler(coupling: coupling).names : try ladderSampler().names
  }

  /// Whether a chain starts hot. Clusters of Wolff are small in a hot lattice, so that no reasonable number of them brings it to
  /// equilibrium: its chains start cold unless told otherwise.
  func isHot(_ chain: Int) -> Bool { start == "hot" || (start == "both" && resolvedMove != .wolff && chain % 2 == 0) }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Partial> {
    let ladderSampler = ladder.isEmpty ? nil : try ladderSampler()
    let sampler = isCut || !ladder.isEmpty ? nil : try sampler(coupling: coupling), source = KeyedStreams(streams)
    let names = sampler?.names ?? ladderSampler?.names ?? stripNames, width = CommonObservable.allCases.count + names.count
    let total = warmUp + measurements
    // About half a second's work of one rank, by a cost that is only roughly known.
    let count = max(1, min(total - state.rows, Int(5e8 / (rowCost * Double(chains * max(1, ladder.count))))))
    do {
      let fresh =
        if let sampler {
          try advanceChains(&state, count, with: sampler, from: source, on: team)
        } else if let ladderSampler {
          try advanceLadders(&state, count, with: ladderSampler, from: source, on: team)
        } else {
          try advanceStrips(&state, count, from: source, on: team)
        }
      // A slice may reach from the warm-up into what is recorded.
      let skipped = width * max(0, min(count, warmUp - state.rows))
      for chain in fresh.indices { state.series[chain] += fresh[chain][skipped...] }
    } catch let error as MessagePassingError { throw .communication(error) } catch { throw .fault("\(error)") }
    state.rows += count
    state.steps += UInt64(count * interval)
    if state.rows < total {
      return .more(
        fraction: Double(state.rows) / Double(total), stage: state.rows <= warmUp ? "warming up" : "sampling", curves: curves(state, width))
    }
    return .done(try analysis(state, sampler, names: names))
  }

  /// `count` rows of every chain; each rank of the team works on its share of them.
  private func advanceChains(
    _ state: inout State, _ count: Int, with sampler: LatticeSampler, from source: KeyedStreams,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [[Double]] {
    let mine = team.rank * chains / team.size..<(team.rank + 1) * chains / team.size
    var words: [UInt64] = [], rows: [Double] = []
    for chain in mine {
      var own = state.chains[chain], steps = state.steps
      rows += sampler.run(&own, chain, &steps, count, interval, source)
      words += own
    }
    var fresh = [[Double]](repeating: [], count: chains)
    try share(words, into: &state.chains, on: team)
    try share(rows, into: &fresh, on: team)
    return fresh
  }

  /// Every chain's elements, equally many, from the ranks that hold them; all ranks share chains out alike.
  private func share<E: MessageElement>(
    _ mine: [E], into chains: inout [[E]], on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let all = team.size == 1 ? mine : try team.allGather(mine).flatMap { $0 }
    let each = all.count / chains.count
    for chain in chains.indices { chains[chain] = Array(all[chain * each..<(chain + 1) * each]) }
  }

  /// The mean energy and |m| of the last row over chains, to watch.
  private func curves(_ state: State, _ width: Int) -> [CurvePoint] {
    guard let length = state.series.first?.count, length > 0 else { return [] }
    func mean(_ observable: CommonObservable) -> Double {
      state.series.reduce(0) { $0 + $1[length - width + observable.rawValue] } / Double(state.series.count)
    }
    return [
      CurvePoint("energy_per_site", step: state.rows, value: mean(.energy) / Double(sites)),
      CurvePoint("abs_magnetization", step: state.rows, value: mean(.absMagnetization)),
    ]
  }
}
