/// One lattice of Ising spins with its two colours stored apart, for kernels that update all sites of one colour at
/// once. Colour c holds the sites with (x + y) % 2 = c; both extents are even.
///
/// A row of a colour has columns / 2 = W B spins in W vectors of B <= 512 used bits: spin j of the row (x = 2j +
/// (y + c) % 2) is bit j / W of vector j % W. So the neighbour j +- 1 of a whole vector is another whole vector, but
/// for one rotation at each end of a row. W is the smallest divisor of columns / 2 that makes B fit.
public struct CheckerboardConfiguration: Sendable, Equatable {
  /// The lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  /// W and B.
  @usableFromInline let vectors: Int, bits: Int
  /// Row y of colour c owns vectors (c rows + y) W ..< (c rows + y + 1) W; unused bits are zero.
  @usableFromInline var spins: [SIMD8<UInt64>]

  /// The same spins as `configuration`; refuses odd extents.
  public init(_ configuration: IsingConfiguration) throws(LatticeError) {
    let lattice = configuration.lattice
    guard lattice.rows % 2 == 0 && lattice.columns % 2 == 0 else {
      throw .oddSize(rows: lattice.rows, columns: lattice.columns)
    }
    self.lattice = lattice
    replica = configuration.replica
    let half = lattice.columns / 2
    vectors = ((half + 511) / 512...half).first { half % $0 == 0 }!
    bits = half / vectors
    spins = Array(repeating: SIMD8(), count: 2 * lattice.rows * vectors)
    let words = configuration.spins
    for site in 0..<lattice.sites where words[site >> 6] >> UInt64(site & 63) & 1 == 1 {
      let (vector, bit) = place(site)
      spins[vector][bit >> 6] |= 1 << UInt64(bit & 63)
    }
  }

  /// The packed spins, row-major.
  public var packed: IsingConfiguration {
    var words = [UInt64](repeating: 0, count: lattice.words)
    for site in 0..<lattice.sites {
      let (vector, bit) = place(site)
      words[site >> 6] |= (spins[vector][bit >> 6] >> UInt64(bit & 63) & 1) << UInt64(site & 63)
    }
    return IsingConfiguration(lattice, spins: words, replica: replica)
  }

  /// Vector and bit of a site.
  private func place(_ site: Int) -> (vector: Int, bit: Int) {
    let y = site / lattice.columns, x = site % lattice.columns, j = x / 2
    return ((((x + y) & 1) * lattice.rows + y) * vectors + j % vectors, j / vectors)
  }

  /// The bits that stand for spins.
  @usableFromInline var valid: SIMD8<UInt64> {
    var mask = SIMD8<UInt64>()
    for lane in 0..<8 { mask[lane] = PackedLattice.lowBits(max(0, bits - 64 * lane)) }
    return mask
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
