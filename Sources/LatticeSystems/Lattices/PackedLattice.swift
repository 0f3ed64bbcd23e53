/// A square lattice whose spins are bits in row-major order, 64 sites a word as in `Configurations`, with the masks
/// that displacements need. A displacement moves whole words: the bit of site s becomes that of its neighbour.
public struct PackedLattice: Sendable, Equatable {
  /// The lattice.
  public let lattice: SquareLattice
  /// Bits of the last column.
  @usableFromInline let lastColumn: [UInt64]
  /// The bits that stand for sites, by word: all but the tail of the last word.
  @usableFromInline let valid: [UInt64]

  /// The masks of `lattice`.
  public init(_ lattice: SquareLattice) {
    self.lattice = lattice
    valid = (0..<lattice.words).map { Self.lowBits(min(64, lattice.sites - 64 * $0)) }
    lastColumn = Self.columnMask(lattice, from: lattice.columns - 1)
  }

  /// The lowest `count` bits, 0 ... 64.
  @inlinable static func lowBits(_ count: Int) -> UInt64 { count >= 64 ? ~0 : (1 &<< UInt64(count)) &- 1 }

  /// Bits of the columns `first...`.
  static func columnMask(_ lattice: SquareLattice, from first: Int) -> [UInt64] {
    var mask = [UInt64](repeating: 0, count: lattice.words)
    for y in 0..<lattice.rows {
      for x in first..<lattice.columns {
        let s = y * lattice.columns + x
        mask[s >> 6] |= 1 << UInt64(s & 63)
      }
    }
    return mask
  }

  /// 64 bits of the periodic sequence of all sites, from bit `start` (0 ..< sites) on.
  @inlinable func bits(_ spins: Span<UInt64>, from start: Int) -> UInt64 {
    let word = start &>> 6, shift = UInt64(start & 63), n = lattice.sites
    var result = unsafe spins[unchecked: word] &>> shift
    if shift != 0 && word &+ 1 < spins.count { result |= unsafe spins[unchecked: word &+ 1] &<< (64 &- shift) }
    let left = n &- start
    if left < 64 { result = (result & Self.lowBits(left)) | (unsafe spins[unchecked: 0] &<< UInt64(left)) }
    return result
  }

  /// Word `index` of the spins' right neighbours; bits past the last site are zero.
  @inlinable func right(_ spins: Span<UInt64>, _ index: Int) -> UInt64 {
    let n = lattice.sites, here = 64 &* index, c = lattice.columns
    let plain = here &+ 1 < n ? bits(spins, from: here &+ 1) : bits(spins, from: 0)
    let back = here &+ 1 &- c
    let wrapped = bits(spins, from: back < 0 ? back &+ n : back)
    let edge = lastColumn[index]
    return ((plain & ~edge) | (wrapped & edge)) & valid[index]
  }

  /// Word `index` of the spins' lower neighbours; bits past the last site are zero.
  @inlinable func down(_ spins: Span<UInt64>, _ index: Int) -> UInt64 {
    let start = 64 &* index &+ lattice.columns
    return bits(spins, from: start < lattice.sites ? start : start &- lattice.sites) & valid[index]
  }

  /// The spins at the displacement (rows, columns), each 0 ..< extent, from every site.
  public func displaced(_ spins: [UInt64], rows: Int, columns: Int) -> [UInt64] {
    precondition(spins.count == valid.count, "spins do not fit the lattice")
    precondition((0..<lattice.rows).contains(rows) && (0..<lattice.columns).contains(columns), "displacement below the extents")
    let n = lattice.sites, edge = Self.columnMask(lattice, from: lattice.columns - columns)
    let shift = rows * lattice.columns + columns
    return (0..<spins.count).map { i in
      let plain = bits(spins.span, from: (64 * i + shift) % n)
      let wrapped = bits(spins.span, from: (64 * i + shift + n - lattice.columns) % n)
      return ((plain & ~edge[i]) | (wrapped & edge[i])) & valid[i]
    }
  }
}
