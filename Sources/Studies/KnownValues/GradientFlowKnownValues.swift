import BoltzmannMachines
import Glibc
import GradientFlows
import KahlerGeometry
import MessagePassing
import RandomStreams
import Runtime
import Statistics

/// Exact laws of the gradient flows: E-1 to E-6.
enum GradientFlowKnownValues {
  private static let streams = KeyedStreams(StreamKey(high: 0x666C, low: 0x6F77))

  @Sendable static func noiseFree() throws -> [KnownValue] {
    var point = SpherePoints(count: 10, replica: 0, from: streams)
    let before = point.total
    var flow = RungeKuttaFlow(SphereGasFlow(try SphereGas(points: 10, beta: 1)), stepSize: 1e-3, direction: point)
    for step in 0..<500 { try flow.step(&point, at: UInt64(step), on: SoloCommunicator()) }
    let ratio = (point.total * before).sum() / (before * before).sum()
    return [KnownValue("noise-free flow, N = 10, beta = 1: M(1/2)/M(0)", expected: 0.3678794412, found: ratio, .absolute(1e-7))]
  }

  /// Within 4 sigma and one percent, for steps have an error of order h.
  @Sendable static func decay() throws -> [KnownValue] {
    let rows: [(n: Int, beta: Double, time: Double, step: Double, copies: Int)] = [
      (6, 1, 0.25, 0.002, 6000), (6, -0.5, 0.5, 0.002, 6000), (6, 0, 0.25, 0.002, 6000), (4, -0.6, 0.5, 0.002, 6000),
      (64, 8, 0.05, 5e-4, 1000),
      (1024, -0.6, 0.5, 0.004, 16), (1024, 8, 0.05, 5e-4, 16),
    ]
    return try rows.map { row in
      let gas = try SphereGas(points: row.n, beta: row.beta)
      var start = SpherePoints(count: row.n, replica: 0, from: streams)
      for i in 0..<row.n { start.coordinates[2 * row.n + i] += 0.6 }
      start.retract()
      let before = start.total
      var ratios: [Double] = []
      for copy in 0..<row.copies {
        var point = start
        let rule = Langevin<Double>(rate: row.step, temperature: 1, key: streams.key, replica: copy)
        var flow = GradientFlow(SphereGasFlow(gas), rule: rule, direction: point)
        for step in 0..<Int(row.time / row.step + 0.5) { try flow.step(&point, at: UInt64(step), on: SoloCommunicator()) }
        ratios.append((point.total * before).sum() / (before * before).sum())
      }
      let found = Estimate(meanOf: ratios), exact = exp(-2 * (1 + row.beta) * row.time)
      return KnownValue(
        "Langevin, N = \(row.n), beta = \(row.beta): E M(\(row.time))/M(0), 4 sigma and 1 %", expected: exact, found: found.value,
        error: found.error, .absolute(4 * found.error + 0.01 * exact))
    }
  }

  static func density(beta: Double) throws -> [KnownValue] {
    let rows: [(beta: Double, means: [Double], start: Double?, end: Double, tolerance: Double)] = [
      (1, [-0.11708021, -0.15828411, -0.16447937], -0.0638711078, -0.46910856, 1e-7),
      (-0.5, [-0.14216399, -0.33432668, -0.48206960], nil, -0.09761466, 1e-6),
    ]
    return try rows.filter { $0.beta == beta }.flatMap { row in
      let field = try McKeanVlasov(beta: row.beta, field: 1)
      var point = field.start(first: 0.2), values: [KnownValue] = []
      let name = "McKean-Vlasov, a = 1, beta = \(row.beta)"
      if let start = row.start {
        values.append(KnownValue(name + ": F(0)", expected: start, found: field.describe(point).freeEnergy, .absolute(1e-7)))
      }
      var flow = RungeKuttaFlow(field, stepSize: 1e-3, direction: point)
      for step in 1...2000 {
        try flow.step(&point, at: UInt64(step), on: SoloCommunicator())
        if let k = [500, 1000, 2000].firstIndex(of: step) {
          values.append(
            KnownValue(
              name + ": <t>(\(["1/2", "1", "2"][k]))", expected: row.means[k], found: point.moments[0], .absolute(row.tolerance)))
        }
      }
      values.append(KnownValue(name + ": F(2)", expected: row.end, found: field.describe(point).freeEnergy, .absolute(row.tolerance)))
      return values
    }
  }

  /// About the uniform density mode l decays at l(l + 1) + 2 beta, l = 1 the slowest.
  @Sendable static func slowestRates() throws -> [KnownValue] {
    try [-0.8, -0.5, 0, 4].map { beta in
      let rest = try MeanField(beta: beta, field: 0).solve()
      return KnownValue(
        "McKean-Vlasov, a = 0, beta = \(beta): slowest rate at rest", expected: 2 + 2 * beta,
        found: try McKeanVlasov(beta: beta, field: 0).slowestRate(near: rest), .absolute(1e-6))
    }
  }

  private static let network = MeanFieldNetwork(target: 1, decay: 0.5)

