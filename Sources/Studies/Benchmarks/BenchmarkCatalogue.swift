public import Runtime

/// All kernels whose speed `renorm bench` measures.
public enum BenchmarkCatalogue {
  /// One list per field.
  public static let all: [Benchmark] =
    BoltzmannBenchmarks.all + LatticeBenchmarks.all + LatticeModelBenchmarks.all
    + RenormalizationBenchmarks.all + FieldTheoryBenchmarks.all
    + SymmetryBenchmarks.all
    + TensorNetworkBenchmarks.all + KahlerBenchmarks.all
    + NeuralNetworkBenchmarks.all + InformationBenchmarks.all
}
