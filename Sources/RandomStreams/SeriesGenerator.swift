/// xoshiro256++, one word at a time: the generator of kernels that take many single decisions in a row, owned by a band
/// of a lattice or a cluster and seeded from its place of use (`KeyedStreams.series`), so results do not depend on ranks.
///
/// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 36 (2021).
public struct SeriesGenerator: WordChoices, Sendable, Equatable {
  @usableFromInline var a: UInt64, b: UInt64, c: UInt64, d: UInt64

  /// A generator that starts at this state, which must not be zero in all words.
  @inlinable public init(state: SIMD4<UInt64>) { (a, b, c, d) = (state[0], state[1], state[2], state[3]) }

  @inlinable @inline(__always) public mutating func word() -> UInt64 {
    let sum = a &+ d
    let result = (sum &<< 23 | sum &>> 41) &+ a
    let t = b &<< 17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = d &<< 45 | d &>> 19
    return result
  }

  /// Without a branch: a uniform number of 53 digits lies below the probability.
  @inlinable @inline(__always) public mutating func accepts(_ probability: Double) -> Bool { uniform() < probability }

  /// One word gives four 15-bit numbers; where one of them equals the leading digits of the threshold (once in 8192
  /// calls), the other 49 digits decide by another word.
  @inlinable @inline(__always) public mutating func bernoulliFour(_ odds: FourOdds, where mask: UInt64) -> UInt64 {
    let numbers = word() & 0x7FFF_7FFF_7FFF_7FFF
    var accepted = odds.above &- numbers
    let ties = ~((numbers ^ odds.leading) &+ 0x7FFF_7FFF_7FFF_7FFF) & mask
    if ties != 0 { accepted |= settle(ties, odds.rest) }
    return accepted & mask
  }
  @inlinable @inline(never) mutating func settle(_ ties: UInt64, _ rest: UInt64) -> UInt64 {
    var left = ties, accepted: UInt64 = 0
    while left != 0 {
      let bit = left & (0 &- left)
      left ^= bit
      if word() &>> 15 < rest { accepted |= bit }
    }
    return accepted
  }
}

/// One probability in [0, 1), laid out for four comparisons at once; rounded down to a multiple of 2^-64.
public struct FourOdds: Sendable, Equatable {
  /// The probability.
  public let probability: Double
  /// The leading 15 digits in each of four fields of 16 bits; the same plus 2^15 - 1; the other 49 digits.
  @usableFromInline let leading: UInt64, above: UInt64, rest: UInt64
  /// The odds of `probability` in [0, 1).
  public init(_ probability: Double) {
    precondition(probability >= 0 && probability < 1, "a probability below one has digits")
    self.probability = probability
    let threshold = UInt64(probability * 0x1p64), fields: UInt64 = 0x0001_0001_0001_0001
    leading = (threshold >> 49) * fields
    // A field minus a number below 2^15 keeps its top bit exactly where the number is below the leading digits.
    above = ((threshold >> 49) + 0x7FFF) * fields
    rest = threshold & ((1 << 49) - 1)
  }
}
