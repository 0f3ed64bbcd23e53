internal import Glibc
internal import LinearAlgebra

/// First and second moments of operators before and after a renormalization step: what Swendsen's linearised transformation takes.
///
/// A_gb = <S'_g S_b> - <S'_g><S_b>, D_ga = <S'_g S'_a> - <S'_g><S'_a>, D T = A, T_ab = dK'_a / dK_b. In a sector that is odd under the
/// flip of all spins <S> vanishes exactly, so nothing is subtracted.
///
/// Source: Swendsen, PRL 42, 859 (1979).
public struct OperatorMoments: Sendable, Equatable {
  /// How many operators, and whether they are even under the flip.
  public let operators: Int, isEven: Bool
  /// <S'>, <S>, `[operators]`; <S'_g S_b>, <S'_g S'_a>, `[operators, operators]`.
  public var coarse: [Double], fine: [Double], cross: [Double], square: [Double]
  /// All zero.
  public init(operators: Int, isEven: Bool) {
    self.operators = operators
    self.isEven = isEven
    coarse = [Double](repeating: 0, count: operators)
    fine = coarse
    cross = [Double](repeating: 0, count: operators * operators)
    square = cross
  }

  /// T of the first `count` operators, `[count, count]`; nil where D is singular, as on lattices too small for operators to differ.
  public func matrix(first count: Int) -> [Double]? {
    var a = [Double](repeating: 0, count: count * count), d = a
    for g in 0..<count {
      for b in 0..<count {
        a[g * count + b] = cross[g * operators + b] - (isEven ? coarse[g] * fine[b] : 0)
        d[g * count + b] = square[g * operators + b] - (isEven ? coarse[g] * coarse[b] : 0)
      }
    }
    guard areIndependent(d, count) else { return nil }
    return Linear.solve(d, order: count, right: a, columns: count)
  }
  /// Whether D has full rank beyond rounding: a pivot of the correlation matrix's Cholesky factorization is the share of an operator that
  /// the ones before it do not say. D is a difference of large numbers, so that its own rounding grows with <S'^2> over its diagonal.
  private func areIndependent(_ d: [Double], _ count: Int) -> Bool {
    var least = 1e-12
    for g in 0..<count {
      let size = square[g * operators + g], width = d[g * count + g]
      guard width > 1e-14 * size else { return false }
      least = max(least, 1e-15 * size / width)
    }
    var factor = [Double](repeating: 0, count: count * count)
    for g in 0..<count {
      for b in 0...g {
        var sum = d[g * count + b] / (d[g * count + g] * d[b * count + b]).squareRoot()
        for k in 0..<b { sum -= factor[g * count + k] * factor[b * count + k] }
        if b < g {
          factor[g * count + b] = sum / factor[b * count + b]
        } else {
          guard sum > least else { return false }
          factor[g * count + g] = sum.squareRoot()
        }
      }
    }
    return true
  }
  /// The eigenvalues' moduli of `matrix(first:)`, the largest first; not a number where there is no matrix.
  public func eigenvalues(first count: Int) -> [Double] {
    guard let matrix = matrix(first: count), let values = try? Linear.eigenvalues(matrix, order: count) else {
      return [Double](repeating: .nan, count: count)
    }
    return values.map { ($0.real * $0.real + $0.imaginary * $0.imaginary).squareRoot() }.sorted(by: >)
  }
}
