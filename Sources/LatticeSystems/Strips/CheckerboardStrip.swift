public import MessagePassing
public import RandomStreams

/// One rank's rows of an Ising lattice that many ranks share, in the layout of `CheckerboardConfiguration`: the state of
/// one Markov chain for `StripSweep`.
///
/// A strip holds either this rank's share of the rows or, read from a checkpoint or gathered, all of them; whatever
/// needs the share alone drops the other rows by itself. Shares are cut where bands of rows begin (`bandRows`) and may be
/// uneven; ranks beyond the number of bands hold none. Nothing that a strip does depends on the number of ranks.
/// Memory: rows x columns / 8 bytes for the rows it holds, and four rows of neighbours.
public struct CheckerboardStrip: Sendable {
  /// The whole lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  /// Sweeps taken so far: the number of the next one.
  public var steps: UInt64
  /// The rows that are held here.
  public internal(set) var rows: Range<Int>
  @usableFromInline let layout: CheckerboardLayout
  /// Row y of colour c owns vectors place(c, y) ..< place(c, y) + W. A row above and one below the strip are kept for
  /// each colour; they are valid only after an exchange.
  @usableFromInline var spins: [SIMD8<UInt64>]

  /// Zeros in the given rows.
  init(_ lattice: SquareLattice, replica: Int, steps: UInt64, _ layout: CheckerboardLayout, rows: Range<Int>) {
    self.lattice = lattice
    self.replica = replica
    self.steps = steps
    self.layout = layout
    self.rows = rows
    spins = Array(repeating: SIMD8(), count: 2 * (rows.count + 2) * layout.vectors)
  }

  /// Cold start: all spins +1. Refuses odd extents.
  public init(cold lattice: SquareLattice, replica: Int, on team: borrowing some Communicator & ~Copyable) throws(LatticeError) {
    self.init(lattice, replica: replica, try CheckerboardLayout(lattice), on: team)
    let up = layout.valid
    fill { _ in up }
  }

  /// Hot start: independent fair spins; each band of rows has a lane source at step 0, from its first row, with purpose
  /// `initial`. Refuses odd extents.
  public init(
    hot lattice: SquareLattice, replica: Int, from streams: some Streams, on team: borrowing some Communicator & ~Copyable
  ) throws(LatticeError) {
    self.init(lattice, replica: replica, try CheckerboardLayout(lattice), on: team)
    let fair = UniformOdds(0.5), all = layout.valid, band = layout.bandRows
    var lanes = streams.lanes(replica: replica, step: 0, site: rows.lowerBound, purpose: .initial), first = rows.lowerBound
    fill { y in
      if y >= first + band {
        first += band
        lanes = streams.lanes(replica: replica, step: 0, site: first, purpose: .initial)
      }
      return lanes.bernoulli(fair, where: all)
    }
  }

  private init(
    _ lattice: SquareLattice, replica: Int, _ layout: CheckerboardLayout, on team: borrowing some Communicator & ~Copyable
  ) {
    let division = StripDivision(length: lattice.rows, unit: layout.bandRows, ranks: team.size)
    self.init(lattice, replica: replica, steps: 0, layout, rows: division.range(of: team.rank))
  }

  /// Gives every vector of the strip a value, row by row.
  private mutating func fill(_ vector: (Int) -> SIMD8<UInt64>) {
    for y in rows {
      for colour in 0..<2 {
        let at = place(colour, y)
        for v in at..<at + layout.vectors { spins[v] = vector(y) }
      }
    }
  }

  /// A strip of all rows of `configuration`.
  public init(_ configuration: CheckerboardConfiguration, steps: UInt64 = 0) {
    let lattice = configuration.lattice, all = lattice.rows * configuration.layout.vectors
    self.init(lattice, replica: configuration.replica, steps: steps, configuration.layout, rows: 0..<lattice.rows)
    for colour in 0..<2 { copy(configuration.spins[colour * all..<(colour + 1) * all], to: place(colour, 0)) }
  }

