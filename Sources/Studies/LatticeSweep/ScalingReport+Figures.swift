import Glibc
import LatticeSystems
import Runtime
import Statistics

extension ScalingReport {
  /// A quantity of all sizes: sampled points, and the reweighted curves where the samples reach, broken where they do not.
  private func curves(of name: String) -> [Curve] {
    family.sizes.enumerated().flatMap { place, size -> [Curve] in
      let points = size.points(name)
      let sampled = Curve(
        "L = \(size.size)", x: size.couplings, y: points.map(\.value), yErrors: points.map(\.error), style: .points, colour: place)
      guard size.combined != nil, let low = size.couplings.first, let high = size.couplings.last, low < high else { return [sampled] }
      var runs: [[(x: Double, y: Double)]] = [[]]
      for step in 0...60 {
        let x = low + (high - low) * Double(step) / 60, y = size.value(name, at: x)
        if y.isFinite { runs[runs.count - 1].append((x, y)) } else if !runs[runs.count - 1].isEmpty { runs.append([]) }
      }
      return [sampled]
        + runs.filter { $0.count > 1 }.map { Curve("", x: $0.map(\.x), y: $0.map(\.y), style: .line, colour: place) }
    }
  }
  /// What the lines among `curves` are.
  private func lines(_ curves: [Curve]) -> String {
    if !curves.contains(where: { $0.label.isEmpty }) { return "" }
    return " Lines are multi-histogram reweighting of each size's points; they break off where it has too few samples."
  }

  func crossingFigure(_ quantity: ScalingQuantity) -> Figure {
    let curves = curves(of: quantity.rawValue)
    return Figure(
      name: "\(quantity.rawValue.replacing("_", with: "-"))-crossing\(suffix)", title: "Crossing of \(words(quantity))",
      caption: "Points are sampled.\(lines(curves)) Curves of large sizes cross at the transition.",
      content: .curves(curves, xLabel: letter, yLabel: axis(quantity), logX: false, logY: false))
  }
  private func axis(_ quantity: ScalingQuantity) -> String { quantity == .binder ? "U" : "xi / L" }

