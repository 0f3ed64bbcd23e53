import Glibc
import InformationTheory
import MessagePassing
import RandomStreams
public import Runtime

/// Throughput of estimators and of the bottleneck's iteration.
public enum InformationBenchmarks {
  /// All of them.
  public static let all: [Benchmark] =
    [1, 2, 5, 10].map { neighbours(10_000, dimension: $0) } + [neighbours(100_000, dimension: 10), histogram, bottleneck, contrastive]

  static func pairs(_ count: Int, _ d: Int, _ rho: Double) throws(EstimationError) -> PairedSamples {
    var draws = KeyedStreams(StreamKey(high: 1, low: 2)).series(replica: 0, step: 0, site: 0, purpose: .initial)
    var x: [Double] = [], y: [Double] = []
    for _ in 0..<count * d {
      let (a, b) = draws.normalPair()
      x.append(a)
      y.append(rho * a + (1 - rho * rho).squareRoot() * b)
    }
    return try PairedSamples(x: x, xDimension: d, y: y, yDimension: d)
  }

  private static func neighbours(_ count: Int, dimension d: Int) -> Benchmark {
    Benchmark("KSG mutual information, N = \(count), d = \(d)", unit: "estimates", reference: nil) {
      let samples = try pairs(count, d, 0.6), estimator = KraskovEstimator()
      return {
        let nats = try estimator.estimate(samples).nats
        precondition(nats > 0, "correlated pairs have information")
        return 1
      }
    }
  }

  private static let histogram = Benchmark("joint histogram of 30 x 30 bins", unit: "samples", reference: nil) {
    let samples = try pairs(1_000_000, 1, 0.6), bins = EqualBins(-4...4, count: 30)
    return {
      for _ in 0..<50 { precondition(JointCounts(x: samples.x, y: samples.y, bins: bins, bins).total == 1_000_000, "all are counted") }
      return 50e6
    }
  }

  private static let bottleneck = Benchmark("bottleneck iteration, 128 x 16, 128 clusters", unit: "iterations", reference: nil) {
    let weights = (0..<128 * 16).map { cell -> Double in
      let a = sin(1.7 * Double(cell)), b = cos(0.31 * Double(cell * cell))
      return 1.01 + a * b
    }
    let sum = weights.reduce(0, +)
    var iteration = BottleneckIteration(try JointLaw(weights.map { $0 / sum }, rows: 128, columns: 16), clusters: 128)
    iteration.start(from: (0..<128 * 128).map { 1 + 0.5 * sin(Double($0)) })
    return {
      for _ in 0..<10_000 { precondition(iteration.step(beta: 5) >= 0, "a change is a number") }
      return 10_000
    }
  }

  private static let contrastive = Benchmark(
    "InfoNCE step, batch 512, d = 10, two networks of 256 x 256 units", unit: "steps", reference: nil
  ) {
    let estimator = NeuralEstimator(.infoNCE, batch: 512, hidden: 256, embedding: 32, from: KeyedStreams(StreamKey(high: 1, low: 2)))
    let training = try estimator.begin(try pairs(10_000, 10, 0.6))
    return {
      for _ in 0..<50 {
        let bound = try training.advance(on: SoloCommunicator())
        precondition(bound.isFinite, "the bound is a number")
      }
      return 50
    }
  }
}
