/// When a unit will end, by how it went on so far: its leader then asks for the next one while there is still work.
struct Forecast {
  private let begin: Double
  private var first: (time: Double, fraction: Double)?

  /// A unit that is taken up at `now`.
  init(now: Double) { begin = now }

  /// Whether less than `span` is left at `now`, when `fraction` is done: a coordinator that computes answers after a slice. A unit
  /// that was taken up again from a checkpoint has done a part of its fraction before, so the first is only a mark.
  mutating func isNearEnd(within span: Double, fraction: Double, now: Double) -> Bool {
    guard let first else {
      first = (now, fraction)
      // The first slice, if it began at nothing, says as much as any.
      return fraction > 0.5 && (1 - fraction) * (now - begin) < span * fraction
    }
    let gained = fraction - first.fraction
    return gained > 0 && (1 - fraction) * (now - first.time) < span * gained
  }
}
