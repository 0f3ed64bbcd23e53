import Renormalization
public import Runtime

extension DeepRenormalization {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    guard let stack = results.first(where: { $0.unit == .stack })?.partial else {
      return Report(
        title: title, abstract: "The stack's unit failed; there is nothing to report.", rows: results.flatMap(\.partial.rows),
        derived: [], sections: [], arrays: results.flatMap(\.partial.arrays))
    }
    let control = results.first { $0.unit == .control }?.partial
    let sections = [
      verdict(stack, control), pictures(stack), fields(stack, control), information(stack), freeEnergies(stack), training(stack, control),
    ]
    return Report(
      title: title, abstract: abstract, rows: results.flatMap(\.partial.rows), derived: derived(stack, control), sections: sections,
      arrays: results.flatMap(\.partial.arrays))
  }

  private var title: String { "A stack of Boltzmann machines as a renormalization group" }

  private var abstract: String {
    let shape = ([sites] + hidden).map(String.init).joined(separator: "-")
    return
      "Restricted Boltzmann machines \(shape), trained layer by layer on \(configurations) configurations of the \(size) x \(size) Ising "
      + "model at K = \(coupling), measured as coarse grainings on \(testConfigurations) other configurations, beside 2 x 2 block majority "
      + "and decimation. Errors are one standard error: jackknife over \(blocks.blocks) blocks of configurations, or the spread over "
      + "units where a median over units is quoted."
  }

  // MARK: What was found, in words

  private func value(_ recording: Recording?, _ graining: String, _ layer: Int, _ name: String) -> Observable? {
    recording?.observable(name, at: [("graining", .text(graining)), ("layer", .integer(layer))])
  }

  private func number(_ recording: Recording?, _ graining: String, _ layer: Int, _ name: String, index: Int = 0) -> String {
    guard let found = value(recording, graining, layer, name), index < found.values.count else { return "–" }
    return written(found.values[index], found.errors?[index])
  }

  private func verdict(_ stack: Recording, _ control: Recording?) -> ReportSection {
    var items: [ReportSection.Item] = []
    if let energy = value(stack, "spins", 0, "energy_per_site"), let exact = value(stack, "spins", 0, "energy_per_site_exact") {
      let deviation = value(stack, "spins", 0, "energy_deviation")?.values[0] ?? .nan
      items.append(
        .text(
          "The sampler: energy per site \(written(energy.values[0], energy.errors?[0])) J against \(written(exact.values[0], nil, digits: 6)) J of the "
            + "exact finite torus (\(written(deviation, nil, digits: 2)) standard errors), autocorrelation time \(written(energy.tau ?? .nan, nil, digits: 2)) configurations."
        ))
    }
    let ratio = value(stack, "boltzmann", 1, "radius_over_null")?.values[0] ?? .nan
    let coherence = value(stack, "boltzmann", 1, "coherence")?.values[0] ?? .nan
    let variation = value(stack, "boltzmann", 1, "center_spacing_variation")?.values[0] ?? .nan
    let isBlock = ratio < 0.35 && coherence > 0.5 && variation < 0.5
    let null = value(control, "permuted_control", 1, "radius_over_null")?.values[0]
    items.append(
      .text(
        "Block spins: the first layer's receptive fields have R/R_null = \(number(stack, "boltzmann", 1, "radius_over_null")), coherence "
          + "\(number(stack, "boltzmann", 1, "coherence")), and their centres are spaced with a coefficient of variation of \(number(stack, "boltzmann", 1, "center_spacing_variation")). "
          + (isBlock
            ? "They are block spins by the criteria R/R_null < 0.35, coherence > 0.5, variation < 0.5."
            : "They are not block spins by the criteria R/R_null < 0.35, coherence > 0.5, variation < 0.5.")
          + (null.map {
            " Trained on permuted spins, the same machine has R/R_null = \(written($0, nil, digits: 3))"
              + ($0 > 0.9 ? ": no locality, as it should be." : ", which a control should not have.")
          } ?? "")))
    if let divergence = value(stack, "boltzmann", 1, "kullback_leibler_per_site") {
      items.append(
        .text(
          "Not an exact map: D_KL(P || p) = \(written(divergence.values[0], divergence.errors?[0])) nats per site and the standard deviation of ln X is "
            + "\(number(stack, "boltzmann", 1, "log_x_deviation")), where an exact variational map has 0 and 0. The free energies differ by F^h - F^v = "
            + "\(number(stack, "boltzmann", 1, "free_energy_difference")) (0/1 units, no constant): that number moves with the energy's constant and by itself says nothing about exactness."
        ))
    }
    items += layerTables(stack)
    return ReportSection("What was found", items)
  }

  /// The kinds of coarse spins of all tables, in their order: label, graining, layer.
  private var kinds: [(label: String, graining: String, layer: Int)] {
    var kinds = [("spins", "spins", 0), ("2 x 2 majority", "majority", 1), ("2 x 2 decimation", "decimation", 1)]
    for layer in 1...hidden.count {
      kinds.append(("layer \(layer), \(hidden[layer - 1]) units", "boltzmann", layer))
      if layer == 1, hidden.count > 1 { kinds += [("4 x 4 majority", "majority", 2), ("4 x 4 decimation", "decimation", 2)] }
    }
    return kinds
  }

  private func layerTables(_ stack: Recording) -> [ReportSection.Item] {
    let middle = distances.firstIndex(of: 8) ?? 0
    let spins = kinds.map { label, graining, layer in
      [
        label, number(stack, graining, layer, "abs_magnetization"), number(stack, graining, layer, "correlation", index: middle),
        number(stack, graining, layer, "mutual_information", index: middle), number(stack, graining, layer, "information_2x2"),
      ]
    }
    let fields = (1...hidden.count).map { layer in
      ["layer \(layer)"]
        + ["receptive_field_radius", "radius_over_null", "coherence", "center_spacing_variation", "dead_fraction"]
        .map {
          number(stack, "boltzmann", layer, $0)
        }
    }
    return [
      .table(
        ReportTable(
          caption: "The layers as coarse grainings: mean |m|; correlation and mutual information (nats) of two coarse spins at distance "
            + "\(Int(distances.isEmpty ? 0 : distances[middle])) of the fine lattice; I (nats) between a coarse spin and the 2 x 2 sites nearest its centre.",
          header: ["coarse spins", "mean |m|", "correlation", "I (pair)", "I(h; 2x2)"], rows: spins)),
      .table(
        ReportTable(
          caption: "Receptive fields: medians over live units; spacing: coefficient of variation of the distance to the nearest centre.",
          header: ["machine", "R (sites)", "R/R_null", "coherence", "spacing CV", "dead"], rows: fields)),
    ]
  }

  // MARK: Figures

  private func heatmap(_ recording: Recording?, _ name: String, _ title: String, _ palette: Heatmap.Palette = .binary) -> Heatmap? {
    guard let array = recording?.array(name) else { return nil }
    return Heatmap(
      title: title, rows: array.dimensions[0].length, columns: array.dimensions[1].length, values: array.values, palette: palette)
  }

  private func pictures(_ stack: Recording) -> ReportSection {
    let maps = [
      heatmap(stack, "snapshot_spins", "spins"), heatmap(stack, "snapshot_majority", "2 x 2 majority"),
      heatmap(stack, "snapshot_boltzmann", "first layer"), heatmap(stack, "snapshot_machine", "the machine's own sample"),
    ].compactMap { $0 }
    let energy = number(stack, "machine_samples", 1, "energy_per_site"), m = number(stack, "machine_samples", 1, "abs_magnetization")
    let caption =
      "One configuration, its block spins, and the first layer's hidden units (each site shows the unit whose centre is nearest); "
      + "right, a sample of the machine itself after \(modelSweeps) block Gibbs sweeps. The machine's own samples have energy per site \(energy) J and |m| = \(m), "
      + "the data \(number(stack, "spins", 0, "energy_per_site")) J and \(number(stack, "spins", 0, "abs_magnetization")): machines trained by one step of contrastive divergence are over-ordered, which their "
      + "likelihood on data hides."
    return ReportSection(
      "Lattices",
      [.figure(Figure(name: "snapshots", title: "From spins to hidden units", caption: caption, content: .heatmaps(maps, perRow: 4)))])
  }

  private func fieldMaps(_ recording: Recording, graining: String, layer: Int, most: Int) -> [Heatmap] {
    guard let array = recording.array("receptive_fields_\(graining)_layer_\(layer)") else { return [] }
    let units = array.dimensions[2].length
    return (0..<min(most, units)).map { unit in
      Heatmap(title: "", rows: size, columns: size, values: (0..<sites).map { array.values[$0 * units + unit] }, palette: .diverging)
    }
  }

  private func fields(_ stack: Recording, _ control: Recording?) -> ReportSection {
    var items: [ReportSection.Item] = []
    var tilings: [Heatmap] = []
    for layer in 1...hidden.count {
      if let map = heatmap(stack, "tiling_boltzmann_layer_\(layer)", "layer \(layer)", .sequential) { tilings.append(map) }
    }
    if let map = heatmap(control, "tiling_permuted_control_layer_1", "permuted control", .sequential) { tilings.append(map) }
    items.append(
      .figure(
        Figure(
          name: "tiling", title: "How the units share the lattice",
          caption:
            "Each site in the shade of the unit that weighs it most: blocks of one shade are receptive fields drawn on the lattice. Block spins tile it; the "
            + "control's units do not.", content: .heatmaps(tilings, perRow: 4))))
    for layer in 1...hidden.count {
      let caption =
        "Effective weights of \(min(64, hidden[layer - 1])) of the \(hidden[layer - 1]) units of layer \(layer) on the lattice (one scale for all, "
        + "symmetric about zero). R = \(number(stack, "boltzmann", layer, "receptive_field_radius")) sites, participation ratio \(number(stack, "boltzmann", layer, "participation_ratio")), "
        + "R/R_null = \(number(stack, "boltzmann", layer, "radius_over_null")); R_null is the same values on permuted sites. Medians over live units; "
        + "dead fraction \(number(stack, "boltzmann", layer, "dead_fraction"))."
      items.append(
        .figure(
          Figure(
            name: "receptive-fields-\(layer)", title: "Receptive fields of layer \(layer)", caption: caption,
            content: .heatmaps(fieldMaps(stack, graining: "boltzmann", layer: layer, most: 64), perRow: 16))))
    }
    if let control {
      let caption =
        "The negative control: the same machine trained on configurations whose spins were permuted within each sample. "
        + "R/R_null = \(number(control, "permuted_control", 1, "radius_over_null")), coherence \(number(control, "permuted_control", 1, "coherence")) (so coherence alone shows nothing), "
        + "dead fraction \(number(control, "permuted_control", 1, "dead_fraction"))."
      items.append(
        .figure(
          Figure(
            name: "receptive-fields-control", title: "Receptive fields of the permuted control", caption: caption,
            content: .heatmaps(fieldMaps(control, graining: "permuted_control", layer: 1, most: 32), perRow: 16))))
    }
    return ReportSection("Receptive fields", items)
  }

  private func pairCurves(_ stack: Recording, _ name: String) -> [Curve] {
    return kinds.compactMap { label, graining, layer in
      guard let found = value(stack, graining, layer, name) else { return nil }
      let kept = found.values.indices.filter { found.values[$0].isFinite && found.values[$0] > 0 }
      if kept.isEmpty { return nil }
      return Curve(
        label, x: kept.map { distances[$0] }, y: kept.map { found.values[$0] }, yErrors: found.errors.map { e in kept.map { e[$0] } })
    }
  }

  private func information(_ stack: Recording) -> ReportSection {
    let correlation = Figure(
      name: "correlation", title: "Correlation of coarse spins",
      caption:
        "Mean product of two coarse spins at distance r of the fine lattice: along the axes for block spins, pairs of live units with | d - r | <= 0.5 for the machines "
        + "(units oriented by the sign of the sum of their weights).",
      content: .curves(pairCurves(stack, "correlation"), xLabel: "distance r (sites)", yLabel: "correlation", logX: true, logY: true))
    let information = Figure(
      name: "mutual-information", title: "Mutual information of coarse spins",
      caption:
        "Mutual information of the same pairs, plug-in with the bias corrected by the jackknife. For two spins it follows from correlation and magnetisation: it is drawn because it "
        + "compares with I(h; block), which does not.",
      content: .curves(pairCurves(stack, "mutual_information"), xLabel: "distance r (sites)", yLabel: "I (nats)", logX: true, logY: true))
    return ReportSection("Correlation and information", [.figure(correlation), .figure(information)])
  }

  private func freeEnergies(_ stack: Recording) -> ReportSection {
    let layers = Array(1...hidden.count)
    let runs = layers.map { layer in
      ["layer \(layer)"]
        + [
          ("log_partition_runs", 0), ("log_partition_runs", 1), ("effective_sample_size", 0), ("effective_sample_size", 1),
          ("log_partition_enumerated", 0),
        ].map { number(stack, "boltzmann", layer, $0.0, index: $0.1) }
    }
    let bounds = layers.map { layer in
      ["layer \(layer)"] + ["log_partition", "log_partition_lower_bound", "log_likelihood"].map { number(stack, "boltzmann", layer, $0) }
    }
    var items: [ReportSection.Item] = [
      .table(
        ReportTable(
          caption:
            "ln Z of each machine (nats) by annealed importance sampling of \(replicas) replicas over \(temperatures) temperatures, twice; "
            + "believe a value where the effective sample sizes (ESS) are at least 20 and the runs agree within 1.",
          header: ["machine", "ln Z, run 1", "ln Z, run 2", "ESS 1", "ESS 2", "enumerated"], rows: runs)),
      .table(
        ReportTable(
          caption:
            "Both runs together; the mean log-weight, a lower bound on average; the log-likelihood of the layer's own input (test configurations).",
          header: ["machine", "ln Z", "lower bound", "log-likelihood"], rows: bounds)),
      .figure(divergences(stack)), .figure(partitions(stack)),
    ]
    if hidden.count > 1 {
      items.append(
        .text(
          "The stack's variational bound on the log-likelihood of the data is "
            + "\(number(stack, "boltzmann", hidden.count, "stack_log_likelihood_bound")) nats; the first machine alone reaches "
            + "\(number(stack, "boltzmann", 1, "log_likelihood")), and no model can pass "
            + "\(number(stack, "boltzmann", hidden.count, "stack_log_likelihood_limit")), minus the entropy of the law."))
    }
    return ReportSection("Free energies", items)
  }

  /// How far the model of 0, 1, ... layers is from the exact law.
  private func divergences(_ stack: Recording) -> Figure {
    var curves: [Curve] = []
    if let independent = value(stack, "spins", 0, "kullback_leibler_per_site_of_independent_spins") {
      curves.append(Curve("independent spins, exact", x: [0], y: independent.values, style: .points))
    }
    if let machine = value(stack, "boltzmann", 1, "kullback_leibler_per_site") {
      curves.append(Curve("first machine", x: [1], y: machine.values, yErrors: machine.errors, style: .points))
    }
    if hidden.count > 1, let bound = value(stack, "boltzmann", hidden.count, "stack_kullback_leibler_per_site_bound") {
      curves.append(Curve("whole stack, upper bound", x: [Double(hidden.count)], y: bound.values, yErrors: bound.errors, style: .points))
    }
    return Figure(
      name: "kullback-leibler", title: "Distance from the exact law",
      caption:
        "D_KL(P || model) per site against the number of layers: 0 for independent spins (ln 2 minus the exact entropy), then the first machine with "
        + "ln Z from annealing, then the stack by its variational bound. An exact map would stand at 0.",
      content: .curves(curves, xLabel: "layers", yLabel: "D_KL per site (nats)", logX: false, logY: false))
  }

  private func partitions(_ stack: Recording) -> Figure {
    let layers = Array(1...hidden.count)
    let lattice = Curve(
      "lattice, exact", x: [0], y: [value(stack, "spins", 0, "log_partition_per_site_exact")?.values[0] ?? .nan], style: .points)
    let runs = (0..<2).map { run in
      Curve(
        // A little apart, so that both can be seen.
        "run \(run + 1)", x: layers.map { Double($0) + (run == 0 ? -0.03 : 0.03) },
        y: layers.map { (value(stack, "boltzmann", $0, "log_partition_runs")?.values[run] ?? .nan) / Double(visible($0 - 1)) },
        yErrors: layers.map { (value(stack, "boltzmann", $0, "log_partition_runs")?.errors?[run] ?? 0) / Double(visible($0 - 1)) },
        style: .points)
    }
    return Figure(
      name: "free-energy", title: "Free energy by layer",
      caption:
        "ln Z per visible unit: the lattice's exactly (layer 0), each machine's from two annealing runs with standard errors. In 0/1 units the constant of "
        + "the energy enters, so that only the agreement of the runs is to be read off here, not the distance of the layers.",
      content: .curves([lattice] + runs, xLabel: "layer", yLabel: "ln Z per unit (nats)", logX: false, logY: false))
  }

  private func training(_ stack: Recording, _ control: Recording?) -> ReportSection {
    var curves = (1...hidden.count).compactMap { layer in
      stack.array("reconstruction_error_layer_\(layer)").map { array in
        Curve("layer \(layer)", x: (1...array.values.count).map(Double.init), y: array.values)
      }
    }
    if let array = control?.array("control_reconstruction_error_layer_1") {
      curves.append(Curve("permuted control", x: (1...array.values.count).map(Double.init), y: array.values))
    }
    let figure = Figure(
      name: "training", title: "Training curves",
      caption:
        "Fraction of visible units that one step of contrastive divergence reconstructs wrongly, by epoch: a curve to watch, not the objective.",
      content: .curves(curves, xLabel: "epoch", yLabel: "reconstruction error", logX: false, logY: false))
    return ReportSection("Training", [.figure(figure)])
  }

  // MARK: Derived values

  private func derived(_ stack: Recording, _ control: Recording?) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    if let best = value(stack, "boltzmann", hidden.count, "stack_log_likelihood_limit"),
      let first = value(stack, "boltzmann", 1, "log_likelihood")
    {
      derived.append(("log_likelihood_gap", Observable(best.values[0] - first.values[0], error: first.errors?[0], unit: "nats")))
    }
    if let found = value(stack, "boltzmann", 1, "radius_over_null"), let null = value(control, "permuted_control", 1, "radius_over_null") {
      let error = { () -> Double? in
        guard let a = found.errors?[0], let b = null.errors?[0] else { return nil }
        let ratio = found.values[0] / null.values[0]
        return ratio * ((a / found.values[0]) * (a / found.values[0]) + (b / null.values[0]) * (b / null.values[0])).squareRoot()
      }()
      derived.append(("radius_over_null_relative_to_control", Observable(found.values[0] / null.values[0], error: error)))
    }
    return derived
  }
}

