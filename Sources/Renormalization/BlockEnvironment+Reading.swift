internal import Glibc
internal import LinearAlgebra

extension BlockEnvironment {
  /// What a reading of E that is linear in its spins can have at most of I(H:E), in nats, exactly: the largest
  ///
  ///     ln 2 + <ln q(h | E)>,   q(h | E) = 1 / (1 + exp(-2 h g)),   g = sum of a spin's or corner's weight times its value
  ///
  /// over the weights of the eight spins across and of the four corners' sums, for a coarse spin that is up with probability `rule[v]`
  /// and as often up as down. It says how loose `EnvironmentBound` is, at most: there the two spins of a corner have a weight each. Newton's
  /// iteration on a concave function.
  public func linearReading(_ rule: [Double]) -> Double {
    precondition(rule.count == 16, "a probability for each state of the block")
    let width = 12
    var up = [Double](repeating: 0, count: Self.classes), all = up
    for v in 0..<16 {
      for e in 0..<Self.classes {
        let p = law[v * Self.classes + e]
        all[e] += p
        up[e] += rule[v] * p
      }
    }
    let spins = (0..<Self.classes).flatMap { e -> [Double] in
      var corners = e >> 8
      return (0..<width).map { k in
        if k < 8 { return Double(2 * (e >> k & 1) - 1) }
        defer { corners /= 3 }
        return Double(2 * (corners % 3) - 2)
      }
    }
    func field(_ e: Int, _ weights: [Double]) -> Double { (0..<width).reduce(0) { $0 + weights[$1] * spins[e * width + $1] } }
    func value(_ weights: [Double]) -> Double {
      var sum = log(2.0)
      for e in 0..<Self.classes {
        let g = field(e, weights), least = -log1p(exp(-2 * abs(g)))
        sum += up[e] * (least - (g < 0 ? 2 * abs(g) : 0)) + (all[e] - up[e]) * (least - (g > 0 ? 2 * abs(g) : 0))
      }
      return sum
    }
    var weights = [Double](repeating: 0, count: width), best = value(weights)
    for _ in 0..<50 {
      var slope = [Double](repeating: 0, count: width), curvature = [Double](repeating: 0, count: width * width)
      for e in 0..<Self.classes {
        let mean = tanh(field(e, weights)), error = 2 * up[e] - all[e] - all[e] * mean, bend = all[e] * (1 - mean * mean)
        for a in 0..<width {
          slope[a] += error * spins[e * width + a]
          for b in 0..<width { curvature[a * width + b] += bend * spins[e * width + a] * spins[e * width + b] }
        }
      }
      guard let change = Linear.solve(curvature, order: width, right: slope) else { break }
      var step = 1.0, next = weights, found = -Double.infinity
      while step > 1e-6 {
        next = zip(weights, change).map { $0 + step * $1 }
        found = value(next)
        if found >= best - 1e-15 { break }
        step /= 2
      }
      guard found >= best - 1e-15 else { break }
      let gain = found - best
      (weights, best) = (next, max(best, found))
      if gain < 1e-14 { break }
    }
    return best
  }
}
