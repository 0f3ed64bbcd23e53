import Glibc

/// Why curves cannot be collapsed.
public enum CollapseError: Error, Equatable, Sendable {
  /// Fewer than two curves.
  case tooFewCurves(Int)
  /// A point whose coordinates are not finite or whose error is not positive.
  case badPoint(curve: Int, point: Int)
  /// A curve none of whose points lies within the reach of another, so that nothing is compared.
  case noOverlap
  /// No master curve could be fitted.
  case fit(FitError)
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

/// How well curves of several sizes fall on one after X = (x - x_c) L^a, Y = y L^b, and the parameters with which they do
/// it best: those of the least chi^2 of all points about one polynomial master curve Y(X), whose coefficients are fitted
/// with them.
///
/// chi^2 is a smooth function of the parameters wherever the points lie, also where points of different sizes share one X;
/// measures that compare neighbours, piece by piece, jump there. The degree of the master curve is the one with the least
/// chi^2 + 2 x (number of parameters). For a dimensionless quantity a = 1/nu, b = 0; for the susceptibility b = -gamma/nu.
///
/// Source: the scaling form of Fisher and Barber 1972; the degree by Akaike 1974.
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
  /// Where chi^2 is least.
  public let parameters: Parameters
  /// Standard errors of the stated noise, the master curve being free; a fixed parameter has error 0. They know nothing of
  /// corrections to scaling, which show in `quality`.
  public let errors: Parameters
  /// The degree of the master curve, and its fit: the free parameters first, in units of `scale`.
  public let degree: Int, fit: Fit
  /// chi^2 per degree of freedom: near 1 where the collapse is as good as the errors say.
  public var quality: Double { fit.reducedChiSquared }

  /// Minimises chi^2 from `start`.
  ///
  /// - Parameters:
  ///   - noise: of all points, curve after curve, where they are correlated; nil: independent, with the curves' errors.
  ///   - scale: about the uncertainty of `start`; a parameter with scale 0 stays fixed.
  /// - Throws: what `CollapseError` names.
  public init(_ curves: [ScalingCurve], noise: DataNoise? = nil, start: Parameters, scale: Parameters) throws(CollapseError) {
    if curves.count < 2 { throw .tooFewCurves(curves.count) }
    for (number, curve) in curves.enumerated() {
      for i in curve.x.indices where !(curve.x[i].isFinite && curve.y[i].isFinite && curve.errors[i] > 0 && curve.errors[i].isFinite) {
        throw .badPoint(curve: number, point: i)
      }
    }
    guard Self.overlaps(curves, start) else { throw .noOverlap }
    let free = [0, 1, 2].filter { scale[$0] != 0 }, noise = noise ?? .errors(curves.flatMap(\.errors))
    var here = start, found: (fit: Fit, degree: Int)?
    do throws(FitError) {
      // The degree is chosen where the fit starts, and again where it ends, until it stays.
      for _ in 0..<6 {
        let master = MasterCurve(curves, start: here, scale: scale, free: free), degree = try master.bestDegree(noise: noise)
        if found?.degree == degree { break }
        let fit = try master.fit(degree: degree, noise: noise)
        here = master.parameters(fit.parameters)
        found = (fit, degree)
      }
    } catch { throw .fit(error) }
    // What has left the overlap compares nothing.
    guard let found, Self.overlaps(curves, here) else { throw .noOverlap }
    (fit, degree, parameters) = (found.fit, found.degree, here)
    var errors = Parameters(critical: 0, a: 0, b: 0)
    for (i, k) in free.enumerated() { errors[k] = found.fit[i].error * abs(scale[k]) }
    self.errors = errors
  }

  /// Whether each curve has a point within the reach of another.
  private static func overlaps(_ curves: [ScalingCurve], _ p: Parameters) -> Bool {
    let scaled = curves.map { curve in curve.x.map { ($0 - p.critical) * pow(curve.size, p.a) } }
    return scaled.indices.allSatisfy { number in
      scaled.indices.contains { other in
        guard other != number, let low = scaled[other].min(), let high = scaled[other].max() else { return false }
        return scaled[number].contains { $0 >= low && $0 <= high }
      }
    }
  }
}

/// The points of all curves and the model that is fitted to them: `y = (L/L_0)^-b sum_j c_j T_j(X / reach)`, with
/// Chebyshev's polynomials, sizes in units of the smallest, and X measured against its reach at the start.
private struct MasterCurve {
  let sizes: [Double], x: [Double], values: [Double], start: DataCollapse.Parameters, scale: DataCollapse.Parameters, free: [Int]
  let reach: Double, longest: Int

  init(_ curves: [ScalingCurve], start: DataCollapse.Parameters, scale: DataCollapse.Parameters, free: [Int]) {
    let unit = curves.map(\.size).min() ?? 1
    let sizes = curves.flatMap { curve in curve.x.map { _ in curve.size / unit } }, x = curves.flatMap(\.x)
    (self.sizes, self.x, self.start, self.scale, self.free) = (sizes, x, start, scale, free)
    values = curves.flatMap(\.y)
    longest = curves.map(\.x.count).max() ?? 0
    let widest = x.indices.reduce(0) { max($0, abs(x[$1] - start.critical) * pow(sizes[$1], start.a)) }
    reach = widest > 0 ? widest : 1
  }

  /// The scaling form's parameters from the front of a fit's.
  func parameters(_ vector: [Double]) -> DataCollapse.Parameters {
    var p = start
    for (i, k) in free.enumerated() { p[k] += vector[i] * scale[k] }
    return p
  }
  private func design(_ p: DataCollapse.Parameters, degree: Int) -> [[Double]] {
    x.indices.map { i in
      let u = (x[i] - p.critical) * pow(sizes[i], p.a) / reach, factor = pow(sizes[i], -p.b)
      var row = [1, u]
      while row.count <= degree { row.append(2 * u * row[row.count - 1] - row[row.count - 2]) }
      return row.map { $0 * factor }
    }
  }
  /// The degree of the least chi^2 + 2 x parameters at the start, which leaves a degree of freedom.
  func bestDegree(noise: DataNoise) throws(FitError) -> Int {
    // More powers than one curve has points would hang on sizes that do not share their X.
    let most = min(16, values.count - free.count - 2, longest - 1)
    guard most >= 1 else { throw .tooFewPoints(found: values.count, parameters: free.count + 3) }
    var best: (degree: Int, criterion: Double)?
    for degree in 1...most {
      guard let linear = try? linearFit(design: design(start, degree: degree), values: values, noise: noise) else { break }
      let criterion = linear.chiSquared + 2 * Double(degree)
      if best.map({ criterion < $0.criterion }) ?? true { best = (degree, criterion) }
    }
    guard let best else { throw .degenerate }
    return best.degree
  }
  func fit(degree: Int, noise: DataNoise) throws(FitError) -> Fit {
    // Coefficients count from their values at the start, in units of their errors there.
    let linear = try linearFit(design: design(start, degree: degree), values: values, noise: noise)
    let count = free.count, units = (0...degree).map { linear[$0].error }
    return try nonlinearFit(values: values, noise: noise, start: [Double](repeating: 0, count: count + degree + 1)) { vector in
      let coefficients = (0...degree).map { linear.parameters[$0] + units[$0] * vector[count + $0] }
      return design(parameters(vector), degree: degree).map { row in zip(row, coefficients).reduce(0) { $0 + $1.0 * $1.1 } }
    }
  }
}
