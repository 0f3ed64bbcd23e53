public import Sampling
public import Statistics

/// Magnetisation of (coarse) spins: <|m|> and <m^2>, m = sum s / units of one configuration.
public struct MagnetizationProbe: Sendable, Equatable {
  /// How many spins a configuration has.
  public let units: Int
  /// How the samples fall into blocks.
  public let samples: SampleBlocks
  /// A probe of configurations of `units` spins.
  public init(units: Int, samples: SampleBlocks) {
    self.units = units
    self.samples = samples
  }
  /// What the probe finds, with jackknife errors over blocks.
  public struct Result: Sendable, Equatable {
    /// <|m|> and <m^2>.
    public let absolute: Estimate, square: Estimate
  }
  /// Counts before any sample: per block samples, sum |M|, sum M^2.
  public var noCounts: BlockedCounts { BlockedCounts(blocks: samples.blocks, width: 3) }

  /// Adds the configurations, which are the global samples from `firstSample` on.
  public func count(
    _ spins: Configurations, firstSample: Int, into counts: inout BlockedCounts
  ) throws(CoarseGrainingError) {
    guard spins.sites.count == units else { throw .sizeMismatch(expected: units, found: spins.sites.count) }
    for row in 0..<spins.count {
      let m = spins.magnetization(row), base = 3 * samples.block(of: firstSample + row)
      counts.values[base] += 1
      counts.values[base + 1] += abs(m)
      counts.values[base + 2] += m * m
    }
  }
  /// The averages over all counted samples; not a number when there are none.
  public func result(_ counts: BlockedCounts) -> Result {
    let n = Double(units)
    let e = jackknifed(counts, corrected: [false, false]) { sums in
      [Double(sums[1]) / Double(sums[0]) / n, Double(sums[2]) / Double(sums[0]) / (n * n)]
    }
    return Result(absolute: e[0], square: e[1])
  }
}
