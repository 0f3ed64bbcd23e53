public import RandomStreams
public import Sampling

/// Keeps the spin at the lowest corner of each block of b^d sites and drops the others. No randomness.
///
/// Needs `.lattice` sites whose every extent is a multiple of b; the result is a lattice.
public struct Decimation: CoarseGraining {
  /// The edge b of a block, at least 1.
  public let block: Int
  /// Keeps one spin of each block of edge `block`, 1 to 64.
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
    for sample in 0..<fine.count {
      for (index, corner) in geometry.corners.enumerated() { coarse[sample, index] = fine[sample, corner] }
    }
    return coarse
  }
}
