import BoltzmannMachines
import Glibc
import GradientFlows
import Laws
import MessagePassing
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite("The exact likelihood as a functional") struct ExactLikelihoodTests {
  private let images = Configurations(count: 5, sites: .unplaced(4), words: [3, 12, 5, 10, 15])
  private func machine(_ units: UnitValues) -> RestrictedBoltzmannMachine<Double> {
    RestrictedBoltzmannMachine(
      units: units, visible: 4, hidden: 2, weights: (0..<8).map { 0.7 * sin(Double(3 * $0 + 1)) }, visibleBias: [0.1, -0.3, 0.2, 0],
      hiddenBias: [0.4, -0.1])
  }

  @Test("its direction is the gradient of its value, penalty included", arguments: UnitValues.allCases)
  func gradient(units: UnitValues) throws {
    let start = machine(units), likelihood = try ExactLikelihood(of: images, like: start, decay: 0.3)
    var direction = LikelihoodGradient(like: start)
    try likelihood.direction(at: start, step: 0, on: SoloCommunicator(), into: &direction)
    func flat<B: Blocks>(_ blocks: B) -> [Double] where B.Scalar == Double { (0..<3).flatMap { blocks[block: $0] } }
    let directions = (1...3).map { seed in (0..<14).map { cos(Double(seed * 29 + $0 * 7)) } }
    try gradientLaw(at: flat(start), gradient: flat(direction), directions: directions, step: 1e-2) { x in
      var point = start
      (point.weights, point.visibleBias, point.hiddenBias) = (Array(x[..<8]), Array(x[8..<12]), Array(x[12...]))
      return likelihood.value(at: point)
    }
  }

  @Test("adjusted Langevin steps sample exp(value/tau): partial integration gives E theta . grad U = n tau, within 4 sigma")
  func virial() throws {
    let start = machine(.zeroOne), tau = 0.05
    var means: [Double] = []
    for replica in 0..<32 {
      var point = start, sum = 0.0
      let rule = Langevin<Double>(rate: 0.3, temperature: tau, key: StreamKey(high: 8, low: 9), replica: replica)
      var flow = MetropolisLangevinFlow(
        try ExactLikelihood(of: images, like: start, decay: 0.2), rule: rule, direction: LikelihoodGradient(like: start))
      for step in 0..<2200 {
        try flow.step(&point, at: UInt64(step), on: SoloCommunicator())
        guard step >= 200 else { continue }
        for index in 0..<3 { for (theta, g) in zip(point[block: index], flow.direction[block: index]) { sum -= theta * g } }
      }
      means.append(sum / 2000 / (14 * tau))
      #expect(flow.accepted > 1100 && flow.accepted < 2200)
    }
    let found = Estimate(meanOf: means)
    #expect(found.error < 0.02 && abs(found.value - 1) < 4 * found.error, "\(found)")
  }

  @Test("a machine whose smaller layer is too large to enumerate is refused with its size")
  func refusal() {
    let large = RestrictedBoltzmannMachine<Double>(
      units: .zeroOne, visible: 30, hidden: 28, weights: [Double](repeating: 0, count: 840), visibleBias: [Double](repeating: 0, count: 30),
      hiddenBias: [Double](repeating: 0, count: 28))
    #expect(throws: BoltzmannError.tooManyUnits(found: 28, limit: 25)) {
      try ExactLikelihood(of: Configurations(count: 1, sites: .unplaced(30), words: [1]), like: large)
    }
  }
}
