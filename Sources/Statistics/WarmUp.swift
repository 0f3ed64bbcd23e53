import Glibc

/// How much of the beginning of chains to leave out, and whether the rest looks stationary.
///
/// Rule: chains that start alike (hot, or cold) form a group; y_t is the mean over a group's chains in means of 5 samples.
/// Its cut d is where MSER(d) = sum_{t >= d} (y_t - mean_d)^2/(n - d)^2 is least, 0 <= d <= n/2: a squared standard error of
/// the mean as if samples were independent, which falls while a transient is cut off and rises where only data are lost.
/// The largest cut of all groups counts. The rest is settled where its first and last thirds agree within 4 standard
/// errors (each from its own autocorrelation time), where the groups agree with each other in the same sense, and where
/// the cut is not in the last fifth of its range, the sign of a transient as long as the run.
///
/// Source: White 1997 (MSER-5).
public struct WarmUp: Sendable, Equatable {
  /// Samples to leave out at the beginning of each chain; a multiple of 5.
  public let discard: Int
  /// (mean of the first third - mean of the last third)/error of what is left, of all chains.
  public let drift: Double
  /// The largest |difference|/error between what is left of two groups; 0 for one group.
  public let disagreement: Double
  /// Whether the cut is inside its range, and drift and disagreement are at most 4.
  public let isSettled: Bool

  /// Analyses groups of chains, all of equal length, at least 60.
  /// - Parameter groups: `[starts][chains][samples]`.
  /// - Throws: `noChains`, `tooFewSamples`, `unequalLengths`, `notFinite`; chains are numbered through all groups.
  public init(groups: [[[Double]]]) throws(SeriesError) {
    let chains = groups.flatMap { $0 }
    guard let length = chains.first?.count, groups.allSatisfy({ !$0.isEmpty }) else { throw .noChains }
    for (chain, samples) in chains.enumerated() {
      if samples.count < 60 { throw .tooFewSamples(chain: chain, found: samples.count, required: 60) }
      if samples.count != length { throw .unequalLengths(chain: chain, found: samples.count, expected: length) }
      if let index = samples.firstIndex(where: { !$0.isFinite }) { throw .notFinite(chain: chain, index: index) }
    }
    let bins = length / 5
    let cut = groups.reduce(0) { max($0, WarmUp.leastError(WarmUp.binnedMean($1, bins: bins))) }
    discard = 5 * cut
    let third = (length - 5 * cut) / 3
    drift = WarmUp.distance(
      try AutocorrelationTime(chains: chains.map { Array($0[5 * cut..<5 * cut + third]) }).mean,
      try AutocorrelationTime(chains: chains.map { Array($0[(length - third)...]) }).mean)
    var means: [Estimate] = []
    for group in groups { means.append(try AutocorrelationTime(chains: group.map { Array($0[(5 * cut)...]) }).mean) }
    var largest = 0.0
    for i in means.indices { for j in 0..<i { largest = max(largest, abs(WarmUp.distance(means[i], means[j]))) } }
    disagreement = largest
    isSettled = abs(drift) <= 4 && disagreement <= 4 && cut < bins * 2 / 5
  }
  /// Analyses chains that started alike.
  public init(chains: [[Double]]) throws(SeriesError) { try self.init(groups: [chains]) }

  private static func binnedMean(_ chains: [[Double]], bins: Int) -> [Double] {
    (0..<bins).map { bin in
      chains.reduce(0) { sum, samples in sum + (0..<5).reduce(0) { $0 + samples[5 * bin + $1] } } / Double(5 * chains.count)
    }
  }
  /// The difference in units of its error; 0 for equal constants.
  private static func distance(_ a: Estimate, _ b: Estimate) -> Double {
    a.value == b.value ? 0 : (a.value - b.value) / hypot(a.error, b.error)
  }
  /// The cut d <= n/2 with the least MSER; the sums run from the end, so that the cost is n.
  private static func leastError(_ y: [Double]) -> Int {
    var moments = Moments(), best = 0, least = Double.infinity
    for d in y.indices.reversed() {
      moments.add(y[d])
      let n = Double(y.count - d), error = moments.m2 / (n * n)
      if d <= y.count / 2 && error <= least { (best, least) = (d, error) }
    }
    return best
  }
}
