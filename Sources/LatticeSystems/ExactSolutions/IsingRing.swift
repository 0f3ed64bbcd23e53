import Glibc

/// The Ising ring of N spins with coupling K (either sign) and field B, solved by its transfer matrix.
///
/// `Z = l_+^N + l_-^N`, `l_+- = e^K cosh B +- sqrt(e^{2K} sinh^2 B + e^{-2K})`. With a = cosh B, s = sinh B,
/// q = e^{-4K} and R = sqrt(s^2 + q): l_+ = e^K (a + R) and t = l_-/l_+ = (1 - q)/(a + R)^2, which keeps its digits at
/// all K. Every quantity is an analytic derivative of ln Z = N ln l_+ + ln(1 + t^N).
///
/// Source: Ising 1925; Kramers and Wannier 1941; Baxter 1982, chapter 2.
public struct IsingRing: Sendable, Equatable {
  /// How many spins.
  public let sites: Int
  /// The coupling K and the field B.
  public let coupling: Double, field: Double
  /// ln Z / N; e = <E>/N with E = -sum s s' alone, without the field's part; c = K^2 (<E^2> - <E>^2)/N at fixed B.
  public let perSite: ThermodynamicsPerSite
  /// ln Z / N.
  public var logPartitionPerSite: Double { perSite.logPartition }
  /// e = <E>/N, in units of J.
  public var energyPerSite: Double { perSite.energy }
  /// c = K^2 (<E^2> - <E>^2)/N.
  public var specificHeat: Double { perSite.specificHeat }
  /// m = <M>/N.
  public let magnetization: Double
  /// chi = (<M^2> - <M>^2)/N = dm/dB; without a field this is N <m^2>.
  public let susceptibility: Double

  /// t = l_-/l_+, and s^2/R^2, q/R^2.
  private let ratio: Double, aligned: Double, mixed: Double
  /// 1 + t^N; ln|t| of a frustrated ring, else nil.
  private let whole: Double, decay: Double?

  /// Solves the ring.
  /// - Throws: `sizeOutOfRange` for fewer than 2 spins (2 spins have a double bond), `couplingOutOfRange` and
  ///   `fieldOutOfRange` unless |K| and |B| are at most 100.
  public init(sites: Int, coupling: Double, field: Double = 0) throws(ExactSolutionError) {
    try IsingRing.requireInRange(sites, coupling, field)
    self.sites = sites
    self.coupling = coupling
    self.field = field
    let n = Double(sites)
    let a = cosh(field)
    let s = sinh(field)
    let q = exp(-4 * coupling)
    let root = sqrt(s * s + q)
    let sum = a + root
    let deficit = -expm1(-4 * coupling)  // 1 - q
    // ln l_+ = K + ln(a + R), R_K = -2q/R, R_KK = (8q - R_K^2)/R; t = 2a/(a + R) - 1 is better to differentiate in K.
    let rootK = -2 * q / root
    let rootKK = (8 * q - rootK * rootK) / root
    let t = deficit / sum / sum
    let tK = -2 * a * rootK / sum / sum
    let tKK = -2 * a * (rootKK - 2 * rootK * (rootK / sum)) / sum / sum
    let slope = s / root
    let bend = a * q / (root * root * root)
    let tB = -2 * t * slope
    let tBB = 4 * t * slope * slope - 2 * t * bend
    // w = t^N; powers of t as such, since t may be zero or negative.
    let w = pow(t, n)
    // A frustrated ring (odd, antiferromagnetic) has w near -1: 1 + w from 1 + t = 2a/(a + R) keeps its digits.
    let frustrated = t < -0.5 && !sites.isMultiple(of: 2)
    let whole = frustrated ? -expm1(n * log1p(-2 * a / sum)) : 1 + w
    let w1 = n * pow(t, n - 1)
    let w2 = n * (n - 1) * pow(t, n - 2)
    let gK = w1 * tK / whole
    let gB = w1 * tB / whole
    let firstK = n * (1 + rootK / sum) + gK
    let secondK = n * (rootKK / sum - (rootK / sum) * (rootK / sum)) + (w2 * tK * tK + w1 * tKK) / whole - gK * gK
    perSite = ThermodynamicsPerSite(
      logPartition: coupling + log(sum) + (whole < 0.5 ? log(whole) : log1p(w)) / n, energy: -firstK / n,
      specificHeat: coupling * coupling * secondK / n)
    magnetization = slope + gB / n
    susceptibility = bend + ((w2 * tB * tB + w1 * tBB) / whole - gB * gB) / n
    ratio = t
    self.whole = whole
    decay = frustrated ? log1p(-2 * a / sum) : nil
    aligned = slope * slope
    mixed = q / (root * root)
  }

  private static func requireInRange(_ sites: Int, _ coupling: Double, _ field: Double) throws(ExactSolutionError) {
    guard sites >= 2 else { throw .sizeOutOfRange(columns: sites, rows: 1, allowed: 2...Int.max) }
    let allowed = -100.0...100.0
    guard allowed.contains(coupling) else { throw .couplingOutOfRange(coupling, allowed: allowed) }
    guard allowed.contains(field) else { throw .fieldOutOfRange(field, allowed: allowed) }
  }

  /// <s_0 s_r> = s^2/R^2 + q/R^2 (t^r + t^{N-r})/(1 + t^N); any integer distance, taken around the ring.
  public func correlation(distance: Int) -> Double {
    let r = ((distance % sites) + sites) % sites
    let n = Double(sites)
    if let decay {
      // |t|^r - |t|^{N-r}, which nearly cancel.
      let difference = -exp(decay * Double(r)) * expm1(decay * Double(sites - 2 * r))
      return aligned + mixed * (r.isMultiple(of: 2) ? difference : -difference) / whole
    }
    return aligned + mixed * (pow(ratio, Double(r)) + pow(ratio, n - Double(r))) / whole
  }
}
