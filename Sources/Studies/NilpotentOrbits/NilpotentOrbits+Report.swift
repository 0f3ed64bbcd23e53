public import Runtime
public import SymmetryGroups

extension NilpotentOrbits {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let done = results.map(\.unit)
    let abstract =
      "The nilpotent orbits of \(done.map(\.description).joined(separator: ", ")), each an sl2 triple up to conjugation: of all labels 0, 1, 2 on "
      + "the Dynkin diagram those for which a random e of degree 2 has [e, f] = h, solved over the field of 2^31 - 1 elements. For the classical "
      + "types the same orbits follow from partitions, with the order of their closures; exceptional types are listed by dimension."
    var sections = [overview(results)]
    if let chosen { sections.append(look(at: chosen)) }
    sections.append(contentsOf: results.map { chapter($0.unit, $0.partial) })
    return Report(
      title: "Nilpotent orbits of simple Lie algebras", abstract: abstract, rows: results.flatMap(\.partial.rows), derived: [],
      sections: sections, arrays: results.flatMap(\.partial.arrays))
  }

  private func value(_ found: Recording, _ type: Unit, _ name: String) -> Double? {
    found.observable(name, at: [("algebra", .text(type.description))])?.values[0]
  }
  private func integer(_ value: Double?) -> String { value.map { "\(Int($0))" } ?? "–" }

  private func overview(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let rows = results.map { type, found in
      ["\(type)"] + ["dimension", "orbits", "minimal_dimension", "sum_of_dimensions", "covers"].map { integer(value(found, type, $0)) }
    }
    let disagree = results.filter { value($0.partial, $0.unit, "partitions_agree") == 0 }.map { "\($0.unit)" }
    let missed = results.filter { (value($0.partial, $0.unit, "dimensions_missed_by_adjoint_rank") ?? 0) > 0 }.map { "\($0.unit)" }
    let named = results.filter { $0.unit.isClassical }.map { "\($0.unit)" }
    var words = "Every minimal orbit has dimension 2h - 2, h the dual Coxeter number"
    let wrong = results.filter { value($0.partial, $0.unit, "minimal_dimension") != Double(2 * $0.unit.dualCoxeterNumber - 2) }
    if !wrong.isEmpty { words = "The minimal orbit misses dimension 2h - 2 for " + wrong.map { "\($0.unit)" }.joined(separator: ", ") }
    if !named.isEmpty {
      words +=
        disagree.isEmpty
        ? ". The triples and the partitions give the same diagrams for \(named.joined(separator: ", "))"
        : ". The triples and the partitions DISAGREE for \(disagree.joined(separator: ", "))"
    }
    if checksRanks {
      words +=
        missed.isEmpty
        ? ". rank(ad e) is the dimension of every orbit." : ". rank(ad e) MISSES a dimension of \(missed.joined(separator: ", "))."
    } else {
      words += "."
    }
    let ladders = results.map { type, found in
      let dimensions = orbitRows(type, found).map { $0.observables[0].observable.values[0] }.sorted()
      return Curve(
        "\(type)", x: dimensions.indices.map { Double($0) / Double(max(1, dimensions.count - 1)) },
        y: dimensions.map { $0 / (dimensions.last ?? 1) })
    }
    return ReportSection(
      "What was found",
      [
        .text(words),
        .table(
          ReportTable(
            caption:
              "Numbers of orbits (the zero orbit counted), the least dimension beside zero, the sum of dimensions, and the covers of the closure order.",
            header: ["algebra", "dimension", "orbits", "minimal", "sum", "covers"], rows: rows)),
        .figure(
          Figure(
            name: "ladders", title: "The ladders of orbits",
            caption:
              "Dimensions over that of the principal orbit, from the zero orbit up; the first step is to the minimal orbit.",
            content: .curves(
              ladders, xLabel: "place of the orbit, from zero to principal", yLabel: "dimension / principal", logX: false, logY: false))),
      ])
  }

  private func orbitRows(_ type: Unit, _ found: Recording) -> [ResultRow] {
    found.rows.filter { row in row.at.contains { $0.name == "orbit" } && row.at.contains { $0.value == .text(type.description) } }
  }

  private func chapter(_ type: Unit, _ found: Recording) -> ReportSection {
    let rows = orbitRows(type, found).map { row -> [String] in
      let partition = row.at.first { $0.name == "partition" }.map { pair in
        if case .text(let text) = pair.value { text } else { "" }
      }
      let values = row.observables.map(\.observable)
      return (partition.map { [$0] } ?? [])
        + ["\(Int(values[0].values[0]))", values[1].values.map { "\(Int($0))" }.joined(separator: " ")]
    }
    let named = type.isClassical
    var items: [ReportSection.Item] = []
    if named { items.append(.figure(hasse(type))) }
    items.append(
      .table(
        ReportTable(
          caption:
            "The \(rows.count) nilpotent orbits of \(type), from the zero orbit to the principal one; labels in the numbering of Bourbaki.",
          header: (named ? ["partition"] : []) + ["dimension", "weighted Dynkin diagram"], rows: rows)))
    return ReportSection("\(type)", items)
  }

  /// The Hasse diagram: every orbit at its dimension, orbits of one dimension side by side.
  private func hasse(_ type: Unit) -> Figure {
    let orbits = OrbitPartition.all(type), order = ClosureOrder(orbits)
    let x = orbits.indices.map { place -> Double in
      let level = orbits.indices.filter { orbits[$0].dimension == orbits[place].dimension }
      return Double(level.firstIndex(of: place) ?? 0) - Double(level.count - 1) / 2
    }
    let y = orbits.map { Double($0.dimension) }
    let edges = Curve("", x: order.walk.map { x[$0] }, y: order.walk.map { y[$0] }, style: .line)
    var marks = [Curve("orbits", x: x, y: y, style: .points)]
    if let chosen, chosen.type == type, let place = orbits.firstIndex(of: chosen) {
      let below = orbits.indices.filter { $0 != place && orbits[$0].isInClosure(of: chosen) }
      marks.append(Curve("in the closure of \(chosen)", x: below.map { x[$0] }, y: below.map { y[$0] }, style: .points))
      marks.append(Curve("\(chosen)", x: [x[place]], y: [y[place]], style: .points))
    }
    return Figure(
      name: "hasse-\(type.description.lowercased())", title: "Closure order of \(type)",
      caption:
        "\(orbits.count) orbits at their dimensions, and the \(order.covers.count) covers of the closure order. The table below lists them from the bottom up, "
        + "orbits of one dimension from left to right.",
      content: .curves([edges] + marks, xLabel: "place among orbits of one dimension", yLabel: "dimension", logX: false, logY: false))
  }

  private func look(at chosen: OrbitPartition) -> ReportSection {
    let orbits = OrbitPartition.all(chosen.type), order = ClosureOrder(orbits), place = orbits.firstIndex(of: chosen) ?? 0
    func names(_ places: [Int]) -> String {
      places.isEmpty ? "none" : places.map { orbits[$0].description }.joined(separator: ", ")
    }
    let closure = orbits.indices.filter { $0 != place && orbits[$0].isInClosure(of: chosen) }
    let others = orbits.filter { $0.parts == chosen.parts && $0 != chosen }.map {
      "\($0), of the same dimension and with the diagram \($0.diagram.map(String.init).joined(separator: " "))"
    }
    let twins =
      others.isEmpty
      ? "" : "All parts are even, so that the partition names two orbits: this one and \(others.joined(separator: ", ")). "
    return ReportSection(
      "The orbit \(chosen) of \(chosen.type)",
      [
        .text(
          twins
            + "Dimension \(chosen.dimension), weighted diagram \(chosen.diagram.map(String.init).joined(separator: " ")). Its closure holds \(closure.count) smaller orbits: \(names(closure)). "
            + "It covers \(names(order.covers.filter { $0.upper == place }.map(\.lower))) and is covered by \(names(order.covers.filter { $0.lower == place }.map(\.upper)))."
        )
      ])
  }
}
