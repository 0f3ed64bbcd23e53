/// One lattice of Ising spins with its two colours stored apart, for kernels that update all sites of one colour at
/// once. Colour c holds the sites with (x + y) % 2 = c in the layout of `CheckerboardLayout`; both extents are even.
public struct CheckerboardConfiguration: Sendable, Equatable {
  /// The lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  /// All rows; those above the first and below the last are always up to date.
  @usableFromInline var board: CheckerboardRows

  /// The same spins as `configuration`; refuses odd extents.
  public init(_ configuration: IsingConfiguration) throws(LatticeError) {
    let lattice = configuration.lattice, words = configuration.spins
    var board = CheckerboardRows(try CheckerboardLayout(lattice), rows: 0..<lattice.rows)
    let w = board.layout.vectors
    for y in 0..<lattice.rows {
      for colour in 0..<2 {
        var row = [UInt64](repeating: 0, count: w)
        let start = y * lattice.columns + (y + colour) % 2
        for j in 0..<board.layout.width {
          let site = start + 2 * j
          row[j % w] |= (words[site >> 6] >> UInt64(site & 63) & 1) << UInt64(j / w)
        }
        board.setRow(colour, y, row)
      }
    }
    self.init(lattice, replica: configuration.replica, board)
  }

  /// All rows of a lattice.
  init(_ lattice: SquareLattice, replica: Int, _ board: CheckerboardRows) {
    self.lattice = lattice
    self.replica = replica
    self.board = board
    for colour in 0..<2 { self.board.closeRing(colour) }
  }

  /// The packed spins, row-major.
  public var packed: IsingConfiguration {
    var words = [UInt64](repeating: 0, count: lattice.words)
    let w = board.layout.vectors
    for y in 0..<lattice.rows {
      for colour in 0..<2 {
        let row = board.row(colour, y), start = y * lattice.columns + (y + colour) % 2
        for j in 0..<board.layout.width {
          let site = start + 2 * j
          words[site >> 6] |= (row[j % w] >> UInt64(j / w) & 1) << UInt64(site & 63)
        }
      }
    }
    return IsingConfiguration(lattice, spins: words, replica: replica)
  }

  /// E = -sum over forward bonds of s s'.
  public var energy: Int { 2 * board.unlikeBonds() - lattice.bonds }
}
