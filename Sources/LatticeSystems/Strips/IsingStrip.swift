public import MessagePassing
public import RandomStreams

/// One rank's sites of a packed Ising lattice that many ranks share: the state of one Markov chain for
/// `StripSwendsenWang`.
///
/// A strip holds either this rank's share of the sites or, read from a checkpoint or gathered, all of them; whatever needs
/// the share alone drops the other sites by itself. Shares are consecutive in row-major order and cut where streams of
/// bonds begin: at multiples of 2^15 sites, or of more where a row has more; so they need not be whole rows. Ranks beyond
/// the number of such pieces hold none. Nothing that a strip does depends on the number of ranks. Memory: a bit a site.
public struct IsingStrip: Sendable {
  /// The whole lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  /// Steps taken so far: the number of the next one.
  public var steps: UInt64
  /// The sites that are held here.
  public internal(set) var sites: Range<Int>
  /// Words of one row's bits. So many words stand before the strip, the strip's own from there on, and one row's bits
  /// right behind its last site; the bits around the strip are valid only after an exchange.
  @usableFromInline let margin: Int
  @usableFromInline var spins: [UInt64]

  /// Zeros in the given sites.
  init(_ lattice: SquareLattice, replica: Int, steps: UInt64, sites: Range<Int>) {
    self.lattice = lattice
    self.replica = replica
    self.steps = steps
    self.sites = sites
    margin = (lattice.columns + 63) / 64
    spins = Array(repeating: 0, count: 2 * margin + (sites.count + 63) / 64 + 2)
  }

  /// Cold start: all spins +1.
  public init(cold lattice: SquareLattice, replica: Int, on team: borrowing some Communicator & ~Copyable) {
    let division = Self.division(lattice, ranks: team.size)
    self.init(lattice, replica: replica, steps: 0, sites: division.range(of: team.rank))
    for index in 0..<wordCount { spins[margin + index] = valid(index) }
  }

  /// Hot start: independent fair spins; each 2^15 sites have a lane source at step 0, from their number, with purpose
  /// `initial`.
  public init(
    hot lattice: SquareLattice, replica: Int, from streams: some Streams, on team: borrowing some Communicator & ~Copyable
  ) {
    let division = Self.division(lattice, ranks: team.size), fair = UniformOdds(0.5)
    self.init(lattice, replica: replica, steps: 0, sites: division.range(of: team.rank))
    for first in stride(from: 0, to: wordCount, by: 512) {
      var lanes = streams.lanes(replica: replica, step: 0, site: sites.lowerBound >> 15 + first / 512, purpose: .initial)
      for base in stride(from: first, to: min(first + 512, wordCount), by: 8) {
        var mask = SIMD8<UInt64>()
        for lane in 0..<8 { mask[lane] = valid(base + lane) }
        let drawn = lanes.bernoulli(fair, where: mask)
        for lane in 0..<min(8, wordCount - base) { spins[margin + base + lane] = drawn[lane] }
      }
    }
  }

  /// A strip of all sites of `configuration`.
  public init(_ configuration: IsingConfiguration, steps: UInt64 = 0) {
    let lattice = configuration.lattice
    self.init(lattice, replica: configuration.replica, steps: steps, sites: 0..<lattice.sites)
    spins.replaceSubrange(margin..<margin + lattice.words, with: configuration.spins)
  }

  /// The whole lattice, of a strip that holds all sites (`gather`).
  public var whole: IsingConfiguration {
    precondition(sites.count == lattice.sites, "only a strip of all sites is the whole lattice")
    return IsingConfiguration(lattice, spins: Array(own), replica: replica)
  }
}

extension IsingStrip {
  /// How a lattice is cut: a piece has at least the sites of a row, so that neighbours are in the next strip.
  static func division(_ lattice: SquareLattice, ranks: Int) -> StripDivision {
    StripDivision(length: lattice.sites, unit: (lattice.columns + 32767) / 32768 * 32768, ranks: ranks)
  }

