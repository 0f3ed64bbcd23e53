internal import GradientFlows
internal import KahlerGeometry
internal import MessagePassing
internal import RandomStreams
public import Runtime

/// Throughput of the gas on the sphere: moves, forces, balanced metrics.
public enum KahlerBenchmarks {
  public static let all: [Benchmark] = [moves(64), moves(256), moves(1024), moves(16384), forces, balanced]

  private static func moves(_ n: Int) -> Benchmark {
    Benchmark("moves of a point of the gas on the sphere, N = \(n), beta = 1", unit: "moves", reference: nil) {
      let gas = try SphereGas(points: n, beta: 1), streams = KeyedStreams(StreamKey(high: 1, low: 2))
      var state = gas.start(replicas: 1, firstReplica: 0, from: streams), kernel = gas.kernel(at: 1), step: UInt64 = 0
      let sweeps = max(1, 400_000_000 / (n * (250 + n)))
      return {
        for _ in 0..<sweeps {
          step += 1
          kernel.step(&state, at: step, from: streams)
        }
        return Double(sweeps * n)
      }
    }
  }
  private static let forces = Benchmark("forces of the gas on the sphere, N = 1024", unit: "pairs", reference: nil) {
    let streams = KeyedStreams(StreamKey(high: 1, low: 2)), point = SpherePoints(count: 1024, replica: 0, from: streams)
    var field = SphereGasFlow(try SphereGas(points: 1024, beta: 1)), direction = point
    return {
      for step in 0..<200 { try field.direction(at: point, step: UInt64(step), on: SoloCommunicator(), into: &direction) }
      return 200 * 1024 * 1023
    }
  }
  private static let balanced = Benchmark("balanced metrics of dP3, level 2", unit: "iterations", reference: nil) {
    let polygon = try ReflexivePolygon(ReflexivePolygon.catalogue[4].vertices)
    return {
      var iterations = 0
      for _ in 0..<4 { iterations += try BalancedMetric(polygon, level: 2).iterations }
      return Double(iterations)
    }
  }
}
