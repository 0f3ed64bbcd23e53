import BoltzmannMachines
import Glibc
import LinearAlgebra
import Sampling
import Statistics
import Testing

@Suite struct ExactPartitionTests {
  @Test(
    "ln Z is the sum over all joint states", arguments: [(1, 1), (2, 5), (5, 2), (3, 4), (4, 3), (9, 6), (6, 9), (10, 10)],
    UnitValues.allCases)
  func jointSum(size: (Int, Int), units: UnitValues) throws {
    let machine = randomMachine(size.0, size.1, units: units, scale: 4)
    #expect(abs(try machine.exactLogPartition() - logSumExp(visibleLogWeights(machine))) <= 1e-12)
  }

  /// Visible unit i is tied to hidden unit i alone, so Z is a product over pairs.
  private func pairs(_ count: Int, weight: (Int) -> Double) -> (machine: RestrictedBoltzmannMachine<Double>, logPartition: Double) {
    var weights = [Double](repeating: 0, count: count * count), expected = 0.0
    let a = (0..<count).map { sin(Double($0)) }, b = (0..<count).map { 3 * cos(Double($0)) }
    for i in 0..<count {
      weights[i * count + i] = weight(i)
      expected += logSumExp([0, a[i], b[i], a[i] + b[i] + weight(i)])
    }
    return (
      RestrictedBoltzmannMachine(units: .zeroOne, visible: count, hidden: count, weights: weights, visibleBias: a, hiddenBias: b), expected
    )
  }

  @Test("Independent pairs factorise, for moderate fields, large ones and such as overflow an exponential")
  func independentPairs() throws {
    for scale in [1.0, 40, 250, 1500] {
      let (machine, expected) = pairs(17) { scale * sin(1 + 2 * Double($0)) }
      #expect(abs(try machine.exactLogPartition() - expected) <= 1e-12 * max(1, expected))
    }
  }

  @Test("Many traced units are renormalised in time")
  func manyUnits() throws {
    // Hidden units without weights contribute softplus(b) each, e^(3000 ln 21) in all.
    let machine = RestrictedBoltzmannMachine<Double>(
      units: .zeroOne, visible: 9, hidden: 1000, weights: [Double](repeating: 0, count: 9000),
      visibleBias: [Double](repeating: -30, count: 9),
      hiddenBias: [Double](repeating: 20, count: 1000))
    #expect(abs(try machine.exactLogPartition() - (9 * log1p(exp(-30.0)) + 1000 * (20 + log1p(exp(-20.0))))) <= 1e-8)
  }

  @Test("A machine whose smaller layer has 26 units is refused with its size")
  func limit() {
    let machine = randomMachine(26, 30)
    #expect(throws: BoltzmannError.tooManyUnits(found: 26, limit: 25)) { try machine.exactLogPartition() }
    #expect(throws: BoltzmannError.tooManyUnits(found: 26, limit: 25)) { try machine.exactLogLikelihoodGradient(of: allConfigurations(1)) }
  }

  @Test("The probabilities of all visible states add up to one", arguments: UnitValues.allCases)
  func normalisation(units: UnitValues) throws {
    let machine = randomMachine(10, 12, units: units, scale: 2), logPartition = try machine.exactLogPartition()
    let total = machine.freeEnergy(of: allConfigurations(10)).reduce(0) { $0 + exp(-$1 - logPartition) }
    #expect(abs(total - 1) <= 1e-12)
  }

  @Test("The exact gradient is the derivative of the mean log-likelihood", arguments: UnitValues.allCases, [(6, 4), (4, 6)])
  func gradient(units: UnitValues, size: (Int, Int)) throws {
    let machine = randomMachine(size.0, size.1, units: units, scale: 2), data = randomConfigurations(5, units: size.0)
    let gradient = try machine.exactLogLikelihoodGradient(of: data), step = 1e-4
    func slope(_ path: WritableKeyPath<RestrictedBoltzmannMachine<Double>, [Double]>, _ index: Int) throws -> Double {
      // Central differences of fourth order.
      var values: [Double] = []
      for k in [-2.0, -1, 1, 2] {
        var moved = machine
        moved[keyPath: path][index] += k * step
        values.append(try moved.exactLogLikelihood(of: data).value)
      }
      return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    }
    for k in gradient.weights.indices { #expect(abs(try slope(\.weights, k) - gradient.weights[k]) <= 1e-9) }
    for k in gradient.visibleBias.indices { #expect(abs(try slope(\.visibleBias, k) - gradient.visibleBias[k]) <= 1e-9) }
    for k in gradient.hiddenBias.indices { #expect(abs(try slope(\.hiddenBias, k) - gradient.hiddenBias[k]) <= 1e-9) }
  }
}
