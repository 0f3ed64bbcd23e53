import Glibc
import Oracles
import Statistics
import Testing

@Suite("Data collapse and warm-up")
struct CollapseTests {
  static let truth = DataCollapse.Parameters(critical: 0.4407, a: 1, b: -1.75)
  /// Curves y = L^1.75 f((x - 0.4407) L), f a peak, with noise of one per cent. The points of different sizes
  /// do not coincide, and lie so close that straight lines between them are good to a tenth of the noise.
  func curves(seed: Int, noise: Double = 0.01) -> [ScalingCurve] {
    [16.0, 24, 32, 48].enumerated().map { index, size in
      let z = gauss(seed: UInt64(100 * seed + index), count: 31)
      let x = (0..<31).map { 0.4407 + (Double($0) - 15 + 0.23 * Double(index)) * 0.1 / size }
      let y = x.map { pow(size, 1.75) / (1 + pow(($0 - 0.4407) * size, 2)) }
      return ScalingCurve(size: size, x: x, y: y.indices.map { y[$0] * (1 + noise * z[$0]) }, errors: y.map { noise * $0 })
    }
  }

  @Test("the collapse finds the planted critical point and exponents within errors, with quality near one, over 100 seeds")
  func planted() throws {
    var pulls = [Moments(), Moments(), Moments()], qualities = Moments()
    for seed in 1...100 {
      let found = try DataCollapse(
        curves(seed: seed), start: .init(critical: 0.438, a: 1.1, b: -1.7), scale: .init(critical: 0.002, a: 0.1, b: 0.05))
      pulls[0].add((found.parameters.critical - Self.truth.critical) / found.errors.critical)
      pulls[1].add((found.parameters.a - Self.truth.a) / found.errors.a)
      pulls[2].add((found.parameters.b - Self.truth.b) / found.errors.b)
      qualities.add(found.quality)
      #expect(found.errors.critical < 1e-3 && found.errors.a < 0.05 && found.errors.b < 0.02)
    }
    for pull in pulls {
      #expect(abs(pull.mean) < 0.4)
      #expect(pull.variance > 0.4 && pull.variance < 1.6)
    }
    #expect(qualities.mean > 0.8 && qualities.mean < 1.2)
  }

  @Test("wrong exponents collapse badly, a fixed parameter stays, and no overlap is refused")
  func wrong() throws {
    let data = curves(seed: 3)
    let wrong = DataCollapse.Parameters(critical: 0.4407, a: 1.2, b: -1.75)
    let kept = try DataCollapse(data, start: wrong, scale: .init(critical: 0, a: 0, b: 0))
    #expect(kept.quality > 5 && kept.parameters == wrong && kept.errors == .init(critical: 0, a: 0, b: 0))
    let found = try DataCollapse(data, start: wrong, scale: .init(critical: 0.002, a: 0.05, b: 0))
    #expect(found.parameters.b == -1.75 && found.errors.b == 0)
    #expect(abs(found.parameters.a - 1) < 5 * found.errors.a)
    func collapse(_ curves: [ScalingCurve]) throws {
      _ = try DataCollapse(curves, start: .init(critical: 0, a: 1), scale: .init(critical: 1, a: 1, b: 0))
    }
    let apart = [0.0, 1].map { ScalingCurve(size: 8, x: [$0, $0 + 0.1], y: [1, 2], errors: [1, 1]) }
    #expect(throws: CollapseError.noOverlap) { try collapse(apart) }
    #expect(throws: CollapseError.tooFewCurves(1)) { try collapse([apart[0]]) }
    #expect(throws: CollapseError.fit(.tooFewPoints(found: 4, parameters: 5))) { try collapse([apart[0], apart[0]]) }
    #expect(throws: CollapseError.badPoint(curve: 1, point: 0)) {
      try collapse([apart[0], ScalingCurve(size: 16, x: [0], y: [1], errors: [0])])
    }
  }

  @Test(
    "points of all sizes at the same X from the start leave K_c and 1/nu as free as points that share none, over 200 seeds",
    arguments: [0.0, 0.13])
  func coincidingGrids(shift: Double) throws {
    var critical = Moments(), exponent = Moments(), qualities = Moments(), moved = 0
    for seed in 1...200 {
      let data = [16.0, 24, 32, 48].enumerated().map { index, size in
        let z = gauss(seed: UInt64(60_000 + 10 * seed + index), count: 7)
        let scaled = (0..<7).map { (Double($0) - 3 + shift * Double(index)) * 0.4 / 3 }
        return ScalingCurve(
          size: size, x: scaled.map { 0.4407 + $0 / size }, y: scaled.indices.map { 0.6 + 0.5 * tanh(1.5 * scaled[$0]) + 0.002 * z[$0] },
          errors: scaled.map { _ in 0.002 })
      }
      let start = DataCollapse.Parameters(critical: 0.4407, a: 1)
      let found = try DataCollapse(data, start: start, scale: .init(critical: 1e-4, a: 0.05, b: 0))
      critical.add((found.parameters.critical - 0.4407) / found.errors.critical)
      exponent.add((found.parameters.a - 1) / found.errors.a)
      qualities.add(found.quality)
      #expect(found.errors.critical > 5e-6 && found.errors.critical < 1e-4 && found.errors.a > 2e-3 && found.errors.a < 0.05)
      if abs(found.parameters.a - 1) > 1e-3 { moved += 1 }
    }
    // Four standard errors of a variance and a mean over 200.
    for pull in [critical, exponent] { #expect(abs(pull.variance - 1) < 0.4 && abs(pull.mean) < 0.29, "\(pull.variance), \(pull.mean)") }
    #expect(abs(qualities.mean - 1) < 0.1)
    // The noise moves the minimum away from where the grids coincide.
    #expect(moved > 150, "\(moved)")
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
      // What is left of 10 e^(-t/50) moves a group's mean by less than its error, tau = (1 + 0.7)/(2 (1 - 0.7)).
      let left = 2000 - Double(found.discard), bias = 500 * exp(-Double(found.discard) / 50) / left
      #expect(bias < (2 * autoregressiveTime(correlation: 0.7) / (8 * left)).squareRoot())
      #expect(found.discard <= 300 && found.isSettled)
    }
    #expect(settled >= 38 && cuts.mean < 50)
    #expect(!(try WarmUp(chains: chains(10, 2000, seed: 7)).isSettled))
    #expect(!(try WarmUp(groups: [chains(0, 1, seed: 8), chains(0, 1, seed: 9).map { $0.map { $0 + 1 } }]).isSettled))
    #expect(throws: SeriesError.tooFewSamples(chain: 0, found: 59, required: 60)) {
      try WarmUp(chains: [[Double](repeating: 0, count: 59)])
    }
  }
}
