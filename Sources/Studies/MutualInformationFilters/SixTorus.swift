import InformationTheory
import LatticeSystems
import RandomStreams
import Renormalization
import Sampling

/// Samples of the 6 x 6 Ising torus as `BlockEnvironment` sees it: a block of 2 x 2 spins in the middle of a window of 4 x 4, whose other
/// twelve are the buffer, and the twenty spins around. What is trained and estimated on them can be valued exactly.
struct SixTorus {
  let coupling: Double

  /// One window of each of `count` configurations, Swendsen and Wang's moves apart.
  func samples(_ count: Int, from key: StreamKey) throws -> EnvironmentSamples {
    let model = try IsingModel(SquareLattice(size: 6), coupling: coupling), streams = KeyedStreams(key)
    let sampler = try IsingChainSampler(model, move: .swendsenWang, interval: 3)
    var words = sampler.start(0, from: streams), steps: UInt64 = 0
    _ = try sampler.draw(&words, chain: 0, steps: &steps, count: 100, from: streams)
    let data = try sampler.draw(&words, chain: 0, steps: &steps, count: count, from: streams)
    return try EnvironmentSamples(data, window: 4, buffer: 0, rings: 1, corners: [(row: -1, column: -1)])
  }
}

extension EnvironmentSamples {
  /// The training, begun or gone on with, of a separable critic that estimates I(h : E) of a filter's signs by InfoNCE, on samples that
  /// did not train the filter.
  func neuralTraining(
    of filter: TiedFilter, steps: Int, batch: Int, hidden: Int, from streams: KeyedStreams, progress: NeuralEstimator.Progress? = nil
  ) throws(EstimationError) -> NeuralEstimator.Training {
    let h = windows.map { 2 * filter.probability(Int($0)) - 1 }
    let around = environments.flatMap { word in (0..<width).map { word >> UInt64($0) & 1 == 1 ? 1.0 : -1 } }
    let samples = try PairedSamples(x: h, y: around, yDimension: width)
    return try NeuralEstimator(.infoNCE, batch: batch, hidden: hidden, embedding: 8, steps: steps, from: streams)
      .begin(samples, from: progress)
  }
}
