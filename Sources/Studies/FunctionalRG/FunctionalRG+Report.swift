import FieldTheory
import Glibc
public import Runtime

extension FunctionalRG {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for (_, partial) in results { all.merge(partial) }
    let hasFlow = results.contains { $0.unit == .flow }
    var sections = [verdict(all), exponents(all), potentials(all), truncations(all)]
    if hasFlow { sections.append(flow(all)) }
    return Report(
      title: "The functional renormalization group of O(N) models", abstract: abstract(all), rows: all.rows, derived: derived(all),
      sections: sections,
      arrays: all.arrays)
  }

  private func abstract(_ all: Recording) -> String {
    let places = points(all), both = places.filter { isKnown(all, $0, "nu") && isKnown(all, $0, "nu_by_truncation") }.count
    return
      "Wilson-Fisher fixed points of the O(N) model, N = \(components.map(String.init).joined(separator: ", ")), in d = \(dimensions.last ?? 3) to "
      + "\(dimensions.first ?? 3) dimensions, by the functional renormalization group in the local potential approximation. Each "
      + "is sought twice: as a potential on \(points) Chebyshev points followed down from four dimensions, and as an expansion about "
      + "its minimum to order \(order), of which the order counts that has settled best. Both routes reach \(both) of \(places.count). "
      + "Errors of collocation are the change from eight points fewer, of truncation the change over two orders: they are errors "
      + "of the numerics. That of the approximation itself, which has no anomalous dimension, shows in the distance from Monte Carlo."
  }

  /// One fixed point of the run.
  private typealias Point = (regulator: Regulator, n: Int, d: Double)
  /// Those whose unit is there.
  private func points(_ all: Recording) -> [Point] {
    regulators.flatMap { regulator in components.flatMap { n in dimensions.map { (regulator, n, $0) } } }
      .filter { value(all, $0.regulator, $0.n, $0.d, "nu") != nil }
  }
  private func isKnown(_ all: Recording, _ point: Point, _ name: String) -> Bool {
    value(all, point.regulator, point.n, point.d, name)?.values[0].isFinite == true
  }
  /// "N = 1: d = 2.6, 2.5; N = 2: ...".
  private func named(_ points: [Point]) -> String {
    components.compactMap { n in
      let own = points.filter { $0.n == n }.map { "\($0.d)" }
      return own.isEmpty ? nil : "N = \(n): d = \(own.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  private func value(_ recording: Recording, _ regulator: Regulator, _ n: Int, _ d: Double, _ name: String) -> Observable? {
    recording.observable(name, at: Self.place(regulator, n, d))
  }
  private func number(
    _ recording: Recording, _ regulator: Regulator, _ n: Int, _ d: Double, _ name: String, digits: Int = 7
  ) -> String {
    guard let found = value(recording, regulator, n, d, name)?.values[0], found.isFinite else { return "–" }
    return written(found, nil, digits: digits)
  }

  /// Exponents of d = 3 by Monte Carlo: nu, omega. Sources: M. Hasenbusch, Phys. Rev. B 82, 174433 (2010); 100, 224517 (2019); 102,
  /// 024406 (2020); J. Phys. A 34, 8221 (2001).
  private static let monteCarlo: [Int: (nu: String, omega: String)] = [
    1: ("0.63002(10)", "0.832(6)"), 2: ("0.67169(7)", "0.789(4)"), 3: ("0.71164(10)", "0.759(2)"), 4: ("0.749(2)", "–"),
  ]

  /// The largest difference of the two routes over all N with both, in the drawn dimension; at which N, and what the
  /// truncation's own error is there.
  private func difference(_ recording: Recording, _ regulator: Regulator, _ name: String) -> (value: Double, n: Int, error: Double)? {
    components.compactMap { n -> (value: Double, n: Int, error: Double)? in
      guard let a = value(recording, regulator, n, drawnDimension, name)?.values[0],
        let b = value(recording, regulator, n, drawnDimension, name + "_by_truncation"), (a - b.values[0]).isFinite
      else { return nil }
      return (abs(a - b.values[0]), n, b.errors?[0] ?? .nan)
    }.max { $0.value < $1.value }
  }

  private func verdict(_ recording: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    for regulator in regulators {
      let name = regulator == .litim ? "optimized" : "sharp"
      if let nu = difference(recording, regulator, "nu"), let omega = difference(recording, regulator, "omega") {
        func words(_ what: String, _ found: (value: Double, n: Int, error: Double)) -> String {
          "\(scientific(found.value)) in \(what) (N = \(found.n), where the truncation still changes by \(scientific(found.error)) over its last orders)"
        }
        items.append(
          .text(
            "Both routes, \(name) cutoff, d = \(drawnDimension): collocation and truncation differ by at most \(words("nu", nu)) and \(words("omega", omega))."
          ))
      }
      let own = points(recording).filter { $0.regulator == regulator }, missing = own.filter { !isKnown(recording, $0, "nu") }
      if !missing.isEmpty {
        items.append(.text("Collocation did not converge with the \(name) cutoff for \(named(missing)). results.json gives the reasons."))
      }
      let single = own.filter { isKnown(recording, $0, "nu") && !isKnown(recording, $0, "nu_by_truncation") }
      if !single.isEmpty {
        items.append(
          .text(
            "By collocation alone, \(name) cutoff: \(named(single)). Fewer than three orders of the expansion about the minimum have a fixed point there with one relevant direction and a leading correction that does not oscillate."
          ))
      }
    }
    items += [table(recording, "nu"), table(recording, "omega")]
    return ReportSection("What was found", items)
  }

  /// One exponent by every method, in the drawn dimension.
  private func table(_ recording: Recording, _ name: String) -> ReportSection.Item {
    let d = drawnDimension
    let rows = components.flatMap { n in
      regulators.map { regulator in
        let known = Self.monteCarlo[n].map { name == "nu" ? $0.nu : $0.omega }
        return ["\(n)", regulator == .litim ? "optimized" : "sharp"]
          + [name, name + "_by_truncation"].map { number(recording, regulator, n, d, $0, digits: 9) }
          + [
            value(recording, regulator, n, d, "order_of_truncation").map { "\(Int($0.values[0]))" } ?? "–",
            number(recording, regulator, n, d, name + "_by_epsilon", digits: 5),
          ]
          + [d == 3 ? known ?? "–" : "–"]
      }
    }
    return .table(
      ReportTable(
        caption:
          "\(name) in d = \(d): the local potential approximation by collocation and by truncation, the order at which the truncation has settled best, the epsilon expansion to second order, and "
          + "Monte Carlo of lattice models (Hasenbusch 2001 to 2020, errors of the last digits in brackets).",
        header: ["N", "cutoff", "collocation", "truncation", "order", "epsilon^2", "Monte Carlo"], rows: rows))
  }

  private func curve(_ recording: Recording, _ regulator: Regulator, _ n: Int, _ name: String, _ label: String, _ style: Curve.Style)
    -> Curve?
  {
    let kept = dimensions.filter { value(recording, regulator, n, $0, name)?.values[0].isFinite == true }
    if kept.isEmpty { return nil }
    return Curve(label, x: kept, y: kept.map { value(recording, regulator, n, $0, name)!.values[0] }, style: style)
  }

  private func exponents(_ recording: Recording) -> ReportSection {
    let regulator = regulators[0], name = regulator == .litim ? "optimized" : "sharp"
    let nu = components.compactMap { curve(recording, regulator, $0, "nu", "N = \($0)", .points) }
    // Dense lines, which end where the second order means nothing any more.
    let epsilon = components.compactMap { n -> Curve? in
      guard let series = try? EpsilonExpansion(components: n) else { return nil }
      let x = (0...50).map { 4 - 0.02 * Double($0) }.filter { $0 >= (dimensions.last ?? 3) }
      let coefficients = PowerSeries(series.nu.coefficients.map(\.approximation))
      return Curve(n == components.last ? "epsilon^2" : "", x: x, y: x.map { coefficients(4 - $0) }, style: .line)
    }
    let first = components[0]
    let omegas =
      components.compactMap { curve(recording, regulator, $0, "omega", "N = \($0)", .linePoints) }
      + [curve(recording, regulator, first, "omega_by_epsilon", "N = \(first), epsilon^2", .line)].compactMap { $0 }
    let cutoffs = regulators.compactMap {
      curve(recording, $0, first, "nu", $0 == .litim ? "optimized cutoff" : "sharp cutoff", .linePoints)
    }
    var items: [ReportSection.Item] = [
      .figure(
        Figure(
          name: "nu", title: "nu from four dimensions downwards",
          caption:
            "Points: the local potential approximation (\(name) cutoff, collocation). Lines: the epsilon expansion to second order, to epsilon = 1. They meet at d = 4 with one "
            + "slope, (N+2)/(4(N+8)); the mean-field value is 1/2.",
          content: .curves(nu + epsilon, xLabel: "dimension d", yLabel: "nu", logX: false, logY: false))),
      .figure(
        Figure(
          name: "omega", title: "omega from four dimensions downwards",
          caption:
            "The exponent of the leading correction to scaling: it begins as 4 - d for every N. The second order of the epsilon expansion is drawn for N = \(first).",
          content: .curves(omegas, xLabel: "dimension d", yLabel: "omega", logX: false, logY: false))),
    ]
    if cutoffs.count > 1 {
      items.append(
        .figure(
          Figure(
            name: "cutoffs", title: "What the cutoff changes",
            caption:
              "nu of N = \(first) with the optimized and the sharp cutoff. Exact exponents do not depend on it: the distance of the curves is one of the approximation.",
            content: .curves(cutoffs, xLabel: "dimension d", yLabel: "nu", logX: false, logY: false))))
    }
    return ReportSection("Exponents", items)
  }

  private func arrays(_ recording: Recording, _ regulator: Regulator, _ n: Int, _ names: [String]) -> [ResultArray]? {
    let label = Self.label(regulator, n).replacing("-", with: "_"), found = names.compactMap { recording.array("\($0)_\(label)") }
    return found.count == names.count ? found : nil
  }

  private func potentials(_ recording: Recording) -> ReportSection {
    let curves = components.compactMap { n in
      arrays(recording, regulators[0], n, ["place", "potential"]).map { found in
        Curve("N = \(n)", x: found[0].values, y: found[1].values.map { $0 / max(found[1].values[0], 1e-300) }, style: .line)
      }
    }
    return ReportSection(
      "Potentials",
      [
        .figure(
          Figure(
            name: "potentials", title: "Potentials at the fixed point, d = \(drawnDimension)",
            caption:
              "u*(rho) - u*(kappa) over rho / kappa, each in units of its height at the origin. Beyond the minimum they grow like rho^(d/(d-2)).",
            content: .curves(curves, xLabel: "rho / kappa", yLabel: "(u* - u*(kappa)) / (u*(0) - u*(kappa))", logX: false, logY: false)))
      ])
  }

  private func truncations(_ recording: Recording) -> ReportSection {
    var curves: [Curve] = []
    for regulator in regulators {
      for n in components {
        guard let found = arrays(recording, regulator, n, ["order", "nu_by_order"]),
          let exact = value(recording, regulator, n, drawnDimension, "nu")?.values[0]
        else { continue }
        // Even orders alone: odd ones have no potential that is bounded below.
        let (orders, nu) = (found[0].values, found[1].values)
        let kept = orders.indices.filter { Int(orders[$0]) % 2 == 0 && abs(nu[$0] - exact) > 1e-14 }
        guard !kept.isEmpty else { continue }
        curves.append(
          Curve(
            "N = \(n), \(regulator == .litim ? "optimized" : "sharp")", x: kept.map { orders[$0] },
            y: kept.map { abs(nu[$0] - exact) }, style: .linePoints))
      }
    }
    return ReportSection(
      "Truncations",
      [
        .figure(
          Figure(
            name: "truncations", title: "How truncations converge, d = \(drawnDimension)",
            caption:
              "Distance of nu at even orders of the expansion about the minimum from nu by collocation. A straight line is geometric convergence; rounding of either route ends it.",
            content: .curves(curves, xLabel: "order of the truncation", yLabel: "|nu - nu of collocation|", logX: false, logY: true)))
      ])
  }

  private func flow(_ recording: Recording) -> ReportSection {
    guard let time = recording.array("flow_time")?.values, let minima = recording.array("flow_minimum")?.values,
      let places = recording.array("flow_place")?.values, let profiles = recording.array("flow_slope")?.values, !time.isEmpty
    else { return ReportSection("The flow of a potential", [.text("The flow gave nothing to draw.")]) }
    let count = time.count
    let at = Self.place(flowing: flowing)
    func found(_ name: String) -> Observable? { recording.observable(name, at: at) }
    func words(_ symbol: String, _ name: String, _ from: String) -> String {
      guard let flow = found(name + "_by_flow"), let exact = found(name)?.values[0] else { return "" }
      guard flow.values[0].isFinite, let error = flow.errors?[0] else {
        return "It shows no \(symbol) (\(flow.reason ?? "")); the eigenvalue at the fixed point gives \(written(exact, nil, digits: 6)). "
      }
      let apart = abs(flow.values[0] - exact) / error
      return
        "From \(from), \(symbol) = \(written(flow.values[0], error)); the eigenvalue at the fixed point gives \(written(exact, nil, digits: 6))"
        + (apart > 2 ? ", \(written(apart, nil, digits: 2)) errors away. " : ". ")
    }
    let trajectories = Figure(
      name: "flow", title: "Two potentials on either side of criticality",
      caption:
        "The minimum kappa of the dimensionless potential against ln(Lambda/k): both begin with the quartic potential of coupling \(coupling), their bare minima \(bisections) bisections apart around "
        + "the critical one. Together they near the fixed point, and leave it one to the symmetric and one to the broken phase.",
      content: .curves(
        [
          Curve("symmetric side", x: time, y: Array(minima[..<count]), style: .line),
          Curve("broken side", x: time, y: Array(minima[count...]), style: .line),
        ], xLabel: "ln(Lambda / k)", yLabel: "kappa", logX: false, logY: false))
    let shown = [0.0, 0.5, 1, 2, 4, 0.95 * time[count - 1]].map { wanted in
      time.indices.min { abs(time[$0] - wanted) < abs(time[$1] - wanted) } ?? 0
    }
    let slopes = Figure(
      name: "flow-slopes", title: "The slope of the potential along the flow",
      caption:
        "u'(rho) of the potential on the broken side at several scales: from the bare straight line to the fixed point's curve, and away from it at the end.",
      content: .curves(
        Set(shown).sorted().map { index in
          Curve(
            "ln(Lambda/k) = \(written(time[index], nil, digits: 2))", x: places,
            y: Array(profiles[index * places.count..<(index + 1) * places.count]),
            style: .line)
        }, xLabel: "rho", yLabel: "u'", logX: false, logY: false))
    return ReportSection(
      "The flow of a potential",
      [
        .text(
          "N = \(flowing.components), d = \(flowing.dimension), \(flowing.regulator == .litim ? "optimized" : "sharp") cutoff. The flow measures exponents itself. "
            + words("nu", "nu", "the growth of the distance of the two flows")
            + words("omega", "omega", "the decay of their common distance from the fixed point")
            + "Errors are what the rate still changes from one window to the next, and of the step."), .figure(trajectories),
        .figure(slopes),
      ])
  }

  private func derived(_ recording: Recording) -> [(name: String, observable: Observable)] {
    regulators.flatMap { regulator in
      ["nu", "omega"].compactMap { name in
        difference(recording, regulator, name).map { difference in
          let prefix = regulator.rawValue.replacing("-", with: "_")
          return (name: "\(prefix)_\(name)_difference_of_routes", observable: Observable(difference.value))
        }
      }
    }
  }

  /// "3e-10".
  private func scientific(_ value: Double) -> String {
    guard value > 0 else { return "0" }
    let exponent = Int(log10(value).rounded(.down)), mantissa = value / pow(10, Double(exponent))
    return "\(Int(mantissa.rounded()))e\(exponent)"
  }
}
