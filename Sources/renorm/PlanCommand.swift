import ArgumentParser
import MessagePassing
import Runtime
import Studies

/// `renorm plan STUDY.toml [--ranks 1,64,4096]`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Units, memory per rank and predicted time at N ranks; runs nothing.",
    discussion: """
      The model and its limits: cluster/SCALING.md. Its constants are measured on this machine; those of messages under mpirun \
      (mpirun -n 2 renorm plan ..., over two hosts for those of the network). --against compares it with runs of the same study.
      """)
  @Argument(help: "A study file, or a study's name for its defaults.") var study: String
  @Option(help: "Numbers of ranks, separated by commas.") var ranks = "1,2,4,8,64"
  @Option(name: .customLong("set"), help: "table.key=value, wins over the file; may be repeated.") var overrides: [String] = []
  @Option(help: "Draws the predictions into this folder.") var figures: String?
  @Option(help: "The folder of a run of this study, to compare; may be repeated.") var against: [String] = []
  @Option(help: "Ranks on one host (default: its processors).") var ranksPerHost: Int?
  @Option(help: "Latency between hosts in microseconds.") var latency: Double?
  @Option(help: "Bandwidth between hosts in GB/s.") var bandwidth: Double?

  func run() throws {
    let counts = ranks.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard counts.allSatisfy({ (1...10_000_000).contains($0) }) else {
      throw Failure(ExitStatus.usage, "--ranks \(ranks): write positive integers separated by commas")
    }
    for (name, value) in [("--latency", latency), ("--bandwidth", bandwidth), ("--ranks-per-host", ranksPerHost.map { Double($0) })] {
      if let value, !(value > 0 && value.isFinite) { throw Failure(ExitStatus.usage, "\(name) \(value): a positive number is needed") }
    }
    let resolved = try StudyArgument.resolve(study, overrides: overrides)
    guard let type = StudyCatalog.study(named: resolved.name) else {
      throw Failure(ExitStatus.internalFault, "\(resolved.name) is not in the catalogue")
    }
    let plan = try Plan(type, resolved.values), measured = try against.map { try MeasuredRun($0, of: resolved) }
    guard Launcher.detect(environment: Launcher.currentEnvironment()) != nil else {
      return try show(resolved, plan, measured, counts, host: nil, network: nil)
    }
    let world = try MPIWorld(), rates = try MessageRates(world.communicator)
    let host = try rates.link(within: true, on: world.communicator), network = try rates.link(within: false, on: world.communicator)
    // The others have done their part.
    if world.communicator.rank == 0 { try show(resolved, plan, measured, counts, host: host, network: network) }
    try world.finish()
  }

  private func show(
    _ resolved: ResolvedStudy, _ plan: Plan, _ measured: [MeasuredRun], _ counts: [Int],
    host: ScalingModel.Link?, network: ScalingModel.Link?
  ) throws {
    print("\(resolved.name), digest \(resolved.digest): \(plan.units.count) unit\(plan.units.count == 1 ? "" : "s")\n")
    show(plan)
    let constants = try ModelConstants(
      host: host, network: network, latency: latency, bandwidth: bandwidth, ranksPerHost: ranksPerHost ?? Machine.processors)
    print("\nMeasured:")
    for line in constants.lines { print("  \(line)") }
    let tables = PlanTables(model: constants.model, plan: plan, settings: resolved.run)
    print("")
    tables.runs(counts).show()
    if let longest = tables.longest {
      print("\nUnit \(longest.label) alone on a team of n:")
      tables.team(longest, counts).show()
      for line in tables.limits(longest, counts) { print(line) }
    }
    if !measured.isEmpty {
      print("\nPrediction against runs:")
      tables.comparison(measured).show()
      for line in tables.remarks(measured) { print(line) }
    }
    if let figures {
      for fault in try PlanFigures(tables: tables, counts: counts, measured: measured).draw(into: figures) {
        ErrorOutput.line("warning: \(fault)")
      }
    }
  }

  private func show(_ plan: Plan) {
    var table = TextTable(["unit", "team", "operations", "memory per rank", "shared by the team"], right: [2, 3, 4])
    for unit in plan.units.prefix(40) {
      table.rows.append([
        unit.label, words(unit.team), Shown.scaled(unit.operations), Shown.bytes(unit.bytesPerRank),
        unit.sharedBytes > 0 ? Shown.bytes(unit.sharedBytes) : "-",
      ])
    }
    table.show()
    if plan.units.count > 40 { print("... and \(plan.units.count - 40) more") }
    print(
      "Beside it: \(Shown.bytes(Double(Machine.heldMemory))) of every rank for the program and its libraries; "
        + "of rank 0 the results of all units, and twice their bytes for the report")
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
