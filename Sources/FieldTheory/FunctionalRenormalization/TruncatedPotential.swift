internal import Glibc
internal import LinearAlgebra

/// The fixed point of a potential cut off at rho^n, expanded about its own minimum: u = sum over k = 2 ... n of
/// lambda_k (rho - kappa)^k / k!.
public struct TruncatedFixedPoint: Sendable, Equatable {
  /// n, the minimum kappa, and lambda_2 ... lambda_n.
  public let order: Int, minimum: Double, couplings: [Double]
  /// The stability matrix's eigenvalues.
  public let spectrum: CriticalSpectrum
}

extension LocalPotentialApproximation {
  /// Orders that are computed: from order 40 on rounding takes away what truncation adds.
  public static let allowedOrders = 2...40

  /// The Wilson-Fisher fixed points of the truncations of order 2 ... `order`, each by Newton's method from the one before or,
  /// where that does not get there, from the collocated potential `start`.
  ///
  /// The quartic one is found by bisection of y = 1 + 2 kappa lambda_2: (d-2) kappa = N-1 + 3 y^-p, (4-d) = p lambda_2
  /// (N-1 + 9 y^-(p+1)); in d = 3, N = 1, optimized cutoff: kappa = 4/3, lambda_2 = 3/16. Cost about order^5 operations.
  /// - Returns: the fixed points that were reached, by rising order. Orders without one are left out: in low dimensions the
  ///   expansion about the minimum diverges, and the higher its order the sooner it loses the fixed point as d falls.
  /// - Throws: `orderOutOfRange`, `decomposition`.
  public func truncatedFixedPoints(
    upTo order: Int, near start: CollocatedFixedPoint? = nil
  ) throws(FieldTheoryError) -> [TruncatedFixedPoint] {
    guard Self.allowedOrders.contains(order) else { throw .orderOutOfRange(order, allowed: Self.allowedOrders) }
    var point = quarticStart, found: [TruncatedFixedPoint] = []
    for n in 2...order {
      var next: (point: Expansion, spectrum: CriticalSpectrum)?
      if let point { next = try fixedPoint(point, order: n, within: n <= 6 ? .infinity : 0.1) }
      if next == nil, let start { next = try fixedPoint(expansion(of: start), order: n, within: 0.1) }
      guard let next else {
        // Where several orders in a row have none, those above have none either.
        if start == nil || n > 8 && n - (found.last?.order ?? 2) > 4 { break }
        continue
      }
      point = next.point
      var couplings: [Double] = [], factor = 1 / next.point.minimum
      for k in 1..<n {
        couplings.append(next.point.slopes[k] * factor)
        factor *= Double(k + 1) / next.point.minimum
      }
      found.append(TruncatedFixedPoint(order: n, minimum: next.point.minimum, couplings: couplings, spectrum: next.spectrum))
    }
    return found
  }

  /// The fixed point of one order that Newton's method reaches from `guess`, its minimum moved by no more than a part
  /// `within`; nil where there is none, or not just one direction is relevant (a divergent expansion, or rounding).
  private func fixedPoint(
    _ guess: Expansion, order n: Int, within: Double
  ) throws(FieldTheoryError) -> (point: Expansion, spectrum: CriticalSpectrum)? {
    var point = guess
    point.slopes = Array((guess.slopes + [Double](repeating: 0, count: n)).prefix(n))
    guard solve(&point), abs(point.minimum / guess.minimum - 1) < within else { return nil }
    let spectrum = try CriticalSpectrum(of: stability(point), order: n)
    return spectrum.isCritical ? (point, spectrum) : nil
  }

  /// The first coefficients of a collocated potential about its minimum; those of higher orders, in which rounding grows, are
  /// left to Newton's method.
  private func expansion(of start: CollocatedFixedPoint) -> Expansion {
    var slopes = start.slopeCoefficients(count: 8)
    slopes[0] = 0
    return Expansion(minimum: start.minimum, slopes: slopes)
  }

  /// kappa, and b_k of w = sum b_k z^k, z = rho / kappa - 1, b_0 = 0: the scale of rho is taken out, so that coefficients of all
  /// orders are comparable.
  private struct Expansion {
    var minimum: Double, slopes: [Double]
  }

  /// kappa and lambda_2 of the quartic truncation.
  private var quarticStart: Expansion? {
    let p = Double(regulator.power), n = Double(components - 1)
    func point(_ y: Double) -> (minimum: Double, coupling: Double) {
      ((n + 3 * pow(y, -p)) / (dimension - 2), (4 - dimension) / (p * (n + 9 * pow(y, -p - 1))))
    }
    func excess(_ y: Double) -> Double {
      let (minimum, coupling) = point(y)
      return y - 1 - 2 * minimum * coupling
    }
    var low = 1.0, high = 1.0
    repeat { high *= 1.1 } while excess(high) < 0 && high < 1e6
    guard excess(high) >= 0 else { return nil }
    low = high / 1.1
    for _ in 0..<60 {
      let middle = 0.5 * (low + high)
      if excess(middle) < 0 { low = middle } else { high = middle }
    }
    let (minimum, coupling) = point(high)
    return Expansion(minimum: minimum, slopes: [0, coupling * minimum])
  }

