import CReferenceLoops
import LatticeSystems
import RandomStreams
public import Runtime
import Sampling

/// Throughput of the models and moves beyond the bit-sliced checkerboard, one core.
public enum LatticeModelBenchmarks {
  /// All of them.
  public static let all: [Benchmark] = [wolff(size: 1024), ising, potts, xy, scalar, hybrid]

  private static let streams = KeyedStreams(StreamKey.derive(seed: 0, study: "benchmark", unit: "models"))

  /// Packed Wolff at K_c from a state that Swendsen-Wang has led to equilibrium.
  private static func wolff(size: Int) -> Benchmark {
    Benchmark("Wolff, Ising \(size)x\(size), K_c", unit: "flips", reference: nil) {
      let lattice = try SquareLattice(size: size)
      let model = try IsingModel(lattice, coupling: IsingModel.criticalCoupling)
      var relaxing = try SwendsenWang(model), kernel = try Wolff(model)
      var chain = IsingChain(lattice, replica: 0, start: .cold, from: streams)
      chain.advance(sweeps: 200, with: &relaxing, from: streams)
      return {
        let before = kernel.totalSize
        while kernel.totalSize - before < 1 << 25 { chain.advance(sweeps: 1, with: &kernel, from: streams) }
        return Double(kernel.totalSize - before)
      }
    }
  }

  /// Sweeps of a kernel on a lattice of about a million sites.
  private static func sweeps<Model: LatticeModel>(
    _ name: String, reference: BenchmarkReference? = nil, workPerUnit: Double = 0, count: Int, stepsPerSweep: Int = 1,
    plainLoop: (@Sendable () throws -> () throws -> Double)? = nil, _ model: @escaping @Sendable () throws -> Model,
    _ kernel: @escaping @Sendable (Model) throws -> some MarkovKernel<LatticeConfiguration<Model.Value>>
  ) -> Benchmark {
    Benchmark(name, unit: "sites", reference: reference, referenceWorkPerUnit: workPerUnit, plainLoop: plainLoop) {
      let model = try model()
      var kernel = try kernel(model), chain = LatticeChain(LatticeConfiguration(cold: model, replica: 0))
      chain.advance(sweeps: 5, with: &kernel, from: streams)
      return {
        chain.advance(sweeps: count, with: &kernel, from: streams)
        return Double(count * stepsPerSweep * model.lattice.sites)
      }
    }
  }
  /// The same number of sweeps of a plain loop in C over `sites` values, after five to warm up.
  private static func loop<Value>(
    _ count: Int, _ values: [Value], _ sweep: @escaping @Sendable (inout [Value], inout reference_generator) -> Int64
  ) -> () -> Double {
    var values = values, generator = reference_generator(s: (1, 2, 3, 4))
    func sweeps(_ count: Int) -> Int64 { (0..<count).reduce(0) { sum, _ in sum + sweep(&values, &generator) } }
    _ = sweeps(5)
    return {
      precondition(sweeps(count) > 0, "some proposals are accepted")
      return Double(count * values.count)
    }
  }
  private static var plane: HypercubicLattice { get throws { try HypercubicLattice([1024, 1024]) } }

  private static let ising = sweeps(
    "Metropolis, Ising 96x96x96, K_c", count: 30,
    plainLoop: {
      loop(30, [Int8](repeating: 1, count: 96 * 96 * 96)) {
        unsafe reference_cubic_ising_sweep(&$0, 96, HypercubicIsing.cubicCriticalCoupling, &$1)
      }
    }
  ) {
    try HypercubicIsing(HypercubicLattice([96, 96, 96]), coupling: HypercubicIsing.cubicCriticalCoupling)
  } _: {
    try LocalMetropolis($0)
  }
  private static let potts = sweeps(
    "Metropolis, 3-state Potts 1024x1024, K_c", count: 30,
    plainLoop: {
      loop(30, [UInt8](repeating: 0, count: 1 << 20)) {
        unsafe reference_potts_sweep(&$0, 1024, 3, PottsModel.criticalCoupling(colours: 3), &$1)
      }
    }
  ) {
    try PottsModel(plane, colours: 3, coupling: PottsModel.criticalCoupling(colours: 3))
  } _: {
    try LocalMetropolis($0)
  }
  private static let xy = sweeps(
    "Metropolis, XY 1024x1024, K = 1.12", count: 15,
    plainLoop: {
      loop(15, [SIMD2<Double>](repeating: SIMD2(1, 0), count: 1 << 20)) { values, generator in
        unsafe values.withUnsafeMutableBytes {
          unsafe reference_xy_sweep($0.baseAddress!.assumingMemoryBound(to: Double.self), 1024, 1.12, 1, &generator)
        }
      }
    }
  ) {
    try XYModel(plane, coupling: 1.12)
  } _: {
    try LocalMetropolis($0, width: 1)
  }
  private static let scalar = sweeps(
    "Metropolis, phi^4 1024x1024, kappa = 0.25", count: 15,
    plainLoop: {
      loop(15, [Double](repeating: 1, count: 1 << 20)) { unsafe reference_scalar_sweep(&$0, 1024, 0.25, 0.5, 1.2, &$1) }
    }
  ) {
    try ScalarPhi4Model(plane, hopping: 0.25, quartic: 0.5)
  } _: {
    try LocalMetropolis($0, width: 1.2)
  }
  /// Site updates of leapfrog steps, trajectories of 20. A step reads phi twice and p twice and writes each once.
  private static let hybrid = sweeps(
    "HMC, phi^4 1024x1024, leapfrog", reference: .memory, workPerUnit: 48, count: 3, stepsPerSweep: 20, plainLoop: nil
  ) {
    try ScalarPhi4Model(plane, hopping: 0.25, quartic: 0.5)
  } _: {
    try HybridMonteCarlo($0, stepSize: 0.05, stepCount: 20)
  }
}
