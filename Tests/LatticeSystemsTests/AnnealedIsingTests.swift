import Glibc
import Laws
import LatticeSystems
import Oracles
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct AnnealedIsingTests {
  private let streams = KeyedStreams(StreamKey.derive(seed: 5, study: "test", unit: "annealed"))
  private func exact(_ coupling: Double) throws -> KaufmanTorus { try KaufmanTorus(columns: 8, rows: 8, coupling: coupling) }
  private let critical = IsingModel.criticalCoupling

  @Test("annealed importance sampling finds ln Z of the 8x8 torus at K_c within 4 sigma, by clusters and by heat bath")
  func annealing() throws {
    let model = try IsingModel(SquareLattice(size: 8), coupling: critical)
    func found<Move: IsingMove>(_ path: AnnealedIsing<Move>) -> Estimate {
      let sampling = AnnealedImportanceSampling(path, schedule: .linear(steps: 60))
      return sampling.estimate(sampling.run(replicas: 1000, from: streams).logWeights).logPartition
    }
    for estimate in [found(try AnnealedIsing<SwendsenWang>(model)), found(try AnnealedIsing<CheckerboardHeatBath>(model))] {
      #expect(estimate.error < 0.1)
      let logPartition = try exact(critical).logPartition
      #expect(abs(estimate.value - logPartition) < 4 * estimate.error)
    }
  }

  @Test("thermodynamic integration finds ln Z of the 8x8 torus at K_c within 4 sigma")
  func integration() throws {
    let path = try AnnealedIsing<SwendsenWang>(IsingModel(SquareLattice(size: 8), coupling: critical))
    let integration = ThermodynamicIntegration(
      path, nodes: ThermodynamicIntegration<AnnealedIsing<SwendsenWang>>.gaussLegendre(12), relaxation: 20, measurements: 100)
    let found = integration.estimate(integration.integrals(replicas: 40, from: streams))
    #expect(found.error < 0.2)
    let logPartition = try exact(critical).logPartition
    #expect(abs(found.value - logPartition) < 4 * found.error)
  }

  @Test("replica exchange gives the exact energy at every coupling within 4 sigma, and ln Z by reweighting")
  func exchange() throws {
    let model = try IsingModel(SquareLattice(size: 8), coupling: 0.5)
    let couplings = [0.3, 0.36, 0.41, 0.45, 0.5]
    var chains: [[SampledState]] = []
    for number in 0..<20 {
      let exchange = ReplicaExchange(
        try AnnealedIsing<CheckerboardHeatBath>(model), positions: couplings.map { $0 / 0.5 }, firstReplica: 100 + 5 * number)
      var progress = exchange.begin(from: streams), sums = couplings.map { _ in EnergySums() }
      exchange.advance(&progress, exchanges: 300, sweeps: 1, from: streams)
      exchange.advance(&progress, exchanges: 1000, sweeps: 1, from: streams) { progress in
        for rung in couplings.indices { sums[rung].add(energy: Double(progress.state(atRung: rung)!.replicas[0].energy)) }
      }
      #expect(progress.ladder.totalRoundTrips > 0)
      chains.append(zip(couplings, sums).map { SampledState(coupling: $0, sums: $1, inefficiency: 10) })
    }
    for (rung, coupling) in couplings.enumerated() {
      let means = Moments(
        chains.map { $0[rung].sums }.map { sums in
          zip(sums.energies, sums.counts).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(sums.total)
        })
      let energy = 64 * (try exact(coupling)).energyPerSite
      #expect(abs(means.mean - energy) < 4 * means.standardError)
      #expect(means.standardError < 0.5)
    }
    let found = try MultiHistogramReweighting.jackknife(chains: chains) {
      [-$0.freeEnergies[4], try $0.averages(at: 0.43).energy]
    }
    let difference = try exact(0.5).logPartition - exact(0.3).logPartition
    #expect(found[0].error < 0.1 && abs(found[0].value - difference) < 4 * found[0].error)
    let energy = 64 * (try exact(0.43)).energyPerSite
    #expect(found[1].error < 0.5 && abs(found[1].value - energy) < 4 * found[1].error)
  }

  @Test("exchange leaves the product of two 2x2 tori's laws invariant, exactly")
  func law() throws {
    struct Trade: MarkovKernel {
      let exchange: ReplicaExchange<AnnealedIsing<CheckerboardHeatBath>>
      func step(_ state: inout [IsingConfiguration], at step: UInt64, from streams: some Streams) {
        var progress = ReplicaExchange<AnnealedIsing<CheckerboardHeatBath>>.Progress(
          replicas: state.map { LatticeReplicas([try! CheckerboardConfiguration($0)]) }, first: 0,
          ladder: ExchangeLadder(rungs: 2), steps: 0)
        exchange.exchange(&progress, logRatios: exchange.logRatios(progress), from: streams)
        state = (0..<2).map { progress.state(atRung: $0)!.replicas[0].packed }
      }
    }
    let lattice = try SquareLattice(size: 2), model = try IsingModel(lattice, coupling: 0.6, field: 0.2)
    let exchange = ReplicaExchange(try AnnealedIsing<CheckerboardHeatBath>(model), positions: [0.4, 1])
    let states = (0..<UInt64(256)).map { number in
      [number & 15, number >> 4].enumerated().map { IsingConfiguration(lattice, spins: [$1], replica: $0) }
    }
    try stationarityLaw(
      Trade(exchange: exchange), states: states,
      logWeight: { 0.4 * model.logWeight($0[0].spins) + model.logWeight($0[1].spins) },
      index: { Int($0[0].spins[0] | $0[1].spins[0] << 4) })
  }

  @Test("log-ratios and derivatives are the model's, and replicas come back from a checkpoint")
  func ratios() throws {
    let model = try IsingModel(SquareLattice(rows: 6, columns: 10), coupling: 0.4, field: -0.3)
    let path = try AnnealedIsing<CheckerboardHeatBath>(model)
    let state = path.start(replicas: 3, firstReplica: 7, from: streams)
    let expected = state.replicas.map { model.logWeight($0.packed.spins) }
    #expect(zip(path.logDerivative(state, at: 0.3), expected).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(path.logRatio(state, from: 0.25, to: 0.75), expected).allSatisfy { abs($0 - 0.5 * $1) < 1e-12 })
    #expect(state.replicas.map(\.packed.replica) == [7, 8, 9])
    try checkpointLaws(state, equal: ==)
    try checkpointLaws(
      try AnnealedIsing<SwendsenWang>(IsingModel(SquareLattice(size: 9), coupling: 0.4)).start(
        replicas: 2, firstReplica: 1, from: streams), equal: ==)
    #expect(throws: LatticeError.fieldNotSupported(-0.3)) { try AnnealedIsing<SwendsenWang>(model) }
    #expect(throws: LatticeError.oddSize(rows: 9, columns: 9)) {
      try AnnealedIsing<CheckerboardHeatBath>(IsingModel(SquareLattice(size: 9), coupling: 0.4))
    }
  }

  @Test("moments and structure factor equal enumeration", arguments: [(4, 4, 0.44), (4, 3, 0.3), (3, 4, -0.3), (3, 5, 0.7)])
  func moments(columns: Int, rows: Int, coupling: Double) throws {
    let torus = EnumeratedIsing(columns: columns, rows: rows), n = Double(torus.sites)
    let waves = (0..<rows).map { (cos(2 * .pi * Double($0) / Double(rows)), sin(2 * .pi * Double($0) / Double(rows))) }
    func mode(_ state: Int) -> Double {
      var (a, b) = (0.0, 0.0)
      for site in 0..<torus.sites {
        let s = Double(torus.spin(state, site))
        a += s * waves[site / columns].0
        b += s * waves[site / columns].1
      }
      return a * a + b * b
    }
    func square(_ state: Int) -> Double { pow(Double(torus.magnetization(state)) / n, 2) }
    func fourth(_ state: Int) -> Double { pow(Double(torus.magnetization(state)) / n, 4) }
    let expected = torus.averages(coupling: coupling, of: [square, fourth, mode]).averages
    let found = try IsingTorusMoments(columns: columns, rows: rows, coupling: coupling)
    #expect(abs(found.squaredMagnetization - expected[0]) < 1e-13)
    #expect(abs(found.fourthPower - expected[1]) < 1e-13)
    #expect(abs(found.structureFactor - expected[2] / n) < 1e-12)
  }
}
