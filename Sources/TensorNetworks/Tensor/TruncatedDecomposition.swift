public import LinearAlgebra
public import RandomStreams

/// A matrix as a product of `kept` pairs of singular vectors, and what was thrown away for that.
///
///     M ~ U diag(s) V^T,   discarded weight = 1 - sum_kept s_i^2 / |M|_F^2.
public struct TruncatedDecomposition: Sendable {
  /// How the singular vectors were found.
  public enum Method: Sendable, Equatable {
    /// All of them by LAPACK, then cut.
    case full
    /// From the range of the matrix on random vectors.
    case randomized
  }
  /// U: `[rows, kept]`, V^T: `[kept, columns]`, row-major; the kept singular values fall.
  public let left: [Double], values: [Double], right: [Double]
  /// The part of the squared Frobenius norm that the kept values lack.
  public let discardedWeight: Double
  public let method: Method
  /// The number of kept singular values.
  public var kept: Int { values.count }

  /// Singular values below this part of the largest are rounding, and dropped even where there is room for them.
  public static let smallest = 1e-14
  /// The smaller side from which on the randomised decomposition is used, in sketch widths: below that LAPACK is as fast.
  static let sketchesPerSide = 4

  /// Decomposes `matrix: [rows, columns]`, keeping at most `most` singular values.
  ///
  /// Where the smaller side has at least four times the sketch's width, the leading vectors come from a randomised subspace
  /// iteration: a sketch of `most` + max(8, most / 2) random signs, multiplied by M, M^T, ..., M, orthonormalised in between
  /// (`powerIterations` times M^T M); the error of a kept vector falls like (s_sketch / s_kept)^(2 q + 1). Cost
  /// (2 q + 2) * 2 rows columns width operations. Otherwise all singular values are computed.
  ///
  /// Source: Halko, Martinsson, Tropp, SIAM Review 53, 217 (2011), algorithms 4.4 and 5.1.
  /// - Throws: `DecompositionError` where the matrix is not finite or LAPACK does not converge.
  public init(
    _ matrix: [Double], rows: Int, columns: Int, keeping most: Int, powerIterations: Int = 1,
    from choices: inout some RandomChoices
  ) throws(DecompositionError) {
    precondition(matrix.count == rows * columns && most >= 1 && powerIterations >= 0, "a matrix and at least one kept value")
    let width = most + max(8, most / 2), square = matrix.reduce(0) { $0 + $1 * $1 }
    guard square.isFinite else { throw .notFinite(routine: "truncated decomposition") }
    if min(rows, columns) < Self.sketchesPerSide * width {
      let all = try Linear.singularValues(matrix, rows: rows, columns: columns)
      let k = min(rows, columns), kept = Self.count(all.values, most)
      left = (0..<rows).flatMap { all.left[$0 * k..<$0 * k + kept] }
      values = Array(all.values[..<kept])
      right = Array(all.right[..<(kept * columns)])
      method = .full
    } else {
      let sketch = try RandomizedRange(matrix, rows: rows, columns: columns, width: width, iterations: powerIterations, &choices)
      let found = try sketch.singularVectors(matrix, keeping: most)
      let kept = Self.count(found.values, most)
      left = kept == most ? found.left : (0..<rows).flatMap { found.left[$0 * found.values.count..<$0 * found.values.count + kept] }
      values = Array(found.values[..<kept])
      right = Array(found.right[..<(kept * columns)])
      method = .randomized
    }
    let lacking = 1 - values.reduce(0) { $0 + $1 * $1 } / square
    discardedWeight = square > 0 ? max(0, lacking) : 0
  }

  /// How many falling values to keep: never none.
  private static func count(_ values: [Double], _ most: Int) -> Int {
    let floor = smallest * (values.first ?? 0)
    return max(1, min(most, values.prefix { $0 > floor }.count))
  }
}

/// An orthonormal basis of what a matrix makes of random vectors.
struct RandomizedRange {
  /// `[rows, width]`, orthonormal columns.
  let basis: [Double]
  let rows: Int, columns: Int, width: Int

  init(
    _ matrix: [Double], rows: Int, columns: Int, width: Int, iterations: Int, _ choices: inout some RandomChoices
  ) throws(DecompositionError) {
    self.rows = rows
    self.columns = columns
    self.width = width
    var domain = Self.signs(columns * width, &choices), range = [Double](repeating: 0, count: rows * width)
    Linear.multiply(matrix, domain, rows: rows, inner: columns, columns: width, into: &range)
    try Orthonormal.columns(&range, rows: rows, columns: width)
    for _ in 0..<iterations {
      Linear.multiply(matrix, transposed: true, range, rows: columns, inner: rows, columns: width, into: &domain)
      try Orthonormal.columns(&domain, rows: columns, columns: width)
      Linear.multiply(matrix, domain, rows: rows, inner: columns, columns: width, into: &range)
      try Orthonormal.columns(&range, rows: rows, columns: width)
    }
    basis = range
  }

  /// The leading singular vectors within the range: M ~ Q (Q^T M), and those of the small factor from its Gram matrix. Values
  /// are norms of rows, so that small ones keep their digits.
  func singularVectors(_ matrix: [Double], keeping most: Int) throws(DecompositionError) -> (
    left: [Double], values: [Double], right: [Double]
  ) {
    var small = [Double](repeating: 0, count: width * columns), gram = [Double](repeating: 0, count: width * width)
    Linear.multiply(basis, transposed: true, matrix, rows: width, inner: rows, columns: columns, into: &small)
    Linear.multiply(small, transposed: false, small, transposed: true, rows: width, inner: columns, columns: width, into: &gram)
    let vectors = try Linear.symmetricEigen(gram, order: width).vectors
    let leading = (0..<most).flatMap { vectors[(width - 1 - $0) * width..<(width - $0) * width] }
    var left = [Double](repeating: 0, count: rows * most), right = [Double](repeating: 0, count: most * columns)
    Linear.multiply(basis, transposed: false, leading, transposed: true, rows: rows, inner: width, columns: most, into: &left)
    Linear.multiply(leading, small, rows: most, inner: width, columns: columns, into: &right)
    var values = [Double](repeating: 0, count: most)
    for i in 0..<most {
      var square = 0.0
      for j in i * columns..<(i + 1) * columns { square += right[j] * right[j] }
      values[i] = square.squareRoot()
      let scale = values[i] > 0 ? 1 / values[i] : 0
      for j in i * columns..<(i + 1) * columns { right[j] *= scale }
    }
    return (left, values, right)
  }

  /// Random signs: 64 of a word.
  static func signs(_ count: Int, _ choices: inout some RandomChoices) -> [Double] {
    var values = [Double](repeating: 1, count: count), start = 0
    while start < count {
      let word = choices.word()
      for i in 0..<min(64, count - start) where word >> UInt64(i) & 1 == 1 { values[start + i] = -1 }
      start += 64
    }
    return values
  }
}
