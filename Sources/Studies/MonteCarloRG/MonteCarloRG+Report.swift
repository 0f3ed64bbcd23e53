import Foundation
import LatticeSystems
public import Renormalization
public import Runtime
import Statistics

extension MonteCarloRG {
  /// A lattice's results.
  private struct Found {
    var size: Int, steps: [MonteCarloRenormalization.Step], levels: [MonteCarloRenormalization.Level]
    /// Errors with blocks of several times the length, over those as they are.
    var growth: Double
  }
  /// How much longer blocks are taken to test the errors.
  private static let longer = 4

  public func report(_ results: [(unit: Unit, partial: BlockedCounts)]) throws(StudyError) -> Report {
    var found: [Found] = []
    for (unit, counts) in results {
      let renormalization = try renormalization(unit.size)
      found.append(
        Found(
          size: unit.size, steps: renormalization.steps(counts), levels: renormalization.levels(counts),
          growth: renormalization.errorGrowth(counts, factor: Self.longer)))
    }
    let matches = try matches(results)
    var matching: [ReportSection.Item] = [.text(matchingWords(matches))]
    if !matches.isEmpty { matching.append(.table(matchingTable(matches))) }
    let sections = [
      ReportSection(
        "Exponents",
        [.text(words(found)), .table(exponentTable(found, isEven: true)), .table(exponentTable(found, isEven: false))]
          + [convergenceFigure(found, isEven: true), convergenceFigure(found, isEven: false)].map { .figure($0) }),
      ReportSection("Two lattices", matching),
      ReportSection("The flow of operators", [.table(flowTable(found)), .figure(flowFigure(found))]),
    ]
    return Report(
      title: "Monte Carlo renormalization of the Ising model by \(ruleName)",
      abstract:
        "Square lattices at K = \(String(format: "%g", coupling)), coarse grained by \(scale) x \(scale) blocks, \(chains) chain\(chains == 1 ? "" : "s") of "
        + "\(measurements) configurations each. T = dK'/dK follows from correlations of operators before and after a step; y = ln lambda / "
        + "ln \(scale) of its largest eigenvalue in the sectors that are even and odd under the flip of all spins. Errors are by the "
        + "jackknife over \(blocks) blocks. The exponent converges in three ways: with the step, with the operators, with the lattice.",
      rows: rows(found) + rows(matches), derived: derived(found, matches), sections: sections, arrays: [])
  }

  private var ruleName: String {
    switch rule {
    case .majority: "the majority of blocks"
    case .cornerMajority: "the majority of blocks, ties to the corner"
    case .decimation: "decimation"
    case .filter: "a filter, h drawn from p(h | v)"
    case .filterSigns: "a filter's signs"
    }
  }
  private func observable(_ estimate: Estimate, unit: String = "1") -> Observable {
    Observable(
      estimate.value, error: estimate.error, unit: unit, reason: estimate.value.isFinite ? nil : "the operators are not independent here")
  }

  private func rows(_ found: [Found]) -> [ResultRow] {
    var rows: [ResultRow] = []
    for lattice in found {
      for step in lattice.steps {
        for (sector, name, operators) in [(step.even, "thermal", even), (step.odd, "magnetic", odd)] {
          for k in operators.indices {
            var row = ResultRow(
              at: [
                ("size", .integer(lattice.size)), ("step", .integer(step.step)), ("sector", .text(name)), ("operators", .integer(k + 1)),
              ])
            row.observables.append(("\(name)_exponent", observable(sector.exponents[k])))
            if k > 0 { row.observables.append(("second_\(name)_exponent", observable(sector.secondExponents[k]))) }
            if k == operators.count - 1 { row.observables.append(("transformation", Observable(values: sector.matrix))) }
            rows.append(row)
          }
        }
      }
      for (n, level) in lattice.levels.enumerated() {
        var row = ResultRow(at: [("size", .integer(lattice.size)), ("level", .integer(n))])
        for (k, one) in even.enumerated() {
          row.observables.append(("\(one.name.replacingOccurrences(of: "-", with: "_"))_per_site", observable(level.even[k])))
        }
        row.observables.append(("squared_magnetization", observable(level.squaredMagnetization)))
        rows.append(row)
      }
    }
    return rows
  }

