/// An exact fraction of 128-bit integers in lowest terms, the denominator above zero.
///
/// Products and sums are reduced before they are formed, so that they overflow (a trap) only where the result itself has
/// no room: the epsilon expansion of N <= 1000 components stays far below.
public struct Rational: SeriesCoefficient, Hashable, Sendable {
  /// The reduced numerator and denominator.
  public let numerator: Int128, denominator: Int128

  /// numerator / denominator in lowest terms; the denominator is not zero.
  public init(_ numerator: Int128, _ denominator: Int128 = 1) {
    precondition(denominator != 0, "a fraction has a denominator")
    let divisor = Self.greatestCommonDivisor(numerator, denominator) * (denominator < 0 ? -1 : 1)
    self.numerator = numerator / divisor
    self.denominator = denominator / divisor
  }
  public init(_ value: Int) { self.init(Int128(value)) }

  public static var zero: Rational { Rational(0) }
  /// The nearest floating-point number, but for one rounding of each part.
  public var approximation: Double { Double(numerator) / Double(denominator) }

  public static func + (a: Rational, b: Rational) -> Rational {
    let shared = greatestCommonDivisor(a.denominator, b.denominator)
    let left = b.denominator / shared, right = a.denominator / shared
    return Rational(a.numerator * left + b.numerator * right, a.denominator * left)
  }
  public static prefix func - (a: Rational) -> Rational { Rational(-a.numerator, a.denominator) }
  public static func - (a: Rational, b: Rational) -> Rational { a + -b }
  public static func * (a: Rational, b: Rational) -> Rational {
    let first = greatestCommonDivisor(a.numerator, b.denominator), second = greatestCommonDivisor(b.numerator, a.denominator)
    return Rational(
      (a.numerator / first) * (b.numerator / second), (a.denominator / second) * (b.denominator / first))
  }
  /// The quotient; `b` is not zero.
  public static func / (a: Rational, b: Rational) -> Rational {
    precondition(b.numerator != 0, "division by zero")
    return a * Rational(b.denominator, b.numerator)
  }

  /// At least 1, also of two zeros.
  private static func greatestCommonDivisor(_ a: Int128, _ b: Int128) -> Int128 {
    var (x, y) = (a.magnitude, b.magnitude)
    while y != 0 { (x, y) = (y, x % y) }
    return x == 0 ? 1 : Int128(x)
  }
}

extension Rational: CustomStringConvertible {
  /// "7/162", "-3", as people write it.
  public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}
