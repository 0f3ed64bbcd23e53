import Glibc

/// How many states a small Ising torus has at each energy, counted exactly, and every average of E that follows.
///
/// The states are summed row by row: the first row is held, the others are added one spin at a time, with the histogram
/// of unsatisfied bonds kept for each setting of the newest row; first rows that are images of each other under shifts
/// and the global flip are done once. Counts are 64-bit: up to 64 sites (8 x 8) each of them fits, though their sum,
/// 2^64, does not. Cost about 2^{2 columns + 1} rows sites/columns: 8 x 8 takes some tens of milliseconds.
///
/// Each site owns its bonds to the right and down, so a side of 2 has double bonds. Source: Binder 1972; Beale 1996.
public struct IsingDensityOfStates: Sendable, Equatable {
  /// The size of the torus.
  public let columns: Int, rows: Int
  /// `counts[u]`: how many states have u unsatisfied bonds, u = 0 ... 2N, that is E = 2u - 2N.
  public let counts: [UInt64]
  /// How many spins.
  public var sites: Int { columns * rows }
  /// E of a number of unsatisfied bonds, in units of J.
  public func energy(unsatisfied: Int) -> Int { 2 * unsatisfied - 2 * sites }
  /// g(E); zero for energies that do not occur.
  public func count(energy: Int) -> UInt64 {
    let doubled = energy + 2 * sites
    return doubled.isMultiple(of: 2) && counts.indices.contains(doubled / 2) ? counts[doubled / 2] : 0
  }

  /// Counts the states.
  /// - Throws: `sizeOutOfRange` unless both sides are at least 1, the columns at most 12 and the sites at most 64.
  public init(columns: Int, rows: Int) throws(ExactSolutionError) {
    guard columns >= 1, rows >= 1, columns <= 12, rows <= 64, columns * rows <= 64 else {
      throw .sizeOutOfRange(columns: columns, rows: rows, allowed: 1...12)
    }
    self.columns = columns
    self.rows = rows
    var total = [UInt64](repeating: 0, count: 2 * columns * rows + 1)
    for (first, images) in firstRows(columns: columns) {
      let found = RowTransfer(columns: columns, rows: rows, first: first).counts
      for u in total.indices { total[u] &+= images &* found[u] }
    }
    counts = total
  }

  /// P(E) at coupling K (any finite one, of either sign), in the order of `counts`.
  public func probabilities(coupling: Double) -> [Double] {
    let logs = logWeights(coupling: coupling)
    let largest = logs.reduce(-Double.infinity, max)
    let weights = logs.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// ln Z, energy and specific heat per site at coupling K, of either sign.
  public func perSite(coupling: Double) -> ThermodynamicsPerSite {
    let logs = logWeights(coupling: coupling)
    let largest = logs.reduce(-Double.infinity, max)
    let logSum = largest + log(logs.reduce(0) { $0 + exp($1 - largest) })
    let p = probabilities(coupling: coupling)
    var mean = 0.0
    for u in p.indices { mean += p[u] * Double(energy(unsatisfied: u)) }
    var variance = 0.0
    for u in p.indices {
      let deviation = Double(energy(unsatisfied: u)) - mean
      variance += p[u] * deviation * deviation
    }
    let n = Double(sites)
    return ThermodynamicsPerSite(
      logPartition: logSum / n, energy: mean / n, specificHeat: coupling * coupling * variance / n)
  }

  /// ln g - K E; minus infinity where no state is.
  private func logWeights(coupling: Double) -> [Double] {
    counts.indices.map { u in
      counts[u] == 0 ? -.infinity : log(Double(counts[u])) - coupling * Double(energy(unsatisfied: u))
    }
  }
}

/// One first row out of each class under shifts and the flip of all spins, with the size of the class.
func firstRows(columns: Int) -> [(row: Int, images: UInt64)] {
  let mask = (1 << columns) - 1
  var classes: [Int: UInt64] = [:]
  for row in 0...mask {
    var least = row
    for shift in 0..<columns {
      let turned = (row << shift | row >> (columns - shift)) & mask
      least = min(least, turned, ~turned & mask)
    }
    classes[least, default: 0] += 1
  }
  return classes.sorted { $0.key < $1.key }.map { (row: $0.key, images: $0.value) }
}

/// The histogram of unsatisfied bonds over all states with a given first row.
private struct RowTransfer {
  /// By number of unsatisfied bonds, 0 ... 2N.
  var counts: [UInt64]

  init(columns: Int, rows: Int, first: Int) {
    let bins = 2 * columns * rows + 1
    let settings = 1 << columns
    // Histograms by the setting of the newest row, [setting, bin]; at the start only the first row itself.
    var table = [UInt64](repeating: 0, count: settings * bins)
    table[first * bins + RowTransfer.unsatisfied(inRow: first, columns)] = 1
    for _ in 1..<max(rows, 1) {
      for site in 0..<columns { table = RowTransfer.addSpin(to: table, site: site, columns: columns, bins: bins) }
    }
    counts = [UInt64](repeating: 0, count: bins)
    for row in 0..<settings {
      let closing = (row ^ first).nonzeroBitCount
      for bin in closing..<bins { counts[bin] &+= table[row * bins + bin - closing] }
    }
  }

  /// Unsatisfied bonds (x, x + 1) around a row.
  private static func unsatisfied(inRow row: Int, _ columns: Int) -> Int {
    (0..<columns).reduce(0) { $0 + ((row >> $1 ^ row >> (($1 + 1) % columns)) & 1) }
  }

  /// Replaces the spin `site` of the row above by that of the new row: its bond up, its bond to the left, and, for the
  /// last one, the bond that closes the row.
  private static func addSpin(to table: [UInt64], site: Int, columns: Int, bins: Int) -> [UInt64] {
    var next = [UInt64](repeating: 0, count: table.count)
    for old in 0..<(1 << columns) {
      for new in 0...1 {
        let row = old & ~(1 << site) | new << site
        var unlike = (old >> site ^ new) & 1
        if site > 0 { unlike += (row >> (site - 1) ^ new) & 1 }
        if site == columns - 1 { unlike += (row ^ new) & 1 }
        for bin in unlike..<bins { next[row * bins + bin] &+= table[old * bins + bin - unlike] }
      }
    }
    return next
  }
}
