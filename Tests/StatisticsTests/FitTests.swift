import Glibc
import Oracles
import Statistics
import Testing

@Suite("Fits and crossings")
struct FitTests {
  /// Pulls of parameters over seeds, which should have mean 0 and variance 1.
  func expectUnit(_ pulls: Moments) {
    let n = Double(pulls.count)
    #expect(abs(pulls.mean) < 4 / n.squareRoot(), "mean of pulls \(pulls.mean)")
    #expect(abs(pulls.variance - 1) < 4 * (2 / n).squareRoot(), "variance of pulls \(pulls.variance)")
  }

  @Test("a parabola's coefficients, value and slope scatter as their errors say, and p is uniform, over 200 seeds")
  func polynomial() throws {
    let x = (0..<12).map { 0.4 + 0.01 * Double($0) }, errors = x.indices.map { 0.01 * (1 + 0.3 * Double($0 % 3)) }
    func truth(_ x: Double) -> Double { 1 - 3 * (x - 0.44) + 20 * (x - 0.44) * (x - 0.44) }
    var values = Moments(), slopes = Moments(), probabilities = [Int](repeating: 0, count: 10)
    for seed in 1...200 {
      let z = gauss(seed: UInt64(seed), count: x.count)
      let fit = try PolynomialFit(x: x, y: x.indices.map { truth(x[$0]) + errors[$0] * z[$0] }, noise: .errors(errors), degree: 2)
      let value = fit.value(at: 0.43), slope = fit.slope(at: 0.43)
      values.add((value.value - truth(0.43)) / value.error)
      slopes.add((slope.value - (-3 - 0.4)) / slope.error)
      probabilities[min(9, Int(fit.fit.pValue * 10))] += 1
      #expect(fit.fit.degreesOfFreedom == 9)
    }
    expectUnit(values)
    expectUnit(slopes)
    let p = chiSquared(counts: probabilities, expected: [Double](repeating: 20, count: 10)).pValue
    #expect(p > 1e-4 && p < 1 - 1e-4)
  }

