import Glibc
import LatticeSystems
import Runtime
import Statistics

/// What the report says of one family of sizes and couplings: curves, crossings, joint fits, collapse.
struct ScalingReport {
  private(set) var sections: [ReportSection] = []
  private(set) var derived: [(name: String, observable: Observable)] = []
  private let family: FiniteSizeScaling
  /// What keeps names of figures and of derived values apart where there are several families.
  private let suffix: String, tag: String

  /// The report of `family`, which is one of several or the only one.
  init(_ family: FiniteSizeScaling, isOnly: Bool) {
    self.family = family
    suffix = isOnly ? "" : "-\(family.slug)"
    tag = isOnly ? "" : "_" + String(family.slug.map { $0.isLetter || $0.isNumber ? $0 : "_" })
    // No power law to fit: a Kosterlitz-Thouless transition (there the helicity modulus speaks), one dimension, a field, and
    // the first-order transitions of Potts models with more than four colours.
    let study = family.study, isPlane = study.extents.count == 2, isKosterlitzThouless = study.model == .xy && isPlane
    let isPowerLaw =
      !isKosterlitzThouless && study.extents.count > 1 && study.field == 0 && !(study.model == .potts && isPlane && study.colours > 4)
    if family.isScalable && isPowerLaw {
      let others = ScalingQuantity.allCases.filter { $0 != family.study.quantity }
      for quantity in [family.study.quantity] + others { scale(quantity) }
    }
    if isKosterlitzThouless { helicity() }
    sections.append(ReportSection("Observables (\(family.label))", curves()))
  }

  private var letter: String { family.study.model == .phi4 ? "kappa" : "K" }

  // MARK: Scaling

  private mutating func scale(_ quantity: ScalingQuantity) {
    let crossings = family.crossings(quantity), fits = family.fits(quantity)
    var items: [ReportSection.Item] = []
    if let best = fits.first { items += verdict(quantity, best) }
    if !fits.isEmpty { items.append(.table(table(of: fits))) }
    if !crossings.isEmpty { items.append(.table(table(of: crossings, quantity))) }
    items.append(.figure(crossingFigure(quantity)))
    if let best = fits.first, let collapse = family.collapse(quantity, from: best.fit) { items += collapsed(quantity, collapse) }
    for point in crossings {
      derived.append(
        (
          "crossing_\(quantity.rawValue)_\(point.small)_\(point.large)\(tag)",
          Observable(point.coupling.value, error: point.coupling.error)
        ))
    }
    sections.append(ReportSection("Finite-size scaling of \(words(quantity)) (\(family.label))", items))
  }

  private func words(_ quantity: ScalingQuantity) -> String {
    switch quantity {
    case .binder: "the Binder cumulant"
    case .correlationLength: "the correlation length over L"
    }
  }

  private mutating func verdict(_ quantity: ScalingQuantity, _ best: FiniteSizeScaling.JointFit) -> [ReportSection.Item] {
    let fit = best.fit, known = family.study.criticalPoint
    let tail = quantity == family.study.quantity ? tag : "_\(quantity.rawValue)\(tag)"
    let poor =
      fit.fit.pValue < 1e-3
      ? "chi^2 per degree of freedom \(written(fit.fit.reducedChiSquared, nil, digits: 3)): corrections to scaling or too wide a range"
      : nil
    derived.append(("critical_coupling\(tail)", Observable(fit.critical.value, error: fit.critical.error, reason: poor)))
    derived.append(("nu\(tail)", Observable(fit.nu.value, error: fit.nu.error, reason: poor)))
    derived.append(("critical_value\(tail)", Observable(fit.criticalValue.value, error: fit.criticalValue.error, reason: poor)))
    derived.append(("chi_squared_per_degree\(tail)", Observable(fit.fit.reducedChiSquared)))
    var text =
      "Joint fit from L = \(best.leastSize) on: \(letter)_c = \(written(fit.critical.value, fit.critical.error)), nu = \(written(fit.nu.value, fit.nu.error)), "
      + "value at the transition \(written(fit.criticalValue.value, fit.criticalValue.error)), chi^2 per degree of freedom "
      + "\(written(fit.fit.reducedChiSquared, nil, digits: 3)) (p = \(written(fit.fit.pValue, nil, digits: 2)))."
    if let known {
      let away = (fit.critical.value - known.coupling.value) / hypot(fit.critical.error, known.coupling.error)
      text +=
        " Known: \(letter)_c = \(written(known.coupling.value, known.coupling.error, digits: 8)) (\(written(away, nil, digits: 2)) standard errors away)"
      derived.append(("critical_coupling_deviation\(tail)", Observable(away, unit: "standard errors")))
      if let nu = known.nu {
        let off = (fit.nu.value - nu.value) / hypot(fit.nu.error, nu.error)
        text += ", nu = \(written(nu.value, nu.error, digits: 6)) (\(written(off, nil, digits: 2)) away)"
        derived.append(("nu_deviation\(tail)", Observable(off, unit: "standard errors")))
      }
      text += "; \(known.source)."
    }
    if let far = derived.last(where: { $0.name.hasSuffix("deviation\(tail)") && abs($0.observable.values[0]) > 3 }) {
      text += " \(far.name) is beyond 3 standard errors: the errors leave out corrections to scaling that this fit has no term for."
    }
    if let poor { text += " The fit is poor: \(poor)." }
    return [.text(text)]
  }

