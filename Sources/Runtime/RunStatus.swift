/// How far a run is, found out from its folder alone.
public struct RunStatus: Sendable {
  /// What a unit is doing.
  public enum UnitState: Sendable, Equatable {
    case waiting, done
    /// Ended without a result in the last start of the run, which tries it again when started once more.
    case failed(reason: String)
    /// Begun; `updated` is the time of its last sign of life.
    case begun(fraction: Double, stage: String, updated: String)
  }
  public let study: String, digest: String
  /// Every known unit by label; without the study's plan only those that have a folder.
  public let units: [(label: String, state: UnitState, operations: Double)]
  /// Whether `results.json` is there; it may lack units that failed.
  public let isComplete: Bool
  /// Whether a living process holds the folder.
  public let isLocked: Bool
  /// The part of all work that is done, weighted by operations.
  public let fraction: Double
  /// Seconds still to go by the speed since the last start; nil where that cannot be said.
  public let remaining: Double?

  /// Reads a folder; `plan` is the study's plan where this program knows the study.
  public init(_ folder: RunFolder, plan: Plan?) throws(FileFault) {
    let identity = try folder.identity()
    study = identity?.study ?? "unknown"
    digest = identity?.digest ?? "unknown"
    isComplete = FileAccess.exists(folder.results)
    isLocked = RunLock.isHeld(folder)
    let log = try EventLog.read(folder.log), failures = Self.failures(log)
    units = try Self.units(folder, plan).map { unit in
      guard unit.state != .done, let reason = failures[unit.label] else { return unit }
      return (unit.label, .failed(reason: reason), unit.operations)
    }
    let total = units.reduce(0) { $0 + $1.operations }
    let done = units.reduce(0) { sum, unit in
      switch unit.state {
      case .waiting, .failed: sum
      case .done: sum + unit.operations
      case .begun(let fraction, _, _): sum + fraction * unit.operations
      }
    }
    fraction = isComplete && failures.isEmpty ? 1 : (total > 0 ? done / total : 0)
    remaining = isComplete ? 0 : Self.remaining(log, units, fraction)
  }
  /// The units that failed, by label, with the reason.
  public var failed: [(label: String, reason: String)] {
    units.compactMap { unit in
      if case .failed(let reason) = unit.state { (unit.label, reason) } else { nil }
    }
  }

  /// Which units the log's last start left failed, and why.
  private static func failures(_ log: [JSON]) -> [String: String] {
    var failures: [String: String] = [:]
    for line in log {
      let unit = line["unit"]?.string
      switch line["event"]?.string {
      case "started": failures = [:]
      case "unit-failed": if let unit { failures[unit] = line["reason"]?.string ?? "" }
      case "unit-finished": if let unit { failures[unit] = nil }
      default: break
      }
    }
    return failures
  }

  private static func units(_ folder: RunFolder, _ plan: Plan?) throws(FileFault) -> [(label: String, state: UnitState, operations: Double)]
  {
    if let plan {
      var units: [(label: String, state: UnitState, operations: Double)] = []
      for (index, unit) in plan.units.enumerated() {
        units.append((unit.label, state(folder.unit(index, unit.label)), unit.operations))
      }
      return units
    }
    guard FileAccess.exists(folder.units) else { return [] }
    let names = try FileAccess.names(in: folder.units).compactMap { name -> (Int, String)? in
      guard let dash = name.firstIndex(of: "-"), let index = Int(name[..<dash]) else { return nil }
      return (index, String(name[name.index(after: dash)...]))
    }
    return names.sorted { $0.0 < $1.0 }.map { ($0.1, state(folder.unit($0.0, $0.1)), 1) }
  }

  private static func state(_ unit: RunFolder.UnitFolder) -> UnitState {
    if FileAccess.exists(unit.partial) { return .done }
    // The file may be replaced or missing at this very moment: then nothing is known, which is what waiting shows.
    guard let text = try? FileAccess.text(unit.progress), let json = try? JSON(parsing: text), let fraction = json["fraction"]?.double
    else { return .waiting }
    return .begun(fraction: min(1, max(0, fraction)), stage: json["stage"]?.string ?? "", updated: json["updated"]?.string ?? "")
  }

  /// By the speed of the present launch: from its "started" to the last sign of life, less what was done before it, which its units
  /// say when they are read back (all of it) or at their first stage.
  private static func remaining(
    _ log: [JSON], _ units: [(label: String, state: UnitState, operations: Double)], _ fraction: Double
  ) -> Double? {
    guard let place = log.lastIndex(where: { $0["event"] == "started" }), let begun = log[place]["time"]?.string.flatMap(Timestamp.seconds)
    else { return nil }
    var latest = log.last?["time"]?.string.flatMap(Timestamp.seconds) ?? begun, before: [String: Double] = [:]
    for line in log[place...] {
      guard let unit = line["unit"]?.string, before[unit] == nil else { continue }
      if line["event"] == "unit-read-back" { before[unit] = 1 }
      if line["event"] == "stage" { before[unit] = line["fraction"]?.string.flatMap(Double.init) ?? 0 }
    }
    for case .begun(_, _, let updated) in units.map(\.state) { latest = max(latest, Timestamp.seconds(updated) ?? latest) }
    let total = units.reduce(0) { $0 + $1.operations }
    let done = units.reduce(0) { $0 + $1.operations * (before[$1.label] ?? 0) } / max(total, 1)
    guard latest - begun > 1, fraction - done > 1e-3 else { return nil }
    return (1 - fraction) * (latest - begun) / (fraction - done)
  }

  /// The status for programs.
  public var json: JSON {
    let list = units.map { unit -> JSON in
      switch unit.state {
      case .waiting: .object([.init("unit", .text(unit.label)), .init("state", "waiting"), .init("fraction", 0)])
      case .done: .object([.init("unit", .text(unit.label)), .init("state", "done"), .init("fraction", 1)])
      case .failed(let reason):
        .object([.init("unit", .text(unit.label)), .init("state", "failed"), .init("fraction", 0), .init("reason", .text(reason))])
      case .begun(let fraction, let stage, let updated):
        .object([
          .init("unit", .text(unit.label)), .init("state", "begun"), .init("fraction", .finite(fraction)),
          .init("stage", .text(stage)), .init("updated", .text(updated)),
        ])
      }
    }
    return .object([
      .init("study", .text(study)), .init("digest", .text(digest)), .init("complete", .flag(isComplete)), .init("locked", .flag(isLocked)),
      .init("fraction", .finite(fraction)), .init("remaining_seconds", remaining.map(JSON.finite) ?? .null), .init("units", .array(list)),
    ])
  }
}
