import BoltzmannMachines
import Glibc
import LinearAlgebra
import RandomStreams
import Sampling

/// Streams with a fixed seed for tests.
func testStreams(_ seed: UInt64) -> KeyedStreams { KeyedStreams(StreamKey(high: 2026, low: seed)) }

/// Independent fair spins.
func randomSpins(_ sites: Configurations.Sites, count: Int, seed: UInt64) -> Configurations {
  var spins = Configurations(count: count, sites: sites)
  for row in 0..<count {
    var choices = testStreams(seed).generator(replica: row, step: 0, site: 0, purpose: .initial)
    for site in 0..<sites.count { spins[row, site] = choices.bernoulli(0.5) }
  }
  return spins
}

/// The 4x4 Ising torus by enumeration.
struct SmallTorus {
  /// exp(-H) / Z of each of the 65,536 states; site s is bit s.
  let probabilities: [Double]

  init(coupling: Double) {
    let weights = (0..<1 << 16).map { state -> Double in
      var bonds = 0
      for s in 0..<16 {
        let right = s / 4 * 4 + (s + 1) % 4, below = (s + 4) % 16
        bonds += (state >> s ^ state >> right) & 1 == 0 ? 1 : -1
        bonds += (state >> s ^ state >> below) & 1 == 0 ? 1 : -1
      }
      return exp(coupling * Double(bonds))
    }
    let total = weights.reduce(0, +)
    probabilities = weights.map { $0 / total }
  }

  func mean(_ function: (Int) -> Double) -> Double {
    var sum = 0.0
    for (state, p) in probabilities.enumerated() { sum += p * function(state) }
    return sum
  }

  /// Independent samples, by inverting the distribution function.
  func samples(_ count: Int, seed: UInt64) -> Configurations {
    Configurations(count: count, sites: .lattice([4, 4]), of: probabilities) { row in
      var choices = testStreams(seed).generator(replica: row, step: 0, site: 0, purpose: .initial)
      return choices.uniform()
    }
  }
}

/// The sum of the +-1 spins of a 16-bit state.
func magnetization(_ state: Int) -> Int { 2 * state.nonzeroBitCount - 16 }
/// s_a s_b of a state.
func product(_ state: Int, _ a: Int, _ b: Int) -> Double { (state >> a ^ state >> b) & 1 == 0 ? 1 : -1 }

/// A machine whose hidden units each read one 2x2 block of an L x L torus with weights +-`strength` (odd units
/// negative), the blocks' corners moved by one site from the origin so that some lie across the boundary.
func plantedMachine(_ units: UnitValues, size: Int, strength: Double) -> RestrictedBoltzmannMachine<Double> {
  let half = size / 2, hidden = half * half
  var weights = [Double](repeating: 0, count: size * size * hidden), visible = [Double](repeating: 0, count: size * size)
  var bias = [Double](repeating: 0, count: hidden)
  for j in 0..<hidden {
    for k in 0..<4 {
      let x = (2 * (j / half) + 1 + k / 2) % size, y = (2 * (j % half) + 1 + k % 2) % size
      weights[(x * size + y) * hidden + j] = j % 2 == 1 ? -strength : strength
      // With 0/1 units these biases make the law symmetric under turning all spins of both layers.
      if units == .zeroOne {
        visible[x * size + y] -= (j % 2 == 1 ? -strength : strength) / 2
        bias[j] -= (j % 2 == 1 ? -strength : strength) / 2
      }
    }
  }
  return RestrictedBoltzmannMachine(
    units: units, visible: size * size, hidden: hidden, weights: weights, visibleBias: visible, hiddenBias: bias)
}
