internal import Glibc
public import Statistics

/// Two lattices L and L / b at one coupling K, matched: L after n + 1 steps and L / b after n are of the same size, and near the fixed point
/// of one law but for the coupling's distance from it, which is lambda times larger for L.
///
///     dK_a = (<S_a>_L - <S_a>_(L/b)) / (d<S_a>/dK)_(L/b),   lambda = (d<S>/dK)_L / (d<S>/dK)_(L/b),   K_c = K - dK / (lambda - 1)
///
/// per site of the coarse lattices, S the first even operator in lambda and K_c. The lattices are independent: errors are those of the
/// jackknife over each with the other held, in quadrature, so that those of the responses are in them.
///
/// Source: K. G. Wilson 1979, unpublished; Swendsen in Real-Space Renormalization (Springer 1982).
public struct LatticeMatching: Sendable, Equatable {
  /// n, the steps of the smaller lattice.
  public let steps: Int
  /// dK by each even operator; not a number for one that does not respond.
  public let shifts: [Estimate]
  /// y_t = ln lambda / ln b, and K_c.
  public let exponent: Estimate, criticalCoupling: Estimate
}

extension MonteCarloRenormalization {
  /// This lattice's counts matched with those of a lattice smaller by one step, of the same operators, at coupling `coupling`; one for
  /// each n of at least 1 that both allow.
  public func matchings(
    _ counts: BlockedCounts, with smaller: MonteCarloRenormalization, _ smallerCounts: BlockedCounts, coupling: Double
  ) -> [LatticeMatching] {
    precondition(even == smaller.even && scale == smaller.scale, "the same operators and steps")
    precondition(shapes[1] == smaller.shapes[0], "lattices that are one step apart")
    let count = even.count, unit = log(Double(scale))
    /// All shifts, y_t and K_c from the values of both levels.
    func match(_ a: [Double], _ b: [Double]) -> [Double] {
      let shifts = (0..<count).map { (a[$0] - b[$0]) / b[count + $0] }, ratio = a[count] / b[count]
      return shifts + [log(ratio) / unit, coupling - shifts[0] / (ratio - 1)]
    }
    return (1..<smaller.shapes.count).filter { $0 + 1 < shapes.count }.map { n in
      let large = values(total(counts), n + 1), small = smaller.values(smaller.total(smallerCounts), n)
      let byLarge = jackknifed(counts) { match(values($0, n + 1), small) }
      let bySmall = smaller.jackknifed(smallerCounts) { match(large, smaller.values($0, n)) }
      let both = zip(byLarge, bySmall).map { Estimate(value: $0.value, error: hypot($0.error, $1.error)) }
      return LatticeMatching(
        steps: n, shifts: Array(both[..<count]), exponent: both[count], criticalCoupling: both[count + 1])
    }
  }
}
