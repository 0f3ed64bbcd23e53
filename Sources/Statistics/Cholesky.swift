/// The lower triangle L of a small symmetric positive definite matrix, A = L L^T.
struct Cholesky: Sendable {
  let size: Int
  /// L, row-major; what stands above the diagonal is not meaningful.
  private var lower: [Double]

  /// Factors `matrix`, `[size, size]` row-major, of which the lower triangle is read; nil where it is not positive
  /// definite: a pivot that keeps less than 1e-14 of its diagonal element is rounding.
  init?(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "a square matrix")
    self.size = size
    lower = matrix
    for i in 0..<size {
      for j in 0...i {
        var sum = lower[i * size + j]
        for k in 0..<j { sum -= lower[i * size + k] * lower[j * size + k] }
        if i == j {
          guard sum > 1e-14 * matrix[i * size + i], sum.isFinite else { return nil }
          lower[i * size + i] = sum.squareRoot()
        } else {
          lower[i * size + j] = sum / lower[j * size + j]
        }
      }
    }
  }

  /// L^-1 b: a vector of covariance A becomes one of covariance 1.
  func whitened(_ b: [Double]) -> [Double] {
    var x = b
    for i in 0..<size {
      for k in 0..<i { x[i] -= lower[i * size + k] * x[k] }
      x[i] /= lower[i * size + i]
    }
    return x
  }
  /// A^-1 b.
  func solve(_ b: [Double]) -> [Double] {
    var x = whitened(b)
    for i in (0..<size).reversed() {
      for k in i + 1..<max(size, i + 1) { x[i] -= lower[k * size + i] * x[k] }
      x[i] /= lower[i * size + i]
    }
    return x
  }
  /// A^-1, `[size, size]`.
  var inverse: [Double] {
    var result = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      var unit = [Double](repeating: 0, count: size)
      unit[column] = 1
      for (row, value) in solve(unit).enumerated() { result[row * size + column] = value }
    }
    return result
  }
}
