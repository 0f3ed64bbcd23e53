import Glibc
internal import LinearAlgebra
public import RandomStreams
public import Sampling

/// N points on the sphere with logarithmic interaction, a field and cone points: the density
///
///     prod_{i<j} |x_i - x_j|^s  prod_i e^{-a z_i} prod_c |x_i - c|^{-2 w_c}
///
/// against the uniform probability measure of each point; |x - y| is the chord in R^3. With s = 4 beta / (N - 1) it is the
/// beta ensemble of S^2 = P^1: the empirical measure tends to the minimum of beta E + D (Berman, arXiv:1307.3634). As an
/// annealable family p_l is its l-th power, from the uniform measure at l = 0.
///
/// Near a cone point on a coordinate axis distances keep their relative accuracy down to 1e-150, elsewhere down to 1e-16:
/// weights above 0.8 belong on the axes.
public struct SphereGas: Annealable, Equatable {
  /// A cone point: a unit vector and its weight w < 1, the factor |x - c|^{-2w}.
  public struct Cone: Sendable, Equatable {
    /// Where, and w; the cone angle is 2 pi (1 - w).
    public let place: SIMD3<Double>, weight: Double
    /// A cone point at a unit vector.
    public init(at place: SIMD3<Double>, weight: Double) {
      precondition(abs((place * place).sum() - 1) < 1e-12, "a cone point is a unit vector")
      self.place = place
      self.weight = weight
    }
  }

  /// N; s; a; the cone points.
  public let points: Int, pairExponent: Double, field: Double, cones: [Cone]
  /// beta = s (N - 1) / 4.
  @inlinable public var beta: Double { pairExponent * Double(points - 1) / 4 }

  /// The gas with s = 4 `beta` / (N - 1).
  /// - Throws: `tooFewPoints` below 2; `unstable` where beta <= -(N - 1)/N; `coneWeight`; `gibbsUnstable`.
  public init(points: Int, beta: Double, field: Double = 0, cones: [Cone] = []) throws(KahlerError) {
    guard points >= 2 else { throw .tooFewPoints(found: points, required: 2) }
    try self.init(points: points, pairExponent: 4 * beta / Double(points - 1), field: field, cones: cones)
  }

  /// The gas with exponent s. It can be normalised where no m points together, at a cone point or elsewhere, carry an
  /// infinite weight: m (m - 1) s / 2 + 2 (m - 1) > 0 and m (m - 1) s / 2 + 2 m (1 - w) > 0 for m <= N.
  public init(points: Int, pairExponent s: Double, field: Double = 0, cones: [Cone] = []) throws(KahlerError) {
    guard points >= 2 else { throw .tooFewPoints(found: points, required: 2) }
    for cone in cones where cone.weight >= 1 { throw .coneWeight(cone.weight) }
    let threshold = -Double(points - 1) / Double(points), beta = s * Double(points - 1) / 4
    guard beta > threshold else { throw .unstable(beta: beta, threshold: threshold) }
    let heaviest = cones.map(\.weight).max() ?? 0
    guard -beta < 1 - heaviest else { throw .unstable(beta: beta, threshold: heaviest - 1) }
    self.points = points
    pairExponent = s
    self.field = field
    self.cones = cones
  }

  /// ln p_1 of each configuration up to the normalisation, in O(N^2).
  public func logWeight(_ state: SphereConfigurations) -> [Double] {
    var state = state
    refresh(&state)
    return state.logWeights
  }
  /// Computes the stored ln p_1 anew: what moves add up wears off by rounding.
  @usableFromInline func refresh(_ state: inout SphereConfigurations) {
    let stride = state.stride, points = points
    for r in 0..<state.replicas {
      let pairs =
        pairExponent == 0
        ? 0
        : unsafe state.coordinates.withUnsafeMutableBufferPointer { all in
          unsafe logPairDistances(all.baseAddress! + 3 * stride * r, stride: stride, points: points)
        }
      var sum = pairExponent * pairs
      for i in 0..<points { sum += logBackground(state[r, i]) }
      state.logWeights[r] = sum
    }
  }
  /// -a z - sum_c w_c ln |x - c|^2.
  @usableFromInline func logBackground(_ x: SIMD3<Double>) -> Double {
    var sum = field == 0 ? 0 : -field * x.z
    for cone in cones where cone.weight != 0 {
      let d = x - cone.place
      sum -= cone.weight * log((d * d).sum())
    }
    return sum
  }

  // MARK: Annealable

  /// The uniform measure is a probability.
  public var startLogPartition: Double { 0 }
  /// Independent uniform points.
  public func start(replicas: Int, firstReplica: Int, from streams: some Streams) -> SphereConfigurations {
    var state = SphereConfigurations(emptyWith: points, replicas: replicas, firstReplica: firstReplica)
    for r in 0..<replicas {
      var choices = streams.series(replica: firstReplica + r, step: 0, site: 0, purpose: .initial)
      for i in 0..<points { state[r, i] = choices.direction() }
    }
    refresh(&state)
    return state
  }
  public func kernel(at position: Double) -> SphereMoves { SphereMoves(self, position: position) }
  public func logRatio(_ state: SphereConfigurations, from a: Double, to b: Double) -> [Double] { state.logWeights.map { (b - a) * $0 } }
  public func logDerivative(_ state: SphereConfigurations, at position: Double) -> [Double] { state.logWeights }
}

extension RandomChoices {
  /// A uniform point of the unit ball, by rejection from the cube, not at its centre.
  @inlinable @inline(__always) mutating func ball() -> SIMD3<Double> {
    while true {
      let v = 2 * SIMD3(uniform(), uniform(), uniform()) - 1, square = (v * v).sum()
      if square <= 1 && square > 1e-12 { return v }
    }
  }
  /// A uniform unit vector.
  @inlinable @inline(__always) mutating func direction() -> SIMD3<Double> {
    let v = ball()
    return v / (v * v).sum().squareRoot()
  }
}
