import BoltzmannMachines
import Glibc
import GradientFlows
import LatticeSystems
import LinearAlgebra
import MessagePassing
import RandomStreams
import Renormalization
public import Runtime
import Sampling
import Statistics

/// Known values of machines that learn the Ising model: B10, how near a few hidden units come to its law, and B11, receptive fields, with the control temperature.
public enum LearnedFieldKnownValues {
  public static let checks: [Check] = [
    Check("B10", .slow) { try nearness() }, Check("B11", .slow) { try fields() }, Check("B11", .slow) { try control() },
    Check("B11", .study) {
      try values("L = 40, 400 hidden, L1 .002, 20 epochs", size: 40, hidden: 400, l1: 2e-3, epochs: 20, ratio: 0.2, coherence: nil)
    },
  ]

  // MARK: B10

  /// D_KL of +-1 machines without biases from the critical 4x4 torus, by Adam along the exact gradient; the better of two starts.
  private static func nearness() throws -> [KnownValue] {
    let law = try TorusLaw()
    return try [(2, 0.46), (4, 0.25), (8, 0.074), (16, 0.016)].map { hidden, known in
      let reached = try (0..<2).map { try law.trained(hidden: hidden, start: $0) }.min() ?? .nan
      return KnownValue("4x4 torus at K_c, \(hidden) hidden units, exact gradient: D_KL", expected: 1.3 * known, found: reached, .atMost)
    }
  }

  /// The states of the 4x4 torus whose last spin is up; the other half are the same with all spins turned.
  private struct TorusLaw {
    static let states = 1 << 15, sites = 16
    /// `[states, sites]` of +-1; P of a state and its mirror image together.
    var spins: [Double] = [], probabilities: [Double]

    init() throws {
      let model = try IsingModel(SquareLattice(size: 4), coupling: IsingModel.criticalCoupling)
      let all = Configurations(
        count: Self.states, sites: .lattice([4, 4]), words: (0..<Self.states).map { UInt64($0) | 1 << 15 })
      for state in 0..<Self.states { for site in 0..<Self.sites { spins.append(all[state, site] ? 1 : -1) } }
      let logs = (0..<Self.states).map { -model.coupling * Double(model.energy(all, $0)) }, total = Elementwise.logSumExp(logs)
      probabilities = logs.map { exp($0 - total) }
    }

    func trained(hidden: Int, start: Int) throws -> Double {
      let streams = KeyedStreams(StreamKey.derive(seed: 10, study: "known values", unit: "B10 \(hidden) \(start)")), steps = 600
      var draws = streams.generator(replica: 0, step: 0, site: 0, purpose: .weights)
      var point = Weights(values: (0..<Self.sites * hidden).map { _ in 0.2 * draws.normal() }), rule = Adam<Double>(rate: 0.05)
      var best = Double.infinity
      for step in 0..<steps {
        rule.rate = 0.05 * RateSchedule.cosine.factor(Double(step) / Double(steps))
        let (divergence, gradient) = divergence(point.values, hidden)
        best = min(best, divergence)
        rule.step(&point, along: Weights(values: gradient))
      }
      return min(best, divergence(point.values, hidden).0)
    }

    /// D_KL(P || p) and minus its gradient, p(v) = prod_j 2cosh theta_j / Z.
    private func divergence(_ weights: [Double], _ hidden: Int) -> (Double, [Double]) {
      var theta = [Double](repeating: 0, count: Self.states * hidden)
      Linear.multiply(spins, weights, rows: Self.states, inner: Self.sites, columns: hidden, into: &theta)
      var logs = [Double](repeating: 0, count: Self.states)
      for state in 0..<Self.states {
        var sum = 0.0
        for j in state * hidden..<(state + 1) * hidden {
          let x = abs(theta[j]), e = exp(-2 * x), t = (1 - e) / (1 + e)
          sum += x + log1p(e)
          theta[j] = theta[j] < 0 ? -t : t
        }
        logs[state] = sum
      }
      let total = Elementwise.logSumExp(logs)
      var divergence = 0.0
      for state in 0..<Self.states {
        let p = probabilities[state], model = exp(logs[state] - total)
        divergence += p * (log(p) - logs[state] + total)
        for j in state * hidden..<(state + 1) * hidden { theta[j] *= p - model }
      }
      var gradient = [Double](repeating: 0, count: Self.sites * hidden)
      Linear.multiply(spins, transposed: true, theta, rows: Self.sites, inner: Self.states, columns: hidden, into: &gradient)
      return (divergence, gradient)
    }
  }
  private struct Weights: Space {
    var values: [Double]
    var blockCount: Int { 1 }
    func role(of index: Int) -> BlockRole { .weights }
    subscript(block index: Int) -> [Double] {
      get { values }
      _modify { yield &values }
    }
  }