  /// The right-hand side at an expansion and what its variations need, all as series in z.
  private struct Linearization {
    typealias Series = PowerSeries<Double>
    var flow: Series, place: Series, first: Series, second: Series, bracket: Series
    var goldstone: Series, goldstoneSlope: Series, radial: Series, radialSlope: Series
  }

  private func linearize(_ point: Expansion) -> Linearization {
    typealias Series = PowerSeries<Double>
    // Two derivatives are taken and the result is needed to the order of the expansion.
    let order = point.slopes.count + 2, kappa = point.minimum
    let w = Series(point.slopes + [Double](repeating: 0, count: order + 1 - point.slopes.count))
    let first = (1 / kappa) * w.derivative, second = (1 / kappa) * first.derivative
    let place = kappa * (Series.variable(order: order) + 1)
    let radialMass = w + 2 * (place * first), p = Double(regulator.power)
    let inverse = (w + 1).reciprocal, radialInverse = (radialMass + 1).reciprocal
    func powers(_ x: Series) -> (slope: Series, curvature: Series) {
      let power = regulator.power == 2 ? x * x : x
      return (-1 * power, p * (power * x))
    }
    let (goldstone, goldstoneSlope) = powers(inverse), (radial, radialSlope) = powers(radialInverse)
    let bracket = 3 * first + 2 * (place * second), n = Double(components - 1)
    let flow = -2 * w + (dimension - 2) * (place * first) + n * (goldstone * first) + radial * bracket
    return Linearization(
      flow: flow, place: place, first: first, second: second, bracket: bracket, goldstone: goldstone, goldstoneSlope: goldstoneSlope,
      radial: radial, radialSlope: radialSlope)
  }

  /// The variation of the flow with b_k.
  private func variation(_ at: Linearization, power k: Int, minimum kappa: Double) -> PowerSeries<Double> {
    var w = PowerSeries(constant: 0.0, order: at.flow.order)
    w.coefficients[k] = 1
    let first = (1 / kappa) * w.derivative, second = (1 / kappa) * first.derivative
    let mass = w + 2 * (at.place * first), n = Double(components - 1)
    let linear = -2 * w + (dimension - 2) * (at.place * first)
    let goldstone = n * (at.goldstoneSlope * w * at.first + at.goldstone * first)
    return linear + goldstone + at.radialSlope * mass * at.bracket + at.radial * (3 * first + 2 * (at.place * second))
  }
  /// The variation of the flow with kappa where the function w(rho - kappa) keeps its form.
  private func shift(_ at: Linearization) -> PowerSeries<Double> {
    (dimension - 2) * at.first + 2 * (at.radialSlope * at.first * at.bracket + at.radial * at.second)
  }

  /// The flow's Taylor coefficients 0 ..< n by (kappa, b_1, ..., b_(n-1)) with the scale of z fixed: row-major, [n, n].
  private func jacobian(_ point: Expansion, _ at: Linearization) -> [Double] {
    let n = point.slopes.count
    var matrix = [Double](repeating: 0, count: n * n)
    let shift = shift(at)
    for row in 0..<n { matrix[row * n] = shift.coefficients[row] }
    for k in 1..<n {
      let column = variation(at, power: k, minimum: point.minimum)
      for row in 0..<n { matrix[row * n + k] = column.coefficients[row] }
    }
    return matrix
  }

  /// Newton's method to a step of rounding; false where it does not get there.
  private func solve(_ point: inout Expansion) -> Bool {
    let n = point.slopes.count
    var last = Double.infinity
    for _ in 0..<60 {
      let at = linearize(point)
      guard let step = Linear.solve(jacobian(point, at), order: n, right: at.flow.coefficients.prefix(n).map { -$0 }) else { return false }
      // The scale of z follows kappa: b_k of the new scale.
      var shrink = 1.0
      while point.minimum + shrink * step[0] < 0.3 * point.minimum { shrink *= 0.5 }
      let minimum = point.minimum + shrink * step[0], ratio = minimum / point.minimum
      var factor = ratio, size = abs(step[0]) / minimum
      for k in 1..<n {
        size = max(size, abs(step[k]) / max(abs(point.slopes[1]), abs(point.slopes[k])))
        point.slopes[k] = (point.slopes[k] + shrink * step[k]) * factor
        factor *= ratio
      }
      point.minimum = minimum
      guard size.isFinite, minimum > 0, minimum < 1e6, point.slopes[1] > 0 else { return false }
      if shrink == 1, size < 1e-6, size < 1e-14 || size > 0.5 * last { return true }
      last = size
    }
    return false
  }

  /// d kappa/dt = -F_0 / b_1, d b_k/dt = F_k + (k+1) b_(k+1) d kappa/dt (in units of kappa*): its derivative at the fixed point.
  private func stability(_ point: Expansion) -> [Double] {
    let n = point.slopes.count, kappa = point.minimum
    var matrix = jacobian(point, linearize(point))
    for column in 0..<n { matrix[column] *= -kappa / point.slopes[1] }
    for row in 1..<n where row + 1 < n {
      let carried = Double(row + 1) * point.slopes[row + 1] / kappa
      for column in 0..<n { matrix[row * n + column] += carried * matrix[column] }
    }
    return matrix
  }
}
