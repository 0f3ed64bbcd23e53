public import Archives
internal import InformationTheory
public import Statistics

/// How a run of samples, numbered from 0 over all chains, is cut into contiguous blocks for the jackknife.
public struct SampleBlocks: Sendable, Equatable {
  /// How many samples and blocks there are.
  public let samples: Int, blocks: Int
  /// `blocks` blocks whose lengths differ by at most one; 1 to `samples` of them.
  public init(samples: Int, blocks: Int) {
    precondition(blocks >= 1 && blocks <= samples, "between one block and one block for each sample")
    self.samples = samples
    self.blocks = blocks
  }
  /// The block of a global sample.
  @inlinable public func block(of sample: Int) -> Int { sample * blocks / samples }
  /// The global samples of a block.
  public func range(of block: Int) -> Range<Int> {
    (block * samples + blocks - 1) / blocks..<((block + 1) * samples + blocks - 1) / blocks
  }
  /// The mean of one number of each sample, with the error of the jackknife over blocks.
  public func mean(of values: [Double]) -> Estimate {
    precondition(values.count == samples, "a number of each sample")
    var sums = [Double](repeating: 0, count: blocks), counts = sums
    for (i, x) in values.enumerated() {
      sums[block(of: i)] += x
      counts[block(of: i)] += 1
    }
    return jackknife(blocks: blocks) { left -> [Double] in
      var sum = 0.0, count = 0.0
      for b in sums.indices where b != left {
        sum += sums[b]
        count += counts[b]
      }
      return [sum / count]
    }[0]
  }
  /// The pieces of `count` samples from `first` on that lie in one block each, as rows of the batch.
  func pieces(first: Int, count: Int) -> [(block: Int, rows: Range<Int>)] {
    precondition(first >= 0 && first + count <= samples, "samples beyond the run")
    var pieces: [(block: Int, rows: Range<Int>)] = [], next = first
    while next < first + count {
      let b = block(of: next), end = min(range(of: b).upperBound, first + count)
      pieces.append((b, next - first..<end - first))
      next = end
    }
    return pieces
  }
}

/// The sufficient statistics of a probe: `width` integers for each block of samples. Integers, so that ranks that each
/// saw some of the samples merge to the same bits in any way.
public struct BlockedCounts: Mergeable, Checkpointable, Sendable, Equatable {
  /// Blocks of samples and integers for each.
  public private(set) var blocks: Int, width: Int
  /// `[blocks, width]`, row-major.
  public internal(set) var values: [Int]
  /// All zero.
  public init(blocks: Int, width: Int) {
    self.blocks = blocks
    self.width = width
    values = [Int](repeating: 0, count: blocks * width)
  }
  /// These integers, `[blocks, width]`, row-major.
  public init(blocks: Int, width: Int, values: [Int]) {
    precondition(values.count == blocks * width, "as many integers for each block")
    self.blocks = blocks
    self.width = width
    self.values = values
  }
  public static var empty: BlockedCounts { BlockedCounts(blocks: 0, width: 0) }
  public mutating func merge(_ other: BlockedCounts) {
    if other.values.isEmpty { return }
    if values.isEmpty { self = other; return }
    precondition(blocks == other.blocks && width == other.width, "counts of different probes")
    for i in values.indices { values[i] &+= other.values[i] }
  }
  /// The integers summed over all blocks but `left`.
  public func total(without left: Int? = nil) -> [Int] {
    var sum = [Int](repeating: 0, count: width)
    for block in 0..<blocks where block != left {
      for i in 0..<width { sum[i] &+= values[block * width + i] }
    }
    return sum
  }
  /// Each `factor` neighbouring blocks as one.
  func merged(_ factor: Int) -> BlockedCounts {
    precondition(blocks % factor == 0, "whole blocks")
    var longer = BlockedCounts(blocks: blocks / factor, width: width)
    for block in 0..<blocks { for i in 0..<width { longer.values[block / factor * width + i] &+= values[block * width + i] } }
    return longer
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.write(Self.formatVersion, at: path + "/version")
    try archive.write(values, shape: [blocks, width], at: path + "/counts")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let version = try archive.scalar(Int.self, at: path + "/version")
    guard version == Self.formatVersion else {
      throw .version(of: "BlockedCounts", found: version, supported: Self.formatVersion)
    }
    let (found, shape) = try archive.read(Int.self, at: path + "/counts")
    guard shape.count == 2, shape[0] * shape[1] == found.count else {
      throw .shape(path: path + "/counts", expected: [0, 0], found: shape)
    }
    blocks = shape[0]
    width = shape[1]
    values = found
  }
}

/// Jackknife errors of `quantities`, and where `corrected` says so the jackknife's bias-corrected value
/// B theta - (B - 1) mean theta_b in place of the plain one: what a plug-in mutual information needs whose counts are
/// correlated in space and time, so that no formula knows their effective number.
func jackknifed(
  _ counts: BlockedCounts, corrected: [Bool], _ quantities: ([Int]) -> [Double]
) -> [Estimate] {
  var sums = [Double](repeating: 0, count: corrected.count)
  let all = counts.total()
  let estimates = jackknife(blocks: counts.blocks) { left -> [Double] in
    guard let left else { return quantities(all) }
    var rest = all
    for i in 0..<counts.width { rest[i] &-= counts.values[left * counts.width + i] }
    let values = quantities(rest)
    for i in sums.indices { sums[i] += values[i] }
    return values
  }
  let b = Double(counts.blocks)
  return estimates.indices.map { i in
    guard corrected[i], counts.blocks > 1 else { return estimates[i] }
    return Estimate(value: b * estimates[i].value - (b - 1) / b * sums[i], error: estimates[i].error)
  }
}
