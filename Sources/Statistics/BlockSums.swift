public import Archives

/// Sums of several observables over each of a fixed number of blocks: what ranks ship, so that errors of nonlinear
/// functions (specific heat, Binder ratio, ...) are formed once, on the total.
///
/// Blocks have global numbers (chain x blocks per chain + block) and every block is filled by one owner, in order; then
/// merging adds zero to each sum and is exact in any order. Blocks should be equally long, and long against tau.
public struct BlockSums: Mergeable, Checkpointable, Sendable, Equatable {
  /// How many observables, and how many blocks.
  public let observables: Int, blocks: Int
  /// Samples in each block, `[blocks]`.
  public private(set) var counts: [Int]
  /// Sums, `[blocks, observables]`, row-major.
  public private(set) var sums: [Double]
  /// All sums zero.
  public init(observables: Int, blocks: Int) {
    precondition(observables >= 0 && blocks >= 0, "numbers of observables and blocks are not negative")
    self.observables = observables
    self.blocks = blocks
    counts = [Int](repeating: 0, count: blocks)
    sums = [Double](repeating: 0, count: blocks * observables)
  }
  public static var empty: BlockSums { BlockSums(observables: 0, blocks: 0) }

  /// Adds one sample, a value for each observable, to a block.
  public mutating func add(_ sample: [Double], to block: Int) {
    precondition(sample.count == observables, "a sample has one value for each observable")
    counts[block] += 1
    for i in 0..<observables { sums[block * observables + i] += sample[i] }
  }
  public mutating func merge(_ other: BlockSums) {
    if other.counts.isEmpty { return }
    if counts.isEmpty { self = other; return }
    precondition(observables == other.observables && blocks == other.blocks, "block sums of different shapes")
    for i in counts.indices { counts[i] += other.counts[i] }
    for i in sums.indices { sums[i] += other.sums[i] }
  }

  /// Functions of the means of the observables, with jackknife errors over the blocks that hold samples.
  ///
  /// - Parameter quantities: from the means, `[observables]`, to any number of quantities.
  /// - Returns: one estimate per quantity; errors are not a number with fewer than two filled blocks, and all means are
  ///   not a number with no sample.
  public func jackknife(_ quantities: ([Double]) -> [Double]) -> [Estimate] {
    let filled = counts.indices.filter { counts[$0] > 0 }
    // Sums before and after each block, instead of total - block: nothing cancels, and the order is fixed.
    var before = [Partial(observables)]
    for block in filled { before.append(before.last!.adding(self, block)) }
    var after = [Partial(observables)]
    for block in filled.reversed() { after.append(after.last!.adding(self, block)) }
    return Statistics.jackknife(blocks: filled.count) { left in
      guard let left else { return quantities(before.last!.means) }
      return quantities(before[left].adding(after[filled.count - 1 - left]).means)
    }
  }

  /// The means of the observables over all samples but those of one block (nil: all); not a number without a sample.
  public func means(without left: Int?) -> [Double] {
    var rest = Partial(observables)
    for block in 0..<blocks where block != left && counts[block] > 0 { rest = rest.adding(self, block) }
    return rest.means
  }

  /// Sums over some of the blocks.
  private struct Partial {
    var count: Int
    var sums: [Double]
    init(_ observables: Int) {
      count = 0
      sums = [Double](repeating: 0, count: observables)
    }
    func adding(_ table: BlockSums, _ block: Int) -> Partial {
      var result = self
      result.count += table.counts[block]
      for i in sums.indices { result.sums[i] += table.sums[block * table.observables + i] }
      return result
    }
    func adding(_ other: Partial) -> Partial {
      var result = self
      result.count += other.count
      for i in sums.indices { result.sums[i] += other.sums[i] }
      return result
    }
    var means: [Double] { sums.map { $0 / Double(count) } }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(counts, at: path + "/counts")
    try archive.write(sums, shape: [blocks, observables], at: path + "/sums")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let counts = try archive.read(Int.self, count: nil, at: path + "/counts")
    let (sums, shape) = try archive.read(Double.self, at: path + "/sums")
    guard shape.count == 2, shape[0] == counts.count else {
      throw .shape(path: path + "/sums", expected: [counts.count, shape.last ?? 0], found: shape)
    }
    self.init(observables: shape[1], blocks: counts.count)
    self.counts = counts
    self.sums = sums
  }
}
