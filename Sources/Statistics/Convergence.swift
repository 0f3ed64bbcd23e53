import Glibc

/// One row of a binning analysis: bins of this size, the naive standard error of the mean from their means.
public struct BinningLevel: Sendable, Equatable {
  /// Samples per bin, and how many bins.
  public let size: Int, bins: Int
  /// The standard error of the mean, bins taken as independent: it rises with the size to a plateau, the true error.
  public let error: Double
}

/// The binning cross-check of an autocorrelation time: errors of the mean with bins of size 1, 2, 4, ... inside each
/// chain (the rest at a chain's end is left out), about the mean of all chains, while at least `leastBins` are left.
///
/// The plateau should agree with `AutocorrelationTime.mean.error`; tau of a level is (error/error_1)^2 / 2.
/// - Throws: `noChains`, `notFinite`. Empty if there are fewer than `leastBins` samples in all.
public func binning(chains: [[Double]], leastBins: Int = 20) throws(SeriesError) -> [BinningLevel] {
  try requireFinite(chains)
  var levels: [BinningLevel] = []
  var size = 1
  while true {
    var means = Moments()
    for chain in chains {
      for bin in 0..<(chain.count / size) {
        var sum = 0.0
        for i in bin * size..<(bin + 1) * size { sum += chain[i] }
        means.add(sum / Double(size))
      }
    }
    if means.count < max(leastBins, 2) { return levels }
    levels.append(BinningLevel(size: size, bins: means.count, error: means.standardError))
    size *= 2
  }
}

/// The Gelman-Rubin factor R-hat of several chains: near 1 (below 1.01) when the chains agree.
///
/// `R^2 = ((n - 1)/n W + B/n)/W`, W the mean variance within chains, B/n the variance between their means, n the length.
/// 1 for chains that are all the same constant, infinite for different constants.
/// - Throws: `noChains` (fewer than two), `tooFewSamples` (below two), `unequalLengths`, `notFinite`.
///
/// Source: Gelman and Rubin 1992, without the correction for degrees of freedom.
public func potentialScaleReduction(chains: [[Double]]) throws(SeriesError) -> Double {
  try requireFinite(chains)
  guard chains.count >= 2 else { throw .noChains }
  let length = chains[0].count
  var within = 0.0
  var between = Moments()
  for (chain, samples) in chains.enumerated() {
    if samples.count < 2 { throw .tooFewSamples(chain: chain, found: samples.count, required: 2) }
    if samples.count != length { throw .unequalLengths(chain: chain, found: samples.count, expected: length) }
    let moments = Moments(samples)
    within += moments.variance
    between.add(moments.mean)
  }
  within /= Double(chains.count)
  if within == 0 { return between.m2 == 0 ? 1 : .infinity }
  return sqrt(Double(length - 1) / Double(length) + between.variance / within)
}

/// Throws at the first sample that is not finite, or if there is no chain.
private func requireFinite(_ chains: [[Double]]) throws(SeriesError) {
  if chains.isEmpty { throw .noChains }
  for (chain, samples) in chains.enumerated() {
    for (index, x) in samples.enumerated() where !x.isFinite { throw .notFinite(chain: chain, index: index) }
  }
}
