public import Runtime

/// All kernels whose speed `renorm bench` measures.
public enum BenchmarkCatalogue {
  /// One list per field.
  public static let all: [Benchmark] = LatticeBenchmarks.all + BoltzmannBenchmarks.all + RenormalizationBenchmarks.benchmarks
}
