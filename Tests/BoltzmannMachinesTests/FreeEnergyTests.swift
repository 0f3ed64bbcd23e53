import BoltzmannMachines
import Glibc
import LinearAlgebra
import Sampling
import Statistics
import Testing

@Suite struct FreeEnergyTests {
  @Test("Free energies of both layers are sums over the other layer", arguments: UnitValues.allCases)
  func definition(units: UnitValues) {
    let machine = randomMachine(5, 4, units: units, scale: 3)
    for (found, expected) in zip(machine.freeEnergy(of: allConfigurations(5)), visibleLogWeights(machine)) {
      #expect(abs(found + expected) <= 1e-13)
    }
    for (h, found) in machine.hiddenFreeEnergy(of: allConfigurations(4)).enumerated() {
      #expect(abs(found + logSumExp((0..<32).map { negativeEnergy(machine, $0, h) })) <= 1e-13)
    }
  }

  @Test("Single precision agrees with double to rounding on many units", arguments: UnitValues.allCases)
  func precisions(units: UnitValues) {
    let machine = randomMachine(150, 77, units: units, scale: 0.4), data = randomConfigurations(40, units: 150)
    let exact = machine.freeEnergy(of: data)
    for (found, expected) in zip(machine.inSinglePrecision.freeEnergy(of: data), exact) { #expect(abs(found - expected) <= 2e-4) }
  }

  @Test("Huge fields neither overflow nor lose the small ones")
  func hugeFields() {
    // ln (1 + e^x) is x for large x and e^x for very negative x.
    let fields: [Double] = [2000, -2000, 900, -40, 0, 3]
    let machine = RestrictedBoltzmannMachine<Double>(
      units: .zeroOne, visible: 1, hidden: 6, weights: fields, visibleBias: [0], hiddenBias: [Double](repeating: 0, count: 6))
    let expected = 2000 + 900 + exp(-40) + log(2) + log1p(exp(3.0))
    #expect(abs(machine.freeEnergy(of: allConfigurations(1))[1] + expected) <= 1e-12)
    let many = RestrictedBoltzmannMachine<Double>(
      units: .zeroOne, visible: 1, hidden: 3001, weights: [Double](repeating: 0, count: 3001), visibleBias: [0],
      hiddenBias: [Double](repeating: 0, count: 3001))
    #expect(abs(many.freeEnergy(of: allConfigurations(1))[0] + 3001 * log(2)) <= 1e-9)
  }

  @Test("A row's free energy has the same bits in every batch")
  func batches() {
    let machine = randomMachine(200, 70, scale: 0.5).inSinglePrecision, data = randomConfigurations(1100, units: 200)
    let whole = machine.freeEnergy(of: data)
    for range in [0..<1, 3..<10, 511..<513, 700..<1100] {
      #expect(machine.freeEnergy(of: data.slice(range)) == Array(whole[range]))
    }
  }

  @Test("Conditional probabilities are ratios of joint weights", arguments: UnitValues.allCases)
  func conditionals(units: UnitValues) {
    let machine = randomMachine(3, 4, units: units, scale: 3)
    let hidden = machine.hiddenProbabilities(given: allConfigurations(3)),
      visible = machine.visibleProbabilities(given: allConfigurations(4))
    for v in 0..<8 {
      for h in 0..<16 {
        for j in 0..<4 {
          let odds = negativeEnergy(machine, v, h | 1 << j) - negativeEnergy(machine, v, h & ~(1 << j))
          #expect(abs(hidden[v * 4 + j] - 1 / (1 + exp(-odds))) <= 1e-14)
        }
        for i in 0..<3 {
          let odds = negativeEnergy(machine, v | 1 << i, h) - negativeEnergy(machine, v & ~(1 << i), h)
          #expect(abs(visible[h * 3 + i] - 1 / (1 + exp(-odds))) <= 1e-14)
        }
      }
    }
  }

  @Test("Converted machines have the same energies up to the constant", arguments: UnitValues.allCases)
  func conversion(units: UnitValues) {
    let machine = randomMachine(4, 3, units: units, scale: 2)
    let (other, constant) = machine.converted(to: units == .zeroOne ? .plusMinusOne : .zeroOne)
    for v in 0..<16 {
      for h in 0..<8 {
        #expect(abs(negativeEnergy(machine, v, h) - negativeEnergy(other, v, h) - constant) <= 1e-13)
      }
    }
    #expect(machine.converted(to: units).constant == 0 && machine.converted(to: units).machine == machine)
  }

  @Test("The pseudo-likelihood is the sum of conditional log-probabilities", arguments: UnitValues.allCases)
  func pseudoLikelihood(units: UnitValues) {
    let machine = randomMachine(5, 9, units: units, scale: 3), weights = visibleLogWeights(machine)
    let expected =
      (0..<32).reduce(0.0) { sum, v in
        sum + (0..<5).reduce(0.0) { $0 - log1p(exp(weights[v ^ 1 << $1] - weights[v])) }
      } / 32
    #expect(abs(machine.pseudoLogLikelihood(of: allConfigurations(5)).value - expected) <= 1e-12)
  }
}
