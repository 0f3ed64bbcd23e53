/// The orbit of a feature under a Lie group, to first order: the singular values of
///
///     M_sa = v_a(x_s) . grad F(x_s) / (sqrt(n) rms F)
///
/// over samples x_s and generators v_a. The orbit has as many dimensions as singular values are not zero; a trained
/// feature has all of them a little above, so that the whole spectrum belongs to the answer.
public struct TangentSpectrum: Sendable {
  /// The singular values, largest first; all zero for a feature that is zero everywhere.
  public let singularValues: [Double]

  /// From the derivatives of F along each generator, `[generators][samples]`, and F on the samples.
  public init(derivatives: [[Double]], values: [Double]) {
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard norm > 0 else {
      singularValues = derivatives.map { _ in 0 }
      return
    }
    // sqrt(n) rms F is the norm of F.
    singularValues = SymmetryGroups.singularValues(columns: derivatives.map { $0.map { $0 / norm } })
  }

  /// The spectrum of a feature of the plane on these points.
  public init(_ feature: PlaneFeature, under group: PlaneGroup, points: [SIMD2<Double>]) {
    let gradients = points.map(feature.gradient)
    self.init(
      derivatives: group.generators.map { v in zip(points, gradients).map { (v.velocity(at: $0) * $1).sum() } },
      values: points.map(feature.value))
  }

  /// The number of singular values above a threshold: 1e-6 for analytic features, 0.1 for trained ones.
  public func orbitDimension(threshold: Double) -> Int { singularValues.count { $0 > threshold } }
  /// sum of s^2 / (s^2 + threshold^2): the same without a step.
  public func softDimension(threshold: Double) -> Double {
    singularValues.reduce(0) { $0 + $1 * $1 / ($1 * $1 + threshold * threshold) }
  }
}

/// The singular values of a matrix given by its columns, largest first: one-sided Jacobi rotations, which give small
/// ones to full relative accuracy. For a few dozen columns; O(columns^2 rows) for each of some ten sweeps.
public func singularValues(columns: [[Double]]) -> [Double] {
  var columns = columns
  for _ in 0..<60 {
    var isRotated = false
    for a in columns.indices {
      for b in columns.indices.dropFirst(a + 1) {
        var aa = 0.0, bb = 0.0, ab = 0.0
        for k in columns[a].indices {
          let x = columns[a][k], y = columns[b][k]
          aa += x * x
          bb += y * y
          ab += x * y
        }
        guard abs(ab) > 1e-15 * (aa * bb).squareRoot(), ab != 0 else { continue }
        isRotated = true
        // The rotation that makes the two columns orthogonal, by the smaller angle.
        let zeta = (bb - aa) / (2 * ab), sign = zeta < 0 ? -1.0 : 1.0
        let t = sign / (abs(zeta) + (1 + zeta * zeta).squareRoot())
        let c = 1 / (1 + t * t).squareRoot(), s = c * t
        for k in columns[a].indices {
          let x = columns[a][k], y = columns[b][k]
          columns[a][k] = c * x - s * y
          columns[b][k] = s * x + c * y
        }
      }
    }
    if !isRotated { break }
  }
  return columns.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }.sorted(by: >)
}

/// How many principal components hold `part` of the sum of squares of these singular values; 0 where all are zero.
public func principalRank(singularValues: [Double], part: Double) -> Int {
  let total = singularValues.reduce(0) { $0 + $1 * $1 }
  guard total > 0 else { return 0 }
  var sum = 0.0
  for (place, value) in singularValues.enumerated() {
    sum += value * value
    if sum >= part * total { return place + 1 }
  }
  return singularValues.count
}
