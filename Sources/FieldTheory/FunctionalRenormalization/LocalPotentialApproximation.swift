/// The local potential approximation of the O(N) model in d dimensions: the flow of the dimensionless potential u(rho),
/// rho = phi^2 / 2, under t = ln k,
///
///     du/dt = -d u + (d-2) rho u' + (N-1) l(u') + l(u' + 2 rho u''),
///
/// and of its slope w = u', which is what all routes compute with:
///
///     dw/dt = -2 w + (d-2) rho w' + (N-1) l'(w) w' + l'(w + 2 rho w') (3 w' + 2 rho w'').
///
/// The field has no anomalous dimension, eta = 0. Loop volumes are scaled out; in physical units rho and u carry a factor
/// c_d (1/(6 pi^2) for d = 3 and the optimized cutoff). Source: N. Tetradis and C. Wetterich, Nucl. Phys. B 422, 541 (1994);
/// D. Litim, Nucl. Phys. B 631, 128 (2002).
public struct LocalPotentialApproximation: Sendable, Equatable {
  /// N and d that are computed. Towards d = 2 the potential grows like rho^(2/(d-2)), which no grid follows.
  public static let allowedComponents = 1...1000, allowedDimensions = 2.2...3.9999
  /// N, d and the cutoff.
  public let components: Int, dimension: Double, regulator: Regulator

  /// Throws `componentsOutOfRange`, `dimensionOutOfRange`.
  public init(components: Int, dimension: Double, regulator: Regulator) throws(FieldTheoryError) {
    guard Self.allowedComponents.contains(components) else {
      throw .componentsOutOfRange(components, allowed: Self.allowedComponents)
    }
    guard Self.allowedDimensions.contains(dimension) else {
      throw .dimensionOutOfRange(dimension, allowed: Self.allowedDimensions)
    }
    self.init(checked: components, dimension, regulator)
  }
  /// Of numbers that are in range.
  init(checked components: Int, _ dimension: Double, _ regulator: Regulator) {
    self.components = components
    self.dimension = dimension
    self.regulator = regulator
  }

  /// The potential at its fixed point where its slope w and w' are known: u = ((d-2) rho w + (N-1) l(w) + l(w + 2 rho w')) / d.
  public func fixedPotential(at rho: Double, slope w: Double, curvature: Double) -> Double {
    let goldstone = Double(components - 1) * regulator.threshold(w), radial = regulator.threshold(w + 2 * rho * curvature)
    return ((dimension - 2) * rho * w + goldstone + radial) / dimension
  }
}
