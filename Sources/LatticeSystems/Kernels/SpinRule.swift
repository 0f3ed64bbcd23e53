public import RandomStreams

/// 512 spins of one colour, one bit each, and their neighbours.
public struct SpinGroup: Sendable {
  /// The spins, their four neighbours, and the bits that stand for spins.
  @usableFromInline var spin: SIMD8<UInt64>, a: SIMD8<UInt64>, b: SIMD8<UInt64>, c: SIMD8<UInt64>, d: SIMD8<UInt64>
  @usableFromInline var valid: SIMD8<UInt64>
  @inlinable @inline(__always) init(
    _ spin: SIMD8<UInt64>, _ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>, _ d: SIMD8<UInt64>, valid: SIMD8<UInt64>
  ) {
    (self.spin, self.a, self.b, self.c, self.d, self.valid) = (spin, a, b, c, d, valid)
  }
  /// No spins.
  @inlinable @inline(__always) init() {
    self.init(SIMD8(), SIMD8(), SIMD8(), SIMD8(), SIMD8(), valid: SIMD8())
  }
}

/// Where a rule takes groups of spins from, one after another.
public protocol SpinSource {
  /// The next group; after the last one groups without valid bits.
  mutating func take() -> SpinGroup
}

/// How a spin is given its next value when its neighbours stand still, for four groups of 512 spins at a time.
///
/// Law: each spin's move leaves exp(s (K h + B)) invariant, h being the sum of its four neighbours.
public protocol SpinRule: Sendable {
  /// The rule at the coupling K and the field B, both finite.
  init(coupling: Double, field: Double)
  /// Binary digits of the probabilities that `next` decides with, read 64 words to a probability.
  var digits: [UInt64] { get }
  /// The next four groups of `source` after the move, for bits of their `valid`; other bits of the result are as before or
  /// zero. A group is taken when it is dealt with, so that few vectors are alive at a time.
  func next(
    _ source: inout some SpinSource, digits: DigitTable, lanes: inout some LaneChoices
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
}

extension SpinRule {
  /// The rule for `model`.
  public init(_ model: IsingModel) { self.init(coupling: model.coupling, field: model.field) }
}

/// Where a rule's digits lie while a kernel runs.
@safe public struct DigitTable {
  @usableFromInline let base: UnsafePointer<UInt64>
  /// The digits in `words`, which must outlive the table and not be empty.
  @unsafe @inlinable public init(_ words: UnsafeBufferPointer<UInt64>) { unsafe base = words.baseAddress! }
  /// Digit `index` of probability `number`.
  @inlinable @inline(__always) func callAsFunction(_ number: Int, _ index: Int) -> SIMD8<UInt64> {
    unsafe SIMD8(repeating: base[64 &* number &+ index])
  }
  /// All digits of probability `number` as a number.
  @inlinable func probability(_ number: Int) -> Double {
    var threshold: UInt64 = 0
    for i in 0..<64 { threshold |= unsafe (base[64 &* number &+ i] & 1) &<< UInt64(63 &- i) }
    return Double(threshold) * 0x1p-64
  }
  /// The table of these probabilities, each below one.
  @usableFromInline static func words(_ probabilities: [Double]) -> [UInt64] {
    probabilities.flatMap { p in
      let digits = ProbabilityDigits(p).words
      return (0..<64).map { digits[$0] }
    }
  }
}

/// Two probabilities: number 1 where `second` is set, number 0 elsewhere. Number 2 of the table has the digits in which they
/// differ.
public struct TwoOdds: LaneOdds {
  @usableFromInline let table: DigitTable, second: SIMD8<UInt64>
  @inlinable @inline(__always) init(_ table: DigitTable, second: SIMD8<UInt64>) {
    self.table = table
    self.second = second
  }
  @inlinable @inline(__always) public func digits(_ index: Int) -> SIMD8<UInt64> {
    // One operation less than a choice by `second` and its complement.
    table(0, index) ^ (second & table(2, index))
  }
  @inlinable @inline(__always) public var digitCount: Int { 64 }
  @inlinable public func probability(lane: Int, bit: Int) -> Double {
    table.probability(second[lane] &>> UInt64(bit) & 1 == 1 ? 1 : 0)
  }
  @inlinable @inline(__always) public static func joined(
    _ odds: (Self, Self, Self, Self), on masks: (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
  ) -> Self {
    let low = (odds.0.second & masks.0) | (odds.1.second & masks.1), high = (odds.2.second & masks.2) | (odds.3.second & masks.3)
    return TwoOdds(odds.0.table, second: low | high)
  }
}

/// A probability for each spin value s and number u of neighbours that are up, number 5 s + u of the table: the general
/// case, with a field.
public struct NeighbourOdds: LaneOdds {
  @usableFromInline let table: DigitTable, spin: SIMD8<UInt64>
  /// The number of neighbours that are up, binary.
  @usableFromInline let ones: SIMD8<UInt64>, twos: SIMD8<UInt64>, fours: SIMD8<UInt64>
  @inlinable @inline(__always) init(
    _ table: DigitTable, _ spin: SIMD8<UInt64>, of group: SpinGroup
  ) {
    let a = group.a, b = group.b, c = group.c, d = group.d
    let x = a ^ b, y = c ^ d, ab = a & b, cd = c & d
    self.init(table, spin, ones: x ^ y, twos: ab ^ cd ^ (x & y), fours: ab & cd)
  }
  @inlinable @inline(__always) init(
    _ table: DigitTable, _ spin: SIMD8<UInt64>, ones: SIMD8<UInt64>, twos: SIMD8<UInt64>, fours: SIMD8<UInt64>
  ) {
    (self.table, self.spin, self.ones, self.twos, self.fours) = (table, spin, ones, twos, fours)
  }
  @inlinable public static func joined(
    _ odds: (Self, Self, Self, Self), on masks: (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
  ) -> Self {
    func join(
      _ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>, _ d: SIMD8<UInt64>
    ) -> SIMD8<UInt64> {
      let low = (a & masks.0) | (b & masks.1), high = (c & masks.2) | (d & masks.3)
      return low | high
    }
    let (p, q, r, s) = odds
    return NeighbourOdds(
      p.table, join(p.spin, q.spin, r.spin, s.spin), ones: join(p.ones, q.ones, r.ones, s.ones),
      twos: join(p.twos, q.twos, r.twos, s.twos), fours: join(p.fours, q.fours, r.fours, s.fours))
  }
  @inlinable public func digits(_ index: Int) -> SIMD8<UInt64> {
    let one = ones, two = twos, four = fours
    func digit(_ s: Int) -> SIMD8<UInt64> {
      let low = (table(5 &* s &+ 1, index) & one) | (table(5 &* s, index) & ~one)
      let high = (table(5 &* s &+ 3, index) & one) | (table(5 &* s &+ 2, index) & ~one)
      return (table(5 &* s &+ 4, index) & four) | (((high & two) | (low & ~two)) & ~four)
    }
    return (digit(1) & spin) | (digit(0) & ~spin)
  }
  @inlinable public var digitCount: Int { 64 }
  @inlinable public func probability(lane: Int, bit: Int) -> Double {
    func at(_ v: SIMD8<UInt64>) -> Int { Int(v[lane] &>> UInt64(bit) & 1) }
    return table.probability(5 * at(spin) + at(ones) + 2 * at(twos) + 4 * at(fours))
  }
}
