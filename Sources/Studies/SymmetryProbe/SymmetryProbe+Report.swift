public import Runtime
import SymmetryGroups

extension SymmetryProbe {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for result in results { all.merge(result.partial) }
    let abstract =
      "The units of \(model.words), as functions of \(model.site)s, under the \(symmetry.order) elements of \(group) on \(samples) samples. "
      + "e(g) = |F(g x) - F(x)|^2 / (2 Var F) is 0 for an invariant feature and 1 for an uncorrelated image. Medians over live units with their standard errors."
    let sections = [
      verdict(all), sizes(all, results.map(\.unit)), translations(all),
    ]
    return Report(
      title: "Shadow stabilizers of a trained model", abstract: abstract, rows: all.rows, derived: [], sections: sections,
      arrays: all.arrays)
  }

  private func observable(_ all: Recording, _ at: Place, _ name: String) -> Observable? { all.observable(name, at: at) }
  private func number(_ all: Recording, _ at: Place, _ name: String, _ index: Int = 0) -> String {
    guard let found = observable(all, at, name), index < found.values.count else { return "–" }
    return written(found.values[index], found.errors?[index])
  }
  /// A layer at the end of its training.
  private func trained(_ index: Int) -> Place { place(.layer(index, snapshot: model.layers[index].epochs.count - 1)) }
  private var kinds: [(label: String, at: Place)] {
    [(model.site, place(.references, 0)), ("2 x 2 block", place(.references, 1))]
      + model.layers.indices.map { ("layer \($0 + 1)", trained($0)) }
  }

  /// The group in words.
  private var group: String {
    switch symmetry.kind {
    case .translations: "the translations of the torus"
    case .point: "the point group about a site"
    case .image: "the point group about the middle"
    case .full: symmetry.rows == symmetry.columns ? "p4m" : "pmm"
    }
  }

  /// What becomes of the effective orbit from one place to the next: a difference counts beyond two of its standard errors.
  private func change(_ all: Recording, from a: Place, to b: Place) -> String? {
    guard let first = observable(all, a, "effective_orbit_size"), let second = observable(all, b, "effective_orbit_size"),
      let one = first.errors?[middle], let two = second.errors?[middle], first.values[middle].isFinite, second.values[middle].isFinite
    else { return nil }
    let difference = second.values[middle] - first.values[middle], error = (one * one + two * two).squareRoot()
    return abs(difference) <= 2 * error ? "do not differ" : difference < 0 ? "shrink" : "grow"
  }

  private func verdict(_ all: Recording) -> ReportSection {
    func table(_ caption: String, _ columns: [(header: String, name: String, place: Int)]) -> ReportSection.Item {
      .table(
        ReportTable(
          caption: caption, header: ["features"] + columns.map(\.header),
          rows: kinds.map { label, at in [label] + columns.map { number(all, at, $0.name, $0.place) } }))
    }
    var words = "The group has \(symmetry.order) elements. "
    for (index, layer) in model.layers.enumerated() {
      if index > 0, let change = change(all, from: trained(index - 1), to: trained(index)) {
        words += "From layer \(index) to layer \(index + 1) effective orbits \(change). "
      }
      guard everyEpoch, layer.epochs.count > 1, layer.epochs[0] == 0 else { continue }
      let start = place(.layer(index, snapshot: 0))
      guard let change = change(all, from: start, to: trained(index)) else { continue }
      words +=
        "Layer \(index + 1): |G|/|S| = \(number(all, start, "effective_orbit_size", middle)) before training, "
        + "\(number(all, trained(index), "effective_orbit_size", middle)) after: they \(change). "
    }
    words +=
      "Differences within two standard errors count as none. A closure defect of 0 means that the shadow stabilizer S is a group; "
      + "the invariant share is the part of a unit's variance that its average over the group keeps."
    return ReportSection(
      "What was found",
      [
        .text(words),
        table(
          "Trained layers beside a \(model.site) and a 2 x 2 block, S being the elements with e(g) < \(thresholds[middle]).",
          [
            ("live units", "live_units", 0), ("|S|", "stabilizer_size", middle), ("|G|/|S|", "effective_orbit_size", middle),
            ("closure defect", "closure_defect", middle), ("invariant share", "invariant_share", 0),
          ]),
        table(
          "e(g) of the shortest translations, and of the quarter turn and the reflection in the group that suit each feature best.",
          [
            ("one step", "error_of_one_step", 0), ("quarter turn", "least_error_of_a_quarter_turn", 0),
            ("reflection", "least_error_of_a_reflection", 0),
          ]),
      ])
  }

  private func sizes(_ all: Recording, _ units: [Unit]) -> ReportSection {
    func curves(_ name: String, _ index: Int) -> [Curve] {
      model.layers.enumerated().compactMap { layer, content in
        let kept = content.epochs.indices.filter { units.contains(.layer(layer, snapshot: $0)) }
        let found = kept.map { (content.epochs[$0], observable(all, place(.layer(layer, snapshot: $0)), name)) }
          .filter { $0.1?.values[index].isFinite == true }
        guard !found.isEmpty else { return nil }
        return Curve(
          "layer \(layer + 1)", x: found.map { Double($0.0) }, y: found.map { $0.1?.values[index] ?? .nan },
          yErrors: found.map { $0.1?.errors?[index] ?? 0 })
      }
    }
    let thresholdCurves = kinds.compactMap { label, at in
      observable(all, at, "effective_orbit_size").map { Curve(label, x: thresholds, y: $0.values, yErrors: $0.errors) }
    }
    return ReportSection(
      "By layer and epoch",
      [
        .figure(
          Figure(
            name: "orbit-size", title: "Effective orbit size by epoch",
            caption:
              "|G|/|S| at e(g) < \(thresholds[middle]), median over live units with its standard error, at the epochs that the run has kept (0: before training).",
            content: .curves(
              curves("effective_orbit_size", middle), xLabel: "epoch", yLabel: "|G| / |S|", logX: false, logY: true))),
        .figure(
          Figure(
            name: "invariant-share", title: "What the average over the group keeps",
            caption:
              "The share of a unit's variance that survives its average over the group: 1 for invariant units, about 1/|G| of a local feature without correlations.",
            content: .curves(
              curves("invariant_share", 0), xLabel: "epoch", yLabel: "invariant share", logX: false, logY: false))),
        .figure(
          Figure(
            name: "orbit-size-by-threshold", title: "Effective orbit size by threshold",
            caption:
              "The same for the trained layers and the two known features at each threshold: a curve that falls steeply has no clear stabilizer.",
            content: .curves(thresholdCurves, xLabel: "threshold of e(g)", yLabel: "|G| / |S|", logX: false, logY: true))),
      ])
  }

  private func translations(_ all: Recording) -> ReportSection {
    let named = [(model.site, "site"), ("2 x 2 block", "block")] + model.layers.indices.map { ("layer \($0 + 1)", "layer_\($0 + 1)") }
    let known = named.compactMap { label, name in all.array("translation_error_\(name)").map { (label, $0) } }
    guard !known.isEmpty else { return ReportSection("Translations", [.text("The group holds no translations.")]) }
    let half = symmetry.rows / 2
    let maps = known.map { label, array in
      // The identity in the middle.
      let values = (0..<symmetry.sites).map { site in
        let r = (site / symmetry.columns + half) % symmetry.rows, c = (site % symmetry.columns + half) % symmetry.columns
        return array.values[r * symmetry.columns + c]
      }
      return Heatmap(title: label, rows: symmetry.rows, columns: symmetry.columns, values: values, palette: .sequential)
    }
    let curves = known.map { label, array in
      Curve(label, x: (0...half).map(Double.init), y: (0...half).map { array.values[$0] })
    }
    return ReportSection(
      "Translations",
      [
        .figure(
          Figure(
            name: "translation-error", title: "Invariance error under translations",
            caption:
              "e(g) averaged over live units for each translation, no translation in the middle: how far a feature can be moved before it is another one.",
            content: .heatmaps(maps, perRow: 4))),
        .figure(
          Figure(
            name: "translation-distance", title: "Invariance error by distance",
            caption: "The same along an axis."
              + (model.site == "spin" ? " For a single spin e is, up to noise, one minus the correlation function." : ""),
            content: .curves(curves, xLabel: "sites along an axis", yLabel: "e(translation)", logX: false, logY: false))),
      ])
  }
}
