import Glibc
import LatticeSystems
import Runtime
import Statistics

/// What the report says of one family of sizes and couplings: curves, crossings, joint fits, collapse.
struct ScalingReport {
  var sections: [ReportSection] = []
  var derived: [(name: String, observable: Observable)] = []
  let family: FiniteSizeScaling
  /// What keeps names of figures and of derived values apart where there are several families.
  let suffix: String, tag: String

  /// The report of `family`, which is one of several or the only one.
  init(_ family: FiniteSizeScaling, isOnly: Bool) {
    self.family = family
    suffix = isOnly ? "" : "-\(family.slug)"
    tag = isOnly ? "" : "_" + String(family.slug.map { $0.isLetter || $0.isNumber ? $0 : "_" })
    let isKosterlitzThouless = family.study.model == .xy && family.study.extents.count == 2
    if let reason = family.study.withoutPowerLaw {
      // Of one size nothing was asked.
      if family.sizes.count > 1 && !isKosterlitzThouless {
        sections.append(ReportSection("Finite-size scaling (\(family.label))", [.text("No crossings and no fits: \(reason).")]))
      }
    } else if family.isScalable {
      let others = ScalingQuantity.allCases.filter { $0 != family.study.quantity }
      for quantity in [family.study.quantity] + others { scale(quantity) }
    } else if family.sizes.count > 1 {
      let text = "No crossings and no fits: they take three couplings or more of each size."
      sections.append(ReportSection("Finite-size scaling (\(family.label))", [.text(text)]))
    }
    if isKosterlitzThouless { helicity() }
    sections.append(ReportSection("Observables (\(family.label))", curves()))
  }

  var letter: String { family.study.letter }

  // MARK: Scaling

  private mutating func scale(_ quantity: ScalingQuantity) {
    let pairs = family.crossings(quantity)
    let fits = family.fits(quantity, from: pairs.compactMap(\.crossing).last?.coupling.value)
    var items: [ReportSection.Item] = []
    if let best = fits.found.first {
      items += verdict(quantity, best)
    } else {
      let tail = tail(quantity), reason = fits.refused.first.map { "no joint fit: \($0.1)" } ?? "no joint fit"
      for name in ["critical_coupling", "nu", "critical_value"] { derived.append((name + tail, Observable(.nan, reason: reason))) }
    }
    for (least, reason) in fits.refused { items.append(.text("No joint fit from L = \(least) on: \(reason).")) }
    if !fits.found.isEmpty { items.append(.table(table(of: fits.found))) }
    if pairs.contains(where: { $0.crossing != nil }) { items.append(.table(table(of: pairs, quantity))) }
    for pair in pairs where pair.crossing == nil {
      items.append(.text("No crossing of L = \(pair.small) and \(pair.large): \(pair.reason)."))
    }
    items.append(.figure(crossingFigure(quantity)))
    if let best = fits.found.first {
      items += collapsed(quantity, from: best.fit)
    } else {
      items.append(.text("No data collapse: there is no joint fit to start from."))
    }
    for pair in pairs {
      guard let point = pair.crossing else { continue }
      derived.append(
        (
          "crossing_\(quantity.rawValue)_\(pair.small)_\(pair.large)\(tag)",
          Observable(point.coupling.value, error: point.coupling.error)
        ))
    }
    sections.append(ReportSection("Finite-size scaling of \(words(quantity)) (\(family.label))", items))
  }

  func words(_ quantity: ScalingQuantity) -> String {
    switch quantity {
    case .binder: "the Binder cumulant"
    case .correlationLength: "the correlation length over L"
    }
  }

  /// The end of the names of a quantity's results.
  private func tail(_ quantity: ScalingQuantity) -> String {
    quantity == family.study.quantity ? tag : "_\(quantity.rawValue)\(tag)"
  }

  private mutating func verdict(_ quantity: ScalingQuantity, _ best: FiniteSizeScaling.JointFit) -> [ReportSection.Item] {
    let fit = best.fit, known = family.study.criticalPoint
    let tail = tail(quantity)
    let poor = poor(fit)
    // What chi^2 rejects by an order of magnitude is no measurement: the page shows it, the results do not.
    let isHopeless = fit.fit.reducedChiSquared > 10
    for (name, found) in [("critical_coupling", fit.critical), ("nu", fit.nu), ("critical_value", fit.criticalValue)] {
      derived.append(
        (name + tail, isHopeless ? Observable(.nan, reason: poor) : Observable(found.value, error: found.error, reason: poor)))
    }
    derived.append(("chi_squared_per_degree\(tail)", Observable(fit.fit.reducedChiSquared)))
    var text =
      "Joint fit from L = \(best.leastSize) on: \(letter)_c = \(written(fit.critical.value, fit.critical.error)), nu = \(written(fit.nu.value, fit.nu.error)), "
      + "value at the transition \(written(fit.criticalValue.value, fit.criticalValue.error)), chi^2 per degree of freedom "
      + "\(written(fit.fit.reducedChiSquared, nil, digits: 3)) (p \(probability(fit.fit.pValue)))."
    if let known, !isHopeless {
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

  /// What speaks against a joint fit; nil where nothing does.
  private func poor(_ fit: ScalingFit) -> String? {
    let couplings = family.sizes.flatMap(\.couplings)
    if fit.fit.degreesOfFreedom == 0 { return "no degree of freedom is left that could speak against it" }
    if fit.fit.pValue < 1e-3 || fit.fit.reducedChiSquared > 10 {
      return "chi^2 per degree of freedom \(written(fit.fit.reducedChiSquared, nil, digits: 3)): corrections to scaling or too wide a range"
    }
    if fit.inverseNu.value < 2 * fit.inverseNu.error { return "1/nu is not positive by two of its errors" }
    if let low = couplings.min(), let high = couplings.max(), !(low...high).contains(fit.critical.value) {
      return "\(letter)_c lies outside of the couplings that were sampled"
    }
    return nil
  }
  /// "= 0.12", or "< 1e-15" where digits end.
  private func probability(_ p: Double) -> String {
    p.isNaN ? "unknown" : p < 1e-15 ? "< 1e-15" : p < 1e-3 ? "= \(Shown.number(p, digits: 2))" : "= \(written(p, nil, digits: 2))"
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
          "\(fit.fit.degreesOfFreedom)", probability(fit.fit.pValue).replacing("= ", with: ""),
        ]
      })
  }
  private func table(of pairs: [FiniteSizeScaling.SizePair], _ quantity: ScalingQuantity) -> ReportTable {
    ReportTable(
      caption:
        "Where neighbouring sizes cross: by multi-histogram reweighting with jackknife errors over the blocks of both, or by polynomials "
        + "through the differences at common couplings, whose error holds the scatter between polynomials.",
      header: ["sizes", letter, quantity.rawValue, "by"],
      rows: pairs.compactMap { pair in
        pair.crossing.map {
          [
            "\(pair.small), \(pair.large)", written($0.coupling.value, $0.coupling.error), written($0.value.value, $0.value.error),
            $0.method,
          ]
        }
      })
  }
}

/// exp x, for files that have no other use for the C library.
func exponential(_ x: Double) -> Double { exp(x) }
