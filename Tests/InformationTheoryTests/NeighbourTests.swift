import Glibc
import InformationTheory
import Laws
import Oracles
import Statistics
import Testing

/// Samples of d independent normal pairs of correlation rho.
func normalPairs(_ count: Int, dimension d: Int, correlation rho: Double, seed: UInt64) throws -> PairedSamples {
  let x = gauss(seed: seed, count: count * d), z = gauss(seed: seed + 1_000_003, count: count * d)
  return try PairedSamples(x: x, xDimension: d, y: zip(x, z).map { rho * $0 + sqrt(1 - rho * rho) * $1 }, yDimension: d)
}

/// Counts by looking at every pair, in doubles.
private func plainCounts(_ samples: PairedSamples, queries: Range<Int>, k: Int, variant: KraskovEstimator.Variant) -> NeighbourCounts {
  func distance(_ values: [Double], _ d: Int, _ i: Int, _ j: Int) -> Double {
    (0..<d).map { abs(values[i * d + $0] - values[j * d + $0]) }.max() ?? 0
  }
  var counts = NeighbourCounts.empty
  for i in queries {
    let others = (0..<samples.count).filter { $0 != i }
    let dx = others.map { distance(samples.x, samples.xDimension, i, $0) },
      dy = others.map { distance(samples.y, samples.yDimension, i, $0) }
    let near = Array(others.indices.sorted { (max(dx[$0], dy[$0]), $0) < (max(dx[$1], dy[$1]), $1) }.prefix(k))
    switch variant {
    case .first:
      let radius = max(dx[near[k - 1]], dy[near[k - 1]])
      counts.x.append(dx.count { $0 < radius })
      counts.y.append(dy.count { $0 < radius })
    case .second:
      let reach = (near.map { dx[$0] }.max() ?? 0, near.map { dy[$0] }.max() ?? 0)
      counts.x.append(dx.count { $0 <= reach.0 })
      counts.y.append(dy.count { $0 <= reach.1 })
    }
  }
  return counts
}

