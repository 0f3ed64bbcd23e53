internal import Glibc

/// The free field, phi^4 theory at lambda = 0, on a finite torus: <|phi_p|^2> = 1 / (2 - 4 kappa sum_mu cos p_mu).
public struct FreeScalarField: Sendable, Equatable {
  /// <phi^2>, <phi phi'> of nearest neighbours averaged over axes, and chi = N <m^2>, the propagator at p = 0.
  public let square: Double, neighbourProduct: Double, susceptibility: Double

  /// Sums over all momenta; throws `unstableScalar` unless 2 d |kappa| < 1.
  public init(_ lattice: HypercubicLattice, hopping kappa: Double) throws(LatticeError) {
    let d = Double(lattice.dimensions)
    guard kappa.isFinite && abs(kappa) * 2 * d < 1 else { throw .unstableScalar(kappa: kappa, lambda: 0) }
    let cosines = lattice.extents.map { n in (0..<n).map { cos(2 * Double.pi * Double($0) / Double(n)) } }
    var squares = 0.0, products = 0.0
    for site in 0..<lattice.sites {
      var sum = 0.0
      for axis in lattice.extents.indices { sum += cosines[axis][lattice.coordinate(site, axis: axis)] }
      let propagator = 1 / (2 - 4 * kappa * sum)
      squares += propagator
      products += propagator * sum / d
    }
    square = squares / Double(lattice.sites)
    neighbourProduct = products / Double(lattice.sites)
    susceptibility = 1 / (2 - 4 * kappa * d)
  }
}
