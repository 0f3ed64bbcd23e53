import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
public import Runtime

/// Throughput of the training of networks, and the latency of one sample.
public enum NeuralNetworkBenchmarks {
  /// The two networks that are compared with other programs.
  public static let perceptron = ["dense 512 relu", "dense 256 relu", "dense 10"]
  public static let convolutional = [
    "convolution 3x3x32 relu", "convolution 3x3x64 relu", "max-pool 2", "dense 128 relu", "dense 10",
  ]

  /// All of them.
  public static let all: [Benchmark] = [
    training("MLP 784-512-256-10", perceptron, steps: 60), training("CNN 32-64 3x3", convolutional, steps: 4),
    training("MLP 784-512-256-10", perceptron, steps: 60, shards: 1), training("CNN 32-64 3x3", convolutional, steps: 4, shards: 1),
    latency("MLP 784-512-256-10", perceptron, count: 2000), latency("CNN 32-64 3x3", convolutional, count: 100),
  ]

  private static let shape = FeatureShape(height: 28, width: 28, channels: 1)

  static func network(_ layers: [String]) throws -> Network<Float> {
    try Network(input: shape, layers.map { try LayerDescription($0) }, from: KeyedStreams(StreamKey(high: 1, low: 2)))
  }

  static func noise(_ count: Int) -> SampleSet {
    var random = KeyedStreams(StreamKey(high: 3, low: 4)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
    let features = (0..<count * shape.count).map { _ in Float(random.uniform()) }
    return SampleSet(shape: shape, features: features, targets: .classes((0..<count).map { _ in random.index(below: 10) }, of: 10))
  }

  /// The products of a step, forward and twice back, the first layer's inputs left out on the way down.
  static func operations(_ network: Network<Float>) -> Double { 3 * network.operations - network.layers[0].operations }

  /// Whole steps of momentum on mini-batches of 256 in 8 shards, or in one for each rank ("fast"), counted as their products.
  private static func training(_ name: String, _ layers: [String], steps: Int, shards: Int = 8) -> Benchmark {
    let work = (try? network(layers)).map(operations) ?? 0
    return Benchmark(
      "\(name) training, batch 256" + (shards == 1 ? ", fast" : ""), unit: "samples", reference: .sgemm, referenceWorkPerUnit: work
    ) {
      let network = try network(layers)
      let trainer = try SupervisedLearning(
        noise(512), network: network, settings: .init(batch: 256, shards: shards), key: StreamKey(high: 5, low: 6), rank: 0, ranks: 1)
      var state = NetworkTraining(network, rule: .momentum(Momentum(rate: 0.01, momentum: 0.9)))
      return {
        for _ in 0..<steps { _ = try trainer.advance(&state, batches: 1, on: SoloCommunicator()) }
        return Double(256 * steps)
      }
    }
  }

  /// One sample at a time, parameters kept ready.
  private static func latency(_ name: String, _ layers: [String], count: Int) -> Benchmark {
    Benchmark("\(name), one sample after another", unit: "samples", reference: nil) {
      let predictor = Predictor(try network(layers)), samples = noise(16)
      return {
        var sum: Float = 0
        for k in 0..<count { sum += predictor.outputs(for: samples, k % 16)[0] }
        return sum.isFinite ? Double(count) : 0
      }
    }
  }
}
