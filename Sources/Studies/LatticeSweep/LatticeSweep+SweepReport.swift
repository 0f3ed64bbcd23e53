import LatticeSystems
public import Runtime
import Statistics

extension LatticeSweep {
  public static func report(sweep points: [SweptResults<LatticeSweep>]) throws(StudyError) -> Report {
    let finished = points.compactMap { swept in swept.results.first.map { (point: swept.point, study: swept.study, partial: $0.partial) } }
    guard let first = finished.first else {
      return Report(
        title: points.first.map { $0.study.title } ?? "", abstract: "All units failed; there is nothing to report.", rows: [], derived: [],
        sections: [], arrays: [])
    }
    var report = Report(
      title: first.study.title, abstract: "\(finished.count) of \(points.count) points of a sweep. " + errorWords(first.study.blocks),
      rows: finished.flatMap(identified), derived: [], sections: [], arrays: finished.flatMap(arrays))
    let families = families(finished), others = finished.count { Set($0.study.extents).count > 1 }
    if others > 0 {
      report.abstract +=
        " Finite-size scaling takes lattices whose sides are equal: \(others == 1 ? "one point of another shape stands" : "\(others) points of other shapes stand") in the table alone."
    }
    for family in families {
      let scaling = ScalingReport(family, isOnly: families.count == 1)
      report.derived += scaling.derived
      report.sections += scaling.sections
      if let figure = snapshots(of: family, finished, isOnly: families.count == 1) {
        report.sections.append(ReportSection("Configurations", [.figure(figure)]))
      }
    }
    let times = AutocorrelationReport(families)
    if !times.items.isEmpty { report.sections.append(ReportSection("Autocorrelation times", times.items)) }
    report.derived += times.derived
    if let ladders = ladders(finished) { report.sections.append(ReportSection("Replica exchange", [.table(ladders)])) }
    report.sections.append(ReportSection("All points", [.table(table(finished))]))
    return report
  }

  private typealias Finished = (point: SweepPoint, study: LatticeSweep, partial: Partial)

  /// Swept settings of a point that neither its rows nor its place on a curve tell, with their full and short names.
  private static func swept(_ finished: Finished) -> [(name: String, short: String, value: ParameterValue)] {
    let told: Set = [
      "model.name", "model.coupling", "model.offset", "model.field", "model.colours", "model.quartic", "lattice.size", "lattice.extents",
      "lattice.dimensions", "sampling.move", "sampling.measurements", "sampling.warm_up", "exchange.couplings",
    ]
    return zip(finished.point.settings, finished.point.identification).filter { !told.contains($0.0.name) }.map {
      ($0.0.name, $0.1.name, $0.1.value)
    }
  }
  /// The rows of a point, which tell what identifies it.
  private static func identified(_ finished: Finished) -> [ResultRow] {
    finished.partial.recording.rows.map {
      ResultRow(at: $0.at + swept(finished).map { ($0.short, $0.value) }, observables: $0.observables)
    }
  }

  /// The arrays of a point under names of its own.
  private static func arrays(_ finished: Finished) -> [ResultArray] {
    let suffix = finished.point.label.map { $0.isLetter || $0.isNumber ? $0 : "_" }
    return finished.partial.recording.arrays.map { array in
      var array = array
      array.name += "_\(String(suffix))"
      return array
    }
  }

  /// Points of cubic lattices that differ in size and coupling alone, in the order of their first appearance.
  ///
  /// How a lattice is sampled does not change its law, so points of other chains, intervals or steps belong together as well;
  /// but a setting of the sampling that is swept at one and the same size and coupling is to be compared, and keeps apart.
  private static func families(_ finished: [Finished]) -> [FiniteSizeScaling] {
    let cubic = finished.filter { Set($0.study.extents).count == 1 && !$0.partial.samples.isEmpty }
    let compared = comparedSettings(cubic)
    func others(_ one: Finished) -> [(name: String, value: ParameterValue)] {
      swept(one).filter { !$0.name.hasPrefix("sampling.") || compared.contains($0.name) }.map { ($0.short, $0.value) }
    }
    func key(_ one: Finished) -> String { law(one) + others(one).map { "\($0.name) \($0.value.words)" }.joined(separator: " ") }
    var keys: [String] = []
    for one in cubic where !keys.contains(key(one)) { keys.append(key(one)) }
    return keys.map { wanted in
      let members = cubic.filter { key($0) == wanted }
      let sizes = Set(members.map { $0.study.extents[0] }).sorted().map { size in
        let own = members.filter { $0.study.extents[0] == size }
        let samples = own.flatMap(\.partial.samples).sorted { $0.coupling < $1.coupling }
        let names = (try? own[0].study.rowNames()) ?? []
        return FiniteSizeScaling.Size(own[0].study, samples, names: names, unequalMoves: unequalMoves(members))
      }
      return FiniteSizeScaling(sizes, others: others(members[0]))
    }
  }
  /// What tells the laws and the moves of two points apart, sizes and couplings aside.
  private static func law(_ one: Finished) -> String {
    let study = one.study
    return
      "\(study.model) \(study.extents.count) \(study.colours) \(study.quartic) \(study.field) \(study.resolvedMove) \(study.ladder.isEmpty) "
  }
  /// Settings of the sampling of which one size at one coupling has several, all others being equal.
  private static func comparedSettings(_ points: [Finished]) -> Set<String> {
    let names = Set(points.flatMap { swept($0).map(\.name) }).filter { $0.hasPrefix("sampling.") }
    return names.filter { name in
      var seen: [String: String] = [:]
      return points.contains { one in
        let rest = swept(one).filter { $0.name != name }.map { "\($0.name) \($0.value.words)" }.joined(separator: " ")
        let place = law(one) + "\(one.study.extents) \(one.study.coupling) \(one.study.ladder) " + rest
        let value = swept(one).first { $0.name == name }?.value.words ?? ""
        defer { seen[place] = value }
        return seen[place].map { $0 != value } ?? false
      }
    }
  }
  /// Settings that make steps of the move unlike and that differ between points; nil where all are alike.
  private static func unequalMoves(_ points: [Finished]) -> String? {
    let settings: [(name: String, value: (LatticeSweep) -> Double?)] = [
      (
        "width",
        { ($0.resolvedMove == .metropolis || $0.resolvedMove == .mixed) && ($0.model == .xy || $0.model == .phi4) ? $0.width : nil }
      ),
      ("clusters", { $0.resolvedMove == .mixed ? Double($0.clustersPerSweep) : nil }),
      ("step_size", { $0.resolvedMove == .hybrid ? $0.stepSize : nil }),
      ("step_count", { $0.resolvedMove == .hybrid ? Double($0.stepCount) : nil }),
    ]
    let unlike = settings.filter { setting in Set(points.map { setting.value($0.study) }).count > 1 }.map { "sampling.\($0.name)" }
    return unlike.isEmpty ? nil : unlike.joined(separator: " and ")
  }

