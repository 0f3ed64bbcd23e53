import Foundation
import LatticeSystems
import Laws
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct WolffTests {
  let number = { @Sendable (state: IsingConfiguration) in Int(state.spins[0]) }

  @Test("Wolff on packed spins is in detailed balance on a 3x3 torus") func detailedBalance() throws {
    let lattice = try SquareLattice(size: 3)
    let model = try IsingModel(lattice, coupling: 0.44)
    let states = (0..<UInt64(512)).map { IsingConfiguration(lattice, spins: [$0], replica: 0) }
    // States of lower energies have up to 10^6 branches each.
    let most = states.filter { model.energy($0.spins) >= -2 }
    #expect(most.count > 200)
    try detailedBalanceLaw(Wolff(model), states: most, logWeight: { model.logWeight($0.spins) }, index: number)
    let other = try IsingModel(lattice, coupling: 0.4401)
    #expect(throws: LawViolation.self) {
      try detailedBalanceLaw(Wolff(other), states: most, logWeight: { model.logWeight($0.spins) }, index: number)
    }
  }

  @Test(
    "64 sites at a time, each cluster has the probability that its bonds give it, across words and edges",
    arguments: [
      (64, [(1, 20)]), (64, [(1, 63)]), (64, [(3, 0), (0, 63)]), (128, [(1, 63), (2, 64)]), (128, [(3, 127), (0, 0)]), (192, [(2, 64)]),
    ])
  func clustersOfWords(columns: Int, turned: [(row: Int, column: Int)]) throws {
    // Around a site turned over in a checkerboard its four neighbours are like it; clusters are small everywhere else.
    let lattice = try SquareLattice(rows: 4, columns: columns), model = try IsingModel(lattice, coupling: 0.3)
    var words = (0..<4 * columns / 64).map { $0 / (columns / 64) % 2 == 0 ? 0x5555_5555_5555_5555 : ~0x5555_5555_5555_5555 as UInt64 }
    for (row, column) in turned { words[(row * columns + column) / 64] ^= 1 << UInt64(column % 64) }
    let state = IsingConfiguration(lattice, spins: words, replica: 0)
    func number(_ spins: [UInt64]) -> Int { Int(truncatingIfNeeded: spins.reduce(0) { ($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15 }) }
    let found = try transitions(of: Wolff(model), from: state) { number($0.spins) }
    // Every set of open bonds among the like sites around the seed, with its probability.
    let open = 1 - exp(-2 * model.coupling)
    var expected: [Int: Double] = [:]
    for seed in 0..<lattice.sites {
      var domain = [seed], bonds: [(Int, Int)] = []
      var next = 0
      while next < domain.count {
        let site = domain[next]
        next += 1
        for other in lattice.neighbours(of: site) where state[other] == state[site] {
          if !domain.contains(other) { domain.append(other) }
          if site < other { bonds.append((site, other)) }
        }
      }
      for choice in 0..<1 << bonds.count {
        var cluster: Set<Int> = [seed], grew = true
        while grew {
          grew = false
          for (k, (a, b)) in bonds.enumerated() where choice >> k & 1 == 1 && cluster.contains(a) != cluster.contains(b) {
            cluster.formUnion([a, b])
            grew = true
          }
        }
        var after = state
        for site in cluster { after.set(site, !state[site]) }
        let count = choice.nonzeroBitCount
        let weight = pow(open, Double(count)) * pow(1 - open, Double(bonds.count - count)) / Double(lattice.sites)
        expected[number(after.spins), default: 0] += weight
      }
    }
    #expect(Set(found.keys) == Set(expected.keys))
    for (target, probability) in expected { #expect(abs((found[target] ?? 0) - probability) <= 1e-13) }
  }

  @Test(
    "at infinite coupling Wolff turns one connected domain, at any width",
    arguments: [(3, 3), (5, 63), (7, 65), (4, 200), (3, 64), (6, 192)])
  func domains(rows: Int, columns: Int) throws {
    let lattice = try SquareLattice(rows: rows, columns: columns)
    var kernel = try Wolff(IsingModel(lattice, coupling: 100))
    let streams = KeyedStreams(StreamKey.derive(seed: 4, study: "test", unit: "domains"))
    for replica in 0..<20 {
      var state = IsingConfiguration(hot: lattice, replica: replica, from: streams)
      let before = state
      kernel.step(&state, at: 0, from: streams)
      let turned = (0..<lattice.sites).filter { before[$0] != state[$0] }
      #expect(turned.count == kernel.clusterSize && turned.count > 0)
      // Connected, of one sign, and no neighbour outside has that sign.
      var seen: Set<Int> = [turned[0]], stack = [turned[0]]
      while let site = stack.popLast() {
        for other in lattice.neighbours(of: site) where before[other] == before[site] {
          #expect(state[other] != before[other])
          if seen.insert(other).inserted { stack.append(other) }
        }
      }
      #expect(seen == Set(turned))
    }
  }

  @Test("<|C|> and e of 16x64 at K_c are those of site by site growth and of Kaufman's solution within 4 sigma") func words() throws {
    let model = try IsingModel(SquareLattice(rows: 16, columns: 64), coupling: IsingModel.criticalCoupling)
    let other = try HypercubicIsing(HypercubicLattice([64, 16]), coupling: model.coupling)
    let streams = KeyedStreams(StreamKey.derive(seed: 6, study: "test", unit: "words"))
    var wolff = try Wolff(model), generic = try WolffCluster(other)
    var chain = IsingChain(model.lattice, replica: 0, start: .hot, from: streams)
    var slow = LatticeChain(LatticeConfiguration(cold: other, replica: 1))
    chain.advance(sweeps: 500, with: &wolff, from: streams)
    slow.advance(sweeps: 500, with: &generic, from: streams)
    var sizes: [Double] = [], energies: [Double] = [], slowSizes: [Double] = []
    for _ in 0..<40_000 {
      chain.advance(sweeps: 1, with: &wolff, from: streams)
      sizes.append(Double(wolff.clusterSize))
      energies.append(Double(model.energy(chain.configuration.spins)) / Double(model.lattice.sites))
      slow.advance(sweeps: 1, with: &generic, from: streams)
      slowSizes.append(Double(generic.clusterSize))
    }
    let size = try AutocorrelationTime(sizes).mean, slowSize = try AutocorrelationTime(slowSizes).mean
    let energy = try AutocorrelationTime(energies).mean
    let exact = try KaufmanTorus(columns: 64, rows: 16, coupling: model.coupling).energyPerSite
    #expect(abs(size.value - slowSize.value) < 4 * (size.error * size.error + slowSize.error * slowSize.error).squareRoot())
    #expect(abs(energy.value - exact) < 4 * energy.error && energy.error < 0.005)
  }

  @Test("four decisions at once have their probability each, also where it is a tie of leading digits") func fourDecisions() {
    for probability in [0.5857864376269049, 0.5, 0.0001, 0x1p-20, 0.75 + 0x1p-16, 1.0.nextDown] {
      var choices = KeyedStreams(StreamKey(high: 3, low: 4)).series(replica: 0, step: 0, site: 0, purpose: .bond)
      let odds = FourOdds(probability), draws = 400_000
      var counts = [Int](repeating: 0, count: 64)
      for _ in 0..<draws {
        let joined = choices.bernoulliFour(odds, where: 0x8000_8000_8000_8000)
        for bit in 0..<64 where joined >> UInt64(bit) & 1 == 1 { counts[bit] += 1 }
      }
      for bit in 0..<64 {
        let p = bit % 16 == 15 ? probability : 0, mean = Double(draws) * p
        #expect(abs(Double(counts[bit]) - mean) <= 4.5 * (mean * (1 - p)).squareRoot() + 1e-6)
      }
      #expect(choices.bernoulliFour(odds, where: 0) == 0)
    }
  }

  @Test("<|C|> and e of 8x8 at K_c from Wolff are the exact susceptibility and energy within 4 sigma, packed or not")
  func susceptibility() throws {
    let packed = try IsingModel(SquareLattice(size: 8), coupling: IsingModel.criticalCoupling)
    let model = try HypercubicIsing(HypercubicLattice([8, 8]), coupling: IsingModel.criticalCoupling)
    let streams = KeyedStreams(StreamKey.derive(seed: 5, study: "test", unit: "wolff"))
    let energy = try KaufmanTorus(columns: 8, rows: 8, coupling: packed.coupling).energyPerSite
    func check(_ samples: [(size: Double, energy: Double)]) throws {
      let size = try AutocorrelationTime(samples.map(\.size)).mean, e = try AutocorrelationTime(samples.map(\.energy)).mean
      #expect(abs(size.value - 41.402340799631) < 4 * size.error && size.error < 0.3)
      #expect(abs(e.value - energy) < 4 * e.error && e.error < 0.005)
    }
    var wolff = try Wolff(packed), generic = try WolffCluster(model)
    var chain = IsingChain(packed.lattice, replica: 0, start: .hot, from: streams)
    var other = LatticeChain(LatticeConfiguration(cold: model, replica: 1))
    chain.advance(sweeps: 200, with: &wolff, from: streams)
    other.advance(sweeps: 200, with: &generic, from: streams)
    try check(
      (0..<50_000).map { _ in
        chain.advance(sweeps: 1, with: &wolff, from: streams)
        return (Double(wolff.clusterSize), Double(packed.energy(chain.configuration.spins)) / 64)
      })
    try check(
      (0..<50_000).map { _ in
        other.advance(sweeps: 1, with: &generic, from: streams)
        return (Double(generic.clusterSize), model.energy(other.configuration.values) / 64)
      })
  }
}
