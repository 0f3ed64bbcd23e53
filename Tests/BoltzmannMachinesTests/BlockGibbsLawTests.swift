import BoltzmannMachines
import Laws
import LinearAlgebra
import RandomStreams
import Sampling
import Testing

@Suite struct BlockGibbsLawTests {
  private let streams = KeyedStreams(StreamKey(high: 5, low: 5))

  @Test(
    "Block Gibbs of an RBM leaves the tempered law invariant and is in detailed balance, by enumeration of all its decisions",
    arguments: UnitValues.allCases)
  func stationarity(units: UnitValues) throws {
    let machine = randomMachine(3, 2, units: units, scale: 4), base = [0.5, -1, 0.2]
    for (bias, position) in [(base, 0.6), (base, 1.0), ([0, 0, 0], 0.35)] {
      let model = AnnealedBoltzmannMachine(machine, baseBias: bias)
      let states = (0..<8).map { model.replicas(at: allConfigurations(3).slice($0..<$0 + 1)) }
      let weights = temperedLogWeights(machine, base: bias, at: position)
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
      var state = fast.replicas(
        at: Configurations(count: replicas, sites: .unplaced(3), words: [UInt64](repeating: UInt64(v), count: replicas)))
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
}
