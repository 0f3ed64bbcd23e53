import BoltzmannMachines
import Glibc
import GradientFlows
import Laws
import LinearAlgebra
import MessagePassing
import RandomStreams
import Sampling
import Testing

/// The expectation of contrastive divergence by enumeration, straight from its definition, in double precision.
private struct EnumeratedContrastiveDivergence {
  var weights: [Double], visible: [Double], hidden: [Double]

  /// One Gibbs step from each configuration of `data`; units' values minus `offset`.
  init(_ machine: RestrictedBoltzmannMachine<Float>, data: Configurations, offset: Double) {
    let (nv, nh) = (machine.visible, machine.hidden), low = machine.units == .zeroOne ? 0.0 : -1.0
    let w = machine.weights.map(Double.init), a = machine.visibleBias.map(Double.init), b = machine.hiddenBias.map(Double.init)
    func values(_ state: Int, _ count: Int) -> [Double] { (0..<count).map { state >> $0 & 1 == 1 ? 1 : low } }
    func high(_ field: Double) -> Double { 1 / (1 + exp(-(1 - low) * field)) }
    func hiddenHigh(_ v: [Double]) -> [Double] {
      (0..<nh).map { (j: Int) -> Double in
        var field = b[j]
        for i in 0..<nv { field += v[i] * w[i * nh + j] }
        return high(field)
      }
    }
    func probability(_ state: Int, _ p: [Double]) -> Double {
      var product = 1.0
      for (k, x) in p.enumerated() { product *= state >> k & 1 == 1 ? x : 1 - x }
      return product
    }
    var dw = [Double](repeating: 0, count: nv * nh), da = [Double](repeating: 0, count: nv), db = [Double](repeating: 0, count: nh)
    func add(_ v: [Double], _ p: [Double], _ weight: Double) {
      let h = p.map { low + (1 - low) * $0 }
      for i in 0..<nv {
        da[i] += weight * v[i]
        for j in 0..<nh { dw[i * nh + j] += weight * (v[i] - offset) * (h[j] - offset) }
      }
      for j in 0..<nh { db[j] += weight * h[j] }
    }
    for c in 0..<data.count {
      let v0 = (0..<nv).map { data[c, $0] ? 1 : low }, p0 = hiddenHigh(v0), share = 1 / Double(data.count)
      add(v0, p0, share)
      for hiddenState in 0..<1 << nh {
        let h = values(hiddenState, nh)
        let pHidden = share * probability(hiddenState, p0)
        let q = (0..<nv).map { (v: Int) -> Double in
          var field = a[v]
          for j in 0..<nh { field += w[v * nh + j] * h[j] }
          return high(field)
        }
        for visibleState in 0..<1 << nv {
          let v1 = values(visibleState, nv)
          add(v1, hiddenHigh(v1), -pHidden * probability(visibleState, q))
        }
      }
    }
    weights = dw
    visible = da
    hidden = db
  }
}

private func smallMachine(_ units: UnitValues, visible: Int = 5, hidden: Int = 3, scale: Double = 0.8) -> RestrictedBoltzmannMachine<Float>
{
  RestrictedBoltzmannMachine(
    units: units, visible: visible, hidden: hidden, weights: (0..<visible * hidden).map { Float(scale * sin(Double(1 + 5 * $0))) },
    visibleBias: (0..<visible).map { Float(0.3 * cos(Double(2 + $0))) },
    hiddenBias: (0..<hidden).map { Float(0.4 * sin(Double(3 + 2 * $0))) })
}

/// Configurations in which neighbouring pairs of units are equal.
private func pairs(count: Int, sites: Int, seed: UInt64) -> Configurations {
  let streams = KeyedStreams(StreamKey(high: 9, low: seed))
  var result = Configurations(count: count, sites: .unplaced(sites))
  for c in 0..<count {
    var generator = streams.generator(replica: c, step: 0, site: 0, purpose: .initial)
    for s in 0..<sites { result[c, s] = s % 2 == 1 ? result[c, s - 1] : generator.bernoulli(0.5) }
  }
  return result
}

