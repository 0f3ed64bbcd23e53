/// The delete-one-block jackknife with the covariance of all quantities: what a joint fit to correlated quantities needs.
///
/// `C_ij = (B - 1)/B sum_b (theta_bi - mean theta_i)(theta_bj - mean theta_j)`. It has rank at most B - 1, so a fit to n
/// quantities needs B well above n.
///
/// - Parameters:
///   - blocks: how many blocks, B >= 2.
///   - estimate: the quantities of all data (`nil`) or of the data without one block.
/// - Returns: the values of all data and their covariance, `[quantities, quantities]` row-major.
/// - Throws: what `estimate` throws.
public func jackknifeCovariance<E: Error>(
  blocks: Int, estimate: (Int?) throws(E) -> [Double]
) throws(E) -> (values: [Double], covariance: [Double]) {
  precondition(blocks >= 2, "a jackknife needs two blocks")
  let all = try estimate(nil), n = all.count
  var left: [[Double]] = []
  for block in 0..<blocks {
    let values = try estimate(block)
    precondition(values.count == n, "jackknife: as many quantities without a block as with all")
    left.append(zip(values, all).map { $0 - $1 })
  }
  let means = (0..<n).map { i in left.reduce(0) { $0 + $1[i] } / Double(blocks) }
  var covariance = [Double](repeating: 0, count: n * n)
  for i in 0..<n {
    for j in 0...i {
      let sum = left.reduce(0) { $0 + ($1[i] - means[i]) * ($1[j] - means[j]) }
      covariance[i * n + j] = sum * Double(blocks - 1) / Double(blocks)
      covariance[j * n + i] = covariance[i * n + j]
    }
  }
  return (all, covariance)
}
