public import MessagePassing
import RandomStreams
public import Statistics

/// How many neighbours each query has within its radius in X and in Y: what ranks exchange. Queries are split over ranks in
/// any contiguous way and merged in their order; counts are integers, so the merged ones are those of one rank.
public struct NeighbourCounts: Mergeable, Sendable, Equatable {
  /// n_x and n_y, the query itself not counted, by query.
  public var x: [Int], y: [Int]
  /// Counts of consecutive queries.
  public init(x: [Int], y: [Int]) {
    self.x = x
    self.y = y
  }
  public static var empty: NeighbourCounts { NeighbourCounts(x: [], y: []) }
  public mutating func merge(_ other: NeighbourCounts) {
    x.append(contentsOf: other.x)
    y.append(contentsOf: other.y)
  }
}

/// Mutual information of continuous variables from distances to the k-th neighbour in the maximum norm.
///
///     1: I = psi(k) + psi(N) - <psi(n_x + 1) + psi(n_y + 1)>,  n_x points with |dx| < epsilon, the joint distance to neighbour k
///     2: I = psi(k) - 1/k + psi(N) - <psi(n_x) + psi(n_y)>,    n_x points with |dx| <= epsilon_x, the k neighbours' own extent
///
/// The variance is that of the mean of the terms, as if these were independent, times how much more estimates from up to twelve
/// consecutive stretches of the samples alone vary than their own terms say. Terms share their points, and those of a chain are
/// correlated, which stretches long against the autocorrelation time tell. The spread of stretches alone, over the root of their
/// number (variance B/N, Holmes and Nemenman 2019), would be too small at large I: a stretch has fewer points and nears its ceiling
/// where all of them together do not, and then hardly varies. Of normal pairs the error is 0.8 to 1.4 times the true one. The ceiling is what
/// n_x = k - 1 everywhere gives; in many dimensions the estimate is too low well below it. Columns without variation
/// change no distance; a variable of such columns has no information. Coordinates of columns with repeated values get noise
/// of `tieNoise` times the column's spread, drawn by sample and column, since distances that tie have no order.
/// Source: A. Kraskov, H. Stoegbauer, P. Grassberger, Phys. Rev. E 69, 066138 (2004), eqs. 8 and 9.
public struct KraskovEstimator: MutualInformationEstimator, Equatable {
  /// Which of the two of the paper.
  public enum Variant: Int, Sendable, CaseIterable { case first = 1, second = 2 }
  /// The number of neighbours.
  public let k: Int
  /// Which of the two.
  public let variant: Variant
  /// The noise on columns with repeated values, over their standard deviation; 0 for none.
  public let tieNoise: Double

  /// - Parameters: k at least 1, `tieNoise` at least 0.
  public init(k: Int = 3, variant: Variant = .first, tieNoise: Double = 1e-10) {
    precondition(k >= 1 && tieNoise >= 0, "at least one neighbour, and no negative noise")
    self.k = k
    self.variant = variant
    self.tieNoise = tieNoise
  }

  /// As `evaluate` on the counts of all queries and the estimates of all stretches.
  /// - Throws: `tooFewSamples` below k + 1 samples.
  public func estimate(_ samples: borrowing PairedSamples) throws(EstimationError) -> MutualInformation {
    try estimate(samples, on: SoloCommunicator())
  }

  /// The same by all ranks of a team, each of which has all samples: queries and stretches are split over them, and counts are
  /// integers, so that the bits are those of one rank.
  /// - Throws: `tooFewSamples` below k + 1 samples; `communication`.
  public func estimate(
    _ samples: borrowing PairedSamples, on team: borrowing some Communicator & ~Copyable
  ) throws(EstimationError) -> MutualInformation {
    func share(_ count: Int) -> Range<Int> { team.rank * count / team.size..<(team.rank + 1) * count / team.size }
    let columns = samples.xDimension + samples.yDimension
    let repeats = try gathered(share(columns).map { hasRepeats(column($0, of: samples)) ? 1 : 0 }, on: team)
    let mine = try counts(samples, queries: share(samples.count), repeats: repeats)
    let parts = try gathered(try stretchValues(samples, share(stretches(of: samples.count))), on: team)
    let all = NeighbourCounts(x: try gathered(mine.x, on: team), y: try gathered(mine.y, on: team))
    return try evaluate(all, stretchValues: parts, samples: samples.count, correlationNats: samples.correlationInformation)
  }

