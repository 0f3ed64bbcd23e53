public import LinearAlgebra

/// Why something about a field theory cannot be computed.
public enum FieldTheoryError: Error, Equatable, Sendable {
  /// The dimension of space; at four and above only the Gaussian fixed point is there.
  case dimensionOutOfRange(Double, allowed: ClosedRange<Double>)
  /// The number N of field components.
  case componentsOutOfRange(Int, allowed: ClosedRange<Int>)
  /// The number of collocation points.
  case pointsOutOfRange(Int, allowed: ClosedRange<Int>)
  /// The highest order of a truncation.
  case orderOutOfRange(Int, allowed: ClosedRange<Int>)
  /// Collocation followed the Wilson-Fisher fixed point down from four dimensions as far as `reached`.
  case continuationStopped(wanted: Double, reached: Double)
  /// Truncations converged up to order `reached` (0: not even the quartic one has a physical fixed point).
  case truncationStopped(wanted: Int, reached: Int)
  /// Bare potentials of this coupling lead to one phase alone, whatever their minimum between two bounds.
  case noTransition(coupling: Double, between: Double, and: Double)
  /// A matrix could not be decomposed.
  case decomposition(DecompositionError)
  /// Gradient descent diverges: the rate times the largest eigenvalue of the tangent kernel has to stay below two.
  case unstableRate(Double, limit: Double)
}

extension FieldTheoryError: CustomStringConvertible {
  /// One line for the user.
  public var description: String {
    switch self {
    case .dimensionOutOfRange(let d, let allowed):
      "d = \(d) is outside \(allowed.lowerBound) ... \(allowed.upperBound): only below four dimensions is there a Wilson-Fisher fixed point"
    case .componentsOutOfRange(let n, let allowed): "N = \(n) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .pointsOutOfRange(let points, let allowed):
      "\(points) collocation points are outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .orderOutOfRange(let order, let allowed): "order \(order) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .continuationStopped(let wanted, let reached):
      "collocation did not converge at d = \(wanted): from four dimensions down it reached d = \(reached)"
    case .truncationStopped(let wanted, let reached):
      reached < 2
        ? "the truncation of order 2 has no physical fixed point"
        : "the truncation did not converge at order \(wanted): it reached \(reached)"
    case .noTransition(let coupling, let low, let high):
      "bare potentials of coupling \(coupling) with minima between \(low) and \(high) do not pass from one phase to the other"
    case .decomposition(let error): error.description
    case .unstableRate(let rate, let limit): "gradient descent diverges at a rate of \(rate): it has to stay below \(limit)"
    }
  }
}
