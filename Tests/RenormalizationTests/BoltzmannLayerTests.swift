import BoltzmannMachines
import Glibc
import Laws
import LinearAlgebra
import NeuralNetworks
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct BoltzmannLayerTests {
  @Test(
    "a machine's layer obeys the laws; with a law symmetric under the flip, turned coins turn it",
    arguments: UnitValues.allCases, BoltzmannLayer<Double>.Choice.allCases)
  func laws(units: UnitValues, choice: BoltzmannLayer<Double>.Choice) throws {
    let layer = try BoltzmannLayer(plantedMachine(units, size: 8, strength: 1), on: [8, 8], choice: choice)
    let fine = randomSpins(.lattice([8, 8]), count: 20, seed: 21)
    try CoarseGrainingLaws.shape(layer, fine, sites: layer.sites, from: testStreams(22))
    try CoarseGrainingLaws.cuts(layer, fine, from: testStreams(22))
    try CoarseGrainingLaws.spinFlip(layer, fine, coins: .turned, from: testStreams(22))
    #expect(layer.scaleFactor == 2)
  }

  @Test("in single precision too the layer obeys the laws, and gives the states that the machine itself samples")
  func singlePrecision() throws {
    let planted = plantedMachine(.zeroOne, size: 8, strength: 1)
    let machine = RestrictedBoltzmannMachine(
      units: .zeroOne, visible: 64, hidden: 16, weights: planted.weights.map { Float($0) },
      visibleBias: planted.visibleBias.map { Float($0) }, hiddenBias: planted.hiddenBias.map { Float($0) })
    let fine = randomSpins(.lattice([8, 8]), count: 20, seed: 21)
    for choice in BoltzmannLayer<Float>.Choice.allCases {
      let layer = try BoltzmannLayer(machine, on: [8, 8], choice: choice)
      try CoarseGrainingLaws.shape(layer, fine, sites: layer.sites, from: testStreams(22))
      try CoarseGrainingLaws.cuts(layer, fine, from: testStreams(22))
    }
    let layer = try BoltzmannLayer(machine, on: [8, 8])
    let coarse = try layer.coarsen(fine, firstSample: 4, from: testStreams(22))
    let states = machine.sampleHidden(of: fine, firstRow: 4, from: testStreams(22))
    for row in 0..<20 {
      for unit in 0..<16 { #expect(coarse[row, unit] == (states[row, unit] != layer.flipped[unit])) }
    }
  }

  @Test("the planted machine's fields are 2x2 blocks at the right centres, also across the boundary", arguments: UnitValues.allCases)
  func plantedFields(units: UnitValues) throws {
    let layer = try BoltzmannLayer(plantedMachine(units, size: 16, strength: 2), on: [16, 16]), fields = layer.fields
    for (j, c) in layer.centres.enumerated() {
      // The last row and column of blocks join sites 15 and 0: their centre is 15.5.
      #expect(abs(Double(c.x) - (Double(2 * (j / 8)) + 1.5)) < 1e-6 && abs(Double(c.y) - (Double(2 * (j % 8)) + 1.5)) < 1e-6)
    }
    #expect(layer.flipped == (0..<64).map { $0 % 2 == 1 })
    #expect(fields.deadFraction == 0 && fields.singleSiteFraction == 0)
    #expect(abs(fields.radius.value - 0.5.squareRoot()) < 1e-12 && abs(fields.participationRatio.value - 4) < 1e-12)
    #expect(fields.coherence.value == 1)
    let null = fields.nullRadii(effective: layer.effectiveWeights, from: testStreams(23))
    let relative = fields.relativeRadius(nullRadii: null)
    #expect(relative.value < 0.2 && relative.error >= 0)
    #expect(abs(fields.spacing.value - 2) < 1e-6 && fields.spacingVariation.value < 1e-6)
  }

  @Test("likeliest hidden states of the planted machine are the majority of its block, whatever the sign of its weights")
  func majorityFromMachine() throws {
    let layer = try BoltzmannLayer(plantedMachine(.zeroOne, size: 4, strength: 3), on: [4, 4], choice: .mostProbable)
    let fine = randomSpins(.lattice([4, 4]), count: 50, seed: 24)
    let coarse = try layer.coarsen(fine, firstSample: 0, from: testStreams(25))
    var decided = 0
    for row in 0..<50 {
      for j in 0..<4 {
        let ones = (0..<4).count { k in
          fine[row, (2 * (j / 2) + 1 + k / 2) % 4 * 4 + (2 * (j % 2) + 1 + k % 2) % 4]
        }
        if ones == 2 { continue }
        decided += 1
        #expect(coarse[row, j] == (ones > 2))
      }
    }
    #expect(decided > 100)
  }

  @Test("sampled hidden states have the machine's conditional law within 4 sigma")
  func conditionalLaw() throws {
    let machine = plantedMachine(.plusMinusOne, size: 4, strength: 0.3)
    let layer = try BoltzmannLayer(machine, on: [4, 4])
    var fine = Configurations(count: 4000, sites: .lattice([4, 4]))
    for row in 0..<4000 { for site in [5, 6, 9, 2, 7] { fine[row, site] = true } }
    let coarse = try layer.coarsen(fine, firstSample: 0, from: testStreams(26))
    // Unit 0 reads sites 5, 6, 9, 10: three up, one down.
    let p = 1 / (1 + exp(-2 * 0.3 * 2))
    let up = (0..<4000).count { coarse[$0, 0] }
    #expect(abs(Double(up) - 4000 * p) < 4 * (4000 * p * (1 - p)).squareRoot())
  }

  @Test("a network's first layer obeys the laws: signs of its fields, placed at the centres of their weights")
  func networkLayer() throws {
    let planted = plantedMachine(.plusMinusOne, size: 8, strength: 1)
    var network = try Network<Double>(
      input: FeatureShape(height: 8, width: 8, channels: 1), [.dense(16, .tanh), .dense(2, .identity)], from: testStreams(24))
    network.parameters[0] = planted.weights
    let layer = try BoltzmannLayer(firstLayerOf: network, on: [8, 8]), fine = randomSpins(.lattice([8, 8]), count: 20, seed: 21)
    try CoarseGrainingLaws.shape(layer, fine, sites: layer.sites, from: testStreams(22))
    try CoarseGrainingLaws.cuts(layer, fine, from: testStreams(22))
    try CoarseGrainingLaws.spinFlip(layer, fine, coins: .turned, from: testStreams(22))
    network.parameters[1] = (0..<16).map { 0.3 * Double($0) - 2 }
    let biased = try BoltzmannLayer(firstLayerOf: network, on: [8, 8])
    let coarse = try biased.coarsen(fine, firstSample: 0, from: testStreams(22))
    for row in 0..<20 {
      for unit in 0..<16 {
        let field = (0..<64).reduce(network.parameters[1][unit]) { $0 + network.parameters[0][$1 * 16 + unit] * (fine[row, $1] ? 1 : -1) }
        if abs(field) > 1e-9 { #expect(coarse[row, unit] == ((field > 0) != biased.flipped[unit])) }
      }
    }
    let convolution = try Network<Double>(
      input: FeatureShape(height: 8, width: 8, channels: 1),
      [.convolution(height: 3, width: 3, channels: 4, .relu), .flatten, .dense(2, .identity)])
    #expect(throws: CoarseGrainingError.notALattice) { try BoltzmannLayer(firstLayerOf: convolution, on: [8, 8]) }
    #expect(throws: CoarseGrainingError.sizeMismatch(expected: 64, found: 16)) { try BoltzmannLayer(firstLayerOf: network, on: [4, 4]) }
  }

  @Test("a second layer turns the oriented spins back, and its fields are the products of the weights")
  func secondLayer() throws {
    let first = try BoltzmannLayer(plantedMachine(.plusMinusOne, size: 8, strength: 2), on: [8, 8], choice: .mostProbable)
    // Four units, each reading a 2x2 group of the sixteen with the sign that undoes the planted one.
    var weights = [Double](repeating: 0, count: 64)
    for m in 0..<16 { weights[m * 4 + (m / 4) / 2 * 2 + (m % 4) / 2] = m % 2 == 1 ? -1 : 1 }
    let raw = RestrictedBoltzmannMachine(
      units: .plusMinusOne, visible: 16, hidden: 4, weights: weights, visibleBias: [Double](repeating: 0, count: 16),
      hiddenBias: [0, 0, 0, 0])
    var turned = raw
    turned.weights = weights.map(abs)
    let second = try BoltzmannLayer(raw, above: first, choice: .mostProbable)
    let same = try BoltzmannLayer(turned, above: first, trainedOnOriented: true, choice: .mostProbable)
    #expect(second.effectiveWeights == same.effectiveWeights)
    #expect(second.effectiveWeights.reduce(0, +) == 4 * 16 * 2)
    #expect(abs((second.fields.fields[0]?.radius ?? 0) - 2.5.squareRoot()) < 1e-9)  // a 4x4 block
    #expect(second.centres.map { Double($0.x) }.enumerated().allSatisfy { abs($1 - [2.5, 2.5, 6.5, 6.5][$0]) < 1e-5 })
    let fine = randomSpins(.lattice([8, 8]), count: 30, seed: 27)
    let a = try Composition(first, second).coarsen(fine, firstSample: 0, from: testStreams(28))
    let b = try Composition(first, same).coarsen(fine, firstSample: 0, from: testStreams(28))
    #expect(a == b)
    var up = fine
    for row in 0..<30 { for site in 0..<64 { up[row, site] = true } }
    #expect(try Composition(first, second).coarsen(up, firstSample: 0, from: testStreams(28)).magnetization(7) == 4)
  }
}
