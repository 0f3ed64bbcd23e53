internal import LinearAlgebra

/// Orthonormal bases of the columns of tall matrices.
enum Orthonormal {
  /// Replaces the columns of `matrix: [rows, columns]` by an orthonormal basis of their span.
  ///
  /// Twice Cholesky's factor of the Gram matrix (matrix products, ten times as fast as reflections); where that is not
  /// positive definite to rounding, Householder's reflections. Source: Yamamoto et al., ETNA 44, 306 (2015).
  static func columns(_ matrix: inout [Double], rows: Int, columns: Int) throws(DecompositionError) {
    let copy = matrix
    for _ in 0..<2 {
      guard cholesky(&matrix, rows: rows, columns: columns) else {
        matrix = copy
        try Linear.orthonormalizeColumns(&matrix, rows: rows, columns: columns)
        return
      }
    }
  }

  /// M <- M L^-T with L L^T = M^T M; false where a pivot is lost to rounding.
  private static func cholesky(_ matrix: inout [Double], rows: Int, columns n: Int) -> Bool {
    var l = [Double](repeating: 0, count: n * n)
    Linear.multiply(matrix, transposed: true, matrix, rows: n, inner: rows, columns: n, into: &l)
    for j in 0..<n {
      let diagonal = l[j * n + j]
      for i in j..<n {
        var sum = l[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        if i == j {
          guard sum > 1e-13 * diagonal, sum.isFinite else { return false }
          l[j * n + j] = sum.squareRoot()
        } else {
          l[i * n + j] = sum / l[j * n + j]
        }
      }
    }
    // R^-1 = L^-T, upper triangular, then one product.
    var inverse = [Double](repeating: 0, count: n * n)
    for c in 0..<n {
      inverse[c * n + c] = 1 / l[c * n + c]
      for r in c + 1..<max(c + 1, n) {
        var sum = 0.0
        for k in c..<r { sum -= l[r * n + k] * inverse[c * n + k] }
        inverse[c * n + r] = sum / l[r * n + r]
      }
    }
    // inverse[c][r] = (L^-1)[r][c] = (L^-T)[c][r].
    let copy = matrix
    Linear.multiply(copy, inverse, rows: rows, inner: n, columns: n, into: &matrix)
    return true
  }
}
