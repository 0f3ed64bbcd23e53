public import LinearAlgebra
public import RandomStreams

/// One layer of a ternary MERA: isometries w[a,b,c,A] that map three sites to one, and disentanglers u[s,t,c,d] across the
/// borders of the blocks. Real; sum over a, b, c (over s, t) of w w (of u u) is the identity.
public struct TernaryLayer: Sendable, Equatable {
  /// Bond dimensions of the sites below and above.
  public let lower: Int, upper: Int
  /// w: `[lower, lower, lower, upper]`, u: `[lower, lower, lower, lower]`, row-major.
  public internal(set) var isometry: [Double], disentangler: [Double]

  /// A layer of these tensors.
  public init(lower: Int, upper: Int, isometry: [Double], disentangler: [Double]) {
    precondition(upper >= 1 && upper <= lower * lower * lower, "an isometry keeps at most as much as there is")
    precondition(isometry.count == lower * lower * lower * upper && disentangler.count == lower * lower * lower * lower, "w and u")
    self.lower = lower
    self.upper = upper
    self.isometry = isometry
    self.disentangler = disentangler
  }

  /// Random tensors that conserve parity: the isometric parts of normal numbers.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public init(lower: Int, upper: Int, from choices: inout some RandomChoices) throws(DecompositionError) {
    let cube = lower * lower * lower
    var w = (0..<cube * upper).map { _ in choices.normal() }, u = (0..<lower * cube).map { _ in choices.normal() }
    Self.keepEven(&w, lower: lower, upper: upper)
    Self.keepEven(&u, lower: lower, upper: lower)
    w = try Self.polar(w, rows: cube, columns: upper)
    u = try Self.polar(u, rows: lower * lower, columns: lower * lower)
    self.init(lower: lower, upper: upper, isometry: w, disentangler: u)
  }

  /// U V^T of the singular value decomposition U s V^T: the isometry nearest to a matrix, and the one with the largest
  /// overlap, tr(X^T M) = sum s.
  static func polar(_ matrix: [Double], rows: Int, columns: Int, sign: Double = 1) throws(DecompositionError) -> [Double] {
    let (left, values, right) = try Linear.singularValues(matrix, rows: rows, columns: columns)
    var result = [Double](repeating: 0, count: rows * columns)
    Linear.multiply(left, right, rows: rows, inner: values.count, columns: columns, alpha: sign, into: &result)
    return result
  }

  /// Sets the elements of a tensor `[lower, lower, lower, upper]` to 0 whose four indices have an odd sum: an index has the
  /// parity of its number, and what is left conserves parity.
  static func keepEven(_ tensor: inout [Double], lower: Int, upper: Int) {
    for row in 0..<lower * lower * lower {
      let parity = row / (lower * lower) + row / lower % lower + row % lower
      for column in 0..<upper where (parity + column) % 2 == 1 { tensor[row * upper + column] = 0 }
    }
  }

  /// This layer moved on by `part` of its way from `earlier`, made isometric again.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  func continued(from earlier: TernaryLayer, by part: Double) throws(DecompositionError) -> TernaryLayer {
    func moved(_ now: [Double], _ before: [Double]) -> [Double] { now.indices.map { now[$0] + part * (now[$0] - before[$0]) } }
    let square = lower * lower
    let w = try Self.polar(moved(isometry, earlier.isometry), rows: square * lower, columns: upper)
    let u = try Self.polar(moved(disentangler, earlier.disentangler), rows: square, columns: square)
    return TernaryLayer(lower: lower, upper: upper, isometry: w, disentangler: u)
  }

  /// How far w and u are from isometries: the largest element of w^T w - 1 and u^T u - 1.
  public var defect: Double {
    func defect(_ matrix: [Double], _ rows: Int, _ columns: Int) -> Double {
      var product = [Double](repeating: 0, count: columns * columns), worst = 0.0
      Linear.multiply(matrix, transposed: true, matrix, rows: columns, inner: rows, columns: columns, into: &product)
      for i in 0..<columns { for j in 0..<columns { worst = max(worst, abs(product[i * columns + j] - (i == j ? 1 : 0))) } }
      return worst
    }
    return max(
      defect(isometry, lower * lower * lower, upper), defect(disentangler, lower * lower, lower * lower))
  }
}
