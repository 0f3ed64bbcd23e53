import Glibc
public import LinearAlgebra

/// Why a law or a covariance cannot be used.
public enum LawError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The array does not have this many cells, or there are none.
  case shape(found: Int, expected: Int)
  /// A probability is negative or not a finite number.
  case notProbability(index: Int, Double)
  /// The probabilities do not sum to one, within 1e-9.
  case notNormalized(sum: Double)
  /// A covariance matrix is not symmetric and positive definite, or the joint one is not.
  case notPositiveDefinite(String)
  /// A decomposition failed.
  case decomposition(DecompositionError)

  public var description: String {
    switch self {
    case .shape(let found, let expected): "\(found) numbers where \(expected) are needed"
    case .notProbability(let index, let value): "number \(index) is \(value), which is no probability"
    case .notNormalized(let sum): "the probabilities sum to \(sum), not to one"
    case .notPositiveDefinite(let what): "\(what) is not symmetric and positive definite"
    case .decomposition(let error): error.description
    }
  }

  static func check(_ probabilities: some Collection<Double>, expected: Int) throws(LawError) {
    guard expected > 0, probabilities.count == expected else { throw .shape(found: probabilities.count, expected: expected) }
    var sum = 0.0
    for (index, p) in probabilities.enumerated() {
      guard p >= 0, p.isFinite else { throw .notProbability(index: index, p) }
      sum += p
    }
    guard abs(sum - 1) <= 1e-9 else { throw .notNormalized(sum: sum) }
  }
}

/// The joint law p(x, y) of two discrete variables.
public struct JointLaw: Sendable, Equatable {
  /// The alphabet sizes.
  public let rows: Int, columns: Int
  /// p(x, y), `[rows, columns]`, row-major.
  public let probabilities: [Double]
  /// p(x) and p(y).
  public let rowLaw: [Double], columnLaw: [Double]

  /// A law from its cells, `[rows, columns]`, row-major.
  /// - Throws: `shape`, `notProbability`, `notNormalized`.
  public init(_ probabilities: [Double], rows: Int, columns: Int) throws(LawError) {
    try LawError.check(probabilities, expected: rows * columns)
    self.rows = rows
    self.columns = columns
    self.probabilities = probabilities
    rowLaw = (0..<rows).map { x in (0..<columns).reduce(0) { $0 + probabilities[x * columns + $1] } }
    columnLaw = (0..<columns).map { y in (0..<rows).reduce(0) { $0 + probabilities[$1 * columns + y] } }
  }

  /// Two bits, the first fair, the second different from it with probability `flip`.
  public static func symmetricPair(flip p: Double) throws(LawError) -> JointLaw {
    try JointLaw([0.5 - 0.5 * p, 0.5 * p, 0.5 * p, 0.5 - 0.5 * p], rows: 2, columns: 2)
  }

  /// I(X;Y) in nats.
  public var mutualInformation: Double { InformationTheory.mutualInformation(ofJoint: probabilities, rows: rows, columns: columns) }
  /// H(X) in nats: no representation of X keeps more.
  public var rowEntropy: Double { entropy(ofProbabilities: rowLaw) }

  /// The singular values of p(x, y)/sqrt(p(x) p(y)), falling: the first is 1, the others are maximal correlations.
  /// Symbols of probability zero count as singular values zero.
  public func canonicalCorrelations() throws(LawError) -> [Double] {
    var scaled = probabilities
    for x in 0..<rows {
      for y in 0..<columns {
        let weight = rowLaw[x] * columnLaw[y]
        scaled[x * columns + y] = weight > 0 ? scaled[x * columns + y] / weight.squareRoot() : 0
      }
    }
    do throws(DecompositionError) { return try Linear.singularValues(scaled, rows: rows, columns: columns).values } catch {
      throw .decomposition(error)
    }
  }

