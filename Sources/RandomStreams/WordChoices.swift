/// Decisions made from uniform 64-bit words: a generator states `word` alone.
public protocol WordChoices: RandomChoices {}

extension WordChoices {
  /// True where a uniform word lies below `probability` 2^64: the true probability is `probability` rounded down to a
  /// multiple of 2^-64, which is exact from 2^-11 up.
  @inlinable public mutating func bernoulli(_ probability: Double) -> Bool {
    if probability <= 0 { return false }
    if probability >= 1 { return true }
    return word() < UInt64(probability * 0x1p64)
  }

  /// Unbiased, by multiplication and rejection (Lemire, ACM TOMACS 29, 3 (2019)).
  @inlinable public mutating func index(below count: Int) -> Int {
    precondition(count >= 1, "an index needs a range")
    if count == 1 { return 0 }
    let n = UInt64(count)
    var (high, low) = word().multipliedFullWidth(by: n)
    if low < n {
      let least = (0 &- n) % n
      while low < least { (high, low) = word().multipliedFullWidth(by: n) }
    }
    return Int(high)
  }

  /// Compares the threshold with all 64 uniform numbers at once, one binary digit per random word, most significant
  /// first, until every decision is made: 7 or 8 words on average.
  @inlinable public mutating func bernoulliWord(_ probability: Double, where mask: UInt64) -> UInt64 {
    if probability <= 0 || mask == 0 { return 0 }
    if probability >= 1 { return mask }
    var threshold = UInt64(probability * 0x1p64), undecided = mask, accepted: UInt64 = 0
    while undecided != 0 && threshold != 0 {
      let u = word()
      if threshold >> 63 == 1 {
        accepted |= undecided & ~u
        undecided &= u
      } else {
        undecided &= ~u
      }
      threshold &<<= 1
    }
    return accepted
  }
}
