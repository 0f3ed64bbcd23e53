import Glibc
internal import LinearAlgebra

/// The anticanonically balanced metric of level k on the toric surface of a reflexive polygon P: H > 0 on the N_k lattice
/// points m of kP, fixed up to scale by
///
///     H_m = N_k int e^{m.x} / sum_{m'} (e^{m'.x} / H_{m'}) dnu,   dnu ~ (sum_m e^{m.x} / H_m)^{-1/k} dx on R^2.
///
/// Where the barycentre of P is 0, phi = (1/k) ln sum e^{m.x}/H_m tends to the Kahler-Einstein potential with k, and nu to its
/// volume. All by the trapezoid rule on a square grid, which converges exponentially here, and by log-sum-exp.
public struct BalancedMetric: Sendable {
  /// The level, the lattice points and ln H there, with ln H = 0 on average.
  public let level: Int, points: [SIMD2<Int>], logH: [Double]
  /// The density of nu at the origin; E_nu |grad phi|^2; the iterations taken.
  public let densityAtOrigin: Double, meanSquareGradient: Double, iterations: Int

  /// Iterates until ln H changes by less than `tolerance`.
  /// - Throws: `notConverged` after `iterations`, which is what happens where the barycentre is not 0.
  public init(
    _ polygon: ReflexivePolygon, level: Int, step: Double = 0.4, tolerance: Double = 1e-13, iterations limit: Int = 2000
  ) throws(KahlerError) {
    var iteration = BalancedIteration(polygon, level: level, step: step, tolerance: tolerance, limit: limit)
    while try iteration.advance(limit) == nil {}
    self.init(iteration)
  }
  /// What an iteration has come to.
  fileprivate init(_ iteration: BalancedIteration) {
    let last = iteration.grid.integrate(iteration.logH, level: iteration.level)
    level = iteration.level
    points = iteration.grid.points
    logH = iteration.logH
    densityAtOrigin = last.atOrigin
    meanSquareGradient = last.gradient
    iterations = iteration.iterations
  }

  /// H at one lattice point over H at another.
  public func ratio(_ a: SIMD2<Int>, _ b: SIMD2<Int>) -> Double {
    guard let i = points.firstIndex(of: a), let j = points.firstIndex(of: b) else { return .nan }
    return exp(logH[i] - logH[j])
  }
}

/// The iteration that ends in a `BalancedMetric`, which can be left and gone on with: `logH` and `iterations` are all of it.
public struct BalancedIteration: Sendable {
  /// ln H at each lattice point of kP, and the iterations done.
  public private(set) var logH: [Double], iterations: Int
  let level: Int, tolerance: Double, limit: Int
  fileprivate let grid: Grid

  /// From ln H = 0, or from where another was left.
  public init(
    _ polygon: ReflexivePolygon, level: Int, step: Double = 0.4, tolerance: Double = 1e-13, limit: Int = 2000, logH: [Double] = [],
    iterations: Int = 0
  ) {
    let points = polygon.latticePoints(multiple: level)
    precondition(logH.isEmpty || logH.count == points.count, "ln H has a value at each lattice point")
    // The weight falls as e^-(support function of P): 40 of them are below rounding.
    grid = Grid(points, step: step, reach: 40 / polygon.leastSupport)
    self.logH = logH.isEmpty ? [Double](repeating: 0, count: points.count) : logH
    (self.level, self.tolerance, self.limit, self.iterations) = (level, tolerance, limit, iterations)
  }

  /// So many iterations more, fewer where ln H comes to rest before: the metric, nil where it did not yet.
  /// - Throws: `notConverged` at the limit, or where numbers overflow.
  public mutating func advance(_ count: Int) throws(KahlerError) -> BalancedMetric? {
    let n = Double(logH.count)
    var change = Double.infinity
    for _ in 0..<count {
      guard iterations < limit else { throw .notConverged(residual: change) }
      let shares = grid.integrate(logH, level: level).shares
      // ln H_m = ln H_m + ln(N_k int p_m dnu), p_m = e^{m.x - ln H_m}/sum: the share of m.
      var next = zip(logH, shares).map { $0 + log(n * $1) }
      let mean = next.reduce(0, +) / n
      for i in next.indices { next[i] -= mean }
      change = zip(logH, next).map { abs($0 - $1) }.max() ?? 0
      guard change.isFinite else { throw .notConverged(residual: change) }
      logH = next
      iterations += 1
      if change < tolerance { return BalancedMetric(self) }
    }
    guard iterations < limit else { throw .notConverged(residual: change) }
    return nil
  }
  /// Elementary operations of an iteration.
  public var cost: Double {
    let side = Double(2 * grid.half + 1)
    return side * side * Double(logH.count)
  }

  /// Integrals over the grid, the points of a row eight at a time.
  fileprivate struct Grid {
    let points: [SIMD2<Int>], step: Double, half: Int
    init(_ points: [SIMD2<Int>], step: Double, reach: Double) {
      (self.points, self.step) = (points, step)
      half = Int((reach / step).rounded())
    }
    func integrate(_ logs: [Double], level: Int) -> (shares: [Double], atOrigin: Double, gradient: Double) {
      typealias V = SIMD8<Double>
      var sums = [V](repeating: .zero, count: points.count), total = V.zero, slope = V.zero, origin = 0.0
      var terms = [V](repeating: .zero, count: points.count)
      let ramp = V(0, 1, 2, 3, 4, 5, 6, 7)
      for row in -half...half {
        let y = Double(row) * step
        for first in stride(from: -half, through: half, by: 8) {
          let index = V(repeating: Double(first)) + ramp, x = index * step
          var highest = V(repeating: -.infinity)
          for (i, m) in points.enumerated() {
            let t = x * Double(m.x) + (y * Double(m.y) - logs[i])
            terms[i] = t
            highest.replace(with: t, where: t .> highest)
          }
          var sum = V.zero, gx = V.zero, gy = V.zero
          for (i, m) in points.enumerated() {
            let e = Elementwise.exp(terms[i] - highest)
            terms[i] = e
            sum += e
            gx += e * Double(m.x)
            gy += e * Double(m.y)
          }
          var density = Elementwise.exp((Elementwise.log(sum) + highest) * (-1 / Double(level)))
          density.replace(with: 0, where: index .> V(repeating: Double(half)))
          let share = density / sum, scale = 1 / (sum * Double(level))
          for i in points.indices { sums[i] += terms[i] * share }
          total += density
          slope += density * ((gx * scale) * (gx * scale) + (gy * scale) * (gy * scale))
          if row == 0, first <= 0, first > -8 { origin = density[-first] }
        }
      }
      let norm = total.sum()
      return (sums.map { $0.sum() / norm }, origin / (norm * step * step), slope.sum() / norm)
    }
  }
}
