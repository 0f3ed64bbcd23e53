internal import COpenBLAS

/// Dense algebra through OpenBLAS: row-major, one thread.
public enum Linear {
  /// Runs once, before the first product: OpenBLAS would otherwise start a thread per core in every rank.
  static let singleThreaded: Void = openblas_set_num_threads(1)

  /// The library's version and options, and the kernel it chose for this CPU: for provenance, since results of
  /// different kernels differ in their last bits.
  public static var configuration: (core: String, version: String) {
    _ = singleThreaded
    return unsafe (String(cString: openblas_get_corename()), String(cString: openblas_get_config()))
  }

  /// C = alpha op(A) op(B) + beta C, all row-major; op transposes where asked. `op(A): [rows, inner]`,
  /// `op(B): [inner, columns]`, `C: [rows, columns]`. With `beta` 0, C's old contents do not matter.
  public static func multiply<Scalar: DenseScalar>(
    _ a: [Scalar], transposed transposeA: Bool = false, _ b: [Scalar], transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Scalar = 1, beta: Scalar = 0, into c: inout [Scalar]
  ) {
    precondition(a.count >= rows * inner && b.count >= inner * columns && c.count >= rows * columns, "matrices do not fit")
    unsafe c.withUnsafeMutableBufferPointer { c in
      unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          unsafe multiply(
            a, transposed: transposeA, b, transposed: transposeB, rows: rows, inner: inner, columns: columns, alpha: alpha,
            beta: beta, output: c)
        }
      }
    }
  }

  /// The same on memory of the caller's.
  public static func multiply<Scalar: DenseScalar>(
    _ a: UnsafePointer<Scalar>, transposed transposeA: Bool = false, _ b: UnsafePointer<Scalar>, transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Scalar = 1, beta: Scalar = 0, output c: UnsafeMutablePointer<Scalar>
  ) {
    _ = singleThreaded
    guard rows > 0, columns > 0 else { return }
    let left = transposeA ? CblasTrans : CblasNoTrans, right = transposeB ? CblasTrans : CblasNoTrans
    let strideA = blasint(max(1, transposeA ? rows : inner)), strideB = blasint(max(1, transposeB ? inner : columns))
    let (m, n, k) = (blasint(rows), blasint(columns), blasint(inner))
    let (rawA, rawB, rawC) = unsafe (UnsafeRawPointer(a), UnsafeRawPointer(b), UnsafeMutableRawPointer(c))
    if Scalar.self == Float.self {
      unsafe cblas_sgemm(
        CblasRowMajor, left, right, m, n, k, Float(alpha), rawA.assumingMemoryBound(to: Float.self), strideA,
        rawB.assumingMemoryBound(to: Float.self), strideB, Float(beta), rawC.assumingMemoryBound(to: Float.self), n)
    } else {
      precondition(Scalar.self == Double.self, "BLAS knows single and double precision")
      unsafe cblas_dgemm(
        CblasRowMajor, left, right, m, n, k, Double(alpha), rawA.assumingMemoryBound(to: Double.self), strideA,
        rawB.assumingMemoryBound(to: Double.self), strideB, Double(beta), rawC.assumingMemoryBound(to: Double.self), n)
    }
  }
}
