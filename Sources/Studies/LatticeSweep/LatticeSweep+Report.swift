import LatticeSystems
public import Runtime
import Statistics

extension LatticeSweep {
  public func report(_ results: [(unit: Unit, partial: Partial)]) throws(StudyError) -> Report {
    guard let partial = results.first?.partial, !partial.recording.rows.isEmpty else {
      return Report(title: title, abstract: "The unit failed; there is nothing to report.", rows: [], derived: [], sections: [], arrays: [])
    }
    var items: [ReportSection.Item] = [.text(Self.warning(partial.recording.rows))]
    for row in partial.recording.rows where row.observables.contains(where: { $0.name == "energy_per_site" }) {
      items.append(.table(Self.table(row)))
    }
    if let ladders = Self.ladders(partial.recording.rows) { items.append(.table(ladders)) }
    if let figure = snapshots([("\(letter) = \(Shown.setting(coupling))", partial)]) { items.append(.figure(figure)) }
    if let figure = traces(partial) { items.append(.figure(figure)) }
    return Report(
      title: title, abstract: abstract, rows: partial.recording.rows, derived: [], sections: [ReportSection("What was found", items)],
      arrays: partial.recording.arrays)
  }

  var title: String { "Monte Carlo of the \(modelWords) model" }
  private var modelWords: String {
    switch model {
    case .ising: "Ising"
    case .potts: "\(colours)-state Potts"
    case .xy: "XY"
    case .phi4: "scalar phi^4"
    }
  }
  private var abstract: String {
    "\(extents.map(String.init).joined(separator: " x ")) sites, \(letter) = "
      + (ladder.isEmpty
        ? "\(coupling), \(chains) chains of "
        : "\(ladder.map { "\($0)" }.joined(separator: ", ")) by replica exchange, \(chains) ladders of ")
      + "\(measurements) rows, \(interval) step\(interval == 1 ? "" : "s") of \(resolvedMove.rawValue) apart. " + Self.errorWords(blocks)
  }
  static func errorWords(_ blocks: Int) -> String {
    "Errors are one standard error: of means by the integrated autocorrelation time (tau = 1/2 + sum of rho, window 6 tau), of everything "
      + "else by the jackknife over \(blocks) blocks. The beginning of the chains is cut where the standard error of the rest is least (MSER-5), "
      + "and what is left is checked for drift and, where chains start both ways, for agreement of hot and cold starts."
  }
  /// All complaints about the rows, each once for a row, or that there is none.
  private static func warning(_ rows: [ResultRow]) -> String {
    let complaints = rows.flatMap { row -> [String] in
      let place = rows.count > 1 ? row.at.first { ["coupling", "hopping", "ladder"].contains($0.name) } : nil
      let front = place.map { "\($0.name) \($0.value.words): " } ?? ""
      var reasons: [String] = []
      for (_, observable) in row.observables {
        if let reason = observable.reason, !reasons.contains(reason) { reasons.append(reason) }
      }
      return reasons.map { front + $0 }
    }
    if complaints.isEmpty { return "Nothing speaks against the errors." }
    let more = complaints.count > 8 ? "; and \(complaints.count - 8) more, which results.json has" : ""
    return "Take care: " + complaints.prefix(8).joined(separator: "; ") + more + "."
  }
  private static func table(_ row: ResultRow) -> ReportTable {
    ReportTable(
      caption: row.at.map { "\($0.name) \($0.value.words)" }.joined(separator: ", ")
        + ": all observables, with the autocorrelation time of those that are means, in rows.",
      header: ["observable", "value", "unit", "tau"],
      rows: row.observables.map { name, observable in
        [
          name, written(observable.values[0], observable.errors?[0], digits: 6), observable.unit,
          observable.tau.map { written($0, nil, digits: 3) } ?? "",
        ]
      })
  }

  /// The last configurations of some points, side by side.
  func snapshots(_ points: [(title: String, partial: Partial)]) -> Figure? {
    let maps = points.compactMap { title, partial -> Heatmap? in
      guard let picture = partial.recording.array("snapshot") else { return nil }
      return Heatmap(
        title: title, rows: picture.dimensions[0].length, columns: picture.dimensions[1].length, values: picture.values,
        palette: model == .ising ? .binary : model == .phi4 ? .diverging : .sequential)
    }
    guard !maps.isEmpty else { return nil }
    let what =
      switch model {
      case .ising: "spins"
      case .potts: "colours"
      case .xy: "angles over 2 pi"
      case .phi4: "fields"
      }
    return Figure(
      name: "snapshots", title: "Configurations", caption: "The last configuration of the first chain (at most 128 x 128 of it): \(what).",
      content: .heatmaps(maps, perRow: 4))
  }

  /// The energy of the first chains, thinned.
  private func traces(_ partial: Partial) -> Figure? {
    guard let series = partial.recording.array("series_energy") else { return nil }
    let length = series.dimensions[1].length, every = max(1, length / 400)
    let curves = (0..<min(4, chains)).map { chain in
      let places = Array(stride(from: 0, to: length, by: every))
      return Curve(
        "chain \(chain), \(isHot(chain) ? "hot" : "cold")", x: places.map(Double.init),
        y: places.map { series.values[chain * length + $0] / Double(sites) }, style: .line)
    }
    return Figure(
      name: "traces", title: "Energy along the chains",
      caption: "Energy per site of \(every == 1 ? "every row" : "one row in \(every)") of the first chains, warm-up cut off.",
      content: .curves(curves, xLabel: "row", yLabel: "E / N", logX: false, logY: false))
  }
}
