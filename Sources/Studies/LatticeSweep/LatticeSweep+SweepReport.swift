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
    let families = families(finished)
    for family in families {
      let scaling = ScalingReport(family, isOnly: families.count == 1)
      report.derived += scaling.derived
      report.sections += scaling.sections
      if let figure = snapshots(of: family, finished, isOnly: families.count == 1) {
        report.sections.append(ReportSection("Configurations", [.figure(figure)]))
      }
    }
    if let figure = times(families) { report.sections.append(ReportSection("Autocorrelation times", [.figure(figure)])) }
    report.derived += dynamicExponents(families)
    if let ladders = ladders(finished) { report.sections.append(ReportSection("Replica exchange", [.table(ladders)])) }
    report.sections.append(ReportSection("All points", [.table(table(finished))]))
    return report
  }

  private typealias Finished = (point: SweepPoint, study: LatticeSweep, partial: Partial)

  /// Swept settings of a point that neither its rows nor its place on a curve tell.
  private static func others(_ finished: Finished) -> [(name: String, value: ParameterValue)] {
    let told: Set = [
      "model.name", "model.coupling", "model.offset", "model.field", "model.colours", "model.quartic", "lattice.size", "lattice.extents",
      "lattice.dimensions", "sampling.move", "sampling.measurements", "sampling.warm_up", "exchange.couplings",
    ]
    return finished.point.settings.filter { !told.contains($0.name) && $0.value.isScalar }
      .map { (String($0.name.split(separator: ".").last ?? ""), $0.value) }
  }
  /// The rows of a point, which tell what identifies it.
  private static func identified(_ finished: Finished) -> [ResultRow] {
    finished.partial.recording.rows.map { ResultRow(at: $0.at + others(finished), observables: $0.observables) }
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
  private static func families(_ finished: [Finished]) -> [FiniteSizeScaling] {
    func key(_ one: Finished) -> String {
      let study = one.study
      return "\(study.model) \(study.extents.count) \(study.colours) \(study.quartic) \(study.field) \(study.resolvedMove) "
        + others(one).map { "\($0.name) \($0.value.words)" }.joined(separator: " ")
    }
    let cubic = finished.filter { Set($0.study.extents).count == 1 && !$0.partial.samples.isEmpty }
    var keys: [String] = []
    for one in cubic where !keys.contains(key(one)) { keys.append(key(one)) }
    return keys.map { wanted in
      let members = cubic.filter { key($0) == wanted }
      let sizes = Set(members.map { $0.study.extents[0] }).sorted().map { size in
        let own = members.filter { $0.study.extents[0] == size }
        let samples = own.flatMap(\.partial.samples).sorted { $0.coupling < $1.coupling }
        let names = (try? own[0].study.rowNames()) ?? []
        return FiniteSizeScaling.Size(own[0].study, samples, names: names)
      }
      return FiniteSizeScaling(sizes, others: others(members[0]))
    }
  }

  /// One configuration of each size at the middle coupling.
  private static func snapshots(of family: FiniteSizeScaling, _ finished: [Finished], isOnly: Bool) -> Figure? {
    let shown = family.sizes.compactMap { size -> (title: String, partial: Partial)? in
      let middle = size.couplings[size.couplings.count / 2]
      let own = finished.first {
        $0.study.extents == size.study.extents && $0.study.coupling == middle && $0.study.model == size.study.model
          && $0.study.resolvedMove == size.study.resolvedMove
      }
      return own.map { ("L = \(size.size), K = \(written(middle, nil, digits: 5))", $0.partial) }
    }
    guard var figure = family.study.snapshots(shown) else { return nil }
    if !isOnly { figure.name += "-\(family.slug)" }
    return figure
  }

  // MARK: Autocorrelation

  /// What an autocorrelation time is of.
  private enum TimedObservable: String, CaseIterable {
    case energy
    case squaredMagnetization = "squared_magnetization"
    var words: String { self == .energy ? "e" : "m^2" }
    func time(_ sample: CouplingSample) -> Estimate? { self == .energy ? sample.time : sample.magnetizationTime }
  }

  /// (L, tau) at the coupling nearest to the transition, and how far that is from it, |K - K_c| L^(1/nu).
  private static func times(
    _ family: FiniteSizeScaling, _ observable: TimedObservable
  ) -> [(size: Double, tau: Estimate, distance: Double)] {
    family.sizes.compactMap { size in
      let critical = size.study.criticalPoint?.coupling.value ?? size.couplings[size.couplings.count / 2]
      guard let nearest = size.samples.min(by: { abs($0.coupling - critical) < abs($1.coupling - critical) }),
        let tau = observable.time(nearest), tau.value > 0, tau.error > 0
      else { return nil }
      let length = Double(size.size), nu = size.study.criticalPoint?.nu?.value ?? 1
      return (length, tau, abs(nearest.coupling - critical) * exponential(logarithm(length) / nu))
    }
  }
  private static func times(_ families: [FiniteSizeScaling]) -> Figure? {
    let curves = families.flatMap { family in
      TimedObservable.allCases.compactMap { observable -> Curve? in
        let points = times(family, observable)
        guard points.count >= 2 else { return nil }
        return Curve(
          "\(family.study.resolvedMove.rawValue), \(observable.words)", x: points.map(\.size), y: points.map(\.tau.value),
          yErrors: points.map(\.tau.error))
      }
    }
    guard !curves.isEmpty else { return nil }
    return Figure(
      name: "autocorrelation", title: "Autocorrelation times of energy and squared magnetization against size",
      caption:
        "tau in sweeps (N / <|C|> clusters for Wolff) at the coupling nearest to the transition, both axes logarithmic: the slope is the dynamic exponent z. "
        + "What decays slowest tells it: with local moves m^2, of which the energy feels only a part.",
      content: .curves(curves, xLabel: "L", yLabel: "tau (sweeps)", logX: true, logY: true))
  }
  private static func dynamicExponents(_ families: [FiniteSizeScaling]) -> [(name: String, observable: Observable)] {
    families.flatMap { family in
      TimedObservable.allCases.compactMap { observable in dynamicExponent(family, observable, isOnly: families.count == 1) }
    }
  }
  private static func dynamicExponent(
    _ family: FiniteSizeScaling, _ observable: TimedObservable, isOnly: Bool
  ) -> (name: String, observable: Observable)? {
    let points = times(family, observable)
    guard points.count >= 2,
      let fit = try? linearFit(
        design: points.map { [1, logarithm($0.size)] }, values: points.map { logarithm($0.tau.value) },
        noise: .errors(points.map { $0.tau.error / $0.tau.value }))
    else { return nil }
    let tail = isOnly ? "" : "_" + String(family.slug.map { $0.isLetter || $0.isNumber ? $0 : "_" })
    var reasons: [String] = []
    if points.count > 2, fit.reducedChiSquared > 3 {
      reasons.append("chi^2 per degree of freedom \(written(fit.reducedChiSquared, nil, digits: 2)): no single power law")
    }
    // At x = 1 the correlation length is about L.
    if let far = points.first(where: { $0.distance > 1 }) {
      reasons.append("L = \(Int(far.size)) has no coupling near the transition, so this is no dynamic exponent")
    }
    return (
      "dynamic_exponent_\(observable.rawValue)\(tail)",
      Observable(fit[1].value, error: fit[1].error, reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
    )
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
        trips.reason ?? "",
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
            energy?.reason == nil ? "" : "take care",
          ]
      }
    }
    return ReportTable(
      caption: "Every point; tau of the energy in rows, and where the energy is known exactly its deviation in standard errors."
        + (finished.count > 200 ? " The first 200 points; results.json has all." : ""),
      header: ["point", "e", "c", "|m|", "chi", "U", "xi", "tau", "deviation", ""], rows: rows)
  }
}
