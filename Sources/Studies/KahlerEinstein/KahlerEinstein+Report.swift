import KahlerGeometry
public import Runtime

extension KahlerEinstein {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let all = results.reduce(into: Recording()) { $0.merge($1.partial) }
    var pulls: [(place: String, z: Double)] = []
    for row in all.rows {
      let place = row.at.dropFirst().map { "\($0.name) \(Self.text($0.value))" }.joined(separator: ", ")
      for (name, value) in row.observables where name.hasSuffix("_z") && value.values[0].isFinite {
        pulls.append((name.dropLast(2) + " at " + place, value.values[0]))
      }
    }
    let square = pulls.reduce(0) { $0 + $1.z * $1.z } / Double(max(1, pulls.count)), off = pulls.filter { abs($0.z) > 4 }
    var abstract =
      "Random points whose macroscopic limit is a Kahler-Einstein metric, beside what is known exactly at finite N and in the limit."
    if !pulls.isEmpty {
      abstract +=
        " \(pulls.count) means and partition functions have an exact value here; their distances from it in standard errors have a mean square of "
        + "\(written(square, nil, digits: 3)), and "
        + (off.isEmpty
          ? "none exceeds 4."
          : "these exceed 4: " + off.map { "\($0.place) (\(written($0.z, nil, digits: 2)))" }.joined(separator: "; ") + ".")
    }
    var sections: [ReportSection] = []
    let globes = globes(all)
    if !globes.isEmpty {
      sections.append(
        ReportSection(
          "Points",
          [
            .figure(
              Figure(
                name: "points", title: "Points on the sphere",
                caption:
                  "The last configuration of the first chain at the largest N" + (givenFiles.isEmpty ? "" : ", and the first of each file")
                  + "; cone points are red. Far points are pale.",
                content: .globes(globes, perRow: 3)))
          ]))
    }
    sections += sphereSections(all) + weightedSections(all) + [temperingSection(all)].compactMap(\.self) + toricSections(all)
    if let given = givenSection(all) { sections.append(given) }
    var derived: [(name: String, observable: Observable)] = []
    if !pulls.isEmpty {
      derived = [("exact_values", Observable(Double(pulls.count))), ("mean_square_pull", Observable(square))]
    }
    return Report(
      title: "Kahler-Einstein metrics from random points", abstract: abstract, rows: all.rows, derived: derived, sections: sections,
      arrays: all.arrays)
  }

  static func text(_ value: ParameterValue) -> String {
    switch value {
    case .integer(let n): "\(n)"
    case .real(let x): Shown.setting(x)
    case .text(let t): t
    default: ""
    }
  }

  /// One sphere for each gas of the largest N.
  private func globes(_ all: Recording) -> [Globe] {
    let spheres = units.compactMap { if case .sphere(let n, _, _) = $0 { n } else { nil } }.max() ?? 0
    let weighted = units.compactMap { if case .weighted(_, let n) = $0 { n } else { nil } }.max() ?? 0
    let axes = [SIMD3<Double>(0, 0, -1), SIMD3(1, 0, 0), SIMD3(0, 0, 1)]
    return units.compactMap { unit in
      guard let array = all.array("points_\(label(unit))") else { return nil }
      // More points than this are a blur, and megabytes of page.
      let v = array.values, points = stride(from: 0, to: min(v.count, 6000), by: 3).map { SIMD3(v[$0], v[$0 + 1], v[$0 + 2]) }
      switch unit {
      case .sphere(let n, let beta, let field) where n == spheres:
        return Globe(title: "N = \(n), beta = \(Shown.setting(beta))" + (field == 0 ? "" : ", a = \(Shown.setting(field))"), points: points)
      case .weighted(let line, let n) where n == weighted: return Globe(title: "w = \(title(line)), N = \(n)", points: points, marks: axes)
      case .given(let file): return Globe(title: file, points: points)
      default: return nil
      }
    }
  }

  private struct Gas { var n: Int, beta: Double, field: Double }
  private var gases: [Gas] {
    units.compactMap { if case .sphere(let n, let beta, let field) = $0 { Gas(n: n, beta: beta, field: field) } else { nil } }
  }
  private func value(_ all: Recording, _ gas: Gas, _ name: String) -> Observable? {
    all.observable(
      name, at: [("process", .text("sphere")), ("points", .integer(gas.n)), ("beta", .real(gas.beta)), ("field", .real(gas.field))])
  }
  private func cell(_ found: Observable?, digits: Int = 4) -> String {
    found.map { written($0.values[0], $0.errors?[0], digits: digits) } ?? ""
  }

  private func sphereSections(_ all: Recording) -> [ReportSection] {
    guard !gases.isEmpty else { return [] }
    var sections: [ReportSection] = []
    let free = gases.filter { $0.field == 0 }
    if !free.isEmpty {
      let rows = free.map { gas in
        ["\(gas.n)", Shown.setting(gas.beta)]
          + ["structure_factor_1", "structure_factor_1_exact", "structure_factor_1_z", "r_hat"].map { cell(value(all, gas, $0)) }
          + (2...4).flatMap { l in [cell(value(all, gas, "structure_factor_\(l)")), cell(value(all, gas, "structure_factor_\(l)_limit"))] }
      }
      let betas = Array(Set(free.map(\.beta))).sorted(),
        line = (0...60).map { (betas[0] + (betas[betas.count - 1] - betas[0]) * Double($0) / 60) }
      var curves = [Curve("1/(1 + beta)", x: line, y: line.map(ExactSphereGas.momentum), style: .line)]
      for n in Array(Set(free.map(\.n))).sorted() {
        let these = free.filter { $0.n == n }.sorted { $0.beta < $1.beta }, found = these.map { value(all, $0, "structure_factor_1") }
        curves.append(
          Curve(
            "N = \(n)", x: these.map(\.beta), y: found.map { $0?.values[0] ?? .nan }, yErrors: found.map { $0?.errors?[0] ?? 0 },
            style: .points))
      }
      sections.append(
        ReportSection(
          "Without field: fluctuations",
          [
            .text(
              "E|sum x|^2 / N = 1/(1 + beta) for every N, since dilations move the density in a way that is known exactly. The other structure "
                + "factors have l(l+1)/(l(l+1) + 2 beta) as their limit."),
            .figure(
              Figure(
                name: "slow-mode", title: "The slow mode", caption: "S_1 = E|sum x|^2 / N against beta; the line is exact for every N.",
                content: .curves(curves, xLabel: "beta", yLabel: "S_1", logX: false, logY: false))),
            .table(
              ReportTable(
                caption:
                  "Structure factors; z is the distance from the exact value in standard errors; R-hat compares the spread between chains with that within, 1 where they agree.",
                header: ["N", "beta", "S_1", "exact", "z", "R-hat", "S_2", "limit", "S_3", "limit", "S_4", "limit"], rows: rows)),
          ]))
    }
    let fielded = gases.filter { $0.field != 0 }
    if !fielded.isEmpty { sections.append(fieldSection(all, fielded)) }
    if annealingReplicas > 0 || integrationNodes > 0 { sections.append(freeEnergies(all)) }
    return sections
  }

  private func fieldSection(_ all: Recording, _ fielded: [Gas]) -> ReportSection {
    let largest = fielded.map(\.n).max() ?? 0
    var curves: [Curve] = []
    for (colour, gas) in fielded.filter({ $0.n == largest }).enumerated() {
      let t = (0..<Self.bins).map { -1 + (2 * Double($0) + 1) / Double(Self.bins) }
      let name = "beta = \(Shown.setting(gas.beta)), a = \(Shown.setting(gas.field))"
      curves.append(Curve(name, x: t, y: value(all, gas, "density")?.values ?? [], style: .points, colour: colour))
      if let limit = value(all, gas, "density_limit"), limit.values.count == t.count {
        curves.append(Curve("limit", x: t, y: limit.values, style: .line, colour: colour))
      }
    }
    let rows = fielded.map { gas in
      ["\(gas.n)", Shown.setting(gas.beta), Shown.setting(gas.field)]
        + ["mean_height", "mean_height_limit", "ward_identity", "ward_identity_z", "kolmogorov_distance", "wasserstein_distance"].map {
          cell(value(all, gas, $0))
        }
    }
    return ReportSection(
      "In a field: the law of the points",
      [
        .figure(
          Figure(
            name: "density", title: "The density of z = cos theta at N = \(largest)",
            caption: "Points: relative to uniform points, from all chains; lines: the solution of the mean-field equation.",
            content: .curves(curves, xLabel: "z", yLabel: "density", logX: false, logY: false))),
        .table(
          ReportTable(
            caption:
              "Mean heights and their limits; (2 + 2 beta) <z> + a <1 - z^2>, which is 0 for every N; the largest distance of the law of z from its limit, and the mean one (Wasserstein).",
            header: ["N", "beta", "a", "<z>", "limit", "Ward identity", "z-score", "Kolmogorov", "Wasserstein"], rows: rows)),
      ] + withoutLimit(all, fielded))
  }
  /// Why some have no limit beside them.
  private func withoutLimit(_ all: Recording, _ fielded: [Gas]) -> [ReportSection.Item] {
    let reasons = fielded.compactMap { gas in
      value(all, gas, "mean_height_limit")?.reason.map { "beta = \(Shown.setting(gas.beta)), a = \(Shown.setting(gas.field)): \($0)" }
    }
    return Set(reasons).sorted().map { .text($0 + ".") }
  }

  private func freeEnergies(_ all: Recording) -> ReportSection {
    let rows = gases.map { gas in
      let n = Double(gas.n)
      func per(_ name: String) -> String {
        guard let found = value(all, gas, name) else { return "" }
        return written(-found.values[0] / n, found.errors.map { $0[0] / n })
      }
      return ["\(gas.n)", Shown.setting(gas.beta), Shown.setting(gas.field)]
        + [
          per("log_partition_annealed"), per("log_partition_integrated"), per("log_partition_exact"),
          cell(value(all, gas, "free_energy_limit")),
          cell(value(all, gas, "annealing_effective_replicas")),
        ]
    }
    return ReportSection(
      "Free energies",
      [
        .text(
          "-(1/N) ln Z tends to the minimum of beta E + D + a <t>, the value of the twisted K-energy at the Kahler-Einstein measure. ln Z by annealed "
            + "importance sampling and by thermodynamic integration, whose quadrature has an error of its own that is not in the error bar."
        ),
        .table(
          ReportTable(
            caption:
              "-(1/N) ln Z [nats]; the last column says how many of \(annealingReplicas) annealed replicas carry the weight: with few of them the "
              + "annealed value and its error are not to be believed.",
            header: ["N", "beta", "a", "annealed", "integrated", "exact", "limit", "replicas"], rows: rows)),
      ])
  }

  private func weightedSections(_ all: Recording) -> [ReportSection] {
    guard !lines.isEmpty else { return [] }
    var rows: [[String]] = [], curves: [Curve] = []
    for index in lines.indices {
      let sizes = units.compactMap { unit -> Int? in
        if case .weighted(index, let n) = unit { n } else { nil }
      }.sorted()
      guard !sizes.isEmpty else { continue }
      func value(_ n: Int, _ name: String) -> Observable? {
        all.observable(name, at: [("process", .text("weighted")), ("weights", .text(title(index))), ("points", .integer(n))])
      }
      for n in sizes {
        let threshold = value(n, "gibbs_threshold")?.values[0] ?? .nan
        rows.append(
          [title(index), "\(n)", threshold.isFinite ? written(threshold, nil) : "all"]
            + [
              "log_modulus", "log_modulus_exact", "log_modulus_z", "log_modulus_limit", "log_partition_annealed",
              "log_partition_integrated",
              "log_partition_exact",
            ].map { cell(value(n, $0)) })
      }
      let found = sizes.map { value($0, "log_modulus") }, x = sizes.map(Double.init)
      curves.append(
        Curve(
          "w = \(title(index))", x: x, y: found.map { $0?.values[0] ?? .nan }, yErrors: found.map { $0?.errors?[0] ?? 0 }, style: .points,
          colour: index))
      curves.append(Curve("exact", x: x, y: sizes.map { value($0, "log_modulus_exact")?.values[0] ?? .nan }, style: .line, colour: index))
    }
    guard !rows.isEmpty else { return [] }
    return [
      ReportSection(
        "P^1 with cone points",
        [
          .text(
            "Cone points at 0, 1 and infinity, log Fano where the weights add up to less than 2 and log canonical above. Partition functions and E ln|z| "
              + "are exact at every N. For w = (1/2, 1/2, 1 - 1/n) the Kahler-Einstein measure is a pushed-forward uniform one, with E ln|z| = (n - 2) ln 2."
          ),
          .figure(
            Figure(
              name: "log-modulus", title: "E ln|z| against N", caption: "Points: sampled; lines join the exact values.",
              content: .curves(curves, xLabel: "N", yLabel: "E ln|z|", logX: true, logY: false))),
          .table(
            ReportTable(
              caption: "E ln|z| of a point, ln Z on the sphere [nats], and the largest power of the interaction that can be normalised.",
              header: ["w", "N", "threshold", "E ln|z|", "exact", "z-score", "limit", "ln Z annealed", "integrated", "exact"], rows: rows)),
        ])
    ]
  }

  private func toricSections(_ all: Recording) -> [ReportSection] {
    var rows: [[String]] = [], metrics: [[String]] = [], curves: [Curve] = []
    for unit in units {
      guard case .toric(let name, _) = unit else { continue }
      let at = place(unit)
      guard let b = all.observable("barycentre", at: at)?.values else { continue }
      rows.append(
        [name, cell(all.observable("area", at: at)), b.map { written($0, nil) }.joined(separator: ", ")]
          + [cell(all.observable("greatest_ricci_bound", at: at))])
      var x: [Double] = [], y: [Double] = []
      for k in levels.sorted() {
        let here = at + [("level", .integer(k))]
        guard let density = all.observable("density_at_origin", at: here) else { continue }
        x.append(Double(k))
        y.append(density.values[0])
        metrics.append(
          [name, "\(k)", "\(Int(all.observable("sections", at: here)?.values[0] ?? 0))", written(density.values[0], nil, digits: 9)]
            + [cell(all.observable("mean_square_gradient", at: here), digits: 9)])
      }
      if !x.isEmpty { curves.append(Curve(name, x: x, y: y)) }
    }
    guard !rows.isEmpty else { return [] }
    var items: [ReportSection.Item] = [
      .table(
        ReportTable(
          caption:
            "The barycentre of the polygon is 0 where the surface has a Kahler-Einstein metric; elsewhere the Ricci curvature can be kept above R times the metric, not more.",
          header: ["surface", "area", "barycentre", "R"], rows: rows))
    ]
    if !metrics.isEmpty {
      items.append(
        .table(
          ReportTable(
            caption: "Balanced metrics of level k: the density of their measure at the origin and the mean square of the gradient.",
            header: ["surface", "k", "sections", "density at 0", "<|grad phi|^2>"], rows: metrics)))
      items.append(
        .figure(
          Figure(
            name: "balanced", title: "Balanced metrics against their level",
            caption: "The density at the origin; its limit is that of the Kahler-Einstein measure.",
            content: .curves(curves, xLabel: "k", yLabel: "density at 0", logX: false, logY: false))))
    }
    return [ReportSection("Toric surfaces", items)]
  }
}
