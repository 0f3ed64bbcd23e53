import BoltzmannMachines
import Glibc
import GradientFlows
import KahlerGeometry
import LatticeSystems
import LinearAlgebra
import MessagePassing
import NeuralNetworks
import RandomStreams
import Sampling
import Statistics
import Testing

/// Sampling and flows are written once: the same generic code is called here with a lattice, a Boltzmann machine and a point
/// process, and with a training loss and the gas on the sphere.
@Suite("One code for lattices, machines, points and networks") struct OneCodeTests {
  /// Annealing, integration and exchange of one model; what is known of it is ln Z.
  private func sample<Model: Annealable>(_ model: Model, logPartition exact: Double) {
    let streams = testStreams(71)
    let annealing = AnnealedImportanceSampling(model, schedule: .linear(steps: 40))
    let found = annealing.estimate(annealing.run(replicas: 1200, from: streams).logWeights).logPartition
    #expect(found.error < 0.1 && abs(found.value - exact) < 4 * found.error, "annealed: \(found), exact \(exact)")
    let integration = ThermodynamicIntegration(
      model, nodes: ThermodynamicIntegration<Model>.gaussLegendre(8), relaxation: 10, measurements: 60)
    let integral = integration.estimate(integration.integrals(replicas: 60, firstReplica: 1000, from: streams))
    #expect(integral.error < 0.1 && abs(integral.value - exact) < 4 * integral.error, "integrated: \(integral), exact \(exact)")
    // However the sweeps are cut.
    var cut = integration.begin(from: model.start(replicas: 3, firstReplica: 1000, from: streams), replicas: 3)
    while cut.sweepsDone < integration.sweeps { integration.advance(&cut, sweeps: 1 + cut.sweepsDone % 37, from: streams) }
    #expect(cut.totals == integration.integrals(replicas: 3, firstReplica: 1000, from: streams))
    let exchange = ReplicaExchange(model, positions: [0, 0.4, 0.7, 1], firstReplica: 5000)
    var whole = exchange.begin(from: streams), parts = [0..<1, 1..<4].map { exchange.begin($0, from: streams) }
    exchange.advance(&whole, exchanges: 60, sweeps: 1, from: streams)
    for _ in 0..<60 {
      for i in parts.indices { exchange.move(&parts[i], sweeps: 1, from: streams) }
      let ratios = parts.flatMap { exchange.logRatios($0) }
      for i in parts.indices { exchange.exchange(&parts[i], logRatios: ratios, from: streams) }
    }
    #expect(whole.ladder.accepted.allSatisfy { $0 > 0 } && parts.allSatisfy { $0.ladder == whole.ladder })
  }

  @Test("annealing, integration and exchange: a lattice")
  func lattice() throws {
    let model = try AnnealedIsing<SwendsenWang>(IsingModel(SquareLattice(size: 4), coupling: 0.4))
    // By enumeration.
    var sum = 0.0
    for state in 0..<1 << 16 {
      var bonds = 0
      for s in 0..<16 {
        bonds += (state >> s ^ state >> (s / 4 * 4 + (s + 1) % 4)) & 1 == 0 ? 1 : -1
        bonds += (state >> s ^ state >> ((s + 4) % 16)) & 1 == 0 ? 1 : -1
      }
      sum += exp(0.4 * Double(bonds))
    }
    sample(model, logPartition: log(sum))
  }

  @Test("annealing, integration and exchange: a Boltzmann machine")
  func machine() {
    let weights = (0..<15).map { 1.3 * sin(Double(7 * $0 + 1)) }, a = [0.2, -0.4, 0.1, 0.5, -0.3], b = [0.3, -0.2, 0.1]
    let machine = RestrictedBoltzmannMachine(units: .zeroOne, visible: 5, hidden: 3, weights: weights, visibleBias: a, hiddenBias: b)
    var sum = 0.0
    for state in 0..<32 {
      let v = (0..<5).map { Double(state >> $0 & 1) }
      let fields = (0..<3).map { j in b[j] + (0..<5).reduce(0) { $0 + v[$1] * weights[$1 * 3 + j] } }
      sum += exp((0..<5).reduce(0) { $0 + a[$1] * v[$1] }) * fields.reduce(1) { $0 * (1 + exp($1)) }
    }
    sample(AnnealedBoltzmannMachine(machine), logPartition: log(sum))
  }

