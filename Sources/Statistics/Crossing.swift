import Glibc

/// Why two curves have no crossing that could be used.
public enum CrossingError: Error, Equatable, Sendable {
  /// The difference has the same sign at both ends.
  case noSignChange(range: ClosedRange<Double>, differences: [Double])
  /// A curve is not finite there.
  case notFinite(at: Double)
  /// The sign changes between these points, but no polynomial through the points about them agrees with them.
  case poorInterpolation(between: ClosedRange<Double>)
  /// The sign changes between these points, but the fewest points that a polynomial could disagree with are more than there are.
  case tooFewPoints(between: ClosedRange<Double>, found: Int, required: Int)
}

/// The point in `range` where two curves cross, by false position (the Illinois rule), to a few units in the last place.
///
/// - Throws: `noSignChange`, `notFinite`, or what the curves throw.
public func crossing<E: Error>(
  in range: ClosedRange<Double>, of first: (Double) throws(E) -> Double, and second: (Double) throws(E) -> Double
) throws -> Double {
  func difference(_ x: Double) throws -> Double {
    let value = try first(x) - second(x)
    guard value.isFinite else { throw CrossingError.notFinite(at: x) }
    return value
  }
  var (a, b) = (range.lowerBound, range.upperBound)
  var (fa, fb) = (try difference(a), try difference(b))
  guard fa * fb <= 0 else { throw CrossingError.noSignChange(range: range, differences: [fa, fb]) }
  let tolerance = max(4 * max(abs(a), abs(b)).ulp, 1e-15 * (b - a))
  // The Illinois rule: false position, with the value at an end that stays put halved.
  for _ in 0..<200 where b - a > tolerance && fa != 0 && fb != 0 {
    var x = (a * fb - b * fa) / (fb - fa)
    if !(x > a && x < b) { x = (a + b) / 2 }
    let f = try difference(x)
    if f == 0 { return x }
    if (f < 0) == (fa < 0) {
      (a, fa) = (x, f)
      fb /= 2
    } else {
      (b, fb) = (x, f)
      fa /= 2
    }
  }
  return fa == 0 ? a : fb == 0 ? b : abs(fa) < abs(fb) ? a : b
}

/// Where two fitted curves with independent noise cross, and how high.
///
/// To first order `sigma_x^2 = (sigma_1^2 + sigma_2^2)/(slope_1 - slope_2)^2`, and the height varies by
/// `(slope_1 noise_2 - slope_2 noise_1)/(slope_1 - slope_2)`. Curves that share data need a jackknife over `crossing` instead.
public struct Crossing: Sendable, Equatable {
  /// The abscissa and the common value, with standard errors.
  public let x: Estimate, y: Estimate

  /// The crossing of two polynomials in `range`.
  /// - Throws: what `CrossingError` names.
  public init(of first: PolynomialFit, and second: PolynomialFit, in range: ClosedRange<Double>) throws(CrossingError) {
    let x: Double
    do {
      x = try crossing(in: range, of: { first.value(at: $0).value }, and: { second.value(at: $0).value })
    } catch let error as CrossingError {
      throw error
    } catch {
      preconditionFailure("fitted curves do not throw: \(error)")
    }
    let one = first.value(at: x), two = second.value(at: x)
    let s1 = first.slope(at: x).value, s2 = second.slope(at: x).value, apart = s1 - s2
    self.x = Estimate(value: x, error: hypot(one.error, two.error) / abs(apart))
    y = Estimate(value: (one.value + two.value) / 2, error: hypot(s1 * two.error, s2 * one.error) / abs(apart))
  }
}
