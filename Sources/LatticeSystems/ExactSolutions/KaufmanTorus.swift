import Glibc

/// The Ising model on a torus of n columns and m rows, solved exactly at any coupling K >= 0 and zero field.
///
/// `Z = 1/2 (2 sinh 2K)^{nm/2} [prod 2cosh(m g_{2r+1}/2) + prod 2sinh(m g_{2r+1}/2) + prod 2cosh(m g_{2r}/2)
/// + prod 2sinh(m g_{2r}/2)]`, r = 0 ..< n, with `cosh g_l = cosh^2 2K / sinh 2K - cos(pi l/n)`, g_l > 0 but for
/// `g_0 = 2K + ln tanh K`, which is negative below K_c, zero at K_c and positive above. So the fourth product has the
/// sign of K - K_c and vanishes at K_c, where its derivatives do not.
///
/// Energy and specific heat are analytic derivatives, no differences: both are good to about 1e-13 from K = 0.01 up; for
/// smaller K the formula itself cancels, and the error of e grows as 1e-16/K. K = 0 is the limit.
/// Each site owns its bonds to the right and down, so a side of 2 has double bonds. Cost n.
///
/// Source: Kaufman 1949; Ferdinand and Fisher 1969, section II.
public struct KaufmanTorus: Sendable, Equatable {
  /// The size of the torus, and the coupling K.
  public let columns: Int, rows: Int, coupling: Double
  /// ln Z, energy and specific heat per site.
  public let perSite: ThermodynamicsPerSite
  /// ln Z / N.
  public var logPartitionPerSite: Double { perSite.logPartition }
  /// e = <E>/N, in units of J.
  public var energyPerSite: Double { perSite.energy }
  /// c = K^2 (<E^2> - <E>^2)/N.
  public var specificHeat: Double { perSite.specificHeat }
  /// ln Z of the whole torus.
  public var logPartition: Double { perSite.logPartition * Double(columns * rows) }

  /// Solves the torus.
  /// - Throws: `sizeOutOfRange` unless both sides are in 2...65536, `couplingOutOfRange` unless K is in 0...150.
  public init(columns: Int, rows: Int, coupling: Double) throws(ExactSolutionError) {
    let sizes = 2...65536
    guard sizes.contains(columns), sizes.contains(rows) else {
      throw .sizeOutOfRange(columns: columns, rows: rows, allowed: sizes)
    }
    try requireFerromagnetic(coupling)
    self.columns = columns
    self.rows = rows
    self.coupling = coupling
    guard coupling > 0 else {
      // Distinct spins are independent, also across the double bonds of a side of 2.
      perSite = ThermodynamicsPerSite(logPartition: log(2), energy: 0, specificHeat: 0)
      return
    }
    let sites = Double(columns) * Double(rows)
    let sum = KaufmanSum(columns: columns, rows: rows, coupling: coupling)
    // ln(2 sinh 2K) = 2K + ln(1 - e^{-4K}); its derivatives 2 coth 2K and -4/sinh^2 2K.
    let sinh2K = sinh(2 * coupling)
    let prefactor = 2 * coupling + log(-expm1(-4 * coupling))
    let slope = sites / tanh(2 * coupling) + sum.first
    let curvature = -2 * sites / (sinh2K * sinh2K) + sum.second
    perSite = ThermodynamicsPerSite(
      logPartition: 0.5 * prefactor + (sum.value - log(2)) / sites,
      energy: -slope / sites,
      specificHeat: coupling * coupling * curvature / sites)
  }
}

/// ln of the bracket in Kaufman's formula and its first two derivatives in K.
private struct KaufmanSum {
  var value = 0.0, first = 0.0, second = 0.0

  init(columns: Int, rows: Int, coupling: Double) {
    let m = Double(rows)
    var odd = (cosh: LogProduct(), sinh: LogProduct())
    var even = (cosh: LogProduct(), sinh: LogProduct())
    let zero = Mode(zeroAt: coupling)
    even.cosh.multiplyByCosh(zero, m)
    for r in 0..<columns {
      let mode = Mode(2 * r + 1, columns, coupling)
      odd.cosh.multiplyByCosh(mode, m)
      odd.sinh.multiplyBySinh(mode, m)
      guard r > 0 else { continue }
      let next = Mode(2 * r, columns, coupling)
      even.cosh.multiplyByCosh(next, m)
      even.sinh.multiplyBySinh(next, m)
    }
    add([odd.cosh, odd.sinh, even.cosh], last: even.sinh, zero: zero, m)
  }