  @Test("annealing, integration and exchange: points on the sphere")
  func points() throws {
    sample(try SphereGas(points: 3, pairExponent: 4), logPartition: ExactSphereGas.logPartitionOfThree(pairExponent: 4))
    let line = try WeightedProjectiveLine(weights: [0.3, 0.4, 0.5], points: 5)
    sample(try line.gas(), logPartition: line.logSpherePartition)
  }

  /// Descent, and Langevin steps without temperature: the same path, which raises what the field is the gradient of.
  private func flow<Field: DirectionField>(
    _ field: Field, from start: Field.Point, direction: Field.Direction, rate: Double, value: (Field.Point) throws -> Double
  ) throws where Field.Point: Space, Field.Point.Scalar == Double, Field.Direction.Scalar == Double {
    var point = start, other = start
    var descent = GradientFlow(field, rule: GradientDescent<Double>(rate: rate), direction: direction)
    var euler = GradientFlow(
      field, rule: Langevin<Double>(rate: rate, temperature: 0, key: StreamKey(high: 7, low: 2)), direction: direction)
    var last = try value(start)
    for step in 0..<10 {
      try descent.step(&point, at: UInt64(step), on: SoloCommunicator())
      try euler.step(&other, at: UInt64(step), on: SoloCommunicator())
      let next = try value(point)
      #expect(next > last)
      last = next
    }
    for index in 0..<point.blockCount { #expect(point[block: index] == other[block: index]) }
  }

  @Test("descent and Langevin steps: a network's loss, a Boltzmann machine's and the gas on the sphere")
  func flows() throws {
    let gas = SphereGasFlow(try SphereGas(points: 12, beta: 2, field: 0.5)),
      start = SpherePoints(count: 12, replica: 4, from: testStreams(73))
    try flow(gas, from: start, direction: start, rate: 1e-4) { gas.value(at: $0) }
    var draws = testStreams(74).series(replica: 0, step: 0, site: 0, purpose: .initial)
    let features = (0..<128).map { _ in Float(2 * draws.uniform() - 1) }
    let data = SampleSet(shape: .vector(2), features: features, targets: .classes((0..<64).map { features[2 * $0] > 0 ? 1 : 0 }, of: 2))
    let network = try Network<Double>(
      input: .vector(2), ["dense 6 tanh", "dense 2"].map { try LayerDescription($0) }, from: testStreams(75))
    let loss = try SupervisedLearning(
      data, network: network, settings: .init(batch: 64, shards: 8, loss: .crossEntropy), key: StreamKey(high: 1, low: 1), rank: 0, ranks: 1
    )
    var memory = NetworkDirection(like: network)
    try flow(loss, from: network, direction: memory, rate: 0.1) { point in
      try loss.direction(at: point, step: 0, on: SoloCommunicator(), into: &memory)
      return -loss.loss
    }
    let images = Configurations(count: 6, sites: .unplaced(5), words: [3, 5, 9, 17, 31, 0])
    let machine = RestrictedBoltzmannMachine(
      units: .zeroOne, visible: 5, hidden: 3, weights: (0..<15).map { 0.4 * sin(Double(3 * $0 + 1)) }, visibleBias: [0, 0.1, -0.2, 0, 0.3],
      hiddenBias: [0.1, 0, -0.1])
    let likelihood = try ExactLikelihood(of: images, like: machine, decay: 0.01)
    try flow(likelihood, from: machine, direction: LikelihoodGradient(like: machine), rate: 0.05) { likelihood.value(at: $0) }
  }
}
