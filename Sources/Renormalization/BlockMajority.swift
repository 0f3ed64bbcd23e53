public import RandomStreams
public import Sampling

/// Block spins by majority: each block of b^d spins becomes the sign of its sum; a tie is decided by one spin of the
/// block, chosen uniformly by a coin keyed by (global sample, level), or always that of the lowest corner.
///
/// The choice of a spin, rather than of a sign, keeps the rule equivariant under the global flip path by path, and
/// gives each sign one half. Needs `.lattice` sites whose every extent is a multiple of b; the result is a lattice.
/// 2x2 blocks are decided 512 at a time: four spins in bit planes, ties by two coins for each block.
public struct BlockMajority: CoarseGraining {
  /// Which spin of a block decides a tie.
  public enum Tie: String, Sendable, CaseIterable {
    /// One that a fair coin chooses.
    case chosen
    /// That of the lowest corner.
    case corner
  }
  /// The edge b of a block, at least 1.
  public let block: Int
  /// How ties are decided.
  public let tie: Tie
  /// Majority over blocks of edge `block`, 1 to 64.
  public init(block: Int, tie: Tie = .chosen) {
    precondition((1...64).contains(block), "a block's edge is 1 to 64")
    self.block = block
    self.tie = tie
  }
  public var scaleFactor: Double { Double(block) }

  @inlinable public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    let geometry = try BlockGeometry(fine.sites, block: block)
    var coarse = Configurations(count: fine.count, sites: .lattice(geometry.coarseShape))
    guard geometry.isTwoByTwo else {
      counted(fine, geometry, firstSample, streams, &coarse)
      return coarse
    }
    // Coins are drawn here, where the caller's streams are known to the compiler, and used by a kernel that needs not
    // know them; some samples at a time, so that they stay in cache.
    let kernel = TwoByTwoMajority(fine, geometry), batch = max(1, 4096 / kernel.coinsPerSample)
    if tie == .corner {
      // Coins that are all tails choose the first row and the first column.
      let tails = [SIMD8<UInt64>](repeating: SIMD8(), count: batch * kernel.coinsPerSample)
      for first in stride(from: 0, to: fine.count, by: batch) {
        kernel.decide(fine, first..<min(first + batch, fine.count), tails, &coarse)
      }
      return coarse
    }
    var coins: [SIMD8<UInt64>] = []
    coins.reserveCapacity(batch * kernel.coinsPerSample)
    for first in stride(from: 0, to: fine.count, by: batch) {
      let rows = first..<min(first + batch, fine.count)
      coins.removeAll(keepingCapacity: true)
      for row in rows {
        var lanes = streams.lanes(replica: firstSample + row, step: 0, site: 0, purpose: .tie)
        for _ in 0..<kernel.coinsPerSample { coins.append(lanes.next()) }
      }
      kernel.decide(fine, rows, coins, &coarse)
    }
    return coarse
  }

  /// Any block: the sum of a block is the number of set bits in its runs.
  @usableFromInline func counted(
    _ fine: Configurations, _ geometry: BlockGeometry, _ firstSample: Int, _ streams: some Streams,
    _ coarse: inout Configurations
  ) {
    let spins = geometry.runs.count * block
    for sample in 0..<fine.count {
      var coins = streams.generator(replica: firstSample + sample, step: 0, site: 0, purpose: .tie)
      let base = sample * fine.wordsPerConfiguration
      for (index, corner) in geometry.corners.enumerated() {
        var ones = 0
        for run in geometry.runs {
          ones += bits(fine.words, base: base, first: corner + run, count: block).nonzeroBitCount
        }
        if 2 * ones == spins {
          let chosen = tie == .corner ? 0 : coins.index(below: spins)
          coarse[sample, index] = fine[sample, corner + geometry.runs[chosen / block] + chosen % block]
        } else {
          coarse[sample, index] = 2 * ones > spins
        }
      }
    }
  }
}
