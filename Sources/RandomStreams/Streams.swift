/// The random decisions that an algorithm takes, asked for as decisions rather than as bits, so that a law kit can
/// walk every branch of them with its probability and so enumerate an exact transition matrix.
public protocol RandomChoices {
  /// A uniform 64-bit word. Not enumerable: a kernel that is to pass a law kit asks for decisions instead.
  mutating func word() -> UInt64
  /// True with this probability; `probability <= 0` is never, `>= 1` always, and both use no randomness.
  mutating func bernoulli(_ probability: Double) -> Bool
  /// The same for decisions that are as often certain as not, where a branch on that costs more than a word: a generator
  /// may use randomness for certain ones too, and round the probability up to a multiple of 2^-53. The default is
  /// `bernoulli`.
  mutating func accepts(_ probability: Double) -> Bool
  /// A uniform index in `0 ..< count`; count 1 uses no randomness.
  mutating func index(below count: Int) -> Int
  /// Up to 64 independent decisions: each bit of `mask` is set in the result with this probability, other bits never.
  /// The default asks `bernoulli` once for each bit of the mask, lowest bit first.
  mutating func bernoulliWord(_ probability: Double, where mask: UInt64) -> UInt64
  /// Up to four independent decisions, in bits 15, 31, 47 and 63: each such bit of `mask` is set in the result with the
  /// probability of `odds`; `mask` has no other bits. The default is `bernoulliWord`.
  mutating func bernoulliFour(_ odds: FourOdds, where mask: UInt64) -> UInt64
}

extension RandomChoices {
  @inlinable public mutating func accepts(_ probability: Double) -> Bool { bernoulli(probability) }
  @inlinable public mutating func bernoulliWord(_ probability: Double, where mask: UInt64) -> UInt64 {
    var rest = mask, accepted: UInt64 = 0
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if bernoulli(probability) { accepted |= bit }
      rest ^= bit
    }
    return accepted
  }
  @inlinable public mutating func bernoulliFour(_ odds: FourOdds, where mask: UInt64) -> UInt64 {
    bernoulliWord(odds.probability, where: mask)
  }
  /// Uniform in [0, 1) with 53 bits.
  @inlinable public mutating func uniform() -> Double { Double(word() &>> 11) * 0x1p-53 }
}

/// Random numbers as a pure function of where they are used: never of the rank, the order of work or the clock.
public protocol Streams: Sendable {
  /// What one place of use draws its decisions from.
  associatedtype Generator: RandomChoices
  /// What one place of use draws 512 decisions at a time from; by default `Generator`, asked bit by bit.
  associatedtype Lanes: LaneChoices = SequentialLanes<Generator>
  /// What one place of use draws many decisions from, one after another; by default `Generator`.
  associatedtype Series: RandomChoices = Generator
  /// The generator for one place of use. The same arguments give the same decisions, whoever asks and however often.
  func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Generator
  /// The source of lane decisions for one place of use, as pure as `generator`. A place is used with one of the three.
  func lanes(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Lanes
  /// The source of many single decisions for one place of use, as pure as `generator` and cheaper for each decision.
  func series(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Series
}

extension Streams where Series == Generator {
  @inlinable public func series(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Series {
    generator(replica: replica, step: step, site: site, purpose: purpose)
  }
}

extension Streams where Lanes == SequentialLanes<Generator> {
  @inlinable public func lanes(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Lanes {
    SequentialLanes(generator(replica: replica, step: step, site: site, purpose: purpose))
  }
}

/// What a random number is for. The raw values go into the keys: they are never reused or renumbered.
public enum Purpose: UInt8, Sendable, CaseIterable {
  case initial = 0
  case proposal = 1
  case acceptance = 2
  case bond = 3
  case label = 4
  case tie = 5
  case exchange = 6
  case batch = 7
  case hidden = 8
  case visible = 9
  case permutation = 10
  case weights = 11
  case bootstrap = 12
}
