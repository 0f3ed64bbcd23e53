/// How often each bit is set in many rows of vectors, counted 512 places at a time: seven rows are added up by full
/// adders, and their sum to binary counters whose digits lie in vectors of their own. Some nine operations a vector.
struct ColumnCounts {
  private let vectors: Int, digits: Int
  /// Digit d of the counters of vector v is number v digits + d.
  private var counters: [SIMD8<UInt64>]
  /// Rows that wait to be seven.
  private var waiting: [SIMD8<UInt64>]
  private var waitingRows = 0

  /// Counts of at most `rows` rows of `vectors` vectors each.
  init(vectors: Int, rows: Int) {
    self.vectors = vectors
    digits = max(3, Int.bitWidth - rows.leadingZeroBitCount)
    counters = Array(repeating: SIMD8(), count: vectors * digits)
    waiting = Array(repeating: SIMD8(), count: 7 * vectors)
  }

  /// Counts one more row, given by its vectors.
  @inline(__always) mutating func add(_ row: (Int) -> SIMD8<UInt64>) {
    for v in 0..<vectors { waiting[7 * v + waitingRows] = row(v) }
    waitingRows += 1
    if waitingRows == 7 { flush() }
  }

  private mutating func flush() {
    for v in 0..<vectors {
      let (a, b, c) = (waiting[7 * v], waiting[7 * v + 1], waiting[7 * v + 2])
      let (d, e, f, g) = (waiting[7 * v + 3], waiting[7 * v + 4], waiting[7 * v + 5], waiting[7 * v + 6])
      let (first, firstCarry) = fullAdder(a, b, c), (second, secondCarry) = fullAdder(d, e, f)
      let (one, thirdCarry) = fullAdder(first, second, g), (two, four) = fullAdder(firstCarry, secondCarry, thirdCarry)
      let base = v * digits
      var carry = SIMD8<UInt64>()
      for (digit, more) in [one, two, four].enumerated() {
        (counters[base + digit], carry) = fullAdder(counters[base + digit], more, carry)
      }
      for digit in 3..<digits {
        let before = counters[base + digit]
        counters[base + digit] = before ^ carry
        carry &= before
      }
    }
    for index in waiting.indices { waiting[index] = SIMD8() }
    waitingRows = 0
  }

  /// How often bit `bit` of vector `vector` was set.
  mutating func count(vector: Int, bit: Int) -> Int {
    if waitingRows > 0 { flush() }
    return (0..<digits).reduce(0) { $0 | Int(counters[vector * digits + $1][bit >> 6] >> UInt64(bit & 63) & 1) << $1 }
  }
}

/// Sum and carry of three bits.
@inline(__always) private func fullAdder(
  _ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>
) -> (sum: SIMD8<UInt64>, carry: SIMD8<UInt64>) {
  let half = a ^ b
  return (half ^ c, (a & b) | (half & c))
}
