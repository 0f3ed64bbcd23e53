public import RandomStreams
public import Renormalization
public import Sampling

/// The laws of `CoarseGraining`. Each throws a `LawViolation` that says which law and where.
public enum CoarseGrainingLaws {
  /// How the coins of a flipped configuration go with those of the configuration itself, so that a rule which is
  /// equivariant in law is so path by path.
  public enum Coins: Sendable {
    /// The same coins: rules that choose a spin of a block.
    case same
    /// Every coin turned: rules that draw signs.
    case turned
  }

  /// One coarse configuration for each fine one, on `sites`, no bits beyond the last variable, the same at every call;
  /// and Unchanged is neutral on both sides of a composition.
  public static func shape(
    _ rule: some CoarseGraining, _ fine: Configurations, sites: Configurations.Sites, from streams: some Streams
  ) throws {
    let coarse = try rule.coarsen(fine, firstSample: 5, from: streams)
    try hold(coarse.count == fine.count, "\(fine.count) configurations became \(coarse.count)")
    try hold(coarse.sites == sites, "coarse sites are \(coarse.sites), not \(sites)")
    let used = sites.count % 64
    for row in 0..<coarse.count where used != 0 {
      let last = coarse.words[(row + 1) * coarse.wordsPerConfiguration - 1]
      try hold(last >> UInt64(used) == 0, "bits beyond the last variable in row \(row)")
    }
    try hold(try rule.coarsen(fine, firstSample: 5, from: streams) == coarse, "a second call differs")
    let before = Composition(Unchanged(), rule), after = Composition(rule, Unchanged())
    try hold(try before.coarsen(fine, firstSample: 5, from: streams) == coarse, "Unchanged before changes something")
    try hold(try after.coarsen(fine, firstSample: 5, from: streams) == coarse, "Unchanged after changes something")
    try hold(before.scaleFactor == rule.scaleFactor && after.levels == rule.levels, "Unchanged has a scale or a level")
  }

  /// The same result however the batch is cut.
  public static func cuts(
    _ rule: some CoarseGraining, _ fine: Configurations, from streams: some Streams
  ) throws {
    let whole = try rule.coarsen(fine, firstSample: 3, from: streams)
    for size in [1, 2, 7] where size < fine.count {
      var words: [UInt64] = []
      for first in stride(from: 0, to: fine.count, by: size) {
        let part = fine.slice(first..<min(first + size, fine.count))
        words += try rule.coarsen(part, firstSample: 3 + first, from: streams).words
      }
      try hold(words == whole.words, "cut into batches of \(size) the result differs")
    }
  }

  /// Turning all fine spins turns all coarse spins.
  public static func spinFlip(
    _ rule: some CoarseGraining, _ fine: Configurations, coins: Coins, from streams: some Streams
  ) throws {
    let straight = flipped(try rule.coarsen(fine, firstSample: 0, from: streams))
    let turned =
      switch coins {
      case .same: try rule.coarsen(flipped(fine), firstSample: 0, from: streams)
      case .turned: try rule.coarsen(flipped(fine), firstSample: 0, from: TurnedStreams(streams))
      }
    try hold(straight == turned, "the flip of all spins does not commute with the rule")
  }

  /// Shifting the fine lattice by whole blocks shifts the coarse one, in law: the law of the coarse configuration is
  /// enumerated over coins that are the same at every block, `words` of them for each configuration.
  public static func translation(
    _ rule: some CoarseGraining, _ fine: Configurations, block: Int, words: Int
  ) throws {
    guard case .lattice(let shape) = fine.sites else { throw LawViolation("translations need a lattice") }
    for axis in shape.indices {
      let moved = translated(fine, axis: axis, by: block)
      for pattern in 0..<1 << words {
        let streams = UniformCoins(pattern: UInt64(pattern), words: words)
        let straight = translated(try rule.coarsen(fine, firstSample: 0, from: streams), axis: axis, by: 1)
        let other = try rule.coarsen(moved, firstSample: 0, from: streams)
        try hold(straight == other, "a shift by one block along axis \(axis) does not commute with the rule")
      }
    }
  }

  /// All spins turned.
  public static func flipped(_ configurations: Configurations) -> Configurations {
    var result = configurations
    for row in 0..<result.count {
      for site in 0..<result.sites.count { result[row, site] = !configurations[row, site] }
    }
    return result
  }

  /// A lattice's spins moved forward by `distance` along `axis`.
  public static func translated(_ configurations: Configurations, axis: Int, by distance: Int) -> Configurations {
    guard case .lattice(let shape) = configurations.sites else { return configurations }
    let stride = shape[(axis + 1)...].reduce(1, *), size = shape[axis]
    var result = configurations
    for row in 0..<result.count {
      for site in 0..<result.sites.count {
        let x = site / stride % size, there = site + ((x + distance) % size - x) * stride
        result[row, there] = configurations[row, site]
      }
    }
    return result
  }

  private static func hold(_ law: Bool, _ violation: @autoclosure () -> String) throws {
    if !law { throw LawViolation(violation()) }
  }
}

/// The same streams with every decision turned: words complemented, probabilities p taken as not(1 - p).
struct TurnedStreams<Source: Streams>: Streams {
  let source: Source
  init(_ source: Source) { self.source = source }
  func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Turned<Source.Generator> {
    Turned(source: source.generator(replica: replica, step: step, site: site, purpose: purpose))
  }
  func series(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Turned<Source.Series> {
    Turned(source: source.series(replica: replica, step: step, site: site, purpose: purpose))
  }
  struct Turned<Choices: RandomChoices>: RandomChoices {
    var source: Choices
    mutating func word() -> UInt64 { ~source.word() }
    mutating func bernoulli(_ probability: Double) -> Bool { !source.bernoulli(1 - probability) }
    mutating func accepts(_ probability: Double) -> Bool { !source.accepts(1 - probability) }
    mutating func index(below count: Int) -> Int { count - 1 - source.index(below: count) }
  }
}

/// Words of all zeros or all ones, in a cycle given by the bits of a pattern: coins that are the same everywhere.
struct UniformCoins: Streams {
  let pattern: UInt64, words: Int
  func generator(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Generator {
    Generator(pattern: pattern, words: words)
  }
  func lanes(replica: Int, step: UInt64, site: Int, purpose: Purpose) -> Lanes {
    Lanes(generator: generator(replica: replica, step: step, site: site, purpose: purpose))
  }
  /// The same word in every lane.
  struct Lanes: LaneChoices {
    var generator: Generator
    mutating func next() -> SIMD8<UInt64> { SIMD8(repeating: generator.word()) }
    mutating func bernoulli(_ odds: borrowing some LaneOdds, where mask: SIMD8<UInt64>) -> SIMD8<UInt64> {
      var lanes = SequentialLanes(generator)
      return lanes.bernoulli(odds, where: mask)
    }
  }
  struct Generator: RandomChoices {
    let pattern: UInt64, words: Int
    var next = 0
    mutating func word() -> UInt64 {
      defer { next = (next + 1) % max(1, words) }
      return pattern >> UInt64(next) & 1 == 1 ? ~0 : 0
    }
    mutating func bernoulli(_ probability: Double) -> Bool { Double(pattern) < probability * Double(1 << words) }
    mutating func index(below count: Int) -> Int { Int(pattern) % count }
  }
}
