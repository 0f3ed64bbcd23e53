/// How one rank spent a stretch of time on a unit: from the unit's beginning, or the last share of it, to its end or a checkpoint.
///
/// Times are seconds of the wall clock since the launch began to hand out units.
public struct WorkShare: Sendable, Equatable {
  /// The rank, and the unit by plan index.
  public let rank: Int, unit: Int
  public let begin: Double, end: Double
  /// Computing; exchanging messages with the team, which includes waiting for its slower ranks, and with the coordinator, or being it;
  /// reading and writing checkpoints.
  public let busy: Double, communicating: Double, checkpointing: Double
  /// The longest slice in it.
  public let longestSlice: Double

  /// The six times in the order above; nil unless all are finite, none is negative and the end is not before the beginning.
  public init?(rank: Int, unit: Int, times: [Double]) {
    guard times.count == 6, times.allSatisfy({ $0.isFinite && $0 >= 0 }), times[1] >= times[0] else { return nil }
    self.rank = rank
    self.unit = unit
    (begin, end, busy, communicating, checkpointing, longestSlice) = (times[0], times[1], times[2], times[3], times[4], times[5])
  }
  /// The six times.
  public var times: [Double] { [begin, end, busy, communicating, checkpointing, longestSlice] }
}

/// Keeps account of a rank's time on a unit, with a look at the clock after each thing that it did.
struct WorkAccount {
  private var begin: Double, last: Double, waited: Double
  private var busy = 0.0, communicating = 0.0, checkpointing = 0.0
  private(set) var longestSlice = 0.0

  /// An account that begins at `now`; `waited` is what the communicator has waited so far.
  init(now: Double, waited: Double) {
    begin = now
    last = now
    self.waited = waited
  }

  /// The time since the last look was a slice: what was not waited in it was computed.
  mutating func computed(now: Double, waited: Double) {
    let span = now - last, idle = min(span, waited - self.waited)
    busy += span - idle
    communicating += idle
    longestSlice = max(longestSlice, span)
    look(now, waited)
  }
  /// It went into a checkpoint.
  mutating func checkpointed(now: Double, waited: Double) {
    checkpointing += now - last
    look(now, waited)
  }
  /// It went into news for the coordinator, or its own work, and agreeing on what comes next.
  mutating func agreed(now: Double, waited: Double) {
    communicating += now - last
    look(now, waited)
  }
  private mutating func look(_ now: Double, _ waited: Double) {
    last = now
    self.waited = waited
  }

  /// The times of a `WorkShare` up to the last look; a new account begins there.
  mutating func close() -> [Double] {
    let times = [begin, last, busy, communicating, checkpointing, longestSlice]
    self = WorkAccount(now: last, waited: waited)
    return times.map { max(0, $0) }
  }
}
