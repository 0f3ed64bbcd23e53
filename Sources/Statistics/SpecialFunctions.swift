import Glibc

/// The digamma function psi(x) = d ln Gamma(x) / dx, to about 1e-15 relative to max(1, |psi|).
///
/// Upward recurrence psi(x) = psi(x + 1) - 1/x to x >= 10, then the asymptotic series ln x - 1/2x - sum B_2k/(2k x^2k);
/// for x < 0 the reflection psi(1 - x) - psi(x) = pi cot(pi x). Not a number at the poles 0, -1, -2, ... and at NaN.
/// Source: Abramowitz and Stegun 6.3.5, 6.3.7, 6.3.18.
public func digamma(_ x: Double) -> Double {
  guard x.isFinite else { return x == .infinity ? .infinity : .nan }
  if x <= 0 {
    if x == x.rounded() { return .nan }
    // The fractional part first: tan(pi x) for large |x| would lose its digits.
    return digamma(1 - x) - Double.pi / tan(Double.pi * (x - x.rounded()))
  }
  var shifted = x
  var below = 0.0
  while shifted < 10 {
    below += 1 / shifted
    shifted += 1
  }
  let inverse = 1 / (shifted * shifted)
  let series =
    inverse
    * (1.0 / 12 - inverse
      * (1.0 / 120 - inverse
        * (1.0 / 252 - inverse * (1.0 / 240 - inverse * (1.0 / 132 - inverse * (691.0 / 32760 - inverse / 12))))))
  return log(shifted) - 0.5 / shifted - series - below
}

/// The two regularised incomplete gamma functions P(a, x) = gamma(a, x)/Gamma(a) and Q = 1 - P, for a > 0, x >= 0.
///
/// The smaller one is computed directly, so that small tails keep their relative accuracy (about 1e-13): P by its power
/// series for x < a + 1, Q by the continued fraction (Lentz) beyond. Both are not a number outside the domain.
/// Source: Abramowitz and Stegun 6.5.29, 6.5.31.
public func regularizedIncompleteGamma(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
  guard a > 0, x >= 0, a.isFinite else { return (.nan, .nan) }
  if x == 0 { return (0, 1) }
  if x == .infinity { return (1, 0) }
  let density = gammaDensity(a, x)
  if x < a + 1 {
    var term = 1.0
    var sum = 1.0
    var n = a
    while term > sum * 1e-17 {
      n += 1
      term *= x / n
      sum += term
    }
    let lower = density * sum
    return (lower, 1 - lower)
  }
  // x^a e^-x / Gamma(a) = a * density.
  let upper = density * a * upperFraction(a, x)
  return (1 - upper, upper)
}

/// x^a e^-x / Gamma(a + 1), without the loss of digits that exp(a ln x - x - lnGamma) has for large a.
///
/// = exp(-a (u - ln(1 + u)) - delta(a)) / sqrt(2 pi a), u = (x - a)/a, delta = the error of Stirling's formula.
private func gammaDensity(_ a: Double, _ x: Double) -> Double {
  if a < 16 { return pow(x, a) * exp(-x) / tgamma(a + 1) }
  let u = (x - a) / a
  let inverse = 1 / (a * a)
  let stirling =
    (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1260 - inverse * (1.0 / 1680 - inverse / 1188)))) / a
  return exp(-a * excessOverLogarithm(u) - stirling) / sqrt(2 * Double.pi * a)
}

/// u - ln(1 + u), also for small u: with r = u/(2 + u), ln(1 + u) = 2 (r + r^3/3 + ...) and u - 2r = u r.
private func excessOverLogarithm(_ u: Double) -> Double {
  if abs(u) > 0.3 { return u - log1p(u) }
  let r = u / (2 + u)
  var power = r * r * r
  var sum = 0.0
  var k = 3.0
  while abs(power) > 1e-18 * abs(u * r) && k < 99 {
    sum += power / k
    power *= r * r
    k += 2
  }
  return u * r - 2 * sum
}

/// The continued fraction 1/(x + 1 - a - 1(1 - a)/(x + 3 - a - ...)) by Lentz's method.
private func upperFraction(_ a: Double, _ x: Double) -> Double {
  var b = x + 1 - a
  var c = 1e300
  var d = 1 / b
  var value = d
  var i = 1.0
  while i < 1e7 {
    let numerator = -i * (i - a)
    b += 2
    let denominator = numerator * d + b
    d = 1 / (abs(denominator) < 1e-300 ? 1e-300 : denominator)
    c = b + numerator / c
    if abs(c) < 1e-300 { c = 1e-300 }
    let factor = c * d
    value *= factor
    if abs(factor - 1) < 1e-16 { break }
    i += 1
  }
  return value
}
