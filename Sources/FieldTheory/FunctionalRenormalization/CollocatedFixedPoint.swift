internal import Glibc
internal import LinearAlgebra

/// A fixed-point potential on a grid of collocation points.
public struct CollocatedFixedPoint: Sendable, Equatable {
  /// Of which theory.
  public let approximation: LocalPotentialApproximation
  /// kappa, where w = u' vanishes.
  public let minimum: Double
  /// The eigenvalues of the flow about it.
  public let spectrum: CriticalSpectrum
  let grid: ChebyshevGrid, slopes: [Double]

  /// L: the potential is known on [0, L].
  public var length: Double { grid.length }
  /// w = u' at 0 <= rho <= L.
  public func slope(at rho: Double) -> Double { grid.value(slopes, at: rho) }
  /// u'' at 0 <= rho <= L.
  public func curvature(at rho: Double) -> Double { grid.value(grid.derivative(grid.first, slopes), at: rho) }
  /// b_k of w = sum b_k (rho / kappa - 1)^k, k = 0 ..< count.
  func slopeCoefficients(count: Int) -> [Double] {
    var values = slopes, factor = 1.0
    return (0..<count).map { k in
      if k > 0 {
        values = grid.derivative(grid.first, values)
        factor *= minimum / Double(k)
      }
      return factor * grid.value(values, at: minimum)
    }
  }
  /// u at 0 <= rho <= L, its constant included.
  public func potential(at rho: Double) -> Double {
    approximation.fixedPotential(at: rho, slope: slope(at: rho), curvature: curvature(at: rho))
  }
}

extension LocalPotentialApproximation {
  /// Numbers of collocation points that are computed: fewer do not resolve the potential, more lose digits to the second
  /// derivative's rounding, which grows like points^4.
  public static let allowedPoints = 24...56

  /// The Wilson-Fisher fixed point on Chebyshev points, followed from four dimensions down to d.
  ///
  /// Near four dimensions w = (4-d) (rho - (N+2)/2) / ((N+8) p) to first order. From there d falls in steps; each step is
  /// Newton's method from the last potential with rho scaled by the minimum's trend. L moves along so that errors at
  /// L have decayed by e^-30 where the minimum is. At last the closing assumption at L is dropped where the fixed point
  /// then still is well determined: the exponents are good to some ten digits. Cost 40 to 100 Newton steps of points^3.
  /// - Parameter points: collocation points; 41 are plenty.
  /// - Throws: `pointsOutOfRange`; `continuationStopped` with the dimension that was reached; `decomposition`.
  public func collocatedFixedPoint(points: Int = 41) throws(FieldTheoryError) -> CollocatedFixedPoint {
    guard Self.allowedPoints.contains(points) else { throw .pointsOutOfRange(points, allowed: Self.allowedPoints) }
    var path = CollocationPath(self, points: points)
    guard path.start() else { throw .continuationStopped(wanted: dimension, reached: 4) }
    guard path.descend(to: dimension) else { throw .continuationStopped(wanted: dimension, reached: path.at.approximation.dimension) }
    return try path.fixedPoint()
  }
}

/// The way of a fixed point from near four dimensions downwards.
private struct CollocationPath {
  /// How much of an error at L is allowed to arrive at the minimum: e^-30.
  private static let reach = 30.0
  private let target: Double, points: Int
  private(set) var at: SlopeFlow
  private var w: [Double] = [], minimum = 0.0
  /// Where the path was a step before.
  private var before: (dimension: Double, minimum: Double)?

  init(_ wanted: LocalPotentialApproximation, points: Int) {
    target = wanted.dimension
    self.points = points
    let n = Double(wanted.components), kappa = 0.5 * (n + 2)
    let first = LocalPotentialApproximation(checked: wanted.components, max(wanted.dimension, 3.95), wanted.regulator)
    let length = kappa + Self.reach + 2 * (n * Self.reach).squareRoot()
    at = SlopeFlow(approximation: first, grid: ChebyshevGrid(count: points, length: length), isClosed: true)
  }

  /// The fixed point nearest to four dimensions.
  mutating func start() -> Bool {
    let n = Double(at.approximation.components), p = Double(at.approximation.regulator.power)
    let coupling = (4 - at.approximation.dimension) / ((n + 8) * p)
    guard let found = at.newton(at.grid.places.map { coupling * ($0 - 0.5 * (n + 2)) }) else { return false }
    w = found
    return fit()
  }