  private func rows(_ matches: [Match]) -> [ResultRow] {
    matches.map { match in
      var row = ResultRow(
        at: [("size", .integer(match.large)), ("matched_with", .integer(match.small)), ("steps", .integer(match.found.steps))])
      for (one, shift) in zip(even, match.found.shifts) {
        row.observables.append(
          (
            "shift_by_\(one.name.replacingOccurrences(of: "-", with: "_"))",
            Observable(
              shift.value, error: shift.error, unit: "1",
              reason: shift.value.isFinite ? nil : "the operator does not respond to the coupling here")
          ))
      }
      row.observables.append(("thermal_exponent", observable(match.found.exponent)))
      row.observables.append(("critical_coupling", observable(match.found.criticalCoupling)))
      return row
    }
  }

  private func derived(_ found: [Found], _ matches: [Match]) -> [(name: String, observable: Observable)] {
    var derived: [(name: String, observable: Observable)] = []
    if let largest = found.max(by: { $0.size < $1.size }), let last = largest.steps.last {
      derived.append(("thermal_exponent", observable(last.even.exponents[even.count - 1])))
      derived.append(("magnetic_exponent", observable(last.odd.exponents[odd.count - 1])))
    }
    if let match = matches.last(where: { $0.large == sizes.max() }) {
      derived.append(("critical_coupling_by_matching", observable(match.found.criticalCoupling)))
    }
    return derived
  }

  // MARK: exponents

  private func words(_ found: [Found]) -> String {
    var words: [String] = []
    guard let largest = found.max(by: { $0.size < $1.size }) else { return "" }
    let tested = found.filter(\.growth.isFinite)
    if isCritical {
      for step in largest.steps {
        for (name, sector, exact) in [("y_t", step.even, 1.0), ("y_h", step.odd, 1.875)] {
          // On the smallest lattices operators say the same; the largest set that does not.
          guard let most = sector.exponents.lastIndex(where: \.value.isFinite) else { continue }
          let y = sector.exponents[most], percent = 100 * abs(y.value - exact) / exact
          let note =
            most + 1 == sector.exponents.count
            ? "" : " with \(most + 1) operator\(most == 0 ? "" : "s"), the others say nothing of their own there"
          words.append(
            "Step \(step.step) of \(largest.size) x \(largest.size): \(name) = \(written(y.value, y.error))\(note), "
              + "\(String(format: "%.2f", percent)) % from the exact \(exact == 1 ? "1" : "15/8").")
        }
      }
      words.append(
        "A statistical error says nothing of the operators that are left out, nor of a lattice that is too small for them: the "
          + "spread over rows and columns of the tables does.")
    } else {
      words.append(
        "K is not the critical coupling \(String(format: "%.9f", IsingModel.criticalCoupling)): the flow leaves the critical fixed point, "
          + "and the eigenvalues of later steps are not its exponents.")
    }
    if !tested.isEmpty {
      let list = tested.map { "\(written($0.growth, nil, digits: 2)) (L = \($0.size))" }.joined(separator: ", ")
      words.append(
        "With blocks \(Self.longer) times as long the errors are larger by the factor \(list) on average: "
          + (tested.allSatisfy { $0.growth < 1.4 }
            ? "blocks are long enough."
            : "where it is well above 1, blocks are too short for these errors; take more configurations or a longer interval."))
    } else {
      words.append("The blocks are too few to be joined, which would test whether they are long enough.")
    }
    if rule == .decimation {
      words.append(
        "Decimation keeps the correlations of the spins that stay, so that it has no critical fixed point at a finite coupling in two "
          + "dimensions; the numbers need not converge.")
    }
    return words.joined(separator: " ")
  }

  private func exponentTable(_ found: [Found], isEven: Bool) -> ReportTable {
    let operators = isEven ? even : odd, name = isEven ? "y_t" : "y_h"
    var rows: [[String]] = []
    for lattice in found {
      for step in lattice.steps {
        let sector = isEven ? step.even : step.odd
        rows.append(
          ["\(lattice.size)", "\(step.step): \(step.shape[0]) -> \(step.shape[0] / scale)"]
            + sector.exponents.map { written($0.value, $0.error) }
            + [sector.secondExponents.last.map { $0.value.isFinite ? written($0.value, $0.error) : "–" } ?? "–"])
      }
    }
    let names = operators.indices.map { "\($0 + 1)" }
    return ReportTable(
      caption:
        "\(name) for the first 1, 2, ... of the operators \(operators.map(\.name).joined(separator: ", ")); last column: ln |lambda_2| / "
        + "ln \(scale) of all of them.", header: ["L", "step"] + names + ["second"], rows: rows)
  }

