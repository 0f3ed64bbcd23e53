public import Runtime

/// All studies that this program can run: the reader's index.
public enum StudyCatalog {
  /// One line per study, the default of `renorm run` first.
  public static let all: [any Study.Type] = [
    DeepRenormalization.self,
    LatticeSweep.self,
    CompareCoarseGrainings.self,
    MonteCarloRG.self,
    MutualInformationFilters.self,
    VariationalMapStudy.self,
    BoltzmannFlow.self,
    RenormalizationFlow.self,
    FunctionalRG.self,
    NetworkFieldTheory.self,
    BottleneckCurve.self,
    InformationEstimators.self,
    InformationPlane.self,
    LatticeInformation.self,
    LatticeOrbits.self,
    MinimalOrbits.self,
    NilpotentOrbits.self,
    SymmetryProbe.self,
    TensorRenormalizationGroup.self,
    EntanglementRenormalization.self,
    EntanglementGeometry.self,
    KahlerEinstein.self,
    GradientFlowStudy.self,
    Classifier.self,
    BoltzmannStudy.self,
  ]

  /// What reading study files needs to know of them.
  public static var descriptions: [StudyDescription] { all.map { StudyDescription($0) } }
  /// The study of this name.
  public static func study(named name: String) -> (any Study.Type)? { all.first { $0.name == name } }
}
