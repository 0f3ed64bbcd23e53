internal import Glibc
internal import RandomStreams
internal import Renormalization
public import Runtime
internal import Sampling

/// Throughput of coarse graining and of the probes.
public enum RenormalizationBenchmarks {
  /// Block spins by majority and pair probes.
  public static let benchmarks: [Benchmark] = [majority(32, samples: 20_000), majority(1024, samples: 40), pairs]

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
