/// The numbers that a power series may have for coefficients: a field, exact or in floating point.
public protocol SeriesCoefficient: Equatable, Sendable {
  static var zero: Self { get }
  init(_ value: Int)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
}
extension Double: SeriesCoefficient {}

/// A power series known to a finite order: c_0 + c_1 x + ... + c_n x^n + O(x^(n+1)).
///
/// Sums and products are as exact as their coefficients and known to the lower of two orders. A product costs n^2 / 2
/// multiplications.
public struct PowerSeries<Coefficient: SeriesCoefficient>: Sendable, Equatable {
  /// c_0, c_1, ..., c_n; at least one.
  public var coefficients: [Coefficient]

  /// A series from its coefficients, the constant first.
  public init(_ coefficients: [Coefficient]) {
    precondition(!coefficients.isEmpty, "a series has a constant")
    self.coefficients = coefficients
  }
  /// A constant, known to `order`.
  public init(constant: Coefficient, order: Int) {
    coefficients = [constant] + [Coefficient](repeating: .zero, count: order)
  }
  /// x itself, known to `order >= 1`.
  public static func variable(order: Int) -> PowerSeries {
    PowerSeries([.zero, Coefficient(1)] + [Coefficient](repeating: .zero, count: order - 1))
  }

  /// The order n to which it is known.
  public var order: Int { coefficients.count - 1 }

  public static func + (a: PowerSeries, b: PowerSeries) -> PowerSeries { PowerSeries(zip(a.coefficients, b.coefficients).map { $0 + $1 }) }
  public static func - (a: PowerSeries, b: PowerSeries) -> PowerSeries { PowerSeries(zip(a.coefficients, b.coefficients).map { $0 - $1 }) }
  public static func * (a: PowerSeries, b: PowerSeries) -> PowerSeries {
    let count = min(a.coefficients.count, b.coefficients.count)
    var product = [Coefficient](repeating: .zero, count: count)
    for i in 0..<count where a.coefficients[i] != .zero {
      for j in 0..<count - i { product[i + j] = product[i + j] + a.coefficients[i] * b.coefficients[j] }
    }
    return PowerSeries(product)
  }
  public static func * (a: Coefficient, b: PowerSeries) -> PowerSeries { PowerSeries(b.coefficients.map { a * $0 }) }
  public static func + (a: PowerSeries, b: Coefficient) -> PowerSeries {
    var sum = a
    sum.coefficients[0] = sum.coefficients[0] + b
    return sum
  }

  /// 1 / series; the constant is not zero.
  public var reciprocal: PowerSeries {
    precondition(coefficients[0] != .zero, "a series that begins with zero has no reciprocal")
    var result = [Coefficient(1) / coefficients[0]]
    for k in 1..<max(1, coefficients.count) {
      var sum = Coefficient.zero
      for j in 1...k { sum = sum + coefficients[j] * result[k - j] }
      result.append(.zero - sum / coefficients[0])
    }
    return PowerSeries(result)
  }

  /// The derivative; known to one order less, of which the place is filled by zero (exact for polynomials).
  public var derivative: PowerSeries {
    var result = (1..<max(1, coefficients.count)).map { Coefficient($0) * coefficients[$0] }
    result.append(.zero)
    return PowerSeries(result)
  }

  /// self(argument(x)); the argument begins with zero.
  public func composed(with argument: PowerSeries) -> PowerSeries {
    precondition(argument.coefficients[0] == .zero, "the inner series vanishes at zero")
    var result = PowerSeries(constant: coefficients[order], order: argument.order)
    for coefficient in coefficients.dropLast().reversed() { result = result * argument + coefficient }
    return result
  }

  /// The first terms, to `order`.
  public func truncated(to order: Int) -> PowerSeries { PowerSeries(Array(coefficients.prefix(order + 1))) }

  /// The value of the known terms at `x` (Horner).
  public func callAsFunction(_ x: Coefficient) -> Coefficient {
    coefficients.reversed().reduce(.zero) { $0 * x + $1 }
  }
}
