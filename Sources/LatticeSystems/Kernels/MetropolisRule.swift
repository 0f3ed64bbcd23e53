import Glibc
public import RandomStreams

/// Metropolis: s is turned over with probability min(1, exp(-2 s (K h + B))).
public struct MetropolisRule: SpinRule {
  public let digits: [UInt64]
  @usableFromInline let hasField: Bool
  /// All ones where K < 0: unlike neighbours then count as like ones.
  @usableFromInline let inverse: SIMD8<UInt64>

  public init(coupling: Double, field: Double) {
    hasField = field != 0
    let k = abs(coupling), below = 1.0.nextDown
    inverse = SIMD8(repeating: coupling < 0 ? ~0 : 0)
    if hasField {
      // A certain move is one minus 2^-53: deciding it by digits keeps a single path.
      digits = DigitTable.words(
        [-1.0, 1].flatMap { s in
          (0...4).map { u in min(exp(-2 * s * (coupling * Double(2 * u - 4) + field)), below) }
        })
    } else {
      digits = DigitTable.words([min(exp(-8 * k), below), min(exp(-4 * k), below)])
    }
  }

  @inlinable @inline(__always) public func next(
    _ groups: (SpinGroup, SpinGroup, SpinGroup, SpinGroup), digits: DigitTable, lanes: inout some LaneChoices
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    let (p, q, r, s) = groups
    if hasField {
      func odds(_ group: SpinGroup) -> NeighbourOdds { NeighbourOdds(digits, group.spin, of: group) }
      let on = lanes.bernoulliFour((odds(p), odds(q), odds(r), odds(s)), where: (p.valid, q.valid, r.valid, s.valid))
      return (p.spin ^ on.0, q.spin ^ on.1, r.spin ^ on.2, s.spin ^ on.3)
    }
    let (pFree, pOdds) = against(p, digits), (qFree, qOdds) = against(q, digits)
    let (rFree, rOdds) = against(r, digits), (sFree, sOdds) = against(s, digits)
    let on = lanes.bernoulliFour(
      (pOdds, qOdds, rOdds, sOdds), where: (p.valid & ~pFree, q.valid & ~qFree, r.valid & ~rFree, s.valid & ~sFree))
    return (
      p.spin ^ (pFree & p.valid | on.0), q.spin ^ (qFree & q.valid | on.1), r.spin ^ (rFree & r.valid | on.2),
      s.spin ^ (sFree & s.valid | on.3)
    )
  }

  /// The neighbours that pull the other way: two or more make the move free, one costs exp(-4K), none exp(-8K).
  @inlinable @inline(__always) func against(_ group: SpinGroup, _ digits: DigitTable) -> (free: SIMD8<UInt64>, odds: TwoOdds) {
    let spin = group.spin ^ inverse
    let p = spin ^ group.a, q = spin ^ group.b, r = spin ^ group.c, t = spin ^ group.d
    let pq = p | q, rt = r | t
    return ((p & q) | (r & t) | (pq & rt), TwoOdds(digits, second: pq | rt))
  }
}
