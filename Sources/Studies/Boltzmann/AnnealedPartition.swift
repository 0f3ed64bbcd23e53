import Foundation
import Runtime
public import Statistics

/// ln Z from two annealing runs there and perhaps one back, and whether its error can be believed.
public struct AnnealedPartition {
  /// ln of the mean of all weights there: a mean of two logarithms would lie too low.
  public let estimate: Estimate
  /// Why the error is no guide; nil where it is one.
  public let warning: String?
  /// E[ln w] of the runs there, which ln Z is not below, and -E[ln w] of the way back, which it is not above as far as that one starts
  /// from samples of the machine; nil without a way back, and where the two are the wrong way round.
  public let bracket: (lower: Estimate, upper: Estimate)?
  /// Why there is no bracket though there was a way back.
  public let bracketWarning: String?

  /// `runs`: of each replica ln Z_0 + ln w on the two ways there, and ln Z_0 - ln w on the way back.
  public init(runs: [[Double]]) {
    let forward = runs.prefix(2).map { LogWeights($0) }
    var all = LogWeights.empty
    for run in forward { all.merge(run) }
    estimate = all.estimate
    let gap = abs(forward[0].logMean - forward[1].logMean), error = hypot(forward[0].standardError, forward[1].standardError)
    let needed = Self.neededSamples(all.count)
    warning =
      if all.effectiveSampleSize < needed {
        "\(String(format: "%.1f", all.effectiveSampleSize)) effective samples of \(all.count), where \(String(format: "%g", needed)) are needed: "
          + "the error is no guide; use more temperatures"
      } else if gap > max(1, 4 * error) {
        "the two runs differ by \(String(format: "%.2g", gap)) nats: the error is no guide; use more temperatures"
      } else {
        nil
      }
    guard runs.count > 2 else {
      (bracket, bracketWarning) = (nil, nil)
      return
    }
    let lower = Estimate(meanOf: runs[0] + runs[1]), upper = Estimate(meanOf: runs[2])
    let isOrdered = upper.value - lower.value >= -3 * hypot(lower.error, upper.error)
    bracket = isOrdered ? (lower, upper) : nil
    bracketWarning =
      isOrdered ? nil : "below the lower side: the way back did not start from samples of the machine; raise annealing.equilibration"
  }

  /// Effective samples from which the delta method's error is believed: a hundred, or half of what there are where there are few.
  static func neededSamples(_ count: Int) -> Double { min(100, Double(count) / 2) }
}
