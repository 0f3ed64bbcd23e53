public import Runtime
import SymmetryGroups

extension SymmetryProbe {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for result in results { all.merge(result.partial) }
    let shape = ([symmetry.sites] + model.layers.map(\.outputs)).map(String.init).joined(separator: "-")
    let abstract =
      "The units of a stack \(shape) trained by \(model.study) (digest \(model.digest)) on the \(model.size) x \(model.size) Ising model at K = \(model.coupling), "
      + "as functions of spins, under the \(symmetry.order) elements of \(symmetry.kind.rawValue) on \(samples) independent configurations. "
      + "e(g) = |F(g x) - F(x)|^2 / (2 Var F) is 0 for an invariant feature and 1 for an uncorrelated image. Medians over live units with their standard errors."
    let sections = [
      verdict(all), sizes(all, results.map(\.unit)), translations(all),
    ]
    return Report(
      title: "Shadow stabilizers of a trained stack", abstract: abstract, rows: all.rows, derived: [], sections: sections,
      arrays: all.arrays)
  }

  private func observable(_ all: Recording, _ at: Place, _ name: String) -> Observable? { all.observable(name, at: at) }
  private func number(_ all: Recording, _ at: Place, _ name: String, _ index: Int = 0) -> String {
    guard let found = observable(all, at, name), index < found.values.count else { return "–" }
    return written(found.values[index], found.errors?[index])
  }
  /// A layer at the end of its training.
  private func trained(_ index: Int) -> Place { place(.layer(index, snapshot: model.layers[index].snapshots.count - 1)) }
  private var kinds: [(label: String, at: Place)] {
    [("spin", place(.references, 0)), ("2 x 2 block", place(.references, 1))]
      + model.layers.indices.map { ("layer \($0 + 1)", trained($0)) }
  }

  private func verdict(_ all: Recording) -> ReportSection {
    let header = [
      "features", "live units", "|S|", "|G|/|S|", "closure defect", "invariant share", "e(one step)", "e(quarter turn)", "e(reflection)",
    ]
    let rows = kinds.map { label, at in
      [label, number(all, at, "live_units")]
        + ["stabilizer_size", "effective_orbit_size", "closure_defect"].map { number(all, at, $0, middle) }
        + ["invariant_share", "error_of_one_step", "least_error_of_a_quarter_turn", "least_error_of_a_reflection"].map {
          number(all, at, $0)
        }
    }
    var words = "The group has \(symmetry.order) elements. "
    let orbits = model.layers.indices.map { observable(all, trained($0), "effective_orbit_size")?.values[middle] ?? .nan }
    if orbits.count > 1, orbits.allSatisfy(\.isFinite) {
      let falls = zip(orbits, orbits.dropFirst()).allSatisfy { $0 >= $1 }
      words +=
        falls
        ? "Effective orbits do not grow from layer to layer: the units of higher layers are left nearly unchanged by more of the group. "
        : "Effective orbits do not shrink from layer to layer. "
    }
    for (index, layer) in model.layers.enumerated() where everyEpoch && layer.snapshots.count > 1 {
      let first = number(all, place(.layer(index, snapshot: 0)), "effective_orbit_size", middle)
      words +=
        "Layer \(index + 1): |G|/|S| = \(first) before training, \(number(all, trained(index), "effective_orbit_size", middle)) after. "
    }
    words +=
      "A closure defect of 0 means that the shadow stabilizer S is a group; "
      + "the invariant share is the part of a unit's variance that its average over the group keeps."
    return ReportSection(
      "What was found",
      [
        .text(words),
        .table(
          ReportTable(
            caption:
              "Trained layers beside a spin and a 2 x 2 block spin, at e(g) < \(thresholds[middle]). e of the quarter turn and the reflection that suit the feature best, about any centre.",
            header: header, rows: rows)),
      ])
  }

  private func sizes(_ all: Recording, _ units: [Unit]) -> ReportSection {
    func curves(_ name: String, _ index: Int) -> [Curve] {
      model.layers.enumerated().compactMap { layer, content in
        let kept = content.snapshots.indices.filter { units.contains(.layer(layer, snapshot: $0)) }
        let found = kept.map { (content.snapshots[$0].epoch, observable(all, place(.layer(layer, snapshot: $0)), name)) }
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
              curves("effective_orbit_size", middle), xLabel: "epoch of the layer", yLabel: "|G| / |S|", logX: false, logY: true))),
        .figure(
          Figure(
            name: "invariant-share", title: "What the average over the group keeps",
            caption:
              "The share of a unit's variance that survives its average over the group: 1 for functions of the magnetization, about 1/|G| of a local feature without correlations.",
            content: .curves(
              curves("invariant_share", 0), xLabel: "epoch of the layer", yLabel: "invariant share", logX: false, logY: false))),
        .figure(
          Figure(
            name: "orbit-size-by-threshold", title: "Effective orbit size by threshold",
            caption:
              "The same for the trained layers and the two known features at each threshold: a curve that falls steeply has no clear stabilizer.",
            content: .curves(thresholdCurves, xLabel: "threshold of e(g)", yLabel: "|G| / |S|", logX: false, logY: true))),
      ])
  }

  private func translations(_ all: Recording) -> ReportSection {
    let named = [("spin", "spin"), ("2 x 2 block", "block_spin")] + model.layers.indices.map { ("layer \($0 + 1)", "layer_\($0 + 1)") }
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
            caption: "The same along an axis. For a single spin e is one minus the correlation function.",
            content: .curves(curves, xLabel: "sites along an axis", yLabel: "e(translation)", logX: false, logY: false))),
      ])
  }
}
