import Glibc
public import Runtime
import TensorNetworks

extension TensorRenormalizationGroup {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var sections = [verdict(results), freeEnergies(results)]
    if let universal = universality(results) { sections.append(universal) }
    sections.append(truncation(results))
    if let layers { sections.append(comparison(results, layers)) }
    return Report(
      title: "\(isIsing ? "The Ising model" : "The \(colours)-state Potts model") by tensor renormalization", abstract: abstract,
      rows: results.flatMap(\.partial.rows), derived: derived(results), sections: sections, arrays: arrays(results))
  }

  private var abstract: String {
    "The partition function of the square lattice as a network of tensors, coarse grained in \(steps) steps by "
      + schemes.map { $0.rawValue.uppercased() }.joined(separator: " and ") + " with bond dimensions "
      + bondDimensions.map(String.init).joined(separator: ", ")
      + ". Nothing is sampled: the only error is what a bond dimension cannot hold, which is stated as the discarded weight "
      + (isIsing ? "and against Onsager's solution." : "and seen by comparing bond dimensions.")
  }

  private func value(_ result: (unit: Unit, partial: Recording), _ name: String, block: Int? = nil) -> [Double]? {
    result.partial.observable(name, at: block.map { [("block", .integer($0))] } ?? [])?.values
  }
  private func isCritical(_ unit: Unit) -> Bool { unit.temperature == criticalTemperature }
  private func label(_ unit: Unit, temperature: Bool = false, chi: Bool = false) -> String {
    unit.scheme.rawValue.uppercased() + (chi ? ", chi = \(unit.bondDimension)" : "")
      + (temperature ? ", T = \(isCritical(unit) ? "T_c" : written(unit.temperature, nil))" : "")
  }
  private func power(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return value == 0 ? "0" : "–" }
    let exponent = Int(log10(abs(value)).rounded(.down)), mantissa = value / pow(10, Double(exponent))
    return exponent > -3 ? written(value, nil, digits: 3) : "\(written(mantissa, nil, digits: 3))e\(exponent)"
  }

  private func verdict(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let rows = results.map { result in
      [
        result.unit.scheme.rawValue.uppercased(), isCritical(result.unit) ? "T_c" : written(result.unit.temperature, nil, digits: 5),
        "\(result.unit.bondDimension)", written(value(result, "log_partition_per_site")?[0] ?? .nan, nil, digits: 12),
      ] + (isIsing ? [value(result, "relative_error").map { power($0[0]) } ?? "–"] : []) + [
        power(value(result, "largest_discarded_weight")?[0] ?? .nan)
      ]
    }
    return ReportSection(
      "What was found",
      [
        .table(
          ReportTable(
            caption: "ln Z per site after \(steps) steps (2^\(steps) sites)"
              + (isIsing ? ", its relative deviation from Onsager's value" : "")
              + ", and the largest weight that a step threw away.",
            header: ["scheme", "T", "chi", "ln Z / N"] + (isIsing ? ["relative error"] : []) + ["discarded"], rows: rows))
      ])
  }

  private func freeEnergies(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    var items: [ReportSection.Item] = []
    if isIsing && bondDimensions.count > 1 {
      // The ends of the range and the critical point: more curves would hide each other.
      let shown = temperatures.filter { [temperatures[0], criticalTemperature, temperatures[temperatures.count - 1]].contains($0) }
      let curves = schemes.flatMap { scheme in
        shown.map { temperature in
          let mine = results.filter { $0.unit.scheme == scheme && $0.unit.temperature == temperature }
          return Curve(
            mine.first.map { label($0.unit, temperature: true) } ?? "", x: mine.map { Double($0.unit.bondDimension) },
            y: mine.map { abs(value($0, "relative_error")?[0] ?? .nan) })
        }
      }
      items.append(
        .figure(
          Figure(
            name: "error-by-bond-dimension", title: "Error of the free energy against bond dimension",
            caption:
              "|ln Z / ln Z_exact - 1| against chi, at T_c and at the ends of the range of temperatures.",
            content: .curves(curves, xLabel: "bond dimension chi", yLabel: "relative error", logX: true, logY: true))))
    }
    if temperatures.count > 2 {
      var curves: [Curve] = []
      if isIsing {
        let ends = (temperatures[0], temperatures[temperatures.count - 1]),
          fine = (0...100).map { ends.0 + (ends.1 - ends.0) * Double($0) / 100 }
        curves.append(Curve("Onsager", x: fine, y: fine.map { -$0 * (exact($0) ?? .nan) }, style: .line))
      }
      for scheme in schemes {
        let mine = results.filter { $0.unit.scheme == scheme && $0.unit.bondDimension == bondDimensions.last }
        curves.append(
          Curve(
            mine.first.map { label($0.unit, chi: true) } ?? "", x: mine.map(\.unit.temperature),
            y: mine.map { value($0, "free_energy_per_site")?[0] ?? .nan }, style: .points))
      }
      items.append(
        .figure(
          Figure(
            name: "free-energy", title: "Free energy",
            caption: "-T ln Z / N at the largest bond dimension" + (isIsing ? ", and the exact curve." : "."),
            content: .curves(curves, xLabel: "T (J)", yLabel: "f (J)", logX: false, logY: false))))
    }
    return ReportSection("Free energy", items)
  }

  /// Central charge and scaling dimensions at the critical temperature.
  private func universality(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection? {
    let critical = results.filter { isCritical($0.unit) && $0.unit.bondDimension == bondDimensions.last }
    if critical.isEmpty { return nil }
    let sides = blocks.map(Double.init), known = exactExponents
    // From five colours on the transition is of first order.
    guard known.charge.isFinite else { return nil }
    var dimensions: [Curve] = known.dimensions.enumerated().map { index, value in
      Curve(index == 0 ? "exact" : "", x: [sides[0], sides[sides.count - 1]], y: [value, value], style: .line, colour: 6)
    }
    for (colour, result) in critical.enumerated() {
      for level in 1..<Self.levels {
        dimensions.append(
          Curve(
            level == 1 ? label(result.unit, chi: true) : "", x: sides,
            y: blocks.map { value(result, "scaling_dimensions", block: $0)?[level] ?? .nan }, colour: colour))
      }
    }
    let charges =
      [
        Curve(
          "exact, \(written(known.charge, nil, digits: 2))", x: [sides[0], sides[sides.count - 1]], y: [known.charge, known.charge],
          style: .line)
      ]
      + critical.map { result in
        Curve(label(result.unit, chi: true), x: sides, y: blocks.map { value(result, "central_charge", block: $0)?[0] ?? .nan })
      }
    return ReportSection(
      "Universality at T_c",
      [
        .figure(
          Figure(
            name: "scaling-dimensions", title: "Scaling dimensions",
            caption:
              "ln(lambda_0 / lambda_i) / pi of the transfer matrix of two blocks of L x L sites, with the exact dimensions as lines. Small blocks are not yet at the "
              + "fixed point; beyond L of some 32 the entanglement of small loops that these schemes do not remove makes the values drift.",
            content: .curves(dimensions, xLabel: "block side L (sites)", yLabel: "scaling dimension", logX: true, logY: false))),
        .figure(
          Figure(
            name: "central-charge", title: "Central charge",
            caption: "(6/pi) (4 ln lambda_0(L) - ln lambda_0(2L)) / 3 from blocks of L and 2L sites: the extensive part drops out.",
            content: .curves(charges, xLabel: "block side L (sites)", yLabel: "c", logX: true, logY: false))),
      ])
  }
  /// Central charge and lowest scaling dimensions where conformal field theory gives them.
  private var exactExponents: (charge: Double, dimensions: [Double]) {
    switch isIsing ? 2 : colours {
    case 2: (0.5, [0.125, 1, 1.125, 2])
    case 3: (0.8, [2.0 / 15, 0.8, 17.0 / 15])
    case 4: (1, [0.125, 0.5, 1.125])
    default: (.nan, [])
    }
  }

  private func truncation(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let shown = results.filter { isCritical($0.unit) || temperatures.count == 1 }
    let curves = shown.map { result -> Curve in
      let weights = value(result, "discarded_weight_by_step") ?? []
      return Curve(label(result.unit, chi: true), x: weights.indices.map { Double($0 + 1) }, y: weights, style: .line)
    }
    return ReportSection(
      "What was thrown away",
      [
        .figure(
          Figure(
            name: "discarded-weight", title: "Discarded weight by step",
            caption:
              "1 - the kept part of the sum of squared singular values (TRG, the worse of the two splittings) or of the Gram matrix's trace (HOTRG), at "
              + "\(temperatures.count == 1 ? "the temperature of the study" : "T_c").",
            content: .curves(curves, xLabel: "step", yLabel: "discarded weight", logX: false, logY: true)))
      ])
  }

  /// Nats per site that each step has cost so far, beside those that learned layers lose.
  private func comparison(_ results: [(unit: Unit, partial: Recording)], _ layers: LearnedLayers) -> ReportSection {
    let mine = results.filter { $0.unit.temperature == layers.temperature }, sites = tori.map { Double($0 * $0) }
    var curves = mine.map { result in
      // Before anything is thrown away there is only rounding, which a logarithmic axis would show large.
      Curve(
        label(result.unit, chi: true), x: sites,
        y: (value(result, "torus_deviation_by_block") ?? []).map { abs($0) > 1e-12 ? abs($0) : .nan })
    }
    for loss in layers.losses {
      curves.append(Curve(loss.name, x: [loss.sitesPerUnit], y: [loss.value], yErrors: loss.error.map { [$0] }, style: .points))
    }
    let rows =
      mine.flatMap { result in
        zip(tori, value(result, "torus_deviation_by_block") ?? []).prefix(5).map { side, deviation in
          [label(result.unit, chi: true), "\(side * side)", power(abs(deviation))]
        }
      } + layers.losses.map { [$0.name, written($0.sitesPerUnit, nil, digits: 3), written($0.value, $0.error)] }
    let contributions = mine.map { result -> Curve in
      let values = value(result, "log_partition_contribution_by_step") ?? []
      var sum = 0.0
      return Curve(
        label(result.unit, chi: true), x: values.indices.prefix(21).map { exp2(Double($0)) },
        y: values.prefix(21).map { contribution in
          sum += contribution
          return sum
        })
    }
    return ReportSection(
      "Beside learned layers",
      [
        .text(
          "The run in \(layers.folder) trained Boltzmann machines on the \(layers.size) x \(layers.size) lattice at K = \(written(1 / layers.temperature, nil, digits: 4)). Both kinds of "
            + "coarse graining keep fewer numbers for the same sites; both losses are in nats per site: for a network the deviation of ln Z / N from the exact torus of as many sites "
            + "as one tensor stands for, for machines D_KL(P || model) / N."),
        .figure(
          Figure(
            name: "layers", title: "What a coarse graining costs",
            caption: "Nats per site that have been lost against the number of sites that one tensor, or one hidden unit, stands for.",
            content: .curves(curves, xLabel: "sites per tensor or unit", yLabel: "loss (nats per site)", logX: true, logY: true))),
        .figure(
          Figure(
            name: "free-energy-by-step", title: "Free energy step by step",
            caption:
              "sum ln c_m / 2^m, the part of ln Z / N that has been divided out of tensors that stand for so many sites: the free energy comes from short scales.",
            content: .curves(contributions, xLabel: "sites per tensor", yLabel: "ln Z / N so far (nats)", logX: true, logY: false))),
        .table(ReportTable(caption: "The same numbers, for the first steps.", header: ["coarse graining", "sites", "loss"], rows: rows)),
      ])
  }

  private func derived(_ results: [(unit: Unit, partial: Recording)]) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    for result in results where isCritical(result.unit) && result.unit.bondDimension == bondDimensions.last {
      let side = blocks.last { $0 <= 16 } ?? 2, name = result.unit.scheme.rawValue
      if let charge = value(result, "central_charge", block: side) { derived.append(("central_charge_\(name)", Observable(charge[0]))) }
      if let found = value(result, "scaling_dimensions", block: side) {
        derived.append(("spin_scaling_dimension_\(name)", Observable(found[1])))
      }
    }
    return derived
  }

  private func arrays(_ results: [(unit: Unit, partial: Recording)]) -> [ResultArray] {
    schemes.compactMap { scheme in
      let mine = results.filter { $0.unit.scheme == scheme }
      guard mine.count == temperatures.count * bondDimensions.count else { return nil }
      return ResultArray(
        name: "log_partition_per_site_by_step_\(scheme.rawValue)", longName: "ln Z per site after each step", unit: "nats",
        dimensions: [("temperature", temperatures.count), ("bond_dimension", bondDimensions.count), ("step", steps + 1)],
        values: mine.flatMap { value($0, "log_partition_per_site_by_step") ?? [] })
    }
  }
}