struct TrainingTests {
  @Test(
    "Contrastive divergence has the enumerated expectation, plain, centred and for +-1 units, within 4.5 sigma",
    arguments: [(UnitValues.zeroOne, Float(0)), (.zeroOne, 0.5), (.plusMinusOne, 0)])
  func expectation(units: UnitValues, offset: Float) throws {
    let machine = smallMachine(units), patterns = pairs(count: 4, sites: 5, seed: 1)
    let copies = 256, steps = 2000
    let data = Configurations(count: 4 * copies, sites: .unplaced(5), words: (0..<copies).flatMap { _ in patterns.words })
    let point = CentredParameters(machine, offset: offset)
    let trainer = ContrastiveDivergence(
      data, hidden: 3, units: units, settings: .init(batch: data.count, shards: 8), key: StreamKey(high: 5, low: 5), rank: 0, ranks: 1)
    let exact = EnumeratedContrastiveDivergence(machine, data: patterns, offset: Double(offset))
    let expected = exact.weights + exact.visible + exact.hidden
    // Deviations from the expectation: every batch holds all the data, so steps are independent replicas.
    var direction = point, sum = [Double](repeating: 0, count: expected.count), squares = sum
    for step in 0..<UInt64(steps) {
      try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction)
      for (k, x) in (direction.weights + direction.visibleField + direction.hiddenField).enumerated() {
        sum[k] += Double(x) - expected[k]
        squares[k] += (Double(x) - expected[k]) * (Double(x) - expected[k])
      }
    }
    let n = Double(steps)
    for k in expected.indices {
      // 2000 replicas give the error itself to 1.6 %.
      let mean = sum[k] / n, error = ((squares[k] / n - mean * mean) / (n - 1)).squareRoot()
      #expect(abs(mean) < 4.5 * error, "component \(k): \(mean) +- \(error)")
    }
  }

  @Test("Parameters after training have the same bits at 1, 2, 3, 4, 8 and 11 ranks, also with 6 shards", arguments: [8, 6])
  func ranksAgree(shards: Int) throws {
    let data = pairs(count: 200, sites: 70, seed: 2), key = StreamKey(high: 1, low: 1)
    let settings = ContrastiveDivergence.Settings(batch: 48, shards: shards, gibbsSteps: 2)
    func start() -> TrainingState {
      TrainingState(
        .random(units: .zeroOne, visible: 70, hidden: 21, offset: 0.5, deviation: 0.05, from: KeyedStreams(key)),
        rule: Momentum(rate: 0.1, momentum: 0.5, decay: 1e-3, l1: 1e-3))
    }
    func trainer(_ rank: Int, _ ranks: Int) -> ContrastiveDivergence {
      ContrastiveDivergence(data, hidden: 21, units: .zeroOne, settings: settings, key: key, rank: rank, ranks: ranks)
    }
    var reference = start()
    let one = trainer(0, 1)
    while reference.step < 10 { _ = try one.advance(&reference, batches: 10 - Int(reference.step), on: SoloCommunicator()) }
    #expect(reference.parameters != start().parameters)
    for ranks in [1, 2, 3, 4, 8, 11] {
      let team = (0..<ranks).map { trainer($0, ranks) }
      var state = start(), direction = state.parameters
      for step in 0..<UInt64(10) {
        let known = team.flatMap { $0.partialSums(at: state.parameters, step: step) }
        func sum(_ node: Range<Int>) -> [Float] {
          if let row = known.first(where: { $0.subtree == node }) { return row.sums }
          let (left, right) = ShardTree.children(node)
          return zip(sum(left), sum(right)).map { $0 + $1 }
        }
        team[0].direction(fromTotal: sum(0..<shards), at: state.parameters, into: &direction)
        state.rule.step(&state.parameters, along: direction)
      }
      #expect(state.parameters == reference.parameters)
      #expect(state.rule == reference.rule)
    }
  }

  @Test("How a training is cut into slices changes no bit of it, and a saved state goes on as the unsaved one")
  func slices() throws {
    let data = pairs(count: 100, sites: 20, seed: 3), key = StreamKey(high: 2, low: 2)
    func trainer() -> ContrastiveDivergence {
      ContrastiveDivergence(data, hidden: 6, units: .plusMinusOne, settings: .init(batch: 32, shards: 8), key: key, rank: 0, ranks: 1)
    }
    let start = TrainingState(
      .random(units: .plusMinusOne, visible: 20, hidden: 6, offset: 0, deviation: 0.1, from: KeyedStreams(key)),
      rule: Momentum(rate: 0.05, momentum: 0.9))
    var whole = start, cut = start
    let first = trainer()
    for _ in 0..<4 { #expect(try first.advance(&whole, batches: 1000, on: SoloCommunicator())) }
    while cut.step < 12 { _ = try trainer().advance(&cut, batches: 1 + Int(cut.step) % 3, on: SoloCommunicator()) }
    #expect(whole == cut)
    #expect(whole.step == 12 && whole.reconstructionErrors.count == 4)
    try checkpointLaws(whole) { $0 == $1 }
    try checkpointLaws(start) { $0 == $1 }
    try checkpointLaws(whole.parameters.machine) { $0 == $1 }
    try checkpointLaws(GibbsChains(visible: data, firstChain: 3)) { $0 == $1 }
  }

  @Test("The centred form and the ordinary form of a machine are the same machine to rounding", arguments: [Float(0), 0.5])
  func centredForm(offset: Float) {
    let machine = smallMachine(.zeroOne), back = CentredParameters(machine, offset: offset).machine
    #expect(back.weights == machine.weights)
    for (x, y) in zip(back.visibleBias + back.hiddenBias, machine.visibleBias + machine.hiddenBias) { #expect(abs(x - y) < 1e-6) }
  }

  @Test("Training on pairs of equal units brings the machine near the law of the data")
  func learns() throws {
    let data = pairs(count: 1024, sites: 6, seed: 4), key = StreamKey(high: 3, low: 3)
    let trainer = ContrastiveDivergence(
      data, hidden: 6, units: .zeroOne, settings: .init(batch: 64, shards: 8), key: key, rank: 0, ranks: 1)
    var state = TrainingState(
      .random(units: .zeroOne, visible: 6, hidden: 6, offset: 0.5, deviation: 0.01, from: KeyedStreams(key)),
      rule: Momentum(rate: 0.1, momentum: 0.5))
    for _ in 0..<100 { _ = try trainer.advance(&state, batches: 100, on: SoloCommunicator()) }
    // Mean log-likelihood by enumeration of the visible states; the data's law has 8 equal states, -ln 8 = -2.079.
    let machine = state.parameters.machine
    func logWeight(_ v: Int) -> Double {
      var total = 0.0
      for i in 0..<6 where v >> i & 1 == 1 { total += Double(machine.visibleBias[i]) }
      for j in 0..<6 {
        var field = Double(machine.hiddenBias[j])
        for i in 0..<6 where v >> i & 1 == 1 { field += Double(machine.weights[i * 6 + j]) }
        total += max(field, 0) + log1p(exp(-abs(field)))
      }
      return total
    }
    let logPartition = log((0..<64).reduce(0) { $0 + exp(logWeight($1)) })
    let mean = (0..<data.count).reduce(0) { $0 + logWeight(Int(data.words[$1])) - logPartition } / Double(data.count)
    #expect(mean > -2.5 && mean < -2.05)
    #expect(state.reconstructionErrors.last! < state.reconstructionErrors.first!)
  }
}

struct MomentumTests {
  @Test("Momentum follows its recursion; penalties act on weights alone, and sign 0 is 0")
  func recursion() {
    var point = TwoBlocks(weight: [0.5, -0.5, 0], bias: [0.5])
    var rule = Momentum<Double>(rate: 0.1, momentum: 0.5, decay: 0.2, l1: 0.3)
    let direction = TwoBlocks(weight: [1, 1, 0], bias: [1])
    var w = [0.5, -0.5, 0.0], v = [0.0, 0.0, 0.0], b = 0.5, u = 0.0
    for _ in 0..<5 {
      rule.step(&point, along: direction)
      for k in 0..<3 {
        let sign = w[k] == 0 ? 0 : w[k] / abs(w[k])
        v[k] = 0.5 * v[k] + 0.1 * ((k < 2 ? 1 : 0) - 0.2 * w[k] - 0.3 * sign)
        w[k] += v[k]
      }
      u = 0.5 * u + 0.1
      b += u
    }
    for k in 0..<3 { #expect(abs(point.weight[k] - w[k]) < 1e-14) }
    #expect(abs(point.bias[0] - b) < 1e-14)
    #expect(point.weight[2] == 0)
  }

  @Test("Gradient descent moves by rate times direction")
  func descent() throws {
    var point = TwoBlocks(weight: [1, 2], bias: [3])
    var rule = GradientDescent<Double>(rate: 0.5)
    rule.step(&point, along: TwoBlocks(weight: [2, -2], bias: [4]))
    #expect(point.weight == [2, 1] && point.bias == [5])
    try checkpointLaws(rule) { $0 == $1 }
    try checkpointLaws(Momentum<Double>(rate: 0.5, momentum: 0.1)) { $0 == $1 }
  }
}
