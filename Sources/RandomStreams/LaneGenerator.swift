public import CVectors

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
    advance()
    return result
  }

  @inlinable @inline(__always) mutating func advance() {
    let t = b &<< 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = SIMD8<UInt64>.rotateLeft(d, 45)
  }

  /// The next word of each lane with the plain sum of two words of the state as output, xoshiro256+ of the same source: two
  /// operations less of nine. The lowest bit of a lane is a linear sequence of order 256 with many taps, uniform in 256
  /// consecutive words; carries mix the others.
  @inlinable @inline(__always) mutating func sum() -> SIMD8<UInt64> {
    let result = a &+ d
    advance()
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
      for offset in 0..<4 { compare(next(), odds.digits(index &+ offset), &undecided, &accepted) }
      index &+= 4
      if index >= 8 && isZero(undecided) { return accepted }
    }
    while index < count {
      compare(next(), odds.digits(index), &undecided, &accepted)
      index &+= 1
    }
    return accepted
  }

  /// How many digits `begin` compares, before `endFour` joins what they leave open.
  @inlinable static var leadingDigits: Int { 7 }

  /// Compares the leading digits, the last of them first, which takes fewer operations.
  ///
  /// Where a vector register holds four lanes the two halves go one after the other: the state of eight lanes and what the
  /// comparison needs do not fit sixteen registers.
  @inlinable @inline(__always) public mutating func begin(
    _ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>
  ) -> (on: SIMD8<UInt64>, open: SIMD8<UInt64>) {
    if instruction_set_level() == 3 {
      var (low, high) = halves(open: mask)
      for offset in 1...Self.leadingDigits { low.lead(half(odds.digits(Self.leadingDigits &- offset)).low) }
      for offset in 1...Self.leadingDigits { high.lead(half(odds.digits(Self.leadingDigits &- offset)).high) }
      take(low, high)
      return (joined(low.below, high.below) & mask, joined(low.open, high.open))
    }
    var below = SIMD8<UInt64>(), open = mask
    for offset in 1...Self.leadingDigits {
      let threshold = odds.digits(Self.leadingDigits &- offset), differs = sum() ^ threshold
      below = (differs & threshold) | (below & ~differs)
      open &= ~differs
    }
    return (below & mask, open)
  }

  /// The first seven digits leave one decision in 128 open, some four of 512. Those of the four groups seldom stand at the
  /// same bit, so one row of words decides all that do not, which spares three quarters of the further words: some 9
  /// words for 512 decisions.
  @inlinable @inline(__always) public mutating func endFour<Odds: LaneOdds>(
    _ odds: (Odds, Odds, Odds, Odds), _ begun: (Begun, Begun, Begun, Begun)
  ) -> (SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>) {
    var (first, second, third, fourth) = (begun.0.on, begun.1.on, begun.2.on, begun.3.on)
    var (firstOpen, secondOpen, thirdOpen, fourthOpen) = (begun.0.open, begun.1.open, begun.2.open, begun.3.open)
    while true {
      let two = firstOpen | secondOpen, three = two | thirdOpen, all = three | fourthOpen
      if isZero(all) { return (first, second, third, fourth) }
      // A bit that several groups leave open belongs to the first of them in this round.
      let mine = (firstOpen, secondOpen & ~firstOpen, thirdOpen & ~two, fourthOpen & ~three)
      let decided = compareRest(Odds.joined(odds, on: mine), where: all)
      first |= decided & mine.0
      second |= decided & mine.1
      third |= decided & mine.2
      fourth |= decided & mine.3
      firstOpen = SIMD8()
      secondOpen &= ~mine.1
      thirdOpen &= ~mine.2
      fourthOpen &= ~mine.3
    }
  }

  /// Compares the digits after the leading ones, three at a time.
  @inlinable @inline(__always) mutating func compareRest(
    _ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>
  ) -> SIMD8<UInt64> {
    var index = Self.leadingDigits
    if instruction_set_level() == 3 {
      var (low, high) = halves(open: mask)
      for _ in 0..<3 {
        let digits = half(odds.digits(index))
        low.decide(digits.low)
        high.decide(digits.high)
        index &+= 1
      }
      repeat {
        for _ in 0..<3 {
          let digits = half(odds.digits(index))
          low.decide(digits.low)
          high.decide(digits.high)
          index &+= 1
        }
      } while index < 64 && !isZero(joined(low.open, high.open))
      take(low, high)
      return joined(low.below, high.below)
    }
    var undecided = mask, accepted = SIMD8<UInt64>()
    for _ in 0..<3 {
      compare(sum(), odds.digits(index), &undecided, &accepted)
      index &+= 1
    }
    repeat {
      for _ in 0..<3 {
        compare(sum(), odds.digits(index), &undecided, &accepted)
        index &+= 1
      }
    } while index < 64 && !isZero(undecided)
    return accepted
  }

  /// One more digit of every undecided comparison: a number is below its threshold where the first difference is a
  /// zero under a one.
  @inlinable @inline(__always) func compare(
    _ word: SIMD8<UInt64>, _ threshold: SIMD8<UInt64>, _ undecided: inout SIMD8<UInt64>, _ accepted: inout SIMD8<UInt64>
  ) {
    let differs = undecided & (word ^ threshold)
    accepted |= differs & threshold
    undecided &= ~differs
  }
}

