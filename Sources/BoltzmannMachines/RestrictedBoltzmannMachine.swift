public import LinearAlgebra

/// Which values the units of a Boltzmann machine take. Stored in every file that holds one.
public enum UnitValues: UInt8, Sendable, Codable, CaseIterable {
  /// Units are 0 or 1.
  case zeroOne = 0
  /// Units are -1 or +1.
  case plusMinusOne = 1
}

/// A restricted Boltzmann machine with binary units: p(v, h) = exp(a·v + b·h + vᵀWh) / Z.
///
/// `weights: [visible, hidden]`, row-major. A configuration's set bits are the units at 1 (or +1), its clear bits those
/// at 0 (or -1).
public struct RestrictedBoltzmannMachine<Scalar: DenseScalar>: Sendable, Equatable {
  /// What the units' two values are.
  public let units: UnitValues
  /// How many visible and hidden units there are.
  public let visible: Int, hidden: Int
  /// W, `[visible, hidden]`, row-major.
  public var weights: [Scalar]
  /// a, `[visible]`.
  public var visibleBias: [Scalar]
  /// b, `[hidden]`.
  public var hiddenBias: [Scalar]

  /// A machine from its parameters; their counts must fit.
  public init(units: UnitValues, visible: Int, hidden: Int, weights: [Scalar], visibleBias: [Scalar], hiddenBias: [Scalar]) {
    precondition(
      weights.count == visible * hidden && visibleBias.count == visible && hiddenBias.count == hidden,
      "parameters do not fit \(visible) visible and \(hidden) hidden units")
    self.units = units
    self.visible = visible
    self.hidden = hidden
    self.weights = weights
    self.visibleBias = visibleBias
    self.hiddenBias = hiddenBias
  }
}
