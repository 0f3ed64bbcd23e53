import Glibc
import LatticeSystems
import Runtime

extension LatticeModelKnownValues {
  private static let critical = IsingModel.criticalCoupling
  private static let moments = ["<|m|>", "<m^2>", "U"]

  private static func magnetization(_ size: Int, _ coupling: Double, _ expected: [Double]) throws -> [KnownValue] {
    let law = try MagnetizationLaw(columns: size, rows: size, coupling: coupling)
    return compare(
      "the \(size)x\(size) torus at K = \(coupling)", moments, expected, [law.moment(1), law.moment(2), law.binderCumulant],
      within: 1e-10)
  }
  static func magnetizationSmall() throws -> [KnownValue] {
    try magnetization(4, critical, [0.843860444813, 0.761358908569, 0.617199318412])
  }
  static func magnetizationExact() throws -> [KnownValue] {
    try magnetization(8, 0.4, [0.603128979407, 0.432099078576, 0.524122855863])
      + magnetization(8, critical, [0.777331092787, 0.646911574994, 0.613045384943])
      + magnetization(8, 0.5, [0.911452266143, 0.841671184622, 0.654618649250])
  }

  static func correlationLengths() throws -> [KnownValue] {
    try [(4, 3.81273506567), (6, 5.59964813325)].map { size, expected in
      let law = try MagnetizationLaw(columns: size, rows: size, coupling: critical)
      return KnownValue("xi of the \(size)x\(size) torus at K_c", expected: expected, found: law.correlationLength, .absolute(1e-8))
    }
  }
  /// The rest of A6: xi at L = 8, and where U and xi / L of two sizes are equal.
  static func crossings() throws -> [KnownValue] {
    var values = try [(critical, 7.38948965689), (0.4, 4.37121642091)].map { coupling, expected in
      let law = try MagnetizationLaw(columns: 8, rows: 8, coupling: coupling)
      return KnownValue("xi of the 8x8 torus at K = \(coupling)", expected: expected, found: law.correlationLength, .absolute(1e-8))
    }
    typealias Quantity = (MagnetizationLaw, Double) -> Double
    let binder: Quantity = { law, _ in law.binderCumulant }, length: Quantity = { law, size in law.correlationLength / size }
    for (name, quantity, small, large, expected) in [
      ("U", binder, 4, 6, 0.44986758774), ("U", binder, 6, 8, 0.44471674870), ("xi/L", length, 4, 6, 0.44794232470),
      ("xi/L", length, 6, 8, 0.44416315935),
    ] {
      func difference(_ coupling: Double) throws -> Double {
        func at(_ size: Int) throws -> Double {
          quantity(try MagnetizationLaw(columns: size, rows: size, coupling: coupling), Double(size))
        }
        return try at(large) - at(small)
      }
      // Secant steps from both sides of the crossing.
      var (a, b) = (0.44, 0.452), fa = try difference(a), fb = try difference(b)
      while abs(b - a) > 1e-10 {
        let next = b - fb * (b - a) / (fb - fa)
        (a, fa) = (b, fb)
        b = next
        fb = try difference(b)
        if fb == fa { break }
      }
      values.append(KnownValue("K where \(name) of L = \(small) and \(large) cross", expected: expected, found: b, .absolute(1e-7)))
    }
    return values
  }

