import Glibc

/// The Ising model on a small torus, summed state by state: slow, obvious, and right.
///
/// Each site owns its forward bonds (right, and down), so a torus of two columns has double bonds. Spin of site i in
/// state k is +1 where bit i of k is set; site = row * columns + column. At most 24 sites.
public struct EnumeratedIsing: Sendable {
  /// Its size.
  public let columns: Int, rows: Int
  /// Pairs of sites, one for each bond.
  public let bonds: [(Int, Int)]
  /// A torus; with `rows == 1` and `ring` a ring without self-bonds.
  public init(columns: Int, rows: Int, ring: Bool = false) {
    precondition(columns * rows <= 24, "enumeration is for small lattices")
    self.columns = columns
    self.rows = rows
    var bonds: [(Int, Int)] = []
    for y in 0..<rows {
      for x in 0..<columns {
        bonds.append((y * columns + x, y * columns + (x + 1) % columns))
        if !ring { bonds.append((y * columns + x, (y + 1) % rows * columns + x)) }
      }
    }
    self.bonds = bonds
  }
  /// How many spins.
  public var sites: Int { columns * rows }
  /// The spin, +1 or -1, of a site in a state.
  public func spin(_ state: Int, _ site: Int) -> Int { state >> site & 1 == 1 ? 1 : -1 }
  /// E = -sum s s' over the bonds.
  public func energy(_ state: Int) -> Int {
    var unlike = 0
    for (a, b) in bonds { unlike += (state >> a ^ state >> b) & 1 }
    return 2 * unlike - bonds.count
  }
  /// M = sum s.
  public func magnetization(_ state: Int) -> Int { 2 * state.nonzeroBitCount - sites }

  /// ln Z and the averages of some functions of the state under exp(-K E + B M).
  public func averages(coupling: Double, field: Double = 0, of functions: [(Int) -> Double]) -> (logZ: Double, averages: [Double]) {
    let largest = abs(coupling) * Double(bonds.count) + abs(field) * Double(sites)
    var z = CompensatedSum()
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: functions.count)
    for state in 0..<(1 << sites) {
      let weight = exp(-coupling * Double(energy(state)) + field * Double(magnetization(state)) - largest)
      z.add(weight)
      for i in functions.indices { sums[i].add(weight * functions[i](state)) }
    }
    return (log(z.value) + largest, sums.map { $0.value / z.value })
  }
  /// ln Z, <E>, <E^2>, <M>, <M^2>.
  public func thermodynamics(coupling: Double, field: Double = 0) -> (
    logZ: Double, energy: Double, energySquared: Double, magnetization: Double, magnetizationSquared: Double
  ) {
    let found = averages(
      coupling: coupling, field: field,
      of: [
        { Double(energy($0)) }, { Double(energy($0) * energy($0)) },
        { Double(magnetization($0)) }, { Double(magnetization($0) * magnetization($0)) },
      ])
    return (found.logZ, found.averages[0], found.averages[1], found.averages[2], found.averages[3])
  }
}

/// A sum whose rounding errors are carried along (Neumaier), so that a million terms lose no digits.
private struct CompensatedSum {
  private var sum = 0.0, lost = 0.0
  var value: Double { sum + lost }
  mutating func add(_ x: Double) {
    let next = sum + x
    lost += abs(sum) >= abs(x) ? (sum - next) + x : (x - next) + sum
    sum = next
  }
}
