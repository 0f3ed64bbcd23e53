import Glibc
public import RandomStreams

/// The XY model: weight exp(K sum_<ij> cos(t_i - t_j)), measure dt / 2 pi, E = -sum_<ij> cos(t_i - t_j). Spins are kept
/// as unit vectors (cos t, sin t), so moves need no trigonometry.
public struct XYModel: ClusterModel {
  public let lattice: HypercubicLattice
  /// K.
  public let coupling: Double
  /// The model on `lattice`; throws where K is not finite.
  public init(_ lattice: HypercubicLattice, coupling: Double) throws(LatticeError) {
    guard coupling.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: 0) }
    self.lattice = lattice
    self.coupling = coupling
  }

  public var coldValue: SIMD2<Double> { SIMD2(1, 0) }
  public func hotValue(from choices: inout some RandomChoices) -> SIMD2<Double> { axis(from: &choices) }
  /// E in units of J.
  public func energy(_ values: [SIMD2<Double>]) -> Double { -bondSum(values) { ($0 * $1).sum() } }
  public func logWeight(_ values: [SIMD2<Double>]) -> Double { -coupling * energy(values) }
  /// m^2 = |sum s|^2 / N^2.
  public func squaredMagnetization(_ values: [SIMD2<Double>]) -> Double {
    let m = values.reduce(SIMD2<Double>()) { $0 + $1 } / Double(values.count)
    return (m * m).sum()
  }
  /// The two sums over forward bonds along `axis` that the helicity modulus needs, of cos and of sin of t_x - t_{x+1}:
  /// Y/J = <cosines> / N - (K / N) <sines^2>.
  public func helicitySums(_ values: [SIMD2<Double>], axis: Int) -> (cosines: Double, sines: Double) {
    var cosines = 0.0, sines = 0.0
    for site in 0..<lattice.sites {
      let a = values[site], b = values[lattice.forward(site, axis: axis)]
      cosines += a.x * b.x + a.y * b.y
      sines += a.y * b.x - a.x * b.y
    }
    return (cosines, sines)
  }

  @inlinable public var emptyField: SIMD2<Double> { SIMD2() }
  @inlinable public func add(_ neighbour: SIMD2<Double>, to field: inout SIMD2<Double>) { field += neighbour }
  @inlinable public func logWeightChange(from old: SIMD2<Double>, to new: SIMD2<Double>, in field: SIMD2<Double>) -> Double {
    coupling * ((new - old) * field).sum()
  }
  /// Turns by the angle 2 arctan(w), w uniform in -width ... width: a rational rotation. The new vector's length is
  /// brought back to 1 to second order, so rounding errors do not add up.
  @inlinable public func proposal(
    from old: SIMD2<Double>, width: Double, choices: inout some RandomChoices
  ) -> SIMD2<Double> {
    let w = width * (2 * choices.uniform() - 1), scale = 1 / (1 + w * w)
    let c = (1 - w * w) * scale, s = 2 * w * scale
    let new = SIMD2(c * old.x - s * old.y, s * old.x + c * old.y)
    return new * (1.5 - 0.5 * (new * new).sum())
  }

  public func checkClusterMoves() throws(LatticeError) {
    try checkClusterLattice()
    guard coupling >= 0 else { throw .negativeCoupling(coupling) }
  }
  /// The group of two: the identity and the reflection s -> s - 2 (s.r) r at the line across the axis r.
  @inlinable public var turns: Int { 2 }
  /// A uniform unit vector.
  public func axis(from choices: inout some RandomChoices) -> SIMD2<Double> {
    let angle = 2 * Double.pi * choices.uniform()
    return SIMD2(cos(angle), sin(angle))
  }
  /// 1 - exp(min(0, -2K (a.r)(b.r))).
  @inlinable public func bondProbability(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ axis: SIMD2<Double>) -> Double {
    let change = -2 * coupling * (a * axis).sum() * (b * axis).sum()
    return change >= 0 ? 0 : 1 - exponential(change)
  }
  @inlinable public func turned(_ value: SIMD2<Double>, by turn: Int, _ axis: SIMD2<Double>) -> SIMD2<Double> {
    turn == 0 ? value : value - (2 * (value * axis).sum()) * axis
  }
}
