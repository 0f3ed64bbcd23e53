import Glibc

/// The two neighbouring abscissae between which a curve that is known at points with errors changes its sign: points within
/// `significance` of their errors from zero say nothing and are passed over; of several changes the most significant.
///
/// - Parameter x: rising.
/// - Returns: nil where no such points of both signs stand side by side.
public func signChange(x: [Double], values: [Double], errors: [Double], significance: Double = 3) -> ClosedRange<Double>? {
  precondition(x.count == values.count && x.count == errors.count, "a value and an error for each abscissa")
  let sure = x.indices.map { (x: x[$0], z: values[$0] / errors[$0]) }.filter { abs($0.z) >= significance }
  let changes = zip(sure, sure.dropFirst()).filter { $0.z * $1.z < 0 && $0.x < $1.x }
  return changes.max { min(abs($0.0.z), abs($0.1.z)) < min(abs($1.0.z), abs($1.1.z)) }.map { $0.0.x...$0.1.x }
}

/// Where a curve that is known at points with errors passes zero, by polynomials through the points near its change of
/// sign.
///
/// Every run of points about the change, four at least, is fitted by every degree that leaves two degrees of freedom. The
/// zeros are averaged with weights exp(-A/2), A = chi^2 + 2 x (parameters + points left out), so that a stiff polynomial
/// through all points counts only as far as chi^2 allows it, and the error holds the scatter between polynomials besides
/// that of the points, and half the distance to the zero of the chord across the change, which is what the curve can do between
/// points that are far apart: `sigma^2 = sum w (sigma_i^2 + x_i^2) - x^2 + (x - x_chord)^2 / 4`.
///
/// Source: Jay and Neil 2021.
public struct InterpolatedZero: Sendable, Equatable {
  /// The zero with its standard error.
  public let x: Estimate
  /// The polynomial of the largest weight: its fit, with chi^2, and through how many points it goes.
  public let best: Fit, points: Int
  /// Between which points the sign changes.
  public let bracket: ClosedRange<Double>

  /// - Parameter x: rising.
  /// - Throws: `noSignChange`, `notFinite`, `tooFewPoints`, or `poorInterpolation` where even the best polynomial is refused by chi^2 (p
  ///   below 1e-3).
  public init(x: [Double], y: [Double], noise: DataNoise, significance: Double = 3) throws(CrossingError) {
    for (place, value) in y.enumerated() where !value.isFinite { throw .notFinite(at: x[place]) }
    guard let first = x.first, let last = x.last else { throw .noSignChange(range: 0...0, differences: []) }
    guard let bracket = signChange(x: x, values: y, errors: noise.errors, significance: significance) else {
      throw .noSignChange(range: first...last, differences: y)
    }
    var candidates: [(x: Estimate, fit: Fit, points: Int, criterion: Double)] = []
    for start in x.indices where x[start] <= bracket.lowerBound {
      for end in x.indices where x[end] >= bracket.upperBound && end - start >= 3 {
        let part = Array(start...end), near = noise.part(part)
        for degree in 1...6 where degree + 3 <= part.count {
          guard let curve = try? PolynomialFit(x: part.map { x[$0] }, y: part.map { y[$0] }, noise: near, degree: degree),
            let zero = try? crossing(in: bracket, of: { curve.value(at: $0).value }, and: { _ in 0 })
          else { continue }
          let error = curve.value(at: zero).error / abs(curve.slope(at: zero).value)
          let criterion = curve.fit.chiSquared + 2 * Double(degree + 1 + x.count - part.count)
          if error.isFinite { candidates.append((Estimate(value: zero, error: error), curve.fit, part.count, criterion)) }
        }
      }
    }
    if x.count < 4 { throw .tooFewPoints(between: bracket, found: x.count, required: 4) }
    guard let best = candidates.min(by: { $0.criterion < $1.criterion }), best.fit.pValue > 1e-3 else {
      throw .poorInterpolation(between: bracket)
    }
    let weights = candidates.map { exp((best.criterion - $0.criterion) / 2) }, total = weights.reduce(0, +)
    // From the best zero, so that nothing cancels.
    var mean = 0.0, square = 0.0
    for (weight, candidate) in zip(weights, candidates) {
      let away = candidate.x.value - best.x.value
      mean += weight / total * away
      square += weight / total * (away * away + candidate.x.error * candidate.x.error)
    }
    let zero = best.x.value + mean, low = x.firstIndex(of: bracket.lowerBound) ?? 0, high = x.firstIndex(of: bracket.upperBound) ?? 0
    let chord = x[low] + (x[high] - x[low]) * y[low] / (y[low] - y[high])
    let variance = max(0, square - mean * mean) + (zero - chord) * (zero - chord) / 4
    self.x = Estimate(value: zero, error: variance.squareRoot())
    (self.best, points, self.bracket) = (best.fit, best.points, bracket)
  }
}
