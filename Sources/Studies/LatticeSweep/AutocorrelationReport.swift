import Glibc
import LatticeSystems
import Runtime
import Statistics

/// Autocorrelation times against size: the figure, and the slopes, which are dynamic exponents where nothing speaks
/// against it.
struct AutocorrelationReport {
  private(set) var items: [ReportSection.Item] = []
  private(set) var derived: [(name: String, observable: Observable)] = []

  /// What an autocorrelation time is of.
  private enum TimedObservable: String, CaseIterable {
    case energy
    case squaredMagnetization = "squared_magnetization"
    var words: String { self == .energy ? "e" : "m^2" }
    func time(_ sample: CouplingSample) -> Estimate? { self == .energy ? sample.time : sample.magnetizationTime }
  }
  /// tau of one size, and how far its coupling is from the transition, |K - K_c| L^(1/nu).
  private struct Point { let size: Double, tau: Estimate, distance: Double }

  init(_ families: [FiniteSizeScaling]) {
    var curves: [Curve] = [], rows: [[String]] = [], units: [String] = []
    for family in families {
      for observable in TimedObservable.allCases {
        let points = Self.points(family, observable)
        guard points.count >= 2 else { continue }
        let unit = family.study.timeUnit
        if !units.contains(unit) { units.append(unit) }
        let label = families.count == 1 ? family.study.resolvedMove.rawValue : family.label
        curves.append(
          Curve("\(label), \(observable.words)", x: points.map(\.size), y: points.map(\.tau.value), yErrors: points.map(\.tau.error)))
        guard let slope = Self.slope(points, family) else { continue }
        let tail = families.count == 1 ? "" : "_" + String(family.slug.map { $0.isLetter || $0.isNumber ? $0 : "_" })
        derived.append(("dynamic_exponent_\(observable.rawValue)\(tail)", slope))
        rows.append(["\(label), \(observable.words)", written(slope.values[0], slope.errors?[0]), slope.reason ?? "dynamic exponent z"])
      }
    }
    guard !curves.isEmpty else { return }
    let isWolff = families.contains { $0.study.resolvedMove == .wolff }
    let unit = units.joined(separator: " or ")
    items = [
      .figure(
        Figure(
          name: "autocorrelation", title: "Autocorrelation times of energy and squared magnetization against size",
          caption:
            "tau in \(unit)\(isWolff ? " (N / <|C|> Wolff clusters are one sweep)" : "") at the coupling nearest to the known transition, "
            + "or the middle one where none is known, both axes logarithmic.",
          content: .curves(curves, xLabel: "L", yLabel: "tau (\(unit))", logX: true, logY: true)))
    ]
    guard !rows.isEmpty else { return }
    items.append(
      .table(
        ReportTable(
          caption:
            "Slopes of ln tau against ln L. What decays slowest tells the dynamic exponent: with local moves m^2, of which the energy feels only a part.",
          header: ["tau of", "slope", "what it is"], rows: rows)))
  }

  /// At the coupling nearest to the transition.
  private static func points(_ family: FiniteSizeScaling, _ observable: TimedObservable) -> [Point] {
    family.sizes.compactMap { size in
      let critical = size.study.criticalPoint?.coupling.value ?? size.couplings[size.couplings.count / 2]
      guard let nearest = size.samples.min(by: { abs($0.coupling - critical) < abs($1.coupling - critical) }),
        let tau = observable.time(nearest), tau.value > 0, tau.error > 0
      else { return nil }
      let nu = size.study.criticalPoint?.nu?.value ?? 1
      return Point(size: Double(size.size), tau: tau, distance: abs(nearest.coupling - critical) * pow(Double(size.size), 1 / nu))
    }
  }

  /// The slope, with the reasons why it is no dynamic exponent where there are any.
  private static func slope(_ points: [Point], _ family: FiniteSizeScaling) -> Observable? {
    guard
      let fit = try? linearFit(
        design: points.map { [1, log($0.size)] }, values: points.map { log($0.tau.value) },
        noise: .errors(points.map { $0.tau.error / $0.tau.value }))
    else { return nil }
    let study = family.study
    var reasons: [String] = []
    if let reason = study.withoutTransition {
      reasons.append("\(reason), so this is no dynamic exponent")
    } else if study.criticalPoint == nil {
      reasons.append("no transition of this model is known here, so this need not be a dynamic exponent")
    } else if let far = points.first(where: { $0.distance > 1 }) {
      // At x = 1 the correlation length is about L.
      reasons.append("L = \(Int(far.size)) has no coupling near the transition, so this is no dynamic exponent")
    }
    if !study.ladder.isEmpty { reasons.append("replica exchange is part of the dynamics, so this is no exponent of the move") }
    if let unequal = family.sizes[0].unequalMoves { reasons.append("\(unequal) differs between points: no equal moves") }
    if points.count > 2, fit.reducedChiSquared > 3 {
      reasons.append("chi^2 per degree of freedom \(written(fit.reducedChiSquared, nil, digits: 2)): no single power law")
    }
    if points.count == 2 { reasons.append("two sizes alone cannot show a power law") }
    return Observable(fit[1].value, error: fit[1].error, reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
  }
}
