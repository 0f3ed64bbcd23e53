import Renormalization
import Runtime
import Statistics
import SymmetryGroups

extension SymmetryProbe {
  /// Where the results of a unit stand. `features` tells a site, a block and the units of a layer apart.
  func place(_ unit: Unit, _ reference: Int = 0) -> Place {
    switch unit {
    case .references: [("features", .text(reference == 0 ? model.site : "2 x 2 block")), ("layer", .integer(0)), ("epoch", .integer(0))]
    case .layer(let index, let snapshot):
      [
        ("features", .text("hidden units")), ("layer", .integer(index + 1)),
        ("epoch", .integer(model.layers[index].epochs[snapshot])),
      ]
    }
  }

  /// What one feature's errors over the group say.
  private struct Finding {
    var stabilizers: [ShadowStabilizer], defects: [Double]
    /// The share of the variance that survives the average over the group.
    var invariantShare: Double
    /// e of the shortest translations; the least e among quarter turns and among reflections, about any centre.
    var step: Double, turn: Double, reflection: Double
  }

  func record(_ state: State, _ unit: Unit, _ errors: InvarianceErrors) -> Recording {
    var recording = Recording()
    let count = features(unit), live = (0..<count).filter { errors.variances[$0] > liveVariance }
    let findings = live.map { finding($0, state, errors) }
    switch unit {
    case .references:
      for (k, feature) in live.enumerated() { record([findings[k]], at: place(unit, feature), live: 1, of: 1, into: &recording) }
      for feature in live { recordMap([feature], name: feature == 0 ? "site" : "block", state, count, into: &recording) }
    case .layer(let index, let snapshot):
      record(findings, at: place(unit), live: live.count, of: count, into: &recording)
      if snapshot == model.layers[index].epochs.count - 1 { recordMap(live, name: "layer_\(index + 1)", state, count, into: &recording) }
    }
    return recording
  }

  private func finding(_ feature: Int, _ state: State, _ errors: InvarianceErrors) -> Finding {
    let count = errors.features
    let own = (0..<symmetry.order).map { Double(state.errors[$0 * count + feature]) }
    let stabilizers = thresholds.map { ShadowStabilizer(errors: own, threshold: $0) }
    let defects = stabilizers.map { stabilizer in
      stabilizer.closureDefect { a, b in
        symmetry.index(of: symmetry.product(symmetry.element(a), symmetry.element(b)))
      }
    }
    let averages = (0..<samples).map { state.sums[$0 * count + feature] / Double(symmetry.order) }
    let mean = averages.reduce(0, +) / Double(samples)
    let variance = averages.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(samples)
    func least(_ kinds: ClosedRange<Int>) -> Double {
      own.indices.filter { kinds.contains(symmetry.element($0).point) }.map { own[$0] }.min() ?? .nan
    }
    let steps = symmetry.elements.indices.filter { index in
      let g = symmetry.element(index), far = symmetry.rows - 1
      return g.point == 0 && [[0, 1], [1, 0], [0, far], [far, 0]].contains([g.row, g.column])
    }
    // The matrices 4, 5 are quarter turns, 2, 3 and 6, 7 reflections.
    let straight = least(2...3), skew = least(6...7)
    return Finding(
      stabilizers: stabilizers, defects: defects, invariantShare: variance / errors.variances[feature],
      step: steps.isEmpty ? .nan : steps.reduce(0) { $0 + own[$1] } / Double(steps.count), turn: least(4...5),
      reflection: skew.isNaN ? straight : min(straight, skew))
  }

  private func record(_ findings: [Finding], at: Place, live: Int, of count: Int, into recording: inout Recording) {
    recording.record(at: at, "live_units", Observable(Double(live)))
    recording.record(at: at, "units", Observable(Double(count)))
    let missing = findings.isEmpty ? "no live units" : nil
    func record(_ name: String, _ unit: String = "1", _ value: (Finding) -> Double) {
      let known = findings.map(value).filter(\.isFinite), median = medianOverUnits(known)
      recording.record(
        at: at, name,
        Observable(
          median.value, error: median.error.isFinite ? median.error : nil, unit: unit,
          reason: missing ?? (known.isEmpty ? "the group has no such elements" : nil)))
    }
    func recordEach(_ name: String, _ value: (Finding, Int) -> Double) {
      let medians = thresholds.indices.map { k in medianOverUnits(findings.map { value($0, k) }) }
      let hasErrors = medians.allSatisfy(\.error.isFinite)
      recording.record(
        at: at, name, Observable(values: medians.map(\.value), errors: hasErrors ? medians.map(\.error) : nil, reason: missing))
    }
    recordEach("stabilizer_size") { Double($0.stabilizers[$1].members.count) }
    recordEach("effective_orbit_size") { $0.stabilizers[$1].effectiveOrbitSize }
    recordEach("closure_defect") { $0.defects[$1] }
    recording.record(at: at, "threshold", Observable(values: thresholds))
    record("invariant_share") { $0.invariantShare }
    record("error_of_one_step") { $0.step }
    record("least_error_of_a_quarter_turn") { $0.turn }
    record("least_error_of_a_reflection") { $0.reflection }
  }

  /// The mean of e over features for each translation, as a map.
  private func recordMap(_ features: [Int], name: String, _ state: State, _ count: Int, into recording: inout Recording) {
    guard symmetry.hasTranslations, !features.isEmpty else { return }
    let values = (0..<symmetry.sites).map { element in
      features.reduce(0.0) { $0 + Double(state.errors[element * count + $1]) } / Double(features.count)
    }
    recording.record(
      ResultArray(
        name: "translation_error_\(name)", longName: "mean invariance error under each translation", unit: "1",
        dimensions: [("row", symmetry.rows), ("column", symmetry.columns)], values: values))
  }
}
