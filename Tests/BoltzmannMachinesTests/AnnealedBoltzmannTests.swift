import BoltzmannMachines
import Glibc
import Laws
import LinearAlgebra
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct AnnealedBoltzmannTests {
  private let streams = KeyedStreams(StreamKey(high: 5, low: 5))

  @Test("Log-ratios, log-derivatives and ln Z_0 are those of the tempered machine", arguments: UnitValues.allCases)
  func path(units: UnitValues) {
    let machine = randomMachine(4, 3, units: units, scale: 3), base = [0.3, -0.7, 0.1, 1]
    let model = AnnealedBoltzmannMachine(machine, baseBias: base), state = model.replicas(at: allConfigurations(4))
    let at2 = temperedLogWeights(machine, base: base, at: 0.2), at7 = temperedLogWeights(machine, base: base, at: 0.7)
    for (v, ratio) in model.logRatio(state, from: 0.2, to: 0.7).enumerated() { #expect(abs(ratio - (at7[v] - at2[v])) <= 1e-13) }
    let up = temperedLogWeights(machine, base: base, at: 0.7 + 1e-5), down = temperedLogWeights(machine, base: base, at: 0.7 - 1e-5)
    for (v, slope) in model.logDerivative(state, at: 0.7).enumerated() { #expect(abs(slope - (up[v] - down[v]) / 2e-5) <= 1e-8) }
    #expect(abs(model.startLogPartition - logSumExp(temperedLogWeights(machine, base: base, at: 0))) <= 1e-13)
    let uniform = AnnealedBoltzmannMachine(machine).startLogPartition
    #expect(abs(uniform - logSumExp(temperedLogWeights(machine, base: [0, 0, 0, 0], at: 0))) <= 1e-13)
  }

  @Test("The base law's units are drawn with their probabilities, rare ones too")
  func baseLaw() {
    let base = (0..<20).map { 0.9 * Double($0) - 9 }, replicas = 60_000
    let machine = randomMachine(20, 3)
    let start = AnnealedBoltzmannMachine(machine.inSinglePrecision, baseBias: base).start(
      replicas: replicas, firstReplica: 0, from: streams)
    for (i, bias) in base.enumerated() {
      let p = 1 / (1 + exp(-bias)), count = (0..<replicas).reduce(0) { $0 + (start.configurations[$1, i] ? 1 : 0) }
      let deviation = Double(count) - Double(replicas) * p
      // Poisson-like tails of rare values reach further than 4.5 sigma of a normal law.
      #expect(abs(deviation) <= 4.5 * (Double(replicas) * p * (1 - p)).squareRoot() + 2)
    }
  }

  @Test(
    "Annealing finds ln Z of small machines within 4 sigma, in both units, from both bases", arguments: UnitValues.allCases, [false, true])
  func partition(units: UnitValues, based: Bool) throws {
    let machine = randomMachine(10, 6, units: units, scale: units == .zeroOne ? 3 : 1.2), exact = try machine.exactLogPartition()
    let base = based ? (0..<10).map { 0.3 * cos(Double($0)) } : nil
    let sampling = AnnealedImportanceSampling(
      AnnealedBoltzmannMachine(machine.inSinglePrecision, baseBias: base), schedule: .dense(steps: 400))
    let found = sampling.estimate(sampling.run(replicas: 400, from: streams).logWeights)
    #expect(found.logPartition.error < 0.05 && found.effectiveSampleSize > 100)
    #expect(abs(found.logPartition.value - exact) <= 4 * found.logPartition.error)
    #expect(found.bound.value - 4 * found.bound.error < exact)
  }

  @Test("Replicas have the same bits however they are cut over batches and slices, and after a checkpoint")
  func cuts() throws {
    let sampling = AnnealedImportanceSampling(
      AnnealedBoltzmannMachine(randomMachine(150, 70, scale: 0.3).inSinglePrecision), schedule: .dense(steps: 40))
    let whole = sampling.run(replicas: 21, from: streams)
    for cuts in [[0, 1, 21], [0, 8, 13, 21], Array(0...21)] {
      var logWeights: [Double] = [], words: [UInt64] = []
      for (first, end) in zip(cuts, cuts.dropFirst()) {
        var progress = sampling.begin(replicas: end - first, firstReplica: first, from: streams)
        while !sampling.isFinished(progress) { sampling.advance(&progress, steps: 9, from: streams) }
        logWeights += progress.logWeights
        words += progress.replicas.configurations.words
      }
      #expect(logWeights == whole.logWeights && words == whole.replicas.configurations.words)
    }
    var half = sampling.begin(replicas: 5, firstReplica: 3, from: streams)
    sampling.advance(&half, steps: 17, from: streams)
    try checkpointLaws(half) { saved, read in
      var read = read
      guard saved.replicas == read.replicas && saved.logWeights == read.logWeights else { return false }
      sampling.advance(&read, steps: 40, from: streams)
      return read.logWeights == Array(whole.logWeights[3..<8])
    }
  }
}
