public import Archives

/// A layout of Ising spins on a square lattice: it is made from packed spins and gives them back.
public protocol IsingSpins: Sendable, Equatable, Checkpointable {
  /// The same spins in this layout; refuses lattices that it cannot hold.
  init(_ configuration: IsingConfiguration) throws(LatticeError)
  /// The packed spins, with lattice and replica.
  var packed: IsingConfiguration { get }
  /// E of `model`, in units of J.
  func energy(of model: IsingModel) -> Int
  /// M = sum s.
  func magnetization(of model: IsingModel) -> Int
  /// The sums of the spins of each row and of each column. Bits are counted, not spins visited.
  func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double])
}

extension IsingConfiguration: IsingSpins {
  public init(_ configuration: IsingConfiguration) { self = configuration }
  public var packed: IsingConfiguration { self }
  public func energy(of model: IsingModel) -> Int { model.energy(spins) }
  public func magnetization(of model: IsingModel) -> Int { model.magnetization(spins) }
  public func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double]) {
    let rows = lattice.rows, columns = lattice.columns
    var rowSums: [Double] = [], counts = ColumnCounts<UInt64>(width: (columns + 63) / 64, rows: rows)
    let span = spins.span
    for y in 0..<rows {
      var up = 0
      counts.add { w in
        let bits = model.packed.bits(span, from: y * columns + 64 * w) & PackedLattice.lowBits(columns - 64 * w)
        up += bits.nonzeroBitCount
        return bits
      }
      rowSums.append(Double(2 * up - columns))
    }
    return (rowSums, (0..<columns).map { Double(2 * counts.count(bit: $0 % 64, of: $0 / 64) - rows) })
  }
}

extension CheckerboardConfiguration: IsingSpins {
  public static let formatVersion = 1
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try packed.save(to: &archive, at: path)
  }
  /// Throws `damaged` where the stored lattice has odd extents.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let packed = try IsingConfiguration(from: archive, at: path)
    do { try self.init(packed) } catch { throw .damaged(file: path, reason: error.description) }
  }
  public func energy(of model: IsingModel) -> Int { energy }
  public func magnetization(of model: IsingModel) -> Int { 2 * board.upSpinCount - lattice.sites }
  public func planeSums(of model: IsingModel) -> (rows: [Double], columns: [Double]) {
    let up = board.upSpins()
    return (up.rows.map { Double(2 * $0 - lattice.columns) }, up.columns.map { Double(2 * $0 - lattice.rows) })
  }
}
