import Glibc
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct LatticeMatchingTests {
  /// Independent rings of `sites` spins at coupling K, by inverting the distribution function of the exact law.
  private func rings(_ sites: Int, _ coupling: Double, count: Int, seed: UInt64) -> Configurations {
    let weights = (0..<1 << sites).map { state -> Double in
      let unlike = (state ^ (state >> 1 | (state & 1) << (sites - 1))).nonzeroBitCount
      return exp(coupling * Double(sites - 2 * unlike))
    }
    var draws = testStreams(seed).series(replica: 0, step: 0, site: 0, purpose: .initial)
    return Configurations(count: count, sites: .lattice([sites]), of: weights) { _ in draws.uniform() }
  }

  private func counted(_ sites: Int, steps: Int, _ coupling: Double, count: Int, seed: UInt64) throws -> (
    MonteCarloRenormalization, BlockedCounts
  ) {
    var levels = [rings(sites, coupling, count: count, seed: seed)]
    for step in 0..<steps { levels.append(try Decimation(block: 2).coarsen(levels[step], firstSample: 0, from: testStreams(1))) }
    var probe = try MonteCarloRenormalization(
      shape: [sites], scale: 2, steps: steps, even: [.nearestOnRing], odd: [.magnetization],
      samples: SampleBlocks(samples: count, blocks: 20))
    var counts = probe.noCounts
    try probe.count(levels, firstSample: 0, into: &counts)
    return (probe, counts)
  }

  /// <s s'> of neighbours on a ring.
  private func neighbours(_ coupling: Double, _ sites: Int) -> Double {
    let t = tanh(coupling), n = Double(sites)
    return (t + pow(t, n - 1)) / (1 + pow(t, n))
  }

  @Test("matched rings have the exact shift, exponent and coupling, with errors as large as the spread over repetitions")
  func rings() throws {
    // Where the shift is large the errors of the responses are most of it: without them that of dK would be half as large, that of K_c twice.
    let k = 1.4, repetitions = 40, count = 2000
    func coupling(_ k: Double, after steps: Int) -> Double {
      RingDecimation(scale: 2).flow(from: RingCouplings(coupling: k), steps: steps)[steps].coupling
    }
    // Of the ring of 16 after two steps and that of 8 after one, four spins each.
    func mean(_ k: Double, _ steps: Int) -> Double { neighbours(coupling(k, after: steps), 4) }
    func response(_ steps: Int) -> Double { (mean(k + 1e-5, steps) - mean(k - 1e-5, steps)) / 2e-5 }
    let shift = (mean(k, 2) - mean(k, 1)) / response(1), ratio = response(2) / response(1)
    let exact = [shift, log(ratio) / log(2.0), k - shift / (ratio - 1)]
    var found = [[Estimate]](repeating: [], count: 3)
    for repetition in 0..<repetitions {
      let (large, largeCounts) = try counted(16, steps: 2, k, count: count, seed: UInt64(2 * repetition))
      let (small, smallCounts) = try counted(8, steps: 1, k, count: count, seed: UInt64(2 * repetition + 1))
      let matches = large.matchings(largeCounts, with: small, smallCounts, coupling: k)
      #expect(matches.map(\.steps) == [1])
      for (place, one) in [matches[0].shifts[0], matches[0].exponent, matches[0].criticalCoupling].enumerated() { found[place].append(one) }
    }
    for (each, known) in zip(found, exact) {
      let values = each.map(\.value), mean = values.reduce(0, +) / Double(repetitions)
      let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repetitions - 1)).squareRoot()
      let stated = (each.reduce(0) { $0 + $1.error * $1.error } / Double(repetitions)).squareRoot()
      // The spread of 40 is known to 11 %; 4 sigma.
      #expect(abs(stated / spread - 1) < 0.45, "stated \(stated), spread \(spread)")
      #expect(abs(mean - known) < 4 * spread / Double(repetitions).squareRoot() + 0.1 * spread, "\(mean), exactly \(known)")
    }
  }

  @Test("operators that say the same on a small lattice have no exponents, whatever rounding makes of them", arguments: 0..<20)
  func dependent(seed: UInt64) throws {
    let count = 2000, fine = randomSpins(.lattice([4, 4]), count: count, seed: 700 + seed)
    let coarse = try BlockMajority(block: 2).coarsen(fine, firstSample: 0, from: testStreams(seed))
    var probe = try MonteCarloRenormalization(
      shape: [4, 4], scale: 2, steps: 1, even: [.nearest, .diagonal, .secondAlongAxes, .plaquette],
      odd: [.magnetization, .corner, .straight, .star], samples: SampleBlocks(samples: count, blocks: 20))
    var counts = probe.noCounts
    try probe.count([fine, coarse], firstSample: 0, into: &counts)
    let step = probe.steps(counts)[0]
    // On 2 x 2 sites the second neighbour is the site itself, and three in a row are a spin twice and another.
    for y in step.even.exponents[..<2] + step.odd.exponents[..<2] { #expect(y.value.isFinite && y.error.isFinite) }
    for y in step.even.exponents[2...] + step.odd.exponents[2...] { #expect(!y.value.isFinite && !y.error.isFinite) }
  }

  @Test("errors grow with longer blocks where samples come in runs of the same, and do not where they are independent")
  func growth() throws {
    let count = 6400
    for (run, bounds) in [(1, 0.8...1.25), (64, 1.5...3)] {
      // Each configuration `run` times: blocks of 16 lie within a run of 64, four of them are one.
      let drawn = rings(8, 0.5, count: (count + run - 1) / run, seed: 900 + UInt64(run))
      let words = (0..<count).map { drawn.words[$0 / run] }
      let fine = Configurations(count: count, sites: .lattice([8]), words: words)
      let coarse = try Decimation(block: 2).coarsen(fine, firstSample: 0, from: testStreams(1))
      var probe = try MonteCarloRenormalization(
        shape: [8], scale: 2, steps: 1, even: [.nearestOnRing], odd: [.magnetization], samples: SampleBlocks(samples: count, blocks: 400))
      var counts = probe.noCounts
      try probe.count([fine, coarse], firstSample: 0, into: &counts)
      let found = probe.errorGrowth(counts, factor: 4)
      #expect(bounds.contains(found), "\(found)")
      #expect(probe.errorGrowth(counts, factor: 100).isNaN)
    }
  }

  @Test("a reading of the environment by a sum of spins tells at most what there is, and at least what any weights tell")
  func reading() {
    for coupling in [0.2, 0.35, 0.44] {
      let law = BlockEnvironment(coupling: coupling)
      for rule in [BlockRule.majority, BlockRule.decimation] {
        let best = law.linearReading(rule)
        #expect(best <= law.information(rule) && best > 0.5 * law.information(rule))
        for weight in [0.02, 0.1, 0.25] {
          // ln 2 + <ln q(h | E)> with this weight of every spin.
          var value = log(2.0)
          for v in 0..<16 {
            for e in 0..<BlockEnvironment.classes {
              var sum = Double(2 * (e & 255).nonzeroBitCount - 8), corners = e >> 8
              for _ in 0..<4 {
                sum += Double(2 * (corners % 3) - 2)
                corners /= 3
              }
              let p = law.law[v * BlockEnvironment.classes + e], g = weight * sum
              value -= p * (rule[v] * log1p(exp(-2 * g)) + (1 - rule[v]) * log1p(exp(2 * g)))
            }
          }
          #expect(value <= best + 1e-12)
        }
      }
    }
  }
}
