/// The thermodynamics of an Ising system per site, weight exp(K sum s s' + B sum s), E = -sum s s'.
public struct ThermodynamicsPerSite: Sendable, Equatable {
  /// ln Z / N.
  public let logPartition: Double
  /// e = <E>/N, in units of J.
  public let energy: Double
  /// c = K^2 (<E^2> - <E>^2)/N, in units of k_B.
  public let specificHeat: Double
}

/// What an exact solution can refuse.
public enum ExactSolutionError: Error, Equatable, Sendable {
  /// The coupling K = beta J is not a number or outside what the solution covers.
  case couplingOutOfRange(Double, allowed: ClosedRange<Double>)
  /// The field B = beta h is not a number or outside what the solution covers.
  case fieldOutOfRange(Double, allowed: ClosedRange<Double>)
  /// The lattice is smaller or larger than the solution covers.
  case sizeOutOfRange(columns: Int, rows: Int, allowed: ClosedRange<Int>)
}

/// Critical couplings of the square-lattice Ising model.
public enum SquareIsing {
  /// K_c = ln(1 + sqrt 2)/2, where sinh 2K = 1 (Kramers and Wannier 1941).
  public static let criticalCoupling = 0.440686793509771512616304662489896
  /// The largest coupling that the exact solutions take; e^{2K} stays far from overflow.
  static let largestCoupling = 150.0
}

/// Throws unless `0 <= coupling <= SquareIsing.largestCoupling`.
func requireFerromagnetic(_ coupling: Double) throws(ExactSolutionError) {
  let allowed = 0...SquareIsing.largestCoupling
  guard allowed.contains(coupling) else { throw .couplingOutOfRange(coupling, allowed: allowed) }
}
