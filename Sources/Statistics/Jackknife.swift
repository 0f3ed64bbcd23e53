import Glibc

/// Delete-one-block jackknife: the standard error of any function of the data, linear or not.
///
/// `error^2 = (B - 1)/B sum_b (theta_b - mean theta)^2`, theta_b computed without block b, value = theta of all data
/// (not bias corrected). The blocks are of equal size and long against the autocorrelation time (at least 20 blocks
/// of at least 10 tau); then the errors know about correlation.
///
/// - Parameters:
///   - blocks: how many blocks, B. With B < 2 the errors are not a number.
///   - estimate: the quantities of all data (`nil`) or of the data without one block (its index); always as many of them.
/// - Returns: one estimate per quantity. A quantity that is not finite for some block has an error that is not finite.
/// - Throws: what `estimate` throws.
///
/// Source: Efron and Stein 1981.
public func jackknife<E: Error>(blocks: Int, estimate: (Int?) throws(E) -> [Double]) throws(E) -> [Estimate] {
  let all = try estimate(nil)
  guard blocks >= 2 else { return all.map { Estimate(value: $0, error: .nan) } }
  var left: [[Double]] = []
  left.reserveCapacity(blocks)
  for block in 0..<blocks {
    let values = try estimate(block)
    precondition(values.count == all.count, "jackknife: as many quantities without a block as with all")
    left.append(values)
  }
  return all.indices.map { quantity in
    // Differences to the full estimate first: theta_b are close to it, so the mean loses nothing.
    var mean = 0.0
    for values in left { mean += values[quantity] - all[quantity] }
    mean /= Double(blocks)
    var squares = 0.0
    for values in left {
      let deviation = values[quantity] - all[quantity] - mean
      squares += deviation * deviation
    }
    return Estimate(value: all[quantity], error: sqrt(squares * Double(blocks - 1) / Double(blocks)))
  }
}
