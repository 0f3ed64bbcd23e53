import Glibc
public import RandomStreams

/// The q-state Potts model: weight exp(K sum_<ij> delta(s_i, s_j)), s in 0 ..< q, E = -sum_<ij> delta(s_i, s_j).
/// q = 2 is the Ising model with K_Potts = 2 K_Ising and E_Potts = (E_Ising - dN) / 2.
public struct PottsModel: HeatBathModel, ClusterModel {
  public let lattice: HypercubicLattice
  /// q, 2 ... 16: a local field counts neighbours of each colour in four bits.
  public let colours: Int
  /// K, of either sign.
  public let coupling: Double
  /// exp(K n) and min(1, exp(K (n - 2d))) for 0 <= n <= 2d and 0 <= n <= 4d like neighbours.
  @usableFromInline let weights: [Double], acceptances: [Double], likeBond: Double

  /// The model on `lattice`; throws where q is out of range or K is not finite.
  public init(_ lattice: HypercubicLattice, colours: Int, coupling: Double) throws(LatticeError) {
    guard (2...16).contains(colours) else { throw .coloursOutOfRange(colours, allowed: 2...16) }
    guard coupling.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: 0) }
    self.lattice = lattice
    self.colours = colours
    self.coupling = coupling
    let most = 2 * lattice.dimensions
    // The largest weight is 1, so none overflows.
    weights = (0...most).map { exp(coupling * Double($0) - max(0, coupling * Double(most))) }
    acceptances = (0...2 * most).map { metropolisAcceptance(coupling * Double($0 - most)) }
    likeBond = -expm1(-coupling)
  }
  /// K_c = ln(1 + sqrt q) of the infinite square lattice.
  public static func criticalCoupling(colours: Int) -> Double { log(1 + Double(colours).squareRoot()) }

  public var hasTwoValues: Bool { colours == 2 }
  public var coldValue: UInt8 { 0 }
  public func hotValue(from choices: inout some RandomChoices) -> UInt8 { UInt8(choices.index(below: colours)) }
  /// E in units of J.
  public func energy(_ values: [UInt8]) -> Double { -bondSum(values) { $0 == $1 ? 1 : 0 } }
  public func logWeight(_ values: [UInt8]) -> Double { -coupling * energy(values) }
  /// The share x_a of each colour, `[q]`.
  public func shares(_ values: [UInt8]) -> [Double] {
    var counts = [Int](repeating: 0, count: colours)
    for value in values { counts[Int(value)] += 1 }
    return counts.map { Double($0) / Double(values.count) }
  }
  /// m^2 = (q sum_a x_a^2 - 1) / (q - 1).
  public func squaredMagnetization(_ values: [UInt8]) -> Double {
    (Double(colours) * shares(values).reduce(0) { $0 + $1 * $1 } - 1) / Double(colours - 1)
  }
  /// m_max = (q max_a x_a - 1) / (q - 1).
  public func largestMagnetization(_ values: [UInt8]) -> Double {
    (Double(colours) * shares(values).max()! - 1) / Double(colours - 1)
  }

  /// How many neighbours have colour a: bits 4a ..< 4a + 4.
  @inlinable public var emptyField: UInt64 { 0 }
  @inlinable public func add(_ neighbour: UInt8, to field: inout UInt64) { field &+= 1 &<< (4 &* UInt64(neighbour)) }
  @inlinable func count(_ colour: UInt8, _ field: UInt64) -> Int { Int(field &>> (4 &* UInt64(colour)) & 15) }
  @inlinable public func logWeightChange(from old: UInt8, to new: UInt8, in field: UInt64) -> Double {
    coupling * Double(count(new, field) &- count(old, field))
  }
  @inlinable public func acceptance(from old: UInt8, to new: UInt8, in field: UInt64) -> Double {
    acceptances[count(new, field) &- count(old, field) &+ 2 &* lattice.dimensions]
  }
  @inlinable public func proposal(from old: UInt8, width: Double, choices: inout some RandomChoices) -> UInt8 {
    let other = UInt8(truncatingIfNeeded: choices.index(below: colours &- 1))
    return other < old ? other : other &+ 1
  }
  @inlinable public func conditionalValue(in field: UInt64, from choices: inout some RandomChoices) -> UInt8 {
    var left = 0.0
    for colour in 0..<colours { left += weights[count(UInt8(truncatingIfNeeded: colour), field)] }
    for colour in 0..<colours &- 1 {
      let weight = weights[count(UInt8(truncatingIfNeeded: colour), field)]
      if choices.bernoulli(weight / left) { return UInt8(truncatingIfNeeded: colour) }
      left -= weight
    }
    return UInt8(truncatingIfNeeded: colours &- 1)
  }

  public func checkClusterMoves() throws(LatticeError) {
    try checkClusterLattice()
    guard coupling >= 0 else { throw .negativeCoupling(coupling) }
  }
  /// The group shifts all colours by 0 ..< q, so Swendsen-Wang gives a cluster a uniform colour and Wolff another one.
  @inlinable public var turns: Int { colours }
  @inlinable public func axis(from choices: inout some RandomChoices) {}
  @inlinable public func bondProbability(_ a: UInt8, _ b: UInt8, _ axis: Void) -> Double { a == b ? likeBond : 0 }
  @inlinable public func turned(_ value: UInt8, by turn: Int, _ axis: Void) -> UInt8 {
    let shifted = Int(value) &+ turn
    return UInt8(truncatingIfNeeded: shifted < colours ? shifted : shifted &- colours)
  }
}
