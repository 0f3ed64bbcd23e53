import Runtime

/// What `renorm plan` says of a study: tables of predictions, and what limits them.
struct PlanTables {
  let model: ScalingModel, plan: Plan, settings: RunSettings

  /// The unit with most operations, if it can be shared.
  var longest: Plan.Unit? {
    plan.units.filter { $0.team != .one && $0.operations > 0 }.max { $0.operations < $1.operations }
  }

  func predict(_ ranks: Int) -> ScalingModel.Prediction {
    model.predict(plan, ranks: ranks, settings: settings, memory: Double(Machine.memory))
  }

  func runs(_ counts: [Int]) -> TextTable {
    var table = TextTable(
      ["ranks", "time", "speedup", "efficiency", "computing", "messages", "checkpoints", "memory per rank", "largest team"],
      right: [0, 1, 2, 3, 4, 5, 6, 7, 8])
    let alone = predict(1).seconds
    for count in counts {
      let prediction = predict(count), speedup = prediction.seconds > 0 ? alone / prediction.seconds : 1
      table.rows.append([
        "\(count)", Timestamp.span(prediction.seconds), Shown.number(speedup, digits: 3), Self.percent(speedup / Double(count)),
        Self.percent(prediction.computing), Self.percent(prediction.communicating), Self.percent(prediction.checkpointing),
        Shown.bytes(prediction.bytes), "\(prediction.largestTeam)",
      ])
    }
    return table
  }

  /// Strong and weak scaling of one unit.
  func team(_ unit: Plan.Unit, _ counts: [Int]) -> TextTable {
    let knobs = unit.work.filter { $0.parameter != nil }
    var table = TextTable(["n", "time", "messages", "efficiency", "of n times the work"], right: [0, 1, 2, 3, 4])
    for (place, work) in knobs.enumerated() {
      table.right.insert(table.header.count)
      let number = knobs.count { $0.parameter == work.parameter } > 1 ? ", part \(place + 1)" : ""
      table.header.append("80 % from \(work.parameter ?? "")\(number) on")
    }
    for count in counts {
      let (computing, communicating) = model.seconds(unit, ranks: count), time = computing + communicating
      var row = [
        "\(count)", Timestamp.span(time), Self.percent(communicating / time),
        Self.percent(model.efficiency(unit, ranks: count, isWeak: false)),
        Self.percent(model.efficiency(unit, ranks: count, isWeak: true)),
      ]
      for work in knobs {
        row.append(model.value(work, ranks: count, efficiency: 0.8).map { Shown.number($0.rounded(.up), digits: 3) } ?? "none")
      }
      table.rows.append(row)
    }
    return table
  }

  /// Where messages take over, and which parts have too few pieces.
  func limits(_ unit: Plan.Unit, _ counts: [Int]) -> [String] {
    var lines: [String] = []
    if let crossover = model.crossover(unit) {
      lines.append("From \(crossover) ranks on its messages take longer than its computing.")
    } else {
      let isSilent = unit.work.allSatisfy { $0.exchanges == 0 && $0.reductions == 0 }
      lines.append(
        isSilent ? "The plan knows of no messages within its team." : "Up to a million ranks its messages take less than its computing.")
    }
    if let fewest = unit.work.compactMap(\.pieces).min(), let most = counts.max(), most > fewest {
      lines.append("A part of its work comes in \(fewest) pieces, so more ranks than that are of no use to it.")
    }
    return lines
  }

  func comparison(_ runs: [MeasuredRun]) -> TextTable {
    var table = TextTable(
      [
        "ranks", "hosts", "measured", "predicted", "ratio", "by the work of the first", "ratio", "busy", "predicted", "communicating",
        "predicted",
      ],
      right: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for run in runs {
      let raw = predict(run, by: model), tuned = predict(run, by: tuned(to: runs[0]))
      table.rows.append([
        "\(run.ranks)", "\(run.hosts)", Timestamp.span(run.seconds), Timestamp.span(raw.seconds),
        Shown.number(raw.seconds / run.seconds, digits: 3), Timestamp.span(tuned.seconds),
        Shown.number(tuned.seconds / run.seconds, digits: 3), Self.percent(run.busy), Self.percent(tuned.computing),
        Self.percent(run.communicating), Self.percent(tuned.communicating),
      ])
    }
    return table
  }
  /// The model with a core that would have computed what it predicts for a run in the run's own busy time.
  private func tuned(to run: MeasuredRun) -> ScalingModel {
    let prediction = predict(run, by: model), factor = prediction.seconds * prediction.computing / (run.seconds * run.busy)
    var model = model
    model.products *= factor
    model.spins *= factor
    return model
  }
  /// The prediction for the hosts and processors of a run.
  private func predict(_ run: MeasuredRun, by model: ScalingModel) -> ScalingModel.Prediction {
    model.predict(
      plan, ranks: run.ranks, settings: settings, memory: Double(Machine.memory),
      processors: run.hosts == 1 ? min(run.ranks, Machine.processors) : nil)
  }
  func remarks(_ runs: [MeasuredRun]) -> [String] {
    let many = runs.filter { $0.hosts == 1 && $0.ranks > Machine.processors }
    var lines = ["Ratios are predicted over measured time. \"By the work of the first\" takes a core's speed from that run's busy time."]
    if !many.isEmpty {
      lines.append(
        "Oversubscribed: \(many.map { "\($0.ranks)" }.joined(separator: ", ")) ranks took turns on \(Machine.processors) processors, which the "
          + "prediction knows; what turns cost messages it does not.")
    }
    return lines
  }

  static func percent(_ part: Double) -> String { part.isFinite ? "\(Shown.fixed(100 * part, 1)) %" : "-" }
}

/// What a run took, from its timeline.
struct MeasuredRun {
  let ranks: Int, hosts: Int, seconds: Double, busy: Double, communicating: Double

  /// The run must be one of the study, and all in one launch that came to its end.
  init(_ path: String, of study: ResolvedStudy) throws {
    let folder = try RunArgument.folder(path)
    guard let identity = try folder.identity(), identity.digest == study.digest else {
      throw Failure(ExitStatus.usage, "--against \(path): holds another study; digest \(study.digest) is wanted")
    }
    let launches = Timeline(folder).launches
    guard launches.count == 1, let seconds = launches[0].ended, seconds > 0, FileAccess.exists(folder.results) else {
      throw Failure(ExitStatus.usage, "--against \(path): only a run that was complete after one launch can be compared")
    }
    let whole = seconds * Double(launches[0].hosts.count), spent = launches[0].spent()
    (ranks, hosts) = (launches[0].hosts.count, Set(launches[0].hosts).count)
    (self.seconds, busy, communicating) = (seconds, spent.busy / whole, spent.communicating / whole)
  }
}
