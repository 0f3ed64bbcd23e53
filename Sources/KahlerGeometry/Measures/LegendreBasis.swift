internal import Statistics

/// Legendre polynomials up to a degree on the nodes of a quadrature rule over [-1, 1]: functions of z on the sphere against the
/// uniform probability measure dz/2.
public struct LegendreBasis: Sendable {
  /// The largest degree L; the nodes t, rising; their weights, which sum to 1.
  public let degree: Int, nodes: [Double], weights: [Double]
  /// P_l and (1 - t^2)^(1/2) P_l' at the nodes, `[L + 1, nodes]`.
  public let values: [Double], slopes: [Double]

  /// L >= 1 and at least L + 1 nodes.
  public init(degree: Int, nodes count: Int) {
    precondition(degree >= 1 && count > degree, "more nodes than polynomials")
    let rule = GaussLegendre(nodes: count)
    self.degree = degree
    nodes = rule.nodes
    weights = rule.weights.map { $0 / 2 }
    var values = [Double](repeating: 0, count: (degree + 1) * count), slopes = values
    for (q, t) in rule.nodes.enumerated() {
      values[q] = 1
      values[count + q] = t
      for l in 2..<max(3, degree + 1) where l <= degree {
        values[l * count + q] =
          (Double(2 * l - 1) * t * values[(l - 1) * count + q] - Double(l - 1) * values[(l - 2) * count + q]) / Double(l)
      }
      for l in 1...degree {
        slopes[l * count + q] = Double(l) * (values[(l - 1) * count + q] - t * values[l * count + q]) / (1 - t * t).squareRoot()
      }
    }
    (self.values, self.slopes) = (values, slopes)
  }

  /// sum_q weight_q f_q P_l(t_q) for l = 0 ... L.
  public func moments(of f: [Double]) -> [Double] {
    let count = nodes.count
    return (0...degree).map { l in
      var sum = 0.0
      for q in 0..<count { sum += weights[q] * f[q] * values[l * count + q] }
      return sum
    }
  }
  /// sum_l coefficients_l P_l at the nodes.
  public func sum(_ coefficients: [Double]) -> [Double] { combination(coefficients, values) }
  /// The same of (1 - t^2)^(1/2) P_l': minus the derivative by the polar angle.
  public func gradient(_ coefficients: [Double]) -> [Double] { combination(coefficients, slopes) }

  private func combination(_ coefficients: [Double], _ table: [Double]) -> [Double] {
    let count = nodes.count
    var f = [Double](repeating: 0, count: count)
    for (l, c) in coefficients.enumerated() where c != 0 {
      for q in 0..<count { f[q] += c * table[l * count + q] }
    }
    return f
  }
}
