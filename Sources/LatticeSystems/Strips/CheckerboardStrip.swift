public import MessagePassing
public import RandomStreams

/// One rank's rows of an Ising lattice that many ranks share, in the layout of `CheckerboardConfiguration`: the state of
/// one Markov chain for `StripSweep`.
///
/// A strip holds either this rank's share of the rows or, read from a checkpoint or gathered, all of them; whatever
/// needs the share alone drops the other rows by itself. Shares are cut where bands of rows begin (`bandRows`) and may be
/// uneven; ranks beyond the number of bands hold none. Nothing that a strip does depends on the number of ranks.
/// Memory: rows x columns / 8 bytes for the rows it holds, and up to 16 rows more.
public struct CheckerboardStrip: Sendable {
  /// The whole lattice.
  public let lattice: SquareLattice
  /// The global number of the chain.
  public let replica: Int
  /// Sweeps taken so far: the number of the next one.
  public var steps: UInt64
  /// The rows that are held here; those above and below are valid only after an exchange.
  @usableFromInline var board: CheckerboardRows

  /// The rows that are held here.
  @inlinable public var rows: Range<Int> { board.rows }
  @inlinable var layout: CheckerboardLayout { board.layout }

  /// A strip of rows.
  init(_ lattice: SquareLattice, replica: Int, steps: UInt64, _ board: CheckerboardRows) {
    self.lattice = lattice
    self.replica = replica
    self.steps = steps
    self.board = board
  }

  /// Cold start: all spins +1. Refuses odd extents.
  public init(cold lattice: SquareLattice, replica: Int, on team: borrowing some Communicator & ~Copyable) throws(LatticeError) {
    self.init(lattice, replica: replica, try CheckerboardLayout(lattice), on: team)
    fill { _, up in up }
  }

  /// Hot start: independent fair spins; each band of rows has a lane source at step 0, from its first row, with purpose
  /// `initial`. Refuses odd extents.
  public init(
    hot lattice: SquareLattice, replica: Int, from streams: some Streams, on team: borrowing some Communicator & ~Copyable
  ) throws(LatticeError) {
    self.init(lattice, replica: replica, try CheckerboardLayout(lattice), on: team)
    let fair = UniformOdds(0.5), band = layout.bandRows
    var lanes = streams.lanes(replica: replica, step: 0, site: rows.lowerBound, purpose: .initial), first = rows.lowerBound
    fill { y, all in
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
    self.init(lattice, replica: replica, steps: 0, CheckerboardRows(layout, rows: division.range(of: team.rank)))
  }

  /// Gives every vector of the strip a value, group by group: some of the bits that it is told, with the group's first row.
  private mutating func fill(_ vector: (Int, SIMD8<UInt64>) -> SIMD8<UInt64>) {
    for group in 0..<board.groups {
      let used = board.used(group)
      for colour in 0..<2 {
        let start = board.place(colour, group)
        for v in 0..<layout.vectors { board.spins[start + v] = vector(rows.lowerBound + 8 * group, used & board.valid(v)) }
      }
    }
  }

  /// A strip of all rows of `configuration`.
  public init(_ configuration: CheckerboardConfiguration, steps: UInt64 = 0) {
    self.init(configuration.lattice, replica: configuration.replica, steps: steps, configuration.board)
  }

  /// The whole lattice, of a strip that holds all rows (`gather`).
  public var whole: CheckerboardConfiguration {
    precondition(rows.count == lattice.rows, "only a strip of all rows is the whole lattice")
    return CheckerboardConfiguration(lattice, replica: replica, board)
  }
}

extension CheckerboardStrip {
  /// How the lattice is cut for a team.
  func division(_ team: borrowing some Communicator & ~Copyable) -> StripDivision {
    StripDivision(length: lattice.rows, unit: layout.bandRows, ranks: team.size)
  }

  /// Drops the rows that are not this rank's share. A caller's bug where some of the share is not held.
  @usableFromInline mutating func cut(for team: borrowing some Communicator & ~Copyable) {
    let share = division(team).range(of: team.rank)
    if rows == share { return }
    precondition(
      share.isEmpty || rows.lowerBound <= share.lowerBound && share.upperBound <= rows.upperBound,
      "rows \(share) are wanted and \(rows) held: gather a strip before it moves to another number of ranks")
    var part = CheckerboardRows(layout, rows: share)
    part.copy(share, from: board)
    board = part
  }

  /// Makes the first rank's strip one of all rows; all ranks call it. The others keep theirs. Memory on the first rank:
  /// the whole lattice and its own share.
  public mutating func gather(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    cut(for: team)
    let division = division(team)
    if division.strips == 1 { return }
    if team.rank > 0 {
      for part in parts(of: rows, in: board) { try team.send(board.words(part), to: 0, tag: StripTag.gather) }
      return
    }
    var all = CheckerboardRows(layout, rows: 0..<lattice.rows)
    all.copy(rows, from: board)
    for rank in 1..<division.strips {
      for part in parts(of: division.range(of: rank), in: all) {
        all.setWords(try team.receive(UInt64.self, from: rank, tag: StripTag.gather, atMost: 8 * part.count).values, at: part.lowerBound)
      }
    }
    board = all
  }

  /// The vectors of both colours of some rows in parts of at most 64 MiB.
  private func parts(of rows: Range<Int>, in board: CheckerboardRows) -> [Range<Int>] {
    if rows.isEmpty { return [] }
    let first = board.lane(rows.lowerBound).group, most = 1 << 20
    return (0..<2).flatMap { colour in
      let start = board.place(colour, first), end = start + (rows.count + 7) / 8 * layout.vectors
      return stride(from: start, to: end, by: most).map { $0..<min($0 + most, end) }
    }
  }
}
