public import RandomStreams
public import Sampling

/// Block spins by majority: each block of b^d spins becomes the sign of its sum; a tie is decided by one spin of the
/// block, chosen uniformly by a coin keyed by (global sample, level).
///
/// The choice of a spin, rather than of a sign, keeps the rule equivariant under the global flip path by path, and
/// gives each sign one half. Needs `.lattice` sites whose every extent is a multiple of b; the result is a lattice.
/// 2x2 blocks are decided 64 at a time: four spins at once in bit planes, ties by two words of coins for 64 blocks.
public struct BlockMajority: CoarseGraining {
  /// The edge b of a block, at least 1.
  public let block: Int
  /// Majority over blocks of edge `block`, 1 to 64.
  public init(block: Int) {
    precondition((1...64).contains(block), "a block's edge is 1 to 64")
    self.block = block
  }
  public var scaleFactor: Double { Double(block) }

  public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    let geometry = try BlockGeometry(fine.sites, block: block)
    var coarse = Configurations(count: fine.count, sites: .lattice(geometry.coarseShape))
    if geometry.isTwoByTwo {
      twoByTwo(fine, geometry, firstSample, streams, &coarse)
    } else {
      counted(fine, geometry, firstSample, streams, &coarse)
    }
    return coarse
  }

  /// Any block: the sum of a block is the number of set bits in its runs.
  private func counted(
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
          let chosen = coins.index(below: spins)
          coarse[sample, index] = fine[sample, corner + geometry.runs[chosen / block] + chosen % block]
        } else {
          coarse[sample, index] = 2 * ones > spins
        }
      }
    }
  }

  private func twoByTwo(
    _ fine: Configurations, _ geometry: BlockGeometry, _ firstSample: Int, _ streams: some Streams,
    _ coarse: inout Configurations
  ) {
    let pairs = RowPairs(rows: geometry.fineShape[0], columns: geometry.fineShape[1])
    var even = [UInt64](repeating: 0, count: pairs.streamWords), odd = even
    let words = coarse.wordsPerConfiguration
    for sample in 0..<fine.count {
      pairs.split(fine.words, base: sample * fine.wordsPerConfiguration, even: &even, odd: &odd)
      var coins = streams.generator(replica: firstSample + sample, step: 0, site: 0, purpose: .tie)
      for k in 0..<words {
        let first = coins.word(), second = coins.word()
        let decided = majority(even[2 &* k], even[2 &* k &+ 1], odd[2 &* k], odd[2 &* k &+ 1], first, second)
        coarse.words[sample &* words &+ k] = unshuffled(decided)
      }
    }
  }

  /// 64 blocks: those of `even0`/`odd0` at even bits, those of `even1`/`odd1` at odd bits.
  ///
  /// With p q / r s the four spins of a block as bit planes, sums of the rows are 2 c1 + x1 and 2 c2 + x2; the block
  /// has three or four set for c1 c2 + c1 x2 + c2 x1, exactly two for x1 x2 or one c alone.
  @inline(__always) private func majority(
    _ even0: UInt64, _ even1: UInt64, _ odd0: UInt64, _ odd1: UInt64, _ first: UInt64, _ second: UInt64
  ) -> UInt64 {
    let mask: UInt64 = 0x5555_5555_5555_5555
    let p = even0 & mask | (even1 & mask) &<< 1, q = even0 &>> 1 & mask | even1 & ~mask
    let r = odd0 & mask | (odd1 & mask) &<< 1, s = odd0 &>> 1 & mask | odd1 & ~mask
    let x1 = p ^ q, c1 = p & q, x2 = r ^ s, c2 = r & s
    let more = c1 & (c2 | x2) | c2 & x1
    let tie = x1 & x2 | c1 & ~(c2 | x2) | c2 & ~(c1 | x1)
    let top = second & q | ~second & p, bottom = second & s | ~second & r
    return more | tie & (first & bottom | ~first & top)
  }
}
