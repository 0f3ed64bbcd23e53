public import LinearAlgebra
public import RandomStreams

/// The leading eigenvectors of a symmetric matrix without negative eigenvalues.
public struct LeadingEigenvectors: Sendable {
  /// `[order, kept]`, orthonormal columns; the kept eigenvalues fall.
  public let vectors: [Double], values: [Double]
  /// 1 - sum of the kept eigenvalues over the trace.
  public let discardedWeight: Double

  /// Keeps at most `most` eigenvectors of `matrix: [order, order]`; eigenvalues below 1e-14 of the largest are dropped.
  ///
  /// Large matrices by subspace iteration from random signs until the kept part of the trace rises by less than 1e-8 of
  /// what it lacks (or than rounding), at most 30 times; small ones, and those where it does not come to rest, by LAPACK.
  /// - Throws: `DecompositionError` where the matrix is not finite or LAPACK does not converge.
  public init(_ matrix: [Double], order: Int, keeping most: Int, from choices: inout some RandomChoices) throws(DecompositionError) {
    precondition(matrix.count == order * order && most >= 1, "a square matrix and at least one kept vector")
    let trace = (0..<order).reduce(0) { $0 + matrix[$1 * order + $1] }, width = most + max(8, most / 2)
    guard trace.isFinite else { throw .notFinite(routine: "leading eigenvectors") }
    var found: (vectors: [Double], values: [Double])?
    if order >= 3 * width { found = try Self.iterate(matrix, order, most, width, trace, &choices) }
    if found == nil {
      let all = try Linear.symmetricEigen(matrix, order: order), kept = min(most, order)
      var vectors = [Double](repeating: 0, count: order * kept)
      for k in 0..<kept { for i in 0..<order { vectors[i * kept + k] = all.vectors[(order - 1 - k) * order + i] } }
      found = (vectors, (0..<kept).map { all.values[order - 1 - $0] })
    }
    let (all, falling) = found ?? ([], [])
    let kept = max(1, falling.prefix { $0 > 1e-14 * falling[0] }.count)
    vectors = kept == falling.count ? all : (0..<order).flatMap { all[$0 * falling.count..<$0 * falling.count + kept] }
    values = Array(falling[..<kept])
    discardedWeight = trace > 0 ? max(0, 1 - values.reduce(0, +) / trace) : 0
  }

  private static func iterate(
    _ matrix: [Double], _ order: Int, _ most: Int, _ width: Int, _ trace: Double, _ choices: inout some RandomChoices
  ) throws(DecompositionError) -> (vectors: [Double], values: [Double])? {
    var basis = RandomizedRange.signs(order * width, &choices), image = [Double](repeating: 0, count: order * width)
    var small = [Double](repeating: 0, count: width * width), before = -1.0
    try Orthonormal.columns(&basis, rows: order, columns: width)
    for _ in 0..<30 {
      Linear.multiply(matrix, basis, rows: order, inner: order, columns: width, into: &image)
      Linear.multiply(basis, transposed: true, image, rows: width, inner: order, columns: width, into: &small)
      let ritz = try Linear.symmetricEigen(small, order: width)
      let values = (0..<most).map { ritz.values[width - 1 - $0] }, part = values.reduce(0, +) / trace
      if part - before < max(1e-16, 1e-8 * (1 - part)) {
        let leading = (0..<most).flatMap { ritz.vectors[(width - 1 - $0) * width..<(width - $0) * width] }
        var vectors = [Double](repeating: 0, count: order * most)
        Linear.multiply(basis, transposed: false, leading, transposed: true, rows: order, inner: width, columns: most, into: &vectors)
        return (vectors, values)
      }
      before = part
      basis = image
      try Orthonormal.columns(&basis, rows: order, columns: width)
    }
    return nil
  }
}
