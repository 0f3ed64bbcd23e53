import Archives
import Glibc
import InformationTheory
import Laws
import Oracles
import Statistics
import Testing

/// Counts of `samples` draws from a law.
private func draw(_ law: [Double], samples: Int, from random: inout SplitMix64) -> [Int] {
  var counts = [Int](repeating: 0, count: law.count)
  for _ in 0..<samples {
    var u = random.uniform()
    var symbol = 0
    while symbol < law.count - 1 && u >= law[symbol] {
      u -= law[symbol]
      symbol += 1
    }
    counts[symbol] += 1
  }
  return counts
}

@Suite("Entropy from counts")
struct EntropyTests {
  @Test("with many samples every estimator finds the entropy of the law")
  func consistency() {
    var random = SplitMix64(seed: 17)
    let law = [0.35, 0.25, 0.2, 0.1, 0.07, 0.03]
    let counts = draw(law, samples: 200_000, from: &random)
    let exact = entropy(ofProbabilities: law)
    // sigma of -ln p under the law, over sqrt N, is 0.0016.
    for estimator in EntropyEstimator.allCases { #expect(abs(estimator.entropy(counts) - exact) < 0.0064) }
  }

  @Test("with few samples the corrections remove most of the plug-in bias, which is -(m - 1)/2N")
  func bias() {
    var random = SplitMix64(seed: 18)
    let law = [Double](repeating: 1.0 / 16, count: 16)
    var deviations = [EntropyEstimator: Moments]()
    for _ in 0..<3000 {
      let counts = draw(law, samples: 80, from: &random)
      for estimator in EntropyEstimator.allCases {
        deviations[estimator, default: .empty].add(estimator.entropy(counts) - log(16.0))
      }
    }
    let plugIn = deviations[.plugIn]!.mean
    #expect(abs(plugIn + 15.0 / 160) < 0.01)
    for estimator in [EntropyEstimator.millerMadow, .grassberger] {
      #expect(abs(deviations[estimator]!.mean) < 0.25 * abs(plugIn), "\(estimator)")
    }
    // Chao-Shen overcorrects a flat law whose symbols are nearly all seen.
    #expect(abs(deviations[.chaoShen]!.mean) < 0.6 * abs(plugIn))
  }

  @Test("with more symbols than samples Chao-Shen and Grassberger come nearer than Miller-Madow")
  func undersampled() {
    var random = SplitMix64(seed: 19)
    let law = [Double](repeating: 1.0 / 200, count: 200)
    var found = [EntropyEstimator: Moments]()
    for _ in 0..<300 {
      let counts = draw(law, samples: 100, from: &random)
      for estimator in EntropyEstimator.allCases { found[estimator, default: .empty].add(estimator.entropy(counts)) }
    }
    let misses = found.mapValues { abs($0.mean - log(200.0)) }
    #expect(misses[.millerMadow]! < misses[.plugIn]!)
    #expect(misses[.grassberger]! < misses[.millerMadow]!)
    #expect(misses[.chaoShen]! < 0.3 * misses[.millerMadow]!)
  }

  @Test("a symbol that never varies has no entropy, and a fair coin has ln 2")
  func certain() {
    for estimator in EntropyEstimator.allCases {
      #expect(abs(estimator.entropy([0, 1_000_000, 0])) < 1e-5)
      #expect(abs(estimator.entropy([5_000_000, 5_000_000]) - log(2.0)) < 1e-6)
      // Chao-Shen keeps a coverage above zero when all symbols were seen once.
      #expect(estimator.entropy([1, 1, 1, 1]).isFinite)
      #expect(estimator.entropy([1]).isFinite)
      #expect(estimator.entropy([]).isNaN && estimator.entropy([0, 0]).isNaN)
    }
    #expect(EntropyEstimator.plugIn.entropy([7]) == 0)
    #expect(entropy(ofProbabilities: [0.5, -0.1]).isNaN)
    #expect(abs(binaryEntropy(0.11) - entropy(ofProbabilities: [0.11, 0.89])) < 1e-15)
    #expect(binaryEntropy(0) == 0 && binaryEntropy(1.5).isNaN)
  }
}

@Suite("Mutual information")
struct MutualInformationTests {
  /// Symbols (x, y) with y = x half of the time and uniform otherwise, 3 symbols each.
  private let law: [Double] = (0..<9).map { ($0 / 3 == $0 % 3 ? 0.5 / 3 : 0) + 0.5 / 9 }