  /// The logarithm of the sum of three positive products and of the fourth, `last` times 2 sinh(m g_0/2).
  private mutating func add(_ positive: [LogProduct], last: LogProduct, zero: Mode, _ m: Double) {
    // The factor 2 sinh(y), y = m g_0/2, can vanish: kept apart, scaled by e^{-|y|}.
    let y = 0.5 * m * zero.value
    let slope = 0.5 * m * zero.first
    let bend = 0.5 * m * zero.second
    let sinhY = (y < 0 ? 1 : -1) * expm1(-2 * abs(y))
    let coshY = 1 + exp(-2 * abs(y))
    // Everything relative to the largest term's logarithm, and slopes relative to one term's: the second derivative is
    // then a sum of small numbers instead of a difference of large ones.
    let reference = positive[0].first
    let lastLog = last.value + abs(y)
    let largest = positive.reduce(lastLog) { max($0, $1.value) }
    var z = 0.0
    var z1 = 0.0
    var z2 = 0.0
    for term in positive {
      let weight = exp(term.value - largest)
      let d = term.first - reference
      z += weight
      z1 += weight * d
      z2 += weight * (term.second + d * d)
    }
    let weight = exp(lastLog - largest)
    let d = last.first - reference
    z += weight * sinhY
    z1 += weight * (slope * coshY + d * sinhY)
    z2 += weight * (bend * coshY + slope * slope * sinhY + 2 * slope * coshY * d + sinhY * (last.second + d * d))
    value = largest + log(z)
    first = reference + z1 / z
    second = z2 / z - (z1 / z) * (z1 / z)
  }
}

/// g_l(K) and its first two derivatives in K.
private struct Mode {
  var value: Double, first: Double, second: Double

  /// l = 1 ..< 2n: cosh g - 1 = (S - 1)^2/S + 2 sin^2(pi l/2n) = 2 sinh^2(g/2), S = sinh 2K, loses nothing near K_c.
  init(_ l: Int, _ n: Int, _ coupling: Double) {
    let s = sinh(2 * coupling)
    let c = cosh(2 * coupling)
    let sine = sin(0.5 * Double.pi * Double(l) / Double(n))
    let excess = (s - 1) * ((s - 1) / s) + 2 * sine * sine
    value = 2 * asinh(sqrt(0.5 * excess))
    let sinhG = sqrt(excess * (excess + 2))
    // cosh g = S + 1/S - cos: derivatives 2C (1 - 1/S^2) and 4S (1 - 1/S^2) + 8 C^2/S^3.
    let ratio = (s - 1) / s * ((s + 1) / s)
    let x1 = 2 * c * ratio
    let x2 = 4 * s * ratio + 8 * (c / s) * (c / s) / s
    first = x1 / sinhG
    second = x2 / sinhG - (1 + excess) / sinhG * first * first
  }

  /// g_0 = 2K + ln tanh K = 2 asinh((S - 1)/sqrt(2S)), with its sign.
  init(zeroAt coupling: Double) {
    let s = sinh(2 * coupling)
    value = 2 * asinh((s - 1) / sqrt(2 * s))
    first = 2 + 2 / s
    second = -4 * (cosh(2 * coupling) / s) / s
  }
}

/// The logarithm of a product of positive factors and its first two derivatives in K.
private struct LogProduct {
  var value = 0.0, first = 0.0, second = 0.0

  /// Times 2 cosh(m g/2).
  mutating func multiplyByCosh(_ g: Mode, _ m: Double) {
    let y = 0.5 * m * g.value
    let y1 = 0.5 * m * g.first
    let t = tanh(y)
    value += abs(y) + log1p(exp(-2 * abs(y)))
    first += t * y1
    // 1/cosh y without overflow; 1 - t^2 would cancel.
    let secant = 2 * exp(-abs(y)) / (1 + exp(-2 * abs(y)))
    second += t * 0.5 * m * g.second + secant * secant * y1 * y1
  }

  /// Times 2 sinh(m g/2), g > 0.
  mutating func multiplyBySinh(_ g: Mode, _ m: Double) {
    let y = 0.5 * m * g.value
    let y1 = 0.5 * m * g.first
    let t = tanh(y)
    let rest = -expm1(-2 * y)
    value += y + log(rest)
    first += y1 / t
    let cosecant = 2 * exp(-y) / rest
    second += 0.5 * m * g.second / t - cosecant * cosecant * y1 * y1
  }
}
