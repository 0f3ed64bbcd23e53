import BoltzmannMachines
import GradientFlows
import Glibc
import InformationTheory
public import MessagePassing
import NeuralNetworks
import RandomStreams
import Sampling

/// How much faster the ranks of a launch train one machine or network, or search neighbours, together than one of them alone, in `strict` mode: the
/// fixed-tree sum of gradients included. Wall-clock time; one rank alone and all together take turns in one run.
public struct ScalingBenchmark: Sendable {
  /// What it is, for tables.
  public let name: String
  /// The training on one of so many ranks.
  private let make: @Sendable (_ rank: Int, _ ranks: Int) -> any ScalingTraining

  /// Contrastive divergence in three sizes, and two networks.
  public static let all = [
    machine(visible: 1024, hidden: 256, batch: 512), machine(visible: 1024, hidden: 256, batch: 128),
    machine(visible: 4096, hidden: 1024, batch: 1024), network("MLP 784-512-256-10", NeuralNetworkBenchmarks.perceptron, steps: 60),
    network("CNN 32-64 3x3", NeuralNetworkBenchmarks.convolutional, steps: 3),
    ScalingBenchmark(name: "KSG mutual information, N = 10000, d = 10, queries split") { _, _ in NeighbourScaling() },
    ScalingBenchmark(name: "InfoNCE step, batch 512 in 8 shards, d = 10") { CriticScaling(rank: $0, ranks: $1) },
  ]

  private static func machine(visible: Int, hidden: Int, batch: Int) -> ScalingBenchmark {
    ScalingBenchmark(name: "CD-1 step, \(visible)x\(hidden), batch \(batch) in 8 shards") {
      MachineTraining(visible: visible, hidden: hidden, batch: batch, rank: $0, ranks: $1)
    }
  }
  private static func network(_ name: String, _ layers: [String], steps: Int) -> ScalingBenchmark {
    ScalingBenchmark(name: "\(name) training, batch 512 in 8 shards") { NetworkScaling(layers, steps: steps, rank: $0, ranks: $1) }
  }

  /// Samples per second of rank 0 alone and of all ranks of `world`, for each of `repeats` turns; every rank calls it,
  /// rank 0's values count.
  public func measure(
    repeats: Int, on world: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [(alone: Double, together: Double)] {
    let alone = make(0, 1), shared = make(world.rank, world.size)
    return try takeTurns(repeats: repeats, on: world) { () throws(MessagePassingError) in
      try alone.rate(on: SoloCommunicator())
    } together: { () throws(MessagePassingError) in
      try shared.rate(on: world)
    }
  }
}

/// A training whose steps are timed.
private protocol ScalingTraining: AnyObject {
  /// Steps of one measurement, and samples in each.
  var steps: Int { get }
  var batch: Int { get }
  func step(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError)
}

extension ScalingTraining {
  /// Samples per second over some tenths of a second.
  func rate(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> Double {
    try step(on: team)
    let begin = wallSeconds()
    for _ in 0..<steps { try step(on: team) }
    return Double(steps * batch) / (wallSeconds() - begin)
  }
}

/// Contrastive divergence on noise.
private final class MachineTraining: ScalingTraining {
  private let trainer: ContrastiveDivergence
  let steps: Int, batch: Int
  private var state: TrainingState

  init(visible: Int, hidden: Int, batch: Int, rank: Int, ranks: Int) {
    let key = StreamKey(high: 3, low: 4)
    var generator = KeyedStreams(key).lanes(replica: 0, step: 0, site: 0, purpose: .initial)
    let words = (visible + 63) / 64, rows = 8 * batch
    let mask: UInt64 = visible % 64 == 0 ? ~0 : (1 << UInt64(visible % 64)) - 1
    let bits = (0..<rows * words).map { i in generator.next()[0] & (i % words == words - 1 ? mask : ~0) }
    let data = Configurations(count: rows, sites: .unplaced(visible), words: bits)
    trainer = ContrastiveDivergence(
      data, hidden: hidden, units: .zeroOne, settings: .init(batch: batch, shards: 8), key: key, rank: rank, ranks: ranks)
    state = TrainingState(
      .random(units: .zeroOne, visible: visible, hidden: hidden, offset: 0.5, deviation: 0.01, from: KeyedStreams(key)),
      rule: Momentum(rate: 0.064, momentum: 0.5, l1: 4e-3))
    self.batch = batch
    steps = max(4, Int(1e11 / Double(10 * visible * hidden * batch)))
  }

  func step(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    _ = try trainer.advance(&state, batches: 1, on: team)
  }
}

/// A network on noise.
private final class NetworkScaling: ScalingTraining {
  private let trainer: SupervisedLearning<Float>
  let steps: Int, batch = 512
  private var state: NetworkTraining<Float>

  init(_ layers: [String], steps: Int, rank: Int, ranks: Int) {
    self.steps = steps
    do {
      let network = try NeuralNetworkBenchmarks.network(layers)
      trainer = try SupervisedLearning(
        NeuralNetworkBenchmarks.noise(1024), network: network, settings: .init(batch: batch, shards: 8), key: StreamKey(high: 5, low: 6),
        rank: rank, ranks: ranks)
      state = NetworkTraining(network, rule: .momentum(Momentum(rate: 0.01, momentum: 0.9)))
    } catch { preconditionFailure("the benchmarks' networks fit their data: \(error)") }
  }

  func step(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    _ = try trainer.advance(&state, batches: 1, on: team)
  }
}

/// Mutual information from neighbours, its queries and stretches split over the ranks.
private final class NeighbourScaling: ScalingTraining {
  private let samples: PairedSamples
  let steps = 3, batch = 10_000

  init() { samples = normalPairs() }

  func step(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    do throws(EstimationError) {
      let found = try KraskovEstimator().estimate(samples, on: team)
      precondition(found.nats > 0, "correlated pairs have information")
    } catch {
      if case .communication(let error) = error { throw error }
      preconditionFailure("there are enough samples: \(error)")
    }
  }
}

/// The training of a critic, the rows of its batches split over the ranks.
private final class CriticScaling: ScalingTraining {
  private let training: NeuralEstimator.Training
  let steps = 40, batch = 512

  init(rank: Int, ranks: Int) {
    let estimator = NeuralEstimator(.infoNCE, batch: 512, hidden: 256, embedding: 32, from: KeyedStreams(StreamKey(high: 1, low: 2)))
    do throws(EstimationError) { training = try estimator.begin(normalPairs(), rank: rank, ranks: ranks) } catch {
      preconditionFailure("there are enough samples: \(error)")
    }
  }

  func step(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) { _ = try training.advance(on: team) }
}

private func normalPairs() -> PairedSamples {
  do throws(EstimationError) { return try InformationBenchmarks.pairs(10_000, 10, 0.6) } catch {
    preconditionFailure("normal pairs are samples: \(error)")
  }
}

/// The rates of rank 0 alone and of all ranks, measured in turns; every rank calls it, rank 0's values count.
func takeTurns(
  repeats: Int, on world: borrowing some Communicator & ~Copyable, alone: () throws(MessagePassingError) -> Double,
  together: () throws(MessagePassingError) -> Double
) throws(MessagePassingError) -> [(alone: Double, together: Double)] {
  var rates: [(alone: Double, together: Double)] = []
  for _ in 0..<repeats {
    try world.barrier()
    // The others wait asleep, so that the one has the machine for itself.
    let one = world.rank == 0 ? try alone() : 0
    try world.barrier()
    rates.append((one, try together()))
  }
  return rates
}

/// Seconds of the clock that nobody sets.
func wallSeconds() -> Double {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
}
