internal import COpenBLAS

extension Linear {
  /// C = alpha op(A) op(B) + beta C on blocks of larger row-major matrices, in double precision: consecutive rows of A, B
  /// and C as stored (before op) start `strideA`, `strideB` and `strideC` elements apart. `op(A): [rows, inner]`,
  /// `op(B): [inner, columns]`. Tensor contractions reach their operands' legs this way, without moving elements.
  public static func multiply(
    _ a: UnsafePointer<Double>, stride strideA: Int, transposed transposeA: Bool, _ b: UnsafePointer<Double>, stride strideB: Int,
    transposed transposeB: Bool, rows: Int, inner: Int, columns: Int, alpha: Double = 1, beta: Double = 0,
    output c: UnsafeMutablePointer<Double>, stride strideC: Int
  ) {
    _ = singleThreaded
    guard rows > 0, columns > 0 else { return }
    unsafe cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns),
      blasint(inner), alpha, a, blasint(strideA), b, blasint(strideB), beta, c, blasint(strideC))
  }

  /// The symmetric product C = A A^T of `a: [rows, inner]`, row-major, both triangles of `C: [rows, rows]` filled. Half the
  /// operations of `multiply`.
  public static func gram(_ a: UnsafePointer<Double>, rows: Int, inner: Int, output c: UnsafeMutablePointer<Double>) {
    _ = singleThreaded
    guard rows > 0 else { return }
    unsafe cblas_dsyrk(
      CblasRowMajor, CblasLower, CblasNoTrans, blasint(rows), blasint(inner), 1, a, blasint(max(1, inner)), 0, c, blasint(rows))
    for i in 0..<rows { for j in 0..<i { unsafe c[j * rows + i] = c[i * rows + j] } }
  }
}
