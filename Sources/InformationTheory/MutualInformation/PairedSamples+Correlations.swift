import Glibc
import LinearAlgebra

extension PairedSamples {
  /// The information in nats that normal variables of the samples' correlations have: ln(det R_x det R_y / det R) / 2.
  ///
  /// Where it is large, the samples depend more strongly than an estimator with a low ceiling can tell, whatever it finds: a sign of
  /// saturation, no bound (it is one where both variables are normal by themselves). Infinite where a combination of columns of Y is
  /// one of X; constant and redundant columns change nothing. It is too high by about d_x d_y / 2N. Cost N (d_x + d_y)^2.
  public var correlationInformation: Double {
    let n = count, columns = xDimension + yDimension
    guard n > 1 else { return 0 }
    var scaled = [Double](repeating: 0, count: n * columns)
    scale(x, xDimension, into: &scaled, columns: columns, first: 0)
    scale(y, yDimension, into: &scaled, columns: columns, first: xDimension)
    var correlations = [Double](repeating: 0, count: columns * columns)
    Linear.multiply(scaled, transposed: true, scaled, rows: columns, inner: n, columns: columns, into: &correlations)
    for k in correlations.indices { correlations[k] /= Double(n - 1) }
    let alone = residuals(correlations, columns, xDimension..<columns), given = residuals(correlations, columns, 0..<columns)
    var sum = 0.0
    for c in 0..<yDimension where alone[c] > 1e-10 {
      let left = given[xDimension + c]
      if left <= 1e-12 { return .infinity }
      sum += 0.5 * log(alone[c] / left)
    }
    return max(0, sum)
  }
}

/// Writes `values: [count, width]` with each column brought to mean 0 and variance 1 to some columns of `scaled`; constant ones stay zero.
private func scale(_ values: [Double], _ width: Int, into scaled: inout [Double], columns: Int, first: Int) {
  let n = values.count / width
  // Sums of differences from the first value: of a constant column they are exactly zero.
  var means = [Double](repeating: 0, count: width), factors = means
  for i in 0..<n { for c in 0..<width { means[c] += values[i &* width &+ c] - values[c] } }
  for c in 0..<width { means[c] = values[c] + means[c] / Double(n) }
  for i in 0..<n {
    for c in 0..<width {
      let difference = values[i &* width &+ c] - means[c]
      factors[c] += difference * difference
    }
  }
  for c in 0..<width {
    let spread = (factors[c] / Double(n - 1)).squareRoot()
    factors[c] = spread > 0 && spread.isFinite ? 1 / spread : 0
  }
  for i in 0..<n { for c in 0..<width { scaled[i &* columns &+ first &+ c] = (values[i &* width &+ c] - means[c]) * factors[c] } }
}

/// What each column of a range keeps of its variance when those of the range before it are known: the squared diagonal of Cholesky's
/// factor, columns that keep nothing left out.
private func residuals(_ matrix: [Double], _ size: Int, _ range: Range<Int>) -> [Double] {
  let first = range.lowerBound, n = range.count
  var lower = [Double](repeating: 0, count: n * n), left = [Double](repeating: 0, count: n)
  for i in 0..<n {
    for j in 0...i {
      var sum = matrix[(first + i) * size + first + j]
      for k in 0..<j { sum -= lower[i * n + k] * lower[j * n + k] }
      if i == j {
        left[i] = max(0, sum)
        lower[i * n + i] = sum > 1e-12 ? sum.squareRoot() : 0
      } else {
        lower[i * n + j] = lower[j * n + j] > 0 ? sum / lower[j * n + j] : 0
      }
    }
  }
  return left
}
