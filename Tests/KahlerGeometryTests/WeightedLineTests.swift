import Glibc
import KahlerGeometry
import RandomStreams
import Sampling
import Statistics
import Testing

@Suite("P^1 with cone points") struct WeightedLineTests {
  private let streams = KeyedStreams(StreamKey(high: 6, low: 13))

  /// The limit N -> infinity of f from N = 64, 128 and 256, with corrections in 1/N and 1/N^2.
  private func limit(_ f: (Int) throws -> Double) rethrows -> Double {
    let a = try f(64), b = try f(128), c = try f(256)
    return (4 * (2 * c - b) - (2 * b - a)) / 3
  }

  @Test("D-7, D-8, D-9: partition functions and E ln|z| are those of the acceptance table, at finite N and in the limit")
  func exactValues() throws {
    func line(_ weights: [Double], _ n: Int) throws -> WeightedProjectiveLine { try WeightedProjectiveLine(weights: weights, points: n) }
    let fano = [0.3, 0.4, 0.5], dihedral = [0.5, 0.5, 2.0 / 3], hyperbolic = [0.9, 0.8, 0.7]
    #expect(abs(try line(fano, 2).logPartition - 6.5266572912) < 1e-8)
    #expect(abs(try line(fano, 8).logPartition - 22.1895248579) < 1e-8)
    #expect(abs(try line(fano, 2).meanLogModulus / 2 - 1.41515161) < 2e-8)
    #expect(abs(try line(fano, 8).meanLogModulus / 8 - 0.76497050) < 1e-8)
    #expect(abs(try line(dihedral, 8).logPartition - 24.1633303854) < 1e-8)
    #expect(abs(try line(dihedral, 8).meanLogModulus / 8 - 0.71210671) < 1e-8)
    #expect(abs(try limit { try line(dihedral, $0).meanLogModulus / Double($0) } - WeightedProjectiveLine.dihedralLogModulus(3)) < 1e-6)
    #expect(abs(try line(hyperbolic, 8).logPartition - 29.7453238001) < 1e-8)
    #expect(abs(try line(hyperbolic, 8).meanLogModulus / 8 + 1.36829627) < 1e-8)
    #expect(abs(try limit { try line(hyperbolic, $0).meanLogModulus / Double($0) } + 1.29118762) < 1e-6)
    for (weights, value) in [(hyperbolic, 3.699085), (fano, 2.724923), ([0.75, 0.75, 0.75], 3.418734)] {
      #expect(abs(try limit { try line(weights, $0).logPartition / Double($0) } - value) < 1e-6)
    }
  }

  @Test("D-10: beyond its threshold a process is refused, with the threshold")
  func threshold() {
    #expect(abs(WeightedProjectiveLine.gibbsThreshold(weights: [0.3, 0.4, 0.5], points: 2) - 1.25) < 1e-12)
    #expect(abs(WeightedProjectiveLine.gibbsThreshold(weights: [0.3, 0.4, 0.5], points: 9) - 1.25) < 1e-12)
    let unstable = WeightedProjectiveLine.gibbsThreshold(weights: [0.1, 0.1, 0.6], points: 8)
    #expect(abs(unstable - 2.0 / 3) < 1e-12)
    // Light cones in the Fano range hold only where N > 2 / sum w: each lies below half of the sum.
    #expect(throws: KahlerError.tooFewPoints(found: 6, required: 7)) { try WeightedProjectiveLine(weights: [0.1, 0.1, 0.1], points: 6) }
    #expect(throws: Never.self) { try WeightedProjectiveLine(weights: [0.1, 0.1, 0.1], points: 7) }
    #expect(throws: KahlerError.gibbsUnstable(threshold: unstable, heaviest: 0.6)) {
      try WeightedProjectiveLine(weights: [0.1, 0.1, 0.6], points: 8)
    }
    #expect(throws: KahlerError.flat) { try WeightedProjectiveLine(weights: [0.5, 0.75, 0.75], points: 8) }
    #expect(throws: KahlerError.coneWeight(1.5)) { try WeightedProjectiveLine(weights: [0.5, 1.5, 0.7], points: 8) }
  }

  @Test(
    "E ln|z| by moves on the sphere is the exact one within 4 sigma, near heavy cone points too",
    arguments: [([0.3, 0.4, 0.5], 2), ([0.3, 0.4, 0.5], 8), ([0.5, 0.5, 2.0 / 3], 8), ([0.9, 0.8, 0.7], 8), ([0.9, 0.8, 0.7], 6)])
  func sampled(weights: [Double], points: Int) throws {
    let line = try WeightedProjectiveLine(weights: weights, points: points), gas = try line.gas()
    var state = gas.start(replicas: 32, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1)
    var sums = [Double](repeating: 0, count: 32)
    for step in 1...3400 {
      kernel.step(&state, at: UInt64(step), from: streams)
      if step > 400 { for r in 0..<32 { sums[r] += state.logModuli(of: r) / Double(3000 * points) } }
    }
    let found = Estimate(meanOf: sums), exact = line.meanLogModulus / Double(points)
    #expect(found.error < 0.06 && abs(found.value - exact) < 4 * found.error, "\(found), exact \(exact)")
  }

  @Test("annealing and integration, written for all models, find ln Z of the weighted line within 4 sigma")
  func partition() throws {
    let line = try WeightedProjectiveLine(weights: [0.3, 0.4, 0.5], points: 6), gas = try line.gas()
    let annealed = AnnealedImportanceSampling(gas, schedule: .linear(steps: 60))
    let estimate = annealed.estimate(annealed.run(replicas: 400, from: streams).logWeights)
    #expect(estimate.effectiveSampleSize > 100 && estimate.logPartition.error < 0.1)
    #expect(abs(estimate.logPartition.value - line.logSpherePartition) < 4 * estimate.logPartition.error)
    let three = try SphereGas(points: 3, pairExponent: 4)
    let integration = ThermodynamicIntegration(
      three, nodes: ThermodynamicIntegration<SphereGas>.gaussLegendre(10), relaxation: 20, measurements: 400)
    let found = integration.estimate(integration.integrals(replicas: 24, from: streams))
    #expect(found.error < 0.0114 && abs(found.value - ExactSphereGas.logPartitionOfThree(pairExponent: 4)) < 4 * found.error)
  }
}
