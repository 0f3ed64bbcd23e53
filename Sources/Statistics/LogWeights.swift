public import Archives
import Glibc

/// The mean of weights that are only known by their logarithms, with its error: what annealed importance sampling,
/// reweighting and Donsker-Varadhan bounds need, kept so that no weight over- or underflows.
///
/// State: m = max x, S1 = sum e^(x - m), S2 = sum e^(2 (x - m)) and the count n. Merging rescales to the larger m.
/// A weight of zero (x = -infinity) counts as one observation. NaN and +infinity are a caller's bug.
public struct LogWeights: Mergeable, Checkpointable, Sendable, Equatable {
  /// The largest logarithm seen; -infinity where there is none.
  public private(set) var maximum: Double
  /// sum e^(x - maximum).
  public private(set) var scaledSum: Double
  /// sum e^(2 (x - maximum)).
  public private(set) var scaledSumOfSquares: Double
  /// How many weights there are.
  public private(set) var count: Int

  /// No weights.
  public static var empty: LogWeights { LogWeights() }

  /// No weights.
  public init() {
    maximum = -.infinity
    scaledSum = 0
    scaledSumOfSquares = 0
    count = 0
  }

  /// The weights e^x for each x of `logarithms`, added in their order.
  public init(_ logarithms: some Sequence<Double>) {
    self.init()
    for x in logarithms { add(x) }
  }

  /// Adds the weight e^`logarithm`.
  public mutating func add(_ logarithm: Double) {
    precondition(logarithm < .infinity, "a log-weight is a number below infinity")
    merge(LogWeights(one: logarithm))
  }

  public mutating func merge(_ other: LogWeights) {
    count += other.count
    guard other.maximum > -.infinity else { return }
    if other.maximum > maximum {
      let factor = exp(maximum - other.maximum)
      scaledSum = scaledSum * factor + other.scaledSum
      scaledSumOfSquares = scaledSumOfSquares * (factor * factor) + other.scaledSumOfSquares
      maximum = other.maximum
    } else {
      let factor = exp(other.maximum - maximum)
      scaledSum += other.scaledSum * factor
      scaledSumOfSquares += other.scaledSumOfSquares * (factor * factor)
    }
  }

  private init(one logarithm: Double) {
    maximum = logarithm
    scaledSum = logarithm > -.infinity ? 1 : 0
    scaledSumOfSquares = scaledSum
    count = 1
  }

  /// ln sum e^x; -infinity where all weights are zero, or there are none.
  public var logSum: Double { scaledSum > 0 ? maximum + log(scaledSum) : -.infinity }

  /// ln (1/n sum e^x); -infinity where all weights are zero, NaN without weights.
  public var logMean: Double { count > 0 ? logSum - log(Double(count)) : .nan }

  /// (sum w)^2 / sum w^2: how many equal weights would give the same error; 0 without weights.
  public var effectiveSampleSize: Double {
    scaledSumOfSquares > 0 ? scaledSum * scaledSum / scaledSumOfSquares : 0
  }

  /// Var w / E[w]^2 with the unbiased sample variance; NaN below two weights.
  public var relativeVariance: Double {
    guard count > 1, scaledSum > 0 else { return .nan }
    let n = Double(count), mean = scaledSum / n
    return max(0, scaledSumOfSquares - n * mean * mean) / (n - 1) / (mean * mean)
  }

  /// `logMean` with `standardError`.
  public var estimate: Estimate { Estimate(value: logMean, error: standardError) }

  /// The standard error of `logMean` by the delta method, sd(w) / (mean(w) sqrt n); NaN below two weights.
  ///
  /// Not to be believed where `effectiveSampleSize` is below some hundred: then the weights' law is not seen yet.
  public var standardError: Double { (relativeVariance / Double(count)).squareRoot() }

  /// The standard error of ln mean e^x by the delete-one jackknife over stored log-weights; NaN below two.
  ///
  /// SE^2 = (n - 1)/n sum_i (t_i - mean t)^2 with t_i the estimate without observation i.
  public static func jackknifeStandardError(of logarithms: [Double]) -> Double {
    guard logarithms.count > 1, let maximum = logarithms.max(), maximum > -.infinity else { return .nan }
    let n = Double(logarithms.count)
    let weights = logarithms.map { exp($0 - maximum) }
    // Sums of those before and those after: subtracting from the total would cancel where one weight dominates.
    var leftOut = [Double](repeating: 0, count: weights.count)
    var before = 0.0, after = 0.0
    for i in weights.indices {
      leftOut[i] += before
      before += weights[i]
    }
    for i in weights.indices.reversed() {
      leftOut[i] = log((leftOut[i] + after) / (n - 1))
      after += weights[i]
    }
    let mean = leftOut.reduce(0, +) / n
    return ((n - 1) / n * leftOut.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot()
  }

  public static var formatVersion: Int { 1 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.write([maximum, scaledSum, scaledSumOfSquares], at: path + "/sums")
    try archive.write(count, at: path + "/count")
    try archive.writeVersion(of: Self.self, at: path)
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let sums = try archive.read(Double.self, count: 3, at: path + "/sums")
    (maximum, scaledSum, scaledSumOfSquares) = (sums[0], sums[1], sums[2])
    count = try archive.scalar(Int.self, at: path + "/count")
  }
}