  private func counts(samples: Int, _ random: inout SplitMix64) -> JointCounts {
    JointCounts(rows: 3, columns: 3, counts: draw(law, samples: samples, from: &random))
  }

  @Test("marginals, entropies and mutual information of counts follow their definitions")
  func definitions() {
    let counts = JointCounts(rows: 2, columns: 3, counts: [4, 0, 6, 1, 5, 4])
    #expect(counts.rowCounts == [10, 10] && counts.columnCounts == [5, 5, 10] && counts.total == 20)
    let direct = mutualInformation(ofJoint: counts.counts.map { Double($0) / 20 }, rows: 2, columns: 3)
    #expect(abs(counts.mutualInformation(.plugIn) - direct) < 1e-14)
    #expect(abs(counts.plugInBias - 2.0 / 40) < 1e-16)
    // Miller-Madow counts occurring cells: (2 - 1) + (3 - 1) - (5 - 1).
    #expect(abs(counts.mutualInformation(.millerMadow) - direct - (1 + 2 - 4) / 40.0) < 1e-14)
    #expect(JointCounts.empty.mutualInformation(.plugIn).isNaN)
  }

  @Test("the bias of the plug-in value is (|X| - 1)(|Y| - 1)/2N, and the corrected value has none")
  func bias() {
    let exact = mutualInformation(ofJoint: law, rows: 3, columns: 3)
    var random = SplitMix64(seed: 40)
    var plugIn = Moments()
    var analytic = Moments()
    var corrected = Moments()
    for _ in 0..<4000 {
      let sample = counts(samples: 100, &random)
      plugIn.add(sample.mutualInformation(.plugIn) - exact)
      analytic.add(sample.mutualInformation(.plugIn) - sample.plugInBias - exact)
      corrected.add(sample.mutualInformation(.millerMadow) - exact)
    }
    #expect(abs(plugIn.mean - 4.0 / 200) < 0.004)
    #expect(abs(analytic.mean) < 0.004)
    #expect(abs(corrected.mean) < 0.004)
  }

