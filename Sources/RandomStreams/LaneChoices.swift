/// The probability of each of 512 decisions, as the binary digits of 64-bit thresholds: the decision for bit b is true
/// with probability sum_i digit_i(b) 2^-(i+1).
public protocol LaneOdds {
  /// Digit `index` (0 is the most significant) of every decision's threshold.
  func digits(_ index: Int) -> SIMD8<UInt64>
  /// Digits from this index on are zero for every decision; at most 64.
  var digitCount: Int { get }
  /// The probability of the decision for bit `bit` of lane `lane`; what the digits add up to.
  func probability(lane: Int, bit: Int) -> Double
  /// Odds that are those of `odds.k` on the bits of `masks.k`; the masks have no bit in common.
  static func joined(
    _ odds: (Self, Self, Self, Self), on masks: (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
  ) -> Self
}

/// 512 random decisions at a time, asked for as decisions so that a law kit can enumerate them.
public protocol LaneChoices {
  /// 512 uniform bits. Not enumerable: a kernel that is to pass a law kit asks for decisions instead.
  mutating func next() -> SIMD8<UInt64>
  /// Each bit of `mask` is set in the result with the probability that `odds` gives it, other bits never.
  mutating func bernoulli(_ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>) -> SIMD8<UInt64>
  /// Begins 512 such decisions: those that are true, and those that are still open. By default none are.
  mutating func begin(_ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>) -> (on: SIMD8<UInt64>, open: SIMD8<UInt64>)
  /// Ends four times 512 decisions that `begin` began with `odds.k`: `begun.k` is what it gave.
  mutating func endFour<Odds: LaneOdds>(
    _ odds: (Odds, Odds, Odds, Odds), _ begun: (Begun, Begun, Begun, Begun)
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
}

extension LaneChoices {
  /// What `begin` gives.
  public typealias Begun = (on: SIMD8<UInt64>, open: SIMD8<UInt64>)

  @inlinable public mutating func begin(_ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>) -> Begun {
    (bernoulli(odds, where: mask), SIMD8())
  }
  @inlinable public mutating func endFour<Odds: LaneOdds>(
    _ odds: (Odds, Odds, Odds, Odds), _ begun: (Begun, Begun, Begun, Begun)
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    (begun.0.on, begun.1.on, begun.2.on, begun.3.on)
  }
  /// 2048 decisions: those of `odds.k` on `masks.k`, as `bernoulli` takes them.
  @inlinable @inline(__always) public mutating func bernoulliFour<Odds: LaneOdds>(
    _ odds: (Odds, Odds, Odds, Odds), where masks: (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    let first = begin(odds.0, where: masks.0), second = begin(odds.1, where: masks.1)
    let third = begin(odds.2, where: masks.2), fourth = begin(odds.3, where: masks.3)
    return endFour(odds, (first, second, third, fourth))
  }
}

/// The binary digits of one probability in [0, 1), each spread over a word (all ones or zero), for comparison with
/// many uniform numbers at once. `probability` is rounded down to a multiple of 2^-64 (exact from 2^-11 up).
public struct ProbabilityDigits: Sendable {
  /// Digit i, most significant first, as 0 or ~0.
  public let words: InlineArray<64, UInt64>
  /// Digits from here on are zero.
  public let count: Int
  /// The probability itself.
  public let value: Double
  /// The digits of `probability`, which lies in [0, 1).
  public init(_ probability: Double) {
    precondition(probability >= 0 && probability < 1, "a probability below one has digits")
    let threshold = UInt64(probability * 0x1p64)
    var words = InlineArray<64, UInt64>(repeating: 0)
    for i in 0..<64 { words[i] = 0 &- (threshold &>> UInt64(63 &- i) & 1) }
    self.words = words
    value = probability
    count = 64 - threshold.trailingZeroBitCount
  }
}

/// One probability for all decisions.
public struct UniformOdds: LaneOdds, Sendable {
  public let probability: ProbabilityDigits
  /// `probability` in [0, 1).
  public init(_ probability: Double) { self.probability = ProbabilityDigits(probability) }
  @inlinable @inline(__always) public func digits(_ index: Int) -> SIMD8<UInt64> {
    unsafe SIMD8(repeating: probability.words[unchecked: index])
  }
  @inlinable public var digitCount: Int { probability.count }
  @inlinable public func probability(lane: Int, bit: Int) -> Double { probability.value }
  /// The first; all four are to be the same.
  @inlinable @inline(__always) public static func joined(
    _ odds: (Self, Self, Self, Self), on masks: (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>)
  ) -> Self { odds.0 }
}

/// Lane decisions taken one by one from a generator, lowest bit of lane 0 first: the plain meaning of `LaneChoices`,
/// used where a law kit enumerates and where a generator has no lanes of its own.
public struct SequentialLanes<Generator: RandomChoices>: LaneChoices {
  /// Where the decisions come from.
  public var generator: Generator
  /// Lane decisions from `generator`.
  @inlinable public init(_ generator: Generator) { self.generator = generator }

  @inlinable public mutating func next() -> SIMD8<UInt64> {
    var words = SIMD8<UInt64>()
    for lane in 0..<8 { words[lane] = generator.word() }
    return words
  }

  @inlinable public mutating func bernoulli(_ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>) -> SIMD8<UInt64> {
    var accepted = SIMD8<UInt64>()
    for lane in 0..<8 {
      var rest = mask[lane]
      while rest != 0 {
        let bit = rest & (0 &- rest)
        if generator.bernoulli(odds.probability(lane: lane, bit: bit.trailingZeroBitCount)) { accepted[lane] |= bit }
        rest ^= bit
      }
    }
    return accepted
  }
}