  /// How many stretches give the error: twelve, fewer where one would have less than 20 (k + 1) samples.
  public func stretches(of count: Int) -> Int { min(12, count / (20 * (k + 1))) }

  /// The estimates from some of the stretches alone, each followed by its variance as if its terms were independent: a rank's share.
  /// Where all pairs are looked at, their cost together is a twelfth of the whole.
  /// - Throws: nothing that `counts` of the whole does not.
  public func stretchValues(_ samples: borrowing PairedSamples, _ range: Range<Int>) throws(EstimationError) -> [Double] {
    let count = stretches(of: samples.count), n = samples.count
    var values: [Double] = []
    for place in range {
      let part = samples[n * place / count..<n * (place + 1) / count]
      let terms = try terms(try counts(part, queries: 0..<part.count), samples: part.count)
      values += [terms.mean, terms.variance / Double(part.count)]
    }
    return values
  }

  /// The counts of some of the samples among all of them: a rank's share. O(queries N) in many dimensions, much less in few.
  /// - Throws: `tooFewSamples` below k + 1 samples.
  public func counts(_ samples: borrowing PairedSamples, queries: Range<Int>) throws(EstimationError) -> NeighbourCounts {
    let columns = samples.xDimension + samples.yDimension
    return try counts(samples, queries: queries, repeats: (0..<columns).map { hasRepeats(column($0, of: samples)) ? 1 : 0 })
  }

  /// The same where it is known which columns, X before Y, repeat a value (1) and which do not (0).
  private func counts(
    _ samples: borrowing PairedSamples, queries: Range<Int>, repeats: [Int]
  ) throws(EstimationError) -> NeighbourCounts {
    let n = samples.count
    guard n > k else { throw .tooFewSamples(found: n, required: k + 1) }
    precondition(queries.lowerBound >= 0 && queries.upperBound <= n, "queries are samples")
    let xs = samples.xDimension
    let table = CoarseTable(
      x: separated(samples.x, xs, repeats, firstColumn: 0), xColumns: xs,
      y: separated(samples.y, samples.yDimension, repeats, firstColumn: xs),
      yColumns: samples.yDimension, count: n)
    let found: [QueryNeighbours]
    switch variant {
    case .first:
      found = NeighbourScan.run(table, queries: queries, k: k, edge: .open) { near, _ in
        let radius = near.distances[near.distances.count - 1]
        return (radius, radius)
      }
    case .second:
      let all = table.columns, exact = table.exact
      found = NeighbourScan.run(table, queries: queries, k: k, edge: .closed) { near, i in
        var reach = (x: 0.0, y: 0.0)
        for j in near.points {
          for c in 0..<all {
            let d = abs(exact[i * all + c] - exact[j * all + c])
            if c < xs { reach.x = max(reach.x, d) } else { reach.y = max(reach.y, d) }
          }
        }
        return reach
      }
    }
    return NeighbourCounts(x: found.map(\.x), y: found.map(\.y))
  }

