import Glibc
internal import Statistics

/// P^1 with cone points of weights w_0, w_1, w_infinity < 1 at 0, 1 and infinity, and the point process of its canonical
/// or anticanonical sections: with V = 2 - sum w the density
///
///     prod_{i<j} |z_i - z_j|^(-+ 2/k) prod_i |z_i|^(-2 w_0) |1 - z_i|^(-2 w_1) d^2z_i,   N = k |V| + 1
///
/// (- for V > 0, log Fano; + for V < 0, log canonical; k real). On the sphere it is prod of chords^(-+ 2/k) and of chords to
/// the cone points^(-2w) against the uniform measure. Berman, arXiv:1307.3634; Dotsenko and Fateev 1984.
public struct WeightedProjectiveLine: Sendable, Equatable {
  /// The weights at 0, 1 and infinity.
  public let weights: [Double]
  /// N.
  public let points: Int
  /// V = 2 - sum w: positive is log Fano, negative log canonical.
  public let volume: Double

  /// - Throws: `coneWeight`, `flat`, `tooFewPoints` below 2 and where they are too few to be stable, and `gibbsUnstable` where V > 0 and the threshold is not above 1.
  public init(weights: [Double], points: Int) throws(KahlerError) {
    precondition(weights.count == 3, "three cone points")
    for w in weights where w >= 1 { throw .coneWeight(w) }
    guard points >= 2 else { throw .tooFewPoints(found: points, required: 2) }
    self.weights = weights
    self.points = points
    volume = 2 - weights.reduce(0, +)
    if abs(volume) < 1e-12 { throw .flat }
    let threshold = Self.gibbsThreshold(weights: weights, points: points), n = Double(points)
    // Points may fall on each other because they are few: 2 (N - 1)/(V N) > 1 for N > 2 / sum w.
    if volume > 0, volume < 2, 2 * (n - 1) / (volume * n) <= 1 {
      throw .tooFewPoints(found: points, required: Int(2 / (2 - volume)) + 1)
    }
    guard threshold > 1 else { throw .gibbsUnstable(threshold: threshold, heaviest: weights.max() ?? 0) }
  }

  /// gamma_N = min(min_a 2 (1 - w_a)/V, 2 (N - 1)/(V N)): the largest power of the interaction that can be normalised, for
  /// V > 0; infinite for V < 0. Gibbs stable: gamma_N > 1; for all large N where each w_a < sum w / 2.
  public static func gibbsThreshold(weights: [Double], points: Int) -> Double {
    let volume = 2 - weights.reduce(0, +), n = Double(points)
    guard volume > 0 else { return .infinity }
    return min(weights.map { 2 * (1 - $0) / volume }.min() ?? .infinity, 2 * (n - 1) / (volume * n))
  }

  /// s = -+ 2/k = -2 V/(N - 1).
  public var pairExponent: Double { -2 * volume / Double(points - 1) }

  /// The process on the sphere: 0 at the south pole, infinity at the north pole, 1 at the x axis.
  public func gas() throws(KahlerError) -> SphereGas {
    let places: [SIMD3<Double>] = [SIMD3(0, 0, -1), SIMD3(1, 0, 0), SIMD3(0, 0, 1)]
    return try SphereGas(
      points: points, pairExponent: pairExponent, cones: zip(places, weights).map { SphereGas.Cone(at: $0, weight: $1) })
  }

  /// ln Z against d^2z: N! pi^N gamma(1-r)^N prod_{j=1}^N gamma(j r) prod_{j<N} gamma(1-w_0+jr) gamma(1-w_1+jr)
  /// gamma(-1+w_0+w_1-(N-1+j)r), gamma(x) = Gamma(x)/Gamma(1-x), r = s/4.
  public var logPartition: Double {
    let n = Double(points), r = pairExponent / 4
    var sum = lgamma(n + 1) + n * log(Double.pi) + n * Self.logGammaRatio(1 - r)
    for j in 1...points { sum += Self.logGammaRatio(Double(j) * r) }
    for j in 0..<points {
      let jr = Double(j) * r
      sum += Self.logGammaRatio(1 - weights[0] + jr) + Self.logGammaRatio(1 - weights[1] + jr)
      sum += Self.logGammaRatio(-1 + weights[0] + weights[1] - (n - 1) * r - jr)
    }
    return sum
  }
  /// ln Z on the sphere, of `gas()`: the chart's factors taken out. |z - w| = chord sqrt((1+|z|^2)(1+|w|^2))/2.
  public var logSpherePartition: Double {
    let n = Double(points)
    let chart = -pairExponent * n * (n - 1) / 2 + n * (2 * weights[0] + weights[1] + 2 * weights[2])
    return logPartition - n * log(Double.pi) - chart * M_LN2
  }
  /// E sum_i ln |z_i| = -(1/2) d ln Z / d w_0.
  public var meanLogModulus: Double {
    let n = Double(points), r = pairExponent / 4
    var sum = 0.0
    for j in 0..<points {
      let jr = Double(j) * r
      sum += Self.slope(1 - weights[0] + jr) - Self.slope(-1 + weights[0] + weights[1] - (n - 1) * r - jr)
    }
    return sum / 2
  }

  /// E ln |z| of the Kahler-Einstein measure of weights (1/2, 1/2, 1 - 1/n), n >= 2: z = (t^(n/2) + t^(-n/2))^2/4 with t
  /// uniform on the sphere makes it (n - 2) ln 2.
  public static func dihedralLogModulus(_ n: Int) -> Double { Double(n - 2) * M_LN2 }

  /// ln |gamma(x)|.
  private static func logGammaRatio(_ x: Double) -> Double { lgamma(x) - lgamma(1 - x) }
  /// d ln |gamma(x)| / dx = psi(x) + psi(1 - x).
  private static func slope(_ x: Double) -> Double { digamma(x) + digamma(1 - x) }
}
