/// How the rows of one colour of a checkerboard lie in vectors, and the neighbours of a vector in them.
///
/// The eight lanes of a vector are eight consecutive rows, a group. A row of a colour has columns / 2 spins in W words
/// of at most 64: spin j of the row (x = 2j + (y + c) % 2) is bit j / W of word j % W, and word v of the eight rows is
/// vector v of the group. So the neighbour j +- 1 of a whole vector is another whole vector, but for a shift at the two
/// ends of a row, and the rows above and below are one lane away. W is the smallest number of words; where W does not
/// divide columns / 2, words after the one with the row's last spin have a bit less.
public struct CheckerboardLayout: Sendable, Equatable {
  /// The rows of the lattice, the spins of a row of one colour, and W.
  @usableFromInline let rows: Int, width: Int, vectors: Int
  /// The word and the bit of the last spin of a row.
  @usableFromInline let last: Int, top: UInt64

  /// The layout of the rows of `lattice`; refuses odd extents.
  init(_ lattice: SquareLattice) throws(LatticeError) {
    guard lattice.rows % 2 == 0 && lattice.columns % 2 == 0 else {
      throw .oddSize(rows: lattice.rows, columns: lattice.columns)
    }
    rows = lattice.rows
    width = lattice.columns / 2
    vectors = (width + 63) / 64
    last = (width - 1) % vectors
    top = UInt64((width - 1) / vectors)
  }

  /// The bits of the words 0 ... `last` that stand for spins, and those of the words after them.
  @usableFromInline var valid: (long: UInt64, short: UInt64) {
    (PackedLattice.lowBits(Int(top) + 1), PackedLattice.lowBits(Int(top)))
  }

  /// How many rows share a lane source: enough for 64 vectors, so that seeding costs little, but not more than an eighth
  /// of the lattice where that is 8 vectors. Bands begin at multiples of it, which is one of 8.
  @usableFromInline var bandRows: Int {
    let most = (63 + vectors) / vectors, least = (7 + vectors) / vectors
    return 8 * min(most, max(least, rows / 64))
  }

  /// Lanes of rows whose spins j stand between the spins j and j + 1 of the other colour, (y + c) % 2 = 1, as all ones; in
  /// other rows they stand between j - 1 and j. Groups begin at even rows.
  @inlinable @inline(__always) static func shifted(_ colour: Int) -> SIMD8<UInt64> {
    let odd: UInt64 = colour == 0 ? ~0 : 0
    return SIMD8(~odd, odd, ~odd, odd, ~odd, odd, ~odd, odd)
  }

  /// The four neighbours of each spin of vector v of a group. `beside` is that vector of the other colour, with the groups
  /// above and below in their places in memory; its unused bits must be zero. Unused bits of the result mean nothing.
  @unsafe @inlinable @inline(__always) func neighbours(
    _ beside: UnsafePointer<SIMD8<UInt64>>, _ v: Int, shifted: SIMD8<UInt64>
  ) -> (above: SIMD8<UInt64>, below: SIMD8<UInt64>, beside: SIMD8<UInt64>, far: SIMD8<UInt64>) {
    let c = unsafe beside[0], up = unsafe beside[0 &- vectors], down = unsafe beside[vectors]
    let one = SIMD8<UInt64>(repeating: 1), top = SIMD8(repeating: top)
    var next: SIMD8<UInt64>, previous: SIMD8<UInt64>
    if v &+ 1 < vectors { next = unsafe beside[1] } else { next = unsafe beside[1 &- vectors] &>> one }
    if v == last { next |= unsafe (beside[0 &- v] & one) &<< top }
    if v > 0 {
      previous = unsafe beside[-1]
    } else {
      previous = unsafe beside[vectors &- 1] &<< one
      previous |= unsafe (beside[last] &>> top) & one
    }
    return (
      SIMD8(up[7], c[0], c[1], c[2], c[3], c[4], c[5], c[6]), SIMD8(c[1], c[2], c[3], c[4], c[5], c[6], c[7], down[0]), c,
      (next & shifted) | (previous & ~shifted)
    )
  }
}
