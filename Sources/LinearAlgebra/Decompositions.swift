internal import CLAPACKE
import Glibc

/// Why a decomposition has no result.
public enum DecompositionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The matrix has an element that is not a finite number.
  case notFinite(routine: String)
  /// LAPACK's iteration stopped; `info` is its own report.
  case notConverged(routine: String, info: Int)

  public var description: String {
    switch self {
    case .notFinite(let routine): "\(routine): the matrix holds a number that is not finite"
    case .notConverged(let routine, let info): "\(routine) did not converge (LAPACK's info = \(info))"
    }
  }

  fileprivate static func check(_ info: Int32, _ routine: String) throws(DecompositionError) {
    if info < 0 { throw .notFinite(routine: routine) }
    if info > 0 { throw .notConverged(routine: routine, info: Int(info)) }
  }
}

/// Decompositions of dense matrices in double precision, by LAPACK. Matrices are row-major; LAPACK's column-major view of
/// them is their transpose, so nothing is copied.
extension Linear {
  private static func letter(_ character: Character) -> CChar { CChar(character.asciiValue ?? 0) }

  /// A = V^T diag(values) V of the symmetric `matrix: [order, order]`; values rise, row i of `vectors` belongs to value i.
  /// Divide and conquer (dsyevd), about 9 order^3 operations.
  /// - Throws: `notFinite`, `notConverged`.
  public static func symmetricEigen(
    _ matrix: [Double], order: Int
  ) throws(DecompositionError) -> (values: [Double], vectors: [Double]) {
    precondition(matrix.count == order * order, "a square matrix")
    _ = singleThreaded
    var vectors = matrix, values = [Double](repeating: 0, count: order)
    if order == 0 { return (values, vectors) }
    let info = unsafe LAPACKE_dsyevd(
      LAPACK_COL_MAJOR, letter("V"), letter("L"), Int32(order), &vectors, Int32(order), &values)
    try DecompositionError.check(info, "dsyevd")
    return (values, vectors)
  }

  /// The eigenvalues alone, rising.
  /// - Throws: `notFinite`, `notConverged`.
  public static func symmetricEigenvalues(_ matrix: [Double], order: Int) throws(DecompositionError) -> [Double] {
    precondition(matrix.count == order * order, "a square matrix")
    _ = singleThreaded
    var copy = matrix, values = [Double](repeating: 0, count: order)
    if order == 0 { return values }
    let info = unsafe LAPACKE_dsyevd(LAPACK_COL_MAJOR, letter("N"), letter("L"), Int32(order), &copy, Int32(order), &values)
    try DecompositionError.check(info, "dsyevd")
    return values
  }

  /// A = U diag(values) V^T with `left` = U: `[rows, k]`, `right` = V^T: `[k, columns]`, k = min(rows, columns); values fall.
  /// Divide and conquer (dgesdd).
  /// - Throws: `notFinite`, `notConverged`.
  public static func singularValues(
    _ matrix: [Double], rows: Int, columns: Int
  ) throws(DecompositionError) -> (left: [Double], values: [Double], right: [Double]) {
    precondition(matrix.count == rows * columns && rows > 0 && columns > 0, "a matrix of rows x columns")
    _ = singleThreaded
    let k = min(rows, columns)
    var copy = matrix, values = [Double](repeating: 0, count: k)
    var left = [Double](repeating: 0, count: rows * k), right = [Double](repeating: 0, count: k * columns)
    // Of the transpose, whose left vectors are our right ones.
    let info = unsafe LAPACKE_dgesdd(
      LAPACK_COL_MAJOR, letter("S"), Int32(columns), Int32(rows), &copy, Int32(columns), &values, &right,
      Int32(columns), &left, Int32(k))
    try DecompositionError.check(info, "dgesdd")
    return (left, values, right)
  }

  /// Replaces the columns of `matrix: [rows, columns]`, rows >= columns, by an orthonormal basis of their span
  /// (Householder). 4 rows columns^2 operations.
  /// - Throws: `notFinite`.
  public static func orthonormalizeColumns(_ matrix: inout [Double], rows: Int, columns: Int) throws(DecompositionError) {
    precondition(matrix.count == rows * columns && rows >= columns && columns > 0, "a tall matrix")
    _ = singleThreaded
    var factors = [Double](repeating: 0, count: columns)
    let (m, n) = (Int32(columns), Int32(rows))
    try DecompositionError.check(unsafe LAPACKE_dgelqf(LAPACK_COL_MAJOR, m, n, &matrix, m, &factors), "dgelqf")
    try DecompositionError.check(unsafe LAPACKE_dorglq(LAPACK_COL_MAJOR, m, n, m, &matrix, m, factors), "dorglq")
  }

  /// The eigenvalues of any square matrix, in LAPACK's order (dgeev). About 10 order^3 operations.
  /// - Throws: `notFinite`, `notConverged`.
  public static func eigenvalues(
    _ matrix: [Double], order: Int
  ) throws(DecompositionError) -> [(real: Double, imaginary: Double)] {
    precondition(matrix.count == order * order, "a square matrix")
    _ = singleThreaded
    if order == 0 { return [] }
    var copy = matrix, real = [Double](repeating: 0, count: order), imaginary = real
    let n = Int32(order)
    // Vectors are not asked for: their memory is not touched.
    let info = unsafe LAPACKE_dgeev(LAPACK_COL_MAJOR, letter("N"), letter("N"), n, &copy, n, &real, &imaginary, nil, 1, nil, 1)
    try DecompositionError.check(info, "dgeev")
    return zip(real, imaginary).map { (real: $0, imaginary: $1) }
  }

  /// ln |det A| and its sign by elimination (dgetrf); a singular matrix gives minus infinity and 0.
  /// - Throws: `notFinite`.
  public static func determinant(_ matrix: [Double], order: Int) throws(DecompositionError) -> (logarithm: Double, sign: Double) {
    precondition(matrix.count == order * order, "a square matrix")
    _ = singleThreaded
    if order == 0 { return (0, 1) }
    var copy = matrix, pivots = [Int32](repeating: 0, count: order)
    let n = Int32(order)
    let info = unsafe LAPACKE_dgetrf(LAPACK_COL_MAJOR, n, n, &copy, n, &pivots)
    if info < 0 { throw .notFinite(routine: "dgetrf") }
    var logarithm = 0.0, sign = 1.0
    for i in 0..<order {
      let pivot = copy[i * order + i]
      if pivot == 0 { return (-Double.infinity, 0) }
      logarithm += Glibc.log(abs(pivot))
      if pivot < 0 { sign = -sign }
      if Int(pivots[i]) != i + 1 { sign = -sign }
    }
    return (logarithm, sign)
  }
}
