import Glibc
import LinearAlgebra
import Runtime

/// phi^4 on tori of 3x3 and 4x4 sites without Monte Carlo: the bond weights exp(2 kappa phi phi') as sums of a few products,
/// so that a row of the lattice is a matrix over a few states for each site.
extension LatticeModelKnownValues {
  /// A10 and C-7.
  static func scalarExact() -> [KnownValue] {
    scalarExact(3, 0.22, 0.5, [0.189228050411, 0.568546117627, 0.666520684362], within: 1e-6)
      + scalarExact(4, 0.25, 0.5, [0.210012, 0.590984, 0.710012], within: 2e-6)
  }
  /// C-8.
  static func scalarExactOrdered() -> [KnownValue] {
    scalarExact(4, 0.34, 0.5, [0.66798, 0.92329, 1.40845], within: 2e-5)
      + scalarExact(3, 0.30, 1, [0.481620, 0.758152, 0.918048], within: 2e-5)
  }
  private static func scalarExact(_ size: Int, _ kappa: Double, _ lambda: Double, _ expected: [Double], within tolerance: Double)
    -> [KnownValue]
  {
    // Differences of ln Z: the error of second order in the step is below 1e-8.
    let step = 1e-4
    func slope(_ change: (Double) -> ScalarTorus) -> Double {
      (change(step).logPartition(size: size) - change(-step).logPartition(size: size)) / (2 * step)
    }
    let sites = Double(size * size)
    let found = [
      slope { ScalarTorus(kappa: kappa + $0 / 2, lambda: lambda) } / (2 * sites),
      -slope { ScalarTorus(kappa: kappa, lambda: lambda, square: $0) } / sites,
      -slope { ScalarTorus(kappa: kappa, lambda: lambda, fourth: $0) } / sites,
    ]
    return compare(
      "phi^4, \(size)x\(size), kappa = \(kappa), lambda = \(lambda), transfer of rows", ["<phi phi'>", "<phi^2>", "<phi^4>"], expected,
      found, within: tolerance)
  }
}

/// ln Z of phi^4 with the terms `square` phi^2 and `fourth` phi^4 added to the action of each site.
private struct ScalarTorus {
  var kappa: Double, lambda: Double, square = 0.0, fourth = 0.0
  /// States of a bond: half of them even in phi, half odd, alternating.
  private var rank: Int { 8 }
  private var grid: [Double] { (-40...40).map { 0.1 * Double($0) } }

  /// The fourth root of the site's weight, times sqrt(c_k) f_k(phi) for each state k of a bond, `[rank, grid]`, where
  /// exp(2 kappa phi phi') = sum_k c_k f_k(phi) f_k(phi'): the largest eigenvectors of the even and of the odd part.
  private var factors: [[Double]] {
    let grid = grid,
      roots = grid.map { x in
        let y = x * x
        return exp(-((1 + square) * y + lambda * (y - 1) * (y - 1) + fourth * y * y) / 4)
      }
    func eigenvectors(_ part: (Double) -> Double) -> [[Double]] {
      var rest = zip(grid, roots).map { x, u in zip(grid, roots).map { y, v in part(2 * kappa * x * y) * u * v } }
      func applied(_ v: [Double]) -> [Double] { rest.map { row in zip(row, v).reduce(0) { $0 + $1.0 * $1.1 } } }
      func norm(_ v: [Double]) -> Double { v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      return (0..<rank / 2).map { _ in
        // Eigenvalues fall by a factor of ten and more, so powers converge at once.
        var vector = rest[rest.count - 10], value = 0.0
        for _ in 0..<60 {
          vector = applied(vector)
          value = norm(vector)
          vector = vector.map { $0 / value }
          value = norm(applied(vector))
        }
        for i in rest.indices {
          for j in rest.indices { rest[i][j] -= value * vector[i] * vector[j] }
        }
        return vector.map { $0 * value.squareRoot() }
      }
    }
    return zip(eigenvectors(cosh), eigenvectors(sinh)).flatMap { [$0, $1] }
  }

  /// The trace of the `size`-th power of the row matrix, of even size as a square of the half power.
  func logPartition(size: Int) -> Double {
    let r = rank, rows = chain(2), rest = chain(size - 2), left = r * r, right = size == 4 ? r * r : r, n = left * right
    // Both chains as matrices [(below, above), (first bond, last bond)], the second with its bonds exchanged.
    var row = [Double](repeating: 0, count: left * left * right * right)
    Linear.multiply(rows, transposed: false, rest, transposed: true, rows: left * left, inner: r * r, columns: right * right, into: &row)
    // [below, above] of the whole row, even and odd states apart: the number of odd bonds below and above has one parity.
    func parity(_ state: Int) -> Int { (state / right).oddDigits(base: r) ^ (state % right).oddDigits(base: r) }
    var trace = 0.0
    for wanted in 0...1 {
      let states = (0..<n).filter { parity($0) == wanted }, m = states.count
      var matrix = [Double](repeating: 0, count: m * m), square = matrix
      for (i, below) in states.enumerated() {
        for (j, above) in states.enumerated() {
          matrix[i * m + j] =
            row[((below / right) * left + above / right) * right * right + (below % right) * right + above % right]
        }
      }
      Linear.multiply(matrix, matrix, rows: m, inner: m, columns: m, into: &square)
      // Symmetric matrices: the sum over elements is the trace of the product.
      let other = size == 4 ? square : matrix
      for k in square.indices { trace += square[k] * other[k] }
    }
    return log(trace)
  }

  /// One or two sites in a row, `[below, above, first bond, last bond]` with sites' states joined; the second chain of a
  /// row wants its bonds the other way round, which by reflection is the same numbers.
  private func chain(_ length: Int) -> [Double] {
    let r = rank, f = factors, pairs = r * r
    // [(a, b), (c, d)] = sum over phi of the four factors.
    var products = (0..<pairs).flatMap { k in zip(f[k / r], f[k % r]).map { 0.1.squareRoot() * $0 * $1 } }
    let points = products.count / pairs
    var site = [Double](repeating: 0, count: pairs * pairs)
    Linear.multiply(products, transposed: false, products, transposed: true, rows: pairs, inner: points, columns: pairs, into: &site)
    if length == 1 { return site }
    // sum_h site[a, a', g, h] site[b, b', h, k] -> [(a, b), (a', b'), g, k].
    products = [Double](repeating: 0, count: pairs * r * pairs * r)
    Linear.multiply(site, site.rotated(r), rows: pairs * r, inner: r, columns: pairs * r, into: &products)
    var result = [Double](repeating: 0, count: pairs * pairs * pairs)
    for index in products.indices {
      let k = index % r, other = index / r % pairs, g = index / (r * pairs) % r, one = index / (r * pairs * r)
      let below = (one / r) * r + other / r, above = (one % r) * r + other % r
      result[((below * pairs + above) * r + g) * r + k] = products[index]
    }
    return result
  }
}

extension Int {
  /// The parity of the number of odd digits in this base.
  fileprivate func oddDigits(base: Int) -> Int {
    var rest = self, odd = 0
    while rest > 0 {
      odd ^= rest % base & 1
      rest /= base
    }
    return odd
  }
}

extension [Double] {
  /// `[b, b', h, k]` as `[h, (b, b', k)]`.
  fileprivate func rotated(_ r: Int) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    for index in indices {
      let k = index % r, h = index / r % r, pair = index / (r * r)
      result[(h * (count / (r * r)) + pair) * r + k] = self[index]
    }
    return result
  }
}
