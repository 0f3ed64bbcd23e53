import Glibc

/// Why curves cannot be collapsed.
public enum CollapseError: Error, Equatable, Sendable {
  /// Fewer than two curves.
  case tooFewCurves(Int)
  /// A point whose coordinates are not finite or whose error is not positive.
  case badPoint(curve: Int, point: Int)
  /// No point lies between points of another curve.
  case noOverlap
  /// The minimum was not found within so many evaluations.
  case notConverged(evaluations: Int)
}

/// One curve of a finite-size scaling collapse: an observable against the coupling at one size.
public struct ScalingCurve: Sendable, Equatable {
  /// The linear size L.
  public let size: Double
  /// Couplings, values and standard errors, as many of each.
  public let x: [Double], y: [Double], errors: [Double]
  /// A curve; the points need no order.
  public init(size: Double, x: [Double], y: [Double], errors: [Double]) {
    precondition(size > 0 && x.count == y.count && y.count == errors.count, "a value and an error for each coupling")
    self.size = size
    (self.x, self.y, self.errors) = (x, y, errors)
  }
}

/// How well curves of several sizes fall on one after X = (x - x_c) L^a, Y = y L^b: the quality S of Houdayer and
/// Hartmann, and the parameters that minimise it.
///
/// `S = 1/n sum_j (y_j - Y_j)^2/(dy_j^2 + dY_j^2)` over the n points that lie between points of another curve; Y_j, dY_j
/// is the master curve there, a weighted straight line through the two neighbours on either side from every other curve
/// that has both. S is near 1 where the collapse is as good as the errors say, and much larger where it is not.
/// For a dimensionless quantity a = 1/nu, b = 0; for the susceptibility b = -gamma/nu.
///
/// Source: Houdayer and Hartmann 2004, appendix.
public struct DataCollapse: Sendable, Equatable {
  /// x_c, a and b.
  public struct Parameters: Sendable, Equatable {
    public var critical: Double, a: Double, b: Double
    /// Parameters of the scaling form.
    public init(critical: Double, a: Double, b: Double = 0) {
      self.critical = critical
      self.a = a
      self.b = b
    }
    subscript(index: Int) -> Double {
      get { [critical, a, b][index] }
      set {
        switch index {
        case 0: critical = newValue
        case 1: a = newValue
        default: b = newValue
        }
      }
    }
  }
  /// Where S is least.
  public let parameters: Parameters
  /// Standard errors from the curvature of n S at its minimum, taken over steps that raise n S by about one; a fixed
  /// parameter has error 0. They are those of the points' errors alone; where points are correlated (one chain or
  /// reweighted), put the whole collapse under a jackknife instead.
  public let errors: Parameters
  /// S at the minimum, and how many points it sums over.
  public let quality: Double, points: Int

  /// Minimises S from `start` by the simplex method, restarted until a restart gains nothing.
  ///
  /// - Parameters:
  ///   - scale: first steps of the simplex, about the uncertainty of `start`; a parameter with step 0 stays fixed.
  /// - Throws: what `CollapseError` names.
  public init(_ curves: [ScalingCurve], start: Parameters, scale: Parameters) throws(CollapseError) {
    _ = try DataCollapse.quality(curves, start)
    let free = [0, 1, 2].filter { scale[$0] != 0 }
    // Off the overlap nothing is compared, so nothing may be gained by going there.
    func height(_ p: Parameters) -> Double {
      guard let found = try? DataCollapse.quality(curves, p) else { return .infinity }
      return found.quality
    }
    func at(_ vector: [Double]) -> Parameters {
      var p = start
      for (i, k) in free.enumerated() { p[k] += vector[i] * scale[k] }
      return p
    }
    var best = [Double](repeating: 0, count: free.count), least = height(start)
    if !free.isEmpty {
      var size = 1.0, restarts = 0
      while true {
        let found = simplexMinimum(from: best, size: size) { height(at($0)) }
        let gain = least - found.value
        (best, least) = (found.point, found.value)
        restarts += 1
        if restarts >= 3 && gain < 1e-8 * max(1, least) { break }
        if restarts == 30 { throw .notConverged(evaluations: 30 * 2000) }
        size = max(size / 3, 1e-2)
      }
    }
    parameters = at(best)
    (quality, points) = try DataCollapse.quality(curves, at(best))
    let total = Double(points)
    let spread = curvatureErrors(at: best) { total * height(at($0)) }
    var errors = Parameters(critical: 0, a: 0, b: 0)
    for (i, k) in free.enumerated() { errors[k] = spread[i] * abs(scale[k]) }
    self.errors = errors
  }

  /// S and the number of points in it for given parameters.
  /// - Throws: `tooFewCurves`, `badPoint`, `noOverlap`.
  public static func quality(_ curves: [ScalingCurve], _ parameters: Parameters) throws(CollapseError) -> (
    quality: Double, points: Int
  ) {
    if curves.count < 2 { throw .tooFewCurves(curves.count) }
    var scaled: [[ScaledPoint]] = []
    for (number, curve) in curves.enumerated() {
      let stretch = pow(curve.size, parameters.a), factor = pow(curve.size, parameters.b)
      for i in curve.x.indices where !(curve.x[i].isFinite && curve.y[i].isFinite && curve.errors[i] > 0 && curve.errors[i].isFinite) {
        throw .badPoint(curve: number, point: i)
      }
      scaled.append(
        curve.x.indices.map {
          ScaledPoint(x: (curve.x[$0] - parameters.critical) * stretch, y: curve.y[$0] * factor, error: curve.errors[$0] * factor)
        }.sorted { $0.x < $1.x })
    }
    var sum = 0.0, count = 0
    for (number, curve) in scaled.enumerated() {
      for point in curve {
        var line = WeightedLine(origin: point.x)
        for (other, points) in scaled.enumerated() where other != number { line.addNeighbours(of: point.x, in: points) }
        guard let master = line.valueAtOrigin else { continue }
        let miss = point.y - master.value
        sum += miss * miss / (point.error * point.error + master.variance)
        count += 1
      }
    }
    guard count > 0 else { throw .noOverlap }
    return (sum / Double(count), count)
  }
}

private struct ScaledPoint {
  var x: Double, y: Double, error: Double
}

/// A straight line through points with errors, wanted at one abscissa.
private struct WeightedLine {
  let origin: Double
  private var w = 0.0, wx = 0.0, wxx = 0.0, wy = 0.0, wxy = 0.0
  init(origin: Double) { self.origin = origin }

  /// Adds the points of a sorted curve next to the abscissa on either side, if both are there.
  mutating func addNeighbours(of x: Double, in points: [ScaledPoint]) {
    guard let upper = points.firstIndex(where: { $0.x >= x }), upper > 0 else { return }
    for point in points[upper - 1...upper] {
      let weight = 1 / (point.error * point.error), t = point.x - origin
      w += weight
      wx += weight * t
      wxx += weight * t * t
      wy += weight * point.y
      wxy += weight * t * point.y
    }
  }
  /// The line at the abscissa and the square of its error; nil without neighbours.
  var valueAtOrigin: (value: Double, variance: Double)? {
    let determinant = w * wxx - wx * wx
    guard w > 0, determinant > 0 else { return nil }
    return ((wxx * wy - wx * wxy) / determinant, wxx / determinant)
  }
}
