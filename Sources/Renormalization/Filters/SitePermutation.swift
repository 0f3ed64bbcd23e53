public import RandomStreams
public import Sampling

/// The sites of every configuration in one other order: a negative control, since nothing that was near stays near. No randomness of
/// its own; the lattice keeps its shape.
public struct SitePermutation: CoarseGraining {
  /// Site s of the result is site `order[s]` of the configuration.
  public let order: [Int]
  /// An order of all sites, each once.
  public init(order: [Int]) {
    precondition(Set(order) == Set(order.indices), "an order names each site once")
    self.order = order
  }
  /// A random order of `sites` sites.
  public init(sites: Int, from streams: some Streams) {
    var draws = streams.generator(replica: 0, step: 0, site: 0, purpose: .permutation), order = Array(0..<sites)
    for k in stride(from: sites - 1, to: 0, by: -1) { order.swapAt(k, draws.index(below: k + 1)) }
    self.init(order: order)
  }
  public var scaleFactor: Double { 1 }
  public var levels: Int { 0 }
  public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    guard fine.sites.count == order.count else { throw .sizeMismatch(expected: order.count, found: fine.sites.count) }
    var result = Configurations(count: fine.count, sites: fine.sites)
    for sample in 0..<fine.count {
      let base = sample * fine.wordsPerConfiguration
      for (site, source) in order.enumerated() where fine[sample, source] {
        result.words[base + (site >> 6)] |= 1 &<< UInt64(site & 63)
      }
    }
    return result
  }
}
