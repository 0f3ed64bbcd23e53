/// What each rank did when, in all launches of a run: `timeline.jsonl` in its folder. Nothing else depends on it.
///
/// | line | members |
/// |---|---|
/// | a launch begins | `started`, `hosts` (of each rank) |
/// | some ranks' work on a unit | `unit`, `first_rank`, `times`: for each rank from that one on the six times of a `WorkShare` |
/// | it has handed out all units, or left on request | `ended` (seconds), `coordinating` (seconds of rank 0's processor) |
///
/// Lines are added as things happen, so that a launch that was killed shows all that its checkpoints have kept.
public struct Timeline: Sendable {
  /// One launch.
  public struct Launch: Sendable {
    /// When it began, in UTC, and the host of each rank.
    public let started: String, hosts: [String]
    /// Its shares of work in the order in which they were told, with the units' labels.
    public fileprivate(set) var shares: [(unit: String, share: WorkShare)] = []
    /// Seconds until all units were handed out and had ended; nil where it was killed, or runs.
    public fileprivate(set) var ended: Double?
    /// Seconds of the processor that rank 0 took for coordinating.
    public fileprivate(set) var coordinating: Double?

    /// Its length as far as it is known.
    public var seconds: Double { max(ended ?? 0, shares.map(\.share.end).max() ?? 0) }
    /// Seconds of `rank`, or of all ranks together, that were busy, communicating and checkpointing; what is missing was waited.
    public func spent(by rank: Int? = nil) -> (busy: Double, communicating: Double, checkpointing: Double) {
      var sum = (busy: 0.0, communicating: 0.0, checkpointing: 0.0)
      for (_, share) in shares where rank == nil || share.rank == rank {
        sum.busy += share.busy
        sum.communicating += share.communicating
        sum.checkpointing += share.checkpointing
      }
      return sum
    }
  }
  /// The launches in which something was done, in their order.
  public private(set) var launches: [Launch] = []

  /// The launches of a run; none where the file is not there. Lines that cannot be read are passed over: nothing depends on them.
  public init(_ folder: RunFolder) { self.init(lines: (try? EventLog.read(folder.timeline)) ?? []) }

  init(lines: [JSON]) {
    var units: [String: Int] = [:]
    for line in lines {
      if let started = line["started"]?.string, let hosts = line["hosts"]?.elements?.compactMap(\.string), !hosts.isEmpty {
        launches.append(Launch(started: started, hosts: hosts))
      } else if launches.isEmpty {
        continue
      } else if let unit = line["unit"]?.string, let first = line["first_rank"]?.int, let rows = line["times"]?.elements {
        let ranks = launches[launches.count - 1].hosts.indices
        for (place, row) in rows.enumerated() where first >= 0 && first < ranks.count && ranks.contains(first + place) {
          let times = row.elements?.compactMap(\.double) ?? []
          let index = units[unit, default: units.count]
          units[unit] = index
          guard let share = WorkShare(rank: first + place, unit: index, times: times) else { continue }
          launches[launches.count - 1].shares.append((unit, share))
        }
      } else if let ended = line["ended"]?.double, ended >= 0 {
        launches[launches.count - 1].ended = ended
        launches[launches.count - 1].coordinating = line["coordinating"]?.double
      }
    }
    launches.removeAll { $0.shares.isEmpty }
  }
}

/// Writes `timeline.jsonl`, a line at a time.
struct TimelineLog {
  let path: String

  func begin(hosts: [String]) throws(FileFault) {
    try add([.init("started", .text(Timestamp.now())), .init("hosts", .array(hosts.map(JSON.text)))])
  }
  /// The shares of the ranks of one team, which follow each other.
  func add(_ shares: [WorkShare], unit: String) throws(FileFault) {
    guard let first = shares.first else { return }
    // A tenth of a millisecond is enough for a page, and keeps lines short.
    let rows = shares.map { share in JSON.array(share.times.map { .number(($0 * 1e4).rounded() / 1e4) }) }
    try add([.init("unit", .text(unit)), .init("first_rank", .integer(first.rank)), .init("times", .array(rows))])
  }
  func end(after seconds: Double, coordinating: Double) throws(FileFault) {
    try add([.init("ended", .number(seconds)), .init("coordinating", .number(coordinating))])
  }
  private func add(_ members: [JSON.Member]) throws(FileFault) { try FileAccess.append(JSON.object(members).compact + "\n", to: path) }
}
