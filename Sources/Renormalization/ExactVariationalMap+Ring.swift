internal import Glibc

extension ExactVariationalMap {
  /// H[v] = -K sum s_i s_(i+1) of every state of a ring of `sites` spins.
  public static func ringEnergies(sites: Int, coupling: Double) -> [Double] {
    (0..<1 << sites).map { v in
      let turned = (v >> 1 | v << (sites - 1)) & (1 << sites - 1)
      return -coupling * Double(sites - 2 * (v ^ turned).nonzeroBitCount)
    }
  }

  /// Decimation softened: T = sum_j [w h_j v_2j - ln 2cosh w], of a ring of twice as many spins as hidden ones. X = 1 for every w; an
  /// infinite w keeps the even spins exactly.
  public static func softDecimation(energies: [Double], hidden: Int, weight w: Double) -> ExactVariationalMap {
    // w h v - ln 2cosh w, written so that it stays finite as w grows.
    let equal = -log1p(exp(-2 * w)), unequal = equal - 2 * w
    return ExactVariationalMap(energies: energies, hidden: hidden) { v, h in
      var sum = 0.0
      for j in 0..<hidden { sum += (v >> (2 * j) ^ h >> j) & 1 == 0 ? equal : unequal }
      return sum
    }
  }
}
