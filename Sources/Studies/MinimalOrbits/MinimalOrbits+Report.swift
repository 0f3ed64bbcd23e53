public import Runtime
import Statistics
import SymmetryGroups

extension MinimalOrbits {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for result in results { all.merge(result.partial) }
    let shape = ([ShapeImages.pixels] + layers).map(String.init).joined(separator: "-")
    let abstract =
      "Autoencoders \(shape) and back, trained on \(images) images of edges, discs, ellipses, corners and bars in random affine poses, \(seeds) seeds, and the same on images "
      + "with shuffled pixels. Is a unit learned earlier, and in a lower layer, the smaller its orbit under the affine group? A unit is learned at the first epoch with "
      + "|corr(F(t), F(end))| >= \(Criterion.correlation); its orbit dimension is the number of singular values above \(Criterion.tangent) of its derivatives along the six generators. "
      + "Confirmed means, as fixed beforehand: rho > 0 with p < \(Criterion.level) in at least \(Int(100 * Criterion.seeds)) % of the seeds, and a rho that is not significant in as many controls."
    let sections = [
      verdict(all), correlations(all), curves(all), oneShape(all), volumes(all), training(all),
    ]
    return Report(
      title: "Are features with small orbits learned first?", abstract: abstract, rows: all.rows, derived: derived(all), sections: sections,
      arrays: all.arrays)
  }

  // MARK: The verdict

  /// What the seeds say about one predictor and target: rho of the seeds in which it is defined, and how many agree.
  private struct Tally {
    var networks = 0, controlNetworks = 0
    var rhos: [Double] = [], positive = 0, negative = 0, controls: [Double] = [], significantControls = 0
  }
  private func tally(_ all: Recording, _ predictor: Predictor, _ target: Target) -> Tally {
    var tally = Tally()
    for seed in 1...seeds {
      for shuffled in [false, true] {
        let at = place(shuffled: shuffled, seed: seed, predictor, target)
        guard let rho = all.observable("spearman", at: at)?.values[0], let p = all.observable("p_value", at: at)?.values[0],
          let upper = all.observable("p_value_positive", at: at)?.values[0]
        else { continue }
        if shuffled { tally.controlNetworks += 1 } else { tally.networks += 1 }
        guard rho.isFinite else { continue }
        if shuffled {
          tally.controls.append(rho)
          if p < Criterion.level { tally.significantControls += 1 }
        } else {
          tally.rhos.append(rho)
          if rho > 0, upper < Criterion.level { tally.positive += 1 }
          if rho < 0, p < Criterion.level { tally.negative += 1 }
        }
      }
    }
    return tally
  }
  /// Whether the criterion that was fixed beforehand holds; nil where a network is missing. An undefined rho is no success, neither of the claim nor of
  /// its control.
  private func isConfirmed(_ tally: Tally) -> Bool? {
    guard tally.networks == seeds, tally.controlNetworks == seeds else { return nil }
    let wanted = Criterion.seeds * Double(seeds)
    return Double(tally.positive) >= wanted && Double(tally.controls.count - tally.significantControls) >= wanted
  }
  private func mean(_ values: [Double]) -> String {
    guard !values.isEmpty else { return "undefined" }
    let moments = Moments(values)
    return written(moments.mean, moments.standardError)
  }

  /// The evidence of one predictor in words.
  private func evidence(_ tally: Tally) -> String {
    var words = "rho = \(mean(tally.rhos)) (mean over seeds), positive with p < \(Criterion.level) in \(tally.positive) of \(seeds) seeds"
    if tally.negative > 0 { words += " and negative with p < \(Criterion.level) in \(tally.negative)" }
    words +=
      "; on shuffled pixels, where the affine group has no meaning, rho = \(mean(tally.controls)), "
      + "significant in \(tally.significantControls) of \(seeds)"
    if tally.controls.count < tally.controlNetworks { words += " and undefined in \(tally.controlNetworks - tally.controls.count)" }
    if Double(tally.positive) >= Criterion.seeds * Double(seeds),
      Double(seeds - tally.significantControls) < Criterion.seeds * Double(seeds),
      tally.controls.reduce(0, +) > 0
    {
      words += ": the same correlation without the group, so that orbits are not its reason"
    }
    return words
  }

  private func words(_ all: Recording, _ target: Target) -> String {
    let claim = target == .epoch ? "Small orbits are learned first" : "Small orbits stand in lower layers"
    let tally = tally(all, .orbitDimension, target)
    guard let isConfirmed = isConfirmed(tally) else { return "\(claim): no verdict, since networks are missing." }
    let head = "\(claim): \(isConfirmed ? "CONFIRMED" : "NOT CONFIRMED"). "
    guard tally.rhos.isEmpty else {
      return head + "The orbit dimension of a unit and the \(target == .epoch ? "epoch at which it is learned" : "layer where it stands"): "
        + evidence(tally) + "."
    }
    let ofSeeds = (1...seeds).map { Set(all.array("\(Predictor.orbitDimension.rawValue)_shapes_\($0)")?.values ?? []) }
    guard ofSeeds.allSatisfy({ $0.count < 2 }) else {
      return head + "The \(target == .epoch ? "epoch of learning" : "layer") is the same for all units, and rho is undefined."
    }
    let dimensions = Set(ofSeeds.joined())
    let soft = self.tally(all, .softDimension, target)
    return head
      + "In every network all units have the same orbit dimension, \(dimensions.sorted().map { "\(Int($0))" }.joined(separator: " or ")), at the threshold "
      + "\(Criterion.tangent): it tells no unit from another, and rho is undefined. The soft dimension, which has no step, is no part of the "
      + "criterion: \(evidence(soft))."
  }

  private func rivals(_ all: Recording) -> String {
    let found = Predictor.allCases.map { ($0, tally(all, $0, .epoch)) }
    let passing = found.filter { isConfirmed($0.1) == true }.map(\.0.words)
    return "Rank correlations with the epoch of learning: " + found.map { "\($0.0.words) \(mean($0.1.rhos))" }.joined(separator: ", ")
      + ". Positive in enough seeds, with a silent control: \(passing.isEmpty ? "none of them" : passing.joined(separator: ", "))."
  }

  private func singleWords(_ all: Recording) -> String {
    let known = shapes(all), rows = known.filter { $0.epochs.isFinite }
    guard rows.count > 2 else { return "" }
    let never = known.filter { !$0.epochs.isFinite }.map(\.name)
    let byDimension = RankCorrelation.spearman(rows.map(\.epochs), rows.map(\.dimension))
    let byRank = RankCorrelation.spearman(rows.map(\.epochs), rows.map(\.rank))
    let claimed = ["edge", "disc", "ellipse", "corner"].compactMap { name in rows.first { $0.name == name } }
    let isOrdered =
      claimed.count == 4 && claimed[0].epochs < claimed[1].epochs && claimed[1].epochs <= claimed[2].epochs
      && claimed[2].epochs < claimed[3].epochs
    let isWhole = known.allSatisfy { $0.reached == seeds }
    return "One shape alone: the order edge < disc <= ellipse < corner of mean times is "
      + (isWhole ? isOrdered ? "found" : "not found" : "not to be told, as not every seed reached the error") + "; from the quickest, "
      + rows.sorted { $0.epochs < $1.epochs }.map { row in
        "\(row.name) (\(written(row.epochs, row.error, digits: 3)) epochs\(row.reached < seeds ? ", \(row.reached) of \(seeds) seeds" : ""))"
      }.joined(separator: ", ")
      + (never.isEmpty ? "" : "; in no seed \(never.joined(separator: ", "))")
      + ". Over the \(rows.count) shapes the time goes with the orbit dimension by rho = \(written(byDimension, nil, digits: 2)) and with the principal rank "
      + "of the images by rho = \(written(byRank, nil, digits: 2))."
  }

  private func verdict(_ all: Recording) -> ReportSection {
    ReportSection(
      "The verdict",
      [words(all, .epoch), words(all, .layer), rivals(all), singleWords(all)].filter { !$0.isEmpty }.map { .text($0) })
  }

  private func derived(_ all: Recording) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    for predictor in Predictor.allCases {
      for target in Target.allCases {
        let tally = tally(all, predictor, target)
        for (name, values) in [("", tally.rhos), ("_shuffled", tally.controls)] where values.count > 1 {
          let moments = Moments(values)
          derived.append(
            ("spearman_\(predictor.rawValue)_\(target.rawValue)\(name)", Observable(moments.mean, error: moments.standardError)))
        }
      }
    }
    for target in Target.allCases {
      if let isConfirmed = isConfirmed(tally(all, .orbitDimension, target)) {
        derived.append(("small_orbits_\(target == .epoch ? "first" : "low")_confirmed", Observable(isConfirmed ? 1 : 0)))
      }
    }
    return derived
  }

  // MARK: Correlations

  private func correlations(_ all: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    for target in Target.allCases {
      let rows = Predictor.allCases.map { predictor -> [String] in
        let tally = tally(all, predictor, target)
        func partial(_ name: String) -> String {
          let values = (1...seeds).compactMap { all.observable(name, at: place(shuffled: false, seed: $0, predictor, target))?.values[0] }
          let known = values.filter(\.isFinite)
          return known.count == seeds ? mean(known) : "–"
        }
        return [
          predictor.words, mean(tally.rhos), "\(tally.positive) / \(seeds)", partial("partial_given_variance_explained"),
          partial("partial_given_span_rank"),
          mean(tally.controls), tally.controls.isEmpty ? "–" : "\(tally.significantControls) / \(tally.controls.count)",
        ]
      }
      items.append(
        .table(
          ReportTable(
            caption:
              "Rank correlations with the \(target == .epoch ? "epoch at which a unit is learned" : "layer of a unit"): mean over seeds and its standard error; seeds with rho > 0 and "
              + "p < \(Criterion.level); partial correlations; the control, and how many of its defined rho have a two-sided p < \(Criterion.level).",
            header: ["predictor", "rho", "positive", "given variance", "given rank", "control rho", "control"], rows: rows)))
    }
    let curves = Predictor.allCases.flatMap { predictor in
      [false, true].map { shuffled in
        let values = (1...seeds).map { seed in all.observable("spearman", at: place(shuffled: shuffled, seed: seed, predictor, .epoch)) }
        return Curve(
          predictor.words + (shuffled ? ", shuffled" : ""), x: (1...seeds).map(Double.init), y: values.map { $0?.values[0] ?? .nan },
          yErrors: values.map { $0?.errors?[0] ?? 0 })
      }
    }
    items.append(
      .figure(
        Figure(
          name: "correlations", title: "Rank correlation with the epoch of learning, by seed",
          caption: "Spearman's rho of each predictor with the epoch at which a unit is learned, on shapes and on shuffled pixels.",
          content: .curves(curves, xLabel: "seed", yLabel: "rho", logX: false, logY: false))))
    return ReportSection("Correlations", items)
  }

  /// The mean epoch of learning of the units that share a value of a predictor, over all seeds.
  private func means(_ all: Recording, _ predictor: Predictor, shuffled: Bool) -> Curve {
    var groups: [Double: [Double]] = [:]
    for seed in 1...seeds {
      let name = "\(shuffled ? "shuffled" : "shapes")_\(seed)"
      guard let x = all.array("\(predictor.rawValue)_\(name)")?.values, let y = all.array("epoch_learned_\(name)")?.values else { continue }
      for (a, b) in zip(x, y) { groups[a, default: []].append(b) }
    }
    let kept = groups.filter { $0.value.count > 2 }.sorted { $0.key < $1.key }.map { ($0.key, Moments($0.value)) }
    return Curve(shuffled ? "shuffled pixels" : "shapes", x: kept.map(\.0), y: kept.map(\.1.mean), yErrors: kept.map(\.1.standardError))
  }

  private func curves(_ all: Recording) -> ReportSection {
    let figures = [(Predictor.orbitDimension, "by-dimension"), (.spanRank, "by-span")].map { predictor, name in
      Figure(
        name: name, title: "Epoch of learning by \(predictor.words)",
        caption:
          "Mean epoch at which units are learned, over the units of all seeds that share the same \(predictor.words), with the standard error of the mean (three units at least).",
        content: .curves(
          [false, true].map { means(all, predictor, shuffled: $0) }, xLabel: predictor.words, yLabel: "epoch learned", logX: false,
          logY: false))
    }
    return ReportSection("When units are learned", (figures + [spectrum(all)]).map { .figure($0) })
  }

  /// The singular values behind the orbit dimensions, layer by layer.
  private func spectrum(_ all: Recording) -> Figure {
    let generators = PlaneGroup.aff2.dimension
    let curves = [false, true].flatMap { shuffled in
      layers.indices.map { layer -> Curve in
        var values = [[Double]](repeating: [], count: generators)
        for seed in 1...seeds {
          let name = "\(shuffled ? "shuffled" : "shapes")_\(seed)"
          guard let spectra = all.array("tangent_spectrum_\(name)")?.values, let own = all.array("layer_\(name)")?.values else { continue }
          for (unit, number) in own.enumerated() where Int(number) == layer + 1 {
            for k in 0..<generators { values[k].append(spectra[unit * generators + k]) }
          }
        }
        return Curve(
          "layer \(layer + 1)" + (shuffled ? ", shuffled" : ""), x: (1...generators).map(Double.init), y: values.map { Moments($0).mean })
      }
    }
    return Figure(
      name: "tangent-spectrum", title: "Singular values of the units' tangents",
      caption:
        "Mean over the units of a layer, all seeds: the derivatives along the six affine generators, over the size of the unit. Those above \(Criterion.tangent) make the orbit dimension.",
      content: .curves(curves, xLabel: "singular value", yLabel: "mean", logX: false, logY: true))
  }

  // MARK: One shape alone

  /// A shape with the mean of the epochs to its error over the seeds that reached it, and how many did.
  private typealias Shape = (name: String, epochs: Double, error: Double?, reached: Int, dimension: Double, rank: Double)
  private func shapes(_ all: Recording) -> [Shape] {
    PlaneFeature.shapes.compactMap { feature in
      let at: Place = [("shape", .text(feature.name))]
      guard let epochs = all.observable("epochs_to_error", at: at), let dimension = all.observable("orbit_dimension", at: at),
        let rank = all.observable("principal_rank", at: at)
      else { return nil }
      let reached = all.observable("epochs_of_seeds", at: at)?.values.count { $0.isFinite } ?? 0
      return (feature.name, epochs.values[0], epochs.errors?[0], reached, dimension.values[0], rank.values[0])
    }
  }

  private func oneShape(_ all: Recording) -> ReportSection {
    let rows = shapes(all)
    let table = rows.map {
      [$0.name, written($0.epochs, $0.error, digits: 3), "\($0.reached) of \(seeds)", "\(Int($0.dimension))", "\(Int($0.rank))"]
    }
    func curve(_ row: Shape, _ x: Double) -> Curve {
      Curve(row.name, x: [x], y: [row.epochs], yErrors: [row.error ?? 0], style: .points)
    }
    var items: [ReportSection.Item] = [
      .table(
        ReportTable(
          caption:
            "Networks with one layer of \(layers[0]) units trained on one shape: epochs to a relative squared error of \(Criterion.error), mean over the seeds that reached it; the dimension of the "
            + "shape's orbit under aff2; the principal components that hold \(Int(100 * Criterion.span)) % of its images' variance.",
          header: ["shape", "epochs", "seeds", "orbit dimension", "principal rank"], rows: table))
    ]
    // Training that ends before any shape is learned has no times to draw.
    guard rows.contains(where: { $0.epochs.isFinite }) else { return ReportSection("One shape alone", items) }
    items += [
      .figure(
        Figure(
          name: "shapes-by-dimension", title: "Time to learn a shape by its orbit dimension",
          caption: "If small orbits were learned first, the points would rise to the right.",
          content: .curves(
            rows.map { curve($0, $0.dimension) }, xLabel: "orbit dimension under aff2", yLabel: "epochs", logX: false, logY: false))),
      .figure(
        Figure(
          name: "shapes-by-rank", title: "Time to learn a shape by the linear span of its orbit",
          caption: "The rival: the number of principal components that the images of the shape need.",
          content: .curves(rows.map { curve($0, $0.rank) }, xLabel: "principal rank", yLabel: "epochs", logX: false, logY: false))),
    ]
    return ReportSection("One shape alone", items)
  }

  // MARK: Volumes, training

  private func volumes(_ all: Recording) -> ReportSection {
    let rows = PlaneFeature.shapes.map { feature -> [String] in
      let at: Place = [("shape", .text(feature.name)), ("group", .text("gl2"))]
      let slope = all.observable("shadow_volume_slope", at: at)
      return [feature.name]
        + PlaneGroup.allCases.map { group in
          all.observable("orbit_dimension_\(group.rawValue)", at: at).map { "\(Int($0.values[0]))" } ?? "–"
        } + [slope.map { written($0.values[0], $0.errors?[0]) } ?? "–"]
    }
    return ReportSection(
      "Orbits of the shapes themselves",
      [
        .table(
          ReportTable(
            caption:
              "Orbit dimensions of the shapes under groups of the plane, by the rank of their tangents, and the logarithmic slope of the volume of their shadow stabilizers in gl2 "
              + "(\(draws) draws within \(Self.delta) of the identity, epsilon \(Self.epsilons[0]) to \(Self.epsilons[1])), which tends to the dimension as epsilon falls.",
            header: ["shape"] + PlaneGroup.allCases.map(\.rawValue) + ["slope, gl2"], rows: rows))
      ])
  }

  private func maps(_ all: Recording, _ name: String) -> [Heatmap] {
    guard let array = all.array(name) else { return [] }
    let side = ShapeImages.side, pixels = ShapeImages.pixels
    return (0..<array.dimensions[0].length).map { k in
      Heatmap(title: "", rows: side, columns: side, values: Array(array.values[k * pixels..<(k + 1) * pixels]), palette: .diverging)
    }
  }

  private func training(_ all: Recording) -> ReportSection {
    let errors = [false, true].flatMap { shuffled in
      (1...min(seeds, 4)).compactMap { seed in
        all.array("relative_error_\(shuffled ? "shuffled" : "shapes")_\(seed)").map {
          Curve((shuffled ? "shuffled " : "shapes ") + "\(seed)", x: $0.values.indices.map(Double.init), y: $0.values, style: .line)
        }
      }
    }
    var items: [ReportSection.Item] = [
      .figure(
        Figure(
          name: "training", title: "Training curves",
          caption: "Relative squared error of the reconstruction on the probe images, by epoch, of the first seeds.",
          content: .curves(errors, xLabel: "epoch", yLabel: "relative error", logX: false, logY: true)))
    ]
    for (name, title, caption) in [
      ("images_shapes_1", "Images", "Some probe images of the first seed, mean zero and variance one."),
      ("weights_shapes_1", "First-layer weights", "Weights of some units of the first layer, trained on shapes."),
      ("weights_shuffled_1", "First-layer weights of the control", "The same, trained on images with shuffled pixels."),
    ] where all.array(name) != nil {
      items.append(
        .figure(
          Figure(
            name: name.split(separator: "_").joined(separator: "-"), title: title, caption: caption,
            content: .heatmaps(maps(all, name), perRow: 8))))
    }
    return ReportSection("Training", items)
  }
}
