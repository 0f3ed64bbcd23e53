/// A polynomial fitted to points with errors: y = sum_k a_k ((x - origin)/scale)^k, k = 0 ... degree.
///
/// Origin and scale are the middle and the half width of the points, so that powers stay near one.
public struct PolynomialFit: Sendable, Equatable {
  /// The coefficients a_k with their covariance, and chi^2.
  public let fit: Fit
  /// Where and in what unit the powers are taken.
  public let origin: Double, scale: Double

  /// Fits a polynomial of `degree >= 0`.
  /// - Throws: what `FitError` names.
  public init(x: [Double], y: [Double], noise: DataNoise, degree: Int) throws(FitError) {
    precondition(x.count == y.count && degree >= 0, "as many x as y")
    for (point, x) in x.enumerated() where !x.isFinite { throw .notFinite(point: point) }
    let least = x.min() ?? 0, most = x.max() ?? 0
    let origin = (least + most) / 2, scale = most > least ? (most - least) / 2 : 1
    self.origin = origin
    self.scale = scale
    fit = try linearFit(
      design: x.map { PolynomialFit.powers(($0 - origin) / scale, degree: degree) }, values: y, noise: noise)
  }

  /// The fitted curve at x with its standard error.
  public func value(at x: Double) -> Estimate {
    let row = PolynomialFit.powers((x - origin) / scale, degree: fit.parameters.count - 1)
    return Estimate(value: zip(row, fit.parameters).reduce(0) { $0 + $1.0 * $1.1 }, error: fit.standardError(gradient: row))
  }
  /// dy/dx of the fitted curve at x with its standard error.
  public func slope(at x: Double) -> Estimate {
    let row = PolynomialFit.powers((x - origin) / scale, degree: fit.parameters.count - 1)
    let gradient = row.indices.map { $0 == 0 ? 0 : Double($0) * row[$0 - 1] / scale }
    return Estimate(
      value: zip(gradient, fit.parameters).reduce(0) { $0 + $1.0 * $1.1 }, error: fit.standardError(gradient: gradient))
  }

  private static func powers(_ t: Double, degree: Int) -> [Double] {
    var powers = [1.0]
    for _ in 0..<degree { powers.append(powers[powers.count - 1] * t) }
    return powers
  }
}
