import Foundation
import LatticeSystems
import Renormalization
public import Runtime
import Statistics

extension CompareCoarseGrainings {
  /// A row's results; not a number where something was not measured.
  struct Found {
    let rule: CoarseRule, partial: Recording
    func estimates(_ name: String) -> [Estimate] {
      guard let found = partial.observable(name, at: CompareCoarseGrainings.at(rule)) else { return [] }
      return found.values.indices.map { Estimate(value: found.values[$0], error: found.errors?[$0] ?? .nan) }
    }
    func estimate(_ name: String, at place: Int = 0) -> Estimate {
      let all = estimates(name)
      return place < all.count ? all[place] : Estimate(value: .nan, error: .nan)
    }
    /// Why something is missing.
    func reason(_ name: String) -> String? { partial.observable(name, at: CompareCoarseGrainings.at(rule))?.reason }
    /// Whether its coarse spins have a lattice, on which operators and exponents have a meaning.
    var hasLattice: Bool { rule != .untied }
  }

  /// The step whose exponents stand in the table: the second where there is one.
  private var shownStep: Int { min(1, flowSteps - 1) }

  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let found = results.map { Found(rule: $0.unit.rule, partial: $0.partial) }
    // A bound that is not positive says nothing, and is no measure of the others.
    let best = found.map { $0.estimate("environment_information").value }.filter { $0 > 0 }.max() ?? .nan
    let placed = found.filter(\.hasLattice)
    var figures = placed.isEmpty ? [] : [exponentFigure(placed, isThermal: true), exponentFigure(placed, isThermal: false)]
    if let filters = filterFigure(found) { figures.append(filters) }
    var sections = [
      ReportSection("The table", [.table(table(found, best)), .table(secondTable(found)), .table(meanings(found))]),
      ReportSection("What holds", verdict(found, best).map { .text($0) }),
    ]
    if !placed.isEmpty {
      sections.append(ReportSection("Step after step", figures.map { .figure($0) }))
      sections.append(ReportSection("Couplings after one step", [.text(couplingWords), .table(couplingTable(placed))]))
    }
    let mapped = found.filter { $0.estimate("kullback_leibler_per_site").value.isFinite }
    if !mapped.isEmpty { sections.append(ReportSection("The variational map", [.text(mapWords(mapped)), .table(mapTable(mapped))])) }
    for row in found where !row.hasLattice { sections.append(untiedSection(row)) }
    return Report(
      title: "Coarse grainings side by side",
      abstract:
        "Rules that make coarse spins of the Ising model at K = \(String(format: "%g", coupling)), known, learned and absurd, on the "
        + "same instruments: "
        + (placed.isEmpty
          ? ""
          : "exponents by Monte Carlo renormalization of \(size) x \(size) (\(Self.even.count) even and \(Self.odd.count) odd operators, "
            + "\(chains * measurements) configurations), couplings and correlations of the coarse spins, ")
        + "information of a coarse spin about 64 spins around its window, the variational map of filters as Boltzmann machines.",
      rows: results.flatMap(\.partial.rows), derived: derived(found, best),
      sections: sections, arrays: results.flatMap(\.partial.arrays))
  }

  private func derived(_ found: [Found], _ best: Double) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    for row in found where row.hasLattice {
      let y = row.estimate("thermal_exponents", at: shownStep), h = row.estimate("magnetic_exponents", at: shownStep)
      derived.append(("thermal_exponent_\(row.rule.rawValue)", Observable(y.value, error: y.error)))
      derived.append(("magnetic_exponent_\(row.rule.rawValue)", Observable(h.value, error: h.error)))
    }
    if best.isFinite { derived.append(("best_environment_information", Observable(best, unit: "nats"))) }
    return derived
  }

  func text(_ estimate: Estimate) -> String { estimate.value.isFinite ? written(estimate.value, estimate.error) : "–" }

  private func table(_ found: [Found], _ best: Double) -> ReportTable {
    let most = found.map { $0.estimate("environment_information") }.first { $0.value == best }
    let rows = found.map { row -> [String] in
      // Rows have samples of their own: relative errors add in quadrature. The best is its own measure.
      let information = row.estimate("environment_information"), value = information.value / best
      let error = hypot(information.error / best, value * (most?.error ?? .nan) / best)
      let share = Estimate(value: value, error: information.value == best ? 0 : error)
      let kl = row.rule.choice == nil && row.hasLattice ? "0 (X = 1)" : text(row.estimate("kullback_leibler_per_site"))
      return [
        row.rule.rawValue, text(row.estimate("thermal_exponents", at: shownStep)),
        text(row.estimate("magnetic_exponents", at: shownStep)), text(share), kl,
      ]
    }
    return ReportTable(
      caption: (found.contains(where: \.hasLattice)
        ? "Step \(shownStep + 1), \(size >> shownStep) to \(size >> (shownStep + 1)): y_t and y_h with all operators. "
        : "No row has a lattice of coarse spins, and so no exponents. ") + "I/best: bound of I(h:E) over the "
        + "best row's \(written(best, most?.error)) nats. D_KL per site of the filter as a Boltzmann machine on 8 x 8; a rule that is a law p(h | v) has "
        + "X = 1, so that D_KL = 0 whatever it is worth.",
      header: ["rule", "y_t", "y_h", "I/best", "D_KL"], rows: rows)
  }
  private func secondTable(_ found: [Found]) -> ReportTable {
    let rows = found.map { row -> [String] in
      let time =
        row.hasLattice
        ? nanosecondsPerSpin(row.rule, filter(row.rule, row.estimates("weights").map(\.value))) : nanosecondsPerSpin(untiedLayer(row))
      return [
        row.rule.rawValue, text(row.estimate("coupling_share_beyond_nearest")), text(row.estimate("coarse_correlation_exponent")),
        text(row.estimate("fine_correlation_exponent")), "\(Int(row.estimate("spins_read_per_coarse_spin").value))",
        trainedOn(row), written(time, nil, digits: 2),
      ]
    }
    // What is said of a kind of row stands only where there is one.
    let hasPlaced = found.contains(where: \.hasLattice)
    let between =
      (hasPlaced ? ["between r = L/8 and L/4"] : [])
      + (found.allSatisfy(\.hasLattice)
        ? []
        : [
          "for \(CoarseRule.untied.rawValue) between r = \(trainingSize / 8) and \(trainingSize / 8 * 2) of \(trainingSize) x \(trainingSize)"
        ])
    return ReportTable(
      caption: (hasPlaced
        ? "Range: share of the couplings per site that are not nearest-neighbour ones after one step (moduli, which the noise of the "
          + "couplings raises by \(written(found.map(noise).filter(\.isFinite).max() ?? .nan, nil, digits: 2)) at most). " : "")
        + "Exponent of G \(between.joined(separator: ", ")), after one step and before any. Cost: spins read for a coarse spin; configurations (filters for "
        + "information: windows of them) trained on, as often as they were; nanoseconds for a coarse spin on the machine "
        + "that wrote this page, which are not in the results.",
      header: ["rule", "range", "exponent of G", "before", "reads", "trained on", "ns"], rows: rows)
  }

  private func trainedOn(_ row: Found) -> String {
    let unit = row.partial.observable("trained_on", at: Self.at(row.rule))?.unit
    return "\(Int(row.estimate("trained_on").value))\(unit == "windows" ? " windows" : "")"
  }

  /// By how much noise raises a row's share of couplings, at most: the modulus of a normal number of mean 0 is sqrt(2 / pi) deviations.
  private func noise(_ row: Found) -> Double {
    let couplings = row.estimates("couplings"), terms = Self.fitted.map { Double($0.terms.count) }
    guard couplings.count == terms.count else { return .nan }
    let all = zip(couplings, terms).reduce(0) { $0 + abs($1.0.value) * $1.1 }
    return (2 / Double.pi).squareRoot() * zip(couplings, terms).dropFirst().reduce(0) { $0 + $1.0.error * $1.1 } / all
  }

  private func meanings(_ found: [Found]) -> ReportTable {
    ReportTable(caption: "The rules.", header: ["rule", "what it is"], rows: found.map { [$0.rule.rawValue, $0.rule.meaning] })
  }

  // MARK: words

  private func verdict(_ found: [Found], _ best: Double) -> [String] {
    guard isCritical else {
      return ["K is not the critical coupling, so that there are no exponents to be met; the table says what each rule makes of it."]
    }
    // The worse of the second and the third step, where there are so many.
    let steps = shownStep...min(2, flowSteps - 1), inSteps = steps.count > 1 ? "steps 2 and 3" : "step \(shownStep + 1)"
    func gap(_ row: Found, _ name: String, _ exact: Double) -> Double {
      steps.map { abs(row.estimate(name, at: $0).value - exact) / exact }.reduce(0) { ($0 + $1).isNaN ? .nan : max($0, $1) }
    }
    func percent(_ gap: Double) -> String { String(format: "%.2f %%", 100 * gap) }
    func names(_ rows: [Found]) -> String { rows.isEmpty ? "none" : rows.map(\.rule.rawValue).joined(separator: ", ") }
    let placed = found.filter(\.hasLattice)
    let near = placed.filter { gap($0, "thermal_exponents", 1) <= 0.02 && gap($0, "magnetic_exponents", 1.875) <= 0.005 }
    let loose = placed.filter { row in
      gap(row, "thermal_exponents", 1) <= 0.05 && gap(row, "magnetic_exponents", 1.875) <= 0.05
        && !near.contains { $0.rule == row.rule }
    }
    let rest = placed.filter { row in !near.contains { $0.rule == row.rule } && !loose.contains { $0.rule == row.rule } }
    var words =
      placed.isEmpty
      ? []
      : [
        "Within 2 % of y_t = 1 and 0.5 % of y_h = 15/8 in \(inSteps): \(names(near)). Within 5 % of both, but not so near: "
          + "\(names(loose)). Further off: \(names(rest))."
      ]
    for row in found where !row.hasLattice {
      words.append(
        "\(row.rule.rawValue) has no exponents, no couplings and no range: \(row.reason("thermal_exponents") ?? "it has no lattice"). "
          + "What needs no lattice is in its row, and in a section of its own.")
    }
    if let stated = statedErrors(placed.filter(\.rule.isLearned), steps) {
      words.append(
        "Stated errors of the learned rows in \(inSteps): at most \(percent(stated.thermal)) of y_t and \(percent(stated.magnetic)) of y_h."
      )
    }
    let controls = found.filter(\.rule.isControl), passed = controls.filter { row in near.contains { $0.rule == row.rule } }
    if !controls.isEmpty {
      words.append(
        passed.isEmpty
          ? "No control reaches the first of these classes, so that it does tell coarse grainings apart."
          : "The controls \(names(passed)) are in the first class too: at this accuracy it does not tell coarse grainings apart from them.")
    }
    if let random = found.first(where: { $0.rule == .random }), let majority = found.first(where: { $0.rule == .majority }) {
      words.append(
        "Exponents are universal, so that a filter of random weights need not miss them by much: this one's y_t is off by "
          + "\(percent(gap(random, "thermal_exponents", 1))), its y_h by \(percent(gap(random, "magnetic_exponents", 1.875))). Of its couplings "
          + "\(text(random.estimate("coupling_share_beyond_nearest"))) lie beyond nearest neighbours, of the majority's "
          + "\(text(majority.estimate("coupling_share_beyond_nearest"))).")
    }
    let growths = found.map { $0.estimate("error_growth") }.map(\.value).filter(\.isFinite)
    if let least = growths.min(), let most = growths.max() {
      words.append(
        "With blocks of the jackknife \(Self.longerBlocks) times as long the exponents' errors are larger by factors from "
          + "\(written(least, nil, digits: 2)) to \(written(most, nil, digits: 2)): "
          + (most < 1.4 ? "blocks are long enough." : "where it is well above 1, blocks are too short for these errors."))
    }
    let informed = found.filter { $0.estimate("environment_information").value >= 0.98 * best }
    if !informed.isEmpty {
      words.append(
        "Within 2 % of the most information about the surroundings: \(names(informed)). The bound is of coarse spins that see up to 4 x 4 "
          + "sites; block rules see 2 x 2 of them.")
    }
    let measured = placed.filter { $0.rule != .permuted }
    if let short = measured.min(by: {
      $0.estimate("coupling_share_beyond_nearest").value < $1.estimate("coupling_share_beyond_nearest").value
    }),
      let long = measured.max(by: {
        $0.estimate("coupling_share_beyond_nearest").value < $1.estimate("coupling_share_beyond_nearest").value
      }),
      measured.count > 1
    {
      let least = short.estimate("coupling_share_beyond_nearest")
      let close = measured.filter { row in
        let share = row.estimate("coupling_share_beyond_nearest")
        return row.rule != short.rule && share.value - least.value <= 3 * hypot(share.error, least.error)
      }
      words.append(
        "The coarse couplings reach least far for \(short.rule.rawValue) (\(text(least)) of them beyond nearest neighbours)"
          + (close.isEmpty ? "" : ", within 3 standard errors of that for \(names(close)),")
          + " and furthest for \(long.rule.rawValue) (\(text(long.estimate("coupling_share_beyond_nearest")))).")
    }
    let mapped = placed.filter { $0.estimate("kullback_leibler_per_site").value.isFinite }
    if mapped.count > 1 {
      let ordered = mapped.sorted { $0.estimate("kullback_leibler_per_site").value < $1.estimate("kullback_leibler_per_site").value }
      let list = ordered.map { "\($0.rule.rawValue) \(text($0.estimate("kullback_leibler_per_site")))" }.joined(separator: ", ")
      words.append(
        "As Boltzmann machines the filters are, in the order of their D_KL per site: \(list). The first of them has y_t "
          + "\(percent(gap(ordered[0], "thermal_exponents", 1))) and y_h \(percent(gap(ordered[0], "magnetic_exponents", 1.875))) off, the last y_t "
          + "\(percent(gap(ordered[ordered.count - 1], "thermal_exponents", 1))) and y_h "
          + "\(percent(gap(ordered[ordered.count - 1], "magnetic_exponents", 1.875))).")
    }
    if let likelihood = found.first(where: { $0.rule == .likelihood }), let spread = found.first(where: { $0.rule == .spread }) {
      func both(_ name: String) -> String { "\(text(likelihood.estimate(name))) against \(text(spread.estimate(name)))" }
      func step(_ name: String) -> String {
        "\(text(likelihood.estimate(name, at: shownStep))) against \(text(spread.estimate(name, at: shownStep)))"
      }
      words.append(
        "Trained for the likelihood against for the least spread of ln X: deviation of ln X per root of sites \(both("log_x_deviation")), D_KL per site "
          + "\(both("kullback_leibler_per_site")), y_t \(step("thermal_exponents")), y_h \(step("magnetic_exponents")).")
    }
    return words
  }

  /// The largest relative errors of rows in some steps, of y_t and of y_h; nil without rows.
  private func statedErrors(_ rows: [Found], _ steps: ClosedRange<Int>) -> (thermal: Double, magnetic: Double)? {
    func most(_ name: String) -> Double {
      rows.flatMap { row in steps.map { row.estimate(name, at: $0) } }.map { abs($0.error / $0.value) }.reduce(0) {
        ($0 + $1).isNaN ? .nan : max($0, $1)
      }
    }
    let found = (most("thermal_exponents"), most("magnetic_exponents"))
    return rows.isEmpty || found.0.isNaN || found.1.isNaN ? nil : found
  }

  // MARK: figures

  /// Exponents by step, side by side. At K_c points far from the exact value, which would press all others onto one line, are left out
  /// and named.
  private func exponentFigure(_ found: [Found], isThermal: Bool) -> Figure {
    let name = isThermal ? "thermal_exponents" : "magnetic_exponents", label = isThermal ? "y_t" : "y_h"
    let exact = isThermal ? 1 : 1.875, width = isThermal ? 0.2 : 0.02
    var curves: [Curve] = [], outside: [String] = []
    if isCritical { curves.append(Curve("exact", x: [0.7, Double(flowSteps) + 0.3], y: [exact, exact], style: .line, colour: 0)) }
    for (place, row) in found.enumerated() {
      let y = row.estimates(name), move = 0.5 * (Double(place) + 0.5) / Double(found.count) - 0.25
      let shown = y.indices.filter { y[$0].value.isFinite && (!isCritical || abs(y[$0].value - exact) <= width * exact) }
      let cut = y.indices.filter { y[$0].value.isFinite && !shown.contains($0) }
      if !cut.isEmpty { outside.append("\(row.rule.rawValue) (\(cut.map { "\($0 + 1)" }.joined(separator: ", ")))") }
      guard !shown.isEmpty else { continue }
      curves.append(
        Curve(
          row.rule.rawValue, x: shown.map { Double($0 + 1) + move }, y: shown.map { y[$0].value }, yErrors: shown.map { y[$0].error },
          style: .points, colour: place + 1))
    }
    var caption = "With all operators; step n takes \(size) / 2^(n-1) to half of it. Rules stand side by side at each step."
    if !outside.isEmpty {
      caption +=
        " Further than \(Int((100 * width).rounded())) % from the exact value, and left out, in the steps in brackets: "
        + "\(outside.joined(separator: ", "))."
    }
    return Figure(
      name: isThermal ? "thermal" : "magnetic", title: "\(label) by step", caption: caption,
      content: .curves(curves, xLabel: "step", yLabel: label, logX: false, logY: false))
  }

  private func filterFigure(_ found: [Found]) -> Figure? {
    let maps = found.compactMap { row -> Heatmap? in
      guard row.rule.choice == .mostProbable else { return nil }
      let weights = row.estimates("weights").map(\.value)
      return weights.count == 16 ? Heatmap(title: row.rule.rawValue, rows: 4, columns: 4, values: weights, palette: .diverging) : nil
    }
    guard !maps.isEmpty else { return nil }
    return Figure(
      name: "filters", title: "The filters", caption: "Weights of the 4 x 4 windows, whose middle 2 x 2 sites are the block.",
      content: .heatmaps(maps, perRow: 5))
  }

  private var couplingWords: String {
    "Couplings of the coarse spins by pseudo-likelihood, whose stationary point is Callen's identity; the fine model has K = "
      + "\(String(format: "%.4f", coupling)) between nearest neighbours and no other."
  }
  private func couplingTable(_ found: [Found]) -> ReportTable {
    ReportTable(
      caption: "Couplings after one step, from \(configurations) lattices of \(trainingSize) x \(trainingSize).",
      header: ["rule"] + Self.fitted.map(\.name),
      rows: found.map { row in [row.rule.rawValue] + row.estimates("couplings").map(text) })
  }

  private func mapWords(_ mapped: [Found]) -> String {
    "Mehta and Schwab's map of a filter with p(h | v) from exp(sum h theta(v)): F^h - F^v, and what it cannot see, D_KL and the spread of ln "
      + "X. ln Z_lambda is the sum over all hidden states of 8 x 8, ln Z Kaufman's. A filter used with the signs of theta is mapped by the "
      + "same machine."
      + (mapped.allSatisfy(\.hasLattice)
        ? "" : " The map of \(CoarseRule.untied.rawValue) is that of another machine of its kind, trained on 8 x 8 itself.")
  }
  private func mapTable(_ mapped: [Found]) -> ReportTable {
    let rows = mapped.map { row in
      [
        row.rule.rawValue, text(row.estimate("free_energy_difference_per_site")), text(row.estimate("kullback_leibler_per_site")),
        text(row.estimate("log_x_deviation")),
      ]
    }
    return ReportTable(
      caption: "Per site of 8 x 8; the deviation of ln X over the root of the sites. Nats.",
      header: ["rule", "F^h - F^v", "D_KL", "deviation of ln X"], rows: rows)
  }
}
