internal import Glibc
internal import LatticeSystems
internal import RandomStreams
internal import Renormalization
internal import Runtime
internal import Sampling
internal import Statistics

extension MonteCarloRGKnownValues {
  /// The same small systems from independent samples of their exact laws, as a simulation would see them.
  static let sampled: [Check] = [Check("B4", .fast, sampledRing), Check("B5", .fast, sampledTorus)]

  /// Independent samples of a law of 2^sites weights.
  private static func samples(_ weights: [Double], count: Int, shape: [Int], seed: UInt64) -> Configurations {
    var draws = KeyedStreams(StreamKey(high: 0xB, low: seed)).series(replica: 0, step: 0, site: 0, purpose: .initial)
    return Configurations(count: count, sites: .lattice(shape), of: weights) { _ in draws.uniform() }
  }
  private static func near(_ what: String, _ expected: Double, _ found: Estimate, most: Double) -> KnownValue {
    KnownValue(what, expected: expected, found: found.value, error: found.error, .sigmas(4, largestError: most))
  }

  @Sendable private static func sampledRing() throws -> [KnownValue] {
    let sites = 12, count = 400_000
    let states = 0..<(1 << sites)
    let weights = states.map { (state: Int) -> Double in
      let turned = state >> 1 | (state & 1) << (sites - 1), unlike = (state ^ turned).nonzeroBitCount
      return exp(0.5 * Double(sites - 2 * unlike))
    }
    let fine = samples(weights, count: count, shape: [sites], seed: 4)
    let coarse = try Decimation(block: 2).coarsen(fine, firstSample: 0, from: KeyedStreams(StreamKey(high: 0, low: 0)))
    var probe = try MonteCarloRenormalization(
      shape: [sites], scale: 2, steps: 1, even: [.nearestOnRing], odd: [.magnetization], samples: SampleBlocks(samples: count, blocks: 50))
    var counts = probe.noCounts
    try probe.count([fine, coarse], firstSample: 0, into: &counts)
    let known = log(0.761594155956) / log(2.0)
    return [near("ring of 12 at K = 0.5, 400,000 samples: ln T / ln 2", known, probe.steps(counts)[0].even.exponents[0], most: 0.01)]
  }

  @Sendable private static func sampledTorus() throws -> [KnownValue] {
    let count = 100_000, model = try IsingModel(SquareLattice(size: 4), coupling: IsingModel.criticalCoupling)
    let all = Configurations(count: 1 << 16, sites: .lattice([4, 4]), words: (0..<UInt64(1) << 16).map { $0 })
    let weights = (0..<all.count).map { (state: Int) -> Double in exp(-model.coupling * Double(model.energy(all, state) + 32)) }
    let fine = samples(weights, count: count, shape: [4, 4], seed: 5)
    let coarse = try BlockMajority(block: 2).coarsen(fine, firstSample: 0, from: KeyedStreams(StreamKey(high: 0xB, low: 6)))
    let even = [SpinOperator.nearest, .diagonal, .plaquette]
    var probe = try MonteCarloRenormalization(
      shape: [4, 4], scale: 2, steps: 1, even: even, odd: [.magnetization, .corner], samples: SampleBlocks(samples: count, blocks: 50))
    var counts = probe.noCounts
    try probe.count([fine, coarse], firstSample: 0, into: &counts)
    let step = probe.steps(counts)[0], level = probe.levels(counts)[1]
    let fit = try CouplingInference(even, sites: coarse.sites).couplings(of: coarse).couplings
    let unit = log(2.0)
    var values = [
      near("100,000 samples: ln lambda_e / ln 2, three operators", log(1.979888651) / unit, step.even.exponents[2], most: 0.02),
      near("one even operator", log(1.827500446514) / unit, step.even.exponents[0], most: 0.02),
      near("ln lambda_o / ln 2, two operators", log(3.669606145) / unit, step.odd.exponents[1], most: 0.02),
      near("one odd operator", log(3.653996799055) / unit, step.odd.exponents[0], most: 0.02),
    ]
    for (k, known) in [6.853591003750, 6.675051519963, 3.139851138150].enumerated() {
      values.append(near("<S'> per site [\(k)]", known / 4, level.even[k], most: 0.01))
    }
    for (k, known) in [0.346450170771, 0.081846018116, 0.004908632446].enumerated() {
      values.append(near("K' of the block spins by pseudo-likelihood [\(k)]", known, fit[k], most: 0.01))
    }
    return values
  }
}
