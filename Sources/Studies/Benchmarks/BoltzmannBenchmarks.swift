import BoltzmannMachines
import GradientFlows
import LinearAlgebra
import MessagePassing
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Throughput of the training of Boltzmann machines and of its kernels.
public enum BoltzmannBenchmarks {
  public static let all: [Benchmark] = [
    step(visible: 1024, hidden: 256, batch: 512),
    step(visible: 1024, hidden: 256, batch: 128),
    step(visible: 4096, hidden: 1024, batch: 1024),
    step(visible: 784, hidden: 512, batch: 256),
    annealing(visible: 784, hidden: 500, temperatures: 1000, replicas: 100),
    product(rows: 512, inner: 1024, columns: 256),
    outerProduct(batch: 512, visible: 1024, hidden: 256),
    elementwise("sigmoid") { Elementwise.sigmoid(&$0) },
    elementwise("softplus") { Elementwise.softplus(&$0) },
  ]

  /// A whole step (three products with W, the gradient's outer product, sampling, momentum with L1), counted as its 5
  /// matrix products.
  private static func step(visible: Int, hidden: Int, batch: Int) -> Benchmark {
    Benchmark(
      "CD-1 step, \(visible)x\(hidden), batch \(batch)", unit: "samples", reference: .sgemm,
      referenceWorkPerUnit: 5 * 2 * Double(visible * hidden)
    ) {
      let key = StreamKey(high: 1, low: 2)
      let data = noise(count: 16 * batch, sites: visible)
      let trainer = ContrastiveDivergence(
        data, hidden: hidden, units: .zeroOne, settings: .init(batch: batch), key: key, rank: 0, ranks: 1)
      var state = TrainingState(
        .random(units: .zeroOne, visible: visible, hidden: hidden, offset: 0.5, deviation: 0.01, from: KeyedStreams(key)),
        rule: Momentum(rate: 0.064, momentum: 0.5, l1: 4e-3))
      let steps = max(2, Int(6e10 / Double(10 * visible * hidden * batch)))
      return {
        for _ in 0..<steps { _ = try trainer.advance(&state, batches: 1, on: SoloCommunicator()) }
        return Double(steps * batch)
      }
    }
  }

  /// A whole run from fair units to a machine of random weights: at each temperature one Gibbs sweep, two products, and the weight.
  private static func annealing(visible: Int, hidden: Int, temperatures: Int, replicas: Int) -> Benchmark {
    Benchmark(
      "AIS of \(visible)x\(hidden) units, \(temperatures) temperatures, \(replicas) replicas", unit: "runs", reference: .sgemm,
      referenceWorkPerUnit: 2 * 2 * Double(visible * hidden * temperatures * replicas)
    ) {
      let streams = KeyedStreams(StreamKey(high: 1, low: 2))
      let machine = CentredParameters.random(
        units: .zeroOne, visible: visible, hidden: hidden, offset: 0, deviation: 0.05, from: streams
      ).machine
      let sampling = AnnealedImportanceSampling(AnnealedBoltzmannMachine(machine), schedule: .linear(steps: temperatures))
      return {
        var progress = sampling.begin(replicas: replicas, firstReplica: 0, from: streams)
        sampling.advance(&progress, steps: temperatures, from: streams)
        precondition(LogWeights(progress.logWeights).logMean.isFinite, "the weights are used")
        return 1
      }
    }
  }

  private static func product(rows: Int, inner: Int, columns: Int) -> Benchmark {
    Benchmark(
      "product of \(rows)x\(inner) bits with \(inner)x\(columns)", unit: "rows", reference: .sgemm,
      referenceWorkPerUnit: 2 * Double(inner * columns)
    ) {
      let bits = noise(count: rows, sites: inner), matrix = reals(inner * columns)
      return {
        var sum: Float = 0
        for _ in 0..<256 {
          let product = BinaryProduct.multiply(
            bits: bits.words, rows: rows, wordsPerRow: bits.wordsPerConfiguration, matrix: matrix, inner: inner, columns: columns)
          sum += product[0]
        }
        precondition(sum.isFinite, "the product is used")
        return Double(256 * rows)
      }
    }
  }

  private static func outerProduct(batch: Int, visible: Int, hidden: Int) -> Benchmark {
    Benchmark(
      "difference of outer products in 8 shards, \(visible)x\(hidden), batch \(batch)", unit: "samples", reference: .sgemm,
      referenceWorkPerUnit: 2 * 2 * Double(visible * hidden)
    ) {
      let a = noise(count: batch, sites: visible), b = noise(count: batch, sites: visible)
      let values = reals(batch * hidden)
      let products = BinaryOuterProduct(rowsPerShard: batch / 8, shards: 8, visible: visible, columns: hidden)
      return {
        var sum: Float = 0
        for _ in 0..<100 {
          sum +=
            products.differences(
              shards: 8, positiveBits: a.words, negativeBits: b.words, wordsPerRow: a.wordsPerConfiguration, positive: values,
              negative: values, offset: 0.5
            ).sums[0]
        }
        precondition(sum.isFinite, "the product is used")
        return Double(100 * batch)
      }
    }
  }

  private static func elementwise(_ name: String, _ function: @escaping @Sendable (inout [Float]) -> Void) -> Benchmark {
    Benchmark("\(name) of single-precision numbers", unit: "elements", reference: .memory, referenceWorkPerUnit: 8) {
      let values = reals(16384)
      return {
        for _ in 0..<10000 {
          var copy = values
          function(&copy)
        }
        return 16384 * 10000
      }
    }
  }

  private static func noise(count: Int, sites: Int) -> Configurations {
    let streams = KeyedStreams(StreamKey(high: 3, low: 4))
    var result = Configurations(count: count, sites: .unplaced(sites))
    for c in 0..<count {
      var generator = streams.generator(replica: c, step: 0, site: 0, purpose: .initial)
      for s in 0..<sites { result[c, s] = generator.bernoulli(0.5) }
    }
    return result
  }

  private static func reals(_ count: Int) -> [Float] {
    var generator = KeyedStreams(StreamKey(high: 5, low: 6)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
    return (0..<count).map { _ in Float(8 * generator.uniform() - 4) }
  }
}
