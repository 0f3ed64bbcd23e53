import Glibc
import Laws
import LatticeSystems
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct AnnealedLatticeTests {
  private let streams = KeyedStreams(StreamKey.derive(seed: 6, study: "test", unit: "annealed-lattice"))

  /// I_n(x) by its power series.
  private func bessel(_ n: Int, _ x: Double) -> Double {
    var term = (1...max(1, n)).reduce(1.0) { n == 0 ? $0 : $0 * x / 2 / Double($1) }, sum = term
    for k in 1..<60 {
      term *= x * x / 4 / Double(k * (k + n))
      sum += term
    }
    return sum
  }
  /// ln Z of the XY ring of N sites: the transfer matrix has the eigenvalues I_n(K), n of either sign.
  private func ringXY(_ sites: Int, _ coupling: Double) -> Double {
    log(pow(bessel(0, coupling), Double(sites)) + 2 * (1..<20).reduce(0) { $0 + pow(bessel($1, coupling), Double(sites)) })
  }
  /// ln Z of the q-state Potts ring: eigenvalues e^K + q - 1 once and e^K - 1 q - 1 times.
  private func ringPotts(_ sites: Int, _ colours: Int, _ coupling: Double) -> Double {
    let w = exp(coupling)
    return log(pow(w + Double(colours - 1), Double(sites)) + Double(colours - 1) * pow(w - 1, Double(sites)))
  }
  /// ln Z of the Ising ring with a field.
  private func ringIsing(_ sites: Int, _ coupling: Double, _ field: Double) -> Double {
    let mean = exp(coupling) * cosh(field)
    let half = sqrt(exp(2 * coupling) * sinh(field) * sinh(field) + exp(-2 * coupling))
    return log(pow(mean + half, Double(sites)) + pow(mean - half, Double(sites)))
  }
  /// ln Z and <phi^2> of the phi^4 ring of four sites, from the square of its transfer matrix on a grid of phi.
  private func ringScalar(_ kappa: Double, _ lambda: Double) -> (logPartition: Double, square: Double) {
    let step = 0.1, grid = (-50...50).map { step * Double($0) }
    func weight(_ x: Double) -> Double { step * exp(-x * x - lambda * (x * x - 1) * (x * x - 1)) }
    // Two sites between a and b: sum_c w(c) exp(2 kappa c (a + b)).
    func link(_ a: Double, _ b: Double) -> Double { grid.reduce(0) { $0 + weight($1) * exp(2 * kappa * $1 * (a + b)) } }
    var z = 0.0, square = 0.0
    for a in grid {
      for b in grid where weight(a) * weight(b) > 1e-18 {
        let term = weight(a) * weight(b) * link(a, b) * link(a, b)
        z += term
        square += term * a * a
      }
    }
    return (log(z), square / z)
  }

  /// ln Z from annealing and from thermodynamic integration, both within 4 sigma of `exact`.
  private func check<Model: CoupledModel, Move>(
    _ exact: Double, _ path: AnnealedLattice<Model, Move>, error: Double = 0.05
  ) throws {
    let annealing = AnnealedImportanceSampling(path, schedule: .linear(steps: 30))
    let annealed = annealing.estimate(annealing.run(replicas: 600, from: streams).logWeights).logPartition
    #expect(annealed.error < error && abs(annealed.value - exact) < 4 * annealed.error, "annealed: \(annealed), exact \(exact)")
    let integration = ThermodynamicIntegration(
      path, nodes: ThermodynamicIntegration<AnnealedLattice<Model, Move>>.gaussLegendre(8), relaxation: 10, measurements: 40)
    let integrated = integration.estimate(integration.integrals(replicas: 40, firstReplica: 1000, from: streams))
    #expect(integrated.error < error && abs(integrated.value - exact) < 4 * integrated.error, "integrated: \(integrated), exact \(exact)")
  }

  @Test("annealing and integration find ln Z of Ising, Potts, XY and phi^4 rings within 4 sigma, by local and cluster moves")
  func rings() throws {
    let eight = try HypercubicLattice([8]), six = try HypercubicLattice([6])
    let field = try HypercubicIsing(eight, coupling: 0.7, field: 0.3), ising = try HypercubicIsing(eight, coupling: 0.7)
    try check(ringIsing(8, 0.7, 0.3), AnnealedLattice(field) { LocalHeatBath($0) })
    try check(ringIsing(8, 0.7, 0), AnnealedLattice(ising) { m throws(LatticeError) in try SwendsenWangCluster(m) })
    let potts = try PottsModel(six, colours: 4, coupling: 1.1)
    try check(ringPotts(6, 4, 1.1), AnnealedLattice(potts) { LocalHeatBath($0) })
    try check(ringPotts(6, 4, 1.1), AnnealedLattice(potts) { m throws(LatticeError) in try LocalMetropolis(m) })
    let xy = try XYModel(six, coupling: 1.3)
    try check(ringXY(6, 1.3), AnnealedLattice(xy) { m throws(LatticeError) in Repeat(try LocalMetropolis(m, width: 3), count: 2) })
    try check(ringXY(6, 1.3), AnnealedLattice(xy) { m throws(LatticeError) in Repeat(try WolffCluster(m), count: 4) })
    let scalar = try ScalarPhi4Model(HypercubicLattice([4]), hopping: 0.3, quartic: 0.5)
    let exact = ringScalar(0.3, 0.5).logPartition
    try check(exact, AnnealedLattice(scalar) { m throws(LatticeError) in try HybridMonteCarlo(m, stepSize: 0.25, stepCount: 4) })
    try check(
      exact,
      AnnealedLattice(scalar) { m throws(LatticeError) in Then(try LocalMetropolis(m, width: 1.5), try SwendsenWangCluster(m)) })
  }

  @Test("annealing finds ln Z of the 4x4 torus and of the 3x3 Potts model within 4 sigma") func planes() throws {
    let ising = try HypercubicIsing(HypercubicLattice([4, 4]), coupling: IsingModel.criticalCoupling)
    let exact = try KaufmanTorus(columns: 4, rows: 4, coupling: ising.coupling).logPartition
    try check(exact, AnnealedLattice(ising) { m throws(LatticeError) in try SwendsenWangCluster(m) }, error: 0.1)
    // Enumerated elsewhere: 2.01176991410 a site at K = 0.9.
    let potts = try PottsModel(HypercubicLattice([3, 3]), colours: 3, coupling: 0.9)
    try check(9 * 2.01176991410, AnnealedLattice(potts) { m throws(LatticeError) in try SwendsenWangCluster(m) }, error: 0.1)
  }

  @Test("the free sites of phi^4 have the norm and the moments of their potential", arguments: [0, 0.3, 2, 50])
  func freeSites(lambda: Double) throws {
    let model = try ScalarPhi4Model(HypercubicLattice([4]), hopping: 0.1, quartic: lambda)
    let step = 0.001, grid = (-8000...8000).map { step * Double($0) }
    let weights = grid.map { exp(-$0 * $0 - lambda * ($0 * $0 - 1) * ($0 * $0 - 1)) }, norm = weights.reduce(0, +)
    #expect(abs(model.freeLogPartition - log(step * norm)) < 1e-12)
    var choices = streams.generator(replica: 0, step: 0, site: 0, purpose: .initial), moments = [Moments(), Moments(), Moments()]
    for _ in 0..<40_000 {
      let phi = model.freeValue(from: &choices)
      for k in 0..<3 { moments[k].add(pow(phi, Double([1, 2, 4][k]))) }
    }
    for (k, power) in [1.0, 2, 4].enumerated() {
      let exact = zip(grid, weights).reduce(0) { $0 + pow($1.0, power) * $1.1 } / norm
      #expect(abs(moments[k].mean - exact) < 4 * moments[k].standardError)
    }
  }

  @Test("replica exchange gives the exact energy of the XY ring and <phi^2> of the phi^4 ring on every rung within 4 sigma")
  func exchange() throws {
    func means<Model: CoupledModel, Move>(
      _ path: AnnealedLattice<Model, Move>, _ positions: [Double], _ measure: ([Model.Value]) -> Double
    ) -> [Moments] {
      var means = positions.map { _ in Moments() }
      for number in 0..<20 {
        let exchange = ReplicaExchange(path, positions: positions, firstReplica: 10 * number)
        var progress = exchange.begin(from: streams), sums = positions.map { _ in 0.0 }
        exchange.advance(&progress, exchanges: 50, sweeps: 1, from: streams)
        exchange.advance(&progress, exchanges: 400, sweeps: 1, from: streams) { progress in
          for rung in positions.indices { sums[rung] += measure(progress.state(atRung: rung)!.replicas[0].values) / 400 }
        }
        #expect(progress.ladder.totalRoundTrips > 0)
        for rung in positions.indices { means[rung].add(sums[rung]) }
      }
      return means
    }
    let xy = try XYModel(HypercubicLattice([6]), coupling: 1.3), positions = [0.2, 0.5, 0.8, 1]
    let energies = means(try AnnealedLattice(xy) { m throws(LatticeError) in try LocalMetropolis(m, width: 3) }, positions) {
      xy.energy($0)
    }
    let scalar = try ScalarPhi4Model(HypercubicLattice([4]), hopping: 0.3, quartic: 0.5)
    let squares = means(
      try AnnealedLattice(scalar) { m throws(LatticeError) in try HybridMonteCarlo(m, stepSize: 0.25, stepCount: 4) }, positions
    ) { $0.reduce(0) { $0 + $1 * $1 / 4 } }
    for (rung, position) in positions.enumerated() {
      // e = -d ln Z / dK, to fourth order in the step.
      let k = 1.3 * position, h = 1e-3
      let slope = (8 * (ringXY(6, k + h) - ringXY(6, k - h)) - ringXY(6, k + 2 * h) + ringXY(6, k - 2 * h)) / (12 * h)
      #expect(energies[rung].standardError < 0.1 && abs(energies[rung].mean + slope) < 4 * energies[rung].standardError)
      let square = ringScalar(0.3 * position, 0.5).square
      #expect(squares[rung].standardError < 0.02 && abs(squares[rung].mean - square) < 4 * squares[rung].standardError)
    }
  }

  @Test("log-ratios are the models', scaled models have scaled weights, and replicas come back from a checkpoint")
  func ratios() throws {
    func check<Model: CoupledModel>(_ model: Model) throws {
      let path = try AnnealedLattice(model) { m throws(LatticeError) in try LocalMetropolis(m) }
      let state = path.start(replicas: 3, firstReplica: 5, from: streams)
      #expect(state.replicas.map(\.replica) == [5, 6, 7])
      let (a, b) = (model.scaled(by: 0.25), model.scaled(by: 0.75))
      for (ratio, replica) in zip(path.logRatio(state, from: 0.25, to: 0.75), state.replicas) {
        #expect(abs(ratio - (b.logWeight(replica.values) - a.logWeight(replica.values))) < 1e-12)
      }
      for (slope, ratio) in zip(path.logDerivative(state, at: 0.4), path.logRatio(state, from: 0.25, to: 0.75)) {
        #expect(abs(slope - 2 * ratio) < 1e-12)
      }
      try checkpointLaws(state, equal: ==)
      // A cut batch is the same replicas.
      #expect(path.start(replicas: 1, firstReplica: 6, from: streams).replicas == [state.replicas[1]])
    }
    let lattice = try HypercubicLattice([3, 4])
    try check(HypercubicIsing(lattice, coupling: 0.5, field: -0.2))
    try check(PottsModel(lattice, colours: 3, coupling: 0.8))
    try check(XYModel(lattice, coupling: 0.9))
    try check(ScalarPhi4Model(lattice, hopping: 0.2, quartic: 0.4))
    let field = try HypercubicIsing(lattice, coupling: 0.5, field: 0.1)
    #expect(throws: LatticeError.fieldNotSupported(0.1)) {
      try AnnealedLattice(field) { m throws(LatticeError) in try SwendsenWangCluster(m) }
    }
  }
}
