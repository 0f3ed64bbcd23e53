/// A number with its standard error.
public struct Estimate: Sendable, Equatable {
  /// The value.
  public var value: Double
  /// Its standard error (one sigma); not a number where none can be had.
  public var error: Double
  /// A value and its standard error.
  public init(value: Double, error: Double) {
    self.value = value
    self.error = error
  }

  /// The mean of independent `values`, summed in order, and its standard error sqrt(sum (x - mean)^2 / (n - 1) / n),
  /// which is not a number below two values; without values the mean is none either.
  public init(meanOf values: [Double]) {
    let n = Double(values.count), mean = values.reduce(0, +) / n
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.init(value: mean, error: values.count > 1 ? (squares / (n - 1) / n).squareRoot() : .nan)
  }

  /// The part of `count` independent trials that came out, with half the width of E. Wilson's interval of one sigma as its error:
  /// sqrt(p (1 - p) / n + 1 / (4 n^2)) / (1 + 1 / n), which does not vanish where all or none of them did.
  public init(part found: Int, of count: Int) {
    let n = Double(count), p = Double(found) / n
    self.init(value: p, error: (p * (1 - p) / n + 1 / (4 * n * n)).squareRoot() / (1 + 1 / n))
  }
}
