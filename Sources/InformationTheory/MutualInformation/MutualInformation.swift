public import MessagePassing

/// An estimate of mutual information with what one has to know to read it.
public struct MutualInformation: Sendable, Equatable {
  /// The estimate in nats; a bias-corrected estimate may be slightly negative and is not clipped.
  public let nats: Double
  /// Its standard error; nil where none can be had (fewer than two blocks).
  public let standardError: Double?
  /// The largest value that the estimator can give on such samples (ln of an alphabet, ln N of a contrastive bound), or the largest
  /// information that such samples show (the Donsker-Varadhan bound); nil if there is none. An estimate near its ceiling says "at least".
  public let ceiling: Double?
  /// What the samples' linear correlations alone would give normal variables (`PairedSamples.correlationInformation`); nil where the
  /// estimator has not looked.
  public let correlationNats: Double?
  /// A lower bound of the same information, by which an upper bound is judged in place of its own value; nil for other estimates.
  public let lowerBound: Double?
  /// Whether the estimate, or what the correlations alone say, has come to three fifths of the ceiling or more: then the estimate may be
  /// far below the truth, and is to be read as "at least". Three fifths, so that an information below half of the ceiling does not raise
  /// the flag by chance.
  public var leansOnCeiling: Bool {
    let evidence = lowerBound ?? nats
    return ceiling.map { max(evidence, correlationNats ?? evidence) >= 0.6 * $0 } ?? false
  }
  /// An estimate, its standard error, its ceiling, what correlations say and, of an upper bound, the lower one.
  public init(
    nats: Double, standardError: Double?, ceiling: Double?, correlationNats: Double? = nil, lowerBound: Double? = nil
  ) {
    self.nats = nats
    self.standardError = standardError
    self.ceiling = ceiling
    self.correlationNats = correlationNats
    self.lowerBound = lowerBound
  }
}

/// What an estimate can fail with.
public enum EstimationError: Error, Equatable, Sendable {
  /// Fewer samples than the estimator needs.
  case tooFewSamples(found: Int, required: Int)
  /// A sample is not a finite number.
  case notFinite(index: Int)
  /// The arrays do not hold the same number of samples of these dimensions.
  case shapes(x: Int, xDimension: Int, y: Int, yDimension: Int)
  /// The ranks that share the work could not reach each other.
  case communication(MessagePassingError)
}

/// Samples of two variables -> their mutual information in nats, with a standard error and a stated ceiling.
///
/// Law: against a closed form the estimate comes within its standard errors, plus a bias that vanishes with the number
/// of samples; the order of samples inside a block does not matter.
public protocol MutualInformationEstimator: Sendable {
  /// What it estimates from.
  associatedtype Samples
  /// The mutual information of the two variables in `samples`.
  func estimate(_ samples: borrowing Samples) throws(EstimationError) -> MutualInformation
}
