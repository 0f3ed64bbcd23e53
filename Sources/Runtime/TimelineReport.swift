/// The page's chapter about how the ranks have spent their time: words and tables from a run's timeline.
struct TimelineReport {
  let title = "Ranks against time", text: String, launches: ReportTable?, ranks: ReportTable, caption: String
  private static let mostRows = 64

  /// Nil where nothing is known.
  init?(_ timeline: Timeline) {
    guard let last = timeline.launches.last, last.seconds > 0 else { return nil }
    let all = Self.parts(timeline.launches.map { ($0, $0.spent(), $0.hosts.count) })
    let longest = timeline.launches.flatMap(\.shares).max { $0.share.longestSlice < $1.share.longestSlice }
    var words = "In \(timeline.launches.count == 1 ? "one launch" : "\(timeline.launches.count) launches") the ranks together were busy "
    words += "for \(all.busy) of the time, communicated for \(all.communicating) (which includes waiting for the slower "
    words += "ranks of a team, and the coordinator's own work), read and wrote checkpoints for \(all.checkpointing), and waited for "
    words += "work for \(all.waiting)."
    if let longest {
      words += " The longest slice took \(Shown.number(longest.share.longestSlice, digits: 2)) s (unit \(longest.unit))."
    }
    if let used = last.coordinating {
      words += " Coordinating took \(Self.percent(used / last.seconds)) of one processor in the last launch."
    }
    text = words + " Time before the first unit and for this report is not counted, nor is the work that a killed launch had not saved."
    launches =
      timeline.launches.count < 2
      ? nil
      : ReportTable(
        caption:
          "The launches\(timeline.launches.count > Self.mostRows ? " (the last \(Self.mostRows))" : ""), in parts of all ranks' time. "
          + "One that did not end by itself is as long as its last saved work.",
        header: ["began (UTC)", "ranks", "took", "busy", "communicating", "checkpointing", "waiting", "ended"],
        rows: timeline.launches.suffix(Self.mostRows).map { launch in
          let parts = Self.parts([(launch, launch.spent(), launch.hosts.count)])
          return [
            String(launch.started.prefix(19)).split(separator: "T").joined(separator: " "), "\(launch.hosts.count)",
            Timestamp.span(launch.seconds), parts.busy, parts.communicating, parts.checkpointing, parts.waiting,
            launch.ended == nil ? "no" : "yes",
          ]
        })
    (ranks, caption) = (Self.table(last, isOnly: timeline.launches.count == 1), Self.caption(timeline))
  }

  private typealias Parts = (busy: String, communicating: String, checkpointing: String, waiting: String)

  /// Parts of the time of so many ranks over some launches.
  private static func parts(
    _ spent: [(launch: Timeline.Launch, times: (busy: Double, communicating: Double, checkpointing: Double), ranks: Int)]
  ) -> Parts {
    let whole = spent.reduce(0) { $0 + $1.launch.seconds * Double($1.ranks) }
    let busy = spent.reduce(0) { $0 + $1.times.busy }, communicating = spent.reduce(0) { $0 + $1.times.communicating }
    let checkpointing = spent.reduce(0) { $0 + $1.times.checkpointing }
    return (
      percent(busy / whole), percent(communicating / whole), percent(checkpointing / whole),
      percent(max(0, 1 - (busy + communicating + checkpointing) / whole))
    )
  }

  private static func percent(_ part: Double) -> String { "\((1000 * part).rounded() / 10) %" }

  private static func table(_ launch: Timeline.Launch, isOnly: Bool) -> ReportTable {
    var rows = launch.hosts.indices.map { rank in
      (rank: rank, spent: launch.spent(by: rank), units: Set(launch.shares.lazy.filter { $0.share.rank == rank }.map(\.unit)).count)
    }
    let cut = rows.count > mostRows
    if cut { rows = Array(rows.sorted { $0.spent.busy < $1.spent.busy }.prefix(mostRows)) }
    return ReportTable(
      caption: (isOnly ? "The ranks" : "The ranks of the last launch") + (cut ? ", the \(mostRows) that were busy least" : "")
        + ", in parts of its \(Timestamp.span(launch.seconds)).",
      header: ["rank", "host", "units", "busy", "communicating", "checkpointing", "waiting"],
      rows: rows.map { row in
        let parts = parts([(launch, row.spent, 1)])
        return ["\(row.rank)", launch.hosts[row.rank], "\(row.units)", parts.busy, parts.communicating, parts.checkpointing, parts.waiting]
      })
  }

  private static func caption(_ timeline: Timeline) -> String {
    "Each bar is a rank's work on a unit, or a stretch of it between checkpoints; how high its parts are says how much of the stretch they "
      + "took, and white was waited."
      + (timeline.launches.count > 1 ? " Dashed lines part the launches; the time between launches is left out." : "")
      + " By the clock on the wall: where ranks share a processor, its time for the others counts as theirs."
  }
}