  /// All 2^27 states of the 3^3 torus, half of them by symmetry, in Gray code order.
  static func cubeExact() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([3, 3, 3]), coupling = 0.22165463
    let masks = (0..<27).map { site in (0..<6).reduce(0) { $0 | 1 << Int(lattice.neighbours[6 * site + $1]) } }
    // counts[spins up][unlike bonds], from all spins down on; the last spin stays.
    var counts = [Int](repeating: 0, count: 28 * 82), state = 0, up = 0, unlike = 0
    counts[0] = 1
    for index in 1..<1 << 26 {
      let site = index.trailingZeroBitCount, bit = 1 << site
      let upBeside = (state & masks[site]).nonzeroBitCount
      unlike += state & bit == 0 ? 6 - 2 * upBeside : 2 * upBeside - 6
      state ^= bit
      up += state & bit == 0 ? -1 : 1
      counts[82 * up + unlike] += 1
    }
    var z = 0.0, sums = [0.0, 0.0, 0.0]
    for up in 0...27 {
      let m = abs(Double(2 * up - 27)) / 27
      for unlike in 0..<82 {
        let weight = Double(counts[82 * up + unlike]) * exp(-2 * coupling * Double(unlike))
        z += weight
        sums[0] += weight * m
        sums[1] += weight * m * m
        sums[2] += weight * m * m * m * m
      }
    }
    let m1 = sums[0] / z, m2 = sums[1] / z, m4 = sums[2] / z
    return compare(
      "the 3x3x3 torus at K = 0.22165463", moments, [0.590826120874, 0.423002139637, 0.501322965087],
      [m1, m2, 1 - m4 / (3 * m2 * m2)], within: 1e-10)
  }

  /// Sums over all states of a Potts model: ln Z / N, e, c, m_max and m^2.
  private static func enumerate(_ model: PottsModel) -> [Double] {
    let sites = model.lattice.sites, n = Double(sites)
    var values = [UInt8](repeating: 0, count: sites)
    var z = 0.0, sums = [0.0, 0.0, 0.0, 0.0]
    while true {
      let energy = model.energy(values), weight = exp(-model.coupling * energy)
      z += weight
      sums[0] += weight * energy
      sums[1] += weight * energy * energy
      sums[2] += weight * model.largestMagnetization(values)
      sums[3] += weight * model.squaredMagnetization(values)
      // The next state: an odometer over all sites but the last, whose colour a symmetry fixes.
      var site = 0
      while site < sites - 1 && Int(values[site]) == model.colours - 1 {
        values[site] = 0
        site += 1
      }
      if site == sites - 1 { break }
      values[site] += 1
    }
    let e = sums[0] / z
    return [
      log(z * Double(model.colours)) / n, e / n, model.coupling * model.coupling * (sums[1] / z - e * e) / n, sums[2] / z, sums[3] / z,
    ]
  }
  static func pottsExact() throws -> [KnownValue] {
    let lattice = try HypercubicLattice([3, 3])
    let three = enumerate(try PottsModel(lattice, colours: 3, coupling: 0.9))
    let four = enumerate(try PottsModel(lattice, colours: 4, coupling: log(3)))
    return compare(
      "3-state Potts, 3x3, K = 0.9", ["ln Z / N", "e", "c", "m_max", "m^2"],
      [2.01176991410, -1.59941346776, 1.25587576900, 0.791603823025, 0.705025555505], three, within: 1e-10)
      + compare(
        "4-state Potts, 3x3, K = ln 3", ["e", "c", "m^2"], [-1.71687964228, 1.61962553070, 0.816132096848],
        [four[1], four[2], four[4]], within: 1e-10)
  }

  static func freeField() throws -> [KnownValue] {
    let free = try FreeScalarField(HypercubicLattice([8, 8]), hopping: 0.22)
    return compare(
      "the free field, 8x8, kappa = 0.22", ["<phi^2>", "<phi phi'>", "chi"], [0.703494625703, 0.231243892844, 25.0 / 6],
      [free.square, free.neighbourProduct, free.susceptibility], within: 1e-12)
  }
  static func freeFieldCube() throws -> [KnownValue] {
    let plane = try FreeScalarField(HypercubicLattice([8, 8]), hopping: 0.2)
    let cube = try FreeScalarField(HypercubicLattice([8, 8, 8]), hopping: 0.15)
    return [
      KnownValue("<phi^2> of the free field, 8x8, kappa = 0.2", expected: 0.6354349942, found: plane.square, .absolute(1e-9)),
      KnownValue("<phi^2> of the free field, 8x8x8, kappa = 0.15", expected: 0.6169338549, found: cube.square, .absolute(1e-9)),
    ]
  }
}
