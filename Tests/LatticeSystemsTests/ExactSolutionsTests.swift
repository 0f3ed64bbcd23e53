import Glibc
import LatticeSystems
import Oracles
import Testing

private let criticalCoupling = SquareIsing.criticalCoupling

@Suite("Exact solutions")
struct ExactSolutionsTests {
  @Test(
    "Kaufman's torus equals brute force in ln Z, e and c, on both sides of K_c and at it",
    arguments: [(2, 2), (2, 3), (3, 2), (3, 3), (3, 4), (4, 3), (4, 4), (5, 3)])
  func kaufmanEnumeration(columns: Int, rows: Int) throws {
    let lattice = EnumeratedIsing(columns: columns, rows: rows)
    let n = Double(columns * rows)
    for k in [0.05, 0.3, criticalCoupling, 0.8] {
      let exact = lattice.thermodynamics(coupling: k)
      let found = try KaufmanTorus(columns: columns, rows: rows, coupling: k)
      #expect(abs(found.logPartitionPerSite - exact.logZ / n) < 1e-13)
      #expect(abs(found.energyPerSite - exact.energy / n) < 2e-12)
      #expect(abs(found.specificHeat - k * k * (exact.energySquared - exact.energy * exact.energy) / n) < 1e-11)
    }
  }

  @Test("Kaufman's torus equals brute force on 4 x 5")
  func kaufmanTwenty() throws {
    let lattice = EnumeratedIsing(columns: 4, rows: 5)
    for k in [0.25, criticalCoupling, 0.6] {
      let exact = lattice.thermodynamics(coupling: k)
      for (columns, rows) in [(4, 5), (5, 4)] {
        let found = try KaufmanTorus(columns: columns, rows: rows, coupling: k)
        #expect(abs(found.logPartitionPerSite - exact.logZ / 20) < 1e-12)
        #expect(abs(found.energyPerSite - exact.energy / 20) < 1e-12)
        #expect(abs(found.specificHeat - k * k * (exact.energySquared - exact.energy * exact.energy) / 20) < 1e-10)
      }
    }
  }

  @Test("energy and specific heat are the derivatives of ln Z, across K_c", arguments: [8, 15, 32])
  func kaufmanDerivatives(size: Int) throws {
    for k in [0.2, 0.4, criticalCoupling - 1e-7, criticalCoupling, criticalCoupling + 1e-7, 0.5, 0.9] {
      let h = 0.002
      let values = try (-3...3).map { try KaufmanTorus(columns: size, rows: size + 1, coupling: k + Double($0) * h) }
      let centre = values[3]
      // Sixth-order central differences: errors of order h^6 times the seventh derivative.
      func slope(_ f: (KaufmanTorus) -> Double) -> Double {
        let y = values.map(f)
        return (45 * (y[4] - y[2]) - 9 * (y[5] - y[1]) + (y[6] - y[0])) / (60 * h)
      }
      #expect(abs(-slope(\.logPartitionPerSite) - centre.energyPerSite) < 1e-7)
      #expect(abs(-k * k * slope(\.energyPerSite) - centre.specificHeat) < 1e-5)
    }
  }

  @Test("a torus is the same turned by a right angle, and continuous where the fourth product changes sign")
  func symmetry() throws {
    for k in [0.1, 0.42, criticalCoupling, 0.7] {
      let one = try KaufmanTorus(columns: 7, rows: 40, coupling: k)
      let other = try KaufmanTorus(columns: 40, rows: 7, coupling: k)
      #expect(abs(one.logPartitionPerSite - other.logPartitionPerSite) < 1e-13)
      #expect(abs(one.energyPerSite - other.energyPerSite) < 1e-12)
      #expect(abs(one.specificHeat - other.specificHeat) < 1e-11)
    }
    let near = try [-1e-12, 0, 1e-12].map { try KaufmanTorus(columns: 64, rows: 64, coupling: criticalCoupling + $0) }
    #expect(abs(near[2].energyPerSite - near[0].energyPerSite) < 1e-10)
    #expect(abs(near[2].specificHeat - near[1].specificHeat) < 1e-8)
  }

