import Glibc

/// The moments of the magnetisation and the structure factor of a small Ising torus, exactly, at any coupling: what
/// Binder crossings and the second-moment correlation length are made of.
///
/// All states are summed row by row, one spin at a time, with the first row held, as in `IsingDensityOfStates`. With
/// each setting of the newest row go the sums of weight times M^k, k = 0 ... 4, and times A and A^2,
/// A = sum_s s cos(2 pi y/rows); a new spin changes all of them by the binomial formula. A shift along y turns the
/// phase of the Fourier mode, so <|sum s e^(i k y)|^2> = 2 <A^2> for rows >= 3. Weights are exp(K (s s' - 1)), nothing
/// overflows. First rows that are images of each other under shifts and the global flip are summed once: with the flip
/// M and A change sign, which even moments do not see. Cost about 2^(2 columns) rows: 8 x 8 takes some milliseconds.
public struct IsingTorusMoments: Sendable, Equatable {
  /// The size of the torus and the coupling K.
  public let columns: Int, rows: Int, coupling: Double
  /// <m^2> and <m^4>, m = M/N.
  public let squaredMagnetization: Double, fourthPower: Double
  /// S(k_1) = <|sum s e^(i k_1 x)|^2>/N at the smallest wave number along the rows' direction, k_1 = 2 pi/rows.
  public let structureFactor: Double
  /// U = 1 - <m^4>/(3 <m^2>^2).
  public var binderCumulant: Double { 1 - fourthPower / (3 * squaredMagnetization * squaredMagnetization) }
  /// chi = N <m^2> = S(0).
  public var susceptibility: Double { Double(columns * rows) * squaredMagnetization }
  /// The second-moment length sqrt(S(0)/S(k_1) - 1)/(2 sin(pi/rows)).
  public var correlationLength: Double {
    (susceptibility / structureFactor - 1).squareRoot() / (2 * sin(Double.pi / Double(rows)))
  }

  /// Sums a torus.
  /// - Throws: `sizeOutOfRange` unless both sides are in 3...10, `couplingOutOfRange` unless |K| <= 50.
  public init(columns: Int, rows: Int, coupling: Double) throws(ExactSolutionError) {
    let sizes = 3...10
    guard sizes.contains(columns), sizes.contains(rows) else {
      throw .sizeOutOfRange(columns: columns, rows: rows, allowed: sizes)
    }
    guard (-50...50).contains(coupling) else { throw .couplingOutOfRange(coupling, allowed: -50...50) }
    self.columns = columns
    self.rows = rows
    self.coupling = coupling
    let unlike = exp(-abs(coupling) - coupling), like = exp(coupling - abs(coupling))
    var total = RowMoments.zero
    for (first, images) in firstRows(columns: columns) {
      let found = MomentTransfer(columns: columns, rows: rows, like: like, unlike: unlike, first: first).total
      total += found * Double(images)
    }
    let n = Double(columns * rows), z = total[0]
    squaredMagnetization = total[2] / z / (n * n)
    fourthPower = total[4] / z / (n * n * n * n)
    structureFactor = 2 * total[6] / z / n
  }
}

/// Weight times 1, M, M^2, M^3, M^4, A, A^2; the last lane is not used.
private typealias RowMoments = SIMD8<Double>

/// The moments over all states with a given first row.
private struct MomentTransfer {
  private(set) var total = RowMoments.zero

  init(columns: Int, rows: Int, like: Double, unlike: Double, first: Int) {
    let settings = 1 << columns
    var table = [RowMoments](repeating: .zero, count: settings)
    var start: RowMoments = [1, 0, 0, 0, 0, 0, 0, 0]
    for site in 0..<columns {
      start = MomentTransfer.adding(first >> site & 1 == 1 ? 1 : -1, wave: 1, to: start)
      start *= (first >> site ^ first >> ((site + 1) % columns)) & 1 == 0 ? like : unlike
    }
    table[first] = start
    var next = table
    for row in 1..<rows {
      let wave = cos(2 * Double.pi * Double(row) / Double(rows))
      for site in 0..<columns {
        for new in 0..<settings {
          let up = new >> site & 1, spin: Double = up == 1 ? 1 : -1
          // The spin above was equal or different.
          var sum = table[new] * like + table[new ^ 1 << site] * unlike
          if site > 0 { sum *= (new >> (site - 1)) & 1 == up ? like : unlike }
          if site == columns - 1 { sum *= new & 1 == up ? like : unlike }
          next[new] = MomentTransfer.adding(spin, wave: wave, to: sum)
        }
        swap(&table, &next)
      }
    }
    for row in 0..<settings {
      var weight = 1.0
      for site in 0..<columns { weight *= (row >> site ^ first >> site) & 1 == 0 ? like : unlike }
      total += table[row] * weight
    }
  }

  /// The sums after M -> M + s and A -> A + s wave.
  private static func adding(_ s: Double, wave: Double, to v: RowMoments) -> RowMoments {
    let a = s * wave
    return [
      v[0], v[1] + s * v[0], v[2] + 2 * s * v[1] + v[0], v[3] + 3 * s * v[2] + 3 * v[1] + s * v[0],
      v[4] + 4 * s * v[3] + 6 * v[2] + 4 * s * v[1] + v[0], v[5] + a * v[0], v[6] + 2 * a * v[5] + a * a * v[0], 0,
    ]
  }
}