  /// The correction term of the joint fits: " + b L^-1.75", or with a polynomial in t.
  private var correctionWords: String {
    let study = family.study
    if study.correctionExponent <= 0 { return "" }
    let power = "L^-\(study.correctionExponent)"
    return study.correctionDegree == 0 ? " + b \(power)" : " + \(power) sum_(j <= \(study.correctionDegree)) b_j t^j"
  }
  private func table(of fits: [FiniteSizeScaling.JointFit]) -> ReportTable {
    ReportTable(
      caption:
        "Joint fits y = sum_j a_j t^j\(correctionWords), t = (\(letter) - \(letter)_c) (L / L_0)^(1/nu), over all sizes from L_min on: what changes with L_min is corrections to scaling.",
      header: ["L_min", "\(letter)_c", "nu", "value", "chi^2 / dof", "dof", "p"],
      rows: fits.sorted { $0.leastSize < $1.leastSize }.map { one in
        let fit = one.fit
        return [
          "\(one.leastSize)", written(fit.critical.value, fit.critical.error), written(fit.nu.value, fit.nu.error),
          written(fit.criticalValue.value, fit.criticalValue.error), written(fit.fit.reducedChiSquared, nil, digits: 3),
          "\(fit.fit.degreesOfFreedom)", written(fit.fit.pValue, nil, digits: 2),
        ]
      })
  }
  private func table(of points: [FiniteSizeScaling.CrossingPoint], _ quantity: ScalingQuantity) -> ReportTable {
    ReportTable(
      caption: "Where neighbouring sizes cross, by multi-histogram reweighting, jackknife errors over the blocks of both.",
      header: ["sizes", letter, quantity.rawValue],
      rows: points.map {
        ["\($0.small), \($0.large)", written($0.coupling.value, $0.coupling.error), written($0.value.value, $0.value.error)]
      })
  }

  // MARK: Figures

  /// A quantity of all sizes: sampled points, and the reweighted curve where the samples reach.
  private func curves(of name: String) -> [Curve] {
    family.sizes.enumerated().flatMap { place, size -> [Curve] in
      let points = size.points(name)
      var curves = [
        Curve("L = \(size.size)", x: size.couplings, y: points.map(\.value), yErrors: points.map(\.error), style: .points, colour: place)
      ]
      if size.combined != nil, let low = size.couplings.first, let high = size.couplings.last {
        let grid = (0...60).map { low + (high - low) * Double($0) / 60 }
        let reached = grid.map { ($0, size.value(name, at: $0)) }.filter { $0.1.isFinite }
        if reached.count > 1 { curves.append(Curve("", x: reached.map(\.0), y: reached.map(\.1), style: .line, colour: place)) }
      }
      return curves
    }
  }
  private func crossingFigure(_ quantity: ScalingQuantity) -> Figure {
    Figure(
      name: "\(quantity.rawValue.replacing("_", with: "-"))-crossing\(suffix)", title: "Crossing of \(words(quantity))",
      caption:
        "Points are sampled, lines are multi-histogram reweighting of each size's points. Curves of large sizes cross at the transition.",
      content: .curves(
        curves(of: quantity.rawValue), xLabel: letter, yLabel: quantity == .binder ? "U" : "xi / L", logX: false, logY: false))
  }
  private mutating func collapsed(_ quantity: ScalingQuantity, _ collapse: DataCollapse) -> [ReportSection.Item] {
    let p = collapse.parameters
    let tail = quantity == family.study.quantity ? tag : "_\(quantity.rawValue)\(tag)"
    derived.append(("collapse_quality\(tail)", Observable(collapse.quality)))
    let curves = family.scalingCurves(quantity).map { curve in
      Curve(
        "L = \(Int(curve.size))", x: curve.x.map { ($0 - p.critical) * pow(curve.size, p.a) }, y: curve.y, yErrors: curve.errors,
        style: .points)
    }
    return [
      .figure(
        Figure(
          name: "\(quantity.rawValue.replacing("_", with: "-"))-collapse\(suffix)", title: "Data collapse of \(words(quantity))",
          caption:
            "All points against (\(letter) - \(letter)_c) L^(1/nu) with \(letter)_c = \(written(p.critical, collapse.errors.critical)), 1/nu = \(written(p.a, collapse.errors.a)), which "
            + "minimise the quality S of Houdayer and Hartmann: S = \(written(collapse.quality, nil, digits: 3)) over \(collapse.points) points (near 1: as good as the errors say"
            + (collapse.quality > 2 ? "; here it is not: corrections to scaling show)." : ")."),
          content: .curves(
            curves, xLabel: "(\(letter) - \(letter)_c) L^(1/nu)", yLabel: quantity == .binder ? "U" : "xi / L", logX: false, logY: false)))
    ]
  }

