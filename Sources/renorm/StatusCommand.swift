import ArgumentParser
import Runtime
import Studies

/// `renorm status DIR`.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "status", abstract: "What is done, what runs, how long still.")
  @Argument(help: "A run's folder.") var folder: String
  @Flag(help: "For programs.") var json = false

  func run() throws {
    let run = try RunArgument.folder(folder)
    let status = try RunStatus(run, plan: RunArgument.plan(run))
    if json { return print(status.json.pretty, terminator: "") }
    let missing = status.failed.count
    let state =
      status.isLocked
      ? "running"
      : status.isComplete && missing == 0
        ? "complete"
        : missing == 0
          ? "not running (renorm run resumes it)" : "\(missing) unit\(missing == 1 ? "" : "s") failed (renorm run tries again)"
    print("\(status.study), digest \(status.digest): \(state), \(Int(status.fraction * 100)) %")
    if let remaining = status.remaining, remaining > 0 { print("about \(Timestamp.span(remaining)) left at the speed so far") }
    var table = TextTable(["unit", "done", "stage", "last sign of life"], right: [1])
    for unit in status.units {
      switch unit.state {
      case .waiting: table.rows.append([unit.label, "-", "waiting", ""])
      case .done: table.rows.append([unit.label, "100 %", "done", ""])
      case .failed: table.rows.append([unit.label, "-", "failed", ""])
      case .begun(let fraction, let stage, let updated): table.rows.append([unit.label, "\(Int(fraction * 100)) %", stage, updated])
      }
    }
    if !table.rows.isEmpty {
      print("")
      table.show()
    }
    if missing > 0 { print("") }
    for (label, reason) in status.failed { print("unit \(label) failed: \(reason)") }
  }
}

/// A run's folder as a command line names it.
enum RunArgument {
  /// The folder, which must hold a run.
  static func folder(_ path: String) throws -> RunFolder {
    guard FileAccess.isFolder(path) else { throw Failure(ExitStatus.usage, "\(path): there is no such folder") }
    let folder = RunFolder(path)
    guard try folder.identity() != nil else {
      throw Failure(ExitStatus.usage, "\(path) is not the folder of a run: it has no resolved.toml")
    }
    return folder
  }
  /// The plan of the study whose folder it is; nil where this program does not know it (any more).
  static func plan(_ folder: RunFolder) -> Plan? {
    guard let resolved = try? StudyFile.resolve(path: folder.resolvedStudy, catalogue: StudyCatalog.descriptions),
      let study = StudyCatalog.study(named: resolved.name)
    else { return nil }
    return try? Plan(study, resolved.values)
  }
}
