import BoltzmannMachines
import Glibc
import Laws
import LinearAlgebra
import RandomStreams
import Sampling
import Testing

private func machine(_ units: UnitValues, visible: Int, hidden: Int) -> RestrictedBoltzmannMachine<Float> {
  RestrictedBoltzmannMachine(
    units: units, visible: visible, hidden: hidden, weights: (0..<visible * hidden).map { Float(0.6 * sin(Double(2 + 3 * $0))) },
    visibleBias: (0..<visible).map { Float(0.3 * cos(Double(2 + $0))) }, hiddenBias: (0..<hidden).map { Float(0.2 * sin(Double(1 + $0))) })
}

/// P(unit is high | other layer) from the definition of the energy.
private func high(_ m: RestrictedBoltzmannMachine<Float>, _ layer: MachineLayer, _ unit: Int, given bit: (Int) -> Bool) -> Double {
  let low = m.units == .zeroOne ? 0.0 : -1.0
  var field = Double(layer == .hidden ? m.hiddenBias[unit] : m.visibleBias[unit])
  for k in 0..<(layer == .hidden ? m.visible : m.hidden) {
    field += (bit(k) ? 1 : low) * Double(layer == .hidden ? m.weights[k * m.hidden + unit] : m.weights[unit * m.hidden + k])
  }
  return 1 / (1 + exp(-(1 - low) * field))
}

struct TrainingSamplingTests {
  @Test("Conditional probabilities follow from the energy in both conventions of units", arguments: UnitValues.allCases)
  func probabilities(units: UnitValues) {
    let m = machine(units, visible: 67, hidden: 19), conditionals = BoltzmannConditionals(m)
    let other = conditionals.sample(
      .visible, given: Configurations(count: 5, sites: .unplaced(19)), step: 1, from: KeyedStreams(StreamKey(high: 1, low: 1)))
    let p = conditionals.probabilities(of: .hidden, given: other)
    let back = conditionals.sample(.hidden, given: other, step: 2, from: KeyedStreams(StreamKey(high: 1, low: 1)))
    let q = conditionals.probabilities(of: .visible, given: back)
    for r in 0..<5 {
      for j in 0..<19 { #expect(abs(Double(p[r * 19 + j]) - high(m, .hidden, j) { other[r, $0] }) < 1e-5) }
      for i in 0..<67 { #expect(abs(Double(q[r * 67 + i]) - high(m, .visible, i) { back[r, $0] }) < 1e-5) }
    }
  }

  @Test("Block Gibbs leaves the machine's law invariant exactly, by enumeration of its decisions", arguments: UnitValues.allCases)
  func stationary(units: UnitValues) throws {
    let m = machine(units, visible: 3, hidden: 2), low = units == .zeroOne ? 0.0 : -1.0
    let states = (0..<8).map { GibbsChains(visible: Configurations(count: 1, sites: .unplaced(3), words: [UInt64($0)])) }
    let logWeight = { (state: GibbsChains) in
      let v = (0..<3).map { state.visible[0, $0] ? 1.0 : low }
      var weight = 0.0
      for h in 0..<4 {
        let u = (0..<2).map { h >> $0 & 1 == 1 ? 1.0 : low }
        var energy = 0.0
        for i in 0..<3 {
          energy += Double(m.visibleBias[i]) * v[i]
          for j in 0..<2 { energy += v[i] * Double(m.weights[i * 2 + j]) * u[j] }
        }
        for j in 0..<2 { energy += Double(m.hiddenBias[j]) * u[j] }
        weight += exp(energy)
      }
      return log(weight)
    }
    func number(_ state: GibbsChains) -> Int { Int(state.visible.words[0]) }
    try stationarityLaw(BlockGibbs(m.inDoublePrecision), states: states, logWeight: logWeight, index: number)
    // Fields of single precision: the law holds to their rounding.
    try stationarityLaw(BlockGibbs(m), states: states, logWeight: logWeight, index: number, tolerance: 2e-6)
  }

  @Test("Rare values keep their probability: one of 2^-25 comes up 2^5 times in 2^30 draws, within 4.5 sigma", arguments: [-1.0, 1])
  func rare(sign: Double) {
    let logit = Float(sign * log(0x1p25 - 1)), units = 4096, rows = 4096
    let conditionals = BoltzmannConditionals(
      RestrictedBoltzmannMachine(
        units: .zeroOne, visible: 1, hidden: units, weights: [Float](repeating: 0, count: units), visibleBias: [0],
        hiddenBias: [Float](repeating: logit, count: units)))
    let visible = Configurations(count: rows, sites: .unplaced(1))
    var rare = 0
    for step in 0..<64 as Range<UInt64> {
      let sample = conditionals.sample(.hidden, given: visible, step: step, from: KeyedStreams(StreamKey(high: 8, low: 8)))
      for word in sample.words { rare += sign < 0 ? word.nonzeroBitCount : 64 - word.nonzeroBitCount }
    }
    #expect(abs(Double(rare) - 32) < 4.5 * 32.0.squareRoot())
  }

  @Test("The vector sampler draws each unit with its probability, and units are independent (chi-squared from both sides)")
  func frequencies() {
    let m = machine(.zeroOne, visible: 6, hidden: 83), conditionals = BoltzmannConditionals(m), draws = 20_000
    let visible = Configurations(count: draws, sites: .unplaced(6), words: [UInt64](repeating: 0b101101, count: draws))
    let sample = conditionals.sample(.hidden, given: visible, step: 0, from: KeyedStreams(StreamKey(high: 4, low: 4)))
    var chi = 0.0, neighbours = 0.0
    let p = (0..<83).map { j in high(m, .hidden, j) { 0b101101 >> $0 & 1 == 1 } }
    for j in 0..<83 {
      let ones = (0..<draws).reduce(0) { $0 + (sample[$1, j] ? 1 : 0) }
      chi += pow(Double(ones) - Double(draws) * p[j], 2) / (Double(draws) * p[j] * (1 - p[j]))
      let next = (j + 1) % 83
      let both = (0..<draws).reduce(0) { $0 + (sample[$1, j] && sample[$1, next] ? 1 : 0) }
      let product = p[j] * p[next]
      neighbours += pow(Double(both) - Double(draws) * product, 2) / (Double(draws) * product * (1 - product))
    }
    // 83 degrees of freedom: mean 83, standard deviation 12.9; four and a half of them.
    #expect(chi > 25 && chi < 141)
    #expect(neighbours > 25 && neighbours < 150)
    for c in 0..<draws { #expect(sample.words[2 * c + 1] >> 19 == 0) }
  }

  @Test("A row's sample and a chain's path are the same alone and in any batch")
  func batches() {
    let m = machine(.plusMinusOne, visible: 70, hidden: 33), streams = KeyedStreams(StreamKey(high: 6, low: 6))
    let visible = m.sampleVisible(of: Configurations(count: 300, sites: .unplaced(33)), step: 1, from: streams)
    let whole = m.sampleHidden(of: visible, step: 2, from: streams)
    for range in [0..<1, 7..<8, 100..<233] {
      #expect(m.sampleHidden(of: visible.slice(range), firstRow: range.lowerBound, step: 2, from: streams) == whole.slice(range))
    }
    var kernel = BlockGibbs(m), all = GibbsChains(visible: visible), some = GibbsChains(visible: visible.slice(40..<51), firstChain: 40)
    for step in 0..<5 {
      kernel.step(&all, at: UInt64(step), from: streams)
      kernel.step(&some, at: UInt64(step), from: streams)
    }
    #expect(all.visible.slice(40..<51) == some.visible)
    #expect(all.visible != visible)
  }
}
