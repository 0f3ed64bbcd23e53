import Glibc
public import Runtime
import TensorNetworks

extension EntanglementGeometry {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    Report(
      title: "Entanglement and the geometry of networks", abstract: abstract, rows: results.flatMap(\.partial.rows),
      derived: derived(results),
      sections: [bound(results), growth(results), cutOff(results)], arrays: results.flatMap(\.partial.arrays))
  }

  private var abstract: String {
    "Block entropies of the transverse-field Ising chain \(ring.map { "on a ring of \($0) sites" } ?? "on the infinite line"), exactly by free fermions and by a ternary MERA of "
      + "bond dimension \(bondDimension); and the fewest bonds that separate a block from the rest of a hierarchical network, S <= n_cut ln chi. In a network whose layers go on for "
      + "ever minimal cuts grow as the logarithm of the block, as lengths of geodesics do in a hyperbolic plane; at a finite correlation length the layers end."
  }

  private func entropy(_ results: [(unit: Unit, partial: Recording)], _ field: Double, _ length: Int) -> Double? {
    results.first { $0.unit == .chain(field: field) }?.partial.observable("block_entropy", at: [("block", .integer(length))])?.values[0]
  }
  private func cut(
    _ results: [(unit: Unit, partial: Recording)], _ kind: NetworkGraph.Kind, _ end: Int? = nil, _ length: Int,
    _ name: String = "minimal_cut"
  ) -> Double? {
    results.first { $0.unit == .cuts(kind, endingAfter: end) }?.partial.observable(name, at: [("block", .integer(length))])?.values[0]
  }
  private func spins(_ results: [(unit: Unit, partial: Recording)]) -> [Double] {
    results.first { $0.unit == .mera }?.partial.observable("block_entropies", at: [])?.values ?? []
  }
  /// How good the MERA is, in brackets.
  private func energy(_ results: [(unit: Unit, partial: Recording)]) -> String {
    let error = results.first { $0.unit == .mera }?.partial.observable("energy_error", at: [])?.values[0]
    return error.map { " (its energy per site is \(EntanglementRenormalization.scientific($0)) J above -4/pi)" } ?? ""
  }
  private var chi: Double { log(Double(bondDimension)) }

  private func bound(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let places = lengths.map(Double.init), spins = spins(results)
    let rows = lengths.filter { [1, 2, 3, 4, 6, 7, 8, 9, 16, 27, 32, 64, 81].contains($0) }.map { length -> [String] in
      func shown(_ value: Double?) -> String { value.map { written($0, nil, digits: 4) } ?? "–" }
      let cuts = [
        cut(results, .ternary, nil, length, "least_minimal_cut"), cut(results, .ternary, nil, length),
        cut(results, .ternary, nil, length, "largest_minimal_cut"),
      ]
      return ["\(length)", shown(entropy(results, 1, length)), length <= spins.count ? shown(spins[length - 1]) : "–"] + cuts.map(shown) + [
        shown(cuts[0].map { $0 * chi })
      ]
    }
    let curves = [
      Curve("exact", x: places, y: lengths.map { entropy(results, 1, $0) ?? .nan }, style: .line),
      Curve(
        "MERA, chi = \(bondDimension)", x: spins.indices.map { Double($0 + 1) }.filter { $0 <= Double(longest) }, y: spins, style: .points),
      Curve("bound, mean n_cut ln chi", x: places, y: lengths.map { (cut(results, .ternary, nil, $0) ?? .nan) * chi }, style: .linePoints),
    ]
    return ReportSection(
      "Entropy and cut",
      [
        .figure(
          Figure(
            name: "bound", title: "Entropies under their bound",
            caption:
              "S(l) at the critical field against block length: exactly, of the optimised MERA\(energy(results)), and the bound from minimal cuts of the ternary network, mean over "
              + "positions. The bound would be reached by maximally entangled bonds.",
            content: .curves(curves, xLabel: "block length l (sites)", yLabel: "S (nats)", logX: true, logY: false))),
        .table(
          ReportTable(
            caption: "Entropies at h = J in nats; minimal cuts of the ternary network of \(ternarySites) sites over all positions.",
            header: ["l", "exact", "MERA", "least cut", "mean", "largest", "least cut ln chi"], rows: rows)),
      ])
  }

  private func growth(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let names: [NetworkGraph.Kind: String] = [.binary: "binary MERA", .ternary: "ternary MERA", .tree: "binary tree"]
    let curves = NetworkGraph.Kind.allCases.map { kind in
      Curve(names[kind] ?? "", x: lengths.map(Double.init), y: lengths.map { cut(results, kind, nil, $0) ?? .nan })
    }
    // All lengths of the ternary network by position.
    let partial = results.first { $0.unit == .cuts(.ternary, endingAfter: nil) }?.partial
    let maps = lengths.compactMap { partial?.array("minimal_cut_ternary_block_\($0)")?.values }
    var items: [ReportSection.Item] = [
      .figure(
        Figure(
          name: "cuts", title: "Minimal cuts grow as logarithms",
          caption:
            "Mean minimal cut over all positions against block length. In an endless MERA it grows as 2 log_b l, on a ring up to half of it; a tree has blocks that one bond separates, wherever they fit.",
          content: .curves(curves, xLabel: "block length l (sites)", yLabel: "n_cut (bonds)", logX: true, logY: false)))
    ]
    if !maps.isEmpty {
      // Each length drawn some rows high.
      let high = max(1, ternarySites / (3 * maps.count))
      let map = Heatmap(
        title: "", rows: maps.count * high, columns: ternarySites, values: maps.flatMap { row in (0..<high).flatMap { _ in row } },
        palette: .sequential)
      items.append(
        .figure(
          Figure(
            name: "cut-map", title: "Where cuts are short",
            caption:
              "Minimal cut by the block's first site (across) and length (down, \(lengths.map(String.init).joined(separator: ", "))): the hierarchy of blocks shows.",
            content: .heatmaps([map], perRow: 1))))
    }
    return ReportSection("Cuts through whole networks", items)
  }

  private func cutOff(_ results: [(unit: Unit, partial: Recording)]) -> ReportSection {
    let places = lengths.map(Double.init)
    let entropies = fields.map { field in
      Curve("h = \(written(field, nil, digits: 3))", x: places, y: lengths.map { entropy(results, field, $0) ?? .nan })
    }
    var cuts = [Curve("whole network", x: places, y: lengths.map { cut(results, .ternary, nil, $0) ?? .nan })]
    for end in ends {
      cuts.append(Curve(end == 1 ? "1 layer" : "\(end) layers", x: places, y: lengths.map { cut(results, .ternary, end, $0) ?? .nan }))
    }
    let rows = fields.map { field -> [String] in
      let length = results.first { $0.unit == .chain(field: field) }?.partial.observable("correlation_length", at: [])?.values[0] ?? .nan
      let last = lengths[lengths.count - 1], end = layers(field: field)
      return [
        written(field, nil, digits: 3), length.isFinite ? written(length, nil, digits: 3) : "infinite", end.map(String.init) ?? "all",
        entropy(results, field, last).map { written($0, nil) } ?? "–",
        cut(results, .ternary, end, last).map { written($0, nil, digits: 3) } ?? "–",
      ]
    }
    return ReportSection(
      "The infrared cut-off",
      [
        .figure(
          Figure(
            name: "saturation", title: "Entropies off criticality",
            caption:
              "S(l) against block length at several fields: it stops growing at the correlation length 1/|ln h|. For h < 1 the even ground state keeps a further ln 2.",
            content: .curves(entropies, xLabel: "block length l (sites)", yLabel: "S (nats)", logX: true, logY: false))),
        .figure(
          Figure(
            name: "ended-cuts", title: "Cuts through networks that end",
            caption:
              "Mean minimal cut of ternary networks whose layers end in product states: blocks much longer than 3^layers sites all have the same.",
            content: .curves(cuts, xLabel: "block length l (sites)", yLabel: "n_cut (bonds)", logX: true, logY: false))),
        .table(
          ReportTable(
            caption:
              "Correlation length in sites, layers up to it (log_3, rounded up, at least 1), and entropy and mean cut of blocks of \(lengths[lengths.count - 1]) sites.",
            header: ["h", "xi", "layers", "S", "n_cut"], rows: rows)),
      ])
  }

  private func derived(_ results: [(unit: Unit, partial: Recording)]) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    if let a = entropy(results, 1, 16), let b = entropy(results, 1, 32), ring == nil {
      derived.append(("central_charge", Observable(3 * (b - a) / log(2))))
    }
    if let a = cut(results, .ternary, nil, 9), let b = cut(results, .ternary, nil, 27) {
      derived.append(("cut_per_tripling", Observable(b - a, unit: "bonds")))
    }
    return derived
  }
}
