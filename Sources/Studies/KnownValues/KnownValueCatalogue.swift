public import Runtime

/// All computations whose results are known: what `renorm verify` runs.
public enum KnownValueCatalogue {
  /// One list per field, ordered by id ("A2" before "A12").
  public static let all: [Check] = {
    let lists = [
      ExactSolutionKnownValues.checks, LatticeMonteCarloKnownValues.checks, LatticeModelKnownValues.checks,
      FlowKnownValues.checks, MonteCarloRGKnownValues.checks, CoarseInformationKnownValues.checks, LearnedFieldKnownValues.checks,
      RenormalizationKnownValues.checks, VariationalMapKnownValues.checks,
      BoltzmannKnownValues.checks, TrainingKnownValues.checks, InformationKnownValues.checks, BottleneckKnownValues.checks,
      StatisticsKnownValues.checks,
      DeepRenormalizationKnownValues.checks, AnalysisKnownValues.checks,
      LatticeSweepKnownValues.checks,
      FieldTheoryKnownValues.checks,
      SymmetryKnownValues.checks,
      TensorNetworkKnownValues.checks, EntanglementKnownValues.checks,
      KahlerKnownValues.checks, KahlerSampledKnownValues.checks,
      NeuralNetworkKnownValues.checks, LikelihoodTrainingKnownValues.checks, DigitsKnownValues.checks,
    ]
    func order(_ id: String) -> (String, Int) {
      let letters = id.prefix { !$0.isNumber }
      return (String(letters), Int(id.dropFirst(letters.count).prefix { $0.isNumber }) ?? 0)
    }
    // The sort is stable: checks of one id stay in their lists' order.
    return lists.flatMap { $0 }.sorted { order($0.id) < order($1.id) }
  }()
}
