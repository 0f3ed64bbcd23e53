import Foundation
import Runtime
import Statistics

/// What the report says of the machine whose hidden units share no weights.
extension CompareCoarseGrainings {
  func untiedSection(_ row: Found) -> ReportSection {
    var items: [ReportSection.Item] = [.text(untiedWords(row)), .table(untiedTable(row))]
    if let figure = untiedFigure(row) { items.append(.figure(figure)) }
    return ReportSection("The machine without shared weights", items)
  }

  private func untiedWords(_ row: Found) -> String {
    let edge = "\(trainingSize) x \(trainingSize)"
    var words = [
      "Trained by contrastive divergence on \(configurations) lattices of \(edge), \(machineEpochs) epochs, \(trainingSize * trainingSize / 4) "
        + "hidden units without shared weights. Exponents, couplings and their range are refused: \(row.reason("thermal_exponents") ?? "")."
    ]
    let share = row.estimate("weight_share_in_window")
    if share.value.isFinite {
      words.append(
        "Units see the whole lattice, so that what they say of an environment could come from reading it. For I(h:E) each is therefore cut to the 4 "
          + "x 4 window about its own place, in which \(String(format: "%.1f", 100 * share.value)) % of its squared weights lie (the mean over units)."
      )
    }
    let radius = row.estimate("radius_over_null"), coherence = row.estimate("coherence"), spacing = row.estimate("center_spacing_variation")
    if radius.value.isFinite {
      words.append(
        "The median receptive field is \(text(radius)) times as wide as the same weights on permuted sites, the median coherence of signs "
          + "\(text(coherence)), the centres' distances to the nearest vary by \(text(spacing)) of their mean: "
          + (radius.value < 0.35 && coherence.value > 0.5 && spacing.value < 0.5
            ? "units are local and cover the lattice."
            : "by at least one of the three units are not local block spins, and their places say little."))
    }
    let before = row.estimate("energy_per_site"), after = row.estimate("reconstruction_energy_per_site")
    if before.value.isFinite, after.value.isFinite {
      words.append(
        "v -> h -> v takes the energy per site from \(text(before)) to \(text(after)), the mean modulus of the magnetization from "
          + "\(text(row.estimate("abs_magnetization"))) to \(text(row.estimate("reconstruction_abs_magnetization"))).")
    }
    return words.joined(separator: " ")
  }

  private func untiedTable(_ row: Found) -> ReportTable {
    let shown = [
      ("dead units, share", "dead_fraction"), ("radius of receptive fields, sites", "receptive_field_radius"),
      ("the same over that of permuted sites", "radius_over_null"), ("coherence of signs", "coherence"),
      ("spread of distances to the nearest centre", "center_spacing_variation"),
      ("squared weights within 4 x 4 sites, share", "weight_share_in_window"),
      ("bound of I(h:E), cut to 4 x 4 sites, nats", "environment_information"),
      ("exponent of G between r = \(trainingSize / 8) and \(trainingSize / 8 * 2), spins", "fine_correlation_exponent"),
      ("the same, hidden units at their places", "coarse_correlation_exponent"),
      ("energy per site, J", "energy_per_site"), ("energy per site after v -> h -> v, J", "reconstruction_energy_per_site"),
      ("mean modulus of the magnetization", "abs_magnetization"), ("the same after v -> h -> v", "reconstruction_abs_magnetization"),
      ("D_KL per site, 8 x 8, nats", "kullback_leibler_per_site"), ("F^h - F^v per site, 8 x 8, nats", "free_energy_difference_per_site"),
      ("deviation of ln X per root of sites, 8 x 8", "log_x_deviation"),
    ]
    return ReportTable(
      caption:
        "Medians are over live units."
        + (size == trainingSize
          ? "" : " Exponents are of \(trainingSize) x \(trainingSize), those of the other rows of \(size) x \(size)."),
      header: ["what", "value"],
      rows: shown.map { what, name in
        let found = row.estimate(name)
        return [what, found.value.isFinite ? text(found) : "– (\(row.reason(name) ?? "not measured"))"]
      })
  }

  /// Weights of some units.
  private func untiedFigure(_ row: Found) -> Figure? {
    let visible = trainingSize * trainingSize, hidden = visible / 4, count = min(12, hidden)
    guard let weights = row.partial.array("weights_untied")?.values, weights.count == visible * hidden else { return nil }
    let maps = (0..<count).map { k -> Heatmap in
      let unit = k * hidden / count
      return Heatmap(
        title: "unit \(unit)", rows: trainingSize, columns: trainingSize, values: (0..<visible).map { weights[$0 * hidden + unit] },
        palette: .diverging)
    }
    return Figure(
      name: "untied", title: "Weights of hidden units", caption: "Some units of the machine without shared weights, on the lattice.",
      content: .heatmaps(maps, perRow: 6))
  }
}
