import Glibc
import InformationTheory
import Oracles
import Statistics
import Testing

@Suite("Mutual information from bins and from noise")
struct BinnedTests {
  @Test("fixed bins of a normal pair give the exact information of the bin numbers, within 4 sigma")
  func fixed() throws {
    let samples = try normalPairs(20_000, dimension: 1, correlation: 0.9, seed: 4)
    let found = try BinnedEstimator(bins: 8, rule: .fixed(-3...3)).estimate(samples)
    let exact = BinnedGaussian(correlation: 0.9, bins: 8, range: 3).mutualInformation
    let error = try #require(found.standardError)
    #expect(abs(found.nats - exact) < 4 * error && error < 0.01)
    #expect(found.ceiling == log(8.0))
  }

  @Test("quantile bins do not see a monotonic change of scale; no bins say more than the variables")
  func quantile() throws {
    let samples = try normalPairs(4000, dimension: 1, correlation: 0.8, seed: 9)
    let estimator = BinnedEstimator(bins: 12)
    let found = try estimator.estimate(samples)
    let bent = try estimator.estimate(try PairedSamples(x: samples.x.map { exp(2 * $0) }, y: samples.y.map { $0 * $0 * $0 }))
    #expect(bent.nats == found.nats && bent.standardError == found.standardError)
    #expect(found.nats < gaussianMutualInformation(correlation: 0.8) && found.nats > 0.8 * gaussianMutualInformation(correlation: 0.8))
    for rule in [BinRule.quantile, .equalWidth] {
      let constant = try BinnedEstimator(bins: 5, rule: rule).estimate(try PairedSamples(x: samples.x, y: Array(repeating: 2, count: 4000)))
      #expect(abs(constant.nats) < 1e-12)
    }
  }

  @Test("independent data give zero within the error for the corrections of the plug-in bias, 200 seeds")
  func independent() throws {
    // Chao and Shen's estimate keeps the bias of plug-in where every cell is seen; Grassberger's needs counts that vary.
    for entropy in [EntropyEstimator.millerMadow, .grassberger] {
      // With quantile bins the counts of a margin do not vary.
      let rules: [BinRule] = entropy == .millerMadow ? [.fixed(-1.4...1.4), .quantile] : [.fixed(-1.4...1.4)]
      for rule in rules {
        var pulls = Moments(), values = Moments()
        for seed in 0..<200 {
          let samples = try normalPairs(500, dimension: 1, correlation: 0, seed: UInt64(7000 + seed))
          let found = try BinnedEstimator(bins: 4, rule: rule, entropy: entropy).estimate(samples)
          pulls.add(found.nats / (try #require(found.standardError)))
          values.add(found.nats)
        }
        // The plug-in bias is 9/1000 here.
        #expect(abs(values.mean) < 4 * values.standardError + 0.0005, "\(entropy), \(rule)")
        #expect(pulls.variance < 1.6, "\(entropy), \(rule): \(pulls.variance)")
      }
    }
  }

  @Test("Kolchinsky and Tracey's bounds enclose the exact information; far or near values give ln N and 0")
  func noisyMaps() throws {
    let values = gauss(seed: 3, count: 41)
    for variance in [0.01, 0.1, 1, 10] {
      let bounds = try NoisyMapInformation(values: values, dimension: 1, noiseVariance: variance)
      let exact = NoisyMapInformation.exact(values: values, noiseVariance: variance)
      #expect(bounds.lower <= exact && exact <= bounds.upper)
      // The same with a silent second component.
      let padded = try NoisyMapInformation(values: values.flatMap { [$0, 1] }, dimension: 2, noiseVariance: variance)
      #expect(abs(padded.lower - bounds.lower) < 1e-12 && abs(padded.upper - bounds.upper) < 1e-12)
    }
    let far = try NoisyMapInformation(values: [0, 100, 200, 300], dimension: 1, noiseVariance: 1)
    #expect(abs(far.lower - log(4)) < 1e-12 && abs(far.upper - log(4)) < 1e-12)
    let same = try NoisyMapInformation(values: [5, 5, 5], dimension: 1, noiseVariance: 1)
    #expect(abs(same.lower) < 1e-15 && abs(same.upper) < 1e-15)
    #expect(throws: EstimationError.notFinite(index: 1)) {
      try NoisyMapInformation(values: [0, 0, .nan, 1], dimension: 2, noiseVariance: 1)
    }
  }

  @Test("bounds within classes are those of the classes alone; labels in another order know nothing but chance")
  func noisyClasses() throws {
    let values = gauss(seed: 13, count: 3 * 203), labels = (0..<203).map { $0 * $0 % 3 == 0 ? 1 : 0 }
    let whole = try NoisyMapInformation(
      values: values, dimension: 3, noiseVariance: 0.3, labellings: [labels, [Int](repeating: 7, count: 203)])
    var lower = 0.0, upper = 0.0
    for label in 0...1 {
      let own = (0..<203).filter { labels[$0] == label }
      let part = try NoisyMapInformation(values: own.flatMap { values[3 * $0..<3 * $0 + 3] }, dimension: 3, noiseVariance: 0.3)
      lower += Double(own.count) / 203 * part.lower
      upper += Double(own.count) / 203 * part.upper
    }
    #expect(abs(whole.conditional[0].lower - lower) < 1e-12 && abs(whole.conditional[0].upper - upper) < 1e-12)
    // One class alone: Y says nothing.
    #expect(abs(whole.conditional[1].lower - whole.lower) < 1e-12 && abs(whole.conditional[1].upper - whole.upper) < 1e-12)
    #expect(throws: EstimationError.shapes(x: 609, xDimension: 3, y: 1, yDimension: 1)) {
      try NoisyMapInformation(values: values, dimension: 3, noiseVariance: 0.3, labellings: [[1]])
    }
  }

  @Test("tuples of bins are numbered as they are first seen, and tell apart what differs in any column")
  func tuples() {
    let estimator = BinnedEstimator(bins: 4, rule: .fixed(0...4))
    let found = estimator.symbols([0.5, 3.5, 1.5, 0.5, 0.5, 3.2, 0.5, 0.5, 1.9, 0.1], 2)
    #expect(found.numbers == [0, 1, 0, 2, 1] && found.count == 3)
  }

  @Test("counting in vectors sorts as the one-by-one rule does, edges, ends and outliers included")
  func counting() {
    let law = BinnedGaussian(correlation: 0, bins: 7, range: 2), bins = EqualBins(-2...2, count: 7)
    var x = gauss(seed: 8, count: 1003), y = gauss(seed: 9, count: 1003)
    for edge in 0...7 { x[edge] = -2 + 4 * Double(edge) / 7 }
    (x[20], y[21], x[1002]) = (1e300, -.infinity, .infinity)
    var plain = JointCounts(rows: 7, columns: 7)
    for (a, b) in zip(x, y) { plain.add(row: law.bin(of: a), column: law.bin(of: b)) }
    // Both rules round (x + range) to bins; at an edge they may differ by that rounding alone.
    let fast = JointCounts(x: x, y: y, bins: bins, bins)
    #expect(fast.total == 1003)
    #expect(zip(fast.counts, plain.counts).reduce(0) { $0 + abs($1.0 - $1.1) } <= 4)
    let without = JointCounts(x: Array(x[8...]), y: Array(y[8...]), bins: bins, bins)
    var rest = JointCounts(rows: 7, columns: 7)
    for (a, b) in zip(x[8...], y[8...]) { rest.add(row: law.bin(of: a), column: law.bin(of: b)) }
    #expect(without == rest)
  }
}