/// A value with its error as people write it, "0.4321 ± 0.0012": as many digits as the error's first two say.
func written(_ value: Double, _ error: Double?, digits: Int = 4) -> String {
  guard value.isFinite else { return "–" }
  guard let error, error.isFinite, error > 0 else {
    return value != 0 && abs(value) < 1e-5 ? Shown.number(value, digits: digits) : fixed(value, places: places(abs(value), digits))
  }
  let places = places(error, 2)
  return "\(fixed(value, places: places)) ± \(fixed(error, places: places))"
}

/// Decimal places that show `digits` significant digits of a number.
private func places(_ value: Double, _ digits: Int) -> Int {
  guard value > 0 else { return digits - 1 }
  var magnitude = 0, rest = value
  while rest >= 10 { rest /= 10; magnitude += 1 }
  while rest < 1, magnitude > -15 { rest *= 10; magnitude -= 1 }
  return max(0, digits - 1 - magnitude)
}

private func fixed(_ value: Double, places: Int) -> String {
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  guard abs(value) * scale < 9e15 else { return "\(value)" }
  let scaled = Int((abs(value) * scale).rounded())
  let sign = value < 0 && scaled != 0 ? "-" : ""
  let whole = "\(scaled)"
  if places == 0 { return sign + whole }
  let padded = String(repeating: "0", count: max(0, places + 1 - whole.count)) + whole
  return sign + padded.dropLast(places) + "." + padded.suffix(places)
}
