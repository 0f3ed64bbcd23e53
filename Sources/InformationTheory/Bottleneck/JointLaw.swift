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
  /// unstable. Infinite for independent variables. A jump may come earlier, never later.
  public func firstTransition() throws(LawError) -> Double {
    let correlations = try canonicalCorrelations()
    guard correlations.count > 1, correlations[1] > 1e-14 else { return .infinity }
    return 1 / (correlations[1] * correlations[1])
  }
}
