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
    _ spin: SIMD8<UInt64>, _ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>, _ d: SIMD8<UInt64>,
    valid: SIMD8<UInt64>, digits: DigitTable, lanes: inout some LaneChoices
  ) -> SIMD8<UInt64> {
    if hasField { return spin ^ lanes.bernoulli(NeighbourOdds(digits, spin, a, b, c, d), where: valid) }
    // Neighbours that pull the other way: two or more make the move free, one costs exp(-4K), none exp(-8K).
    let s = spin ^ inverse
    let p = s ^ a, q = s ^ b, r = s ^ c, t = s ^ d
    let pq = p | q, rt = r | t
    let one = pq | rt, two = (p & q) | (r & t) | (pq & rt)
    return spin ^ ((two & valid) | lanes.bernoulli(TwoOdds(digits, second: one), where: valid & ~two))
  }
}
