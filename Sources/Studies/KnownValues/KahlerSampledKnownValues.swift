import Glibc
import KahlerGeometry
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Sampled values of the gas on the sphere and of P^1 with cone points: D-2, D-3, D-4, D-7 to D-9.
public enum KahlerSampledKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] =
    [
      Check("D-2", .slow, determinantal), Check("D-3", .slow, integrated), Check("D-4", .slow, momenta), Check("D-7", .slow, moduli),
      Check("E-2", .slow, GradientFlowKnownValues.decay), Check("E-5", .slow, GradientFlowKnownValues.networkSampled),
      Check("E-6", .slow, GradientFlowKnownValues.langevinSampled), Check("E-6", .slow, GradientFlowKnownValues.virial),
      Check("D-4", .slow, ladder),
    ]
    + [(4, -0.6, 12_000), (64, 1, 1500), (256, -0.6, 1500), (1024, 8, 500)].map { n, beta, sweeps in
      Check("D-4", .slow) { try calibration(n, beta, sweeps) }
    }

  private static let streams = KeyedStreams(StreamKey(high: 0x4B61, low: 0x686C))

  /// Means of quantities over sweeps, replica by replica, as estimates.
  private static func means(
    _ gas: SphereGas, replicas: Int, sweeps: Int, silent: Int, _ quantities: (SphereConfigurations, Int) -> [Double]
  ) -> [Estimate] {
    var state = gas.start(replicas: replicas, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1),
      sums = [[Double]](repeating: [], count: replicas)
    for step in 1...(silent + sweeps) {
      kernel.step(&state, at: UInt64(step), from: streams)
      guard step > silent else { continue }
      for r in 0..<replicas {
        let found = quantities(state, r)
        if sums[r].isEmpty { sums[r] = found } else { for k in found.indices { sums[r][k] += found[k] } }
      }
    }
    return sums[0].indices.map { k in Estimate(meanOf: sums.map { $0[k] / Double(sweeps) }) }
  }

  @Sendable private static func determinantal() throws -> [KnownValue] {
    let gas = try SphereGas(points: 10, pairExponent: 2)
    let found = means(gas, replicas: 64, sweeps: 4000, silent: 100) { state, r in
      Array(state.structureFactors(of: r, upTo: 4)[1...]) + [-state.logWeights[r] / 2]
    }
    let exact = [0.18181818, 0.45454545, 0.70629371, 0.87412587, -13.5140437601]
    return exact.indices.map { k in
      KnownValue(
        "s = 2, N = 10, sampled: " + (k < 4 ? "S_\(k + 1)" : "E[-sum ln |x - y|]"), expected: exact[k], found: found[k].value,
        error: found[k].error, .sigmas(4, largestError: 0.01))
    }
  }

  @Sendable private static func integrated() throws -> [KnownValue] {
    try [(1.0, 0.838627), (4, 4.55989384)].map { s, value in
      let gas = try SphereGas(points: 3, pairExponent: s)
      let integration = ThermodynamicIntegration(
        gas, nodes: ThermodynamicIntegration<SphereGas>.gaussLegendre(12), relaxation: 20, measurements: 1000)
      let found = integration.estimate(integration.integrals(replicas: 64, from: streams))
      return KnownValue(
        "N = 3, s = \(Int(s)): ln Z by thermodynamic integration", expected: value, found: found.value, error: found.error,
        .sigmas(4, largestError: 0.01 * value))
    }
  }

  @Sendable private static func momenta() throws -> [KnownValue] {
    try [(8, 1.0, 0.5), (8, -0.5, 2), (6, 2.5, 0.285714)].map { n, beta, value in
      let gas = try SphereGas(points: n, beta: beta)
      let found = means(gas, replicas: 64, sweeps: 4000, silent: 100) { state, r in
        let sum = state.total(of: r)
        return [(sum * sum).sum() / Double(n)]
      }
      return KnownValue(
        "N = \(n), beta = \(beta): E|sum x|^2 / N", expected: value, found: found[0].value, error: found[0].error,
        .sigmas(4, largestError: 0.01))
    }
  }

  /// Replica exchange towards the threshold: every rung has the S_1 of its own beta.
  @Sendable private static func ladder() throws -> [KnownValue] {
    let gas = try SphereGas(points: 16, beta: -0.85), positions = [0.0, 0.4, 0.7, 0.9, 1]
    var means = [[Double]](repeating: [], count: positions.count), trips = 0
    for number in 0..<48 {
      let exchange = ReplicaExchange(gas, positions: positions, firstReplica: number * positions.count)
      var ladder = exchange.begin(from: streams), sums = [Double](repeating: 0, count: positions.count), count = 0
      exchange.advance(&ladder, exchanges: 3000, sweeps: 1, from: streams) { now in
        guard now.steps > 200 else { return }
        count += 1
        for rung in positions.indices {
          guard let total = now.state(atRung: rung)?.total(of: 0) else { continue }
          sums[rung] += (total * total).sum() / 16
        }
      }
      for rung in positions.indices { means[rung].append(sums[rung] / Double(count)) }
      trips += ladder.ladder.totalRoundTrips
    }
    return positions.indices.map { rung in
      let beta = -0.85 * positions[rung], found = Estimate(meanOf: means[rung]), exact = ExactSphereGas.momentum(beta: beta)
      return KnownValue(
        "N = 16, ladder to beta = -0.85, rung of beta = \(beta): E|sum x|^2 / N", expected: exact, found: found.value, error: found.error,
        .sigmas(4, largestError: 0.03 * exact))
    } + [
      KnownValue(
        "the ladder's replicas go all the way round (1: more than 100 times)", expected: 1, found: trips > 100 ? 1 : 0, .absolute(0))
    ]
  }

  /// The error bar of one chain, from its autocorrelation time, over 200 chains.
  private static func calibration(_ n: Int, _ beta: Double, _ sweeps: Int) throws -> [KnownValue] {
    let gas = try SphereGas(points: n, beta: beta)
    var pulls = Moments(), mean = Moments()
    for seed in 0..<200 {
      var state = gas.start(replicas: 1, firstReplica: seed, from: streams), kernel = gas.kernel(at: 1), series: [Double] = []
      for step in 1...(sweeps + 60) {
        kernel.step(&state, at: UInt64(step), from: streams)
        let sum = state.total(of: 0)
        if step > 60 { series.append((sum * sum).sum() / Double(n)) }
      }
      let found = try AutocorrelationTime(series).mean
      mean.add(found.value)
      pulls.add((found.value - ExactSphereGas.momentum(beta: beta)) / found.error)
    }
    let what = "N = \(n), beta = \(beta), 200 seeds: "
    return [
      KnownValue(
        what + "E|sum x|^2 / N", expected: ExactSphereGas.momentum(beta: beta), found: mean.mean, error: mean.standardError,
        .sigmas(4, largestError: 0.05)),
      KnownValue(what + "mean of z", expected: 0, found: pulls.mean, .absolute(0.25)),
      KnownValue(what + "variance of z", expected: 1, found: pulls.variance, .absolute(0.35)),
    ]
  }

  @Sendable private static func moduli() throws -> [KnownValue] {
    let rows = [
      ([0.3, 0.4, 0.5], 2, 1.41515161), ([0.3, 0.4, 0.5], 8, 0.76497050), ([0.5, 0.5, 2.0 / 3], 8, 0.71210671),
      ([0.9, 0.8, 0.7], 8, -1.36829627),
    ]
    return try rows.map { weights, n, value in
      let gas = try KahlerKnownValues.line(weights, n).gas()
      let found = means(gas, replicas: 64, sweeps: n == 2 ? 24_000 : 6000, silent: 500) { state, r in [state.logModuli(of: r) / Double(n)] }
      return KnownValue(
        "w = \(weights.map { "\(Float($0))" }.joined(separator: ", ")), N = \(n), sampled: E ln|z|", expected: value, found: found[0].value,
        error: found[0].error, .sigmas(4, largestError: 0.03))
    }
  }
}
