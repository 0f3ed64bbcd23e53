internal import BoltzmannMachines
internal import Glibc
internal import LinearAlgebra
internal import Renormalization
public import Runtime

/// Known values of the variational map and of receptive fields.
public enum RenormalizationKnownValues {
  /// Mehta-Schwab on a ring, the bond machine and soft decimation, receptive fields.
  public static let checks: [Check] = [
    Check("B7", .fast, variationalMap), Check("B8", .fast, exactMaps), Check("B9", .fast, receptiveFields),
  ]

  /// W_ij = amplitude sin(1 + 3i + 7j), a_i = .2 cos(2 + i), b_j = .1 sin(3 + 2j).
  private static func machine(visible: Int, hidden: Int, amplitude: Double) -> RestrictedBoltzmannMachine<Double> {
    let weights = (0..<visible * hidden).map { amplitude * sin(Double(1 + 3 * ($0 / hidden) + 7 * ($0 % hidden))) }
    return RestrictedBoltzmannMachine(
      units: .plusMinusOne, visible: visible, hidden: hidden, weights: weights,
      visibleBias: (0..<visible).map { 0.2 * cos(Double(2 + $0)) },
      hiddenBias: (0..<hidden).map { 0.1 * sin(Double(3 + 2 * $0)) })
  }

  @Sendable private static func variationalMap() -> [KnownValue] {
    let energies = ExactVariationalMap.ringEnergies(sites: 6, coupling: 0.4)
    let rbm = machine(visible: 6, hidden: 3, amplitude: 0.5)
    let map = ExactVariationalMap(energies: energies, machine: rbm)
    let own = ExactVariationalMap.hiddenEnergies(of: rbm)
    let gap = zip(map.renormalizedEnergies, own).map { abs($0 - $1) }.max() ?? .nan
    let flat = ExactVariationalMap(energies: energies, machine: machine(visible: 6, hidden: 3, amplitude: 0))
    // A constant in T makes the free energies equal and leaves the laws as they are: X(v) = e^(H[v] - H_RBM[v] + constant).
    let none = ExactVariationalMap.visibleEnergies(of: machine(visible: 6, hidden: 3, amplitude: 0))
    let shifted = ExactVariationalMap(energies: energies, hidden: 0) { v, _ in energies[v] - none[v] - 1.678278052394 }
    let fine = Tolerance.absolute(1e-11), coarse = Tolerance.absolute(1e-9)
    let hidden = [-7.740930874, -5.347343036, -4.221775656, -4.502856650]
    return [
      KnownValue("ln Z, ring of 6 at K = 0.4", expected: 4.629607989982, found: map.logPartition, fine),
      KnownValue("ln Z_lambda, 6x3 machine", expected: 8.555984394280, found: map.modelLogPartition, fine),
      KnownValue("F^h - F^v", expected: -3.926376404298, found: map.freeEnergyDifference, fine),
      KnownValue("F^h - F^v as -ln <X>", expected: -3.926376404298, found: map.freeEnergyDifferenceOfX, fine),
      KnownValue("D_KL(P || p)", expected: 2.194959591997, found: map.kullbackLeibler, fine),
      KnownValue("D_KL as ln <X> - <ln X>", expected: 2.194959591997, found: map.jensenGap, fine),
    ]
      + hidden.enumerated().map {
        KnownValue("H_RG[h = \($0)]", expected: $1, found: map.renormalizedEnergies[$0], coarse)
      } + [
        KnownValue("max |H_RG - H_RBM|", expected: 1e-13, found: gap, .atMost),
        KnownValue("min ln X", expected: -0.314994731, found: map.logX.min() ?? .nan, coarse),
        KnownValue("max ln X", expected: 9.635551774, found: map.logX.max() ?? .nan, coarse),
        KnownValue("D_KL without weights", expected: 0.520078700556, found: flat.kullbackLeibler, fine),
        KnownValue("F^h - F^v without weights", expected: -1.678278052394, found: flat.freeEnergyDifference, fine),
        KnownValue("F^h - F^v with the constant -1.678278052394 added to T", expected: 0, found: shifted.freeEnergyDifference, fine),
        KnownValue("D_KL with it", expected: 0.520078700556, found: shifted.kullbackLeibler, fine),
      ]
  }

