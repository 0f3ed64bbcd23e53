import Glibc

/// Nonlinear least squares by Levenberg and Marquardt's method, for finite-size scaling forms and the like.
///
/// Derivatives are central differences. The minimum is reached when a full Gauss-Newton step would lower chi^2 by less
/// than 1e-8, so parameters are within 1e-4 of their standard errors. It is a local minimum: start near.
///
/// - Parameters:
///   - values: the data.
///   - noise: their errors or covariance.
///   - start: a first guess; a parameter's difference step is 1e-5 of its size there (1e-5 where it is zero).
///   - model: the predicted values, as many as data, from the parameters.
/// - Throws: what `FitError` names; `notConverged` after `iterations` steps or where no step leads down.
///
/// Source: Marquardt 1963.
public func nonlinearFit(
  values: [Double], noise: DataNoise, start: [Double], iterations: Int = 200, model: @escaping ([Double]) -> [Double]
) throws(FitError) -> Fit {
  guard values.count >= start.count, !start.isEmpty else {
    throw .tooFewPoints(found: values.count, parameters: start.count)
  }
  let problem = LeastSquaresProblem(
    values: values, whiten: try noise.whitening(points: values.count), model: model,
    differences: start.map { 1e-5 * ($0 == 0 ? 1 : abs($0)) })
  var parameters = start
  var residuals = try problem.residuals(parameters)
  var chiSquared = residuals.reduce(0) { $0 + $1 * $1 }
  var damping = 1e-3
  for _ in 0..<iterations {
    let columns = try problem.derivatives(parameters)
    let full = try NormalEquations(columns: columns, residuals: residuals)
    // r . J step is what the quadratic model promises.
    var gain = 0.0
    for (k, column) in columns.enumerated() { for i in column.indices { gain += full.step[k] * column[i] * residuals[i] } }
    if gain < 1e-8 {
      return Fit(
        parameters: parameters, covariance: full.covariance, chiSquared: chiSquared,
        degreesOfFreedom: values.count - start.count)
    }
    while true {
      let step = try NormalEquations(columns: columns, residuals: residuals, damping: damping).step
      let trial = zip(parameters, step).map { $0 + $1 }
      // A step out of the model's domain gives a square that is not a number: it is only too long.
      let next = problem.whitened(trial), square = next.reduce(0) { $0 + $1 * $1 }
      if square < chiSquared {
        (parameters, residuals, chiSquared) = (trial, next, square)
        damping = max(damping / 10, 1e-12)
        break
      }
      damping *= 10
      if damping > 1e15 { throw .notConverged(iterations: iterations) }
    }
  }
  throw .notConverged(iterations: iterations)
}

private struct LeastSquaresProblem {
  let values: [Double]
  let whiten: @Sendable ([Double]) -> [Double]
  let model: ([Double]) -> [Double]
  let differences: [Double]

  /// Whitened values - model.
  func whitened(_ parameters: [Double]) -> [Double] {
    let predicted = model(parameters)
    precondition(predicted.count == values.count, "a prediction for each value")
    return whiten(zip(values, predicted).map { $0 - $1 })
  }
  /// The same, refused where one is not finite.
  func residuals(_ parameters: [Double]) throws(FitError) -> [Double] {
    let residuals = whitened(parameters)
    for point in residuals.indices where !residuals[point].isFinite { throw .notFinite(point: point) }
    return residuals
  }
  /// Whitened derivatives of the model by parameter.
  func derivatives(_ parameters: [Double]) throws(FitError) -> [[Double]] {
    var columns: [[Double]] = []
    for k in parameters.indices {
      var up = parameters, down = parameters
      up[k] += differences[k]
      down[k] -= differences[k]
      let above = try residuals(up), below = try residuals(down)
      columns.append(zip(above, below).map { ($1 - $0) / (up[k] - down[k]) })
    }
    return columns
  }
}
