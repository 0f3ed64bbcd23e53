import Glibc
import LinearAlgebra

/// The bottleneck of jointly normal X and Y in closed form: the best T is X projected on some directions, plus noise.
///
///     I(T;X) = 1/2 sum ln[(beta - 1)(1 - lambda_i)/lambda_i],   I(T;Y) = I(T;X) - 1/2 sum ln[beta (1 - lambda_i)]
///
/// over the directions with beta > 1/(1 - lambda_i); lambda are the eigenvalues of Sigma_{x|y} Sigma_x^-1.
/// Source: G. Chechik, A. Globerson, N. Tishby, Y. Weiss, J. Mach. Learn. Res. 6, 165 (2005).
public struct GaussianBottleneck: Sendable, Equatable {
  /// lambda, rising, one for each component of X; those beyond the rank of the dependence are 1.
  public let eigenvalues: [Double]
  /// The left eigenvectors v_i, row i belongs to lambda_i, scaled to v Sigma_x v^T = 1. `[components, components]`.
  public let directions: [Double]

  /// The bottleneck of these covariances: `x: [n, n]`, `y: [m, m]`, `cross: [n, m]` = <x y^T>, row-major.
  /// - Throws: `shape`, `notPositiveDefinite`, `decomposition`.
  public init(x: [Double], y: [Double], cross: [Double], xDimension n: Int, yDimension m: Int) throws(LawError) {
    guard n > 0, m > 0, x.count == n * n else { throw .shape(found: x.count, expected: n * n) }
    guard y.count == m * m else { throw .shape(found: y.count, expected: m * m) }
    guard cross.count == n * m else { throw .shape(found: cross.count, expected: n * m) }
    let rootX = try inverseRoot(x, n, "the covariance of X"), rootY = try inverseRoot(y, m, "the covariance of Y")
    var half = [Double](repeating: 0, count: n * m), whitened = half
    Linear.multiply(rootX, cross, rows: n, inner: n, columns: m, into: &half)
    Linear.multiply(half, rootY, rows: n, inner: m, columns: m, into: &whitened)
    var square = [Double](repeating: 0, count: n * n)
    Linear.multiply(whitened, transposed: false, whitened, transposed: true, rows: n, inner: m, columns: n, into: &square)
    do throws(DecompositionError) {
      // Squares of the canonical correlations, rising; the bottleneck wants them falling.
      let (values, vectors) = try Linear.symmetricEigen(square, order: n)
      guard values[n - 1] < 1 else { throw DecompositionError.notFinite(routine: "a dependence without noise") }
      eigenvalues = values.reversed().map { 1 - max(0, $0) }
      var reversed: [Double] = []
      for i in (0..<n).reversed() { reversed.append(contentsOf: vectors[i * n..<(i + 1) * n]) }
      var rows = [Double](repeating: 0, count: n * n)
      Linear.multiply(reversed, rootX, rows: n, inner: n, columns: n, into: &rows)
      directions = rows
    } catch {
      if case .notFinite = error { throw .notPositiveDefinite("the joint covariance") }
      throw .decomposition(error)
    }
  }

  /// 1/(1 - lambda_i): where each direction begins to be kept, infinite where there is no dependence. Rising.
  public var transitions: [Double] { eigenvalues.map { 1 - $0 > 1e-14 ? 1 / (1 - $0) : .infinity } }
  /// I(X;Y) in nats.
  public var mutualInformation: Double { eigenvalues.reduce(0) { $0 - 0.5 * log($1) } }

  /// I(T;X) and I(T;Y) in nats at a trade-off.
  public func informations(beta: Double) -> (x: Double, y: Double) {
    var x = 0.0, lost = 0.0
    for lambda in eigenvalues where beta * (1 - lambda) > 1 {
      x += 0.5 * log((beta - 1) * (1 - lambda) / lambda)
      lost += 0.5 * log(beta * (1 - lambda))
    }
    return (x, x - lost)
  }
  /// How strongly each direction is kept: alpha_i, the row i of T = A X + unit noise being alpha_i v_i; 0 where nothing is.
  public func strengths(beta: Double) -> [Double] {
    eigenvalues.map { beta * (1 - $0) > 1 ? ((beta * (1 - $0) - 1) / $0).squareRoot() : 0 }
  }
}

/// C^(-1/2) of a covariance.
private func inverseRoot(_ matrix: [Double], _ n: Int, _ what: String) throws(LawError) -> [Double] {
  for i in 0..<n {
    for j in 0..<i where !(abs(matrix[i * n + j] - matrix[j * n + i]) <= 1e-12 * max(abs(matrix[i * n + i]), abs(matrix[j * n + j]))) {
      throw .notPositiveDefinite(what)
    }
  }
  do throws(DecompositionError) {
    let (values, vectors) = try Linear.symmetricEigen(matrix, order: n)
    guard values[0] > 1e-14 * values[n - 1] else { throw DecompositionError.notFinite(routine: "root") }
    var root = [Double](repeating: 0, count: n * n)
    for k in 0..<n {
      let scale = 1 / values[k].squareRoot()
      for i in 0..<n { for j in 0..<n { root[i * n + j] += scale * vectors[k * n + i] * vectors[k * n + j] } }
    }
    return root
  } catch {
    if case .notFinite = error { throw .notPositiveDefinite(what) }
    throw .decomposition(error)
  }
}
