public import MessagePassing

extension CheckerboardStrip {
  /// Energy, magnetization and plane sums of the whole lattice, on all ranks; all call it. Costs about a tenth of
  /// a sweep and one reduction of rows + columns integers.
  public mutating func measure(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> LatticeMeasurement {
    cut(for: team)
    // Every bond joins the colours, so colour 0 and its four neighbours see all.
    try endHalo(beginHalo(of: 1, on: team), of: 1)
    let halves = lattice.columns / 2
    // Unlike bonds, then up spins in each row, then in each column.
    var counts = [Int](repeating: 0, count: 1 + lattice.rows + lattice.columns)
    counts[0] = unlikeBonds
    for y in rows { counts[1 + y] = upSpins(place(0, y)) + upSpins(place(1, y)) }
    for parity in 0..<2 {
      // Columns x = 2j + parity are colour (y + parity) % 2 of row y.
      var columns = ColumnCounts<SIMD8<UInt64>>(width: layout.vectors, rows: rows.count)
      for y in rows {
        let start = place((y + parity) & 1, y)
        columns.add { spins[start + $0] }
      }
      for j in 0..<halves {
        counts[1 + lattice.rows + 2 * j + parity] = columns.count(bit: j / layout.vectors, of: j % layout.vectors)
      }
    }
    try team.allReduce(&counts, .sum)
    return LatticeMeasurement(lattice, unlike: counts[0], up: counts[1...])
  }

  private var unlikeBonds: Int {
    unsafe spins.withUnsafeBufferPointer { spins in
      var unlike = 0
      for y in rows {
        let beside = unsafe spins.baseAddress! + place(1, y)
        unlike += unsafe layout.unlikeBonds(
          spins.baseAddress! + place(0, y), beside: beside, above: beside - layout.vectors, below: beside + layout.vectors,
          isShifted: y & 1 == 1)
      }
      return unlike
    }
  }

  /// Set bits of the row that begins at a vector.
  private func upSpins(_ start: Int) -> Int {
    var sum = SIMD8<UInt64>()
    for v in start..<start + layout.vectors { sum &+= spins[v].nonzeroBitCount }
    return Int(sum.wrappedSum())
  }
}
