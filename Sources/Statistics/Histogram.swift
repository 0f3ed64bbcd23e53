public import Archives

/// Integer counts over equal bins of [lower, upper), exact under merging in any order.
public struct Histogram: Mergeable, Checkpointable, Sendable, Equatable {
  /// The range that is divided into bins.
  public let lower: Double, upper: Double
  /// How many samples fell in each bin.
  public private(set) var counts: [Int]
  /// Samples below `lower`, at or above `upper`, and samples that are not a number.
  public private(set) var below = 0, above = 0, undefined = 0
  /// No samples; `lower < upper`, both finite, at least one bin.
  public init(bins: Int, from lower: Double, to upper: Double) {
    precondition(bins >= 1 && lower < upper && (upper - lower).isFinite, "a histogram needs a bin and a finite range")
    self.lower = lower
    self.upper = upper
    counts = [Int](repeating: 0, count: bins)
  }
  private init() { (lower, upper, counts) = (0, 0, []) }
  public static var empty: Histogram { Histogram() }

  /// Counts one sample.
  public mutating func add(_ x: Double) {
    if x < lower {
      below += 1
    } else if x >= upper {
      above += 1
    } else if x.isNaN || counts.isEmpty {
      undefined += 1
    } else {
      let bin = Int((x - lower) / (upper - lower) * Double(counts.count))
      counts[min(bin, counts.count - 1)] += 1  // rounding can reach the upper edge
    }
  }
  public mutating func merge(_ other: Histogram) {
    if other == .empty { return }
    if self == .empty { self = other; return }
    precondition(
      lower == other.lower && upper == other.upper && counts.count == other.counts.count, "histograms over different bins")
    for i in counts.indices { counts[i] += other.counts[i] }
    below += other.below
    above += other.above
    undefined += other.undefined
  }
  /// All samples, those outside the range too.
  public var total: Int { counts.reduce(below + above + undefined, +) }
  /// The lower edge of a bin; that of bin `counts.count` is `upper`.
  public func edge(_ bin: Int) -> Double {
    bin == counts.count ? upper : lower + (upper - lower) * Double(bin) / Double(counts.count)
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([lower, upper], at: path + "/range")
    try archive.write([below, above, undefined] + counts, at: path + "/counts")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let range = try archive.read(Double.self, count: 2, at: path + "/range")
    let all = try archive.read(Int.self, count: nil, at: path + "/counts")
    guard all.count >= 3 else { throw .shape(path: path + "/counts", expected: [3], found: [all.count]) }
    (lower, upper) = (range[0], range[1])
    (below, above, undefined) = (all[0], all[1], all[2])
    counts = Array(all[3...])
  }
}
