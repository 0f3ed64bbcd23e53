import BoltzmannMachines
import Glibc
import LinearAlgebra
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite struct DeepBeliefNetworkTests {
  private let streams = KeyedStreams(StreamKey(high: 3, low: 3))

  @Test("A stack of one machine has its exact log-likelihood")
  func oneLayer() throws {
    let machine = randomMachine(6, 4, scale: 3), data = randomConfigurations(9, units: 6), logPartition = try machine.exactLogPartition()
    let found = try DeepBeliefNetwork([machine]).bound(of: data, topLogPartition: logPartition, from: streams)
    #expect(abs(found.value - (try machine.exactLogLikelihood(of: data).value)) <= 1e-13)
  }

  @Test("With the first machine turned over on top the bound is tight, sample by sample", arguments: UnitValues.allCases)
  func tight(units: UnitValues) throws {
    let machine = randomMachine(7, 5, units: units, scale: 3), data = allConfigurations(7), logPartition = try machine.exactLogPartition()
    let stack = try DeepBeliefNetwork([machine, machine.transposed, machine])
    for (bound, free) in zip(stack.boundSamples(of: data, topLogPartition: logPartition, from: streams), machine.freeEnergy(of: data)) {
      #expect(abs(bound - (-free - logPartition)) <= 1e-12)
    }
  }

  @Test("The sampled bound has the enumerated bound as its mean, which lies below ln p(v)")
  func enumerated() throws {
    let lower = randomMachine(4, 3, scale: 5, seed: 2), upper = randomMachine(3, 4, units: .plusMinusOne, scale: 3, seed: 3)
    let logPartition = try upper.exactLogPartition(), stack = try DeepBeliefNetwork([lower, upper])
    let joint = (0..<8).map { h in (0..<16).map { negativeEnergy(lower, $0, h) } }
    let top = visibleLogWeights(upper).map { $0 - logPartition }
    for v in [0, 6, 15] {
      let posterior = joint.map { $0[v] }, norm = logSumExp(posterior)
      var bound = 0.0, terms: [Double] = []
      for h in 0..<8 {
        let logQ = posterior[h] - norm, logConditional = joint[h][v] - logSumExp(joint[h])
        bound += exp(logQ) * (top[h] - logQ + logConditional)
        terms.append(top[h] + logConditional)
      }
      let rows = 4000, data = Configurations(count: rows, sites: .unplaced(4), words: [UInt64](repeating: UInt64(v), count: rows))
      let found = stack.bound(of: data, topLogPartition: logPartition, from: streams)
      #expect(found.error < 0.05 && abs(found.value - bound) <= 4 * found.error)
      #expect(bound < logSumExp(terms))
    }
  }

  @Test("Sampled states and bounds have the same bits in every cut of the rows")
  func cuts() throws {
    let stack = try DeepBeliefNetwork([
      randomMachine(90, 70, scale: 0.5).inSinglePrecision, randomMachine(70, 20, scale: 0.5).inSinglePrecision,
    ])
    let data = randomConfigurations(30, units: 90)
    let states = stack.sampledStates(of: data, through: 2, from: streams),
      bounds = stack.boundSamples(of: data, topLogPartition: 1, from: streams)
    #expect(states[0] == data && states[1].sites.count == 70 && states[2].sites.count == 20)
    for range in [0..<7, 7..<8, 8..<30] {
      let part = data.slice(range)
      #expect(stack.sampledStates(of: part, through: 2, firstRow: range.lowerBound, from: streams)[2] == states[2].slice(range))
      #expect(stack.boundSamples(of: part, topLogPartition: 1, firstRow: range.lowerBound, from: streams) == Array(bounds[range]))
    }
  }

  @Test("Means of one layer are its conditional probabilities, and means of the next are taken at them")
  func means() throws {
    let lower = randomMachine(4, 3, scale: 3), upper = randomMachine(3, 2, scale: 3), data = allConfigurations(4)
    let stack = try DeepBeliefNetwork([lower, upper]), first = stack.meanStates(of: data, through: 1),
      second = stack.meanStates(of: data, through: 2)
    #expect(first == lower.hiddenProbabilities(given: data))
    for row in 0..<16 {
      for k in 0..<2 {
        let field = (0..<3).reduce(upper.hiddenBias[k]) { $0 + first[row * 3 + $1] * upper.weights[$1 * 2 + k] }
        #expect(abs(second[row * 2 + k] - 1 / (1 + exp(-field))) <= 1e-14)
      }
    }
  }

  @Test("Stacks that do not fit are refused with the layer and both sizes")
  func refusals() {
    #expect(throws: BoltzmannError.layersDoNotFit(layer: 1, expected: 3, found: 5)) {
      try DeepBeliefNetwork([randomMachine(4, 3), randomMachine(5, 2)])
    }
    #expect(throws: BoltzmannError.noLayers) { try DeepBeliefNetwork<Float>([]) }
  }
}
