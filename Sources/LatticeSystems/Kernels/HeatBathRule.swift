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
    _ spin: SIMD8<UInt64>, _ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>, _ d: SIMD8<UInt64>,
    valid: SIMD8<UInt64>, digits: DigitTable, lanes: inout some LaneChoices
  ) -> SIMD8<UInt64> {
    lanes.bernoulli(NeighbourOdds(digits, SIMD8(), a, b, c, d), where: valid)
  }
}
