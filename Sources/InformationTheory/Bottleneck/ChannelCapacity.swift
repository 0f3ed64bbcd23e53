import Glibc

/// The capacity of a channel, with bounds on both sides.
public struct ChannelCapacity: Sendable, Equatable {
  /// The capacity in nats lies between these.
  public let lower: Double, upper: Double
  /// The input law that reaches `lower`.
  public let input: [Double]
  /// Iterations taken.
  public let iterations: Int

  /// max over p(x) of I(X;Y) for the channel p(y|x), `[inputs, outputs]`, row-major, each row a law.
  ///
  ///     r(x) <- r(x) exp(KL(p(y|x) || q)) / sum,   q(y) = sum_x r(x) p(y|x),   I(r) <= C <= max_x KL(p(y|x) || q)
  ///
  /// - Throws: `shape`, `notProbability`, `notNormalized`.
  /// Source: S. Arimoto, R. Blahut, IEEE Trans. Inf. Theory 18 (1972).
  public init(channel: [Double], inputs: Int, outputs: Int, tolerance: Double = 1e-12, maximumSteps: Int = 1_000_000) throws(LawError) {
    guard inputs > 0, outputs > 0, channel.count == inputs * outputs else { throw .shape(found: channel.count, expected: inputs * outputs) }
    for x in 0..<inputs { try LawError.check(channel[x * outputs..<(x + 1) * outputs], expected: outputs) }
    var r = [Double](repeating: 1 / Double(inputs), count: inputs), steps = 0, lower = 0.0, upper = Double.infinity
    while steps < maximumSteps {
      steps += 1
      var q = [Double](repeating: 0, count: outputs)
      for x in 0..<inputs { for y in 0..<outputs { q[y] += r[x] * channel[x * outputs + y] } }
      var divergence = [Double](repeating: 0, count: inputs)
      for x in 0..<inputs {
        for y in 0..<outputs where channel[x * outputs + y] > 0 {
          divergence[x] += channel[x * outputs + y] * log(channel[x * outputs + y] / q[y])
        }
      }
      lower = zip(r, divergence).reduce(0) { $0 + $1.0 * $1.1 }
      upper = divergence.max() ?? 0
      if upper - lower <= tolerance { break }
      let top = upper
      let scaled = zip(r, divergence).map { $0 * exp($1 - top) }, sum = scaled.reduce(0, +)
      r = scaled.map { $0 / sum }
    }
    self.lower = lower
    self.upper = upper
    input = r
    iterations = steps
  }
}

/// A point of a rate-distortion curve.
public struct RateDistortionPoint: Sendable, Equatable {
  /// The slope -dR/dD at which it lies; R in nats, D in units of the distortion.
  public let slope: Double, rate: Double, distortion: Double
  /// Iterations taken, and whether the law of the reproduction came to rest.
  public let iterations: Int, isConverged: Bool

  /// The point of slope s of R(D) for a source p(x) and a distortion d(x, t), `[source, reproductions]`: the bottleneck's
  /// iteration with a fixed distortion,
  ///
  ///     q(t|x) ~ q(t) exp(-s d(x, t)),   q(t) = sum_x p(x) q(t|x).
  ///
  /// - Throws: `shape`, `notProbability` (also for a distortion that is not finite or negative), `notNormalized`.
  public init(
    source: [Double], distortion: [Double], reproductions: Int, slope: Double, tolerance: Double = 1e-13, maximumSteps: Int = 200_000
  )
    throws(LawError)
  {
    try LawError.check(source, expected: source.count)
    guard reproductions > 0, distortion.count == source.count * reproductions else {
      throw .shape(found: distortion.count, expected: source.count * reproductions)
    }
    if let index = distortion.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) { throw .notProbability(index: index, distortion[index]) }
    var q = [Double](repeating: 1 / Double(reproductions), count: reproductions), steps = 0, change = Double.infinity
    let rows = source.count
    // The smallest distortion of a row does not matter for q(t|x), and would underflow.
    let kernel = (0..<rows).flatMap { x -> [Double] in
      let row = distortion[x * reproductions..<(x + 1) * reproductions], least = row.min() ?? 0
      return row.map { exp(-slope * ($0 - least)) }
    }
    var rate = 0.0, mean = 0.0
    while steps < maximumSteps, change > tolerance {
      steps += 1
      var next = [Double](repeating: 0, count: reproductions)
      (rate, mean) = (0, 0)
      for x in 0..<rows where source[x] > 0 {
        var norm = 0.0
        for t in 0..<reproductions { norm += q[t] * kernel[x * reproductions + t] }
        for t in 0..<reproductions where q[t] > 0 {
          let share = kernel[x * reproductions + t] / norm, weight = source[x] * q[t] * share
          next[t] += weight
          if share > 0 { rate += weight * log(share) }
          mean += weight * distortion[x * reproductions + t]
        }
      }
      change = zip(q, next).reduce(0) { max($0, abs($1.0 - $1.1)) }
      q = next
    }
    self.slope = slope
    self.rate = rate
    self.distortion = mean
    iterations = steps
    isConverged = change <= tolerance
  }
}
