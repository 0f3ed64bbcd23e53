/// Pearson's chi-squared of counts against their expectations.
///
/// `X^2 = sum (n - e)^2/e`, p = Q((bins - 1 - fitted)/2, X^2/2). Neighbouring bins are pooled, in order, until each
/// expectation reaches `leastExpected`; what is left at the end joins the last pool, so that nothing is dropped.
/// Small p: the counts do not follow the expectations; p near 1: they follow too well.
///
/// - Parameters:
///   - counts: how often each bin was seen.
///   - expected: expected counts (not probabilities), as many; their sum should be that of the counts.
///   - leastExpected: 10 keeps the chi-squared law good in its tails.
///   - fitted: how many parameters were fitted to the same counts.
/// - Returns: p is not a number if an expectation is negative or not finite, or if fewer than one degree of freedom is left.
public func chiSquared(counts: [Int], expected: [Double], leastExpected: Double = 10, fitted: Int = 0) -> (
  statistic: Double, degreesOfFreedom: Int, pValue: Double
) {
  precondition(counts.count == expected.count, "as many expectations as counts")
  guard expected.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return (.nan, 0, .nan) }
  var pools: [(count: Int, expected: Double)] = []
  var open = (count: 0, expected: 0.0)
  for i in counts.indices {
    open.count += counts[i]
    open.expected += expected[i]
    if open.expected >= leastExpected {
      pools.append(open)
      open = (0, 0)
    }
  }
  if !pools.isEmpty {
    pools[pools.count - 1].count += open.count
    pools[pools.count - 1].expected += open.expected
  }
  var statistic = 0.0
  for pool in pools {
    let difference = Double(pool.count) - pool.expected
    statistic += difference * difference / pool.expected
  }
  let freedom = pools.count - 1 - fitted
  guard freedom >= 1 else { return (statistic, max(freedom, 0), .nan) }
  return (statistic, freedom, regularizedIncompleteGamma(Double(freedom) / 2, statistic / 2).upper)
}
