public import Sampling

/// The Ising model on a torus: weight exp(K sum_<ij> s_i s_j + B sum_i s_i), spins +-1 stored as bits (1 is +1).
///
/// Conventions: K = beta J, B = beta h; the energy E = -sum_<ij> s_i s_j is in units of J and leaves the field out.
public struct IsingModel: Sendable, Equatable {
  /// The lattice with its masks.
  public let packed: PackedLattice
  /// K, of either sign, and B.
  public let coupling: Double, field: Double
  /// The lattice.
  @inlinable public var lattice: SquareLattice { packed.lattice }

  /// The model on `lattice`; throws where K or B is not finite.
  public init(_ lattice: SquareLattice, coupling: Double, field: Double = 0) throws(LatticeError) {
    guard coupling.isFinite && field.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: field) }
    packed = PackedLattice(lattice)
    self.coupling = coupling
    self.field = field
  }

  /// K_c = ln(1 + sqrt 2) / 2 of the infinite square lattice.
  public static let criticalCoupling = 0.440_686_793_509_771_5

  /// E = -sum over forward bonds of s s' of the packed spins; bits past the last site must be zero.
  public func energy(_ spins: [UInt64]) -> Int {
    precondition(spins.count == packed.valid.count, "spins do not fit the lattice")
    return energy(spins.span)
  }
  /// `energy` of configuration `index`.
  public func energy(_ configurations: Configurations, _ index: Int) -> Int {
    let w = configurations.wordsPerConfiguration
    precondition(w == packed.valid.count, "configurations do not fit the lattice")
    return energy(configurations.words.span.extracting(index * w..<(index + 1) * w))
  }
  @usableFromInline func energy(_ spins: Span<UInt64>) -> Int {
    var unlike = 0
    for i in 0..<spins.count {
      let here = spins[i]
      unlike += (here ^ packed.right(spins, i)).nonzeroBitCount + (here ^ packed.down(spins, i)).nonzeroBitCount
    }
    return 2 * unlike - lattice.bonds
  }

  /// M = sum s of the packed spins.
  public func magnetization(_ spins: [UInt64]) -> Int {
    spins.reduce(-lattice.sites) { $0 + 2 * $1.nonzeroBitCount }
  }

  /// ln of the Boltzmann weight, -K E + B M.
  public func logWeight(_ spins: [UInt64]) -> Double {
    -coupling * Double(energy(spins)) + field * Double(magnetization(spins))
  }
}
