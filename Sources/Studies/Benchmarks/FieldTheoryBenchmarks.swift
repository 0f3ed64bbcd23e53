internal import FieldTheory
internal import RandomStreams
public import Runtime

/// Throughput of the functional renormalization group and of random networks.
public enum FieldTheoryBenchmarks {
  /// Fixed points by both routes, the flow of a potential, networks.
  public static let all: [Benchmark] = [collocation, truncation, flow, networks(.relu), networks(.erf)]

  private static func ising() throws -> LocalPotentialApproximation {
    try LocalPotentialApproximation(components: 1, dimension: 3, regulator: .litim)
  }
  private static let collocation = Benchmark("LPA fixed point by collocation, 41 points, d = 4 to 3", unit: "fixed points", reference: nil)
  {
    let theory = try ising()
    return {
      for _ in 0..<20 { _ = try theory.collocatedFixedPoint() }
      return 20
    }
  }
  private static let truncation = Benchmark("LPA fixed points by truncation, orders 2 to 20", unit: "fixed points", reference: nil) {
    let theory = try ising()
    return {
      for _ in 0..<5 { _ = try theory.truncatedFixedPoints(upTo: 20) }
      return 95
    }
  }
  /// The factorization alone is 2 41^3 / 3 operations.
  private static let flow = Benchmark(
    "flow of a potential, 41 points", unit: "steps", reference: .dgemm, referenceWorkPerUnit: 2 * 41 * 41 * 41 / 3 * 2
  ) {
    let point = try ising().collocatedFixedPoint()
    return {
      var flow = PotentialFlow(minimum: point.minimum, coupling: point.curvature(at: point.minimum), around: point)
      for _ in 0..<2000 { flow.step(1e-3) }
      return 2000
    }
  }
  private static func networks(_ activation: Activation) -> Benchmark {
    Benchmark("random \(activation.rawValue) networks, width 1000, depth 20", unit: "units", reference: nil) {
      let network = RandomDeepNetwork(WideNetworkKernel(activation, weightVariance: 2), widths: [Int](repeating: 1000, count: 20))
      let streams = KeyedStreams(StreamKey(high: 1, low: 2)), count = activation == .relu ? 5000 : 500
      return {
        var sum = 0.0
        for replica in 0..<count { sum += network.variances(from: 1, replica: replica, streams: streams)[19] }
        return sum.isFinite ? Double(count * 20 * 1000) : 0
      }
    }
  }
}