  /// Words of the strip, and the bits of word `index` that stand for sites of it.
  var wordCount: Int { (sites.count + 63) / 64 }
  func valid(_ index: Int) -> UInt64 { PackedLattice.lowBits(max(0, sites.count - 64 * index)) }
  /// The strip's own words, with zeros past its last site.
  var own: ArraySlice<UInt64> {
    var words = spins[margin..<margin + wordCount]
    if let last = words.indices.last { words[last] &= valid(wordCount - 1) }
    return words
  }

  /// Drops the sites that are not this rank's share. A caller's bug where some of the share is not held.
  @usableFromInline mutating func cut(for team: borrowing some Communicator & ~Copyable) {
    let share = Self.division(lattice, ranks: team.size).range(of: team.rank)
    if sites == share { return }
    precondition(
      share.isEmpty || sites.lowerBound <= share.lowerBound && share.upperBound <= sites.upperBound,
      "sites \(share) are wanted and \(sites) held: gather a strip before it moves to another number of ranks")
    var part = IsingStrip(lattice, replica: replica, steps: steps, sites: share)
    let start = margin + (share.lowerBound - sites.lowerBound) / 64
    part.spins.replaceSubrange(margin..<margin + part.wordCount, with: spins[start..<start + part.wordCount])
    self = part
  }

  /// Makes the first rank's strip one of all sites; all ranks call it. The others keep theirs.
  public mutating func gather(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    cut(for: team)
    let division = Self.division(lattice, ranks: team.size), most = 1 << 23
    if division.strips == 1 { return }
    if team.rank > 0 {
      for start in stride(from: 0, to: wordCount, by: most) {
        try team.send(Array(own.dropFirst(start).prefix(most)), to: 0, tag: StripTag.gather)
      }
      return
    }
    var all = IsingStrip(lattice, replica: replica, steps: steps, sites: 0..<lattice.sites)
    all.spins.replaceSubrange(margin..<margin + wordCount, with: own)
    var place = margin + wordCount
    for rank in 1..<division.strips {
      for _ in stride(from: 0, to: (division.range(of: rank).count + 63) / 64, by: most) {
        let part = try team.receive(UInt64.self, from: rank, tag: StripTag.gather, atMost: most).values
        all.spins.replaceSubrange(place..<place + part.count, with: part)
        place += part.count
      }
    }
    self = all
  }

  /// The words of the whole lattice, on all ranks; all call it. The strips keep their sites.
  public mutating func wholeWords(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> [UInt64] {
    cut(for: team)
    return try team.allGather(Array(own)).flatMap { $0 }
  }

  /// Begins to bring the bits of one row before and behind this strip. Nil where that is done already.
  @usableFromInline mutating func beginHalo(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> StripHalo? {
    let division = Self.division(lattice, ranks: team.size)
    if sites.isEmpty { return nil }
    let first = Array(spins[margin..<2 * margin]), last = Array(spins[wordCount..<wordCount + margin])
    if division.strips == 1 {
      setBits(&spins, at: 64 * margin + sites.count, first[...], count: lattice.columns)
      return nil
    }
    let before = division.before(team.rank), after = division.after(team.rank)
    return StripHalo(
      above: try team.immediateReceive(UInt64.self, count: margin, from: before, tag: StripTag.toAfter),
      below: try team.immediateReceive(UInt64.self, count: margin, from: after, tag: StripTag.toBefore),
      first: try team.immediateSend(first, to: before, tag: StripTag.toBefore),
      last: try team.immediateSend(last, to: after, tag: StripTag.toAfter))
  }

  /// Waits for the bits.
  @usableFromInline mutating func endHalo(_ halo: consuming StripHalo?) throws(MessagePassingError) {
    guard let rows = try halo?.wait() else { return }
    // The last strip may end inside a word; the first one, which comes after it, begins a row and looks at nothing before.
    spins.replaceSubrange(0..<margin, with: rows.above)
    setBits(&spins, at: 64 * margin + sites.count, rows.below[...], count: lattice.columns)
  }
}
