import GradientFlows
import Glibc
import MessagePassing
import NeuralNetworks
import RandomStreams
public import Runtime

/// Known values of neural networks: C6, and the part of C7 that is theirs.
public enum NeuralNetworkKnownValues {
  /// C6: loss and gradient of a small network; C7: training on shard trees of several numbers of ranks; the variational
  /// bottleneck of one bit against quadrature.
  public static let checks: [Check] = [
    Check("C6", .fast) { try smallNetwork() }, Check("C7", .fast) { try ranksAgree() },
    Check("variational-bottleneck", .fast) { try variationalBottleneck() },
  ]

  /// W1_ij = 0.3 sin(1 + 3i + j) (4 x 3), b1_i = 0.1 cos i, W2_ij = 0.4 cos(2 + 4i + j) (2 x 4), b2 = (0.05, -0.05), tanh;
  /// rows of those matrices belong to outputs.
  private static func smallNetwork() throws -> [KnownValue] {
    var network = try Network<Double>(input: .vector(3), [.dense(4, .tanh), .dense(2, .identity)])
    for i in 0..<4 {
      for j in 0..<3 { network.parameters[0][j * 4 + i] = 0.3 * sin(Double(1 + 3 * i + j)) }
      network.parameters[1][i] = 0.1 * cos(Double(i))
      for k in 0..<2 { network.parameters[2][i * 2 + k] = 0.4 * cos(Double(2 + 4 * k + i)) }
    }
    network.parameters[3] = [0.05, -0.05]
    let (loss, gradient) = try network.lossGradient(
      inputs: [0.5, -1, 2, 1, 0.25, -0.75, -0.3, 0.8, 0.1, 0, 1, -1], targets: .classes([0, 1, 1, 0], of: 2), .crossEntropy)
    let width = Tolerance.absolute(1e-11)
    var values = [KnownValue("loss of the network 3-4-2", expected: 0.686746292790, found: loss, width)]
    for (j, expected) in [-0.002554521718, -0.068226096194, 0.112403799805].enumerated() {
      values.append(KnownValue("its derivative by W1[0, \(j)]", expected: expected, found: gradient.blocks[0][j * 4], width))
    }
    for (k, expected) in [-0.025123541135, 0.025123541135].enumerated() {
      values.append(KnownValue("its derivative by b2[\(k)]", expected: expected, found: gradient.blocks[3][k], width))
    }
    return values
  }

  /// A small convolutional network with dropout, its parameters at every number of ranks against those on one communicator
  /// of one process.
  private static func ranksAgree() throws -> [KnownValue] {
    let key = StreamKey(high: 0xC7, low: 8), shape = FeatureShape(height: 8, width: 8, channels: 1)
    let layers = try ["convolution 3x3x6 relu", "max-pool 2", "dropout 0.2", "dense 12 tanh", "dense 3"].map { try LayerDescription($0) }
    var random = KeyedStreams(key).generator(replica: 0, step: 0, site: 0, purpose: .initial), labels: [Int] = [], features: [Float] = []
    for _ in 0..<200 {
      let label = random.index(below: 3)
      labels.append(label)
      for pixel in 0..<64 { features.append(Float(random.uniform()) + (pixel % 3 == label ? 0.5 : 0)) }
    }
    let samples = SampleSet(shape: shape, features: features, targets: .classes(labels, of: 3))
    let network = try Network<Float>(input: shape, layers, from: KeyedStreams(key)), steps = 12
    func start() -> NetworkTraining<Float> { NetworkTraining(network, rule: .adam(Adam(rate: 0.01))) }
    func trainer(_ rank: Int, _ ranks: Int) throws -> SupervisedLearning<Float> {
      try SupervisedLearning(samples, network: network, settings: .init(batch: 48, shards: 8), key: key, rank: rank, ranks: ranks)
    }
    func reference() throws -> Network<Float> {
      var state = start()
      let one = try trainer(0, 1)
      while state.step < UInt64(steps) { _ = try one.advance(&state, batches: steps - Int(state.step), on: SoloCommunicator()) }
      return state.network
    }
    let expected = try reference()
    func different(_ other: Network<Float>) -> Double {
      Double(zip(other.parameters.joined(), expected.parameters.joined()).count { $0.bitPattern != $1.bitPattern })
    }
    var values = [
      KnownValue("parameters of a network that differ in any bit, run twice", expected: 0, found: different(try reference()), .absolute(0))
    ]
    for ranks in [1, 2, 3, 4, 8] {
      let team = try (0..<ranks).map { try trainer($0, ranks) }
      var state = start(), direction = NetworkDirection(like: network)
      for step in 0..<UInt64(steps) {
        let partials = try team.flatMap { try $0.partialSums(at: state.network, step: step) }
        team[0].direction(fromTotal: TrainingKnownValues.treeSum(0..<8, partials), into: &direction)
        state.rule.step(&state.network, along: direction)
      }
      values.append(
        KnownValue(
          "parameters of a network that differ in any bit, \(ranks) ranks against 1", expected: 0, found: different(state.network),
          .absolute(0)))
    }
    return values
  }
}
