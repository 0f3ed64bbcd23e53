import Glibc

/// A critical fixed point of a flow of couplings.
public struct FlowFixedPoint: Sendable, Equatable {
  /// The coupling K* there.
  public let coupling: Double
  /// y = ln lambda / ln b of the coupling; of the field, where the flow has one.
  public let thermalExponent: Double, magneticExponent: Double?
  /// b of the step; 1 for a flow in the limit b -> 1, which has no eigenvalues.
  public let scale: Double
  /// nu = 1 / y_t.
  public var correlationExponent: Double { 1 / thermalExponent }
  /// lambda = b^y of the coupling and of the field.
  public var thermalEigenvalue: Double { pow(scale, thermalExponent) }
  public var magneticEigenvalue: Double? { magneticExponent.map { pow(scale, $0) } }

  init(coupling: Double, scale: Double, thermalExponent: Double, magneticExponent: Double?) {
    self.coupling = coupling
    self.scale = scale
    self.thermalExponent = thermalExponent
    self.magneticExponent = magneticExponent
  }
  init(coupling: Double, scale: Double, thermalEigenvalue: Double, magneticEigenvalue: Double?) {
    self.init(
      coupling: coupling, scale: scale, thermalExponent: log(thermalEigenvalue) / log(scale),
      magneticExponent: magneticEigenvalue.map { log($0) / log(scale) })
  }
}

/// The root of `function`, negative at `low` and positive at `high`, to the last digit.
func root(of function: (Double) -> Double, from low: Double, to high: Double) -> Double {
  var (low, high) = (low, high)
  while true {
    let middle = (low + high) / 2
    if middle <= low || middle >= high { return middle }
    if function(middle) < 0 { low = middle } else { high = middle }
  }
}
