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

  /// The log-weight of visible state v at a position of the path, by joint enumeration: the tempered machine is
  /// another machine.
  private func logWeights(_ machine: RestrictedBoltzmannMachine<Double>, base: [Double], at l: Double) -> [Double] {
    var tempered = machine
    tempered.weights = machine.weights.map { l * $0 }
    tempered.hiddenBias = machine.hiddenBias.map { l * $0 }
    tempered.visibleBias = zip(machine.visibleBias, base).map { l * $0 + (1 - l) * $1 }
    return visibleLogWeights(tempered)
  }

  @Test("Log-ratios, log-derivatives and ln Z_0 are those of the tempered machine", arguments: UnitValues.allCases)
  func path(units: UnitValues) {
    let machine = randomMachine(4, 3, units: units, scale: 3), base = [0.3, -0.7, 0.1, 1]
    let model = AnnealedBoltzmannMachine(machine, baseBias: base), state = model.replicas(at: allConfigurations(4))
    let at2 = logWeights(machine, base: base, at: 0.2), at7 = logWeights(machine, base: base, at: 0.7)
    for (v, ratio) in model.logRatio(state, from: 0.2, to: 0.7).enumerated() { #expect(abs(ratio - (at7[v] - at2[v])) <= 1e-13) }
    let up = logWeights(machine, base: base, at: 0.7 + 1e-5), down = logWeights(machine, base: base, at: 0.7 - 1e-5)
    for (v, slope) in model.logDerivative(state, at: 0.7).enumerated() { #expect(abs(slope - (up[v] - down[v]) / 2e-5) <= 1e-8) }
    #expect(abs(model.startLogPartition - logSumExp(logWeights(machine, base: base, at: 0))) <= 1e-13)
    let uniform = AnnealedBoltzmannMachine(machine).startLogPartition
    #expect(abs(uniform - logSumExp(logWeights(machine, base: [0, 0, 0, 0], at: 0))) <= 1e-13)
  }

  @Test("Block Gibbs of an RBM leaves the tempered law invariant and is in detailed balance, by enumeration of all its decisions", arguments: UnitValues.allCases)
  func stationarity(units: UnitValues) throws {
    let machine = randomMachine(3, 2, units: units, scale: 4), base = [0.5, -1, 0.2]
    for (bias, position) in [(base, 0.6), (base, 1.0), ([0, 0, 0], 0.35)] {
      let model = AnnealedBoltzmannMachine(machine, baseBias: bias)
      let states = (0..<8).map { model.replicas(at: allConfigurations(3).slice($0..<$0 + 1)) }
      let weights = logWeights(machine, base: bias, at: position)
      func number(_ state: VisibleReplicas<Double>) -> Int { Int(state.configurations.words[0]) }
      try stationarityLaw(model.kernel(at: position), states: states, logWeight: { weights[number($0)] }, index: number)
      try detailedBalanceLaw(model.kernel(at: position), states: states, logWeight: { weights[number($0)] }, index: number)
    }
  }

  @Test("The single-precision kernel moves as its enumerated transition probabilities say")
  func fastKernel() throws {
    let machine = randomMachine(3, 2, scale: 4), replicas = 40_000
    let exact = AnnealedBoltzmannMachine(machine), fast = AnnealedBoltzmannMachine(machine.inSinglePrecision)
    for v in [0, 5] {
      let row = try transitions(of: exact.kernel(at: 0.8), from: exact.replicas(at: allConfigurations(3).slice(v..<v + 1))) {
        Int($0.configurations.words[0])
      }
      var state = fast.replicas(at: Configurations(count: replicas, sites: .unplaced(3), words: [UInt64](repeating: UInt64(v), count: replicas)))
      var kernel = fast.kernel(at: 0.8), counts = [Int](repeating: 0, count: 8)
      kernel.step(&state, at: UInt64(v), from: streams)
      for word in state.configurations.words { counts[Int(word)] += 1 }
      let chiSquared = (0..<8).reduce(0.0) { sum, target in
        let expected = Double(replicas) * (row[target] ?? 0)
        return sum + (Double(counts[target]) - expected) * (Double(counts[target]) - expected) / expected
      }
      // Seven degrees of freedom: p between 1e-4 and 1 - 1e-4.
      #expect(chiSquared > 0.16 && chiSquared < 29.9)
    }
  }

  @Test("The base law's units are drawn with their probabilities, rare ones too")
  func baseLaw() {
    let base = (0..<20).map { 0.9 * Double($0) - 9 }, replicas = 60_000
    let machine = randomMachine(20, 3)
    let start = AnnealedBoltzmannMachine(machine.inSinglePrecision, baseBias: base).start(replicas: replicas, firstReplica: 0, from: streams)
    for (i, bias) in base.enumerated() {
      let p = 1 / (1 + exp(-bias)), count = (0..<replicas).reduce(0) { $0 + (start.configurations[$1, i] ? 1 : 0) }
      let deviation = Double(count) - Double(replicas) * p
      // Poisson-like tails of rare values reach further than 4.5 sigma of a normal law.
      #expect(abs(deviation) <= 4.5 * (Double(replicas) * p * (1 - p)).squareRoot() + 2)
    }
  }

  @Test("Annealing finds ln Z of small machines within 4 sigma, in both units, from both bases", arguments: UnitValues.allCases, [false, true])
  func partition(units: UnitValues, based: Bool) throws {
    let machine = randomMachine(10, 6, units: units, scale: units == .zeroOne ? 3 : 1.2), exact = try machine.exactLogPartition()
    let base = based ? (0..<10).map { 0.3 * cos(Double($0)) } : nil
    let sampling = AnnealedImportanceSampling(AnnealedBoltzmannMachine(machine.inSinglePrecision, baseBias: base), schedule: .dense(steps: 400))
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
