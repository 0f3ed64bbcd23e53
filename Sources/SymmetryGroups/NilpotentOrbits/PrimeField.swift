/// Linear algebra over the field of p = 2^31 - 1 elements. Ranks of integer matrices with random entries are, but for
/// chances of about (size / p), those over the rational numbers, without any tolerance.
enum PrimeField {
  static let modulus: UInt64 = 0x7FFF_FFFF

  /// An integer as an element of the field.
  static func element(_ integer: Int) -> UInt32 {
    let p = Int(modulus)
    return UInt32((integer % p + p) % p)
  }
  @inline(__always) static func reduced(_ x: UInt64) -> UInt64 {
    let folded = (x & modulus) &+ x &>> 31
    let again = (folded & modulus) &+ folded &>> 31
    return again >= modulus ? again &- modulus : again
  }
  static func inverse(_ x: UInt32) -> UInt32 {
    // x^(p-2).
    var result: UInt64 = 1, power = UInt64(x), exponent = modulus - 2
    while exponent > 0 {
      if exponent & 1 == 1 { result = reduced(result * power) }
      power = reduced(power * power)
      exponent >>= 1
    }
    return UInt32(result)
  }

  /// Brings `[rows, columns]` to echelon form over its first `pivotColumns` columns and returns the rank of those. Row
  /// operations act on all columns. O(rows pivotColumns columns).
  static func eliminate(_ matrix: inout [UInt32], rows: Int, columns: Int, pivotColumns: Int) -> Int {
    var rank = 0
    for column in 0..<pivotColumns where rank < rows {
      guard let pivot = (rank..<rows).first(where: { matrix[$0 * columns + column] != 0 }) else { continue }
      if pivot != rank { for k in column..<columns { matrix.swapAt(pivot * columns + k, rank * columns + k) } }
      let scale = UInt64(inverse(matrix[rank * columns + column]))
      for row in rank + 1..<max(rank + 1, rows) {
        let entry = matrix[row * columns + column]
        if entry == 0 { continue }
        // row <- row - factor * pivot row, as row + (p - factor) * pivot row.
        let factor = modulus - reduced(UInt64(entry) * scale)
        let to = row * columns, from = rank * columns
        for k in column..<columns {
          matrix[to &+ k] = UInt32(truncatingIfNeeded: reduced(UInt64(matrix[to &+ k]) &+ factor &* UInt64(matrix[from &+ k])))
        }
      }
      rank += 1
    }
    return rank
  }

  /// Whether A x = b has a solution, A `[rows, columns]`: elimination of [A | b] leaves b zero below the rank of A.
  static func isSolvable(_ matrix: [UInt32], _ right: [UInt32], rows: Int, columns: Int) -> Bool {
    var joined: [UInt32] = []
    joined.reserveCapacity(rows * (columns + 1))
    for row in 0..<rows {
      joined += matrix[row * columns..<(row + 1) * columns]
      joined.append(right[row])
    }
    let rank = eliminate(&joined, rows: rows, columns: columns + 1, pivotColumns: columns)
    return (rank..<max(rank, rows)).allSatisfy { joined[$0 * (columns + 1) + columns] == 0 }
  }
}