  // MARK: B11

  private static func fields() throws -> [KnownValue] {
    try values("L = 20, 100 hidden, L1 .002, 40 epochs", size: 20, hidden: 100, l1: 2e-3, epochs: 40, ratio: 0.25, coherence: 0.6)
      + values("L = 20, L1 .0002", size: 20, hidden: 100, l1: 2e-4, epochs: 40, ratio: 0.45, coherence: nil)
  }

  /// Receptive fields of a machine trained by centred CD-1 on 20,000 configurations at K = 0.408.
  private static func values(
    _ name: String, size: Int, hidden: Int, l1: Float, epochs: Int, ratio: Double, coherence: Double?
  ) throws -> [KnownValue] {
    let (layer, source) = try trained(name, size: size, hidden: hidden, l1: l1, epochs: epochs, coupling: 0.408)
    let found = layer.fields.relativeRadius(nullRadii: layer.fields.nullRadii(effective: layer.effectiveWeights, from: source)).value
    var values = [KnownValue("\(name): median R over R of permuted sites", expected: ratio, found: found, .atMost)]
    if let coherence {
      values.append(KnownValue("\(name): coherence", expected: coherence, found: layer.fields.coherence.value, .atLeast))
      values.append(KnownValue("\(name): dead units", expected: 0.02, found: layer.fields.deadFraction, .atMost))
    }
    return values
  }

  private static func samples(_ size: Int, coupling: Double, chains: Int, from source: KeyedStreams) throws -> Configurations {
    let sampler = try IsingChainSampler(IsingModel(SquareLattice(size: size), coupling: coupling), move: .swendsenWang, interval: 5)
    var words: [UInt64] = []
    for chain in 0..<chains {
      var spins = sampler.start(chain, from: source), steps: UInt64 = 0
      _ = try sampler.draw(&spins, chain: chain, steps: &steps, count: 20, from: source)
      words += try sampler.draw(&spins, chain: chain, steps: &steps, count: 1000, from: source).words
    }
    return Configurations(count: 1000 * chains, sites: .lattice([size, size]), words: words)
  }

  /// A machine's layer after training, and the streams of the check.
  private static func trained(
    _ name: String, size: Int, hidden: Int, l1: Float, epochs: Int, coupling: Double
  ) throws -> (layer: BoltzmannLayer<Float>, source: KeyedStreams) {
    let key = StreamKey.derive(seed: 11, study: "known values", unit: "B11 \(name)"), source = KeyedStreams(key)
    let data = try samples(size, coupling: coupling, chains: 20, from: source)
    let trainer = ContrastiveDivergence(
      data, hidden: hidden, units: .zeroOne, settings: .init(batch: 100, shards: 4), key: key, rank: 0, ranks: 1)
    var state = TrainingState(
      .random(units: .zeroOne, visible: size * size, hidden: hidden, offset: 0.5, deviation: 0.01, from: source),
      rule: Momentum(rate: 0.05, momentum: 0.5, l1: l1))
    while state.reconstructionErrors.count < epochs {
      _ = try trainer.advance(&state, batches: trainer.batchesPerEpoch, on: SoloCommunicator())
    }
    return (try BoltzmannLayer(state.parameters.machine, on: [size, size]), source)
  }

  /// The control temperature: at K = 0.3 block spins are not correlated at distance 8. (A machine trained there has dead units alone.)
  private static func control() throws -> [KnownValue] {
    let test = try samples(32, coupling: 0.3, chains: 4, from: KeyedStreams(StreamKey(high: 0xB11, low: 3)))
    let source = KeyedStreams(StreamKey(high: 0xB11, low: 4))
    let majority = try BlockMajority(block: 2).coarsen(test, firstSample: 0, from: source)
    let probe = try PairProbe(sites: majority.sites, spacing: 2, distances: [8], samples: SampleBlocks(samples: test.count, blocks: 20))
    var counts = probe.noCounts
    try probe.count(majority, firstSample: 0, into: &counts)
    let found = probe.results(counts)[0]?.correlation.value ?? .nan
    return [KnownValue("K = 0.3, majority of 2x2: correlation at distance 8", expected: 0.02, found: abs(found), .atMost)]
  }
}
