public import MessagePassing

extension CheckerboardStrip {
  /// Energy, magnetization and plane sums of the whole lattice, on all ranks; all call it. Costs about a tenth of
  /// a sweep and one reduction of rows + columns integers.
  public mutating func measure(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> LatticeMeasurement {
    cut(for: team)
    try endHalo(beginHalo(of: 1, on: team), of: 1)
    let up = board.upSpins()
    // Unlike bonds, then up spins in each row, then in each column.
    var counts = [Int](repeating: 0, count: 1 + lattice.rows)
    counts[0] = board.unlikeBonds()
    counts.replaceSubrange(1 + rows.lowerBound..<1 + rows.upperBound, with: up.rows)
    counts += up.columns
    try team.allReduce(&counts, .sum)
    return LatticeMeasurement(lattice, unlike: counts[0], up: counts[1...])
  }
}