  /// The collapse as a figure, or why there is none.
  mutating func collapsed(_ quantity: ScalingQuantity, from fit: ScalingFit) -> [ReportSection.Item] {
    let collapse: DataCollapse
    do throws(CollapseError) { collapse = try family.collapse(quantity, from: fit) } catch {
      return [.text("No data collapse: \(error.words).")]
    }
    guard collapse.parameters.a > 2 * collapse.errors.a else {
      return [.text("No data collapse: 1/nu = \(written(collapse.parameters.a, collapse.errors.a)) is not positive by two of its errors.")]
    }
    let p = collapse.parameters, tail = quantity == family.study.quantity ? tag : "_\(quantity.rawValue)\(tag)"
    let isPoor = collapse.fit.pValue < 1e-3, quality = written(collapse.quality, nil, digits: 3), freedom = collapse.fit.degreesOfFreedom
    derived.append(
      (
        "collapse_quality\(tail)",
        Observable(collapse.quality, reason: isPoor ? "not one curve: corrections to scaling, or too wide a range" : nil)
      ))
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
            "All points against (\(letter) - \(letter)_c) L^(1/nu) with \(letter)_c = \(written(p.critical, collapse.errors.critical)), "
            + "1/nu = \(written(p.a, collapse.errors.a)), with which they lie best on one polynomial, here of degree \(collapse.degree): "
            + "chi^2 per degree of freedom \(quality), \(freedom) degree\(freedom == 1 ? "" : "s") of freedom, no correction to scaling"
            + (isPoor ? ". They do not lie on one curve within their errors, so the errors of \(letter)_c and 1/nu are too small." : "."),
          content: .curves(curves, xLabel: "(\(letter) - \(letter)_c) L^(1/nu)", yLabel: axis(quantity), logX: false, logY: false)))
    ]
  }

  // MARK: Observables

  func curves() -> [ReportSection.Item] {
    let mean = family.study.field == 0 ? "<|m|>" : "<m>"
    let wanted = [
      ("energy_per_site", "Energy per site", "e"), ("specific_heat", "Specific heat", "c"), ("abs_magnetization", "Magnetization", "<|m|>"),
      ("susceptibility", "Susceptibility N <m^2>", "chi"),
      ("connected_susceptibility", "Connected susceptibility N (<m^2> - \(mean)^2)", "chi'"),
    ]
    return wanted.map { name, title, label in
      .figure(
        family.sizes.count > 1 && family.sizes.allSatisfy { $0.samples.count == 1 }
          ? againstSize(name, title, label) : againstCoupling(name, title, label))
    }
  }
  private func againstCoupling(_ name: String, _ title: String, _ label: String) -> Figure {
    var all = curves(of: name), caption = "Points are sampled with jackknife errors."
    let exact = exactCurves(name)
    if exact.isEmpty {
      caption += lines(all)
    } else {
      // Exact curves take the place of the reweighted ones.
      all = all.filter { !$0.label.isEmpty } + exact
      caption += " Lines are \(LatticeQuantities.exactWords(family.study)) at the same finite sizes."
    }
    return Figure(
      name: "\(name.replacing("_", with: "-"))\(suffix)", title: title, caption: caption,
      content: .curves(all, xLabel: letter, yLabel: label, logX: false, logY: name == "susceptibility"))
  }
  /// One point of each size says something against L.
  private func againstSize(_ name: String, _ title: String, _ label: String) -> Figure {
    let points = family.sizes.map { $0.points(name)[0] }, sizes = family.sizes.map { Double($0.size) }
    let couplings = Set(family.sizes.flatMap(\.couplings)).sorted().map { written($0, nil, digits: 6) }
    let exact = family.sizes.compactMap { size in exactValue(name, size, size.couplings[0]).map { (Double(size.size), $0) } }
    var curves = [Curve("sampled", x: sizes, y: points.map(\.value), yErrors: points.map(\.error), style: .points)]
    if exact.count > 1 { curves.append(Curve("exact", x: exact.map(\.0), y: exact.map(\.1), style: .line)) }
    return Figure(
      name: "\(name.replacing("_", with: "-"))\(suffix)", title: title,
      caption:
        "Against the size, at \(letter) = \(couplings.count > 1 ? "\(couplings[0]) ... \(couplings.last!)" : couplings[0]), with jackknife errors."
        + (exact.count > 1 ? " The line joins values of \(LatticeQuantities.exactWords(family.study)) at the same finite sizes." : ""),
      content: .curves(curves, xLabel: "L", yLabel: label, logX: true, logY: name == "susceptibility"))
  }
  private func exactValue(_ name: String, _ size: FiniteSizeScaling.Size, _ coupling: Double) -> Double? {
    LatticeQuantities(size.study, names: size.names, coupling: coupling).exact.first { $0.name == name }?.value
  }
  private func exactCurves(_ name: String) -> [Curve] {
    family.sizes.enumerated().compactMap { place, size in
      guard let low = size.couplings.first, let high = size.couplings.last else { return nil }
      let grid = low < high ? (0...80).map { low + (high - low) * Double($0) / 80 } : [low]
      let values = grid.compactMap { coupling in exactValue(name, size, coupling).map { (coupling, $0) } }
      return values.isEmpty ? nil : Curve("", x: values.map(\.0), y: values.map(\.1), style: .line, colour: place)
    }
  }

  // MARK: The XY model's jump

  mutating func helicity() {
    let couplings = family.sizes.flatMap(\.couplings), crossings = family.helicityCrossings()
    guard let low = couplings.min(), let high = couplings.max(), low < high else { return }
    let grid = (0...60).map { low + (high - low) * Double($0) / 60 }
    let points = family.sizes.map { size in
      let found = size.points("helicity_modulus")
      return Curve("L = \(size.size)", x: size.couplings, y: found.map(\.value), yErrors: found.map(\.error))
    }
    let jump = Curve("2 / (pi K)", x: grid, y: grid.map { 2 / (Double.pi * $0) }, style: .line)
    for crossing in crossings {
      guard let coupling = crossing.coupling else { continue }
      derived.append(("helicity_crossing_\(crossing.size)\(tag)", Observable(coupling.value, error: coupling.error)))
    }
    let items: [ReportSection.Item] = [
      .text(
        "In infinite volume the helicity modulus jumps from 2 / (pi K) to zero at K_BKT = 1.1199(1). On finite lattices it falls steeply, and where it meets the "
          + "line moves towards K_BKT only as 1 / (ln L)^2. " + trend(crossings)),
      .figure(
        Figure(
          name: "helicity-modulus\(suffix)", title: "Helicity modulus and the universal jump",
          caption: "Y / J with jackknife errors against K, joined by straight lines, and the line 2 / (pi K) on which it jumps.",
          content: .curves(points + [jump], xLabel: "K", yLabel: "Y / J", logX: false, logY: false))),
      .table(
        ReportTable(
          caption:
            "Where Y = 2 / (pi K), by polynomials through the points about it, weighted by chi^2; the error holds the scatter between "
            + "polynomials. The last column tells the one of the largest weight, or why there is none.",
          header: ["L", "K", "by"],
          rows: crossings.map { ["\($0.size)", $0.coupling.map { written($0.value, $0.error) } ?? "–", $0.words] })),
    ]
    sections.append(ReportSection("Helicity modulus (\(family.label))", items))
  }
  /// Whether the crossings found rise with L, and where the last stands.
  private func trend(_ crossings: [FiniteSizeScaling.HelicityCrossing]) -> String {
    let found = crossings.compactMap(\.coupling), known = 1.1199
    guard let last = found.last else { return "No size shows a crossing." }
    let rises = zip(found, found.dropFirst()).map { ($1.value - $0.value) / hypot($0.error, $1.error) }
    var text = ""
    if !rises.isEmpty {
      text =
        rises.allSatisfy { $0 > 2 }
        ? "The crossings below rise with L, each by more than two errors. "
        : rises.contains { $0 < -2 }
          ? "The crossings below do not rise with L throughout. " : "The crossings below rise too little to tell with these errors. "
    }
    let away = (last.value - known) / hypot(last.error, 1e-4)
    return text + "The last one lies \(written(abs(away), nil, digits: 2)) errors \(away < 0 ? "below" : "above") K_BKT."
  }
}
