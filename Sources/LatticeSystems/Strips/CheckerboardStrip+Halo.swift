public import MessagePassing

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
      // Inside the array: a slice of it would make the next write copy all of it.
      unsafe spins.withUnsafeMutableBufferPointer { spins in
        for v in 0..<w {
          unsafe spins[first - w + v] = unsafe spins[last + v]
          unsafe spins[last + w + v] = unsafe spins[first + v]
        }
      }
      return nil
    }
    let before = division.before(team.rank), after = division.after(team.rank)
    return StripHalo(
      above: try team.immediateReceive(UInt64.self, count: 8 * w, from: before, tag: StripTag.toAfter),
      below: try team.immediateReceive(UInt64.self, count: 8 * w, from: after, tag: StripTag.toBefore),
      first: try team.immediateSend(words(first..<first + w), to: before, tag: StripTag.toBefore),
      last: try team.immediateSend(words(last..<last + w), to: after, tag: StripTag.toAfter))
  }

  /// Waits for the rows of `colour`.
  @usableFromInline mutating func endHalo(_ halo: consuming StripHalo?, of colour: Int) throws(MessagePassingError) {
    guard let arrived = try halo?.wait() else { return }
    setWords(arrived.above, at: place(colour, rows.lowerBound - 1))
    setWords(arrived.below, at: place(colour, rows.upperBound))
  }
}
