import Glibc

/// A joint fit of a dimensionless quantity (Binder ratio, xi/L) at several sizes and couplings to its finite-size
/// scaling form near the critical point:
///
/// `y(K, L) = sum_{j <= degree} a_j t^j + L^-omega sum_{j <= correctionDegree} b_j t^j`, t = (K - K_c)(L/L_0)^{1/nu}, L_0
/// the smallest size; without a correction b = 0. `b_1` corrects the slopes, so it moves nu where `b_0` moves K_c.
public struct ScalingFit: Sendable, Equatable {
  /// Parameters K_c, 1/nu, a_0 ... a_degree and, with a correction, b_0 ...; with covariance and chi^2.
  public let fit: Fit
  /// K_c and 1/nu.
  public var critical: Estimate { fit[0] }
  public var inverseNu: Estimate { fit[1] }
  /// nu, its error to first order.
  public var nu: Estimate {
    Estimate(value: 1 / fit[1].value, error: fit[1].error / (fit[1].value * fit[1].value))
  }
  /// The value at the critical point in infinite volume, a_0.
  public var criticalValue: Estimate { fit[2] }

  /// Fits all points at once; the start of the a_j is a linear fit at the guessed K_c and 1/nu.
  ///
  /// - Parameters:
  ///   - noise: of all points, curve after curve: independent errors, or the jackknife's covariance.
  ///   - omega: the exponent of the correction, held fixed; nil for none.
  ///   - correctionDegree: of the correction's polynomial in t.
  ///   - leastSize: sizes below are left out, with their rows of the noise: a scan over it shows corrections.
  /// - Throws: what `FitError` names.
  public init(
    sizes: [Double], x: [Double], y: [Double], noise: DataNoise, degree: Int, critical: Double, inverseNu: Double,
    omega: Double? = nil, correctionDegree: Int = 0, leastSize: Double = 0
  ) throws(FitError) {
    precondition(
      sizes.count == x.count && x.count == y.count && degree >= 1 && (0...degree).contains(correctionDegree),
      "a size and a coupling for each value")
    let kept = sizes.indices.filter { sizes[$0] >= leastSize }
    guard let unit = kept.map({ sizes[$0] }).min() else { throw .tooFewPoints(found: 0, parameters: degree + 3) }
    func row(_ p: [Double], _ i: Int) -> [Double] {
      let t = (x[i] - p[0]) * pow(sizes[i] / unit, p[1])
      var row = [1.0]
      for _ in 0..<degree { row.append(row[row.count - 1] * t) }
      guard let omega else { return row }
      let correction = pow(sizes[i], -omega)
      return row + row[...correctionDegree].map { $0 * correction }
    }
    let values = kept.map { y[$0] }, part = noise.part(kept)
    let start = [critical, inverseNu]
    let linear = try linearFit(design: kept.map { row(start, $0) }, values: values, noise: part)
    fit = try nonlinearFit(values: values, noise: part, start: start + linear.parameters) { p in
      kept.map { i in zip(row(p, i), p[2...]).reduce(0) { $0 + $1.0 * $1.1 } }
    }
  }
}

extension DataNoise {
  /// The standard error of each point.
  var errors: [Double] {
    switch self {
    case .errors(let errors): return errors
    case .covariance(let matrix):
      let n = Int(Double(matrix.count).squareRoot().rounded())
      return (0..<n).map { matrix[$0 * n + $0].squareRoot() }
    }
  }
  /// The noise of some of the points.
  func part(_ kept: [Int]) -> DataNoise {
    switch self {
    case .errors(let errors): return .errors(kept.map { errors[$0] })
    case .covariance(let matrix):
      let n = Int(Double(matrix.count).squareRoot().rounded())
      return .covariance(kept.flatMap { i in kept.map { matrix[i * n + $0] } })
    }
  }
}
