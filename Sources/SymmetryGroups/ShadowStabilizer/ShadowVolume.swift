import Glibc
public import RandomStreams
public import Statistics

/// How much of a neighbourhood of the identity moves a feature by less than epsilon:
///
///     P(epsilon) = P(rms(F o g - F) < epsilon rms F),   g = 1 + delta sum of u_a v_a,   u uniform on [-1, 1]^dim.
///
/// As P ~ epsilon^d for small epsilon, d the dimension of the orbit, its logarithmic slope measures d by sampling alone.
/// Only the counts are kept, so that parts drawn anywhere are merged exactly.
public struct ShadowVolume: Mergeable, Sendable, Equatable {
  /// Draws so far, and how many of them came below each of the epsilons.
  public private(set) var draws: Int, below: [Int]
  public static var empty: ShadowVolume { ShadowVolume(draws: 0, below: []) }
  public init(draws: Int, below: [Int]) {
    self.draws = draws
    self.below = below
  }
  public mutating func merge(_ other: ShadowVolume) {
    draws += other.draws
    if below.isEmpty { below = other.below } else { for k in other.below.indices { below[k] += other.below[k] } }
  }

  /// d ln P / d ln epsilon between two of the epsilons, with the error of counting (the smaller count is part of the
  /// larger one); not a number where one of them was never reached.
  public func slope(_ lower: Int, _ upper: Int, epsilons: [Double]) -> Estimate {
    let a = Double(below[lower]), b = Double(below[upper])
    let width = log(epsilons[upper] / epsilons[lower])
    return Estimate(value: log(b / a) / width, error: (1 / a - 1 / b).squareRoot() / width)
  }
}

/// Draws transformations of a Lie group of the plane near the identity.
public struct ShadowVolumeSampler: Sendable {
  /// The half width of the coefficients, and the epsilons, smallest first.
  public let delta: Double, epsilons: [Double]
  private let feature: PlaneFeature, generators: [PlaneGroup.Generator]
  private let points: [SIMD2<Double>], values: [Double], bound: [Double]

  /// Points are n draws from the standard normal law at (replica point, step 0, site 0, `.initial`).
  public static func points(_ count: Int, from streams: some Streams) -> [SIMD2<Double>] {
    (0..<count).map { k in
      var choices = streams.generator(replica: k, step: 0, site: 0, purpose: .initial)
      let (x, y) = choices.normalPair()
      return SIMD2(x, y)
    }
  }

  public init(_ feature: PlaneFeature, under group: PlaneGroup, points: [SIMD2<Double>], delta: Double, epsilons: [Double]) {
    self.feature = feature
    self.points = points
    self.delta = delta
    self.epsilons = epsilons
    generators = group.generators
    values = points.map(feature.value)
    let square = values.reduce(0) { $0 + $1 * $1 }
    bound = epsilons.map { $0 * $0 * square }
  }

  /// The draws `range`; draw k takes its coefficients from (replica k, step 0, site 0, `.proposal`). A draw ends with
  /// the first point at which it exceeds the largest epsilon.
  public func sample(_ range: Range<Int>, from streams: some Streams) -> ShadowVolume {
    var below = [Int](repeating: 0, count: epsilons.count)
    let largest = bound.last ?? 0
    for draw in range {
      var choices = streams.generator(replica: draw, step: 0, site: 0, purpose: .proposal)
      var first = SIMD2(1.0, 0.0), second = SIMD2(0.0, 1.0), shift = SIMD2(0.0, 0.0)
      for v in generators {
        let u = delta * (2 * choices.uniform() - 1)
        first += u * v.first
        second += u * v.second
        shift += u * v.shift
      }
      var sum = 0.0
      for (x, value) in zip(points, values) {
        let d = feature.value(SIMD2((first * x).sum(), (second * x).sum()) + shift) - value
        sum += d * d
        if sum >= largest { break }
      }
      for k in bound.indices where sum < bound[k] { below[k] += 1 }
    }
    return ShadowVolume(draws: range.count, below: below)
  }
}
