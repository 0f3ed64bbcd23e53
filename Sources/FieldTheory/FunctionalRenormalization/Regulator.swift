import Glibc

/// How modes above the running scale are cut off: the threshold function l(x) of a mode of mass x in the flow of the
/// local potential, loop volumes scaled out.
///
/// Both have l'(x) = -(1 + x)^-p, p = 2 and 1.
public enum Regulator: String, Sendable, CaseIterable {
  /// The optimized cutoff: l = 1/(1+x). Source: D. Litim, Phys. Rev. D 64, 105007 (2001).
  case litim
  /// The sharp cutoff: l = -ln(1+x). Source: F. Wegner and A. Houghton, Phys. Rev. A 8, 401 (1973).
  case wegnerHoughton = "wegner-houghton"

  /// p of l' = -(1+x)^-p.
  var power: Int { self == .litim ? 2 : 1 }
  /// l(x), x > -1.
  func threshold(_ x: Double) -> Double { self == .litim ? 1 / (1 + x) : -log1p(x) }
  /// l'(x).
  func slope(_ x: Double) -> Double { self == .litim ? -1 / ((1 + x) * (1 + x)) : -1 / (1 + x) }
  /// l''(x).
  func curvature(_ x: Double) -> Double { self == .litim ? 2 / ((1 + x) * (1 + x) * (1 + x)) : 1 / ((1 + x) * (1 + x)) }
}
