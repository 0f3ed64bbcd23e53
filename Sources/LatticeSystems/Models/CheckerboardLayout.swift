/// How a row of one colour of a checkerboard lies in vectors, and the neighbours of a vector in it.
///
/// A row of a colour has columns / 2 = W B spins in W vectors of B <= 512 used bits: spin j of the row (x = 2j +
/// (y + c) % 2) is bit j / W of vector j % W. So the neighbour j +- 1 of a whole vector is another whole vector, but
/// for one rotation at each end of a row. W is the smallest divisor of columns / 2 that makes B fit.
public struct CheckerboardLayout: Sendable, Equatable {
  /// W and B.
  @usableFromInline let vectors: Int, bits: Int

  /// The layout of the rows of `lattice`; refuses odd extents.
  init(_ lattice: SquareLattice) throws(LatticeError) {
    guard lattice.rows % 2 == 0 && lattice.columns % 2 == 0 else {
      throw .oddSize(rows: lattice.rows, columns: lattice.columns)
    }
    let half = lattice.columns / 2
    vectors = ((half + 511) / 512...half).first { half % $0 == 0 }!
    bits = half / vectors
  }

  /// The bits that stand for spins.
  @usableFromInline var valid: SIMD8<UInt64> {
    var mask = SIMD8<UInt64>()
    for lane in 0..<8 { mask[lane] = PackedLattice.lowBits(max(0, bits - 64 * lane)) }
    return mask
  }

  /// How many rows share a lane source: four below 8192 spins of one colour in a row, so that seeding stays cheap, else
  /// one. Bands begin at multiples of it.
  @inlinable var bandRows: Int { vectors >= 16 ? 1 : 4 }

  /// The second neighbour in its own row of each spin of vector v: site j of one colour stands between sites j - 1 and
  /// j of the other one, or, where the row is shifted ((y + c) % 2 = 1), j and j + 1. `beside` is the row of the other
  /// colour; its bits beyond B must be zero, those of the result mean nothing.
  @unsafe @inlinable @inline(__always) func far(_ beside: UnsafePointer<SIMD8<UInt64>>, _ v: Int, isShifted: Bool) -> SIMD8<UInt64> {
    if isShifted {
      unsafe v &+ 1 < vectors ? beside[v &+ 1] : rotatedDown(beside[0], count: bits)
    } else {
      unsafe v > 0 ? beside[v &- 1] : rotatedUp(beside[vectors &- 1], count: bits)
    }
  }

  /// How many bonds of the sites of `row` join unlike spins, four bonds a site. The other rows have the other colour.
  @unsafe func unlikeBonds(
    _ row: UnsafePointer<SIMD8<UInt64>>, beside: UnsafePointer<SIMD8<UInt64>>, above: UnsafePointer<SIMD8<UInt64>>,
    below: UnsafePointer<SIMD8<UInt64>>, isShifted: Bool
  ) -> Int {
    let mask = valid
    var sum = SIMD8<UInt64>()
    for v in 0..<vectors {
      let here = unsafe row[v]
      sum &+= unsafe ((here ^ beside[v]) & mask).nonzeroBitCount
      sum &+= unsafe ((here ^ far(beside, v, isShifted: isShifted)) & mask).nonzeroBitCount
      sum &+= unsafe ((here ^ above[v]) & mask).nonzeroBitCount
      sum &+= unsafe ((here ^ below[v]) & mask).nonzeroBitCount
    }
    return Int(sum.wrappedSum())
  }
}

/// The bits moved up by one place, bit `count` - 1 to bit 0; bits from `count` on are not meaningful.
@inlinable @inline(__always) func rotatedUp(_ v: SIMD8<UInt64>, count: Int) -> SIMD8<UInt64> {
  let c = v &>> 63, top = count &- 1
  return (v &<< 1) | SIMD8(v[top &>> 6] &>> UInt64(top & 63) & 1, c[0], c[1], c[2], c[3], c[4], c[5], c[6])
}

/// The bits moved down by one place, bit 0 to bit `count` - 1; bits from `count` on must be zero.
@inlinable @inline(__always) func rotatedDown(_ v: SIMD8<UInt64>, count: Int) -> SIMD8<UInt64> {
  let c = v &<< 63, top = count &- 1
  var moved = (v &>> 1) | SIMD8(c[1], c[2], c[3], c[4], c[5], c[6], c[7], 0)
  moved[top &>> 6] |= (v[0] & 1) &<< UInt64(top & 63)
  return moved
}
