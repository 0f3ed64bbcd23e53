public import Archives
import Glibc

/// Number, mean and the central sums `M_k = sum (x - mean)^k`, k = 2, 3, 4, of a stream of numbers, in one pass.
///
/// Samples and partial results are merged without forming large powers, so nothing cancels however far the mean lies
/// from zero. A number that is not finite makes every later moment not a number (`count` still counts it).
/// Source: Chan, Golub and LeVeque 1979; Pebay 2008.
public struct Moments: Mergeable, Checkpointable, Sendable, Equatable {
  /// How many samples.
  public private(set) var count: Int
  /// Their mean; 0 for none.
  public private(set) var mean: Double
  /// The sum of (x - mean)^2, ^3, ^4 over the samples.
  public private(set) var m2: Double, m3: Double, m4: Double
  /// No samples.
  public init() { (count, mean, m2, m3, m4) = (0, 0, 0, 0, 0) }
  /// The moments of these samples, added in order.
  public init(_ samples: some Sequence<Double>) {
    self.init()
    for x in samples { add(x) }
  }
  public static var empty: Moments { Moments() }

  /// Adds one sample.
  public mutating func add(_ x: Double) {
    let before = Double(count)
    count += 1
    let n = Double(count)
    let delta = x - mean
    let step = delta / n
    let square = step * step
    let term = delta * step * before
    mean += step
    m4 += term * square * (n * n - 3 * n + 3) + 6 * square * m2 - 4 * step * m3
    m3 += term * step * (n - 2) - 3 * step * m2
    m2 += term
  }

  /// Adds the samples that `other` holds; associative up to rounding, so merges are taken in one fixed order.
  public mutating func merge(_ other: Moments) {
    if other.count == 0 { return }
    if count == 0 { self = other; return }
    let (a, b) = (Double(count), Double(other.count))
    let n = a + b
    let delta = other.mean - mean
    let step = delta / n
    let cross = a * b
    let pairs = a * a - cross + b * b
    let fourth =
      m4 + other.m4 + delta * step * step * step * cross * pairs
      + 6 * step * step * (a * a * other.m2 + b * b * m2) + 4 * step * (a * other.m3 - b * m3)
    let third = m3 + other.m3 + delta * step * step * cross * (a - b) + 3 * step * (a * other.m2 - b * m2)
    m2 += other.m2 + delta * step * cross
    m3 = third
    m4 = fourth
    mean += step * b
    count += other.count
  }

  /// The unbiased variance M2/(n - 1); not a number below two samples.
  public var variance: Double { count > 1 ? m2 / Double(count - 1) : .nan }
  /// The standard error of the mean of *independent* samples, sqrt(variance/n); not a number below two samples.
  public var standardError: Double { sqrt(variance / Double(count)) }
  /// The skewness sqrt(n) M3 / M2^(3/2); not a number where all samples are equal.
  public var skewness: Double { sqrt(Double(count)) * m3 / (m2 * sqrt(m2)) }
  /// The excess kurtosis n M4 / M2^2 - 3; not a number where all samples are equal.
  public var excessKurtosis: Double { Double(count) * m4 / (m2 * m2) - 3 }
  /// The mean with its standard error for independent samples.
  public var estimate: Estimate { Estimate(value: count > 0 ? mean : .nan, error: standardError) }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(count, at: path + "/count")
    try archive.write([mean, m2, m3, m4], at: path + "/moments")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    count = try archive.scalar(Int.self, at: path + "/count")
    let values = try archive.read(Double.self, count: 4, at: path + "/moments")
    (mean, m2, m3, m4) = (values[0], values[1], values[2], values[3])
  }
}