  @Test("a straight line's parameters and covariance equal the closed formulas")
  func line() throws {
    let x = [0.0, 1, 2, 4], y = [1.0, 2, 2, 5], errors = [0.5, 1, 0.25, 2]
    let fit = try linearFit(design: x.map { [1, $0] }, values: y, noise: .errors(errors))
    let w = errors.map { 1 / ($0 * $0) }
    func sum(_ f: (Int) -> Double) -> Double { x.indices.reduce(0) { $0 + w[$1] * f($1) } }
    let (s, sx, sxx, sy, sxy) = (sum { _ in 1 }, sum { x[$0] }, sum { x[$0] * x[$0] }, sum { y[$0] }, sum { x[$0] * y[$0] })
    let d = s * sxx - sx * sx
    #expect(abs(fit.parameters[0] - (sxx * sy - sx * sxy) / d) < 1e-13)
    #expect(abs(fit.parameters[1] - (s * sxy - sx * sy) / d) < 1e-13)
    for (found, expected) in zip(fit.covariance, [sxx / d, -sx / d, -sx / d, s / d]) { #expect(abs(found - expected) < 1e-13) }
    // Independent errors given as a matrix are the same noise.
    var matrix = [Double](repeating: 0, count: 16)
    for i in 0..<4 { matrix[5 * i] = errors[i] * errors[i] }
    let same = try linearFit(design: x.map { [1, $0] }, values: y, noise: .covariance(matrix))
    #expect(zip(fit.parameters, same.parameters).allSatisfy { abs($0 - $1) < 1e-13 } && abs(fit.chiSquared - same.chiSquared) < 1e-12)
  }

  @Test("with correlated noise the fit that knows the covariance has honest errors, over 200 seeds")
  func correlated() throws {
    // Noise with a common part: covariance 0.04 + 0.01 delta.
    let n = 8
    var matrix = [Double](repeating: 0.04, count: n * n)
    for i in 0..<n { matrix[i * n + i] += 0.01 }
    var constants = Moments(), slopes = Moments(), squares = Moments()
    for seed in 1...200 {
      let z = gauss(seed: UInt64(5000 + seed), count: n + 1)
      let shared = 2 + 0.2 * z[n]
      let y: [Double] = (0..<n).map { i in shared + 0.5 * Double(i) + 0.1 * z[i] }
      let fit = try linearFit(design: (0..<n).map { [1, Double($0)] }, values: y, noise: .covariance(matrix))
      constants.add((fit[0].value - 2) / fit[0].error)
      slopes.add((fit[1].value - 0.5) / fit[1].error)
      squares.add(fit.chiSquared)
    }
    expectUnit(constants)
    expectUnit(slopes)
    #expect(abs(squares.mean - 6) < 4 * (12.0 / 200).squareRoot())
  }

  @Test("amplitude, exponent and correction of a power law scatter as their errors say, over 100 seeds")
  func powerLaw() throws {
    let sizes = [8.0, 12, 16, 24, 32, 48, 64, 96, 128]
    func model(_ p: [Double]) -> [Double] { sizes.map { p[0] * pow($0, p[1]) * (1 + p[2] / $0) } }
    let truth = [1.1, 1.75, -0.4], exact = model(truth), errors = exact.map { 0.002 * $0 }
    var pulls = [Moments(), Moments(), Moments()], squares = Moments()
    for seed in 1...100 {
      let z = gauss(seed: UInt64(700 + seed), count: sizes.count)
      let fit = try nonlinearFit(
        values: sizes.indices.map { exact[$0] + errors[$0] * z[$0] }, noise: .errors(errors), start: [2, 1.5, 0], model: model)
      for k in 0..<3 { pulls[k].add((fit[k].value - truth[k]) / fit[k].error) }
      squares.add(fit.chiSquared)
    }
    pulls.forEach(expectUnit)
    #expect(abs(squares.mean - 6) < 4 * (12.0 / 100).squareRoot())
  }

  @Test("on linear problems the nonlinear fit is the linear one")
  func sameFit() throws {
    let x = (0..<10).map(Double.init), y = gauss(seed: 3, count: 10), errors = [Double](repeating: 0.7, count: 10)
    let linear = try linearFit(design: x.map { [1, $0, $0 * $0] }, values: y, noise: .errors(errors))
    let other = try nonlinearFit(values: y, noise: .errors(errors), start: [0, 0, 0]) { p in
      x.map { x -> Double in p[0] + (p[1] + p[2] * x) * x }
    }
    for k in 0..<3 {
      #expect(abs(linear[k].value - other[k].value) < 1e-3 * linear[k].error)
      #expect(abs(linear[k].error / other[k].error - 1) < 1e-6)
    }
  }

  @Test("two lines with noise cross where they should, as their errors say, over 200 seeds")
  func crossings() throws {
    let x = (0..<7).map { 0.42 + 0.006 * Double($0) }, errors = [Double](repeating: 0.002, count: 7)
    var pulls = Moments(), heights = Moments()
    for seed in 1...200 {
      let z = gauss(seed: UInt64(40_000 + seed), count: 14)
      func lineWithNoise(_ slope: Double, _ first: Int) -> [Double] {
        x.indices.map { i -> Double in 0.6 + slope * (x[i] - 0.44) + 0.002 * z[first + i] }
      }
      let first = try PolynomialFit(x: x, y: lineWithNoise(1.5, 0), noise: .errors(errors), degree: 1)
      let second = try PolynomialFit(x: x, y: lineWithNoise(4, 7), noise: .errors(errors), degree: 1)
      let found = try Crossing(of: first, and: second, in: 0.42...0.456)
      pulls.add((found.x.value - 0.44) / found.x.error)
      heights.add((found.y.value - 0.6) / found.y.error)
    }
    expectUnit(pulls)
    expectUnit(heights)
    let root = try crossing(in: 0...2, of: { cos($0) }, and: { $0 })
    #expect(abs(root - 0.7390851332151607) < 1e-14)
    #expect(throws: CrossingError.noSignChange(range: 0...1, differences: [1, 1])) {
      try crossing(in: 0...1, of: { _ in 1 }, and: { _ in 0 })
    }
  }

  @Test("the zero of a steep step is found within its errors where one parabola through all points is far off, over 200 seeds")
  func interpolatedZero() throws {
    // A step like the helicity modulus of a large lattice, zero at 1.0818.
    let x = (0..<9).map { 0.9 + 0.05 * Double($0) }, errors = x.map { _ in 0.004 }, zero = 1.0818
    func curve(_ x: Double) -> Double { 0.35 * (tanh((x - 1.05) / 0.08) - tanh((zero - 1.05) / 0.08)) + 0.3 * (x - zero) }
    var pulls = Moments(), parabolas = Moments()
    for seed in 1...200 {
      let z = gauss(seed: UInt64(70_000 + seed), count: x.count)
      let y = x.indices.map { curve(x[$0]) + errors[$0] * z[$0] }
      let found = try InterpolatedZero(x: x, y: y, noise: .errors(errors))
      pulls.add((found.x.value - zero) / found.x.error)
      #expect(found.x.error < 0.003 && found.best.degreesOfFreedom >= 1 && found.bracket.contains(zero))
      let parabola = try PolynomialFit(x: x, y: y, noise: .errors(errors), degree: 2)
      let old = try crossing(in: 0.9...1.3, of: { parabola.value(at: $0).value }, and: { _ in 0 })
      parabolas.add((old - zero) / (parabola.value(at: old).error / abs(parabola.slope(at: old).value)))
    }
    // The scatter between polynomials is part of the error, so that it may be too large but not too small.
    #expect(pulls.variance < 1.4 && pulls.variance > 0.3 && abs(pulls.mean) < 0.4, "\(pulls.variance), \(pulls.mean)")
    #expect(abs(parabolas.mean) > 5, "\(parabolas.mean)")
  }

