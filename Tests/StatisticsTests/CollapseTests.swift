import Glibc
import Oracles
import Statistics
import Testing

@Suite("Data collapse and warm-up")
struct CollapseTests {
  static let truth = DataCollapse.Parameters(critical: 0.4407, a: 1, b: -1.75)
  /// Curves y = L^1.75 f((x - 0.4407) L) with noise of one per cent.
  func curves(seed: Int, noise: Double = 0.01) -> [ScalingCurve] {
    [16.0, 24, 32, 48].enumerated().map { index, size in
      let z = gauss(seed: UInt64(100 * seed + index), count: 15)
      let x = (0..<15).map { 0.4407 + (Double($0) - 7) * 0.1 / size * 1.5 }
      let y = x.map { pow(size, 1.75) / (1 + exp(-3 * ($0 - 0.4407) * size)) }
      return ScalingCurve(size: size, x: x, y: y.indices.map { y[$0] * (1 + noise * z[$0]) }, errors: y.map { noise * $0 })
    }
  }

  @Test("the collapse finds the planted critical point and exponents within errors, with quality near one, over 20 seeds")
  func planted() throws {
    var pulls = [Moments(), Moments(), Moments()], qualities = Moments()
    for seed in 1...20 {
      let found = try DataCollapse(
        curves(seed: seed), start: .init(critical: 0.438, a: 1.1, b: -1.7), scale: .init(critical: 0.002, a: 0.1, b: 0.05))
      pulls[0].add((found.parameters.critical - Self.truth.critical) / found.errors.critical)
      pulls[1].add((found.parameters.a - Self.truth.a) / found.errors.a)
      pulls[2].add((found.parameters.b - Self.truth.b) / found.errors.b)
      qualities.add(found.quality)
      #expect(found.errors.critical < 1e-3 && found.errors.a < 0.05 && found.errors.b < 0.02)
    }
    print("collapse pulls", pulls.map { ($0.mean, $0.variance) }, qualities.mean, qualities.variance)
    for pull in pulls {
      #expect(abs(pull.mean) < 1)
      #expect(pull.variance > 0.25 && pull.variance < 2.5)
    }
    #expect(qualities.mean > 0.7 && qualities.mean < 1.3)
  }

  @Test("wrong exponents collapse badly, a fixed parameter stays, and no overlap is refused")
  func wrong() throws {
    let data = curves(seed: 3)
    let wrong = DataCollapse.Parameters(critical: 0.4407, a: 1.2, b: -1.75)
    #expect(try DataCollapse.quality(data, wrong).quality > 5)
    let found = try DataCollapse(data, start: wrong, scale: .init(critical: 0.002, a: 0.05, b: 0))
    #expect(found.parameters.b == -1.75 && found.errors.b == 0)
    #expect(abs(found.parameters.a - 1) < 5 * found.errors.a)
    let apart = [0.0, 1].map { ScalingCurve(size: 8, x: [$0, $0 + 0.1], y: [1, 2], errors: [1, 1]) }
    #expect(throws: CollapseError.noOverlap) { try DataCollapse.quality(apart, .init(critical: 0, a: 1)) }
    #expect(throws: CollapseError.tooFewCurves(1)) { try DataCollapse.quality([apart[0]], .init(critical: 0, a: 1)) }
  }

  @Test("the quality of two straight curves is the formula's")
  func formula() throws {
    // One point between two: Y = 1, dY^2 = 1/2 (the mean of two values with errors 1), so S = 4/(1/4 + 1/2).
    let line = ScalingCurve(size: 1, x: [-1, 1], y: [0, 2], errors: [1, 1])
    let point = ScalingCurve(size: 1, x: [0], y: [3], errors: [0.5])
    let found = try DataCollapse.quality([line, point], .init(critical: 0, a: 1))
    #expect(found.points == 1 && abs(found.quality - 4 / 0.75) < 1e-14)
  }

  @Test("a transient is cut off, a stationary series is left nearly whole, a run too short is not settled")
  func warmUp() throws {
    func chains(_ amplitude: Double, _ time: Double, seed: Int) -> [[Double]] {
      (0..<8).map { chain in
        autoregressiveSeries(correlation: 0.7, noise: gauss(seed: UInt64(1000 * seed + chain), count: 2000)).enumerated().map {
          $1 + amplitude * exp(-Double($0) / time)
        }
      }
    }
    var settled = 0, cuts = Moments()
    for seed in 1...40 {
      let quiet = try WarmUp(chains: chains(0, 1, seed: seed))
      if quiet.isSettled { settled += 1 }
      cuts.add(Double(quiet.discard))
      let found = try WarmUp(groups: [chains(10, 50, seed: seed + 50), chains(-10, 50, seed: seed + 100)])
      // At 4 time constants 10 e^-4 = 0.18 is left, at 6 it is 0.02, far below the noise of eight chains.
      #expect(found.discard >= 200 && found.discard <= 1000)
      #expect(abs(found.drift) < 6)
    }
    print("warm-up settled", settled, cuts.mean)
    #expect(settled >= 34)
    #expect(!(try WarmUp(chains: chains(10, 2000, seed: 7)).isSettled))
    #expect(!(try WarmUp(groups: [chains(0, 1, seed: 8), chains(0, 1, seed: 9).map { $0.map { $0 + 1 } }]).isSettled))
    #expect(throws: SeriesError.tooFewSamples(chain: 0, found: 59, required: 60)) {
      try WarmUp(chains: [[Double](repeating: 0, count: 59)])
    }
  }
}
