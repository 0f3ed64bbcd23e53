import LatticeSystems
import RandomStreams
public import Runtime
import TensorNetworks

/// Throughput of coarse graining and of MERA sweeps, one core, over this machine's double-precision matrix products.
public enum TensorNetworkBenchmarks {
  /// TRG, HOTRG and the sweep.
  public static let all: [Benchmark] = [
    coarseGraining(.trg, 16), coarseGraining(.trg, 24), coarseGraining(.trg, 32), coarseGraining(.hotrg, 16), coarseGraining(.hotrg, 24),
    sweep(4), sweep(8),
  ]

  /// 20 steps of the critical Ising model; the reference work is that of the dearest product of steps at full bond dimension.
  private static func coarseGraining(_ scheme: CoarseGrainingScheme, _ chi: Int) -> Benchmark {
    let n = Double(chi), power = scheme == .trg ? n * n * n * n * n * n : n * n * n * n * n * n * n
    return Benchmark(
      "\(scheme.rawValue.uppercased()), Ising at K_c, chi = \(chi), 20 steps", unit: "runs", reference: .dgemm,
      referenceWorkPerUnit: 40 * power
    ) {
      let streams = KeyedStreams(StreamKey(high: 1, low: 8)), tensor = try SquareTensor.ising(coupling: SquareIsing.criticalCoupling)
      return {
        var network = try NetworkCoarseGraining(tensor, scheme: scheme, bondDimension: chi)
        for _ in 0..<20 { try network.step(from: streams) }
        return 1
      }
    }
  }

  /// Sweeps of a ternary MERA: 3 descents, 2 ascents, 2 updates of u and of w; the reference work is that of its contractions.
  private static func sweep(_ chi: Int) -> Benchmark {
    let networks = ScaleInvariantMERA.Networks(bondDimension: chi)
    return Benchmark(
      "ternary MERA sweep, chi = \(chi)", unit: "sweeps", reference: .dgemm, referenceWorkPerUnit: 2 * networks.multiplicationsPerSweep
    ) {
      let networks = ScaleInvariantMERA.Networks(bondDimension: chi)
      var choices = KeyedStreams(StreamKey(high: 1, low: 9)).series(replica: 0, step: 0, site: 0, purpose: .initial)
      var mera = try ScaleInvariantMERA(bondDimension: chi, from: &choices)
      // Into the part of the optimisation that takes the time, with momentum.
      for _ in 0...ScaleInvariantMERA.safeSweeps { try mera.sweep(networks) }
      let sweeps = chi > 4 ? 3 : 50
      return {
        for _ in 0..<sweeps { try mera.sweep(networks) }
        return Double(sweeps)
      }
    }
  }
}
