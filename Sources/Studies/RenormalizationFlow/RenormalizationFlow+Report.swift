import Foundation
import LatticeSystems
import Renormalization
public import Runtime

extension RenormalizationFlow {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let partial = results.first?.partial ?? Recording()
    var moving: [ReportSection.Item] = [.text(migdalWords(partial)), .table(migdalTable(partial))]
    for figure in exponentFigures(partial) + [mapFigure, fieldFigure].compactMap({ $0 }) { moving.append(.figure(figure)) }
    let sections = [
      ReportSection("The ring, exactly", [.text(ringWords), .figure(ringFigure(partial)), .table(ringTable)]),
      ReportSection("Bond moving", moving),
      ReportSection("Potts models", [.text(pottsWords), .table(pottsTable(partial)), .figure(pottsFigure(partial))]),
      ReportSection("Triangles", [.text(triangleWords(partial)), .table(triangleTable(partial))]),
    ]
    return Report(
      title: "Renormalization groups that act on couplings",
      abstract: "Decimation of the Ising ring is exact: its partition function is kept to the last digit, and its only fixed points are "
        + "those of no and of infinite coupling. Bond moving and cumulants give up exactness for a critical fixed point; beside their "
        + "exponents stand the exact ones, or those of large simulations, of the same universality class.",
      rows: partial.rows, derived: derived(partial), sections: sections, arrays: partial.arrays)
  }

  private func derived(_ partial: Recording) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    for order in [1, 2] {
      if let y = triangle(partial, order, "thermal_exponent") {
        derived.append(("triangle_thermal_exponent_order_\(order)", Observable(y)))
      }
    }
    return derived
  }

  // MARK: the ring

  private var ringWords: String {
    "One spin of \(scale) is kept. Without a field tanh K' = tanh^\(scale) K, so that every finite coupling flows to K = 0. "
      + "The constants that a step splits off add up to the free energy: in the table, ln Z per spin from the flow, beside the larger "
      + "eigenvalue of the transfer matrix."
  }

  private func ringFigure(_ partial: Recording) -> Figure {
    var curves: [Curve] = []
    for coupling in couplings {
      for field in fieldsAndNone {
        let at = Self.ring(coupling, field)
        let k = partial.observable("coupling_flow", at: at)?.values ?? [], b = partial.observable("field_flow", at: at)?.values ?? []
        curves.append(Curve("K = \(short(coupling)), B = \(short(field))", x: k.map(tanh), y: b.map(tanh), style: .linePoints))
      }
    }
    return Figure(
      name: "ring", title: "Flows of the ring",
      caption: "tanh B against tanh K, one point for each step. Flows end on the line K = 0, where spins are free in their field.",
      content: .curves(curves, xLabel: "tanh K", yLabel: "tanh B", logX: false, logY: false))
  }

  private var ringTable: ReportTable {
    let ring = RingDecimation(scale: scale), steps = Int((40 / log2(Double(scale))).rounded(.up))
    var rows: [[String]] = []
    for coupling in couplings {
      for field in fieldsAndNone {
        let found = ring.logPartitionPerSite(RingCouplings(coupling: coupling, field: field), steps: steps)
        let exact = (try? IsingRing(sites: 1 << 45, coupling: coupling, field: field))?.logPartitionPerSite
        let gap = exact.map { String(format: "%.0e", abs($0 - found)) } ?? "–"
        rows.append([short(coupling), short(field), String(format: "%.12f", found), exact.map { String(format: "%.12f", $0) } ?? "–", gap])
      }
    }
    return ReportTable(
      caption: "ln Z per spin of the long ring: from the constants of \(steps) steps, from the transfer matrix, their difference.",
      header: ["K", "B", "flow", "transfer matrix", "difference"], rows: rows)
  }

  // MARK: bond moving

  private func value(_ partial: Recording, _ model: String, _ dimension: Double, _ scale: Double, _ name: String) -> Double? {
    partial.observable(name, at: Self.migdal(model, dimension, scale))?.values[0]
  }
  private func short(_ value: Double) -> String { String(format: "%g", value) }
  private func scaleName(_ scale: Double) -> String { scale == 1 ? "b -> 1" : short(scale) }

  private func migdalWords(_ partial: Recording) -> String {
    var words =
      "b^(d-1) bonds are moved onto one, then b in a row are decimated. K* is the unstable fixed point; y = ln lambda / ln b. A larger "
      + "b moves more bonds, and no order of the two halves changes y."
    if dimensions.contains(2), scales.contains(1), let k = value(partial, "ising", 2, 1, "fixed_point") {
      words +=
        " In two dimensions the limit b -> 1 keeps the duality of the square lattice, so that its K* = \(String(format: "%.12f", k)) is "
        + "ln(1 + sqrt 2) / 2 (difference \(String(format: "%.0e", abs(k - IsingModel.criticalCoupling)))); its exponent is not exact."
    }
    return words
  }

  /// What is known of the Ising model: K_c on the hypercubic lattice, y_t, y_h.
  private func known(_ dimension: Double) -> (coupling: Double, thermal: Double, magnetic: Double)? {
    dimension == 2 ? (IsingModel.criticalCoupling, 1, 1.875) : dimension == 3 ? (0.22165463, 1.58737, 2.48185) : nil
  }

  private func migdalTable(_ partial: Recording) -> ReportTable {
    var rows: [[String]] = []
    for dimension in dimensions {
      for scale in scales {
        rows.append(
          [short(dimension), scaleName(scale)]
            + ["fixed_point", "thermal_exponent", "magnetic_exponent"].map {
              value(partial, "ising", dimension, scale, $0).map { written($0, nil, digits: 7) } ?? "–"
            })
      }
      if let exact = known(dimension) {
        rows.append(
          [short(dimension), dimension == 2 ? "exact" : "simulations"]
            + [exact.coupling, exact.thermal, exact.magnetic].map { written($0, nil, digits: 6) })
      }
    }
    return ReportTable(
      caption: "The Ising fixed point by bond moving.", header: ["d", "b", "K*", "y_t", "y_h"], rows: rows)
  }

  private func exponentFigures(_ partial: Recording) -> [Figure] {
    [("thermal_exponent", "y_t"), ("magnetic_exponent", "y_h")].map { name, label in
      var curves: [Curve] = []
      let sorted = scales.sorted()
      for (index, dimension) in dimensions.enumerated() {
        curves.append(
          Curve(
            "d = \(short(dimension))", x: sorted, y: sorted.map { value(partial, "ising", dimension, $0, name) ?? .nan },
            style: .linePoints,
            colour: index))
        if let exact = known(dimension), let first = sorted.first, let last = sorted.last, last > first {
          let y = name == "thermal_exponent" ? exact.thermal : exact.magnetic
          curves.append(
            Curve("Ising, d = \(short(dimension))", x: [first, last], y: [y, y], style: .line, colour: index))
        }
      }
      return Figure(
        name: name.replacingOccurrences(of: "_", with: "-"), title: "\(label) of bond moving against the step",
        caption: "\(label) for each b; b = 1 is the limit. Lines: the Ising universality class.",
        content: .curves(curves, xLabel: "b", yLabel: label, logX: false, logY: false))
    }
  }

  private var mapFigure: Figure {
    let steps = scales.filter { $0 > 1 }.sorted(), dimension = dimensions[0]
    let grid = (1...120).map { Double($0) / 100 }
    var curves = [Curve("K' = K", x: [0, 1.2], y: [0, 1.2], style: .line)]
    for scale in steps.prefix(4) {
      let migdal = MigdalKadanoff(scale: scale, dimension: dimension), kept = grid.map { ($0, migdal.step($0)) }.filter { $0.1 < 1.6 }
      curves.append(Curve("b = \(short(scale))", x: kept.map(\.0), y: kept.map(\.1), style: .line))
    }
    return Figure(
      name: "map", title: "K' against K in d = \(short(dimension))",
      caption: "The critical fixed point is where a curve crosses the diagonal; its slope there is lambda.",
      content: .curves(curves, xLabel: "K", yLabel: "K'", logX: false, logY: false))
  }

  private var fieldFigure: Figure? {
    guard let whole = scales.filter({ $0 > 1 && $0 == $0.rounded() }).min() else { return nil }
    let migdal = MigdalKadanoff(scale: whole, dimension: dimensions[0]), star = migdal.fixedPoint.coupling
    var curves: [Curve] = []
    for start in [0.8, 0.95, 1, 1.05, 1.25] {
      for field in [1e-4, 1e-2] {
        var flow = [(coupling: start * star, field: field)]
        while flow.count < 16, flow[flow.count - 1].coupling < 3 * star, flow[flow.count - 1].field < 1.5 {
          flow.append(migdal.step(coupling: flow[flow.count - 1].coupling, field: flow[flow.count - 1].field))
        }
        let shown = flow.filter { $0.coupling < 3 * star && $0.field < 2 }
        curves.append(
          Curve("K = \(short(start)) K*, H = \(short(field))", x: shown.map(\.coupling), y: shown.map(\.field), style: .linePoints))
      }
    }
    return Figure(
      name: "field", title: "Flows with a field, d = \(short(dimensions[0])), b = \(short(whole))",
      caption: "H at the ends of a bond against K, one point for each step, from \(written(star, nil)) = K* and on both sides of it. "
        + "The field grows near K*, and drives flows away from it.",
      content: .curves(curves, xLabel: "K", yLabel: "H", logX: false, logY: true))
  }

  // MARK: Potts

  /// y_t of the two-dimensional Potts model, known for q <= 4; here for whole q.
  private func exactPottsExponent(_ states: Double) -> Double? {
    guard states >= 1, states == states.rounded() else { return nil }
    return CriticalPoint.potts(colours: Int(states), dimensions: 2)?.nu.map { 1 / $0.value }
  }

  private var pottsWords: String {
    "The same for q states. Bond moving finds a continuous transition at every q, and a y_t that grows with q; in two dimensions the "
      + "exact exponents hold up to q = 4, above which the transition is of first order."
  }

  private func pottsTable(_ partial: Recording) -> ReportTable {
    var rows: [[String]] = []
    for q in states {
      for dimension in dimensions {
        for scale in scales {
          let model = Self.potts(q)
          rows.append(
            [short(q), short(dimension), scaleName(scale)]
              + ["fixed_point", "thermal_exponent"].map {
                value(partial, model, dimension, scale, $0).map { written($0, nil, digits: 7) } ?? "–"
              } + [dimension == 2 ? exactPottsExponent(q).map { written($0, nil, digits: 6) } ?? (q > 4 ? "first order" : "–") : "–"])
        }
      }
    }
    return ReportTable(
      caption: "Fixed points of Potts models by bond moving; weight exp(K delta), so that K is twice the Ising coupling at q = 2.",
      header: ["q", "d", "b", "K*", "y_t", "y_t exact, d = 2"], rows: rows)
  }

  private func pottsFigure(_ partial: Recording) -> Figure {
    let sorted = states.sorted()
    var curves: [Curve] = []
    for scale in scales.sorted().prefix(4) {
      curves.append(
        Curve(
          scaleName(scale).hasPrefix("b") ? scaleName(scale) : "b = \(scaleName(scale))", x: sorted,
          y: sorted.map { value(partial, Self.potts($0), dimensions[0], scale, "thermal_exponent") ?? .nan }, style: .linePoints))
    }
    let exact = sorted.filter { exactPottsExponent($0) != nil }
    if dimensions[0] == 2, !exact.isEmpty {
      curves.append(Curve("exact", x: exact, y: exact.map { exactPottsExponent($0) ?? .nan }, style: .points))
    }
    return Figure(
      name: "potts", title: "y_t of Potts models in d = \(short(dimensions[0]))", caption: "By bond moving with several b.",
      content: .curves(curves, xLabel: "q", yLabel: "y_t", logX: false, logY: false))
  }

  // MARK: triangles

  private func triangle(_ partial: Recording, _ order: Int, _ name: String) -> Double? {
    let at: [(name: String, value: ParameterValue)] = [("scheme", .text("triangular-cumulants")), ("order", .integer(order))]
    return partial.observable(name, at: at)?.values[0]
  }

  private func triangleWords(_ partial: Recording) -> String {
    let exact = log(3.0) / 4
    let gaps = [1, 2].compactMap { order in triangle(partial, order, "critical_coupling").map { abs($0 - exact) / exact } }
    var words =
      "Three spins of a triangle become their majority; bonds between triangles are expanded in cumulants. The second cumulant makes "
      + "couplings of second and third neighbours."
    if gaps.count == 2 {
      words +=
        " The critical coupling of the nearest-neighbour model is off by \(written(100 * gaps[0], nil, digits: 2)) % in first and by "
        + "\(written(100 * gaps[1], nil, digits: 2)) % in second order."
    }
    return words
  }

  private func triangleTable(_ partial: Recording) -> ReportTable {
    var rows = [1, 2].map { order in
      [order == 1 ? "first cumulant" : "second cumulant"]
        + ["fixed_point", "critical_coupling", "thermal_exponent", "magnetic_exponent"].map {
          triangle(partial, order, $0).map { written($0, nil, digits: 7) } ?? "–"
        }
    }
    rows.append(["exact", "–", written(log(3.0) / 4, nil, digits: 7), "1", "1.875"])
    return ReportTable(
      caption:
        "The triangular lattice: nearest-neighbour coupling of the fixed point, critical coupling of the nearest-neighbour model, exponents.",
      header: ["", "K*", "K_c", "y_t", "y_h"], rows: rows)
  }
}
