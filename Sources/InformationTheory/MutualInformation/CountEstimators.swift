import Glibc
import Statistics

extension JointCounts {
  /// I(X;Y) = H(X) + H(Y) - H(X,Y) in nats, each entropy by the same estimator; not a number if nothing was counted.
  public func mutualInformation(_ estimator: EntropyEstimator = .millerMadow) -> Double {
    estimator.entropy(rowCounts) + estimator.entropy(columnCounts) - estimator.entropy(counts)
  }
  /// The leading bias (|X| - 1)(|Y| - 1)/2N of the plug-in value, in nats, over the symbols that occur: subtract it.
  ///
  /// Right when every pair of occurring symbols is possible; where most cells stay empty, Miller-Madow (which counts
  /// the cells that occur) is nearer. Not a number if nothing was counted.
  public var plugInBias: Double {
    guard total > 0 else { return .nan }
    return Self.plugInBias(rows: rowCounts.count { $0 > 0 }, columns: columnCounts.count { $0 > 0 }, samples: total)
  }
  /// The same for so many symbols that occur, and so many samples.
  public static func plugInBias(rows: Int, columns: Int, samples: Int) -> Double {
    Double((rows - 1) * (columns - 1)) / (2 * Double(samples))
  }
  /// No mutual information of these two variables is larger: ln min(|X|, |Y|).
  public var ceiling: Double { log(Double(min(rows, columns))) }
}

/// Mutual information of two discrete variables from counts in blocks, with the delete-one-block jackknife error.
///
/// The value is that of all counts together (bias corrected once, on the total), so it depends neither on the blocks nor
/// on ranks. Blocks are equally long stretches of the chains, long against their autocorrelation time, in global order;
/// then the error knows about correlation. Empty blocks are passed over; with fewer than two left, there is no error.
/// With nothing counted at all the value is not a number. Blocks over different alphabets are a caller's bug.
public func mutualInformation(blocks: [JointCounts], estimator: EntropyEstimator = .millerMadow) -> MutualInformation {
  var all = JointCounts.empty
  for block in blocks { all.merge(block) }
  let filled = blocks.filter { $0.total != 0 }
  guard !filled.isEmpty else { return MutualInformation(nats: .nan, standardError: nil, ceiling: nil) }
  let estimate = jackknife(blocks: filled.count) { left in
    var counts = all
    if let left { counts.subtract(filled[left]) }
    return [counts.mutualInformation(estimator)]
  }[0]
  return MutualInformation(
    nats: estimate.value, standardError: filled.count > 1 ? estimate.error : nil, ceiling: all.ceiling)
}

extension EntropyEstimator: MutualInformationEstimator {
  /// As `mutualInformation(blocks:estimator:)`.
  /// - Throws: `tooFewSamples` when nothing was counted.
  public func estimate(_ samples: borrowing [JointCounts]) throws(EstimationError) -> MutualInformation {
    let blocks = copy samples
    let total = blocks.reduce(0) { $0 + $1.total }
    guard total > 0 else { throw .tooFewSamples(found: total, required: 1) }
    return mutualInformation(blocks: blocks, estimator: self)
  }
}
