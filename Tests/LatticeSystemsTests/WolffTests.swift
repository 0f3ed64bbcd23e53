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

  @Test("at infinite coupling Wolff turns one connected domain, at any width", arguments: [(3, 3), (5, 63), (7, 65), (4, 200)])
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
