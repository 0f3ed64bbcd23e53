import Glibc
public import RandomStreams

/// Scalar phi^4 theory on the lattice: weight exp(-S), measure prod dphi,
/// S = sum_x [-2 kappa sum_mu phi_x phi_{x+mu} + phi_x^2 + lambda (phi_x^2 - 1)^2].
///
/// lambda = 0 is the free field, stable for |kappa| < 1 / 2d; lambda -> infinity is the Ising model with K = 2 kappa.
public struct ScalarPhi4Model: ClusterModel {
  public let lattice: HypercubicLattice
  /// kappa and lambda.
  public let hopping: Double, quartic: Double
  /// The model on `lattice`; throws where the weight cannot be normalised.
  public init(_ lattice: HypercubicLattice, hopping kappa: Double, quartic lambda: Double) throws(LatticeError) {
    let isStable = lambda > 0 || (lambda == 0 && abs(kappa) * Double(2 * lattice.dimensions) < 1)
    guard kappa.isFinite && lambda.isFinite && isStable else { throw .unstableScalar(kappa: kappa, lambda: lambda) }
    self.lattice = lattice
    hopping = kappa
    quartic = lambda
  }

  public var coldValue: Double { 1 }
  /// Uniform in (-1, 1).
  public func hotValue(from choices: inout some RandomChoices) -> Double { 2 * choices.uniform() - 1 }
  /// The part of S that one site has alone.
  @inlinable func potential(_ phi: Double) -> Double {
    let square = phi * phi
    return square + quartic * ((square - 1) * (square - 1))
  }
  /// S.
  public func action(_ values: [Double]) -> Double {
    values.reduce(-2 * hopping * neighbourSum(values)) { $0 + potential($1) }
  }
  public func logWeight(_ values: [Double]) -> Double { -action(values) }
  /// sum over forward bonds of phi phi'; its mean over d N is <phi phi_nn>.
  public func neighbourSum(_ values: [Double]) -> Double { bondSum(values) { $0 * $1 } }

  @inlinable public var emptyField: Double { 0 }
  @inlinable public func add(_ neighbour: Double, to field: inout Double) { field += neighbour }
  @inlinable public func logWeightChange(from old: Double, to new: Double, in field: Double) -> Double {
    2 * hopping * field * (new - old) - (potential(new) - potential(old))
  }
  /// phi + w, w uniform in -width ... width.
  @inlinable public func proposal(from old: Double, width: Double, choices: inout some RandomChoices) -> Double {
    old + width * (2 * choices.uniform() - 1)
  }

  public func checkClusterMoves() throws(LatticeError) {
    try checkClusterLattice()
    guard hopping >= 0 else { throw .negativeCoupling(2 * hopping) }
  }
  /// The group of two: phi -> -phi. Clusters move signs alone; another move has to change the moduli.
  @inlinable public var turns: Int { 2 }
  @inlinable public func axis(from choices: inout some RandomChoices) {}
  /// 1 - exp(min(0, -4 kappa a b)).
  @inlinable public func bondProbability(_ a: Double, _ b: Double, _ axis: Void) -> Double {
    let change = -4 * hopping * a * b
    return change >= 0 ? 0 : 1 - exponential(change)
  }
  @inlinable public func turned(_ value: Double, by turn: Int, _ axis: Void) -> Double { turn == 0 ? value : -value }
}
