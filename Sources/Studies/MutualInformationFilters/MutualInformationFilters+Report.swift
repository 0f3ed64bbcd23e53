import Foundation
import LatticeSystems
import Renormalization
public import Runtime

extension MutualInformationFilters {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for (_, partial) in results { all.merge(partial) }
    return Report(
      title: "Coarse spins that know most of their surroundings",
      abstract:
        "A coarse spin h of a block V is chosen for I(h : E), E the spins beyond a buffer. On the ring every rule can be tried. On the "
        + "square lattice filters are trained at \(couplings.count) couplings by two bounds of I(h : E), one of which is made by a critic network, and "
        + "valued exactly on a torus of 6 x 6.",
      rows: results.flatMap(\.partial.rows), derived: derived(all),
      sections: [
        ReportSection("The ring: every rule", [.text(ringWords(all)), .table(ringTable(all)), .figure(ringFigure(all))]),
        ReportSection(
          "Filters over temperature",
          [.text(latticeWords(all)), .table(latticeTable(all)), .figure(latticeFigure(all)), .figure(filters(all))]),
        ReportSection("Filters by a neural bound", [.text(neuralWords(all)), .table(neuralTable(all)), .figure(neuralFigure(all))]),
      ], arrays: results.flatMap(\.partial.arrays))
  }

  private func derived(_ all: Recording) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    for (name, shares) in [
      ("least_share_of_best_odd_map", couplings.compactMap { share(all, $0, of: "block-filter") }),
      ("least_share_of_best_odd_map_neural", couplings.compactMap { share(all, $0, of: "neural-filter") }),
      ("least_share_of_best_on_ring_neural", blocks.compactMap { ringShare(all, $0) }),
    ] {
      if let least = shares.min() { derived.append((name, Observable(least))) }
    }
    return derived
  }

  // MARK: the ring

  private func ring(_ all: Recording, _ block: Int, _ rule: String, _ name: String) -> [Double] {
    all.observable(name, at: Self.ring(block, rule))?.values ?? []
  }
  private func beyond(_ all: Recording, _ block: Int, _ rule: String) -> Double {
    ring(all, block, rule, "pair_couplings").dropFirst().reduce(0) { $0 + abs($1) } + (ring(all, block, rule, "other_couplings").first ?? 0)
  }

  private func ringWords(_ all: Recording) -> String {
    var words = [
      "Coarse spins that are a deterministic odd function of their block; \(coarse) of them in a ring have a coupling for every subset, from "
        + "the logarithm of their exact law. The claim: the rule of most information makes no couplings of longer range."
    ]
    for block in blocks {
      let best = ring(all, block, "best-of-all", "exact_information").first ?? .nan
      let edge = ring(all, block, "edge-spin", "exact_information").first ?? .nan
      let isEdge = abs(best - edge) < 1e-12, reach = beyond(all, block, "best-of-all")
      words.append(
        "Blocks of \(block): of \(1 << (1 << (block - 1))) rules the best knows "
          + (best > Self.least ? "\(written(best, nil, digits: 6)) nats" : "less than rounding, \(String(format: "%g", Self.least)) nats")
          + (isEdge ? ", which is what the spin at the edge knows; " : "; ")
          + (reach < 1e-12
            ? "its couplings beyond nearest neighbours vanish to rounding."
            : "its couplings beyond nearest neighbours add up to \(String(format: "%.2g", reach)).")
          + " Those of the majority add up to \(String(format: "%.2g", beyond(all, block, "majority"))).")
    }
    return words.joined(separator: " ")
  }

  private func ringTable(_ all: Recording) -> ReportTable {
    var rows: [[String]] = []
    for block in blocks {
      let whole = ring(all, block, "block", "exact_information").first ?? .nan
      for rule in ["best-of-all", "edge-spin", "inner-spin", "majority", "neural-filter"] {
        let pairs = ring(all, block, rule, "pair_couplings")
        rows.append(
          [
            "\(block)", rule, written(ring(all, block, rule, "exact_information").first ?? .nan, nil, digits: 6),
            written(whole, nil, digits: 6),
          ]
            + pairs.prefix(3).map { abs($0) < 1e-13 ? "0" : String(format: "%.6f", $0) }
            + [ring(all, block, rule, "other_couplings").first.map { $0 < 1e-12 ? "0" : String(format: "%.2e", $0) } ?? "–"])
      }
    }
    return ReportTable(
      caption:
        "The ring at K = \(String(format: "%g", ringCoupling)), buffer \(buffer): I(h:E) and I(V:E) in nats; couplings of two coarse spins at distance 1, "
        + "2, 3; the sum of all others' moduli, per coarse spin. Numbers below 1e-12 are rounding and shown as 0.",
      header: ["block", "rule", "I(h:E)", "I(V:E)", "K_1", "K_2", "K_3", "others"], rows: rows)
  }

  private func ringFigure(_ all: Recording) -> Figure {
    let curves = blocks.map { block -> Curve in
      let at: [(name: String, value: ParameterValue)] = [("ring_block", .integer(block))]
      let x = all.observable("informations_of_all", at: at)?.values ?? []
      let y = all.observable("couplings_beyond_nearest_of_all", at: at)?.values ?? []
      return Curve("blocks of \(block)", x: x, y: y.map { max($0, 1e-17) }, style: .points)
    }
    return Figure(
      name: "ring", title: "Range against information, all rules of the ring",
      caption:
        "Each point is a rule: the moduli of its couplings beyond nearest neighbours against what a coarse spin knows of its environment. "
        + "Points at 1e-14 and below are rules without such couplings, to rounding.",
      content: .curves(curves, xLabel: "I(h : E) [nats]", yLabel: "couplings beyond nearest", logX: false, logY: true))
  }

  // MARK: the square lattice

  func value(_ all: Recording, _ coupling: Double, _ rule: String, _ name: String) -> (value: Double, error: Double?)? {
    guard let found = all.observable(name, at: Self.at(coupling, rule)), let value = found.values.first else { return nil }
    return (value, found.errors?.first)
  }
  /// A filter's exact information over that of the best odd map.
  func share(_ all: Recording, _ coupling: Double, of rule: String) -> Double? {
    guard let found = value(all, coupling, rule, "exact_information"),
      let best = value(all, coupling, "best-odd-map", "exact_information")
    else { return nil }
    return Self.share(found.value, best.value)
  }

  private func latticeWords(_ all: Recording) -> String {
    let shares = couplings.compactMap { share(all, $0, of: "block-filter") }
    var words = [
      "The block filter sees 2 x 2 sites, the wide one 4 x 4; both are trained on \(size) x \(size) for the bound ln 2 + <ln q(h | E)>, E the 64 spins "
        + "of two rings one site beyond the 4 x 4 window."
    ]
    if let least = shares.min() {
      words.append(
        "Valued exactly on 6 x 6, with the twelve sites around the block as buffer, the block filter has at least "
          + "\(atLeast(least)) of what the best of all 256 odd maps has, "
          + (shares.count == couplings.count
            ? "at every coupling here." : "where that is more than \(String(format: "%g", Self.least)) nats."))
    }
    let readings = couplings.compactMap { k -> (k: Double, share: Double)? in
      guard let whole = value(all, k, "block-filter", "exact_information"),
        let linear = value(all, k, "block-filter", "exact_linear_reading")
      else { return nil }
      return Self.share(linear.value, whole.value).map { (k, $0) }
    }
    if let least = readings.min(by: { $0.share < $1.share }) {
      words.append(
        "The bound takes E in through a weighted sum of its spins. There the best such sum tells of the block filter's spin at least "
          + "\(atLeast(least.share)) of what E does (at K = \(String(format: "%g", least.k))), exactly.")
    }
    let above = couplings.filter { k in
      guard let wide = value(all, k, "wide-filter", "information_bound"), let block = value(all, k, "block-filter", "information_bound"),
        let wideError = wide.error, let blockError = block.error
      else { return false }
      return wide.value > 0 && wide.value - block.value > 3 * hypot(wideError, blockError)
    }
    if !above.isEmpty {
      words.append(
        "The wide filter's bound is positive and more than three standard errors above the block filter's at "
          + (above.count == couplings.count ? "every coupling" : "\(above.count) of \(couplings.count) couplings")
          + ": it sees twelve spins more, nearer to E. Its window overlaps with its neighbours'; what that does to exponents is in "
          + "compare-coarse-grainings.")
    }
    return words.joined(separator: " ")
  }

  private func latticeTable(_ all: Recording) -> ReportTable {
    let rows = couplings.map { k -> [String] in
      func text(_ rule: String, _ name: String) -> String { value(all, k, rule, name).map { written($0.value, $0.error) } ?? "–" }
      return [
        written(k, nil), text("block", "exact_information"), text("best-odd-map", "exact_information"),
        text("majority", "exact_information"),
        text("one-spin", "exact_information"), text("block-filter", "exact_information"), text("block-filter", "exact_linear_reading"),
        text("majority", "information_bound"),
        text("block-filter", "information_bound"), text("wide-filter", "information_bound"),
      ]
    }
    return ReportTable(
      caption:
        "Nats. Exact on 6 x 6: I(V:E), the best of all odd maps, majority with fair ties, one spin, the block filter and what a sum of "
        + "spins tells of it. Bounds on \(size) x \(size): majority, block filter, wide filter.",
      header: [
        "K", "I(V:E)", "best", "majority", "one spin", "block filter", "by a sum", "majority, bound", "block, bound", "wide, bound",
      ], rows: rows)
  }

  private func latticeFigure(_ all: Recording) -> Figure {
    let sorted = couplings.sorted()
    var curves: [Curve] = []
    for (label, rule, name) in [
      ("I(V:E), exact", "block", "exact_information"), ("block filter, exact", "block-filter", "exact_information"),
      ("one spin, exact", "one-spin", "exact_information"), ("block filter, bound", "block-filter", "information_bound"),
      ("wide filter, bound", "wide-filter", "information_bound"),
    ] {
      let found = sorted.map { value(all, $0, rule, name) }
      curves.append(
        Curve(
          label, x: sorted, y: found.map { $0?.value ?? .nan }, yErrors: name == "information_bound" ? found.map { $0?.error ?? 0 } : nil,
          style: .linePoints))
    }
    return Figure(
      name: "temperature", title: "Information about the surroundings against the coupling",
      caption: "Exact values are of 6 x 6 with a buffer of one site, bounds of \(size) x \(size) with a buffer of two about the block.",
      content: .curves(curves, xLabel: "K", yLabel: "nats", logX: false, logY: false))
  }

  private func filters(_ all: Recording) -> Figure {
    var maps: [Heatmap] = []
    for rule in ["block-filter", "wide-filter", "neural-filter"] {
      for k in couplings {
        guard let weights = all.observable("weights", at: Self.at(k, rule))?.values, weights.count == 16 else { continue }
        maps.append(
          Heatmap(
            title: "\(rule.prefix { $0 != "-" }), \(String(format: "%.3f", k))", rows: 4, columns: 4, values: weights,
            palette: .diverging))
      }
    }
    return Figure(
      name: "filters", title: "The filters", caption: "Weights of the 4 x 4 window; the middle 2 x 2 sites are the block.",
      content: .heatmaps(maps, perRow: min(6, couplings.count)))
  }
}
