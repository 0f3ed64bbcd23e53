import BoltzmannMachines
import GradientFlows
import Glibc
import LinearAlgebra
import MessagePassing
import RandomStreams
public import Runtime
import Sampling

/// Known values of the training of Boltzmann machines.
public enum TrainingKnownValues {
  /// C7: training on shard trees of several numbers of ranks; C2: the expectation of contrastive divergence.
  public static let checks: [Check] = [
    Check("C7", .fast) { try ranksAgree() },
    Check("C2", .slow) { try expectedContrastiveDivergence() },
  ]

  /// A small training, its parameters at every number of ranks against those on one communicator of one process.
  private static func ranksAgree() throws -> [KnownValue] {
    let key = StreamKey(high: 0xC7, low: 7), streams = KeyedStreams(key)
    let data = randomConfigurations(count: 320, sites: 70, from: streams)
    let settings = ContrastiveDivergence.Settings(batch: 48, shards: 8), steps = 20
    func start() -> TrainingState {
      TrainingState(
        .random(units: .zeroOne, visible: 70, hidden: 21, offset: 0.5, deviation: 0.01, from: streams),
        rule: Momentum(rate: 0.064, momentum: 0.5, l1: 4e-3))
    }
    func trainer(_ rank: Int, _ ranks: Int) -> ContrastiveDivergence {
      ContrastiveDivergence(data, hidden: 21, units: .zeroOne, settings: settings, key: key, rank: rank, ranks: ranks)
    }
    let one = trainer(0, 1), solo = SoloCommunicator()
    var reference = start()
    while reference.step < UInt64(steps) { _ = try one.advance(&reference, batches: steps - Int(reference.step), on: solo) }
    return [1, 2, 3, 4, 8].map { ranks in
      let team = (0..<ranks).map { trainer($0, ranks) }
      var state = start(), direction = state.parameters
      for step in 0..<UInt64(steps) {
        let partials = team.flatMap { $0.partialSums(at: state.parameters, step: step) }
        team[0].direction(fromTotal: treeSum(0..<settings.shards, partials), at: state.parameters, into: &direction)
        state.rule.step(&state.parameters, along: direction)
      }
      let different = zip(state.parameters.bits, reference.parameters.bits).filter { $0 != $1 }.count
      return KnownValue("parameters that differ in any bit, \(ranks) ranks against 1", expected: 0, found: Double(different), .absolute(0))
    }
  }

  /// The sum over a node of the tree from the sums that are known.
  static func treeSum(_ node: Range<Int>, _ known: [(subtree: Range<Int>, sums: [Float])]) -> [Float] {
    if let row = known.first(where: { $0.subtree == node }) { return row.sums }
    let (left, right) = ShardTree.children(node)
    return zip(treeSum(left, known), treeSum(right, known)).map { $0 + $1 }
  }

  /// E[CD-1] of plain 0/1 units on the 6 x 4 machine and the eight configurations of SPEC-A C2.
  private static func expectedContrastiveDivergence() throws -> [KnownValue] {
    let copies = 1024, steps = 400
    var data = Configurations(count: 8 * copies, sites: .unplaced(6))
    for c in 0..<data.count { for i in 0..<6 where ((c % 8) * (c % 8) + 3 * i) % 5 < 2 { data[c, i] = true } }
    var weights: [Float] = []
    for i in 0..<6 { for j in 0..<4 { weights.append(Float(0.5 * sin(Double(1 + 3 * i + 7 * j)))) } }
    let visibleBias = (0..<6).map { (i: Int) -> Float in Float(0.2 * cos(Double(2 + i))) }
    let hiddenBias = (0..<4).map { (j: Int) -> Float in Float(0.1 * sin(Double(3 + 2 * j))) }
    let machine = RestrictedBoltzmannMachine<Float>(
      units: .zeroOne, visible: 6, hidden: 4, weights: weights, visibleBias: visibleBias, hiddenBias: hiddenBias)
    let point = CentredParameters(machine, offset: 0)
    let trainer = ContrastiveDivergence(
      data, hidden: 4, units: .zeroOne, settings: .init(batch: data.count, shards: 8), key: StreamKey(high: 0xC2, low: 1), rank: 0, ranks: 1
    )
    var direction = point, series: [[Double]] = []
    let solo = SoloCommunicator()
    for step in 0..<UInt64(steps) {
      try trainer.direction(at: point, step: step, on: solo, into: &direction)
      series.append(direction.weights.map(Double.init))
    }
    var mean = [Double](repeating: 0, count: 24)
    for row in series { for k in 0..<24 { mean[k] += row[k] / Double(steps) } }
    func error(_ values: [Double]) -> Double {
      let centre = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
      return (squares / Double(values.count * (values.count - 1))).squareRoot()
    }
    let expected = [-0.057518398589, -0.119202599833, -0.130030669964, -0.083839197093]
    var lines = (0..<4).map { k in
      KnownValue(
        "E[CD-1], dW[0, \(k)]", expected: expected[k], found: mean[k], error: error(series.map { $0[k] }), .sigmas(4, largestError: 1e-3))
    }
    let norm = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    // To first order the norm varies as the projection on the mean.
    let projections = series.map { (row: [Double]) -> Double in
      var product = 0.0
      for k in 0..<24 { product += row[k] * mean[k] }
      return product / norm
    }
    lines.append(
      KnownValue("E[CD-1], norm of dW", expected: 0.567336704079, found: norm, error: error(projections), .sigmas(4, largestError: 1e-3)))
    return lines
  }

  private static func randomConfigurations(count: Int, sites: Int, from streams: KeyedStreams) -> Configurations {
    var result = Configurations(count: count, sites: .unplaced(sites))
    for c in 0..<count {
      var generator = streams.generator(replica: c, step: 0, site: 0, purpose: .initial)
      // Neighbouring pairs are equal, so that there is something to learn.
      for s in stride(from: 0, to: sites - 1, by: 2) where generator.bernoulli(0.5) {
        result[c, s] = true
        result[c, s + 1] = true
      }
    }
    return result
  }
}

extension CentredParameters {
  /// All parameters as bits.
  fileprivate var bits: [UInt32] { (weights + visibleField + hiddenField).map(\.bitPattern) }
}
