import Glibc
public import RandomStreams

/// The Ising model on a hypercubic lattice of any dimension, one byte a spin: weight exp(K sum_<ij> s_i s_j + B sum_i s_i),
/// s = +-1, E = -sum_<ij> s_i s_j. For d = 2 the bit-sliced `IsingModel` is the fast road.
public struct HypercubicIsing: HeatBathModel, ClusterModel {
  public let lattice: HypercubicLattice
  /// K, of either sign, and B.
  public let coupling: Double, field: Double
  /// Metropolis and heat bath probabilities by (s + 1) / 2 (2d + 1) + (h + 2d) / 2, h the neighbour sum.
  @usableFromInline let acceptances: [Double], upProbabilities: [Double], likeBond: Double

  /// The model on `lattice`; throws where K or B is not finite.
  public init(_ lattice: HypercubicLattice, coupling: Double, field: Double = 0) throws(LatticeError) {
    guard coupling.isFinite && field.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: field) }
    self.lattice = lattice
    self.coupling = coupling
    self.field = field
    let fields = (0...2 * lattice.dimensions).map { coupling * Double(2 * $0 - 2 * lattice.dimensions) + field }
    acceptances = [-1.0, 1].flatMap { s in fields.map { metropolisAcceptance(-2 * s * $0) } }
    upProbabilities = fields.map { 1 / (1 + exp(-2 * $0)) }
    likeBond = -expm1(-2 * coupling)
  }
  /// K_c of the infinite cubic lattice, 0.221654626(5) (Ferrenberg, Xu, Landau, arXiv:1806.03558).
  public static let cubicCriticalCoupling = 0.221_654_626

  public var hasTwoValues: Bool { true }
  public var coldValue: Int8 { 1 }
  public func hotValue(from choices: inout some RandomChoices) -> Int8 { choices.bernoulli(0.5) ? 1 : -1 }
  /// E in units of J.
  public func energy(_ values: [Int8]) -> Double { -bondSum(values) { Double($0 * $1) } }
  /// M = sum s.
  public func magnetization(_ values: [Int8]) -> Double { values.reduce(0) { $0 + Double($1) } }
  public func logWeight(_ values: [Int8]) -> Double { -coupling * energy(values) + field * magnetization(values) }

  @inlinable public var emptyField: Int { 0 }
  @inlinable public func add(_ neighbour: Int8, to field: inout Int) { field &+= Int(neighbour) }
  @inlinable public func logWeightChange(from old: Int8, to new: Int8, in sum: Int) -> Double {
    Double(new &- old) * (coupling * Double(sum) + field)
  }
  @inlinable public func acceptance(from old: Int8, to new: Int8, in sum: Int) -> Double {
    let d = lattice.dimensions
    return old == new ? 1 : acceptances[(Int(old) &+ 1) / 2 &* (2 &* d &+ 1) &+ (sum &+ 2 &* d) / 2]
  }
  @inlinable public func proposal(from old: Int8, width: Double, choices: inout some RandomChoices) -> Int8 { 0 &- old }
  @inlinable public func conditionalValue(in sum: Int, from choices: inout some RandomChoices) -> Int8 {
    choices.bernoulli(upProbabilities[(sum &+ 2 &* lattice.dimensions) / 2]) ? 1 : -1
  }

  public func checkClusterMoves() throws(LatticeError) {
    try checkClusterLattice()
    guard coupling >= 0 else { throw .negativeCoupling(coupling) }
    guard field == 0 else { throw .fieldNotSupported(field) }
  }
  @inlinable public var turns: Int { 2 }
  @inlinable public func axis(from choices: inout some RandomChoices) {}
  @inlinable public func bondProbability(_ a: Int8, _ b: Int8, _ axis: Void) -> Double { a == b ? likeBond : 0 }
  @inlinable public func turned(_ value: Int8, by turn: Int, _ axis: Void) -> Int8 { turn == 0 ? value : 0 &- value }
}

/// exp, callable from inlinable code.
@usableFromInline func exponential(_ x: Double) -> Double { exp(x) }
