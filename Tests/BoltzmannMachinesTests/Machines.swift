import BoltzmannMachines
import Glibc
import LinearAlgebra
import RandomStreams
import Sampling

/// A machine with parameters uniform in +-`scale` / 2.
func randomMachine(
  _ visible: Int, _ hidden: Int, units: UnitValues = .zeroOne, scale: Double = 1, seed: UInt64 = 1
) -> RestrictedBoltzmannMachine<Double> {
  var choices = KeyedStreams(StreamKey(high: seed, low: 99)).generator(replica: 0, step: 0, site: 0, purpose: .weights)
  func uniform(_ count: Int) -> [Double] { (0..<count).map { _ in scale * (choices.uniform() - 0.5) } }
  return RestrictedBoltzmannMachine(
    units: units, visible: visible, hidden: hidden, weights: uniform(visible * hidden), visibleBias: uniform(visible),
    hiddenBias: uniform(hidden))
}

/// All 2^`units` configurations; number n has the bits of n.
func allConfigurations(_ units: Int) -> Configurations {
  Configurations(count: 1 << units, sites: .unplaced(units), words: (0..<1 << units).map { UInt64($0) })
}

/// `count` configurations of fair bits.
func randomConfigurations(_ count: Int, units: Int, seed: UInt64 = 1) -> Configurations {
  var choices = KeyedStreams(StreamKey(high: seed, low: 98)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
  var result = Configurations(count: count, sites: .unplaced(units))
  for c in 0..<count {
    for i in 0..<units { result[c, i] = choices.bernoulli(0.5) }
  }
  return result
}

/// Oracle: -E(v, h) by its definition, with v and h given by the bits of their numbers.
func negativeEnergy(_ machine: RestrictedBoltzmannMachine<Double>, _ v: Int, _ h: Int) -> Double {
  func value(_ bits: Int, _ i: Int) -> Double {
    let bit = Double(bits >> i & 1)
    return machine.units == .zeroOne ? bit : 2 * bit - 1
  }
  var sum = 0.0
  for i in 0..<machine.visible {
    sum += machine.visibleBias[i] * value(v, i)
    for j in 0..<machine.hidden { sum += machine.weights[i * machine.hidden + j] * value(v, i) * value(h, j) }
  }
  for j in 0..<machine.hidden { sum += machine.hiddenBias[j] * value(h, j) }
  return sum
}

/// Oracle: the log-weights of the visible states, by summing over all hidden ones.
func visibleLogWeights(_ machine: RestrictedBoltzmannMachine<Double>) -> [Double] {
  (0..<1 << machine.visible).map { v in logSumExp((0..<1 << machine.hidden).map { negativeEnergy(machine, v, $0) }) }
}

/// ln sum e^x.
func logSumExp(_ x: [Double]) -> Double {
  let largest = x.max() ?? 0
  return largest + log(x.reduce(0) { $0 + exp($1 - largest) })
}

/// The log-weight of visible state v at a position of the path, by joint enumeration: the tempered machine is
/// another machine.
func temperedLogWeights(_ machine: RestrictedBoltzmannMachine<Double>, base: [Double], at l: Double) -> [Double] {
  var tempered = machine
  tempered.weights = machine.weights.map { l * $0 }
  tempered.hiddenBias = machine.hiddenBias.map { l * $0 }
  tempered.visibleBias = zip(machine.visibleBias, base).map { l * $0 + (1 - l) * $1 }
  return visibleLogWeights(tempered)
}
