import Glibc

/// Why a series cannot be analysed.
public enum SeriesError: Error, Equatable, Sendable {
  /// Fewer samples in a chain than the analysis needs.
  case tooFewSamples(chain: Int, found: Int, required: Int)
  /// There is no chain.
  case noChains
  /// The chains should be equally long and are not.
  case unequalLengths(chain: Int, found: Int, expected: Int)
  /// A sample is not a finite number.
  case notFinite(chain: Int, index: Int)
}

/// Integrated autocorrelation time of one or several chains, and the error of their mean that it implies.
///
/// `tau = 1/2 + sum_{t=1}^{W} rho(t)`, rho = Gamma(t)/Gamma(0), Gamma(t) = (1/N) sum (x_i - mean)(x_{i+t} - mean) over the
/// pairs inside chains, about the mean of all chains, with 1/N (N all samples) at every lag; W is the smallest window
/// with W >= 6 tau(W). `error^2 = 2 tau Gamma(0)/N`. In this definition tau = 1/2 for independent samples, and
/// N/(2 tau) is the effective number of samples. Cost N W, for large W N log N.
///
/// Where that window closes on a sum below 1/3 the series alternates: the sum is a small difference of large numbers, and may have closed
/// in a dip. There the error is that of 64 blocks (all chains together; W is their length), and tau follows from it,
/// 2 tau Gamma(0) = W Var(block mean).
///
/// A constant series has tau = 1/2 and error 0. Source: Madras and Sokal 1988; Wolff 2004.
public struct AutocorrelationTime: Sendable, Equatable {
  /// The mean of all samples with its standard error, correlation included.
  public let mean: Estimate
  /// tau in steps of the series, with its error tau sqrt(2 (2W + 1)/N).
  public let tau: Estimate
  /// The window W.
  public let window: Int
  /// How many samples in all.
  public let count: Int
  /// Gamma(0), the variance of one sample.
  public let variance: Double
  /// Whether the window closed inside the chains.
  public let windowClosed: Bool
  /// Whether the errors can be trusted: the window closed and N/tau >= 1000.
  public var isReliable: Bool { windowClosed && Double(count) >= 1000 * tau.value }

  /// Analyses chains, in global order; they may differ in length.
  /// - Throws: `noChains`, `tooFewSamples` (a chain below two samples), `notFinite`.
  public init(chains: [[Double]]) throws(SeriesError) {
    if chains.isEmpty { throw .noChains }
    let centred = try AutocorrelationTime.centred(chains)
    count = chains.reduce(0) { $0 + $1.count }
    let n = Double(count)
    var covariance = Autocovariance(centred.chains)
    variance = covariance.sum(lag: 0) / n
    let longest = chains.reduce(0) { max($0, $1.count) } - 1
    var sum = 0.5
    var lag = 0
    var closed = variance == 0
    while !closed && lag < longest {
      lag += 1
      sum += covariance.sum(lag: lag) / n / variance
      closed = Double(lag) >= 6 * sum
    }
    // A block lies in one chain.
    let length = max(2, min(count / 64, chains.reduce(count) { min($0, $1.count) }))
    if closed && variance > 0 && sum < 1.0 / 3, let blocks = Self.blocks(centred.chains, of: length) {
      window = length
      windowClosed = blocks.count >= 16
      let spread = blocks.reduce(0) { $0 + $1 * $1 } / Double(blocks.count - 1)
      let time = Double(window) * spread / variance / 2
      tau = Estimate(value: time, error: time * sqrt(2 / Double(blocks.count - 1)))
      mean = Estimate(value: centred.mean, error: sqrt(2 * time * variance / n))
      return
    }
    window = lag
    windowClosed = closed
    tau = Estimate(value: sum, error: variance == 0 ? 0 : abs(sum) * sqrt(2 * Double(2 * lag + 1) / n))
    // Of a handful of alternating samples tau can be below zero; the error is then no number.
    mean = Estimate(value: centred.mean, error: sqrt(2 * sum * variance / n))
  }
  /// Analyses one chain.
  public init(_ series: [Double]) throws(SeriesError) { try self.init(chains: [series]) }

  /// Means of whole blocks of `length` samples, cut from each chain's end; nil below two.
  private static func blocks(_ chains: [[Double]], of length: Int) -> [Double]? {
    var means: [Double] = []
    for chain in chains {
      for block in 0..<chain.count / length {
        let end = chain.count - block * length
        means.append(chain[end - length..<end].reduce(0, +) / Double(length))
      }
    }
    return means.count >= 2 ? means : nil
  }

  private static func centred(_ chains: [[Double]]) throws(SeriesError) -> (chains: [[Double]], mean: Double) {
    var total = Moments()
    for (chain, samples) in chains.enumerated() {
      if samples.count < 2 { throw .tooFewSamples(chain: chain, found: samples.count, required: 2) }
      for (index, x) in samples.enumerated() {
        guard x.isFinite else { throw .notFinite(chain: chain, index: index) }
        total.add(x)
      }
    }
    let mean = total.mean
    return (chains.map { $0.map { $0 - mean } }, mean)
  }
}
