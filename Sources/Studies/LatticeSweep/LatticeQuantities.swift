import Glibc
import LatticeSystems

/// The quantities that the means of a row give, for one lattice and coupling.
struct LatticeQuantities {
  /// One quantity: its name and unit; `column` names the observable of a row that it is the mean of, times `scale`.
  struct Quantity {
    let name: String, unit: String, column: Int?, scale: Double
    let value: @Sendable ([Double]) -> Double
  }
  let all: [Quantity]
  private let study: LatticeSweep, coupling: Double

  /// From means `[row..., E^2]`.
  func values(_ means: [Double]) -> [Double] { all.map { $0.value(means) } }

  init(_ study: LatticeSweep, names: [String], coupling: Double) {
    let sites = Double(study.sites), common = CommonObservable.allCases.count, squareOfEnergy = common + names.count
    func mean(_ name: String, _ unit: String, _ column: Int, scale: Double = 1) -> Quantity {
      Quantity(name: name, unit: unit, column: column, scale: abs(scale)) { $0[column] * scale }
    }
    func derived(_ name: String, _ unit: String = "1", _ value: @escaping @Sendable ([Double]) -> Double) -> Quantity {
      Quantity(name: name, unit: unit, column: nil, scale: 1, value: value)
    }
    // In a field <m> is no longer zero by symmetry: it is what fluctuations are about, and |m| is not.
    let centre = study.field == 0 ? 1 : common + (names.firstIndex(of: "magnetization") ?? 0)
    let size = Double(study.extents.max()!), first = 2 * sin(Double.pi / size)
    var all = [
      mean("energy_per_site", study.model == .phi4 ? "1" : "J", 0, scale: 1 / sites),
      derived("specific_heat") { coupling * coupling * ($0[squareOfEnergy] - $0[0] * $0[0]) / sites },
      mean("abs_magnetization", "1", 1), mean("squared_magnetization", "1", 2),
      derived("susceptibility") { sites * $0[2] },
      derived("connected_susceptibility") { sites * ($0[2] - $0[centre] * $0[centre]) },
      derived("binder_cumulant") { 1 - $0[3] / (3 * $0[2] * $0[2]) },
    ]
    // One length serves as xi only where all axes are alike; in a field S(0) holds N <m>^2, which is no correlation.
    if Set(study.extents).count == 1, study.extents[0] >= 3, study.field == 0 {
      let length: @Sendable ([Double]) -> Double = { means in
        // Without any fluctuation at the lowest momentum there is no length.
        guard means[4] > 1e-12 * sites * means[2] else { return .nan }
        // Below zero by noise alone: kept for the jackknife, refused where it is the result.
        let ratio = sites * means[2] / means[4] - 1
        return (ratio < 0 ? -(-ratio).squareRoot() : ratio.squareRoot()) / first
      }
      all.append(derived("correlation_length", "sites", length))
      all.append(derived("correlation_length_over_size") { length($0) / size })
    }
    for (k, name) in names.enumerated() where !name.hasPrefix("bond_") {
      all.append(mean(name, name == LatticeSweep.clusterSize ? "sites" : "1", common + k))
    }
    if study.model == .xy, let k = names.firstIndex(of: "bond_cosine") {
      all.append(derived("helicity_modulus", "J") { $0[common + k] - coupling * $0[common + k + 1] })
    }
    if study.model == .phi4 { all.append(mean("neighbour_product", "1", 0, scale: -1 / (2 * sites * Double(study.extents.count)))) }
    self.all = all
    (self.study, self.coupling) = (study, coupling)
  }

  /// Values of some of the names that are known exactly for this lattice: Kaufman's torus, the ring, the free field.
  var exact: [(name: String, value: Double)] {
    let extents = study.extents
    switch (study.model, extents.count) {
    case (.ising, 2) where study.field == 0 && coupling > 0:
      guard let torus = try? KaufmanTorus(columns: extents[1], rows: extents[0], coupling: coupling) else { return [] }
      return [("energy_per_site", torus.energyPerSite), ("specific_heat", torus.specificHeat)]
    case (.ising, 1):
      guard let ring = try? IsingRing(sites: extents[0], coupling: coupling, field: study.field) else { return [] }
      return [("energy_per_site", ring.energyPerSite), ("specific_heat", ring.specificHeat)]
    case (.phi4, _) where study.quartic == 0:
      guard let lattice = try? HypercubicLattice(extents), let free = try? FreeScalarField(lattice, hopping: coupling) else { return [] }
      return [("field_squared", free.square), ("neighbour_product", free.neighbourProduct), ("susceptibility", free.susceptibility)]
    default: return []
    }
  }

  /// Whose exact values these are.
  static func exactWords(_ study: LatticeSweep) -> String {
    switch (study.model, study.extents.count) {
    case (.ising, 1): "the exact solution of the ring"
    case (.ising, _): "Kaufman's exact solution of the torus"
    default: "the exact free field"
    }
  }
}
