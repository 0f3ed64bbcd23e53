import Renormalization
import Runtime

extension LatticeInformation {
  private func value(_ all: Recording, _ name: String, _ at: [(name: String, value: ParameterValue)]) -> (value: Double, error: Double?)? {
    all.observable(name, at: at).map { ($0.values[0], $0.errors?[0]) }
  }

  /// Coarse spins beside the bottleneck at one coupling.
  func environment(_ all: Recording, _ coupling: Double) -> ReportSection {
    let shownCoupling = "K = \(written(coupling, nil))"
    let base: [(name: String, value: ParameterValue)] = [("source", .text("exact-environment")), ("coupling", .real(coupling))]
    let whole = value(all, "block_environment_information", base)?.value ?? .nan, best = value(all, "best_odd_map", base)?.value ?? .nan
    var rows: [[String]] = Self.rules.map { name, _ in
      let here = base + [("rule", .text(name))], kept = value(all, "environment_information", here)?.value ?? .nan
      return [
        name, written(kept, nil, digits: 6), written(100 * kept / whole, nil, digits: 4), written(kept - best, nil, digits: 3),
        written(value(all, "across_information", here)?.value ?? .nan, nil, digits: 6),
        written(value(all, "own_block_information", here)?.value ?? .nan, nil, digits: 6),
      ]
    }
    rows.append(["best of all odd maps", written(best, nil, digits: 6), written(100 * best / whole, nil, digits: 4), "0", "–", "–"])
    rows.append([
      "the whole block", written(whole, nil, digits: 6), "100", "–",
      written(value(all, "block_across_information", base)?.value ?? .nan, nil, digits: 6),
      written(value(all, "block_entropy", base)?.value ?? .nan, nil, digits: 6),
    ])
    var items: [ReportSection.Item] = [
      .table(
        ReportTable(
          caption:
            "Exact, 6 x 6 torus: E are the 20 spins beyond the ring of 12 around V, which are summed out; E across the eight of them straight across.",
          header: ["coarse spin", "I(h;E) [nats]", "of I(V;E) (%)", "less the best", "I(h;E across)", "I(h;V)"], rows: rows))
    ]
    items.append(.figure(plane(all, coupling, "exact", "6 x 6 torus, exact", levels: [(base, "bottleneck_exact_\(label(coupling))", "")])))
    var table: [[String]] = []
    for size in sizes {
      let levels = levels(size).indices.map { level in
        (
          at: [("source", .text("sampled")), ("size", .integer(size)), ("coupling", .real(coupling)), ("level", .integer(level + 1))]
            as [(name: String, value: ParameterValue)],
          array: "bottleneck_l\(size)_\(label(coupling))_level\(level + 1)", words: "level \(level + 1), "
        )
      }
      items.append(
        .figure(plane(all, coupling, "l\(size)", "L = \(size)", levels: levels.map { ($0.at, $0.array, $0.words) })))
      for (level, here) in levels.enumerated() {
        for name in names(size, level) {
          let there = here.at + [("rule", .text(name))]
          guard let own = value(all, "own_block_information", there), let far = value(all, "across_information", there),
            let plainOwn = value(all, "own_block_plug_in", there)?.value, let plainFar = value(all, "across_plug_in", there)?.value
          else { continue }
          let errors = all.array(here.array.replacing("bottleneck_", with: "bottleneck_errors_"))?.values ?? []
          let best = bestAt(plainOwn, all.array(here.array)?.values ?? [], errors)
          table.append([
            "\(size)", "\(level + 1)", name, written(own.value, own.error), written(far.value, far.error), written(plainFar, nil),
            best.map { written($0.value, $0.error) } ?? "–",
            best.map { $0.value > 0 ? written(100 * plainFar / $0.value, nil, digits: 3) : "–" } ?? "–",
          ])
        }
      }
    }
    if !table.isEmpty {
      let hasStack = table.contains { $0[2] == "stack" }
      let aside =
        hasStack
        ? " A unit of a stack is no function of the block: its weights reach as far as its receptive field does, into E too, so what it keeps of V "
          + "does not limit what it knows of E, and more than 100 % is no contradiction."
        : ""
      items.append(
        .table(
          ReportTable(
            caption:
              "Sampled: a coarse spin of level n stands on the block spins (by majority) of level n - 1, the lattice itself at first. Beside it what the "
              + "bottleneck keeps of E with as many nats of V, between the points that were solved, with the jackknife's error. The bottleneck knows the law "
              + "as it was counted alone; so the last three columns are of the counts as they are, and those before are corrected for bias."
              + aside,
            header: ["L", "level", "coarse spin", "I(h;V) [nats]", "I(h;E across)", "as counted", "bottleneck", "of it (%)"], rows: table)))
    }
    return ReportSection("Compression and coarse graining, \(shownCoupling)", items)
  }

  private func names(_ size: Int, _ level: Int) -> [String] { Self.rules.map(\.name) + (level < stackLayers(size) ? ["stack"] : []) }

  /// The bottleneck's I(T;E) at an I(T;V), between its points; nil beyond them.
  /// Its error is the larger of the two points'.
  private func bestAt(_ own: Double, _ values: [Double], _ errors: [Double]) -> (value: Double, error: Double)? {
    guard values.count >= 2 * points, errors.count == points else { return nil }
    let order = (0..<points).sorted { values[2 * $0] < values[2 * $1] }
    for (first, second) in zip(order, order.dropFirst()) {
      let a = values[2 * first], b = values[2 * second], low = values[2 * first + 1], high = values[2 * second + 1]
      guard a <= own, own <= b else { continue }
      return (b > a ? low + (high - low) * (own - a) / (b - a) : high, max(errors[first], errors[second]))
    }
    return nil
  }

  private func plane(
    _ all: Recording, _ coupling: Double, _ key: String, _ title: String,
    levels: [(at: [(name: String, value: ParameterValue)], array: String, words: String)]
  ) -> Figure {
    var curves: [Curve] = []
    for (place, level) in levels.enumerated() {
      guard let values = all.array(level.array)?.values, values.count == 4 * points else { continue }
      for (symbols, first) in [("", 0), (", T of two symbols", 2 * points)] {
        let order = (0..<points).sorted { values[first + 2 * $0] < values[first + 2 * $1] }
        let x = order.map { values[first + 2 * $0] }, y = order.map { values[first + 2 * $0 + 1] }
        curves.append(
          Curve(
            "\(level.words)bottleneck\(symbols)", x: x, y: y, style: .line,
            colour: 2 * place + (first == 0 ? 0 : 1)))
      }
      for name in Self.rules.map(\.name) + ["stack"] {
        let here = level.at + [("rule", .text(name))]
        guard let own = value(all, "own_block_information", here), let far = value(all, "across_information", here) else { continue }
        curves.append(Curve(level.words + name, x: [own.value], y: [far.value], yErrors: far.error.map { [$0] }, style: .points))
      }
    }
    return Figure(
      name: "plane-\(key)-\(label(coupling))", title: "\(title), K = \(written(coupling, nil)): what is kept of the environment",
      caption:
        "Points: coarse spins, by what they keep of their own block and of the eight spins across. Lines: the most that the bottleneck found for "
        + "any representation T of the block, and for one of two symbols.",
      content: .curves(curves, xLabel: "I(T;V) [nats]", yLabel: "I(T;E) [nats]", logX: false, logY: false))
  }
}
