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
      let two = DigitTable.words([min(exp(-8 * k), below), min(exp(-4 * k), below)])
      digits = two + (0..<64).map { two[$0] ^ two[64 + $0] }
    }
  }

  @inlinable @inline(__always) public func next(
    _ source: inout some SpinSource, digits: DigitTable, lanes: inout some LaneChoices
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    if hasField {
      let p = source.take(), pOdds = NeighbourOdds(digits, p.spin, of: p), first = lanes.begin(pOdds, where: p.valid)
      let q = source.take(), qOdds = NeighbourOdds(digits, q.spin, of: q), second = lanes.begin(qOdds, where: q.valid)
      let r = source.take(), rOdds = NeighbourOdds(digits, r.spin, of: r), third = lanes.begin(rOdds, where: r.valid)
      let s = source.take(), sOdds = NeighbourOdds(digits, s.spin, of: s), fourth = lanes.begin(sOdds, where: s.valid)
      let on = lanes.endFour((pOdds, qOdds, rOdds, sOdds), (first, second, third, fourth))
      return (p.spin ^ on.0, q.spin ^ on.1, r.spin ^ on.2, s.spin ^ on.3)
    }
    let p = noField(source.take(), digits), first = lanes.begin(p.odds, where: p.open)
    let q = noField(source.take(), digits), second = lanes.begin(q.odds, where: q.open)
    let r = noField(source.take(), digits), third = lanes.begin(r.odds, where: r.open)
    let s = noField(source.take(), digits), fourth = lanes.begin(s.odds, where: s.open)
    let on = lanes.endFour((p.odds, q.odds, r.odds, s.odds), (first, second, third, fourth))
    return (p.spin ^ on.0, q.spin ^ on.1, r.spin ^ on.2, s.spin ^ on.3)
  }

  /// The spins after their free moves, those that may turn yet, and the odds of that. Neighbours that pull the other way:
  /// two or more make the move free, one costs exp(-4K), none exp(-8K).
  @inlinable @inline(__always) func noField(
    _ group: SpinGroup, _ digits: DigitTable
  ) -> (spin: SIMD8<UInt64>, open: SIMD8<UInt64>, odds: TwoOdds) {
    let spin = group.spin ^ inverse
    let p = spin ^ group.a, q = spin ^ group.b, r = spin ^ group.c, t = spin ^ group.d
    let pq = p | q, rt = r | t
    let free = (p & q) | (r & t) | (pq & rt)
    return (group.spin ^ (free & group.valid), group.valid & ~free, TwoOdds(digits, second: pq | rt))
  }
}