  private func curves() -> [ReportSection.Item] {
    let wanted = [
      ("energy_per_site", "Energy per site", "e"), ("specific_heat", "Specific heat", "c"), ("abs_magnetization", "Magnetization", "<|m|>"),
      ("susceptibility", "Susceptibility N <m^2>", "chi"),
      ("connected_susceptibility", "Connected susceptibility N (<m^2> - <|m|>^2)", "chi'"),
    ]
    return wanted.map { name, title, label in
      var all = curves(of: name), caption = "Points are sampled with jackknife errors; lines are multi-histogram reweighting."
      let exact = exactCurves(name)
      if !exact.isEmpty {
        // Exact curves take the place of the reweighted ones.
        all = all.filter { !$0.label.isEmpty } + exact
        caption = "Points are sampled with jackknife errors; lines are Kaufman's exact solution of the same finite lattices."
      }
      return .figure(
        Figure(
          name: "\(name.replacing("_", with: "-"))\(suffix)", title: title, caption: caption,
          content: .curves(all, xLabel: letter, yLabel: label, logX: false, logY: name == "susceptibility")))
    }
  }
  private func exactCurves(_ name: String) -> [Curve] {
    family.sizes.enumerated().compactMap { place, size in
      guard let low = size.couplings.first, let high = size.couplings.last else { return nil }
      let grid = low < high ? (0...80).map { low + (high - low) * Double($0) / 80 } : [low]
      let values = grid.compactMap { coupling in
        LatticeQuantities(size.study, names: size.names, coupling: coupling).exact.first { $0.name == name }.map { (coupling, $0.value) }
      }
      return values.isEmpty ? nil : Curve("", x: values.map(\.0), y: values.map(\.1), style: .line, colour: place)
    }
  }

  // MARK: The XY model's jump

  private mutating func helicity() {
    let couplings = family.sizes.flatMap(\.couplings), crossings = family.helicityCrossings()
    guard let low = couplings.min(), let high = couplings.max(), low < high else { return }
    let grid = (0...60).map { low + (high - low) * Double($0) / 60 }
    let points = family.sizes.map { size in
      let found = size.points("helicity_modulus")
      return Curve("L = \(size.size)", x: size.couplings, y: found.map(\.value), yErrors: found.map(\.error))
    }
    let jump = Curve("2 / (pi K)", x: grid, y: grid.map { 2 / (Double.pi * $0) }, style: .line)
    for crossing in crossings {
      derived.append(("helicity_crossing_\(crossing.size)\(tag)", Observable(crossing.coupling.value, error: crossing.coupling.error)))
    }
    let items: [ReportSection.Item] = [
      .text(
        "In infinite volume the helicity modulus jumps from 2 / (pi K) to zero at K_BKT = 1.1199(1). On finite lattices it falls steeply, and where it meets the "
          + "line moves towards K_BKT only as 1 / (ln L)^2: the crossings below bound K_BKT from below and rise with L."),
      .figure(
        Figure(
          name: "helicity-modulus\(suffix)", title: "Helicity modulus and the universal jump",
          caption: "Y / J with jackknife errors against K, and the line 2 / (pi K) on which it jumps.",
          content: .curves(points + [jump], xLabel: "K", yLabel: "Y / J", logX: false, logY: false))),
      .table(
        ReportTable(
          caption: "Where Y = 2 / (pi K), from a parabola through each size's points.", header: ["L", "K"],
          rows: crossings.map { ["\($0.size)", written($0.coupling.value, $0.coupling.error)] })),
    ]
    sections.append(ReportSection("Helicity modulus (\(family.label))", items))
  }
}

/// ln x, for files that have no other use for the C library.
func logarithm(_ x: Double) -> Double { log(x) }
/// exp x.
func exponential(_ x: Double) -> Double { exp(x) }
