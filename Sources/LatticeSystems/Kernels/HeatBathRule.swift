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
    _ source: inout some SpinSource, digits: DigitTable, lanes: inout some LaneChoices
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    let p = source.take(), pOdds = NeighbourOdds(digits, SIMD8(), of: p), first = lanes.begin(pOdds, where: p.valid)
    let q = source.take(), qOdds = NeighbourOdds(digits, SIMD8(), of: q), second = lanes.begin(qOdds, where: q.valid)
    let r = source.take(), rOdds = NeighbourOdds(digits, SIMD8(), of: r), third = lanes.begin(rOdds, where: r.valid)
    let s = source.take(), sOdds = NeighbourOdds(digits, SIMD8(), of: s), fourth = lanes.begin(sOdds, where: s.valid)
    return lanes.endFour((pOdds, qOdds, rOdds, sOdds), (first, second, third, fourth))
  }
}
