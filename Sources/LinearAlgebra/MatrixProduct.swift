internal import COpenBLAS

/// Dense algebra through OpenBLAS: row-major, one thread.
public enum Linear {
  /// Runs once, before the first product: OpenBLAS would otherwise start a thread per core in every rank.
  private static let singleThreaded: Void = openblas_set_num_threads(1)

  /// The library's version and options, and the kernel it chose for this CPU: for provenance, since results of
  /// different kernels differ in their last bits.
  public static var configuration: (core: String, version: String) {
    _ = singleThreaded
    return unsafe (String(cString: openblas_get_corename()), String(cString: openblas_get_config()))
  }

  /// C = alpha op(A) op(B) + beta C, all row-major; op transposes where asked. `op(A): [rows, inner]`,
  /// `op(B): [inner, columns]`, `C: [rows, columns]`. With `beta` 0, C's old contents do not matter.
  public static func multiply(
    _ a: [Float], transposed transposeA: Bool = false, _ b: [Float], transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Float = 1, beta: Float = 0, into c: inout [Float]
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
  public static func multiply(
    _ a: UnsafePointer<Float>, transposed transposeA: Bool = false, _ b: UnsafePointer<Float>, transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Float = 1, beta: Float = 0, output c: UnsafeMutablePointer<Float>
  ) {
    _ = singleThreaded
    guard rows > 0, columns > 0 else { return }
    unsafe cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(rows),
      blasint(columns), blasint(inner), alpha, a, blasint(max(1, transposeA ? rows : inner)), b,
      blasint(max(1, transposeB ? inner : columns)), beta, c, blasint(columns))
  }

  /// The product in double precision; see the `Float` version.
  public static func multiply(
    _ a: [Double], transposed transposeA: Bool = false, _ b: [Double], transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Double = 1, beta: Double = 0, into c: inout [Double]
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

  /// The same on memory of the caller's, in double precision.
  public static func multiply(
    _ a: UnsafePointer<Double>, transposed transposeA: Bool = false, _ b: UnsafePointer<Double>, transposed transposeB: Bool = false,
    rows: Int, inner: Int, columns: Int, alpha: Double = 1, beta: Double = 0, output c: UnsafeMutablePointer<Double>
  ) {
    _ = singleThreaded
    guard rows > 0, columns > 0 else { return }
    unsafe cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(rows),
      blasint(columns), blasint(inner), alpha, a, blasint(max(1, transposeA ? rows : inner)), b,
      blasint(max(1, transposeB ? inner : columns)), beta, c, blasint(columns))
  }
}