  /// The smallest beta at which the bottleneck keeps anything near the trivial solution: 1/sigma_2^2, where that becomes
  /// unstable. Infinite for independent variables. The curve may leave zero earlier (`onset`), never later.
  public func firstTransition() throws(LawError) -> Double {
    let correlations = try canonicalCorrelations()
    guard correlations.count > 1, correlations[1] > 1e-14 else { return .infinity }
    return 1 / (correlations[1] * correlations[1])
  }

  /// The smallest beta at which any representation is better than none: the bottleneck's curve leaves zero here. Where this is below
  /// `firstTransition`, it does so by a symbol whose law of Y is far from p(y) at once, which an iteration from near the solution that keeps
  /// nothing does not find. At least 1; infinite for independent variables.
  ///
  ///     1 / max over r of D(r_y || p_y) / D(r || p),   r a law of X, r_y the law of Y that p(y|x) makes of it,
  ///
  /// climbed by r(x) ~ p(x) exp(sum_y p(y|x) ln[r_y/p_y] / s), s the ratio of the last r, which raises the ratio at each step, from each
  /// symbol and, of up to 32 symbols, each pair; near p the ratio is at most the squared maximal correlation. A maximum that no start
  /// leads to would be missed: then the value is too high.
  /// Source: V. Anantharam, A. Gohari, S. Kamath, C. Nair, arXiv:1304.6133 (the ratio is the largest I(T;Y)/I(T;X)).
  public func onset() throws(LawError) -> Double {
    let transition = try firstTransition(), used = (0..<rows).filter { rowLaw[$0] > 0 }
    guard transition.isFinite else { return .infinity }
    var best = 1 / transition
    for (place, a) in used.enumerated() {
      // A symbol alone, and each pair by its weights.
      for b in used.count <= 32 ? used[place...] : used[place...place] {
        var start = [Double](repeating: 0, count: rows)
        let weight = a == b ? rowLaw[a] : rowLaw[a] + rowLaw[b]
        (start[a], start[b]) = (rowLaw[a] / weight, rowLaw[b] / weight)
        best = max(best, climbed(start))
      }
    }
    return max(1, 1 / best)
  }
  /// The ratio D(r_y || p_y) / D(r || p) that the climb from a law r of X comes to; 0 where it comes back to p.
  private func climbed(_ start: [Double]) -> Double {
    var r = start, ratio = 0.0
    for _ in 0..<(rows <= 32 ? 2000 : 200) {
      var outputs = [Double](repeating: 0, count: columns), own = 0.0, kept = 0.0
      for x in 0..<rows where r[x] > 0 {
        own += r[x] * naturalLog(r[x] / rowLaw[x])
        for y in 0..<columns { outputs[y] += r[x] / rowLaw[x] * probabilities[x * columns + y] }
      }
      for y in 0..<columns where outputs[y] > 0 { kept += outputs[y] * naturalLog(outputs[y] / columnLaw[y]) }
      // So near to p the ratio is that of small deviations, and rounding.
      guard own > 1e-5, kept > 0 else { return ratio }
      let now = kept / own
      if now <= ratio * (1 + 1e-13) { return max(now, ratio) }
      ratio = now
      let logs = (0..<columns).map { outputs[$0] > 0 ? naturalLog(outputs[$0] / columnLaw[$0]) : -.infinity }
      var next = [Double](repeating: -.infinity, count: rows), top = -Double.infinity
      for x in 0..<rows where rowLaw[x] > 0 {
        var gain = 0.0
        for y in 0..<columns where probabilities[x * columns + y] > 0 { gain += probabilities[x * columns + y] / rowLaw[x] * logs[y] }
        next[x] = gain / ratio
        top = max(top, next[x])
      }
      var sum = 0.0
      for x in 0..<rows {
        next[x] = rowLaw[x] > 0 && next[x] > -.infinity ? rowLaw[x] * exp(next[x] - top) : 0
        sum += next[x]
      }
      r = next.map { $0 / sum }
    }
    return ratio
  }
}
