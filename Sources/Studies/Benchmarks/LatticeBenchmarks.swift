import LatticeSystems
import MessagePassing
import RandomStreams
public import Runtime
import Sampling

/// Throughput of the lattice kernels and of their random numbers, one core.
public enum LatticeBenchmarks {
  /// All of them.
  public static let all: [Benchmark] =
    [
      checkerboard(size: 4096), checkerboard(size: 1024), swendsenWang(size: 32, coupling: 0.408),
      swendsenWang(size: 1024, coupling: 0.408), swendsenWang(size: 1024, coupling: IsingModel.criticalCoupling),
      swendsenWang(size: 4096, coupling: IsingModel.criticalCoupling), randomWords, stripClusters(size: 1024), stripClusters(size: 4096),
    ] + [256, 1024, 4096, 16384, 65536].map { strip(size: $0) }

  private static let streams = KeyedStreams(StreamKey.derive(seed: 0, study: "benchmark", unit: "lattice"))

  /// Checkerboard Metropolis at T = 2.5, from a state that 50 sweeps have led away from the cold start.
  private static func checkerboard(size: Int) -> Benchmark {
    Benchmark("checkerboard Metropolis, Ising \(size)x\(size), T = 2.5", unit: "flips", reference: nil) {
      let lattice = try SquareLattice(size: size)
      var kernel = try CheckerboardMetropolis(IsingModel(lattice, coupling: 1 / 2.5))
      var state = try CheckerboardConfiguration(IsingConfiguration(cold: lattice, replica: 0)), step: UInt64 = 0
      func sweep(_ count: Int) {
        for _ in 0..<count {
          kernel.step(&state, at: step, from: streams)
          step += 1
        }
      }
      sweep(50)
      let count = (1 << 32) / lattice.sites
      return {
        sweep(count)
        return Double(count * lattice.sites)
      }
    }
  }

  /// The same on one strip that is the whole lattice. From 16384 on from a shorter run: 65536^2 spins are 512 MiB.
  private static func strip(size: Int) -> Benchmark {
    Benchmark(
      "checkerboard Metropolis on strips, Ising \(size)x\(size), T = 2.5", unit: "flips", reference: nil,
      place: ("checkerboard Metropolis", Double(size), Double(size * size) / 8)
    ) {
      let lattice = try SquareLattice(size: size), alone = SoloCommunicator()
      let sweep = try StripMetropolis(lattice, coupling: 1 / 2.5)
      var strip = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: alone)
      try sweep.advance(&strip, sweeps: size > 4096 ? 5 : 50, from: streams, on: alone)
      let count = (1 << 32) / lattice.sites
      return {
        try sweep.advance(&strip, sweeps: count, from: streams, on: SoloCommunicator())
        return Double(count * lattice.sites)
      }
    }
  }

  /// Swendsen-Wang at K_c on one strip that is the whole lattice, from a state that it has led away from the cold start.
  private static func stripClusters(size: Int) -> Benchmark {
    Benchmark("Swendsen-Wang on strips, Ising \(size)x\(size), K_c", unit: "spins", reference: nil) {
      let lattice = try SquareLattice(size: size), alone = SoloCommunicator()
      var move = try StripSwendsenWang(lattice, coupling: IsingModel.criticalCoupling)
      var strip = IsingStrip(cold: lattice, replica: 0, on: alone)
      try move.advance(&strip, steps: 30, from: streams, on: alone)
      let count = max(2, (1 << 25) / lattice.sites)
      return {
        try move.advance(&strip, steps: count, from: streams, on: SoloCommunicator())
        return Double(count * lattice.sites)
      }
    }
  }

  private static func swendsenWang(size: Int, coupling: Double) -> Benchmark {
    let label = coupling == IsingModel.criticalCoupling ? "K_c" : "K = \(coupling)"
    return Benchmark("Swendsen-Wang, Ising \(size)x\(size), \(label)", unit: "spins", reference: nil) {
      let lattice = try SquareLattice(size: size)
      var kernel = try SwendsenWang(IsingModel(lattice, coupling: coupling))
      var chain = IsingChain(lattice, replica: 0, start: .hot, from: streams)
      chain.advance(sweeps: 50, with: &kernel, from: streams)
      let count = max(2, (1 << 25) / lattice.sites)
      return {
        chain.advance(sweeps: count, with: &kernel, from: streams)
        return Double(count * lattice.sites)
      }
    }
  }

  /// 64-bit words of the generator that hot kernels own.
  private static let randomWords = Benchmark("xoshiro256++ in eight lanes", unit: "words", reference: nil) {
    var lanes = streams.lanes(replica: 0, step: 0, site: 0, purpose: .proposal), sum = SIMD8<UInt64>()
    let count = 1 << 26
    return {
      for _ in 0..<count { sum ^= lanes.next() }
      // The sum is used, so that the words must be made.
      return sum == SIMD8() ? 0 : Double(8 * count)
    }
  }
}
