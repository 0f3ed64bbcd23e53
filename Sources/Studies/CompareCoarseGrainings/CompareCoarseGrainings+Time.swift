import BoltzmannMachines
import RandomStreams
import Renormalization
import Runtime
import Sampling

extension CompareCoarseGrainings {
  /// Nanoseconds of this machine for a coarse spin, the least of three runs of a fiftieth of a second: a column of the page alone, since
  /// results hold nothing that hangs on the machine.
  func nanosecondsPerSpin(_ rule: CoarseRule, _ filter: TiedFilter?) -> Double {
    nanosecondsPerSpin(edge: 128) { try rule.coarsen($0, firstSample: 0, level: 0, filter: filter, $1) }
  }
  func nanosecondsPerSpin(_ layer: BoltzmannLayer<Float>?) -> Double {
    guard let layer else { return .nan }
    return nanosecondsPerSpin(edge: trainingSize) { try layer.coarsen($0, firstSample: 0, from: $1) }
  }

  private func nanosecondsPerSpin(edge: Int, _ coarsen: (Configurations, KeyedStreams) throws -> Configurations) -> Double {
    let streams = KeyedStreams(StreamKey.derive(seed: 0, study: Self.name, unit: "time")), count = 16
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
        guard let coarse = try? coarsen(fine, streams) else { return .nan }
        spins += coarse.count * coarse.sites.count
        time = Machine.uptime - start
      }
      least = min(least, time / Double(spins) * 1e9)
    }
    return least
  }

  /// The untied machine's layer from its recorded weights; what its biases are costs no time.
  func untiedLayer(_ row: Found) -> BoltzmannLayer<Float>? {
    let visible = trainingSize * trainingSize, hidden = visible / 4
    guard let weights = row.partial.array("weights_untied")?.values, weights.count == visible * hidden else { return nil }
    let machine = RestrictedBoltzmannMachine<Float>(
      units: .zeroOne, visible: visible, hidden: hidden, weights: weights.map { Float($0) },
      visibleBias: [Float](repeating: 0, count: visible), hiddenBias: [Float](repeating: 0, count: hidden))
    return try? BoltzmannLayer(machine, on: [trainingSize, trainingSize], choice: .mostProbable)
  }
}
