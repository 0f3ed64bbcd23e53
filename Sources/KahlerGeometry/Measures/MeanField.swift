import Glibc
internal import LinearAlgebra

/// The limit of the gas on the sphere with field a cos theta: probability densities rho(t), t = cos theta, against the uniform
/// measure, and their free energy
///
///     F_beta(rho) = beta E(rho) + D(rho) + a <t>,  E = -2 iint ln|x - y| rho rho = 1 - 2 ln 2 + sum_{l>=1} (2l+1)/(l(l+1)) rho_l^2,
///
/// D = int rho ln rho, rho_l = <P_l>. Its minimum solves ln rho = -a t - 2 beta sum_l (2l+1)/(l(l+1)) rho_l P_l + c, the
/// (twisted) Kahler-Einstein equation; F_beta there is the K-energy of the metric up to its constant. N points follow
/// it: -(1/N) ln Z_N -> min F.
public struct MeanField: Sendable {
  /// beta > -1, and a.
  public let beta: Double, field: Double
  let basis: LegendreBasis

  /// - Throws: `unstable` at beta <= -1.
  public init(beta: Double, field: Double, degree: Int = 60, nodes: Int = 200) throws(KahlerError) {
    guard beta > -1 else { throw .unstable(beta: beta, threshold: -1) }
    self.beta = beta
    self.field = field
    basis = LegendreBasis(degree: degree, nodes: nodes)
  }

  /// A density with its moments rho_l, l = 0 ... L, and its values at the nodes.
  public struct Solution: Sendable {
    /// <P_l>, <t> at l = 1.
    public let moments: [Double]
    /// t and rho(t) at the nodes of the quadrature.
    public let nodes: [Double], density: [Double]
    /// F_beta, and beta E, D and a <t> that it is the sum of.
    public let freeEnergy: Double, interaction: Double, entropy: Double, potential: Double
    /// <t>.
    public var mean: Double { moments[1] }
    /// int_{-1}^{t} rho/2: the law of z.
    public func cumulative(_ weights: [Double]) -> [Double] {
      var sum = 0.0
      return density.indices.map {
        sum += weights[$0] * density[$0]
        return sum
      }
    }
  }

  /// 2 (2l + 1)/(l(l + 1)) for l >= 1, 0 at 0: the kernel of beta dE.
  static func coupling(_ l: Int) -> Double { l == 0 ? 0 : 2 * Double(2 * l + 1) / Double(l * (l + 1)) }

  /// The minimum of F by damped Newton steps on the moments, coming from beta = 0 in steps.
  /// - Throws: `notConverged`; `notResolved` where the density is too narrow for the basis, which the identity
  ///   (2 + 2 beta) <t> + a <1 - t^2> = 0 tells (the first variation of F under dilations along the axis).
  public func solve() throws(KahlerError) -> Solution {
    var moments = [Double](repeating: 0, count: basis.degree + 1)
    moments[0] = 1
    // Near -1 the soft mode grows like 1/(1 + beta): the steps shrink with it.
    var at = 0.0
    moments = try newton(moments, beta: 0)
    while at != beta {
      let step = beta > 0 ? 0.5 + at : 0.15 * (1 + at)
      at = beta > 0 ? min(beta, at + step) : max(beta, at - step)
      moments = try newton(moments, beta: at)
    }
    let found = solution(moments), m = found.moments, broken = (2 + 2 * beta) * m[1] + field * 2 / 3 * (1 - m[2])
    guard abs(broken) < 1e-6 * max(1, abs(field)) else { throw .notResolved(degree: basis.degree, residual: broken) }
    return found
  }

  /// rho with rho_l = <P_l> for the potential that `moments` make.
  private func density(_ moments: [Double], beta: Double) -> [Double] {
    var potential = moments.indices.map { -beta * Self.coupling($0) * moments[$0] }
    potential[1] -= field
    let logs = basis.sum(potential), highest = logs.max() ?? 0
    var f = logs.map { exp($0 - highest) }
    let norm = zip(f, basis.weights).reduce(0) { $0 + $1.0 * $1.1 }
    for q in f.indices { f[q] /= norm }
    return f
  }

  private func newton(_ start: [Double], beta: Double) throws(KahlerError) -> [Double] {
    var moments = start, residual = Double.infinity
    let order = basis.degree, count = basis.nodes.count
    for _ in 0..<60 {
      let f = density(moments, beta: beta), found = basis.moments(of: f)
      residual = (1...order).map { abs(moments[$0] - found[$0]) }.max() ?? 0
      if residual < 1e-14 { return moments }
      // d(rho_l - <P_l>)/d rho_m = delta + beta c_m Cov(P_l, P_m).
      var jacobian = [Double](repeating: 0, count: order * order), right = [Double](repeating: 0, count: order)
      for l in 1...order {
        right[l - 1] = found[l] - moments[l]
        for m in 1...l {
          var sum = 0.0
          for q in 0..<count { sum += basis.weights[q] * f[q] * basis.values[l * count + q] * basis.values[m * count + q] }
          let covariance = sum - found[l] * found[m]
          jacobian[(l - 1) * order + m - 1] = beta * Self.coupling(m) * covariance
          jacobian[(m - 1) * order + l - 1] = beta * Self.coupling(l) * covariance
        }
        jacobian[(l - 1) * order + l - 1] += 1
      }
      guard let step = Linear.solve(jacobian, order: order, right: right) else { throw .notConverged(residual: residual) }
      // Half a step, a quarter of it, ..., where the whole one leads away; not where rounding decides.
      var share = 1.0
      func moved() -> [Double] {
        var next = moments
        for l in 1...order { next[l] += share * step[l - 1] }
        return next
      }
      if residual > 1e-10 {
        let squares = right.reduce(0) { $0 + $1 * $1 }
        while share > 0x1p-12 {
          let next = moved(), there = basis.moments(of: density(next, beta: beta))
          var squaresThere = 0.0
          for l in 1...order {
            let miss = next[l] - there[l]
            squaresThere += miss * miss
          }
          if squaresThere < squares { break }
          share /= 2
        }
      }
      moments = moved()
      if step.allSatisfy({ abs($0) < 1e-15 }) { return moments }
    }
    guard residual < 1e-12 else { throw .notConverged(residual: residual) }
    return moments
  }

  /// F and its parts for the density that solves at `moments`.
  private func solution(_ moments: [Double]) -> Solution {
    let f = density(moments, beta: beta), found = basis.moments(of: f)
    return describe(density: f, moments: found)
  }
  /// F and its parts of a density given at the nodes.
  func describe(density f: [Double], moments found: [Double]) -> Solution {
    var energy = 1 - 2 * M_LN2, entropy = 0.0
    for l in 1...basis.degree { energy += Self.coupling(l) / 2 * found[l] * found[l] }
    for q in f.indices where f[q] > 0 { entropy += basis.weights[q] * f[q] * log(f[q]) }
    let potential = field * found[1]
    return Solution(
      moments: found, nodes: basis.nodes, density: f, freeEnergy: beta * energy + entropy + potential, interaction: beta * energy,
      entropy: entropy, potential: potential)
  }

  /// The law of z = cos theta of a solution: t at the nodes and the probability of lying below.
  public func law(of solution: Solution) -> (t: [Double], probability: [Double]) {
    let steps = solution.cumulative(basis.weights)
    // A node's own weight lies half on either side.
    return (basis.nodes, steps.indices.map { steps[$0] - 0.5 * basis.weights[$0] * solution.density[$0] })
  }
}