extension LaneGenerator {
  /// The lanes as two halves that compare digits.
  @inlinable @inline(__always) func halves(open: SIMD8<UInt64>) -> (low: LaneHalf, high: LaneHalf) {
    let a = half(a), b = half(b), c = half(c), d = half(d), open = half(open)
    return (LaneHalf(a.low, b.low, c.low, d.low, open: open.low), LaneHalf(a.high, b.high, c.high, d.high, open: open.high))
  }
  /// Goes on where `halves` have got to.
  @inlinable @inline(__always) mutating func take(_ low: LaneHalf, _ high: LaneHalf) {
    a = joined(low.a, high.a)
    b = joined(low.b, high.b)
    c = joined(low.c, high.c)
    d = joined(low.d, high.d)
  }
}

/// Four of the lanes while they compare digits.
@usableFromInline struct LaneHalf {
  @usableFromInline var a: SIMD4<UInt64>, b: SIMD4<UInt64>, c: SIMD4<UInt64>, d: SIMD4<UInt64>
  @usableFromInline var below = SIMD4<UInt64>(), open: SIMD4<UInt64>

  @inlinable @inline(__always) init(
    _ a: SIMD4<UInt64>, _ b: SIMD4<UInt64>, _ c: SIMD4<UInt64>, _ d: SIMD4<UInt64>, open: SIMD4<UInt64>
  ) { (self.a, self.b, self.c, self.d, self.open) = (a, b, c, d, open) }

  /// `LaneGenerator.sum`.
  @inlinable @inline(__always) mutating func sum() -> SIMD4<UInt64> {
    let sum = a &+ d, t = b &<< 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = four_words_rotated(d, 45)
    return sum
  }
  /// One more digit, the last one first.
  @inlinable @inline(__always) mutating func lead(_ threshold: SIMD4<UInt64>) {
    let differs = sum() ^ threshold
    below = (differs & threshold) | (below & ~differs)
    open &= ~differs
  }
  /// One more digit, the first one first.
  @inlinable @inline(__always) mutating func decide(_ threshold: SIMD4<UInt64>) {
    let differs = open & (sum() ^ threshold)
    below |= differs & threshold
    open &= ~differs
  }
}

/// The halves of a vector.
@inlinable @inline(__always) func half(_ x: SIMD8<UInt64>) -> (low: SIMD4<UInt64>, high: SIMD4<UInt64>) {
  (x.lowHalf, x.highHalf)
}
@inlinable @inline(__always) func joined(_ low: SIMD4<UInt64>, _ high: SIMD4<UInt64>) -> SIMD8<UInt64> {
  SIMD8(lowHalf: low, highHalf: high)
}

/// Whether all 512 bits are zero.
@inlinable @inline(__always) func isZero(_ words: SIMD8<UInt64>) -> Bool {
  let half = words.lowHalf | words.highHalf
  let quarter = half.lowHalf | half.highHalf
  return quarter[0] | quarter[1] == 0
}
