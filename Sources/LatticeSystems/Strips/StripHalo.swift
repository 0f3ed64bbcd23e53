import MessagePassing

/// The rows next to a strip, on their way here, and this strip's own on their way to its neighbours.
@usableFromInline struct StripHalo: ~Copyable {
  let above: Request<UInt64>, below: Request<UInt64>
  let first: Request<UInt64>, last: Request<UInt64>

  /// Waits for all four; gives what came.
  consuming func wait() throws(MessagePassingError) -> (above: [UInt64], below: [UInt64]) {
    let rows = (try above.wait(), try below.wait())
    _ = try first.wait()
    _ = try last.wait()
    return rows
  }
}

/// The tags of messages between strips.
enum StripTag {
  static let toBefore = 1, toAfter = 2, gather = 3
}
