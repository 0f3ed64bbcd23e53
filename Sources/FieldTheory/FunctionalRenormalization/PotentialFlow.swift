internal import LinearAlgebra

/// The flow of a whole potential from the scale k = Lambda down: w(rho) on a grid against s = ln(Lambda / k) >= 0.
///
/// A Rosenbrock method of second order (ROS2, gamma = 1 - 1/sqrt 2; L-stable, the Jacobian in each step), as the radial mode
/// makes the equation stiff. Two factorizations of points^3 / 3 a step. Source: J. Verwer et al., SIAM J. Sci. Comput. 20,
/// 1456 (1999).
public struct PotentialFlow: Sendable {
  /// Where a flow leads.
  public enum Phase: Sendable, Equatable {
    /// The minimum has come to rho = 0.
    case symmetric
    /// The minimum has left the grid, or the inner potential has become flat: 1 + u' no longer above zero.
    case broken
    /// Neither yet.
    case undecided
  }

  private let flow: SlopeFlow
  /// w at the grid's points, and s.
  private var w: [Double]
  public private(set) var scale = 0.0
  /// Where it has led so far.
  public private(set) var phase = Phase.undecided

  /// The bare potential u = lambda (rho - kappa)^2 / 2 on the grid of a fixed point of the same theory.
  public init(minimum kappa: Double, coupling lambda: Double, around fixedPoint: CollocatedFixedPoint) {
    flow = SlopeFlow(approximation: fixedPoint.approximation, grid: fixedPoint.grid, isClosed: true)
    w = fixedPoint.grid.places.map { lambda * ($0 - kappa) }
  }

  /// The minimum of the potential, 0 in the symmetric phase; nil where it has left the grid.
  public var minimum: Double? {
    if w[w.count - 1] >= 0 { return 0 }
    return flow.grid.zero(of: w)
  }
  /// u'(0), the mass of all modes in the symmetric phase.
  public var slopeAtOrigin: Double { w[w.count - 1] }
  /// w = u' at a rho on the grid.
  public func slope(at rho: Double) -> Double { flow.grid.value(w, at: rho) }

  /// By how much steps of ds miss the rate of a mode that grows like e^(rate s), to leading order: its factor in a step is
  /// e^z (1 + c z^3), z = rate ds, c = gamma - gamma^2 - 1/6.
  public static func rateError(_ rate: Double, step ds: Double) -> Double {
    let gamma = 1 - 0.5.squareRoot()
    return (gamma - gamma * gamma - 1 / 6) * abs(rate * rate * rate) * ds * ds
  }

  /// One step of ds towards the infrared; nothing once the phase is decided.
  public mutating func step(_ ds: Double) {
    guard phase == .undecided else { return }
    let gamma = 1 - 0.5.squareRoot(), count = flow.grid.count
    var matrix = flow.jacobian(w).map { gamma * ds * $0 }
    for j in 0..<count { matrix[j * count + j] += 1 }
    func solve(_ right: [Double]) -> [Double]? { Linear.solve(matrix, order: count, right: right) }
    guard let k1 = solve(flow(w).map { -$0 }) else { phase = .broken; return }
    let middle = zip(w, k1).map { $0 + ds * $1 }
    guard flow.isPhysical(middle), let k2 = solve(zip(flow(middle), k1).map { -$0 - 2 * $1 }) else { phase = .broken; return }
    let next = (0..<count).map { w[$0] + ds * (1.5 * k1[$0] + 0.5 * k2[$0]) }
    guard flow.isPhysical(next) else { phase = .broken; return }
    w = next
    scale += ds
    guard let kappa = minimum, kappa < 0.9 * flow.grid.length else { phase = .broken; return }
    if kappa == 0 { phase = .symmetric }
  }
}
