/// Why a fit is refused.
public enum FitError: Error, Equatable, Sendable {
  /// Fewer points than parameters.
  case tooFewPoints(found: Int, parameters: Int)
  /// A value, a prediction or a design element that is not finite.
  case notFinite(point: Int)
  /// An error bar that is not a positive number.
  case errorNotPositive(point: Int)
  /// The covariance of the data is not positive definite: too few blocks for so many points, for one.
  case covarianceNotPositive
  /// The data do not determine the parameters.
  case degenerate
  /// The minimum was not reached.
  case notConverged(iterations: Int)
}

/// The noise of data that are fitted.
public enum DataNoise: Sendable, Equatable {
  /// Independent points with these standard errors.
  case errors([Double])
  /// Correlated points with this covariance matrix, `[points, points]` row-major (from `jackknifeCovariance`, say).
  case covariance([Double])

  /// A map that gives residuals unit covariance.
  func whitening(points: Int) throws(FitError) -> @Sendable ([Double]) -> [Double] {
    switch self {
    case .errors(let errors):
      precondition(errors.count == points, "an error for each point")
      for (point, error) in errors.enumerated() where !(error > 0 && error.isFinite) { throw .errorNotPositive(point: point) }
      return { residuals in residuals.indices.map { residuals[$0] / errors[$0] } }
    case .covariance(let matrix):
      precondition(matrix.count == points * points, "a covariance for each pair of points")
      guard let factor = Cholesky(matrix, size: points) else { throw .covarianceNotPositive }
      return { factor.whitened($0) }
    }
  }
}

/// Parameters that were fitted by least squares, chi^2 = r^T C^-1 r over the residuals r.
///
/// Errors are those of the stated noise: they are not blown up by a bad chi^2.
public struct Fit: Sendable, Equatable {
  /// The parameters and their covariance, `[parameters, parameters]` row-major.
  public let parameters: [Double], covariance: [Double]
  /// chi^2 at the minimum, and points - parameters.
  public let chiSquared: Double, degreesOfFreedom: Int
  /// chi^2 per degree of freedom; NaN without one.
  public var reducedChiSquared: Double { degreesOfFreedom > 0 ? chiSquared / Double(degreesOfFreedom) : .nan }
  /// The probability of a larger chi^2 if the model and the noise are right; NaN without a degree of freedom.
  public var pValue: Double {
    degreesOfFreedom > 0 ? regularizedIncompleteGamma(Double(degreesOfFreedom) / 2, chiSquared / 2).upper : .nan
  }
  /// Parameter `index` with its standard error.
  public subscript(index: Int) -> Estimate {
    Estimate(value: parameters[index], error: covariance[index * parameters.count + index].squareRoot())
  }
  /// The standard error of a function of the parameters with this gradient, to first order.
  public func standardError(gradient: [Double]) -> Double {
    precondition(gradient.count == parameters.count, "a derivative for each parameter")
    var variance = 0.0
    for i in gradient.indices {
      for j in gradient.indices { variance += gradient[i] * covariance[i * gradient.count + j] * gradient[j] }
    }
    return max(0, variance).squareRoot()
  }
}

/// Weighted linear least squares: values = design x parameters + noise.
///
/// - Parameter design: `[points][parameters]`.
/// - Throws: what `FitError` names.
public func linearFit(design: [[Double]], values: [Double], noise: DataNoise) throws(FitError) -> Fit {
  precondition(design.count == values.count, "a row of the design for each value")
  let count = design.first?.count ?? 0
  guard values.count >= max(count, 1), count > 0 else { throw .tooFewPoints(found: values.count, parameters: count) }
  for (point, row) in design.enumerated() {
    precondition(row.count == count, "rows of the design are equally long")
    guard values[point].isFinite, row.allSatisfy(\.isFinite) else { throw .notFinite(point: point) }
  }
  let whiten = try noise.whitening(points: values.count)
  let columns = (0..<count).map { column in whiten(design.map { $0[column] }) }
  let normal = try NormalEquations(columns: columns, residuals: whiten(values))
  let parameters = normal.step
  let residuals = whiten(
    values.indices.map { point in values[point] - zip(design[point], parameters).reduce(0) { $0 + $1.0 * $1.1 } })
  return Fit(
    parameters: parameters, covariance: normal.covariance, chiSquared: residuals.reduce(0) { $0 + $1 * $1 },
    degreesOfFreedom: values.count - count)
}

/// (J^T J) step = J^T r for whitened columns J and residuals r, with columns scaled to length one so that parameters of
/// very different sizes do not spoil it.
struct NormalEquations {
  /// The least-squares step, and (J^T J)^-1.
  let step: [Double], covariance: [Double]
  /// Throws `degenerate`. With `damping`, the diagonal of the scaled matrix is 1 + damping (Marquardt).
  init(columns: [[Double]], residuals: [Double], damping: Double = 0) throws(FitError) {
    let n = columns.count
    let lengths = columns.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    guard lengths.allSatisfy({ $0 > 0 && $0.isFinite }) else { throw .degenerate }
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let product = zip(columns[i], columns[j]).reduce(0) { $0 + $1.0 * $1.1 } / (lengths[i] * lengths[j])
        matrix[i * n + j] = product
        matrix[j * n + i] = product
      }
      matrix[i * n + i] = 1 + damping
    }
    guard let factor = Cholesky(matrix, size: n) else { throw .degenerate }
    let right = (0..<n).map { i in zip(columns[i], residuals).reduce(0) { $0 + $1.0 * $1.1 } / lengths[i] }
    let scaled = factor.solve(right), inverse = factor.inverse
    step = (0..<n).map { scaled[$0] / lengths[$0] }
    covariance = (0..<n * n).map { inverse[$0] / (lengths[$0 / n] * lengths[$0 % n]) }
  }
}
