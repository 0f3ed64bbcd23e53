public import Statistics

/// How often each pair (row symbol, column symbol) was seen: the sufficient statistic of every plug-in estimate of
/// mutual information. Integers, so merging over ranks is exact; bias is corrected once, on the total.
public struct JointCounts: Mergeable, Sendable, Equatable {
  /// The alphabet sizes of the two variables.
  public private(set) var rows: Int, columns: Int
  /// The counts, `[rows, columns]`, row-major.
  public private(set) var counts: [Int]
  /// All counts zero.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    counts = [Int](repeating: 0, count: rows * columns)
  }
  public static var empty: JointCounts { JointCounts(rows: 0, columns: 0) }
  /// Counts one pair, `times` times (negative takes back, for leave-one-out).
  @inlinable public mutating func add(row: Int, column: Int, times: Int = 1) { addUnchecked(row &* columns &+ column, times) }
  @usableFromInline mutating func addUnchecked(_ index: Int, _ times: Int) { counts[index] &+= times }
  public mutating func merge(_ other: JointCounts) {
    if other.counts.isEmpty { return }
    if counts.isEmpty { self = other; return }
    precondition(rows == other.rows && columns == other.columns, "joint counts over different alphabets")
    for i in counts.indices { counts[i] &+= other.counts[i] }
  }
  /// Takes `other` away again: leave-one-block-out.
  public mutating func subtract(_ other: JointCounts) {
    precondition(rows == other.rows && columns == other.columns, "joint counts over different alphabets")
    for i in counts.indices { counts[i] &-= other.counts[i] }
  }
  /// How many pairs were counted.
  public var total: Int { counts.reduce(0, &+) }
}
