/// The right-hand side of dw/dt (see `LocalPotentialApproximation`) on a grid, with its Jacobian.
///
/// At rho = L there is no boundary condition: the flow carries everything outwards. Where `isClosed`, the second derivative
/// there is that of the fixed points' power law w ~ rho^(2/(d-2)), w'' = (4-d)/(d-2) w' / rho, so that the outermost point is
/// pure outflow; an error there decays inwards like `reach` says. Otherwise the equation holds at L as elsewhere, which for
/// smooth solutions is spectrally exact, but has weakly determined directions where the coupling is weak.
struct SlopeFlow: Sendable {
  let approximation: LocalPotentialApproximation, grid: ChebyshevGrid, isClosed: Bool

  /// The factor of w'/L in w'' at the outermost point.
  private var closure: Double { (2 / (approximation.dimension - 2) - 1) / grid.length }

  /// w' and w'' at the grid's points.
  func derivatives(_ w: [Double]) -> (first: [Double], second: [Double]) {
    let first = grid.derivative(grid.first, w)
    var second = grid.derivative(grid.second, w)
    if isClosed { second[0] = closure * first[0] }
    return (first, second)
  }

  /// Whether both masses stay above -1: 1 + w > 0 and 1 + w + 2 rho w' > 0.
  func isPhysical(_ w: [Double]) -> Bool {
    let first = grid.derivative(grid.first, w)
    return (0..<grid.count).allSatisfy { w[$0] > -1 && w[$0] + 2 * grid.places[$0] * first[$0] > -1 }
  }

  /// dw/dt at each point.
  func callAsFunction(_ w: [Double]) -> [Double] {
    let (first, second) = derivatives(w), regulator = approximation.regulator
    let n = Double(approximation.components - 1), drift = approximation.dimension - 2
    return (0..<grid.count).map { j in
      let rho = grid.places[j], mass = w[j] + 2 * rho * first[j]
      let bracket = 3 * first[j] + 2 * rho * second[j]
      return -2 * w[j] + drift * rho * first[j] + n * regulator.slope(w[j]) * first[j] + regulator.slope(mass) * bracket
    }
  }

  /// The derivative of dw_i/dt by w_j, row-major `[count, count]`.
  func jacobian(_ w: [Double]) -> [Double] {
    let (first, second) = derivatives(w), regulator = approximation.regulator
    let n = Double(approximation.components - 1), drift = approximation.dimension - 2, count = grid.count
    var matrix = [Double](repeating: 0, count: count * count)
    for j in 0..<count {
      let rho = grid.places[j], mass = w[j] + 2 * rho * first[j]
      let radial = regulator.slope(mass), change = regulator.curvature(mass) * (3 * first[j] + 2 * rho * second[j])
      // The factors of the variations of w, w' and w'' at this point.
      let byValue = -2 + n * regulator.curvature(w[j]) * first[j] + change
      var bySlope = drift * rho + n * regulator.slope(w[j]) + 2 * rho * change + 3 * radial, bySecond = 2 * rho * radial
      if isClosed && j == 0 {
        bySlope += closure * bySecond
        bySecond = 0
      }
      for k in 0..<count { matrix[j * count + k] = bySlope * grid.first[j * count + k] + bySecond * grid.second[j * count + k] }
      matrix[j * count + j] += byValue
    }
    return matrix
  }

  /// How strongly the interior is shielded from what happens at L: the exponent of the decay of an error from L down to
  /// the minimum kappa, the integral of ((d-2) rho + (N-1) l'(w) + 3 l'(m)) / (-2 rho l'(m)) by the trapezoidal rule.
  func reach(_ w: [Double], above kappa: Double) -> Double {
    let first = grid.derivative(grid.first, w), regulator = approximation.regulator
    let n = Double(approximation.components - 1), drift = approximation.dimension - 2
    func rate(_ j: Int) -> Double {
      let rho = grid.places[j]
      guard rho > kappa else { return 0 }
      let radial = regulator.slope(w[j] + 2 * rho * first[j])
      return max(0, drift * rho + n * regulator.slope(w[j]) + 3 * radial) / (-2 * rho * radial)
    }
    var sum = 0.0
    for j in 1..<grid.count { sum += 0.5 * (rate(j) + rate(j - 1)) * (grid.places[j - 1] - grid.places[j]) }
    return sum
  }
}
