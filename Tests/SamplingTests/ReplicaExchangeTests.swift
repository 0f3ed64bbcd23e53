import Laws
import RandomStreams
import Sampling
import Testing

@Suite struct ReplicaExchangeTests {
  private let streams = KeyedStreams(StreamKey(high: 3, low: 9))

  /// Exchanges (and moves, with `sweeps`) of tiny systems as a kernel on the states by rung.
  struct Trade: MarkovKernel {
    let exchange: ReplicaExchange<SpinsInField>
    let sweeps: Int, skipped: Int
    func step(_ state: inout [[Int]], at step: UInt64, from streams: some Streams) {
      var ladder = ExchangeLadder(rungs: state.count)
      for _ in 0..<skipped {
        ladder.exchange(logRatios: [Double](repeating: -.infinity, count: state.count), ladderNumber: 0, from: streams)
      }
      var progress = ReplicaExchange<SpinsInField>.Progress(
        replicas: state.enumerated().map { SpinsInField.State(spins: [$1], firstReplica: $0) }, first: 0, ladder: ladder, steps: 0)
      exchange.move(&progress, sweeps: sweeps, from: streams)
      exchange.exchange(&progress, logRatios: exchange.logRatios(progress), from: streams)
      state = state.indices.map { progress.state(atRung: $0)!.spins[0] }
    }
  }

  @Test("exchange leaves the product of the rungs' laws invariant, exactly", arguments: [(3, 0, 0), (3, 0, 1), (2, 1, 0), (4, 0, 0)])
  func law(rungs: Int, sweeps: Int, skipped: Int) throws {
    let model = SpinsInField(count: 2, field: 1.3)
    let positions = [0.1, 0.35, 0.8, 1].prefix(rungs).map { $0 }
    let trade = Trade(exchange: ReplicaExchange(model, positions: positions), sweeps: sweeps, skipped: skipped)
    let states = (0..<1 << (2 * rungs)).map { number in
      (0..<rungs).map { rung in (0..<2).map { number >> (2 * rung + $0) & 1 == 1 ? 1 : -1 } }
    }
    func number(_ state: [[Int]]) -> Int {
      state.joined().enumerated().reduce(0) { $0 | ($1.element == 1 ? 1 << $1.offset : 0) }
    }
    try stationarityLaw(
      trade, states: states,
      logWeight: { state in state.indices.reduce(0) { $0 + positions[$1] * 1.3 * Double(state[$1].reduce(0, +)) } }, index: number)
    // The law kit sees the difference: another rung's law is not left alone.
    #expect(throws: LawViolation.self) {
      try stationarityLaw(
        trade, states: states,
        logWeight: { state in state.indices.reduce(0) { $0 + (positions[$1] + 0.01 * Double($1)) * 1.3 * Double(state[$1].reduce(0, +)) } },
        index: number)
    }
  }

  @Test("cut into parts that share their log-ratios, the replicas take the same steps, bit for bit")
  func cuts() {
    let exchange = ReplicaExchange(SpinsInField(count: 6, field: 0.9), positions: [0, 0.2, 0.5, 0.7, 1], firstReplica: 10)
    var whole = exchange.begin(from: streams)
    exchange.advance(&whole, exchanges: 40, sweeps: 2, from: streams)
    for cuts in [[0, 2, 5], [0, 1, 2, 4, 5], [0, 3, 3, 5]] {
      var parts = zip(cuts, cuts.dropFirst()).map { exchange.begin($0..<$1, from: streams) }
      for _ in 0..<40 {
        for i in parts.indices { exchange.move(&parts[i], sweeps: 2, from: streams) }
        let ratios = parts.flatMap { exchange.logRatios($0) }
        for i in parts.indices { exchange.exchange(&parts[i], logRatios: ratios, from: streams) }
      }
      #expect(parts.allSatisfy { $0.ladder == whole.ladder })
      #expect(parts.flatMap(\.replicas) == whole.replicas)
    }
    #expect(whole.ladder.accepted.allSatisfy { $0 > 0 } && whole.ladder.attempts == [20, 20, 20, 20])
  }

  @Test("an exchange that was put away goes on to the same bits")
  func checkpoint() throws {
    let exchange = ReplicaExchange(SpinsInField(count: 6, field: 0.9), positions: [0, 0.2, 0.5, 1])
    var progress = exchange.begin(from: streams)
    exchange.advance(&progress, exchanges: 17, sweeps: 1, from: streams)
    try checkpointLaws(progress) { saved, read in
      var saved = saved, read = read
      guard read.ladder == saved.ladder && read.steps == 17 else { return false }
      exchange.advance(&saved, exchanges: 20, sweeps: 1, from: streams)
      exchange.advance(&read, exchanges: 20, sweeps: 1, from: streams)
      return saved.replicas == read.replicas && saved.ladder == read.ladder
    }
  }

  @Test("where every trade is accepted a round trip over n rungs takes 2n exchanges")
  func roundTrips() {
    let exchange = ReplicaExchange(SpinsInField(count: 2, field: 0), positions: [0, 0.3, 0.6, 1])
    var progress = exchange.begin(from: streams)
    exchange.advance(&progress, exchanges: 80, sweeps: 1, from: streams)
    #expect(progress.ladder.acceptances == [1, 1, 1, 1].dropLast())
    #expect(progress.ladder.probabilities == [40, 40, 40])
    #expect(progress.ladder.roundTrips[0] == 10)
    // The others come to the first rung later, within one period.
    #expect(progress.ladder.roundTrips.allSatisfy { $0 == 10 || $0 == 9 })
    #expect(progress.ladder.rungs == [0, 1, 2, 3])
  }

  @Test("the means on every rung are those of its law within 4 sigma, and so is the acceptance")
  func means() {
    let model = SpinsInField(count: 6, field: 0.9), positions = [0, 0.4, 0.7, 1]
    let exchange = ReplicaExchange(model, positions: positions)
    var sums = [Double](repeating: 0, count: 4), progress = exchange.begin(from: streams), n = 0
    exchange.advance(&progress, exchanges: 20_000, sweeps: 1, from: streams) { progress in
      n += 1
      for rung in 0..<4 { sums[rung] += model.logDerivative(progress.state(atRung: rung)!, at: 1)[0] }
    }
    for rung in 0..<4 {
      let exact = model.meanDerivative(at: positions[rung])
      // One heat-bath sweep forgets the past: independent samples of variance count field^2 (1 - tanh^2).
      let t = exact / 5.4, error = (5.4 * 0.9 * (1 - t * t) / Double(n)).squareRoot()
      #expect(abs(sums[rung] / Double(n) - exact) < 4 * error)
    }
    for pair in 0..<3 {
      let tries = Double(progress.ladder.attempts[pair]), found = progress.ladder.acceptances[pair]
      #expect(abs(found - progress.ladder.probabilities[pair] / tries) < 4 * (found * (1 - found) / tries).squareRoot())
    }
  }
}
