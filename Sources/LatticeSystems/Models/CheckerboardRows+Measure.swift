extension CheckerboardRows {
  /// How many bonds of the sites of colour 0 join unlike spins: every bond joins the colours, so these are all. The rows
  /// of colour 1 above and below must be there.
  func unlikeBonds() -> Int {
    let shifted = CheckerboardLayout.shifted(0)
    var sum = SIMD8<UInt64>()
    unsafe spins.withUnsafeBufferPointer { spins in
      for group in 0..<groups {
        let used = used(group), mine = place(0, group), others = unsafe spins.baseAddress! + place(1, group)
        for v in 0..<layout.vectors {
          let here = unsafe spins[mine + v], mask = used & valid(v)
          let near = unsafe layout.neighbours(others + v, v, shifted: shifted)
          sum &+= ((here ^ near.above) & mask).nonzeroBitCount
          sum &+= ((here ^ near.below) & mask).nonzeroBitCount
          sum &+= ((here ^ near.beside) & mask).nonzeroBitCount
          sum &+= ((here ^ near.far) & mask).nonzeroBitCount
        }
      }
    }
    return Int(sum.wrappedSum())
  }

  /// Spins that are up in the rows held.
  var upSpinCount: Int {
    var sum = SIMD8<UInt64>()
    for group in 0..<groups {
      let used = used(group)
      for colour in 0..<2 {
        let start = place(colour, group)
        for v in start..<start + layout.vectors { sum &+= (spins[v] & used).nonzeroBitCount }
      }
    }
    return Int(sum.wrappedSum())
  }

  /// Spins that are up in each of the rows held, and in each column of them.
  func upSpins() -> (rows: [Int], columns: [Int]) {
    var ofRows = [Int](repeating: 0, count: 8 * groups), ofColumns = [Int](repeating: 0, count: 2 * layout.width)
    // Columns x = 2j + parity are colour (y + parity) % 2 of row y; even rows have even lanes.
    let odd = CheckerboardLayout.shifted(0)
    for parity in 0..<2 {
      var counts = ColumnCounts<SIMD8<UInt64>>(width: layout.vectors, rows: groups)
      for group in 0..<groups {
        let even = place(parity, group), other = place(1 - parity, group), used = used(group)
        var sum = SIMD8<UInt64>()
        counts.add { v in
          let bits = ((spins[even + v] & ~odd) | (spins[other + v] & odd)) & used
          sum &+= bits.nonzeroBitCount
          return bits
        }
        for lane in 0..<8 { ofRows[8 * group + lane] += Int(sum[lane]) }
      }
      for j in 0..<layout.width { ofColumns[2 * j + parity] = counts.count(bit: j / layout.vectors, of: j % layout.vectors) }
    }
    return (Array(ofRows[..<rows.count]), ofColumns)
  }
}