  @Test("large tori become Onsager's solution away from K_c, specific heat included")
  func onsagerLimit() throws {
    for k in [0.05, 0.2, 0.3, 0.6, 1, 3] {
      let torus = try KaufmanTorus(columns: 256, rows: 256, coupling: k)
      let limit = try OnsagerSolution(coupling: k)
      // Below K_c ln Z is the same; above, two states share it: ln 2 per torus.
      let shared = k > criticalCoupling ? log(2.0) / 65536 : 0.0
      #expect(abs(torus.logPartitionPerSite - limit.logPartitionPerSite - shared) < 1e-12)
      #expect(abs(torus.energyPerSite - limit.energyPerSite) < 1e-11)
      #expect(abs(torus.specificHeat - limit.specificHeat) < 1e-9)
    }
  }

  @Test("Onsager's solution is dual, reaches -sqrt 2 at K_c and keeps its digits beside it")
  func onsagerCritical() throws {
    for k in [0.2, 0.35, 0.44, 0.4406867] {
      // sinh 2K sinh 2K' = 1 and lnZ(K) - ln sinh(2K)/2 is the same at both.
      let dual = 0.5 * asinh(1 / sinh(2 * k))
      let a = try OnsagerSolution(coupling: k).logPartitionPerSite - 0.5 * log(sinh(2 * k))
      let b = try OnsagerSolution(coupling: dual).logPartitionPerSite - 0.5 * log(sinh(2 * dual))
      #expect(abs(a - b) < 1e-14)
    }
    let catalan = 0.915965594177219015
    let critical = try OnsagerSolution(coupling: criticalCoupling)
    #expect(abs(critical.logPartitionPerSite - (0.5 * log(2) + 2 * catalan / Double.pi)) < 1e-15)
    #expect(abs(critical.energyPerSite + sqrt(2)) < 1e-14)
    for offset in [1e-3, 1e-6, 1e-9] {
      let pair = try [-offset, offset].map { try OnsagerSolution(coupling: criticalCoupling + $0) }
      // de/dK = -c/K^2, c about 0.4945 (-ln|K/K_c - 1|) + constant, the same from both sides to order offset.
      let slope = (pair[1].energyPerSite - pair[0].energyPerSite) / (2 * offset)
      let mean = 0.5 * (pair[0].specificHeat + pair[1].specificHeat) / (criticalCoupling * criticalCoupling)
      let amplitude = 8 / Double.pi
      // The mean slope over [-d, d] of a logarithm exceeds its value at d by the amplitude.
      #expect(abs(-slope - mean - amplitude) < 0.01)
      #expect(pair[0].magnetization == 0 && pair[1].magnetization > 0)
    }
  }

  @Test("the elliptic integrals keep Legendre's relation and their end values")
  func elliptic() {
    for k in [1e-3, 0.1, 0.5, 0.7, 0.999] {
      let other = sqrt((1 - k) * (1 + k))
      let a = CompleteEllipticIntegrals(complementaryModulus: other)
      let b = CompleteEllipticIntegrals(complementaryModulus: k)
      #expect(abs(a.first * b.second + a.second * b.first - a.first * b.first - Double.pi / 2) < 1e-14)
    }
    #expect(CompleteEllipticIntegrals(complementaryModulus: 1).first == Double.pi / 2)
    #expect(CompleteEllipticIntegrals(complementaryModulus: 0).second == 1)
    #expect(CompleteEllipticIntegrals(complementaryModulus: 2).first.isNaN)
    // K = ln(4/k') to order k'^2.
    #expect(abs(CompleteEllipticIntegrals(complementaryModulus: 1e-200).first - log(4e200)) < 1e-12)
  }

  @Test("the ring equals brute force, with a field, for either sign of K, and in its correlations")
  func ring() throws {
    for sites in [2, 3, 7, 8] {
      let lattice = EnumeratedIsing(columns: sites, rows: 1, ring: true)
      let n = Double(sites)
      for k in [-1.1, -0.2, 0, 0.3, 0.7] {
        for b in [0, 0.3, -1.2] {
          let exact = lattice.thermodynamics(coupling: k, field: b)
          let found = try IsingRing(sites: sites, coupling: k, field: b)
          #expect(abs(found.logPartitionPerSite - exact.logZ / n) < 1e-14)
          #expect(abs(found.energyPerSite - exact.energy / n) < 1e-13)
          #expect(abs(found.specificHeat - k * k * (exact.energySquared - exact.energy * exact.energy) / n) < 1e-12)
          #expect(abs(found.magnetization - exact.magnetization / n) < 1e-13)
          let variance = exact.magnetizationSquared - exact.magnetization * exact.magnetization
          #expect(abs(found.susceptibility - variance / n) < 1e-12)
          for r in 0...sites {
            let pair: (Int) -> Double = { Double(lattice.spin($0, 0) * lattice.spin($0, r % sites)) }
            let correlation = lattice.averages(coupling: k, field: b, of: [pair]).averages[0]
            #expect(abs(found.correlation(distance: r) - correlation) < 1e-13)
          }
        }
      }
    }
    // A frustrated ring at zero temperature: 2N states with one unsatisfied bond.
    let frustrated = try IsingRing(sites: 7, coupling: -30)
    #expect(abs(frustrated.logPartitionPerSite - (log(14) + 30 * 5) / 7) < 1e-13)
    #expect(abs(frustrated.energyPerSite - 5.0 / 7) < 1e-12)
    #expect(abs(frustrated.correlation(distance: 1) + 5.0 / 7) < 1e-12)
  }

