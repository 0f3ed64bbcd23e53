import Glibc
public import RandomStreams

/// Heat bath: the new spin is +1 with probability 1 / (1 + exp(-2 (K h + B))), whatever the old one was.
public struct HeatBathRule: SpinRule {
  public let digits: [UInt64]
  public init(coupling: Double, field: Double) {
    let up = (0...4).map { u in
      min(1 / (1 + exp(-2 * (coupling * Double(2 * u - 4) + field))), 1.0.nextDown)
    }
    digits = DigitTable.words(up + up)
  }

  @inlinable @inline(__always) public func next(
    _ take: () -> SpinGroup, digits: DigitTable, lanes: inout some LaneChoices
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    func odds() -> (odds: NeighbourOdds, valid: SIMD8<UInt64>) {
      let group = take()
      return (NeighbourOdds(digits, SIMD8(), of: group), group.valid)
    }
    let p = odds(), q = odds(), r = odds(), s = odds()
    return lanes.bernoulliFour((p.odds, q.odds, r.odds, s.odds), where: (p.valid, q.valid, r.valid, s.valid))
  }
}