  /// The whole lattice, of a strip that holds all rows (`gather`).
  public var whole: CheckerboardConfiguration {
    precondition(rows.count == lattice.rows, "only a strip of all rows is the whole lattice")
    let all = lattice.rows * layout.vectors
    let both = (0..<2).map { spins[place($0, 0)..<place($0, 0) + all] }
    return CheckerboardConfiguration(lattice, replica: replica, layout, spins: Array(both.joined()))
  }
}

extension CheckerboardStrip {
  /// The first vector of a row of the strip, or of the row above or below it.
  @inlinable func place(_ colour: Int, _ y: Int) -> Int {
    (colour &* (rows.count &+ 2) &+ y &- rows.lowerBound &+ 1) &* layout.vectors
  }

  /// How the lattice is cut for a team.
  func division(_ team: borrowing some Communicator & ~Copyable) -> StripDivision {
    StripDivision(length: lattice.rows, unit: layout.bandRows, ranks: team.size)
  }

  /// Overwrites the vectors from `place` on.
  mutating func copy(_ vectors: ArraySlice<SIMD8<UInt64>>, to place: Int) {
    unsafe spins.withUnsafeMutableBufferPointer { spins in
      unsafe vectors.withUnsafeBufferPointer { vectors in
        _ = unsafe spins.extracting(place..<place + vectors.count).update(fromContentsOf: vectors)
      }
    }
  }

  /// Drops the rows that are not this rank's share. A caller's bug where some of the share is not held.
  @usableFromInline mutating func cut(for team: borrowing some Communicator & ~Copyable) {
    let share = division(team).range(of: team.rank)
    if rows == share { return }
    precondition(
      share.isEmpty || rows.lowerBound <= share.lowerBound && share.upperBound <= rows.upperBound,
      "rows \(share) are wanted and \(rows) held: gather a strip before it moves to another number of ranks")
    var part = CheckerboardStrip(lattice, replica: replica, steps: steps, layout, rows: share)
    if !share.isEmpty {
      for colour in 0..<2 {
        let start = place(colour, share.lowerBound)
        part.copy(spins[start..<start + share.count * layout.vectors], to: part.place(colour, share.lowerBound))
      }
    }
    self = part
  }

  /// Makes the first rank's strip one of all rows; all ranks call it. The others keep theirs. Memory on the first rank:
  /// the whole lattice and its own share.
  public mutating func gather(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    cut(for: team)
    let division = division(team), w = layout.vectors
    if division.strips == 1 { return }
    if team.rank > 0 {
      for (colour, rows) in parts(of: rows) {
        let start = place(colour, rows.lowerBound)
        try team.send(words(start..<start + rows.count * w), to: 0, tag: StripTag.gather)
      }
      return
    }
    var all = CheckerboardStrip(lattice, replica: replica, steps: steps, layout, rows: 0..<lattice.rows)
    for colour in 0..<2 { all.copy(spins[place(colour, 0)..<place(colour, rows.upperBound)], to: all.place(colour, 0)) }
    for rank in 1..<division.strips {
      for (colour, rows) in parts(of: division.range(of: rank)) {
        all.setWords(try team.receive(UInt64.self, from: rank, tag: StripTag.gather).values, at: all.place(colour, rows.lowerBound))
      }
    }
    self = all
  }

  /// Both colours of some rows in parts of at most 64 MiB.
  private func parts(of rows: Range<Int>) -> [(colour: Int, rows: Range<Int>)] {
    let most = max(1, (1 << 20) / layout.vectors)
    return (0..<2).flatMap { colour in
      stride(from: rows.lowerBound, to: rows.upperBound, by: most).map { (colour, $0..<min($0 + most, rows.upperBound)) }
    }
  }

  /// Vectors as words.
  func words(_ range: Range<Int>) -> [UInt64] {
    unsafe spins[range].withUnsafeBytes { unsafe Array($0.bindMemory(to: UInt64.self)) }
  }
  /// Overwrites the vectors from `place` on by words.
  mutating func setWords(_ words: [UInt64], at place: Int) {
    unsafe spins.withUnsafeMutableBytes { spins in
      unsafe words.withUnsafeBytes { words in
        unsafe UnsafeMutableRawBufferPointer(rebasing: spins[64 * place..<64 * place + words.count]).copyMemory(from: words)
      }
    }
  }
}
