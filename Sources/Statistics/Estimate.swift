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
}
