internal import CLAPACKE

extension Linear {
  /// X of A X = B for a general square `matrix: [order, order]` and `right: [order, columns]`, both row-major, by LU with
  /// partial pivoting (dgesv); 2 order^3 / 3 operations. Nil where the matrix is singular or not finite.
  public static func solve(_ matrix: [Double], order: Int, right: [Double], columns: Int = 1) -> [Double]? {
    precondition(matrix.count == order * order && right.count == order * columns, "a square system")
    _ = singleThreaded
    if order == 0 { return [] }
    // LAPACK's columns: the matrix is handed over transposed, which is how it lies if it is read by columns.
    var factors = [Double](repeating: 0, count: order * order), solution = right
    for row in 0..<order {
      for column in 0..<order { factors[column * order + row] = matrix[row * order + column] }
    }
    if columns > 1 {
      for row in 0..<order {
        for column in 0..<columns { solution[column * order + row] = right[row * columns + column] }
      }
    }
    var pivots = [Int32](repeating: 0, count: order)
    let n = Int32(order)
    let info = unsafe LAPACKE_dgesv(LAPACK_COL_MAJOR, n, Int32(columns), &factors, n, &pivots, &solution, n)
    guard info == 0, solution.allSatisfy(\.isFinite) else { return nil }
    if columns == 1 { return solution }
    var result = solution
    for row in 0..<order {
      for column in 0..<columns { result[row * columns + column] = solution[column * order + row] }
    }
    return result
  }
}
