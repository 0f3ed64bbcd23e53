/// One lattice of Ising spins with its two colours stored apart, for kernels that update all sites of one colour at
/// once. Colour c holds the sites with (x + y) % 2 = c, a row of them in the layout of `CheckerboardLayout`; both
/// extents are even.
public struct CheckerboardConfiguration: Sendable, Equatable {
  /// The lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  @usableFromInline let layout: CheckerboardLayout
  /// Row y of colour c owns vectors (c rows + y) W ..< (c rows + y + 1) W; unused bits are zero.
  @usableFromInline var spins: [SIMD8<UInt64>]

  /// The same spins as `configuration`; refuses odd extents.
  public init(_ configuration: IsingConfiguration) throws(LatticeError) {
    let lattice = configuration.lattice
    let layout = try CheckerboardLayout(lattice)
    self.init(
      lattice, replica: configuration.replica, layout, spins: Array(repeating: SIMD8(), count: 2 * lattice.rows * layout.vectors))
    let words = configuration.spins
    for site in 0..<lattice.sites where words[site >> 6] >> UInt64(site & 63) & 1 == 1 {
      let (vector, bit) = place(site)
      spins[vector][bit >> 6] |= 1 << UInt64(bit & 63)
    }
  }

  /// Spins given by their vectors.
  init(_ lattice: SquareLattice, replica: Int, _ layout: CheckerboardLayout, spins: [SIMD8<UInt64>]) {
    self.lattice = lattice
    self.replica = replica
    self.layout = layout
    self.spins = spins
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

  /// E = -sum over forward bonds of s s'; every bond joins the colours, so colour 0 and its four neighbours see all.
  public var energy: Int {
    let rows = lattice.rows, w = layout.vectors
    var unlike = 0
    unsafe spins.withUnsafeBufferPointer { spins in
      let mine = spins.baseAddress!
      let others = unsafe mine + rows * w
      for y in 0..<rows {
        unlike += unsafe layout.unlikeBonds(
          mine + y * w, beside: others + y * w, above: others + (y + rows - 1) % rows * w, below: others + (y + 1) % rows * w,
          isShifted: y & 1 == 1)
      }
    }
    return 2 * unlike - lattice.bonds
  }

  /// Vector and bit of a site.
  private func place(_ site: Int) -> (vector: Int, bit: Int) {
    let y = site / lattice.columns, x = site % lattice.columns, j = x / 2
    return ((((x + y) & 1) * lattice.rows + y) * layout.vectors + j % layout.vectors, j / layout.vectors)
  }
}