  @Sendable static func networkTheory() -> [KnownValue] {
    let exact = network.stationary(units: 20, temperature: 0.2, stepSize: 0.05)
    return [
      KnownValue("wide network: F at rest", expected: 0.0745080332, found: network.freeEnergy(temperature: 0.2), .absolute(1e-9)),
      KnownValue("wide network, N = 20, h = .05: E m", expected: 0.666667, found: exact.mean, .absolute(1e-6)),
      KnownValue("wide network, N = 20, h = .05: N Var m", expected: 0.138528, found: exact.scaledVariance, .absolute(1e-6)),
      KnownValue("wide network, N = 20, h = .05: Var within", expected: 0.384810, found: exact.spread, .absolute(1e-6)),
    ]
  }
  @Sendable static func networkSampled() throws -> [KnownValue] {
    var columns = [[Double]](repeating: [], count: 3)
    for copy in 0..<200 {
      var point = OutputWeights(weights: [Double](repeating: 0.6, count: 20)), sums = [0.0, 0, 0]
      let rule = Langevin<Double>(rate: 0.05, temperature: 0.2, key: streams.key, replica: copy)
      var flow = GradientFlow(network, rule: rule, direction: point)
      for step in 0..<4400 {
        try flow.step(&point, at: UInt64(step), on: SoloCommunicator())
        guard step >= 400 else { continue }
        let m = point.mean, d = m - 2.0 / 3
        sums = [sums[0] + m, sums[1] + 20 * d * d, sums[2] + point.spread]
      }
      for k in 0..<3 { columns[k].append(sums[k] / 4000) }
    }
    let exact = network.stationary(units: 20, temperature: 0.2, stepSize: 0.05)
    return zip(["E m", "N Var m", "Var within"], [exact.mean, exact.scaledVariance, exact.spread]).enumerated().map { k, row in
      let found = Estimate(meanOf: columns[k])
      return KnownValue(
        "wide network, N = 20, h = .05, sampled: \(row.0)", expected: row.1, found: found.value, error: found.error,
        .sigmas(4, largestError: 0.005))
    }
  }

  @Sendable static func langevinTheory() -> [KnownValue] {
    [(1.0, 0.1, 1.0, 1.0526315789), (2, 0.5, 0.3, 0.3)].map { curvature, h, temperature, value in
      KnownValue(
        "Langevin steps, lambda = \(curvature), h = \(h), tau = \(temperature): variance", expected: value,
        found: langevinVariance(temperature: temperature, curvature: curvature, stepSize: h), .absolute(1e-9))
    }
  }
  /// One unit of the wide network is a particle of curvature 1 + lambda.
  @Sendable static func langevinSampled() throws -> [KnownValue] {
    try [(1.0, 0.1, 1.0, 1.0526315789), (2, 0.5, 0.3, 0.3)].map { curvature, h, temperature, value in
      let particle = MeanFieldNetwork(target: 0, decay: curvature - 1)
      var variances: [Double] = []
      for copy in 0..<128 {
        var point = OutputWeights(weights: [0]), sum = 0.0
        let rule = Langevin<Double>(rate: h, temperature: temperature, key: streams.key.use("particle"), replica: copy)
        var flow = GradientFlow(particle, rule: rule, direction: point)
        for step in 0..<8400 {
          try flow.step(&point, at: UInt64(step), on: SoloCommunicator())
          if step >= 400 { sum += point.weights[0] * point.weights[0] }
        }
        variances.append(sum / 8000)
      }
      let found = Estimate(meanOf: variances)
      return KnownValue(
        "Langevin steps, lambda = \(curvature), h = \(h), tau = \(temperature), sampled: variance", expected: value, found: found.value,
        error: found.error, .sigmas(4, largestError: 0.01 * value))
    }
  }

  /// Partial integration along dilations of the parameters: E theta . grad U = n tau, whatever the loss.
  @Sendable static func virial() throws -> [KnownValue] {
    let images = BarsAndStripes.all(size: 3), tau = 0.02, decay = 0.1
    let draws = (0..<36).map { 0.3 * sin(Double(5 * $0 + 1)) }
    let machine = RestrictedBoltzmannMachine(
      units: .zeroOne, visible: 9, hidden: 4, weights: draws, visibleBias: [Double](repeating: 0, count: 9),
      hiddenBias: [Double](repeating: 0, count: 4))
    var means: [Double] = []
    for copy in 0..<48 {
      var point = machine, sum = 0.0
      let rule = Langevin<Double>(rate: 0.2, temperature: tau, key: streams.key.use("virial"), replica: copy)
      var flow = MetropolisLangevinFlow(
        try ExactLikelihood(of: images, like: machine, decay: decay), rule: rule, direction: LikelihoodGradient(like: machine))
      for step in 0..<2000 {
        try flow.step(&point, at: UInt64(step), on: SoloCommunicator())
        guard step >= 500 else { continue }
        for index in 0..<3 { for (theta, g) in zip(point[block: index], flow.direction[block: index]) { sum -= theta * g } }
      }
      means.append(sum / 1500 / (49 * tau))
    }
    let found = Estimate(meanOf: means)
    return [
      KnownValue(
        "adjusted Langevin steps of a Boltzmann machine's exact likelihood with a penalty: E theta . grad U / (n tau)", expected: 1,
        found: found.value, error: found.error, .sigmas(4, largestError: 0.02))
    ]
  }
}
