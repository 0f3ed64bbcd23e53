public import MessagePassing

extension CheckerboardStrip {
  /// Begins to bring the rows of `colour` above and below this strip. Nil where that is done already: a strip that holds
  /// the whole lattice is its own neighbour, and an empty one has none.
  @usableFromInline mutating func beginHalo(
    of colour: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> StripHalo? {
    let division = division(team), w = layout.vectors
    if rows.isEmpty { return nil }
    if division.strips == 1 {
      board.closeRing(colour)
      return nil
    }
    let before = division.before(team.rank), after = division.after(team.rank)
    return StripHalo(
      above: try team.immediateReceive(UInt64.self, count: w, from: before, tag: StripTag.toAfter),
      below: try team.immediateReceive(UInt64.self, count: w, from: after, tag: StripTag.toBefore),
      first: try team.immediateSend(board.row(colour, rows.lowerBound), to: before, tag: StripTag.toBefore),
      last: try team.immediateSend(board.row(colour, rows.upperBound - 1), to: after, tag: StripTag.toAfter))
  }

  /// Waits for the rows of `colour`.
  @usableFromInline mutating func endHalo(_ halo: consuming StripHalo?, of colour: Int) throws(MessagePassingError) {
    guard let arrived = try halo?.wait() else { return }
    board.setRow(colour, rows.lowerBound - 1, arrived.above)
    board.setRow(colour, rows.upperBound, arrived.below)
  }
}