  /// The estimate from the counts of all `samples` queries, in their order, and `stretchValues` of all stretches; `correlationNats` is the
  /// samples' `correlationInformation`, for the flag.
  /// - Throws: `tooFewSamples` where counts are missing.
  public func evaluate(
    _ counts: NeighbourCounts, stretchValues: [Double], samples: Int, correlationNats: Double? = nil
  ) throws(EstimationError) -> MutualInformation {
    let terms = try terms(counts, samples: samples), places = 0..<stretchValues.count / 2
    let parts = Moments(places.map { stretchValues[2 * $0] }), own = Moments(places.map { stretchValues[2 * $0 + 1] }).mean
    var error: Double?
    if parts.count > 1 {
      // Terms that are all equal say nothing of how they hang together.
      let inflation = own > 0 ? parts.variance / own : 1
      error = (inflation * terms.variance / Double(samples)).squareRoot()
    }
    return MutualInformation(
      nats: terms.mean, standardError: error, ceiling: digamma(Double(samples)) - digamma(Double(k)), correlationNats: correlationNats)
  }

  /// Mean and variance of the terms of the estimate.
  private func terms(_ counts: NeighbourCounts, samples: Int) throws(EstimationError) -> (mean: Double, variance: Double) {
    guard counts.x.count == samples, samples > k else { throw .tooFewSamples(found: counts.x.count, required: max(samples, k + 1)) }
    let base: Double, offset: Int
    switch variant {
    case .first: (base, offset) = (digamma(Double(k)) + digamma(Double(samples)), 1)
    case .second: (base, offset) = (digamma(Double(k)) - 1 / Double(k) + digamma(Double(samples)), 0)
    }
    var sum = 0.0, terms: [Double] = []
    terms.reserveCapacity(samples)
    for (x, y) in zip(counts.x, counts.y) {
      let term = base - digamma(Double(x + offset)) - digamma(Double(y + offset))
      terms.append(term)
      sum += term
    }
    let mean = sum / Double(samples), squares = terms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, squares / Double(samples - 1))
  }

  /// The values with noise on columns that repeat some value and do not repeat one alone.
  private func separated(_ values: [Double], _ columns: Int, _ repeats: [Int], firstColumn: Int) -> [Double] {
    guard tieNoise > 0 else { return values }
    var result = values
    let count = values.count / columns
    let source = KeyedStreams(StreamKey(high: 0x6b6e_6f74_7321_0001, low: 0))
    for c in 0..<columns where repeats[firstColumn + c] != 0 {
      var spread = Moments()
      for i in 0..<count { spread.add(values[i * columns + c]) }
      let noise = tieNoise * spread.variance.squareRoot()
      guard noise > 0 else { continue }
      var draws = source.series(replica: firstColumn + c, step: 0, site: 0, purpose: .tie)
      for i in 0..<count { result[i * columns + c] += noise * (draws.uniform() - 0.5) }
    }
    return result
  }
}

/// The arrays of all ranks, one after the other.
private func gathered<E: MessageElement>(
  _ mine: [E], on team: borrowing some Communicator & ~Copyable
) throws(EstimationError) -> [E] {
  do throws(MessagePassingError) { return try team.allGather(mine).flatMap { $0 } } catch { throw .communication(error) }
}

/// A column of samples, X before Y.
private func column(_ c: Int, of samples: borrowing PairedSamples) -> [Double] {
  let xs = samples.xDimension, ys = samples.yDimension
  return c < xs ? (0..<samples.count).map { samples.x[$0 * xs + c] } : (0..<samples.count).map { samples.y[$0 * ys + c - xs] }
}

/// Whether some value stands twice; by a table of hashes, which is faster than sorting.
private func hasRepeats(_ values: [Double]) -> Bool {
  var size = 16
  while size < 2 * values.count { size *= 2 }
  var slots = [UInt64](repeating: 0, count: size)
  for value in values {
    // Zero of either sign is one value; the bits plus one leave zero for "empty".
    let bits = (value == 0 ? 0.0 : value).bitPattern &+ 1
    var slot = Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) &>> 20) & (size - 1)
    while slots[slot] != 0 {
      if slots[slot] == bits { return true }
      slot = (slot + 1) & (size - 1)
    }
    slots[slot] = bits
  }
  return false
}