  @Test("between points far apart on a step the zero is within 3 of its errors, or there is none")
  func coarseZeros() throws {
    for (seed, spacing) in [0.3, 0.5, 0.8, 1.2, 1.7].enumerated() {
      for shift in [0.0, 0.2, 0.45, 0.7] {
        let x = (-4...4).map { (Double($0) + shift) * spacing }, z = gauss(seed: UInt64(5000 + seed), count: x.count)
        // A step whose zero is at 0.1, steeper on one side.
        let y = x.indices.map { i in
          let step = tanh(1.5 * (x[i] - 0.1))
          return step * (1 + 0.3 * step) + 0.003 * z[i]
        }
        guard let found = try? InterpolatedZero(x: x, y: y, noise: .errors(x.map { _ in 0.003 })) else { continue }
        #expect(abs(found.x.value - 0.1) < 3 * found.x.error, "spacing \(spacing), shift \(shift): \(found.x)")
      }
    }
  }

  @Test("a zero of a straight line has the straight line's error; noise without a change of sign has none")
  func plainZeros() throws {
    let x = (0..<7).map(Double.init), errors = x.map { _ in 0.1 }
    var pulls = Moments()
    for seed in 1...200 {
      let z = gauss(seed: UInt64(71_000 + seed), count: x.count)
      let found = try InterpolatedZero(x: x, y: x.indices.map { x[$0] - 3.2 + 0.1 * z[$0] }, noise: .errors(errors))
      pulls.add((found.x.value - 3.2) / found.x.error)
      #expect(found.x.error < 0.12)
      #expect(throws: CrossingError.noSignChange(range: 0...6, differences: z)) {
        try InterpolatedZero(x: x, y: z, noise: .errors(x.map { _ in 1 }), significance: 4)
      }
    }
    #expect(pulls.variance < 1.4 && pulls.variance > 0.5, "\(pulls.variance)")
    // Ends that are noise hide no change between significant points.
    #expect(signChange(x: [0, 1, 2, 3], values: [-0.1, 5, -5, -0.1], errors: [1, 1, 1, 1]) == 1...2)
    #expect(signChange(x: [0, 1, 2, 3], values: [4, 0.1, -0.2, -5], errors: [1, 1, 1, 1]) == 0...3)
    #expect(throws: CrossingError.poorInterpolation(between: 1...2)) {
      try InterpolatedZero(x: [0, 1, 2, 3], y: [0, 50, -50, 0], noise: .errors([1, 1, 1, 1]))
    }
  }

  @Test("a joint fit of Binder ratios finds K_c, nu and the critical value, as its errors say, over 100 seeds")
  func scaling() throws {
    let sizes = [8.0, 16, 32, 64].flatMap { [Double](repeating: $0, count: 7) }
    let x = sizes.indices.map { 0.4407 + (Double($0 % 7) - 3) * 0.08 / sizes[$0] }
    let exact = sizes.indices.map { i -> Double in
      let t = (x[i] - 0.4407) * sizes[i]
      return 0.61 + 0.9 * t - 0.3 * t * t + 0.2 * pow(sizes[i], -1.75)
    }
    let errors = [Double](repeating: 5e-4, count: 28)
    var pulls = [Moments(), Moments(), Moments()], squares = Moments()
    for seed in 1...100 {
      let z = gauss(seed: UInt64(90_000 + seed), count: 28)
      let found = try ScalingFit(
        sizes: sizes, x: x, y: exact.indices.map { exact[$0] + errors[$0] * z[$0] }, noise: .errors(errors), degree: 2, critical: 0.44,
        inverseNu: 1.1, omega: 1.75)
      pulls[0].add((found.critical.value - 0.4407) / found.critical.error)
      pulls[1].add((found.nu.value - 1) / found.nu.error)
      pulls[2].add((found.criticalValue.value - 0.61) / found.criticalValue.error)
      squares.add(found.fit.chiSquared)
      #expect(found.nu.error < 0.02 && found.fit.degreesOfFreedom == 22)
    }
    pulls.forEach(expectUnit)
    #expect(abs(squares.mean - 22) < 4 * (44.0 / 100).squareRoot())
    // Without the correction term small sizes spoil the fit, and leaving them out heals it.
    let all = try ScalingFit(sizes: sizes, x: x, y: exact, noise: .errors(errors), degree: 2, critical: 0.44, inverseNu: 1)
    let large = try ScalingFit(
      sizes: sizes, x: x, y: exact, noise: .errors(errors), degree: 2, critical: 0.44, inverseNu: 1, leastSize: 16)
    #expect(all.fit.reducedChiSquared > 4 * large.fit.reducedChiSquared && large.fit.degreesOfFreedom == 16)
  }

  @Test("where the correction changes slopes too, nu comes out right with the term for it and wrong without, over 100 seeds")
  func scalingWithCorrectedSlopes() throws {
    let sizes = [8.0, 16, 32, 64].flatMap { [Double](repeating: $0, count: 7) }
    let x = sizes.indices.map { 0.4407 + (Double($0 % 7) - 3) * 0.08 / sizes[$0] }
    let exact = sizes.indices.map { i -> Double in
      let t = (x[i] - 0.4407) * sizes[i], correction = pow(sizes[i], -1.0)
      return 0.61 + 0.9 * t - 0.3 * t * t + correction * (0.2 + 0.7 * t)
    }
    let errors = [Double](repeating: 5e-4, count: 28)
    func fit(_ y: [Double], correctionDegree: Int) throws -> ScalingFit {
      try ScalingFit(
        sizes: sizes, x: x, y: y, noise: .errors(errors), degree: 2, critical: 0.44, inverseNu: 1.1, omega: 1,
        correctionDegree: correctionDegree)
    }
    var nu = Moments(), critical = Moments()
    for seed in 1...100 {
      let z = gauss(seed: UInt64(95_000 + seed), count: 28)
      let found = try fit(exact.indices.map { exact[$0] + errors[$0] * z[$0] }, correctionDegree: 1)
      nu.add((found.nu.value - 1) / found.nu.error)
      critical.add((found.critical.value - 0.4407) / found.critical.error)
      #expect(found.fit.degreesOfFreedom == 21)
    }
    expectUnit(nu)
    expectUnit(critical)
    let without = try fit(exact, correctionDegree: 0).nu
    #expect(abs(without.value - 1) > 3 * without.error)
  }

  @Test("the jackknife covariance has the jackknife's variances and the covariances of means")
  func covariance() throws {
    let a = gauss(seed: 21, count: 400), noise = gauss(seed: 22, count: 400), b = zip(a, noise).map { 0.6 * $0 + 0.8 * $1 }
    func means(_ left: Int?) -> [Double] {
      let kept = (0..<400).filter { $0 != left }
      return [a, b].map { series in kept.reduce(0) { $0 + series[$1] } / Double(kept.count) }
    }
    let found = jackknifeCovariance(blocks: 400, estimate: means), errors = jackknife(blocks: 400, estimate: means)
    for i in 0..<2 { #expect(abs(found.covariance[3 * i].squareRoot() - errors[i].error) < 1e-14) }
    // For means the jackknife is exact: the sample covariance over n.
    let (ma, mb) = (found.values[0], found.values[1])
    let sample = zip(a, b).reduce(0) { $0 + ($1.0 - ma) * ($1.1 - mb) } / 399 / 400
    #expect(abs(found.covariance[1] - sample) < 1e-14 && found.covariance[1] == found.covariance[2])
  }

  @Test("fits that cannot be made are refused with the reason")
  func refusals() {
    #expect(throws: FitError.tooFewPoints(found: 2, parameters: 3)) {
      try PolynomialFit(x: [1, 2], y: [1, 2], noise: .errors([1, 1]), degree: 2)
    }
    #expect(throws: FitError.errorNotPositive(point: 1)) {
      try PolynomialFit(x: [1, 2], y: [1, 2], noise: .errors([1, 0]), degree: 1)
    }
    #expect(throws: FitError.notFinite(point: 0)) {
      try PolynomialFit(x: [1, 2], y: [.nan, 2], noise: .errors([1, 1]), degree: 1)
    }
    #expect(throws: FitError.degenerate) {
      try linearFit(design: [[1, 2], [2, 4], [3, 6]], values: [1, 2, 3], noise: .errors([1, 1, 1]))
    }
    #expect(throws: FitError.covarianceNotPositive) {
      try linearFit(design: [[1], [1]], values: [1, 2], noise: .covariance([1, 1, 1, 1]))
    }
  }
}
