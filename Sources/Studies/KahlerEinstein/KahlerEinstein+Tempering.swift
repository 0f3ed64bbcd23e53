import KahlerGeometry
import Runtime
import Sampling
import Statistics

extension KahlerEinstein {
  /// How often neighbouring rungs traded, how often replicas went all the way round, and S_1 on every rung, which for the gas without
  /// field is 1/(1 + l beta) at the power l. Chains are independent: their spread gives the errors.
  func recordRungs(_ state: State, _ unit: Unit, _ put: (String, Observable) -> Void) throws(StudyError) {
    guard rungs > 1 else { return }
    put("rung_positions", Observable(values: positions))
    let acceptance = (0..<rungs - 1).map { pair in
      Estimate(meanOf: state.ladders.map { $0.ladder.probabilities[pair] / Double(max(1, $0.ladder.attempts[pair])) })
    }
    put("exchange_acceptance", Observable(values: acceptance.map(\.value), errors: acceptance.map(\.error)))
    let trips = Estimate(meanOf: state.ladders.map { Double($0.ladder.totalRoundTrips) })
    put(
      "round_trips",
      Observable(
        trips.value, error: trips.error, unit: "per ladder",
        reason: trips.value < 10 ? "fewer than 10 round trips in a ladder: the top may not have been refreshed" : nil))
    guard case .sphere(_, let beta, 0) = unit else { return }
    let factors = (0..<rungs).map { rung in
      Estimate(meanOf: (0..<chains).map { state.rungs[$0 * rungs + rung] / Double(measurements) })
    }
    let exact = positions.map { ExactSphereGas.momentum(beta: $0 * beta) }
    put("rung_structure_factor_1", Observable(values: factors.map(\.value), errors: factors.map(\.error)))
    put("rung_structure_factor_1_exact", Observable(values: exact))
    // The top is compared by itself, and a few chains give an error that is itself uncertain: the whole ladder in one number.
    let pulls = zip(factors, exact).dropLast().map { ($0.value - $1) / $0.error }.filter(\.isFinite)
    put("rung_mean_square_pull", Observable(pulls.reduce(0) { $0 + $1 * $1 } / Double(max(1, pulls.count))))
  }

  /// What the ladders tell of themselves, and S_1 along those without field.
  func temperingSection(_ all: Recording) -> ReportSection? {
    guard rungs > 1 else { return nil }
    var rows: [[String]] = [], curves: [Curve] = []
    let largest = units.compactMap { if case .sphere(let n, _, 0) = $0 { n } else { nil } }.max()
    for unit in units {
      let at = place(unit)
      guard let acceptance = all.observable("exchange_acceptance", at: at), let trips = all.observable("round_trips", at: at) else {
        continue
      }
      rows.append(
        [at.dropFirst().map { "\($0.name) \(Self.text($0.value))" }.joined(separator: ", ")]
          + [written(acceptance.values.min() ?? .nan, nil, digits: 2), written(acceptance.values.max() ?? .nan, nil, digits: 2)]
          + [
            written(trips.values[0], trips.errors?[0]),
            all.observable("rung_mean_square_pull", at: at).map { written($0.values[0], nil, digits: 2) } ?? "",
          ])
      guard case .sphere(let n, let beta, 0) = unit, n == largest, let found = all.observable("rung_structure_factor_1", at: at) else {
        continue
      }
      let colour = curves.count / 2
      curves.append(
        Curve(
          "N = \(n), beta = \(Shown.setting(beta))", x: positions, y: found.values, yErrors: found.errors, style: .points, colour: colour))
      let line = (0...40).map { Double($0) / 40 }
      curves.append(Curve("exact", x: line, y: line.map { ExactSphereGas.momentum(beta: $0 * beta) }, style: .line, colour: colour))
    }
    guard !rows.isEmpty else { return nil }
    var items: [ReportSection.Item] = [
      .text(
        "Each chain is a ladder of \(rungs) replicas at powers of the density between 0, uniform points, and 1; neighbours trade places by the rule that "
          + "serves lattices and Boltzmann machines. All other sections show the replica at the power 1 alone. The gas without field and cone points has "
          + "S_1 = 1/(1 + l beta) on the rung of power l, exactly.")
    ]
    if !curves.isEmpty {
      items.append(
        .figure(
          Figure(
            name: "ladder", title: "S_1 along the ladder", caption: "Points: all rungs at the largest N; lines: exact.",
            content: .curves(curves, xLabel: "power l", yLabel: "S_1", logX: false, logY: false))))
    }
    items.append(
      .table(
        ReportTable(
          caption:
            "The least and the largest probability of a trade between neighbours; round trips of all replicas of a ladder; the mean square of the rungs' "
            + "distances from the exact S_1 in standard errors, below the top (with \(chains) chains the error bars are themselves uncertain).",
          header: ["gas", "least", "largest", "round trips", "mean square pull"], rows: rows)))
    return ReportSection("Tempering", items)
  }

  /// Points of the user's own.
  func givenSection(_ all: Recording) -> ReportSection? {
    let names = [
      "structure_factor_1", "structure_factor_2", "structure_factor_3", "structure_factor_4", "beta", "energy", "kolmogorov_distance",
    ]
    let rows = givenFiles.compactMap { file -> [String]? in
      let at = place(.given(file: file))
      guard let points = all.observable("points", at: at), let count = all.observable("configurations", at: at) else { return nil }
      return [file, "\(Int(points.values[0]))", "\(Int(count.values[0]))"]
        + names.map { name in all.observable(name, at: at).map { written($0.values[0], $0.errors?[0]) } ?? "" }
    }
    guard !rows.isEmpty else { return nil }
    return ReportSection(
      "Points from files",
      [
        .table(
          ReportTable(
            caption:
              "Structure factors, 1 for uniform independent points; beta = 1/S_1 - 1, at which the gas without field has this S_1 in the mean; "
              + "-2 ln|x - y| averaged over pairs, \(written(1 - 2 * 0.6931471805599453, nil)) for the uniform measure; the largest distance of the law of z from the uniform one.",
            header: ["file", "N", "configurations", "S_1", "S_2", "S_3", "S_4", "beta", "energy [nats]", "Kolmogorov"], rows: rows))
      ])
  }
}
