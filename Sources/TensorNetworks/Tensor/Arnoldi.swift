internal import Glibc
internal import LinearAlgebra

/// The leading eigenvalues of a linear map that is known by its action alone.
enum Arnoldi {
  /// The sizes of the Ritz values, falling, of a Krylov space of `steps` dimensions from a fixed vector without symmetry; the
  /// leading ones of a map whose spectrum falls off fast are exact to rounding. Orthogonalised twice. `map` writes its image
  /// into the second argument.
  ///
  /// Source: Arnoldi, Q. Appl. Math. 9, 17 (1951).
  /// - Throws: `DecompositionError`, where the map is not finite or LAPACK gives up.
  static func eigenvalueSizes(
    order: Int, steps: Int, _ map: ([Double], inout [Double]) -> Void
  ) throws(DecompositionError) -> [Double] {
    let steps = min(steps, order)
    var basis = [(0..<order).map { 1 + 0.5 * sin(Double($0) * 1.7 + 0.3) }], image = [Double](repeating: 0, count: order)
    scale(&basis[0], 1 / dot(basis[0], basis[0]).squareRoot())
    var hessenberg = [Double](repeating: 0, count: steps * steps), size = steps
    for j in 0..<steps {
      map(basis[j], &image)
      let before = dot(image, image).squareRoot()
      for _ in 0..<2 {
        for i in 0...j {
          let part = dot(basis[i], image)
          hessenberg[i * steps + j] += part
          for k in 0..<order { image[k] -= part * basis[i][k] }
        }
      }
      let rest = dot(image, image).squareRoot()
      if j + 1 == steps { break }
      // An invariant subspace: its eigenvalues are exact.
      if !(rest > 1e-14 * before) {
        size = j + 1
        break
      }
      hessenberg[(j + 1) * steps + j] = rest
      scale(&image, 1 / rest)
      basis.append(image)
    }
    var matrix = [Double](repeating: 0, count: size * size)
    for i in 0..<size { for j in 0..<size { matrix[i * size + j] = hessenberg[i * steps + j] } }
    return try Linear.eigenvalues(matrix, order: size)
      .map { ($0.real * $0.real + $0.imaginary * $0.imaginary).squareRoot() }.sorted(by: >)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
  private static func scale(_ a: inout [Double], _ factor: Double) { for i in a.indices { a[i] *= factor } }
}