  private func convergenceFigure(_ found: [Found], isEven: Bool) -> Figure {
    var curves: [Curve] = []
    let operators = isEven ? even : odd, name = isEven ? "y_t" : "y_h"
    for lattice in found {
      for step in lattice.steps {
        let y = (isEven ? step.even : step.odd).exponents
        curves.append(
          Curve(
            "L = \(lattice.size), \(step.shape[0]) -> \(step.shape[0] / scale)", x: y.indices.map { Double($0 + 1) }, y: y.map(\.value),
            yErrors: y.map(\.error), style: .linePoints))
      }
    }
    if isCritical {
      let exact = isEven ? 1 : 1.875
      curves.append(Curve("exact", x: [1, Double(max(2, operators.count))], y: [exact, exact], style: .line))
    }
    return Figure(
      name: isEven ? "thermal" : "magnetic", title: "\(name) against the number of operators",
      caption: "One curve for each step of each lattice.",
      content: .curves(curves, xLabel: "operators", yLabel: name, logX: false, logY: false))
  }

  // MARK: two lattices

  /// Two lattices of the same size, one of them after one step more.
  private struct Match { var large: Int, small: Int, found: LatticeMatching }

  /// Each lattice with the one that is a step smaller.
  private func matches(_ results: [(unit: Unit, partial: BlockedCounts)]) throws(StudyError) -> [Match] {
    var matches: [Match] = []
    for (large, counts) in results {
      guard let (small, smallCounts) = results.first(where: { $0.unit.size * scale == large.size }) else { continue }
      let found = try renormalization(large.size).matchings(
        counts, with: renormalization(small.size), smallCounts, coupling: coupling)
      matches += found.map { Match(large: large.size, small: small.size, found: $0) }
    }
    return matches
  }

  private func matchingWords(_ matches: [Match]) -> String {
    if matches.isEmpty {
      return "No two of these lattices are a factor \(scale) apart with a step to spare, so that none can be matched."
    }
    var words =
      "A lattice L after n + 1 steps and one of L / \(scale) after n are of the same size, and at the fixed point of the same law. Their "
      + "difference over the response of the smaller one is the shift dK of the coupling that would make them meet; the ratio of the "
      + "responses is lambda once more, and K_c = K - dK / (lambda - 1)."
    if isCritical, let last = matches.last(where: { $0.large == sizes.max() }) {
      let found = last.found.criticalCoupling, sigmas = abs(found.value - coupling) / found.error
      if sigmas.isFinite {
        words +=
          " The last of the largest lattices gives K_c = \(written(found.value, found.error)), \(String(format: "%.1f", sigmas)) standard errors "
          + "from the exact value."
      }
    }
    return words
  }

  private func text(_ e: Estimate) -> String { written(e.value, e.error) }
  private func matchingTable(_ matches: [Match]) -> ReportTable {
    ReportTable(
      caption: "Lattices matched by the operator \(even[0].name); in the last column the shifts that the other even operators ask for.",
      header: ["lattices", "steps", "dK", "y_t", "K_c", "dK by other operators"],
      rows: matches.map { match in
        [
          "\(match.large), \(match.small)", "\(match.found.steps + 1), \(match.found.steps)", text(match.found.shifts[0]),
          text(match.found.exponent), text(match.found.criticalCoupling),
          match.found.shifts.dropFirst().map(text).joined(separator: ", "),
        ]
      })
  }

  // MARK: the flow

  private func flowTable(_ found: [Found]) -> ReportTable {
    var rows: [[String]] = []
    for lattice in found {
      for (n, level) in lattice.levels.enumerated() {
        rows.append(
          ["\(lattice.size)", "\(n)", "\(level.shape[0])"] + level.even.map { written($0.value, $0.error) }
            + [written(level.squaredMagnetization.value, level.squaredMagnetization.error)])
      }
    }
    return ReportTable(
      caption: "Sums of operators per site, and the mean square magnetization, after n steps.",
      header: ["L", "n", "size"] + even.map(\.name) + ["m^2"], rows: rows)
  }

  private func flowFigure(_ found: [Found]) -> Figure {
    var curves: [Curve] = []
    for lattice in found {
      curves.append(
        Curve(
          "L = \(lattice.size)", x: lattice.levels.indices.map(Double.init), y: lattice.levels.map { $0.even[0].value },
          yErrors: lattice.levels.map { $0.even[0].error }, style: .linePoints))
    }
    return Figure(
      name: "flow", title: "The sum of \(even[0].name) per site against the steps",
      caption: "At a fixed point it stays, apart from what the shrinking lattice does to it.",
      content: .curves(curves, xLabel: "steps", yLabel: "\(even[0].name) per site", logX: false, logY: false))
  }
}
