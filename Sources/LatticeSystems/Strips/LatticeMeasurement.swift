/// What is measured of one configuration of a large lattice: integers, so that nothing depends on how many ranks counted.
public struct LatticeMeasurement: Sendable, Equatable {
  /// E = -sum s s' over bonds, in units of J, and M = sum s.
  public let energy: Int, magnetization: Int
  /// The sums of the spins of each row and of each column.
  public let rowSums: [Double], columnSums: [Double]

  /// - Parameters:
  ///   - unlike: bonds that join unlike spins.
  ///   - up: spins that are up, in each row, then in each column.
  init(_ lattice: SquareLattice, unlike: Int, up: some Collection<Int>) {
    let rows = up.prefix(lattice.rows)
    energy = 2 * unlike - lattice.bonds
    magnetization = 2 * rows.reduce(0, +) - lattice.sites
    rowSums = rows.map { Double(2 * $0 - lattice.columns) }
    columnSums = up.dropFirst(lattice.rows).map { Double(2 * $0 - lattice.rows) }
  }
}

extension LowestModes {
  /// The mean over both axes of |s_k|^2 / N; summed in the order of rows and columns.
  public func weight(_ measured: LatticeMeasurement) -> Double {
    (weight(planeSums: measured.rowSums, axis: 0) + weight(planeSums: measured.columnSums, axis: 1)) / 2
  }
}
