public import MessagePassing

/// The rows next to a strip, on their way here, and this strip's own on their way to its neighbours.
@usableFromInline struct StripHalo: ~Copyable {
  let colour: Int
  let above: Request<UInt64>, below: Request<UInt64>
  let first: Request<UInt64>, last: Request<UInt64>
}

extension CheckerboardStrip {
  /// Begins to bring the rows of `colour` above and below this strip. Nil where that is done already: a strip that holds
  /// the whole lattice is its own neighbour, and an empty one has none.
  @usableFromInline mutating func beginHalo(
    of colour: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> StripHalo? {
    let division = division(team), w = layout.vectors
    if rows.isEmpty { return nil }
    let first = place(colour, rows.lowerBound), last = place(colour, rows.upperBound - 1)
    if division.strips == 1 {
      copy(spins[last..<last + w], to: first - w)
      copy(spins[first..<first + w], to: last + w)
      return nil
    }
    let before = division.before(team.rank), after = division.after(team.rank)
    return StripHalo(
      colour: colour,
      above: try team.immediateReceive(UInt64.self, count: 8 * w, from: before, tag: StripTag.toAfter),
      below: try team.immediateReceive(UInt64.self, count: 8 * w, from: after, tag: StripTag.toBefore),
      first: try team.immediateSend(words(first..<first + w), to: before, tag: StripTag.toBefore),
      last: try team.immediateSend(words(last..<last + w), to: after, tag: StripTag.toAfter))
  }

  /// Waits for the rows.
  @usableFromInline mutating func endHalo(_ halo: consuming StripHalo?) throws(MessagePassingError) {
    guard let halo else { return }
    let colour = halo.colour
    setWords(try halo.above.wait(), at: place(colour, rows.lowerBound - 1))
    setWords(try halo.below.wait(), at: place(colour, rows.upperBound))
    _ = try halo.first.wait()
    _ = try halo.last.wait()
  }
}
