import Runtime

/// The predictions of `renorm plan` as figures.
struct PlanFigures {
  let tables: PlanTables, counts: [Int], measured: [MeasuredRun]

  /// Powers of two up to the largest number of ranks asked for.
  private var ranks: [Int] {
    let most = max(2, counts.max() ?? 2)
    return sequence(first: 1) { $0 * 2 <= most ? $0 * 2 : nil } + (most & (most - 1) == 0 ? [] : [most])
  }

  /// Draws the figures; returns why some could not be drawn.
  func draw(into folder: String) throws -> [String] {
    try ([time, efficiency] + [parameters].compactMap { $0 }).compactMap { try ReportWriter.write($0, to: folder) }
  }

  private var time: Figure {
    let x = ranks.map(Double.init), seconds = ranks.map { tables.predict($0).seconds }
    var curves = [
      Curve("predicted", x: x, y: seconds), Curve("perfect", x: x, y: x.map { seconds[0] / $0 }, style: .line),
    ]
    if !measured.isEmpty {
      curves.append(Curve("measured", x: measured.map { Double($0.ranks) }, y: measured.map(\.seconds), style: .points))
    }
    return Figure(
      name: "plan-time", title: "Time of the run against ranks",
      caption: "The whole run in the teams that the runtime chooses, by the model of cluster/SCALING.md, beside perfect scaling.",
      content: .curves(curves, xLabel: "ranks", yLabel: "seconds", logX: true, logY: true))
  }

  private var efficiency: Figure {
    let x = ranks.map(Double.init), predictions = ranks.map { tables.predict($0) }
    var curves = [
      Curve("whole run", x: x, y: zip(predictions, x).map { predictions[0].seconds / ($0.seconds * $1) }),
      Curve("its messages", x: x, y: predictions.map(\.communicating)),
    ]
    if let unit = tables.longest {
      curves.append(Curve("\(unit.label), strong", x: x, y: ranks.map { tables.model.efficiency(unit, ranks: $0, isWeak: false) }))
      curves.append(Curve("\(unit.label), weak", x: x, y: ranks.map { tables.model.efficiency(unit, ranks: $0, isWeak: true) }))
    }
    return Figure(
      name: "plan-efficiency", title: "Efficiency against ranks",
      caption:
        "Time of one rank over time and ranks: of the whole run, and of its longest unit alone on a team of all ranks, with the same "
        + "work for the team (strong) or for each rank (weak); and the part of the run that messages take.",
      content: .curves(curves, xLabel: "ranks", yLabel: "part", logX: true, logY: false))
  }

  private var parameters: Figure? {
    guard let unit = tables.longest else { return nil }
    let curves = unit.work.filter { $0.parameter != nil }.enumerated().map { place, work in
      let points = ranks.compactMap { count in
        tables.model.value(work, ranks: count, efficiency: 0.8).map { (x: Double(count), y: $0) }
      }
      return Curve("\(work.parameter ?? ""), part \(place + 1)", x: points.map(\.x), y: points.map(\.y))
    }
    guard let name = unit.work.compactMap(\.parameter).first else { return nil }
    let isOne = unit.work.allSatisfy { $0.parameter == nil || $0.parameter == name }
    return Figure(
      name: "plan-parameters", title: "From which size on 80 % efficiency is reached",
      caption:
        "For each part of unit \(unit.label) that has a parameter of its own: the value from which on a team spends four fifths of its "
        + "time as one rank would. Where a curve ends, the work has too few pieces.",
      content: .curves(curves, xLabel: "ranks", yLabel: isOne ? name : "value", logX: true, logY: true))
  }
}
