public import Runtime

/// All computations whose results are known: what `renorm verify` runs, in the order of the acceptance table.
public enum KnownValueCatalogue {
  /// One list per field.
  public static let all: [Check] =
    ExactSolutionKnownValues.checks + LatticeMonteCarloKnownValues.checks + RenormalizationKnownValues.checks
    + BoltzmannKnownValues.checks + TrainingKnownValues.checks + InformationKnownValues.checks + StatisticsKnownValues.checks
    + DeepRenormalizationKnownValues.checks
}