  /// One configuration of each size at the middle coupling.
  private static func snapshots(of family: FiniteSizeScaling, _ finished: [Finished], isOnly: Bool) -> Figure? {
    let shown = family.sizes.compactMap { size -> (title: String, partial: Partial)? in
      let middle = size.couplings[size.couplings.count / 2]
      let own = finished.first {
        $0.study.extents == size.study.extents && $0.study.coupling == middle && $0.study.model == size.study.model
          && $0.study.resolvedMove == size.study.resolvedMove
      }
      return own.map { ("L = \(size.size), \(family.study.letter) = \(written(middle, nil, digits: 5))", $0.partial) }
    }
    guard var figure = family.study.snapshots(shown) else { return nil }
    if !isOnly { figure.name += "-\(family.slug)" }
    return figure
  }

  // MARK: Table

  /// Acceptances and round trips of ladders; nil where there are none.
  static func ladders(_ rows: [ResultRow]) -> ReportTable? {
    let found = rows.compactMap { row -> [String]? in
      guard let acceptance = row.observables.first(where: { $0.name == "exchange_acceptance" })?.observable,
        let trips = row.observables.first(where: { $0.name == "round_trips_per_thousand_exchanges" })?.observable
      else { return nil }
      return [
        row.at.map { "\($0.name) \($0.value.words)" }.joined(separator: ", "),
        acceptance.values.map { written($0, nil, digits: 2) }.joined(separator: " "), written(trips.values[0], trips.errors?[0]),
        row.observables.first { $0.name == "round_trips" }?.observable.reason ?? "",
      ]
    }
    return found.isEmpty
      ? nil
      : ReportTable(
        caption:
          "How often neighbouring rungs traded, pair by pair, and how often the replicas of a ladder went from the first rung to the last and back.",
        header: ["ladder", "acceptance", "round trips per 1000 exchanges", ""], rows: found)
  }
  private static func ladders(_ finished: [Finished]) -> ReportTable? { ladders(finished.flatMap(\.partial.recording.rows)) }

  private static func table(_ finished: [Finished]) -> ReportTable {
    let shown = ["energy_per_site", "specific_heat", "abs_magnetization", "susceptibility", "binder_cumulant", "correlation_length"]
    let rows = finished.prefix(200).flatMap { one in
      identified(one).filter { row in row.observables.contains { $0.name == "energy_per_site" } }.map { row in
        func cell(_ name: String) -> String {
          guard let found = row.observables.first(where: { $0.name == name })?.observable else { return "–" }
          return written(found.values[0], found.errors?[0])
        }
        let energy = row.observables.first { $0.name == "energy_per_site" }?.observable
        let deviation = row.observables.first { $0.name == "energy_per_site_deviation" }?.observable
        return [row.at.dropFirst().map { "\($0.name) \($0.value.words)" }.joined(separator: ", ")]
          + shown.map(cell) + [
            energy?.tau.map { written($0, nil, digits: 2) } ?? "", deviation.map { written($0.values[0], nil, digits: 2) } ?? "",
            row.observables.contains { $0.observable.reason != nil } ? "take care" : "",
          ]
      }
    }
    return ReportTable(
      caption: "Every point; tau of the energy in rows, and where the energy is known exactly its deviation in standard errors."
        + (finished.count > 200 ? " The first 200 points; results.json has all." : ""),
      header: ["point", "e", "c", "|m|", "chi", "U", "xi", "tau", "deviation", ""], rows: rows)
  }
}