  /// Steps down, halved where Newton's method fails.
  mutating func descend(to dimension: Double) -> Bool {
    var step = 0.05
    while at.approximation.dimension > dimension {
      let now = at.approximation.dimension, next = max(dimension, now - step)
      let n = Double(at.approximation.components)
      let trend = before.map { log(minimum / $0.minimum) / (now - $0.dimension) } ?? -n / ((n + 8) * (now - 2))
      let theory = LocalPotentialApproximation(checked: at.approximation.components, next, at.approximation.regulator)
      let grid = ChebyshevGrid(count: points, length: at.grid.length * exp(trend * (next - now)))
      let trial = SlopeFlow(approximation: theory, grid: grid, isClosed: true)
      var moved = self
      if let found = trial.newton(w) {
        moved.before = (now, minimum)
        moved.at = trial
        moved.w = found
        if moved.fit() {
          self = moved
          step = min(1.5 * step, 0.1)
          continue
        }
      }
      step *= 0.5
      if step < 1e-3 { return false }
    }
    return true
  }

  /// Moves L to where errors at it have decayed by what is wanted, and finds the minimum.
  private mutating func fit() -> Bool {
    for _ in 0..<40 {
      guard let kappa = at.grid.zero(of: w) else { return false }
      minimum = kappa
      let reached = at.reach(w, above: kappa)
      if (0.8 * Self.reach...1.3 * Self.reach).contains(reached) { return true }
      let length = kappa + (at.grid.length - kappa) * min(1.15, max(0.8, Self.reach / reached))
      let grid = ChebyshevGrid(count: points, length: length), old = at.grid, values = w
      at = SlopeFlow(approximation: at.approximation, grid: grid, isClosed: true)
      guard let found = at.newton(grid.places.map { old.value(values, at: $0) }) else { return false }
      w = found
    }
    return false
  }

  /// The result, with the closing assumption at L dropped where one direction alone stays relevant without it.
  func fixedPoint() throws(FieldTheoryError) -> CollocatedFixedPoint {
    let closed = try fixedPoint(at, w, minimum)
    let open = SlopeFlow(approximation: at.approximation, grid: at.grid, isClosed: false)
    if let found = open.newton(w), let kappa = at.grid.zero(of: found), abs(kappa - minimum) < 1e-3 * minimum {
      let result = try fixedPoint(open, found, kappa)
      if result.spectrum.isCritical, abs(result.spectrum.nu / closed.spectrum.nu - 1) < 0.05 || !closed.spectrum.isCritical {
        return result
      }
    }
    guard closed.spectrum.isCritical else { throw .continuationStopped(wanted: target, reached: before?.dimension ?? 4) }
    return closed
  }
  private func fixedPoint(_ flow: SlopeFlow, _ w: [Double], _ kappa: Double) throws(FieldTheoryError) -> CollocatedFixedPoint {
    CollocatedFixedPoint(
      approximation: flow.approximation, minimum: kappa, spectrum: try CriticalSpectrum(of: flow.jacobian(w), order: points),
      grid: flow.grid, slopes: w)
  }
}

extension SlopeFlow {
  /// A zero of the flow by damped Newton steps from `guess`, until steps no longer shrink; nil where there is none near.
  fileprivate func newton(_ guess: [Double]) -> [Double]? {
    var w = guess, last = Double.infinity
    guard isPhysical(w) else { return nil }
    for _ in 0..<40 {
      guard let step = Linear.solve(jacobian(w), order: grid.count, right: self(w).map { -$0 }) else { return nil }
      var length = 1.0, trial = zip(w, step).map { $0 + $1 }
      while !isPhysical(trial) {
        length *= 0.5
        if length < 1e-4 { return nil }
        trial = zip(w, step).map { $0 + length * $1 }
      }
      // Relative to the potential itself where the coupling is weak: zero is a fixed point too.
      let size = zip(w, step).map { abs($1) / (1 + abs($0)) }.max()! / min(1, abs(trial[0]))
      w = trial
      if length == 1, size < 1e-6, size < 1e-13 || size > 0.5 * last { return w }
      if !(size < 1e3) { return nil }
      last = size
    }
    return nil
  }
}
