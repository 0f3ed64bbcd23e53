internal import Glibc
internal import MessagePassing
internal import RandomStreams
internal import Renormalization
public import Runtime
internal import Sampling

/// Throughput of coarse graining and of the probes.
public enum RenormalizationBenchmarks {
  /// Block spins by majority, operators, filters and pair probes.
  public static let all: [Benchmark] = [
    majority(32, samples: 20_000), majority(64, samples: 5_000), majority(1024, samples: 40), operators, bands, filter, neural, pairs,
  ]

  private static let operators = Benchmark(
    "Monte Carlo renormalization, 9 operators on 64x64 and 3 block lattices", unit: "fine spins", reference: nil
  ) {
    let samples = 2000, fine = random([64, 64], samples)
    var levels = [fine]
    for step in 0..<3 {
      levels.append(try BlockMajority(block: 2).coarsen(levels[step], firstSample: 0, from: LaterSteps(streams, by: UInt64(step))))
    }
    let probe = try MonteCarloRenormalization(
      shape: [64, 64], scale: 2, steps: 3, even: Array(SpinOperator.even[..<5]), odd: SpinOperator.odd,
      samples: SampleBlocks(samples: samples, blocks: 20))
    return {
      var probe = probe, counts = probe.noCounts
      for _ in 0..<20 { try probe.count(levels, firstSample: 0, into: &counts) }
      return Double(20 * samples * 4096)
    }
  }

  private static let bands = Benchmark(
    "Monte Carlo renormalization in bands, 9 operators on 4096x4096 and 9 block lattices", unit: "fine spins", reference: nil
  ) {
    let fine = random([4096, 4096], 1)
    var bands = try BandRenormalization(
      shape: [4096, 4096], scale: 2, steps: 9, rule: .majority(tie: .chosen), operators: Array(SpinOperator.even[..<5]) + SpinOperator.odd)
    return {
      for sample in 0..<4 { _ = try bands.sums(fine.words, sample: sample, from: streams, on: SoloCommunicator()) }
      return Double(4 * 4096 * 4096)
    }
  }

  private static let filter = Benchmark("tied 4x4 filter, h drawn, 64x64", unit: "fine spins", reference: nil) {
    let fine = random([64, 64], 500), filter = TiedFilter(window: 4, weights: (0..<16).map { [5, 6, 9, 10].contains($0) ? 0.6 : 0.1 })
    return {
      for _ in 0..<10 { _ = try filter.coarsen(fine, firstSample: 0, from: streams) }
      return Double(10 * 500 * 4096)
    }
  }

  private static let neural = Benchmark(
    "filter and critic of 2 x 64 units up InfoNCE, batches of 256 windows with 64 spins around", unit: "windows", reference: nil
  ) {
    let data = try EnvironmentSamples(random([32, 32], 200), window: 4), training = FilterTraining(window: 4, steps: 1_000_000)
    return {
      var progress = FilterProgress()
      training.neuralEnvironment(data, reading: training.block, from: streams, into: &progress, steps: 100)
      return Double(100 * 4 * training.batch)
    }
  }

  private static let streams = KeyedStreams(StreamKey(high: 1, low: 2))

  private static func random(_ shape: [Int], _ count: Int) -> Configurations {
    var configurations = Configurations(count: count, sites: .lattice(shape))
    let words = configurations.wordsPerConfiguration, last = configurations.sites.count % 64
    for row in 0..<count {
      var choices = streams.generator(replica: row, step: 0, site: 0, purpose: .initial)
      for w in 0..<words { configurations.words[row * words + w] = choices.word() }
      if last != 0 { configurations.words[(row + 1) * words - 1] &= 1 << UInt64(last) - 1 }
    }
    return configurations
  }

  /// Reads one bit and writes a quarter bit for each spin.
  private static func majority(_ size: Int, samples: Int) -> Benchmark {
    Benchmark("2x2 block majority, \(size)x\(size)", unit: "spins", reference: .memory, referenceWorkPerUnit: 1.25 / 8) {
      let fine = random([size, size], samples), rule = BlockMajority(block: 2)
      return {
        var spins = 0
        for _ in 0..<20 {
          let coarse = try rule.coarsen(fine, firstSample: 0, from: streams)
          spins += coarse.count * size * size
        }
        return Double(spins)
      }
    }
  }

  private static let pairs = Benchmark("pair probe, all pairs of 256 units, 10,000 samples", unit: "pair samples", reference: nil) {
    let units = 256, samples = 10_000
    let spins = random([16, 16], samples)
    let places = (0..<units).map { SIMD2(Float($0 / 16), Float($0 % 16)) }
    let probe = try PairProbe(
      sites: .placed(places, on: [16, 16]), distances: [6], tolerance: 6, samples: SampleBlocks(samples: samples, blocks: 20))
    return {
      var counts = probe.noCounts
      for _ in 0..<20 { try probe.count(spins, firstSample: 0, into: &counts) }
      return Double(20 * samples * probe.pairs[0].count)
    }
  }
}
