/// A periodic square lattice of `rows` x `columns` sites; site (row y, column x) has the index s = y columns + x.
///
/// Each site owns its two forward bonds, to the right (x + 1) and down (y + 1), so a lattice has 2 rows columns bonds;
/// with an extent of 2 the bonds of that direction are double.
public struct SquareLattice: Sendable, Hashable {
  /// Extents, both at least 2.
  public let rows: Int, columns: Int
  /// A `rows` x `columns` torus.
  public init(rows: Int, columns: Int) throws(LatticeError) {
    let least = min(rows, columns)
    guard least >= 2 else { throw .tooSmall(extent: least, minimum: 2) }
    self.rows = rows
    self.columns = columns
  }
  /// A torus of equal extents.
  public init(size: Int) throws(LatticeError) { try self.init(rows: size, columns: size) }

  /// How many sites there are.
  @inlinable public var sites: Int { rows &* columns }
  /// How many bonds there are.
  @inlinable public var bonds: Int { 2 &* sites }
  /// Extents, outermost first, as `Configurations.Sites.lattice` wants them.
  public var shape: [Int] { [rows, columns] }
  /// 64-bit words of a packed configuration.
  @inlinable public var words: Int { (sites &+ 63) / 64 }
  /// The index of a site; row and column are taken modulo the extents.
  public func site(row: Int, column: Int) -> Int {
    func wrap(_ i: Int, _ n: Int) -> Int { (i % n + n) % n }
    return wrap(row, rows) * columns + wrap(column, columns)
  }
  /// The four neighbours of a site: right, down, left, up.
  public func neighbours(of site: Int) -> [Int] {
    let y = site / columns, x = site % columns
    return [(y, x + 1), (y + 1, x), (y, x - 1), (y - 1, x)].map { self.site(row: $0.0, column: $0.1) }
  }
}
