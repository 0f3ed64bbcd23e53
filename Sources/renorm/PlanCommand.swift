import ArgumentParser
import Runtime
import Studies

/// `renorm plan STUDY.toml [--ranks 1,64,4096]`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Units, memory per rank and predicted time at N ranks; runs nothing and needs no launcher.")
  @Argument(help: "A study file, or a study's name for its defaults.") var study: String
  @Option(help: "Numbers of ranks, separated by commas.") var ranks = "1,2,4,8,64"
  @Option(name: .customLong("set"), help: "table.key=value, wins over the file; may be repeated.") var overrides: [String] = []

  func run() throws {
    let counts = ranks.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard counts.allSatisfy({ $0 > 0 }) else {
      throw Failure(ExitStatus.usage, "--ranks \(ranks): write positive integers separated by commas")
    }
    let resolved = try StudyArgument.resolve(study, overrides: overrides)
    guard let type = StudyCatalog.study(named: resolved.name) else {
      throw Failure(ExitStatus.internalFault, "\(resolved.name) is not in the catalogue")
    }
    let plan = try Plan(type, resolved.values)
    print("\(resolved.name), digest \(resolved.digest): \(plan.units.count) units\n")
    var table = TextTable(["unit", "team", "operations", "memory per rank", "shared by the team"], right: [2, 3, 4])
    for unit in plan.units.prefix(40) {
      table.rows.append([
        unit.label, words(unit.team), Shown.scaled(unit.operations), Shown.bytes(unit.bytesPerRank),
        unit.sharedBytes > 0 ? Shown.bytes(unit.sharedBytes) : "-",
      ])
    }
    table.show()
    if plan.units.count > 40 { print("... and \(plan.units.count - 40) more") }
    let rate = ReferenceRates.sgemm(size: 1024, repeats: 3)
    print(
      "\nPredicted at this machine's rate of \(Shown.scaled(rate))operations/s per rank (sgemm, one core), scaling perfectly inside a team: a lower bound.\n"
    )
    var times = TextTable(["ranks", "time", "speedup"], right: [0, 1, 2])
    let alone = plan.seconds(ranks: 1, rate: rate, settings: resolved.run)
    for count in counts {
      let seconds = plan.seconds(ranks: count, rate: rate, settings: resolved.run)
      times.rows.append(["\(count)", Timestamp.span(seconds), seconds > 0 ? Shown.number(alone / seconds, digits: 3) : "-"])
    }
    times.show()
  }

  private func words(_ team: TeamSize) -> String {
    switch team {
    case .one: "1 rank"
    case .upTo(let count): "up to \(count)"
    case .all: "all ranks"
    }
  }
}

/// A study as a command line names it.
enum StudyArgument {
  /// A file where there is one or the text looks like one, otherwise a study of the catalogue with its defaults.
  static func resolve(_ text: String, overrides: [String]) throws -> ResolvedStudy {
    let known = StudyCatalog.descriptions
    if !text.hasSuffix(".toml"), !text.contains("/"), let study = known.first(where: { $0.name == text }) {
      return try StudyFile.defaults(of: study, overrides: overrides)
    }
    return try StudyFile.resolve(path: text, overrides: overrides, catalogue: known)
  }
}