  @Test("the density of states equals brute force and has the counts of a torus", arguments: [(1, 4), (2, 3), (3, 3), (4, 3), (3, 5)])
  func densityOfStates(columns: Int, rows: Int) throws {
    let lattice = EnumeratedIsing(columns: columns, rows: rows)
    var counts = [UInt64](repeating: 0, count: 2 * columns * rows + 1)
    for state in 0..<(1 << lattice.sites) { counts[(lattice.energy(state) + lattice.bonds.count) / 2] += 1 }
    let found = try IsingDensityOfStates(columns: columns, rows: rows)
    #expect(found.counts == counts)
    #expect(found.count(energy: -2 * lattice.sites) == counts[0] && found.count(energy: 1) == 0)
    for k in [-0.3, 0, 0.4, 2] {
      let exact = lattice.thermodynamics(coupling: k)
      let n = Double(lattice.sites)
      let perSite = found.perSite(coupling: k)
      #expect(abs(perSite.logPartition - exact.logZ / n) < 1e-13)
      #expect(abs(perSite.energy - exact.energy / n) < 1e-12)
      #expect(abs(perSite.specificHeat - k * k * (exact.energySquared - exact.energy * exact.energy) / n) < 1e-10)
      #expect(abs(found.probabilities(coupling: k).reduce(0, +) - 1) < 1e-14)
    }
  }

  @Test("8 x 8 counted and Kaufman's 8 x 8 give one thermodynamics")
  func eight() throws {
    let states = try IsingDensityOfStates(columns: 8, rows: 8)
    for k in [0.2, criticalCoupling, 0.7] {
      let a = states.perSite(coupling: k)
      let b = try KaufmanTorus(columns: 8, rows: 8, coupling: k).perSite
      #expect(abs(a.logPartition - b.logPartition) < 1e-14)
      #expect(abs(a.energy - b.energy) < 1e-12)
      #expect(abs(a.specificHeat - b.specificHeat) < 1e-11)
    }
  }

  @Test("what is out of range is refused with its value")
  func refusals() {
    for bad in [-0.1, .nan, .infinity, 151] {
      #expect(throws: ExactSolutionError.self) { try KaufmanTorus(columns: 4, rows: 4, coupling: bad) }
      #expect(throws: ExactSolutionError.self) { try OnsagerSolution(coupling: bad) }
    }
    #expect(throws: ExactSolutionError.sizeOutOfRange(columns: 1, rows: 4, allowed: 2...65536)) {
      try KaufmanTorus(columns: 1, rows: 4, coupling: 0.4)
    }
    #expect(throws: ExactSolutionError.sizeOutOfRange(columns: 9, rows: 9, allowed: 1...12)) {
      try IsingDensityOfStates(columns: 9, rows: 9)
    }
    #expect(throws: ExactSolutionError.fieldOutOfRange(101, allowed: -100...100)) {
      try IsingRing(sites: 4, coupling: 1, field: 101)
    }
    #expect(throws: ExactSolutionError.self) { try IsingRing(sites: 1, coupling: 1) }
  }

  @Test("K = 0 and very large K are their limits")
  func limits() throws {
    #expect(try KaufmanTorus(columns: 5, rows: 4, coupling: 0).perSite == OnsagerSolution(coupling: 0).perSite)
    let cold = try KaufmanTorus(columns: 6, rows: 8, coupling: 100)
    #expect(abs(cold.logPartitionPerSite - (200 + log(2) / 48)) < 1e-12)
    #expect(abs(cold.energyPerSite + 2) < 1e-12)
    #expect(abs(try OnsagerSolution(coupling: 100).energyPerSite + 2) < 1e-12)
  }
}