  @Sendable private static func exactMaps() throws -> [KnownValue] {
    let fine = Tolerance.absolute(1e-11), critical = log(1 + 2.0.squareRoot()) / 2
    // Every site owns its two forward bonds.
    let bonds: [(Int, Int)] = (0..<16).flatMap { site -> [(Int, Int)] in
      let right = site / 4 * 4 + (site + 1) % 4, below = (site + 4) % 16
      return [(site, right), (site, below)]
    }
    var values = [
      KnownValue("bond weight at K = 0.2", expected: 0.477537640021, found: BondMachine.weight(coupling: 0.2), fine),
      KnownValue("bond weight at K_c", expected: 0.764285459740, found: BondMachine.weight(coupling: critical), fine),
    ]
    for (name, k, known) in [("0.4", 0.4, 0.910068313990253), ("K_c", critical, 0.970119716172205)] {
      let machine = BondMachine.machine(sites: 16, bonds: bonds, coupling: k)
      let lnZ = try machine.exactLogPartition() - 32 * BondMachine.logConstant(coupling: k)
      values.append(KnownValue("ln[Z_RBM / (2e^K)^32] / 16, 4x4 at K = \(name)", expected: known, found: lnZ / 16, fine))
    }
    let energies = ExactVariationalMap.ringEnergies(sites: 8, coupling: 0.6)
    for (w, known) in [(1.0, 0.179963534206), (2, 0.288347523342), (.infinity, 0.310268229696)] {
      let map = ExactVariationalMap.softDecimation(energies: energies, hidden: 4, weight: w)
      let correlation = map.hiddenMean { h in (h ^ h >> 1) & 1 == 0 ? 1 : -1 }
      values.append(KnownValue("soft decimation w = \(w), ring of 8 at K = 0.6: <h h'>", expected: known, found: correlation, fine))
      values.append(KnownValue("soft decimation w = \(w): F^h - F^v", expected: 0, found: map.freeEnergyDifference, fine))
      values.append(KnownValue("soft decimation w = \(w): D_KL", expected: 0, found: map.kullbackLeibler, fine))
    }
    return values
  }

  @Sendable private static func receptiveFields() -> [KnownValue] {
    func field(_ shape: [Int], _ value: (Int, Int) -> Double) -> ReceptiveField? {
      ReceptiveField((0..<shape[0] * shape[1]).map { value($0 / shape[1], $0 % shape[1]) }, shape: shape)
    }
    let near = Tolerance.absolute(1e-8)
    let fields: [(String, ReceptiveField?, ratio: Double, radius: Double)] = [
      ("2x2 block across the corner", field([8, 8]) { ($0 % 7 == 0 && $1 % 7 == 0) ? 1 : 0 }, 4, 0.707106781187),
      ("4x4 block", field([16, 16]) { (3...6).contains($0) && (13...16).contains($1 == 0 ? 16 : $1) ? -0.3 : 0 }, 16, 1.581138830084),
      (
        // Not continued across the boundary, so that its tail is cut 10 sites from the centre.
        "Gaussian of amplitude width 3 about (10, 24.5) on 40x40, cut at the boundary",
        field([40, 40]) {
          let x = Double($0) - 10, y = Double($1) - 24.5
          return exp(-(x * x + y * y) / 18)
        }, 56.548634389, 2.999994178
      ),
      (
        "Gaussian of amplitude width 3 amid 40x40: 4 pi sigma^2 / 2, sigma",
        field([40, 40]) {
          let x = Double($0) - 20, y = Double($1) - 20
          return exp(-(x * x + y * y) / 18)
        }, 18 * Double.pi, 3
      ),
    ]
    return fields.flatMap { name, field, ratio, radius in
      [
        KnownValue("participation ratio, \(name)", expected: ratio, found: field?.participationRatio ?? .nan, near),
        KnownValue("rms radius, \(name)", expected: radius, found: field?.radius ?? .nan, near),
      ]
    }
  }
}
