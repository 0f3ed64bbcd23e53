import Glibc

/// Gauss-Legendre quadrature: exact for polynomials of degree 2n - 1.
///
/// Nodes are the roots of P_n on [-1, 1], found by Newton's method from cos(pi (i + 3/4)/(n + 1/2)); weights are
/// 2/((1 - x^2) P_n'(x)^2). Both to about 1e-15. Source: Abramowitz and Stegun 25.4.29.
public struct GaussLegendre: Sendable {
  /// The nodes in (-1, 1), rising, and their weights, which sum to 2.
  public let nodes: [Double], weights: [Double]
  /// The rule with `count >= 1` nodes.
  public init(nodes count: Int) {
    precondition(count >= 1, "a quadrature rule needs a node")
    var nodes = [Double](repeating: 0, count: count)
    var weights = nodes
    for i in 0..<count {
      // From the largest root down; symmetric rules come out symmetric to the last bit of the mirrored call.
      var x = cos(Double.pi * (Double(i) + 0.75) / (Double(count) + 0.5))
      if 2 * i + 1 == count { x = 0 }
      var slope = 1.0
      for _ in 0..<8 {
        let (value, derivative) = legendre(count, x)
        slope = derivative
        let step = value / derivative
        x -= step
        if abs(step) < 1e-16 { break }
      }
      nodes[count - 1 - i] = x
      weights[count - 1 - i] = 2 / ((1 - x * x) * slope * slope)
    }
    self.nodes = nodes
    self.weights = weights
  }
  /// The integral of `f` from `a` to `b`, summed in the order of the nodes.
  public func integral(from a: Double, to b: Double, _ f: (Double) -> Double) -> Double {
    let half = 0.5 * (b - a)
    let middle = 0.5 * (a + b)
    var sum = 0.0
    for i in nodes.indices { sum += weights[i] * f(middle + half * nodes[i]) }
    return half * sum
  }
}

/// P_n(x) and P_n'(x) by the three-term recurrence; |x| < 1.
private func legendre(_ n: Int, _ x: Double) -> (value: Double, derivative: Double) {
  var previous = 1.0
  var value = x
  for k in stride(from: 2, through: n, by: 1) {
    let next = (Double(2 * k - 1) * x * value - Double(k - 1) * previous) / Double(k)
    previous = value
    value = next
  }
  return (value, Double(n) * (previous - x * value) / (1 - x * x))
}
