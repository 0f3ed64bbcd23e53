import Glibc
public import Runtime

/// Bias and spread of estimators of mutual information on normal pairs of known information, over dimensions and sizes, with
/// their ceilings and null tests.
public struct InformationEstimators: Study {
  public static let name = "information-estimators"
  public static let summary = "estimators of mutual information against the truth on normal pairs: bias, spread, ceilings, null tests"

  /// One dimension and one information.
  public struct Unit: Sendable, Equatable {
    public let dimension: Int, information: Double
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "pairs", "d independent normal pairs, equally correlated",
      [
        Parameter("dimensions", .integers([1, 2, 5, 10]), .integers(1...32), unit: "pairs", "d"),
        Parameter(
          "informations", .reals([0.1, 0.3, 1, 2, 4, 6, 8]), .reals(0.001...20), unit: "nats", "I(X;Y); zero is always added"),
        Parameter("samples", .integer(10_000), .integers(100...1_000_000), unit: "samples", "of each data set"),
      ]),
    ParameterTable(
      "estimators", "what is tried, and how",
      [
        Parameter(
          "names", .texts(["ksg-1", "ksg-2", "bins-plug-in", "bins-miller-madow", "noise-lower", "noise-upper", "info-nce", "mine"]),
          unit: "1", "of " + GaussianEstimator.allCases.map(\.rawValue).joined(separator: ", ")),
        Parameter("repetitions", .integer(10), .integers(2...1000), unit: "data sets", "of each kind"),
        Parameter("null_repetitions", .integer(30), .integers(2...10_000), unit: "data sets", "where X and Y are independent"),
        Parameter("trained_repetitions", .integer(3), .integers(2...1000), unit: "data sets", "of trained estimators"),
        Parameter("neighbours", .integer(3), .integers(1...64), unit: "samples", "k of ksg-1 and ksg-2"),
        Parameter(
          "bins", .integer(16), .integers(2...256), unit: "bins",
          "of each component, equally filled; fewer where a pair of tuples would have less than ten samples"),
      ]),
    ParameterTable(
      "training", "of critics",
      [
        Parameter("batch", .integer(128), .integers(8...4096), unit: "samples", "of a step, and of each value"),
        Parameter("hidden", .integer(64), .integers(1...1024), unit: "units", "of each of two hidden layers"),
        Parameter("steps", .integer(1000), .integers(1...1_000_000), unit: "steps", "of Adam"),
        Parameter("rate", .real(1e-3), .reals(1e-6...0.1), unit: "1", "of Adam"),
      ]),
  ]

  public static let debugOverrides = [
    "pairs.dimensions=[1, 2]", "pairs.informations=[0.5, 3.0]", "pairs.samples=400", "estimators.repetitions=2",
    "estimators.null_repetitions=4", "estimators.trained_repetitions=2", "training.batch=32", "training.steps=20",
  ]

  let dimensions: [Int], informations: [Double], samples: Int
  let estimators: [GaussianEstimator], repetitions: Int, nullRepetitions: Int, trainedRepetitions: Int
  let neighbours: Int, bins: Int, batch: Int, hidden: Int, steps: Int, rate: Double

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    dimensions = parameters.integers("pairs.dimensions")
    informations = [0] + parameters.reals("pairs.informations").sorted()
    samples = parameters.integer("pairs.samples")
    var estimators: [GaussianEstimator] = []
    for (place, name) in parameters.texts("estimators.names").enumerated() {
      guard let estimator = GaussianEstimator(rawValue: name) else {
        throw .invalid(
          parameter: "estimators.names[\(place)]",
          what: "\"\(name)\" is none of " + GaussianEstimator.allCases.map(\.rawValue).joined(separator: ", "))
      }
      estimators.append(estimator)
    }
    self.estimators = estimators
    repetitions = parameters.integer("estimators.repetitions")
    nullRepetitions = parameters.integer("estimators.null_repetitions")
    trainedRepetitions = parameters.integer("estimators.trained_repetitions")
    neighbours = parameters.integer("estimators.neighbours")
    bins = parameters.integer("estimators.bins")
    batch = parameters.integer("training.batch")
    hidden = parameters.integer("training.hidden")
    steps = parameters.integer("training.steps")
    rate = parameters.real("training.rate")
    guard !dimensions.isEmpty, Set(dimensions).count == dimensions.count else {
      throw .invalid(parameter: "pairs.dimensions", what: "each dimension once, and at least one")
    }
    guard informations.count > 1, Set(informations).count == informations.count else {
      throw .invalid(parameter: "pairs.informations", what: "each information once, and at least one")
    }
    guard !estimators.isEmpty, Set(estimators).count == estimators.count else {
      throw .invalid(parameter: "estimators.names", what: "each estimator once, and at least one")
    }
    guard neighbours < samples else { throw .invalid(parameter: "estimators.neighbours", what: "\(samples) samples have fewer neighbours") }
    for d in dimensions where !estimators.contains(where: { applies($0, dimension: d) }) {
      throw .invalid(
        parameter: "estimators.names",
        what: "in \(d) dimensions \(samples) samples are too few for pairs of tuples of two bins; add one without bins")
    }
    // Six tenths are trained on, two choose, and two tenths are valued: two batches at least, for an error.
    if estimators.contains(where: \.isTrained), 10 * batch > samples {
      throw .invalid(parameter: "training.batch", what: "critics need ten batches of samples; \(samples) are fewer than \(10 * batch)")
    }
  }

  /// Bins of each component: as many as asked for, fewer where pairs of tuples would have less than ten samples each; below two the
  /// bins would tell the number of samples.
  func bins(dimension: Int) -> Int {
    (0...bins).last { 10 * pow(Double($0), Double(2 * dimension)) <= Double(samples) } ?? 0
  }
  /// Whether an estimator is put to pairs of this dimension.
  func applies(_ estimator: GaussianEstimator, dimension: Int) -> Bool { !estimator.isBinned || bins(dimension: dimension) >= 2 }
  /// The estimates of a unit: estimator and repetition.
  func tasks(_ unit: Unit) -> [(estimator: GaussianEstimator, repetition: Int)] {
    estimators.filter { applies($0, dimension: unit.dimension) }.flatMap { estimator in
      let count: Int
      if estimator.isTrained {
        count = unit.information == 0 ? max(trainedRepetitions, min(nullRepetitions, 10)) : trainedRepetitions
      } else {
        count = unit.information == 0 ? nullRepetitions : repetitions
      }
      return (0..<count).map { (estimator, $0) }
    }
  }
  /// About how many operations an estimate takes.
  func operations(_ estimator: GaussianEstimator, _ unit: Unit) -> Double {
    let n = Double(samples), d = Double(unit.dimension), b = Double(batch), h = Double(hidden)
    switch estimator {
    case .ksg1, .ksg2: return n * n * d * 0.5 + 1e5 * n
    case .plugIn, .millerMadow: return 5e3 * n * d
    case .noiseLower, .noiseUpper: return n * n * (d + 30)
    case .infoNCE, .mine: return Double(steps) * (12 * b * (d * h + h * h + 32 * h) + 60 * b * b)
    case .jointInfoNCE: return Double(steps) * 6 * min(b, 64) * min(b, 64) * (2 * d * h + h * h)
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    dimensions.flatMap { d in
      informations.map { information in
        let unit = Unit(dimension: d, information: information)
        let work = tasks(unit).reduce(0) { $0 + operations($1.estimator, unit) }
        return PlannedUnit(
          label: "d\(d)-i\(information)", unit: unit, team: .upTo(1), operations: work,
          bytesPerRank: 64 * Double(samples * d) + 16 * Double(batch * batch))
      }
    }
  }
}
