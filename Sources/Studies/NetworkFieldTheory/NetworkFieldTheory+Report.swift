import FieldTheory
import Glibc
public import Runtime
import Statistics

extension NetworkFieldTheory {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for (_, partial) in results { all.merge(partial) }
    var sections = [verdict(all)]
    if !widths.isEmpty { sections.append(kurtosis(all)) }
    if !relativeVariances.isEmpty { sections.append(depth(all)) }
    if !trainingWidths.isEmpty { sections.append(training(all)) }
    return Report(
      title: "Wide networks as field theories", abstract: abstract, rows: all.rows, derived: derived(all), sections: sections,
      arrays: all.arrays)
  }

  private var abstract: String {
    "At infinite width a random network is a free field theory: its outputs are a Gaussian field whose two-point function is the kernel. A width N brings "
      + "an interaction of strength 1/N, seen in the connected four-point function; depth makes the kernel flow, with an ordered and a chaotic phase and a critical point between; training moves the field. "
      + "\(count) random networks of each width, \(kernelCount) for the flow over depth, \(trainingCount) trained ones of each width, against exact laws. Errors are one standard "
      + "error, by the jackknife over \(blocks) blocks of networks."
  }

  private func value(_ recording: Recording, _ at: [(name: String, value: ParameterValue)], _ name: String) -> Observable? {
    recording.observable(name, at: at)
  }
  private func number(_ recording: Recording, _ at: [(name: String, value: ParameterValue)], _ name: String, digits: Int = 4) -> String {
    guard let found = value(recording, at, name) else { return "–" }
    return written(found.values[0], found.errors?[0], digits: digits)
  }

  /// All kurtoses that were compared with an exact law: where, and by how many standard errors they differ.
  private func deviations(_ recording: Recording) -> [Double] {
    recording.rows.flatMap { row in row.observables.filter { $0.name == "deviation" }.map { abs($0.observable.values[0]) } }
  }

  private func verdict(_ recording: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    let deviations = deviations(recording)
    if let largest = deviations.max() {
      items.append(
        .text(
          "The fourth moment: \(deviations.count) sampled excess kurtoses against the exact law; the largest deviation is \(written(largest, nil, digits: 2)) standard errors, "
            + "\(deviations.filter { $0 > 2 }.count) are beyond two"
            + (largest < 4 ? ". The samples follow the law." : ". The samples do not follow the law.")
            + " Depths of one width are layers of the same networks, so that their deviations go together. Depths up to a tenth of the width were sampled: beyond, rare networks with large outputs carry the fourth moment, and a sample mean without them falls short, with an error bar that does not know."
        ))
    }
    let narrow = widths.filter { sampledDepth($0) == 0 }
    if !narrow.isEmpty {
      items.append(
        .text(
          "Not sampled with ReLU units: width \(narrow.map(String.init).joined(separator: ", ")), a tenth of which is less than one layer.")
      )
    }
    if let slope = slope(recording) {
      let apart = abs(slope.value + 0.5) / slope.error
      items.append(
        .text(
          "Training: the root-mean-square distance of trained networks from the Gaussian theory goes between the two largest widths as N^(\(written(slope.value, slope.error, digits: 2))); the leading order of 1/N has N^(-0.5), "
            + (apart < 2
              ? "with which it agrees within two standard errors."
              : "\(written(apart, nil, digits: 2)) standard errors away: the leading order alone does not rule these widths.")
        ))
    }
    let rows = widths.filter { sampledDepth($0) > 0 }.flatMap { width in
      Set([1, sampledDepth(width)]).sorted().map { depth in
        let at = Self.place(.relu, width: width, depth: depth)
        return ["ReLU", "\(width)", "\(depth)"]
          + [
            number(recording, at, "excess_kurtosis"), number(recording, at, "excess_kurtosis_exact", digits: 5),
            number(recording, at, "deviation", digits: 2),
          ]
      }
    }
    let erfRows = widths.map { width in
      let at = Self.place(.erf, width: width, depth: 1)
      return ["erf", "\(width)", "1"]
        + [
          number(recording, at, "excess_kurtosis"), number(recording, at, "excess_kurtosis_exact", digits: 5),
          number(recording, at, "deviation", digits: 2),
        ]
    }
    if !(rows + erfRows).isEmpty {
      items.append(
        .table(
          ReportTable(
            caption:
              "Excess kurtosis of the output over random networks. Exact: 3 ((1 + 5/N)^depth - 1) for ReLU, 3 (E phi^4 / (E phi^2)^2 - 1) / N for one layer of erf units. The output weights are "
              + "integrated out exactly.", header: ["activation", "width N", "depth", "sampled", "exact", "deviation (sigma)"],
            rows: rows + erfRows)))
    }
    return ReportSection("What was found", items)
  }

  private func kurtosis(_ recording: Recording) -> ReportSection {
    var curves: [Curve] = []
    let sampled = widths.filter { sampledDepth($0) > 0 }
    for width in sampled {
      let depths = Array(1...sampledDepth(width)),
        found = depths.compactMap { value(recording, Self.place(.relu, width: width, depth: $0), "excess_kurtosis") }
      guard found.count == depths.count else { continue }
      curves.append(
        Curve(
          "N = \(width)", x: depths.map(Double.init), y: found.map { $0.values[0] }, yErrors: found.map { $0.errors?[0] ?? 0 },
          style: .points))
    }
    for (number, width) in sampled.enumerated() where sampledDepth(width) > 1 {
      let depths = Array(1...sampledDepth(width))
      curves.append(
        Curve(
          number == sampled.count - 1 ? "exact" : "", x: depths.map(Double.init),
          y: depths.map { Self.exactKurtosis(.relu, width: width, depth: $0) }, style: .line))
    }
    var figures: [ReportSection.Item] = [
      .figure(
        Figure(
          name: "kurtosis", title: "The fourth moment over depth",
          caption:
            "Excess kurtosis of the output of ReLU networks against depth for several widths N: points are sampled, lines the exact law 3 ((1 + 5/N)^depth - 1). The interaction grows with depth over width.",
          content: .curves(curves, xLabel: "hidden layers", yLabel: "excess kurtosis", logX: true, logY: true)))
    ]
    func scaled(_ activation: Activation) -> Curve {
      let kept = widths.filter {
        (activation == .erf || sampledDepth($0) > 0)
          && value(recording, Self.place(activation, width: $0, depth: 1), "excess_kurtosis") != nil
      }
      let found = kept.map { value(recording, Self.place(activation, width: $0, depth: 1), "excess_kurtosis")! }
      return Curve(
        "\(activation == .erf ? "erf" : "ReLU"), one layer", x: kept.map(Double.init),
        y: zip(kept, found).map { Double($0) * $1.values[0] },
        yErrors: zip(kept, found).map { Double($0) * ($1.errors?[0] ?? 0) }, style: .points)
    }
    let ends = [Double(widths[0]), Double(widths[widths.count - 1])]
    let law = Self.erf.scaledKurtosis(1)
    figures.append(
      .figure(
        Figure(
          name: "coupling", title: "The coupling is one over the width",
          caption:
            "N times the excess kurtosis of one hidden layer: constant in N, 15 for ReLU and \(written(law, nil, digits: 5)) for erf at variance 1 (lines).",
          content: .curves(
            [
              scaled(.relu), scaled(.erf), Curve("ReLU, exact", x: ends, y: [15, 15], style: .line),
              Curve("erf, exact", x: ends, y: [law, law], style: .line),
            ],
            xLabel: "width N", yLabel: "N x excess kurtosis", logX: true, logY: true))))
    return ReportSection("The interaction", figures)
  }

  private func depth(_ recording: Recording) -> ReportSection {
    var curves: [Curve] = []
    let depths = Array(1...kernelDepth)
    func found(_ variance: Double, _ name: String) -> [Observable] {
      depths.compactMap { value(recording, Self.place(weightVariance: variance, depth: $0), name) }
    }
    for variance in relativeVariances {
      let sampled = found(variance, "kernel_correlation")
      guard sampled.count == depths.count else { continue }
      curves.append(
        Curve(
          "\(written(variance, nil, digits: 2)) critical", x: depths.map(Double.init), y: sampled.map { $0.values[0] },
          yErrors: sampled.map { $0.errors?[0] ?? 0 }, style: .points))
    }
    for (index, variance) in relativeVariances.enumerated() {
      let exact = found(variance, "kernel_correlation_of_infinite_width")
      guard exact.count == depths.count else { continue }
      curves.append(
        Curve(
          index == relativeVariances.count - 1 ? "infinite width" : "", x: depths.map(Double.init), y: exact.map { $0.values[0] },
          style: .line))
    }
    let critical = WideNetworkKernel.criticalWeightVariance(.erf, biasVariance: biasVariance)
    let relative = (1...160).map { 0.02 * Double($0) }
    /// One side of criticality; the divergence itself is left out, as it would be all there is to see.
    func lengths(_ label: String, _ isWithin: (Double) -> Bool) -> Curve {
      let places = relative.filter(isWithin)
      return Curve(label, x: places, y: places.map { abs(kernel($0).correlationDepth ?? .nan) }, style: .line)
    }
    let rows = relativeVariances.map { variance in
      let kernel = kernel(variance), fixed = kernel.fixedVariance ?? .nan
      let length = kernel.correlationDepth ?? .nan
      return [
        written(variance, nil, digits: 3), written(kernel.weightVariance, nil, digits: 5), written(fixed, nil, digits: 5),
        written(kernel.perpendicularSusceptibility(fixed), nil, digits: 5), abs(length) < 1e6 ? written(length, nil, digits: 4) : "∞",
        variance < 1 ? "ordered" : variance == 1 ? "critical" : "chaotic",
      ]
    }
    return ReportSection(
      "The flow over depth",
      [
        .text(
          "Layer by layer the kernel of two inputs flows to a fixed point. For erf networks with bias variance \(biasVariance) the slope of the flow at equal inputs, chi, passes 1 at the weight variance "
            + "\(written(critical, nil, digits: 7)): below it \(biasVariance == 0 ? "all signals die out" : "all inputs become alike"), above it near inputs part, and at it signals cross any depth. It is the critical surface on which deep networks are initialized."
        ),
        .table(
          ReportTable(
            caption:
              "Fixed points of the flow over depth. xi = -1 / ln chi is its correlation length in layers, negative where differences grow.",
            header: ["relative to critical", "weight variance", "K*", "chi", "xi (layers)", "phase"], rows: rows)),
        .figure(
          Figure(
            name: "correlation", title: "Correlation of two inputs over depth",
            caption:
              "Points: mean over \(kernelCount) erf networks of width \(kernelWidth), from the correlation \(correlation); lines: infinite width, from which "
              + "networks deviate by terms of order depth / width.",
            content: .curves(curves, xLabel: "hidden layers", yLabel: "correlation", logX: false, logY: false))),
        .figure(
          Figure(
            name: "correlation-depth", title: "The correlation length diverges at criticality",
            caption:
              "|xi| in layers against the weight variance in units of the critical one: below 1 the depth over which inputs become alike, above it that over which small differences grow by e.",
            content: .curves(
              [lengths("ordered") { $0 < 0.99 }, lengths("chaotic") { $0 > 1.01 }], xLabel: "weight variance / critical",
              yLabel: "|xi| (layers)",
              logX: false, logY: true))),
      ])
  }

  /// The power of the width with which trained networks near the Gaussian theory, between the two largest widths.
  private func slope(_ recording: Recording) -> Estimate? {
    let found = trainingWidths.compactMap { width in
      value(recording, Self.place(trained: width), "distance_from_gaussian_theory").map { (width, $0.values[0], $0.errors?[0] ?? 0) }
    }.filter { $0.1 > 0 && $0.2 > 0 }
    guard found.count >= 2 else { return nil }
    let (narrow, wide) = (found[found.count - 2], found[found.count - 1]), octave = log(Double(wide.0) / Double(narrow.0))
    let first = narrow.2 / narrow.1, second = wide.2 / wide.1
    return Estimate(value: log(wide.1 / narrow.1) / octave, error: (first * first + second * second).squareRoot() / octave)
  }

  private func training(_ recording: Recording) -> ReportSection {
    let kept = trainingWidths.filter { value(recording, Self.place(trained: $0), "distance_from_gaussian_theory") != nil }
    let found = kept.compactMap { value(recording, Self.place(trained: $0), "distance_from_gaussian_theory") }
    let distance = Curve(
      "trained networks", x: kept.map(Double.init), y: found.map { $0.values[0] }, yErrors: found.map { $0.errors?[0] ?? 0 }, style: .points
    )
    let guide = distance.y.last.map { last in
      Curve("N^-1/2", x: distance.x, y: distance.x.map { last * (distance.x[distance.x.count - 1] / $0).squareRoot() }, style: .line)
    }
    let rows = trainingWidths.map { width in
      let at = Self.place(trained: width)
      return ["\(width)"]
        + [
          "distance_from_gaussian_theory", "mean_shift", "variance_ratio", "excess_kurtosis_before", "excess_kurtosis_before_exact",
          "excess_kurtosis_after",
        ].map { number(recording, at, $0) }
    }
    return ReportSection(
      "Training",
      [
        .text(
          "One hidden layer of erf units, \(self.points) training points on a circle, full-batch gradient descent of \(steps) steps at rate \(rate) (the limit is "
            + "\(written((try? GaussianTraining.largestRate(inputs: Array(theory.points.prefix(self.points)))) ?? .nan, nil))). At infinite width the output stays a Gaussian field, "
            + "moved linearly by a tangent kernel that does not change. For each network the outputs it would have had then, from its own start, are known: the distance from them measures what the free theory misses, "
            + "without noise from the initial draw. Other columns compare the ensembles."),
        .table(
          ReportTable(
            caption:
              "Means over the test points, in units of the Gaussian theory's standard deviation after training: root-mean-square distance of a network from its own prediction; shift of the mean, above zero away from the origin; variance over the theory's; "
              + "excess kurtosis before (with the exact value) and after.",
            header: ["width N", "distance", "mean shift", "variance ratio", "kurtosis before", "exact", "kurtosis after"], rows: rows)),
        .figure(
          Figure(
            name: "training", title: "Distance of trained networks from the Gaussian theory",
            caption:
              "Root-mean-square distance of a trained network's output from the prediction of infinite width from the same start, in units of the theory's standard deviation.",
            content: .curves([distance] + [guide].compactMap { $0 }, xLabel: "width N", yLabel: "distance", logX: true, logY: true))),
      ])
  }

  private func derived(_ recording: Recording) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    if let largest = deviations(recording).max() { derived.append(("largest_kurtosis_deviation", Observable(largest, unit: "sigma"))) }
    if let slope = slope(recording) { derived.append(("distance_exponent", Observable(slope.value, error: slope.error))) }
    return derived
  }
}
