internal import Glibc

/// A number over the units of a layer with its standard error; nil error for fewer than three units.
public struct UnitEstimate: Sendable, Equatable {
  /// The number.
  public let value: Double
  /// Its standard error, from the spread over units.
  public let error: Double?
  /// A number and its standard error.
  public init(value: Double, error: Double?) {
    self.value = value
    self.error = error
  }

  /// The median of `values` (not a number when there are none). Its error is half the distance between the order
  /// statistics at ranks n/2 -+ sqrt(n)/2, the distribution-free 68 % interval of a median.
  public static func median(_ values: [Double]) -> UnitEstimate {
    let sorted = values.sorted(), n = sorted.count
    guard n > 0 else { return UnitEstimate(value: .nan, error: nil) }
    let middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2
    guard n > 2 else { return UnitEstimate(value: middle, error: nil) }
    let half = Double(n).squareRoot() / 2
    let low = max(0, Int((Double(n) / 2 - half).rounded(.down)))
    let high = min(n - 1, Int((Double(n) / 2 + half).rounded(.up)) - 1)
    return UnitEstimate(value: middle, error: (sorted[high] - sorted[low]) / 2)
  }

  /// Standard deviation over mean (n in the denominator); the error by leaving out one value at a time.
  static func variation(_ values: [Double]) -> UnitEstimate {
    let n = Double(values.count)
    guard values.count > 1 else { return UnitEstimate(value: .nan, error: nil) }
    let sum = values.reduce(0, +), mean = sum / n
    var squares = 0.0
    for x in values { squares += (x - mean) * (x - mean) }
    let value = (squares / n).squareRoot() / mean
    guard values.count > 2 else { return UnitEstimate(value: value, error: nil) }
    let without = values.map { x in
      let m = (sum - x) / (n - 1), rest = squares - (x - mean) * (x - mean) * n / (n - 1)
      return (max(0, rest) / (n - 1)).squareRoot() / m
    }
    let centre = without.reduce(0, +) / n
    var spread = 0.0
    for x in without { spread += (x - centre) * (x - centre) }
    return UnitEstimate(value: value, error: ((n - 1) / n * spread).squareRoot())
  }
}
