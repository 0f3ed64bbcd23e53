public import Archives
public import Statistics

/// How often each pair (row symbol, column symbol) was seen: the sufficient statistic of every plug-in estimate of
/// mutual information. Integers, so merging over ranks is exact; bias is corrected once, on the total.
public struct JointCounts: Mergeable, Checkpointable, Sendable, Equatable {
  /// The alphabet sizes of the two variables.
  public let rows: Int, columns: Int
  @usableFromInline var cells: [Int]
  /// The counts, `[rows, columns]`, row-major.
  public var counts: [Int] { cells }
  /// All counts zero.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "alphabet sizes are not negative")
    self.rows = rows
    self.columns = columns
    cells = [Int](repeating: 0, count: rows * columns)
  }
  /// These counts, `[rows, columns]`, row-major, none negative.
  public init(rows: Int, columns: Int, counts: [Int]) {
    precondition(rows >= 0 && columns >= 0 && counts.count == rows * columns, "joint counts need rows x columns cells")
    self.rows = rows
    self.columns = columns
    cells = counts
  }
  public static var empty: JointCounts { JointCounts(rows: 0, columns: 0) }

  /// Counts one pair, `times` times (negative takes back, for leave-one-out).
  @inlinable public mutating func add(row: Int, column: Int, times: Int = 1) {
    precondition(column >= 0 && column < columns, "no such column")
    cells[row &* columns &+ column] &+= times
  }
  public mutating func merge(_ other: JointCounts) {
    if other.cells.isEmpty { return }
    if cells.isEmpty { self = other; return }
    precondition(rows == other.rows && columns == other.columns, "joint counts over different alphabets")
    for i in cells.indices { cells[i] &+= other.cells[i] }
  }
  /// Takes `other` away again: leave-one-block-out. Taking away `empty` changes nothing.
  public mutating func subtract(_ other: JointCounts) {
    if other.cells.isEmpty { return }
    precondition(rows == other.rows && columns == other.columns, "joint counts over different alphabets")
    for i in cells.indices { cells[i] &-= other.cells[i] }
  }
  /// How many pairs were counted.
  public var total: Int { cells.reduce(0, &+) }
  /// Counts of the row symbols alone, `[rows]`.
  public var rowCounts: [Int] {
    var sums = [Int](repeating: 0, count: rows)
    for row in 0..<rows {
      for column in 0..<columns { sums[row] &+= cells[row * columns + column] }
    }
    return sums
  }
  /// Counts of the column symbols alone, `[columns]`.
  public var columnCounts: [Int] {
    var sums = [Int](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns { sums[column] &+= cells[row * columns + column] }
    }
    return sums
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(cells, shape: [rows, columns], at: path + "/counts")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let (cells, shape) = try archive.read(Int.self, at: path + "/counts")
    guard shape.count == 2 else { throw .shape(path: path + "/counts", expected: [0, 0], found: shape) }
    self.init(rows: shape[0], columns: shape[1], counts: cells)
  }
}
