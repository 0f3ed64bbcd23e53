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
}
