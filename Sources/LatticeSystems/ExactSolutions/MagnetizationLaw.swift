import Glibc

/// The exact law of the magnetization M of the square Ising torus without a field, and its lowest structure factor, by
/// row transfer. Cost of order 4^columns rows^2 columns^2: up to 8 columns, which take a second.
public struct MagnetizationLaw: Sendable {
  /// P(M), M = -N, -N + 2, ..., N.
  public let probabilities: [Double]
  /// S(k) = <|sum s exp(i k x)|^2> / N at k = 0 and at k = 2 pi / rows along the columns.
  public let susceptibility: Double, structureFactor: Double
  /// ln Z.
  public let logPartition: Double
  private let sites: Int, rows: Int

  /// The law of the torus; throws where an extent is below 2 or above 8.
  public init(columns: Int, rows: Int, coupling: Double) throws(LatticeError) {
    guard (2...8).contains(columns) && (2...8).contains(rows) else { throw .badShape([rows, columns]) }
    sites = columns * rows
    self.rows = rows
    let transfer = RowTransfer(columns: columns, coupling: coupling), states = 1 << columns
    var law = [Double](repeating: 0, count: sites + 1), factors = [Double](repeating: 0, count: rows)
    // Start states come in pairs under reversal of all spins: half of them and a symmetrized law suffice.
    for start in 0..<states / 2 {
      // ways[up + (N + 1) state]: weight of the rows so far with `up` spins up in all, and the last row `state`.
      let width = sites + 1
      var ways = [Double](repeating: 0, count: width * states)
      ways[width * start + start.nonzeroBitCount] = 1
      var moments = [Double](repeating: 0, count: states)
      moments[start] = 1
      var plain: [[Double]] = [moments]
      for row in 1...rows {
        ways = transfer.apply(ways, width: width)
        plain.append(transfer.apply(plain[row - 1], width: 1))
        if row < rows { ways = transfer.countUp(ways, width: width) }
      }
      for up in 0...sites { law[up] += ways[width * start + up] }
      // <m_0 m_r> of row magnetizations, from the other side of the trace by symmetry of the transfer matrix.
      let m0 = Double(2 * start.nonzeroBitCount - columns)
      for r in 0..<rows {
        var sum = 0.0
        for state in 0..<states {
          sum += plain[r][state] * Double(2 * state.nonzeroBitCount - columns) * plain[rows - r][state]
        }
        factors[r] += m0 * sum
      }
    }
    let z = law.reduce(0, +)
    var symmetric = [Double](repeating: 0, count: sites + 1)
    for up in 0...sites { symmetric[up] = (law[up] + law[sites - up]) / (2 * z) }
    probabilities = symmetric
    logPartition = log(2 * z) + Double(rows) * transfer.logScale
    var flat = 0.0, wave = 0.0
    for r in 0..<rows {
      let correlation = factors[r] / z
      flat += correlation
      wave += correlation * cos(2 * Double.pi * Double(r) / Double(rows))
    }
    susceptibility = flat / Double(columns)
    structureFactor = wave / Double(columns)
  }

  /// <|m|^power>, m = M / N.
  public func moment(_ power: Int) -> Double {
    probabilities.enumerated().reduce(0) {
      $0 + $1.element * pow(abs(Double(2 * $1.offset - sites)) / Double(sites), Double(power))
    }
  }
  /// U = 1 - <m^4> / (3 <m^2>^2).
  public var binderCumulant: Double { 1 - moment(4) / (3 * moment(2) * moment(2)) }
  /// The second-moment length sqrt(S(0) / S(k) - 1) / (2 sin(pi / rows)).
  public var correlationLength: Double {
    (susceptibility / structureFactor - 1).squareRoot() / (2 * sin(Double.pi / Double(rows)))
  }
}

/// The symmetric transfer matrix of one row, D^(1/2) V D^(1/2): D the bonds inside a row, V those to the next one,
/// scaled by exp(-`logScale`) so that products of eight stay in range.
private struct RowTransfer {
  let columns: Int
  /// The square roots of D, and the weights of like and unlike neighbours in V.
  let roots: [Double], like: Double, unlike: Double
  let logScale: Double

  init(columns: Int, coupling: Double) {
    self.columns = columns
    let most = Double(columns) * abs(coupling)
    roots = (0..<1 << columns).map { state in
      let shifted = (state >> 1) | (state & 1) << (columns - 1)
      return exp((coupling * Double(columns - 2 * (state ^ shifted).nonzeroBitCount) - most) / 2)
    }
    like = exp(coupling - abs(coupling))
    unlike = exp(-coupling - abs(coupling))
    logScale = 2 * most
  }
  /// The matrix on vectors `[states, width]`.
  func apply(_ vector: [Double], width: Int) -> [Double] {
    var result = vector
    for state in roots.indices {
      for i in 0..<width { result[width * state + i] *= roots[state] }
    }
    for column in 0..<columns {
      let bit = 1 << column
      for state in roots.indices where state & bit == 0 {
        for i in 0..<width {
          let a = result[width * state + i], b = result[width * (state | bit) + i]
          result[width * state + i] = like * a + unlike * b
          result[width * (state | bit) + i] = unlike * a + like * b
        }
      }
    }
    for state in roots.indices {
      for i in 0..<width { result[width * state + i] *= roots[state] }
    }
    return result
  }
  /// Adds the spins up of the last row to the counts.
  func countUp(_ ways: [Double], width: Int) -> [Double] {
    var result = [Double](repeating: 0, count: ways.count)
    for state in roots.indices {
      let up = state.nonzeroBitCount
      for i in 0..<width - up { result[width * state + i + up] = ways[width * state + i] }
    }
    return result
  }
}
