import Foundation
public import Runtime
import Statistics

extension BoltzmannFlow {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let all = results.first?.partial ?? Recording()
    return Report(
      title: "Where Boltzmann machines carry Ising configurations",
      abstract:
        "Machines of \(hidden) hidden units, trained on \(size) x \(size) Ising configurations, map them v -> h -> v, \(flowSteps) times. "
        + "\(readers) network\(readers == 1 ? "" : "s") that learned to tell \(temperatures.count) temperatures read "
        + "where they are; so does the energy, whose temperature follows from the exact torus. A temperature is one only in equilibrium, where both "
        + "go together.",
      rows: all.rows, derived: derived(all),
      sections: [
        ReportSection("The flow", [.text(flowWords(all)), .table(endTable(all))] + flowFigures(all).map { .figure($0) }),
        ReportSection(
          "How far the thermometer is to be believed",
          [.text(trustWords(all)), .table(trustTable(all)), .figure(trustFigure(all))]),
        ReportSection("At the end", [.figure(ends(all))]),
      ], arrays: results.flatMap(\.partial.arrays))
  }

  private func estimate(_ all: Recording, _ name: String, _ at: [(name: String, value: ParameterValue)]) -> Estimate {
    let found = all.observable(name, at: at)
    return Estimate(value: found?.values[0] ?? .nan, error: found?.errors?[0] ?? .nan)
  }
  private func text(_ e: Estimate) -> String { e.value.isFinite ? written(e.value, e.error) : "–" }
  private func short(_ value: Double) -> String { String(format: "%g", value) }

  private func derived(_ all: Recording) -> [(name: String, observable: Observable)] {
    machines.indices.flatMap { machine -> [(name: String, observable: Observable)] in
      ["reading", "temperature_of_energy"].map { name in
        let end = end(all, machine, name)
        return (
          "\(name)_\(machines[machine].rawValue)",
          Observable(
            end.value, error: end.error, unit: "J/k",
            reason: end.value.isFinite ? nil : "the energy of a start is that of no temperature, or of ground states alone")
        )
      }
    }
  }
  /// The mean over starts at the end of a flow.
  private func end(_ all: Recording, _ machine: Int, _ name: String) -> Estimate {
    let each = starts.map { estimate(all, name, at(machine, $0, flowSteps)) }, n = Double(each.count)
    return Estimate(
      value: each.reduce(0) { $0 + $1.value } / n, error: each.reduce(0) { $0 + $1.error * $1.error }.squareRoot() / n)
  }

  // MARK: the flow

  private func flowWords(_ all: Recording) -> String {
    var words: [String] = []
    for machine in machines.indices {
      let reading = end(all, machine, "reading"), energy = end(all, machine, "temperature_of_energy")
      let each = starts.map { estimate(all, "reading", at(machine, $0, flowSteps)) }
      let spread = (each.map(\.value).max() ?? 0) - (each.map(\.value).min() ?? 0)
      let width = 3 * (each.map(\.error).max() ?? 0) * 2.0.squareRoot()
      let name = machines[machine].rawValue
      words.append(
        "Machine \"\(name)\": after \(flowSteps) steps the networks read \(text(reading)) and the energy says "
          + (energy.value.isFinite ? text(energy) : "no one temperature") + "; T_c is 2.269. "
          + (spread <= width
            ? "All starts have come to the same reading within three standard errors of their difference."
            : "The starts still differ by \(String(format: "%.2f", spread)) in their readings: the flow remembers where it began."))
      guard energy.value.isFinite, let here = equilibrium(all, at: energy.value) else { continue }
      let margin = 4 * (reading.error * reading.error + here.error * here.error).squareRoot()
      let isWithin = reading.value > here.low - margin && reading.value < here.high + margin
      words.append(
        "Equilibrium configurations of T = \(short(here.below)) and \(short(here.above)), on either side of that energy, are read as "
          + "\(String(format: "%.3f", here.low)) and \(String(format: "%.3f", here.high)); the reading of the flow lies "
          + (isWithin ? "between them, within 4 standard errors." : "outside: these are equilibrium configurations of no temperature."))
    }
    return words.joined(separator: " ")
  }

  /// What the networks read in equilibrium at the temperatures on either side of this one, and the larger error; nil outside the data's.
  private func equilibrium(_ all: Recording, at temperature: Double) -> (
    below: Double, above: Double, low: Double, high: Double, error: Double
  )? {
    guard let place = temperatures.lastIndex(where: { $0 <= temperature }), place + 1 < temperatures.count else { return nil }
    let (a, b) = (temperatures[place], temperatures[place + 1])
    let x = estimate(all, "reading", Self.at("equilibrium", a)), y = estimate(all, "reading", Self.at("equilibrium", b))
    return (a, b, min(x.value, y.value), max(x.value, y.value), max(x.error, y.error))
  }

  private func endTable(_ all: Recording) -> ReportTable {
    var rows: [[String]] = []
    for machine in machines.indices {
      for start in starts {
        let here = at(machine, start, flowSteps)
        rows.append([
          machines[machine].rawValue, short(temperatures[start]), text(estimate(all, "reading", here)),
          networks(all, here), text(estimate(all, "temperature_of_energy", here)), text(estimate(all, "energy_per_site", here)),
          text(estimate(all, "abs_magnetization", here)),
        ])
      }
    }
    return ReportTable(
      caption: "After \(flowSteps) steps, \(replicas) configurations from each start. T in J/k; apart: by how much the networks differ.",
      header: ["machine", "start T", "reading", "apart", "T of the energy", "energy", "abs m"], rows: rows)
  }
  private func networks(_ all: Recording, _ at: [(name: String, value: ParameterValue)]) -> String {
    let each = all.observable("readings_of_networks", at: at)?.values ?? []
    return String(format: "%.2f", (each.max() ?? .nan) - (each.min() ?? .nan))
  }

  private func flowFigures(_ all: Recording) -> [Figure] {
    machines.indices.map { machine in
      // Step 0 stands at 1/2 of a logarithmic axis.
      let x = looks.map { $0 == 0 ? 0.5 : Double($0) }
      var curves: [Curve] = []
      for (colour, start) in starts.enumerated() {
        for (name, label) in [("reading", "read"), ("temperature_of_energy", "energy")] {
          let each = looks.map { estimate(all, name, at(machine, start, $0)) }
          // Above all temperatures of the data a curve would hide the others.
          let shown = each.indices.filter { each[$0].value.isFinite && each[$0].value < 2 * (temperatures.last ?? 1) }
          guard !shown.isEmpty else { continue }
          curves.append(
            Curve(
              "from \(short(temperatures[start])), \(label)", x: shown.map { x[$0] }, y: shown.map { each[$0].value },
              yErrors: shown.map { each[$0].error }, style: name == "reading" ? .linePoints : .line, colour: colour))
        }
      }
      curves.append(Curve("T_c", x: [0.5, Double(flowSteps)], y: [Self.critical, Self.critical], style: .line, colour: starts.count))
      return Figure(
        name: "flow-\(machines[machine].rawValue)", title: "Machine \"\(machines[machine].rawValue)\": temperature along the flow",
        caption:
          "Points: as the networks read it; lines without points: as the energy says. The start stands at 1/2. Values above twice the "
          + "largest temperature of the data are left out.",
        content: .curves(curves, xLabel: "step", yLabel: "T", logX: true, logY: false))
    }
  }

  // MARK: trust

  private func trustWords(_ all: Recording) -> String {
    let equilibrium = temperatures.map { estimate(all, "reading", Self.at("equilibrium", $0)) }
    let bias = zip(equilibrium, temperatures).map { abs($0.value - $1) }, worst = bias.indices.max { bias[$0] < bias[$1] } ?? 0
    let scatter = temperatures.map { all.observable("reading_scatter", at: Self.at("equilibrium", $0))?.values[0] ?? .nan }
    let widest = scatter.indices.max { scatter[$0] < scatter[$1] } ?? 0
    let permuted = temperatures.map { estimate(all, "reading", Self.at("permuted", $0)) }
    let moved = zip(permuted, equilibrium).map { abs($0.value - $1.value) }, least = moved.indices.min { moved[$0] < moved[$1] } ?? 0
    let near = moved.count { $0 < 0.5 }
    return
      "On test configurations in equilibrium the mean reading is off by at most \(String(format: "%.2f", bias[worst])) (at T = "
      + "\(short(temperatures[worst]))); of a single configuration it scatters by up to \(String(format: "%.2f", scatter[widest])) (at T = "
      + "\(short(temperatures[widest]))). The test that it fails or passes: the sites of each configuration in random order. The magnetization "
      + "stays and all correlations go. At \(near) of \(temperatures.count) temperatures the reading moves by less than 0.5 (least at T = "
      + "\(short(temperatures[least])): from \(text(equilibrium[least])) to \(text(permuted[least]))): there the networks read little but the "
      + "magnetization."
  }
  private func trustTable(_ all: Recording) -> ReportTable {
    ReportTable(
      caption:
        "Readings of \(test) test configurations of each temperature, and of the same with permuted sites. T in J/k; scatter: of single configurations; "
        + "apart: by how much the networks differ; –: ground states alone, or an energy above that of T = 1000.",
      header: ["T", "reading", "scatter", "apart", "T of the energy", "permuted", "T of its energy"],
      rows: temperatures.map { t in
        let here = Self.at("equilibrium", t), there = Self.at("permuted", t)
        return [
          short(t), text(estimate(all, "reading", here)), text(estimate(all, "reading_scatter", here)), networks(all, here),
          text(estimate(all, "temperature_of_energy", here)), text(estimate(all, "reading", there)),
          text(estimate(all, "temperature_of_energy", there)),
        ]
      })
  }
  private func trustFigure(_ all: Recording) -> Figure {
    let curves = [("equilibrium", "in equilibrium"), ("permuted", "sites permuted")].map { kind, label in
      let each = temperatures.map { estimate(all, "reading", Self.at(kind, $0)) }
      return Curve(label, x: temperatures, y: each.map(\.value), yErrors: each.map(\.error), style: .linePoints)
    }
    return Figure(
      name: "thermometer", title: "Reading against temperature",
      caption: "Permuted sites have the same magnetization and no correlations; their temperature is infinite at any T where m is small.",
      content: .curves(
        curves + [Curve("T", x: temperatures, y: temperatures, style: .line)], xLabel: "T", yLabel: "reading", logX: false, logY: false))
  }

  private func ends(_ all: Recording) -> Figure {
    let maps = machines.flatMap { machine in
      starts.enumerated().compactMap { place, start -> Heatmap? in
        guard let array = all.array("end_\(machine.rawValue)_\(place)") else { return nil }
        return Heatmap(
          title: "\(machine.rawValue), from \(short(temperatures[start]))", rows: size, columns: size, values: array.values,
          palette: .binary)
      }
    }
    return Figure(
      name: "ends", title: "Configurations at the end of the flow", caption: "One of \(replicas) from each start.",
      content: .heatmaps(maps, perRow: starts.count))
  }
}
