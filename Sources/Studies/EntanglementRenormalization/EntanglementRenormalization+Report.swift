import Glibc
public import Runtime
import TensorNetworks

extension EntanglementRenormalization {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    guard let found = results.first?.partial else {
      return Report(
        title: title, abstract: "The unit failed; there is nothing to report.", rows: [], derived: [], sections: [], arrays: [])
    }
    let largest = bondDimensions[bondDimensions.count - 1]
    var derived: [(name: String, observable: Observable)] = []
    if let error = value(found, largest, "energy_error") { derived.append(("energy_error", Observable(error[0], unit: "J"))) }
    if let charge = value(found, largest, "central_charge") { derived.append(("central_charge", Observable(charge[0]))) }
    if let dimensions = value(found, largest, "scaling_dimensions"), dimensions.count > 2 {
      derived.append(("spin_scaling_dimension", Observable(dimensions[1])))
      derived.append(("energy_scaling_dimension", Observable(dimensions[2])))
    }
    return Report(
      title: title, abstract: abstract, rows: found.rows, derived: derived,
      sections: [try verdict(found), convergence(found), spectrum(found), try entropies(found)], arrays: found.arrays)
  }

  private var title: String { "The critical Ising chain by entanglement renormalization" }
  private var abstract: String {
    "A scale-invariant ternary MERA of H = -sum (Z Z + X) with bond dimensions \(bondDimensions.map(String.init).joined(separator: ", ")): the best of \(randomStarts) random "
      + "starts, continued to larger bond dimensions. One layer repeated for ever is a fixed point of the renormalization group, so its spectrum gives scaling dimensions. "
      + "The energy is an upper bound, -4/pi exactly; all numbers are of one optimised state, without sampling errors."
  }
  private func value(_ found: Recording, _ chi: Int, _ name: String) -> [Double]? {
    found.observable(name, at: [("bond_dimension", .integer(chi))])?.values
  }
  /// With two digits and a power of ten.
  static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "–" }
    let exponent = Int(log10(value).rounded(.down))
    return "\(written(value / pow(10, Double(exponent)), nil, digits: 2))e\(exponent)"
  }

  /// Delta of the lowest operators of the Ising conformal field theory: 1, sigma, epsilon, two descendants of sigma, four of level 2.
  static let exactDimensions = [0, 0.125, 1, 1.125, 1.125, 2, 2, 2, 2]

  private func verdict(_ found: Recording) throws(StudyError) -> ReportSection {
    let rows = bondDimensions.map { chi in
      let dimensions = value(found, chi, "scaling_dimensions") ?? []
      return ["\(chi)", Self.scientific(value(found, chi, "energy_error")?[0] ?? .nan)]
        + dimensions.dropFirst().prefix(5).map { written($0, nil, digits: 4) } + [
          written(value(found, chi, "central_charge")?[0] ?? .nan, nil, digits: 4)
        ]
    }
    let exact = ["exact", "0"] + Self.exactDimensions.dropFirst().prefix(5).map { written($0, nil, digits: 4) } + ["0.5"]
    let stuck = (value(found, bondDimensions[0], "energy_error_by_start") ?? []).count { !($0 < 5e-4) }
    return ReportSection(
      "What was found",
      [
        .table(
          ReportTable(
            caption:
              "Energy per site above -4/pi (J), the lowest scaling dimensions of the two-site superoperator, and the central charge 3 (S_2 - S_1) / ln 2.",
            header: ["chi", "e - e_0", "sigma", "epsilon", "d sigma", "d sigma", "level 2", "c"], rows: rows + [exact])),
        .text(
          stuck == 0
            ? "Every random start at chi = \(bondDimensions[0]) ended less than 5e-4 above the exact energy."
            : "\(stuck) of \(randomStarts) random starts at chi = \(bondDimensions[0]) ended 5e-4 or more above the exact energy: the sweeps or the bond dimension were too few, or the optimisation is stuck."
        ),
      ])
  }

  private func convergence(_ found: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    for (stage, chi) in bondDimensions.enumerated() {
      guard let errors = found.array("energy_error_chi_\(chi)"), let sweeps = found.array("sweeps_chi_\(chi)")?.values else { continue }
      let curves = (0..<starts(stage)).map { start in
        Curve(
          starts(stage) > 8 ? "" : "start \(start + 1)", x: sweeps,
          y: Array(errors.values[start * sweeps.count..<(start + 1) * sweeps.count]),
          style: .line)
      }
      items.append(
        .figure(
          Figure(
            name: "convergence-\(chi)", title: "Optimisation at chi = \(chi)",
            caption: stage == 0
              ? "Energy above -4/pi against sweeps, from random tensors that conserve parity."
              : "Energy above -4/pi against sweeps, from the best solution of chi = \(bondDimensions[stage - 1]) embedded with noise of width \(noise).",
            content: .curves(curves, xLabel: "sweeps", yLabel: "e - e_0 (J)", logX: true, logY: true))))
    }
    return ReportSection("Convergence", items)
  }

  private func spectrum(_ found: Recording) -> ReportSection {
    let count = Self.levels, places = (0..<count).map { Double($0 + 1) }
    var curves = [Curve("exact", x: places, y: Array(Self.exactDimensions.prefix(count)), style: .steps)]
    for chi in bondDimensions {
      guard let dimensions = value(found, chi, "scaling_dimensions") else { continue }
      curves.append(Curve("chi = \(chi)", x: Array(places.prefix(dimensions.count)), y: dimensions, style: .points))
    }
    return ReportSection(
      "Scaling dimensions",
      [
        .figure(
          Figure(
            name: "scaling-dimensions", title: "The spectrum of the two-site superoperator",
            caption:
              "Delta = -log_3 lambda in rising order, against the operators of the Ising conformal field theory: identity, sigma (1/8), epsilon (1), descendants.",
            content: .curves(curves, xLabel: "operator", yLabel: "scaling dimension", logX: false, logY: false)))
      ])
  }

  private func entropies(_ found: Recording) throws(StudyError) -> ReportSection {
    let lengths = Array(1...ScaleInvariantMERA.spins), exact: [Double]
    do { exact = try TransverseFieldChain(field: 1).blockEntropies(lengths: lengths) } catch { throw .unitFailed("\(error)") }
    var curves = [Curve("exact", x: lengths.map(Double.init), y: exact, style: .line)]
    for chi in bondDimensions {
      if let values = value(found, chi, "block_entropies") {
        curves.append(Curve("chi = \(chi)", x: lengths.map(Double.init), y: values, style: .points))
      }
    }
    return ReportSection(
      "Entanglement",
      [
        .figure(
          Figure(
            name: "block-entropies", title: "Entropy of a block of spins",
            caption:
              "S(l) of l neighbouring spins, the mean over a block's positions in the network, against free fermions; it grows as (c/3) ln l.",
            content: .curves(curves, xLabel: "block length l (sites)", yLabel: "S (nats)", logX: true, logY: false)))
      ])
  }
}
