internal import Glibc

/// Chebyshev-Lobatto points rho_j = L (1 + cos(pi j / n)) / 2 on [0, L], j = 0 ... n (from L down to 0), with the matrices
/// that differentiate the interpolating polynomial. Source: L. Trefethen, "Spectral Methods in MATLAB" (2000), chapter 6.
struct ChebyshevGrid: Sendable, Equatable {
  let count: Int, length: Double
  /// rho_j, and the first and second derivative as row-major `[count, count]` matrices.
  let places: [Double], first: [Double], second: [Double]

  /// A grid of `count >= 3` points on [0, length].
  init(count: Int, length: Double) {
    let n = count - 1
    var first = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      var sum = 0.0
      for j in 0..<count where j != i {
        // x_i - x_j as a product of sines, exact also for neighbours near the ends.
        let difference = 2 * sin(.pi * Double(i + j) / Double(2 * n)) * sin(.pi * Double(j - i) / Double(2 * n))
        let value = Self.weight(i, n) / Self.weight(j, n) * ((i + j) % 2 == 0 ? 1 : -1) / difference * 2 / length
        first[i * count + j] = value
        sum += value
      }
      // Rows sum to zero: the derivative of a constant, in which rounding otherwise shows first.
      first[i * count + i] = -sum
    }
    var second = [Double](repeating: 0, count: count * count)
    for i in 0..<count {
      for k in 0..<count {
        let factor = first[i * count + k]
        for j in 0..<count { second[i * count + j] += factor * first[k * count + j] }
      }
    }
    self.count = count
    self.length = length
    self.first = first
    self.second = second
    places = (0..<count).map { j in
      let half = cos(.pi * Double(j) / Double(2 * n))
      return j == n ? 0 : length * half * half
    }
  }

  /// 2 at both ends, 1 between: the ends' share of the barycentric weights.
  private static func weight(_ j: Int, _ n: Int) -> Double { j == 0 || j == n ? 2 : 1 }

  /// A matrix of the grid times values on it.
  func derivative(_ matrix: [Double], _ values: [Double]) -> [Double] {
    (0..<count).map { row in
      var sum = 0.0
      for column in 0..<count { sum += matrix[row * count + column] * values[column] }
      return sum
    }
  }

  /// The interpolating polynomial at any rho (barycentric formula).
  func value(_ values: [Double], at rho: Double) -> Double {
    var numerator = 0.0, denominator = 0.0
    for j in 0..<count {
      let distance = rho - places[j]
      if abs(distance) < 1e-15 * length { return values[j] }
      let factor = (j % 2 == 0 ? 1 : -1) / (Self.weight(j, count - 1) * distance)
      numerator += factor * values[j]
      denominator += factor
    }
    return numerator / denominator
  }

  /// The largest rho below which the values, from rho = L down, stay above zero; nil where they do not change sign.
  func zero(of values: [Double]) -> Double? {
    guard values[0] > 0, let after = values.firstIndex(where: { $0 <= 0 }) else { return nil }
    var low = places[after], high = places[after - 1]
    for _ in 0..<100 {
      let middle = 0.5 * (low + high)
      if middle == low || middle == high { break }
      if value(values, at: middle) > 0 { high = middle } else { low = middle }
    }
    return 0.5 * (low + high)
  }
}
