import Glibc
import Statistics

/// The square-lattice Ising model in infinite volume and zero field, at any coupling K >= 0.
///
/// With k = 2 sinh 2K/cosh^2 2K and k' = 2 tanh^2 2K - 1 (k^2 + k'^2 = 1; k' has the sign of K - K_c):
/// `lnZ/N = ln(2 cosh 2K) + (1/pi) int_0^{pi/2} ln[(1 + sqrt(1 - k^2 sin^2 t))/2] dt`,
/// `e = -coth 2K [1 + (2/pi) k' K(k)]`,
/// `c = (4/pi)(K coth 2K)^2 {K(k) - E(k) - (1 - tanh^2 2K)[pi/2 + k' K(k)]}`,
/// `m = (1 - sinh^{-4} 2K)^{1/8}` above K_c and 0 below, with the complete elliptic integrals K, E of modulus k by the
/// arithmetic-geometric mean, which takes k' and so loses nothing near K_c. At K_c, e = -sqrt 2 and c is infinite.
///
/// Source: Onsager 1944; Yang 1952 for m.
public struct OnsagerSolution: Sendable, Equatable {
  /// The coupling K.
  public let coupling: Double
  /// ln Z, energy and specific heat per site; the specific heat is infinite at K_c.
  public let perSite: ThermodynamicsPerSite
  /// ln Z / N.
  public var logPartitionPerSite: Double { perSite.logPartition }
  /// e = <E>/N, in units of J.
  public var energyPerSite: Double { perSite.energy }
  /// c = K^2 (<E^2> - <E>^2)/N.
  public var specificHeat: Double { perSite.specificHeat }
  /// The spontaneous magnetisation m >= 0.
  public let magnetization: Double

  /// Solves at this coupling.
  /// - Throws: `couplingOutOfRange` unless K is in 0...150.
  public init(coupling: Double) throws(ExactSolutionError) {
    try requireFerromagnetic(coupling)
    self.coupling = coupling
    guard coupling > 0 else {
      perSite = ThermodynamicsPerSite(logPartition: log(2), energy: 0, specificHeat: 0)
      magnetization = 0
      return
    }
    let s = sinh(2 * coupling)
    let t = tanh(2 * coupling)
    // k' = 2 tanh^2 - 1 = (S - 1)(S + 1)/(S^2 + 1), written so that it keeps its digits near K_c.
    let complement = s > 1e8 ? 1 - 2 / (s * s) : (s - 1) * (s + 1) / (s * s + 1)
    let elliptic = CompleteEllipticIntegrals(complementaryModulus: abs(complement))
    let secondTerm = complement == 0 ? 0 : complement * elliptic.first
    let ratio = coupling / t
    let rest = (1 - t) * (1 + t)
    perSite = ThermodynamicsPerSite(
      logPartition: 2 * coupling + log1p(exp(-4 * coupling)) + onsagerIntegral(complement: complement) / Double.pi,
      energy: -(1 + 2 / Double.pi * secondTerm) / t,
      specificHeat: 4 / Double.pi * ratio * ratio
        * (elliptic.first - elliptic.second - rest * (0.5 * Double.pi + secondTerm)))
    let inverse = 1 / (s * s)
    magnetization = s > 1 ? pow((1 - inverse) * (1 + inverse), 0.125) : 0
  }
}

/// int_0^{pi/2} ln[(1 + sqrt(k'^2 + k^2 cos^2 t))/2] dt.
///
/// Near K_c the root bends within k' of pi/2: panels that halve towards that end keep 16 nodes exact in each.
private func onsagerIntegral(complement: Double) -> Double {
  let rule = GaussLegendre(nodes: 16)
  let square = complement * complement
  var sum = 0.0
  var distance = 0.5 * Double.pi
  // The variable is the distance u from pi/2: cos t = sin u.
  for panel in 0..<54 {
    let near = panel == 53 ? 0 : 0.5 * distance
    sum += rule.integral(from: near, to: distance) { u in
      let sine = sin(u)
      return log1p(0.5 * (sqrt(square + (1 - square) * sine * sine) - 1))
    }
    distance = near
  }
  return sum
}

/// The complete elliptic integrals K(k) and E(k) of the modulus k (parameter m = k^2) by the arithmetic-geometric mean.
///
/// K = pi/2/agm(1, k'), E = K (1 - sum 2^{n-1} c_n^2). k' = 0 gives K infinite and E = 1.
/// Source: Abramowitz and Stegun 17.6.3, 17.6.4.
public struct CompleteEllipticIntegrals: Sendable, Equatable {
  /// K(k), the integral of the first kind, and E(k), of the second.
  public let first: Double, second: Double
  /// From k' = sqrt(1 - k^2) in [0, 1]; not a number outside.
  public init(complementaryModulus: Double) {
    guard complementaryModulus >= 0, complementaryModulus <= 1 else {
      (first, second) = (.nan, .nan)
      return
    }
    guard complementaryModulus > 0 else {
      (first, second) = (.infinity, 1)
      return
    }
    var (a, b) = (1.0, complementaryModulus)
    var sum = 0.5 * (1 - b) * (1 + b)
    var factor = 0.5
    // Quadratic convergence: c^2 falls below the last bit long before the 40th step, even from k' = 1e-300.
    for _ in 0..<40 {
      let c = 0.5 * (a - b)
      if abs(c) < 1e-17 * a { break }
      (a, b) = (0.5 * (a + b), sqrt(a * b))
      factor *= 2
      sum += factor * c * c
    }
    first = 0.5 * Double.pi / a
    second = first * (1 - sum)
  }
}
