public import MessagePassing

extension IsingStrip {
  /// Energy, magnetization and plane sums of the whole lattice, on all ranks; all call it. Costs a fraction of a step of
  /// Swendsen-Wang and one reduction of rows + columns integers.
  public mutating func measure(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> LatticeMeasurement {
    cut(for: team)
    try endHalo(beginHalo(on: team))
    // Unlike bonds, then up spins in each row, then in each column.
    var counts = [Int](repeating: 0, count: 1 + lattice.rows + lattice.columns)
    if !sites.isEmpty { count(into: &counts) }
    try team.allReduce(&counts, .sum)
    return LatticeMeasurement(lattice, unlike: counts[0], up: counts[1...])
  }

  private func count(into counts: inout [Int]) {
    let columns = lattice.columns, span = spins.span
    let rows = sites.lowerBound / columns...(sites.upperBound - 1) / columns
    var columnCounts = ColumnCounts<UInt64>(width: margin, rows: rows.count)
    for y in rows {
      // The columns of this row that are in the strip, and where its first column stands or would stand.
      let held = max(0, sites.lowerBound - y * columns)..<min(columns, sites.upperBound - y * columns)
      let start = 64 * margin + y * columns - sites.lowerBound
      var up = 0
      columnCounts.add { w in
        let at = start + 64 * w
        let mask = PackedLattice.lowBits(max(0, held.upperBound - 64 * w)) & ~PackedLattice.lowBits(max(0, held.lowerBound - 64 * w))
        let here = bits(span, at: at)
        // Beside the last column stands the first one.
        let last = columns - 1 - 64 * w
        var beside = bits(span, at: at + 1)
        if last < 64 { beside = beside & PackedLattice.lowBits(last) | (bits(span, at: start) & 1) << UInt64(last) }
        counts[0] += ((here ^ beside) & mask).nonzeroBitCount + ((here ^ bits(span, at: at + columns)) & mask).nonzeroBitCount
        up += (here & mask).nonzeroBitCount
        return here & mask
      }
      counts[1 + y] += up
    }
    for x in 0..<columns { counts[1 + lattice.rows + x] += columnCounts.count(bit: x % 64, of: x / 64) }
  }
}
