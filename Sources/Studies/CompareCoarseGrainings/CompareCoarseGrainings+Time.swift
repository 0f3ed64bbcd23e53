import RandomStreams
import Renormalization
import Runtime
import Sampling

extension CompareCoarseGrainings {
  /// Nanoseconds of this machine for a coarse spin, the least of three runs of a fiftieth of a second: a column of the page alone, since
  /// results hold nothing that hangs on the machine.
  func nanosecondsPerSpin(_ rule: CoarseRule, _ filter: TiedFilter?) -> Double {
    let streams = KeyedStreams(StreamKey.derive(seed: 0, study: Self.name, unit: "time")), count = 16, edge = 128
    var fine = Configurations(count: count, sites: .lattice([edge, edge]))
    for row in 0..<count {
      var draws = streams.generator(replica: row, step: 0, site: 0, purpose: .initial)
      for k in 0..<fine.wordsPerConfiguration { fine.words[row * fine.wordsPerConfiguration + k] = draws.word() }
    }
    var least = Double.infinity
    for _ in 0..<3 {
      let start = Machine.uptime
      var spins = 0, time = 0.0
      while time < 0.02 {
        guard let coarse = try? rule.coarsen(fine, firstSample: 0, level: 0, filter: filter, streams) else { return .nan }
        spins += coarse.count * coarse.sites.count
        time = Machine.uptime - start
      }
      least = min(least, time / Double(spins) * 1e9)
    }
    return least
  }
}