  @Test("pulls of the jackknife error over 100 seeds have mean 0 and variance 1")
  func pulls() throws {
    let exact = mutualInformation(ofJoint: law, rows: 3, columns: 3)
    var pulls = Moments()
    for seed in 0..<100 {
      var random = SplitMix64(seed: UInt64(9000 + seed))
      let found = mutualInformation(blocks: (0..<40).map { _ in counts(samples: 100, &random) })
      pulls.add((found.nats - exact) / (try #require(found.standardError)))
    }
    #expect(abs(pulls.mean) < 0.3)
    #expect(abs(pulls.variance - 1) < 0.4)
  }

  @Test("counting every sample sixteen times over does not shrink the block error")
  func correlatedBlocks() throws {
    // As a chain that stands still for 16 steps at a time: 64 blocks of 640 counts hold 40 independent pairs each.
    var random = SplitMix64(seed: 77)
    var blocks: [JointCounts] = []
    var naive: [JointCounts] = []
    for _ in 0..<64 {
      let sample = counts(samples: 40, &random)
      naive.append(sample)
      blocks.append(JointCounts(rows: 3, columns: 3, counts: sample.counts.map { 16 * $0 }))
    }
    let a = try #require(mutualInformation(blocks: naive, estimator: .plugIn).standardError)
    let b = try #require(mutualInformation(blocks: blocks, estimator: .plugIn).standardError)
    #expect(abs(a - b) < 1e-12)
  }

  @Test("the value does not depend on how counts are cut into blocks; the ceiling is the smaller alphabet")
  func blocks() throws {
    var random = SplitMix64(seed: 5)
    let parts = (0..<12).map { _ in counts(samples: 50, &random) }
    var halves = [JointCounts.empty, .empty]
    for (i, part) in parts.enumerated() { halves[i % 2].merge(part) }
    let many = try EntropyEstimator.millerMadow.estimate(parts)
    let few = try EntropyEstimator.millerMadow.estimate(halves + [.empty])
    #expect(many.nats == few.nats)
    #expect(many.ceiling == log(3.0))
    #expect(try EntropyEstimator.plugIn.estimate([parts[0]]).standardError == nil)
    #expect(throws: EstimationError.tooFewSamples(found: 0, required: 1)) { try EntropyEstimator.plugIn.estimate([]) }
    #expect(mutualInformation(blocks: [.empty]).nats.isNaN)
  }

  @Test("joint counts merge exactly, give back what was merged, and survive an archive")
  func jointCounts() throws {
    var random = SplitMix64(seed: 6)
    let a = counts(samples: 90, &random)
    var b = counts(samples: 10, &random)
    b.add(row: 2, column: 1, times: 3)
    var sum = JointCounts.empty
    sum.merge(a)
    sum.merge(b)
    sum.merge(.empty)
    #expect(sum.total == 103)
    sum.subtract(b)
    #expect(sum == a)
    try mergeLaws([a, b, .empty, a], equal: ==)
    try checkpointLaws(b, equal: ==)
    try checkpointLaws(JointCounts.empty, equal: ==)
    let archive = MemoryArchive()
    #expect(throws: ArchiveError.missing(path: "elsewhere/version")) { try JointCounts(from: archive, at: "elsewhere") }
  }

  @Test("the binned normal pair approaches the closed form as bins get finer, and never exceeds it")
  func binnedGaussian() {
    for rho in [-0.6, 0.3, 0.9] {
      let exact = gaussianMutualInformation(correlation: rho)
      var last = 0.0
      for bins in [2, 4, 16, 64, 256] {
        let law = BinnedGaussian(correlation: rho, bins: bins, range: 4)
        #expect(abs(law.probabilities.reduce(0, +) - 1) < 1e-13)
        let found = law.mutualInformation
        #expect(found > last && found < exact)
        last = found
      }
      #expect(exact - last < 2e-3)
    }
    // Two bins: the orthant law, P(same sign) = 1/2 + arcsin(rho)/pi.
    let law = BinnedGaussian(correlation: 0.7, bins: 2, range: 1)
    #expect(abs(law.probabilities[0] + law.probabilities[3] - (0.5 + asin(0.7) / Double.pi)) < 1e-13)
    #expect(gaussianMutualInformation(correlation: 1) == .infinity && gaussianMutualInformation(correlation: 2).isNaN)
    let bins = BinnedGaussian(correlation: 0, bins: 4, range: 2)
    #expect([-9, -1.01, -0.99, 0.5, 1, 7, .nan].map(bins.bin(of:)) == [0, 0, 1, 2, 3, 3, 0])
    #expect(abs(bins.mutualInformation) < 1e-13)
  }

  @Test("the information of two spins follows from their moments")
  func spins() {
    // On a torus: enumerate, and compare with the joint law of two spins.
    let lattice = EnumeratedIsing(columns: 3, rows: 3)
    for field in [0, 0.2] {
      let pair: (Int) -> Double = { Double(lattice.spin($0, 0) * lattice.spin($0, 4)) }
      let one: (Int) -> Double = { Double(lattice.spin($0, 0)) }
      let cells: [(Int) -> Double] = (0..<4).map { cell in
        { lattice.spin($0, 0) == (cell < 2 ? -1 : 1) && lattice.spin($0, 4) == (cell % 2 == 0 ? -1 : 1) ? 1 : 0 }
      }
      let found = lattice.averages(coupling: 0.3, field: field, of: [pair, one] + cells).averages
      let direct = mutualInformation(ofJoint: Array(found[2...]), rows: 2, columns: 2)
      let moments = spinMutualInformation(correlation: found[0], magnetizations: (found[1], found[1]))
      #expect(abs(moments - direct) < 1e-14)
    }
    #expect(abs(spinMutualInformation(correlation: 0.3) - spinMutualInformation(correlation: 0.3, magnetizations: (1e-12, 0))) < 1e-12)
    #expect(abs(spinMutualInformation(correlation: 1e-9) - 0.5e-18) < 1e-30)
    #expect(spinMutualInformation(correlation: -1) == log(2.0))
    #expect(spinMutualInformation(correlation: 1.1).isNaN)
    #expect(spinMutualInformation(correlation: -1, magnetizations: (0.5, 0.5)).isNaN)
    #expect(abs(spinMutualInformation(correlation: 1, magnetizations: (0.4, 0.4)) - binaryEntropy(0.3)) < 1e-14)
  }
}
