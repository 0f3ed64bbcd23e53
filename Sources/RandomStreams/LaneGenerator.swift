/// Eight xoshiro256++ generators side by side, 512 random bits a call: the generator of hot kernels, owned by a row, a
/// chain or a sample and seeded from its place of use (`KeyedStreams.lanes`), so results do not depend on ranks.
///
/// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 36 (2021). The lanes start
/// at independent random points of the period 2^256 - 1.
public struct LaneGenerator: LaneChoices, Sendable, Equatable {
  @usableFromInline var a: SIMD8<UInt64>, b: SIMD8<UInt64>, c: SIMD8<UInt64>, d: SIMD8<UInt64>

  /// Generators with the state words a, b, c, d; lane l must not be zero in all four.
  @inlinable public init(_ a: SIMD8<UInt64>, _ b: SIMD8<UInt64>, _ c: SIMD8<UInt64>, _ d: SIMD8<UInt64>) {
    self.a = a
    self.b = b
    self.c = c
    self.d = d
  }

  /// The 32 words of the state: the eight lanes of a, then of b, c and d.
  public var state: [UInt64] { [a, b, c, d].flatMap { v in (0..<8).map { v[$0] } } }
  /// A generator that goes on from `state`, which has 32 words.
  public init(state: [UInt64]) {
    precondition(state.count == 32, "the state of eight lanes has 32 words")
    func lanes(_ i: Int) -> SIMD8<UInt64> { SIMD8(state[8 * i..<8 * i + 8]) }
    self.init(lanes(0), lanes(1), lanes(2), lanes(3))
  }

  /// The next word of each lane.
  @inlinable @inline(__always) public mutating func next() -> SIMD8<UInt64> {
    let result = SIMD8<UInt64>.rotateLeft(a &+ d, 23) &+ a
    let t = b &<< 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = SIMD8<UInt64>.rotateLeft(d, 45)
    return result
  }

  /// Compares 512 uniform numbers with their thresholds, one binary digit per call of `next`, most significant first,
  /// until all decisions of the mask are made (looked at every fourth digit; some 11 digits on average).
  @inlinable @inline(__always) public mutating func bernoulli(
    _ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>
  ) -> SIMD8<UInt64> {
    var undecided = mask, accepted = SIMD8<UInt64>(), index = 0
    let count = odds.digitCount
    while index &+ 4 <= count {
      for offset in 0..<4 { compare(odds.digits(index &+ offset), &undecided, &accepted) }
      index &+= 4
      if index >= 8 && isZero(undecided) { return accepted }
    }
    while index < count {
      compare(odds.digits(index), &undecided, &accepted)
      index &+= 1
    }
    return accepted
  }

  /// One more digit of every undecided comparison: a number is below its threshold where the first difference is a
  /// zero under a one.
  @inlinable @inline(__always) mutating func compare(
    _ threshold: SIMD8<UInt64>, _ undecided: inout SIMD8<UInt64>, _ accepted: inout SIMD8<UInt64>
  ) {
    let differs = undecided & (next() ^ threshold)
    accepted |= differs & threshold
    undecided &= ~differs
  }
}

/// Whether all 512 bits are zero.
@inlinable @inline(__always) func isZero(_ words: SIMD8<UInt64>) -> Bool {
  let half = words.lowHalf | words.highHalf
  let quarter = half.lowHalf | half.highHalf
  return quarter[0] | quarter[1] == 0
}