@Suite("Mutual information from neighbours")
struct NeighbourTests {
  @Test("the counts are those of looking at every pair, whatever the dimensions, scales, ties and clumps")
  func counts() throws {
    var cases: [PairedSamples] = []
    for (count, d) in [(40, 1), (513, 1), (700, 2), (600, 3), (530, 5), (517, 6)] {
      cases.append(try normalPairs(count, dimension: d, correlation: 0.7, seed: UInt64(count)))
    }
    // Integers tie, exponentials spread over many scales, and one point is far away.
    let a = gauss(seed: 5, count: 600), b = gauss(seed: 6, count: 600)
    cases.append(try PairedSamples(x: a.map { ($0 * 2).rounded() }, y: b.map { ($0 * 3).rounded() }))
    cases.append(try PairedSamples(x: a.map { exp(4 * $0) }, y: b.map { 1e-3 * $0 }))
    cases.append(try PairedSamples(x: a.enumerated().map { $0 == 7 ? 1e9 : $1 }, y: b))
    // More tiles than are shared at a time, fewer queries than share them.
    cases.append(try normalPairs(9001, dimension: 6, correlation: 0.7, seed: 77))
    for samples in cases {
      for k in [1, 4] {
        for variant in KraskovEstimator.Variant.allCases {
          let estimator = KraskovEstimator(k: k, variant: variant, tieNoise: 0)
          let queries = samples.count > 1000 ? samples.count - 21..<samples.count : 0..<samples.count
          #expect(
            try estimator.counts(samples, queries: queries) == plainCounts(samples, queries: queries, k: k, variant: variant))
        }
      }
    }
  }

  @Test("queries split over ranks in any way merge to the counts of all")
  func ranks() throws {
    let samples = try normalPairs(1200, dimension: 2, correlation: 0.5, seed: 3), estimator = KraskovEstimator()
    let whole = try estimator.counts(samples, queries: 0..<1200)
    for cuts in [[0, 1200], [0, 1, 700, 1200], [0, 300, 600, 900, 1200], [0, 0, 1200]] {
      var merged = NeighbourCounts.empty
      for (a, b) in zip(cuts, cuts.dropFirst()) { merged.merge(try estimator.counts(samples, queries: a..<b)) }
      #expect(merged == whole)
    }
    try mergeLaws([whole, .empty, NeighbourCounts(x: [1], y: [2]), whole], equal: ==)
    let parts = try estimator.stretchValues(samples, 0..<7) + estimator.stretchValues(samples, 7..<12)
    let correlated = samples.correlationInformation
    #expect(try estimator.evaluate(whole, stretchValues: parts, samples: 1200, correlationNats: correlated) == estimator.estimate(samples))
  }

  @Test("normal pairs: the value has the bias and the error that it says, over 60 seeds")
  func gaussian() throws {
    for (d, rho) in [(1, 0.6), (2, 0.6)] {
      let exact = Double(d) * gaussianMutualInformation(correlation: rho)
      for variant in KraskovEstimator.Variant.allCases {
        var values = Moments(), errors = Moments()
        for seed in 0..<60 {
          let found = try KraskovEstimator(k: 4, variant: variant).estimate(
            try normalPairs(1000, dimension: d, correlation: rho, seed: UInt64(50 + seed)))
          values.add(found.nats)
          errors.add(try #require(found.standardError))
        }
        #expect(abs(values.mean - exact) < 4 * values.standardError + 0.01, "d = \(d), variant \(variant)")
        let ratio = values.variance.squareRoot() / errors.mean
        #expect(ratio > 0.6 && ratio < 1.6, "d = \(d), variant \(variant): \(ratio)")
      }
    }
  }

  @Test(
    "the stated error is the spread over 120 seeds within a factor of 0.7 to 1.4, also near the ceiling",
    arguments: [1, 2, 5], [0.2, 1, 3, 6])
  func calibration(dimension: Int, information: Double) throws {
    let rho = sqrt(-expm1(-2 * information / Double(dimension)))
    var values = Moments(), errors = Moments()
    for seed in 0..<120 {
      let samples = try normalPairs(2000, dimension: dimension, correlation: rho, seed: UInt64(7000 + 10 * seed))
      let found = try KraskovEstimator().estimate(samples)
      values.add(found.nats)
      errors.add(try #require(found.standardError))
    }
    // The spread of 120 values is known to 6.5 %.
    let ratio = errors.mean / values.variance.squareRoot()
    #expect(ratio > 0.7 && ratio < 1.4, "stated over true: \(ratio)")
  }

  @Test("the error of a chain knows its correlation: four samples in a row around each point")
  func correlatedError() throws {
    var errors = Moments(), values = Moments()
    for seed in 0..<40 {
      let samples = try normalPairs(1000, dimension: 1, correlation: 0.6, seed: UInt64(400 + seed))
      let noise = gauss(seed: UInt64(90_000 + seed), count: 8000)
      var x: [Double] = [], y: [Double] = []
      for place in 0..<4000 {
        x.append(samples.x[place / 4] + 0.3 * noise[2 * place])
        y.append(samples.y[place / 4] + 0.3 * noise[2 * place + 1])
      }
      let found = try KraskovEstimator().estimate(try PairedSamples(x: x, y: y))
      values.add(found.nats)
      errors.add(try #require(found.standardError))
    }
    let ratio = errors.mean / values.variance.squareRoot()
    // The spread of 40 values is known to 11 %.
    #expect(ratio > 0.6 && ratio < 1.5, "stated over true: \(ratio)")
  }

  @Test("independent data give zero within the error, 200 seeds, pulls of mean 0 and width 1", arguments: KraskovEstimator.Variant.allCases)
  func independent(variant: KraskovEstimator.Variant) throws {
    var pulls = Moments()
    for seed in 0..<200 {
      let found = try KraskovEstimator(variant: variant).estimate(
        try normalPairs(1600, dimension: 1, correlation: 0, seed: UInt64(3000 + seed)))
      pulls.add(found.nats / (try #require(found.standardError)))
    }
    #expect(abs(pulls.mean) < 4 / sqrt(200))
    // Student's t of about 11 degrees of freedom has variance 1.22; sigma of the variance is 0.14.
    #expect(abs(pulls.variance - 1.22) < 0.5)
  }

  @Test("what correlations say is exact for normal pairs, blind to constant and redundant columns, infinite for equal ones")
  func correlations() throws {
    for (d, rho) in [(1, 0.6), (4, 0.8), (10, 0.9)] {
      let samples = try normalPairs(20_000, dimension: d, correlation: rho, seed: UInt64(60 + d))
      let exact = Double(d) * gaussianMutualInformation(correlation: rho)
      // The information of d correlations, each with its bias and the deviation rho / sqrt N.
      let bias = Double(d * d) / 40_000, error = rho * sqrt(Double(d) / 20_000)
      #expect(abs(samples.correlationInformation - exact - bias) < 4 * error, "d = \(d)")
    }
    let x = gauss(seed: 5, count: 500), y = gauss(seed: 6, count: 500), mixed = zip(x, y).map { $0 + $1 }
    let plain = try PairedSamples(x: x, y: mixed).correlationInformation
    let padded = try PairedSamples(x: x.flatMap { [$0, 3, 2 * $0] }, xDimension: 3, y: mixed.flatMap { [$0, 1 - $0] }, yDimension: 2)
    #expect(abs(padded.correlationInformation - plain) < 1e-9)
    #expect(try PairedSamples(x: x, y: x.map { 1 - 2 * $0 }).correlationInformation == .infinity)
    #expect(try PairedSamples(x: x, y: [Double](repeating: 1, count: 500)).correlationInformation == 0)
  }

  @Test("the flag is raised where the truth exceeds the ceiling though the estimate is far below it, and not below half of it")
  func saturation() throws {
    for (information, isRaised) in [(0.5, false), (2.0, false), (8.0, true)] {
      let rho = sqrt(-expm1(-2 * information / 10))
      let found = try KraskovEstimator().estimate(try normalPairs(2000, dimension: 10, correlation: rho, seed: 90))
      #expect(found.leansOnCeiling == isRaised, "I = \(information): \(found)")
      #expect(found.nats < 0.5 * (found.ceiling ?? 0))
    }
  }

  @Test("constant columns say nothing, repeated values get their noise, bad samples are refused")
  func treatments() throws {
    let x = gauss(seed: 1, count: 400)
    let constant = try KraskovEstimator().estimate(try PairedSamples(x: x, y: [Double](repeating: 3, count: 400)))
    #expect(abs(constant.nats) < 1e-12)
    let plain = try PairedSamples(x: x, y: gauss(seed: 2, count: 400))
    let padded = try PairedSamples(x: x.flatMap { [$0, 7] }, xDimension: 2, y: plain.y)
    #expect(try KraskovEstimator().estimate(padded) == KraskovEstimator().estimate(plain))
    // Two fair bits, equal: I = ln 2 after the noise, and always the same noise.
    let bits = x.map { $0 > 0 ? 1.0 : 0 }, equal = try PairedSamples(x: bits, y: bits)
    let found = try KraskovEstimator().estimate(equal)
    #expect(abs(found.nats - entropy(ofProbabilities: [0.5, 0.5])) < 0.1)
    #expect(try KraskovEstimator().estimate(equal) == found)
    #expect(throws: EstimationError.tooFewSamples(found: 3, required: 4)) {
      try KraskovEstimator(k: 3).estimate(try PairedSamples(x: [1, 2, 3], y: [1, 2, 3]))
    }
    #expect(throws: EstimationError.notFinite(index: 1)) { try PairedSamples(x: [1, .nan], y: [1, 2]) }
    #expect(throws: EstimationError.notFinite(index: 0)) { try PairedSamples(x: [1, 2], y: [.infinity, 2]) }
    #expect(throws: EstimationError.shapes(x: 3, xDimension: 2, y: 2, yDimension: 1)) {
      try PairedSamples(x: [1, 2, 3], xDimension: 2, y: [1, 2])
    }
  }
}
