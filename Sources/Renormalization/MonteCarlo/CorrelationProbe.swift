internal import Glibc
public import Sampling
public import Statistics

/// <s s'> along the axes of a square lattice at two distances, and the exponent between them.
///
/// At criticality G(r) falls like r^-(d - 2 + eta) for r far below the lattice's extent; at r = L / 8 and L / 4 the exponent
/// -ln[G(2r) / G(r)] / ln 2 is a universal number of the torus, the same before and after a good coarse graining.
public struct CorrelationProbe: Sendable {
  /// The two distances.
  public let near: Int, far: Int
  /// How the samples fall into blocks.
  public let samples: SampleBlocks
  private var sums: OperatorSums
  private let pairs: Int

  /// Distances `near` < `far` on a `.lattice` of two axes.
  public init(sites: Configurations.Sites, near: Int, far: Int, samples: SampleBlocks) throws(CoarseGrainingError) {
    precondition(near > 0 && far > near, "two distances, the second the larger")
    self.near = near
    self.far = far
    self.samples = samples
    sums = try OperatorSums([.pairs("near", 0, near), .pairs("far", 0, far)], sites: sites)
    pairs = 2 * sites.count
  }
  /// Counts before any sample: per block samples and both sums.
  public var noCounts: BlockedCounts { BlockedCounts(blocks: samples.blocks, width: 3) }
  /// Adds the configurations, which are the global samples from `firstSample` on.
  public mutating func count(_ spins: Configurations, firstSample: Int, into counts: inout BlockedCounts) {
    for row in 0..<spins.count {
      let base = 3 * samples.block(of: firstSample + row)
      counts.values[base] += 1
      sums.add(spins, row, to: &counts.values, at: base + 1)
    }
  }
  /// What is found.
  public struct Result: Sendable, Equatable { public let near: Estimate, far: Estimate, exponent: Estimate }
  /// Both correlations and the exponent, not a number where a correlation is not positive.
  public func result(_ counts: BlockedCounts) -> Result {
    let (near, far, pairs) = (near, far, Double(pairs))
    let found = jackknifed(counts, corrected: [false, false, false]) { sums in
      let a = Double(sums[1]) / Double(sums[0]) / pairs, b = Double(sums[2]) / Double(sums[0]) / pairs
      return [a, b, a > 0 && b > 0 ? log(a / b) / log(Double(far) / Double(near)) : .nan]
    }
    return Result(near: found[0], far: found[1], exponent: found[2])
  }
}
