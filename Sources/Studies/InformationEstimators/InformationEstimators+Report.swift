import InformationTheory
public import Runtime

extension InformationEstimators {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let all = results.reduce(into: Recording()) { $0.merge($1.partial) }
    let abstract =
      "Estimates of I(X;Y) from \(samples) samples of d independent normal pairs, whose information is known, by \(estimators.count) estimators. An "
      + "estimate is flagged, so that it says \"at least\", where it has come to three fifths of its estimator's ceiling (an upper bound: where the "
      + "lower one has), or where the samples' linear correlations alone would give normal variables as much."
    var sections = [saturation(all), null(all)]
    sections.append(contentsOf: dimensions.map { chapter($0, all) })
    sections.append(
      ReportSection(
        "What each assumes",
        [
          .table(
            ReportTable(
              caption: "What an estimate rests on.", header: ["estimator", "assumes"],
              rows: estimators.map { [$0.rawValue, $0.assumptions] }))
        ]))
    return Report(
      title: "Estimators of mutual information against the truth", abstract: abstract, rows: all.rows, derived: [], sections: sections,
      arrays: all.arrays)
  }

  private func observable(_ all: Recording, _ estimator: GaussianEstimator, _ d: Int, _ information: Double, _ name: String) -> Observable?
  {
    all.observable(
      name, at: [("estimator", .text(estimator.rawValue)), ("dimension", .integer(d)), ("information", .real(information))])
  }

  /// Whether the flag is raised wherever it must be and nowhere that it must not.
  private func saturation(_ all: Recording) -> ReportSection {
    var rows: [[String]] = [], above = 0, missed: [String] = [], below = 0, raised: [String] = []
    for estimator in estimators {
      for d in dimensions where applies(estimator, dimension: d) {
        for information in informations {
          guard let ceiling = observable(all, estimator, d, information, "ceiling")?.values[0],
            let share = observable(all, estimator, d, information, "leaning_on_ceiling")?.values[0]
          else { continue }
          let place = "\(estimator.rawValue) at d = \(d), I = \(information)"
          if information > ceiling {
            above += 1
            if share < 1 { missed.append(place) }
            let value = observable(all, estimator, d, information, "mutual_information")
            rows.append([
              estimator.rawValue, "\(d)", "\(information)", written(ceiling, nil), written(value?.values[0] ?? .nan, value?.errors?[0]),
              "\(Int((100 * share).rounded())) %",
            ])
          } else if information < 0.5 * ceiling {
            below += 1
            if share > 0 { raised.append(place) }
          }
        }
      }
    }
    var words =
      above == 0
      ? "No information here exceeds a ceiling."
      : "The truth exceeds the ceiling in \(above) cases; the flag is raised in every repetition of "
        + (missed.isEmpty ? "all of them." : "\(above - missed.count) of them, but not of " + missed.joined(separator: "; ") + ".")
    words +=
      " The truth is below half of the ceiling in \(below) cases; "
      + (raised.isEmpty ? "the flag is never raised there." : "the flag is raised there for " + raised.joined(separator: "; ") + ".")
    var items: [ReportSection.Item] = [.text(words)]
    if !rows.isEmpty {
      items.append(
        .table(
          ReportTable(
            caption: "Where the truth exceeds the ceiling: what is found, and how often it is flagged.",
            header: ["estimator", "d", "I [nats]", "ceiling", "estimate", "flagged"], rows: rows)))
    }
    return ReportSection("Ceilings", items)
  }

  private func null(_ all: Recording) -> ReportSection {
    var rows: [[String]] = [], off: [String] = []
    for estimator in estimators {
      for d in dimensions where applies(estimator, dimension: d) {
        guard let value = observable(all, estimator, d, 0, "mutual_information"), let error = value.errors?[0],
          let spread = observable(all, estimator, d, 0, "spread")?.values[0]
        else { continue }
        let stated = observable(all, estimator, d, 0, "stated_error")?.values[0] ?? .nan
        let pull = error > 0 ? value.values[0] / error : 0
        if abs(pull) > 4 { off.append("\(estimator.rawValue) at d = \(d) (\(written(value.values[0], error)))") }
        rows.append([
          estimator.rawValue, "\(d)", written(value.values[0], error), written(spread, nil, digits: 2), written(stated, nil, digits: 2),
          "\(Int(observable(all, estimator, d, 0, "repetitions")?.values[0] ?? 0))",
        ])
      }
    }
    let words =
      off.isEmpty
      ? "Of independent X and Y every estimator's mean is within four of its errors of zero."
      : "Of independent X and Y these means are more than four of their errors from zero: " + off.joined(separator: "; ") + "."
    var asides: [String] = []
    if estimators.contains(.noiseLower) || estimators.contains(.noiseUpper) {
      asides.append("The noise bounds take rho as known; with rho = 0 the map is constant and they are zero by construction: no test.")
    }
    if estimators.contains(where: \.isTrained) {
      asides.append(
        "The error that a trained estimator states is that of the held-out samples for the critic that was found; the spread over repetitions "
          + "also has that of the training, and may be larger.")
    }
    if estimators.contains(.plugIn) {
      let biases = dimensions.filter { applies(.plugIn, dimension: $0) }.map { d in
        "\(written(plugInBias(dimension: d), nil, digits: 3)) at d = \(d)"
      }
      asides.append("The leading bias (|X| - 1)(|Y| - 1)/2N of bins-plug-in is known: \(biases.joined(separator: ", ")) nats.")
    }
    return ReportSection(
      "Null tests",
      [
        .text(([words] + asides).joined(separator: " ")),
        .table(
          ReportTable(
            caption: "Means over repetitions, the spread of one, and the error that one states.",
            header: ["estimator", "d", "mean [nats]", "spread", "stated error", "repetitions"], rows: rows)),
      ])
  }

  private func plugInBias(dimension: Int) -> Double {
    let symbols = (0..<dimension).reduce(1) { all, _ in all * bins(dimension: dimension) }
    return JointCounts.plugInBias(rows: symbols, columns: symbols, samples: samples)
  }

  private func chapter(_ d: Int, _ all: Recording) -> ReportSection {
    let truths = informations.filter { $0 > 0 }
    func curves(_ name: String) -> [Curve] {
      // An estimator has one colour in all figures; the first is the truth's.
      estimators.enumerated().filter { applies($0.element, dimension: d) }.map { place, estimator in
        let found = truths.map { observable(all, estimator, d, $0, name) }
        return Curve(
          estimator.rawValue, x: truths, y: found.map { $0?.values[0] ?? .nan }, yErrors: found.map { $0?.errors?[0] ?? 0 },
          colour: place + 1)
      }
    }
    let values = Figure(
      name: "estimates-d\(d)", title: "Estimates, d = \(d)",
      caption: "Means over repetitions with their errors; the line without points is the truth.",
      content: .curves(
        [Curve("truth", x: truths, y: truths, style: .line)] + curves("mutual_information"), xLabel: "I(X;Y) [nats]",
        yLabel: "estimate [nats]", logX: true, logY: false))
    let spreads = Figure(
      name: "spreads-d\(d)", title: "Spread of one estimate, d = \(d)", caption: "Standard deviations over repetitions.",
      content: .curves(curves("spread"), xLabel: "I(X;Y) [nats]", yLabel: "spread [nats]", logX: true, logY: true))
    let rows = estimators.filter { applies($0, dimension: d) }.map { estimator in
      [estimator.rawValue]
        + truths.map { truth in
          let bias = observable(all, estimator, d, truth, "bias")
          return written(bias?.values[0] ?? .nan, bias?.errors?[0])
        }
    }
    let left = estimators.filter { !applies($0, dimension: d) }.map(\.rawValue)
    var items: [ReportSection.Item] = [.figure(values), .figure(spreads)]
    items.append(
      .table(
        ReportTable(caption: "Bias in nats, by I(X;Y).", header: ["estimator"] + truths.map { "\($0)" }, rows: rows)))
    if !left.isEmpty {
      items.append(
        .text(
          "Left out: \(left.joined(separator: ", ")). Even two bins for each number make 2^\(2 * d) pairs of tuples, and "
            + "\(samples) samples are less than ten for each: the estimate would tell the number of samples."))
    } else if estimators.contains(where: \.isBinned) {
      items.append(
        .text(
          "Bins of each number: \(bins(dimension: d))" + (bins(dimension: d) < bins ? ", so that a pair of tuples has ten samples." : ".")))
    }
    return ReportSection("d = \(d)", items)
  }
}
