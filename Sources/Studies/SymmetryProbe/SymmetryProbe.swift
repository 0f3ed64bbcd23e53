public import Runtime
import SymmetryGroups

/// How far every unit of a trained model is from being invariant under the symmetries of its lattice or image: invariance error
/// for each group element, shadow stabilizer, effective orbit size, and what averaging over the group leaves of the unit.
///
/// Transformations move the sites of a torus; the border of an image is sewn to the opposite one, so that its translations
/// are a group. One unit of work for each layer and kept epoch, and one for two known features: a site and a 2 x 2 block.
public struct SymmetryProbe: Study {
  public static let name = "symmetry-probe"
  public static let summary =
    "every layer of a trained stack or network under the symmetries of its lattice or image: shadow stabilizers by layer and epoch"

  /// Features to be probed.
  public enum Unit: Sendable, Equatable {
    /// One spin or pixel, and the mean of a 2 x 2 block.
    case references
    /// The units of a layer (from 0) at one of its kept epochs.
    case layer(Int, snapshot: Int)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "model", "what is probed",
      [
        Parameter("run", .text(""), unit: "1", "the folder of a finished deep-renormalization or classifier run"),
        Parameter("network", .integer(1), .integers(1...1000), unit: "1", "which network of a classifier run"),
        Parameter("every_epoch", .flag(true), unit: "1", "all epochs that the run has kept, or the last one alone"),
      ]),
    ParameterTable(
      "probe", "transformations and samples",
      [
        Parameter(
          "group", .text("p4m"), .oneOf(TorusSymmetry.Kind.allCases.map(\.rawValue)), unit: "1",
          "translations; the point group about the site (0, 0); both (p4m); image: the point group about the middle"),
        Parameter(
          "samples", .integer(128), .integers(8...65536), unit: "samples",
          "spins: drawn by Swendsen-Wang at the run's coupling, or its couplings in turn; images: the first of the run's test set"),
        Parameter("warm_up", .integer(200), .integers(1...1_000_000), unit: "sweeps", "before the one configuration of each chain"),
        Parameter(
          "units", .integer(256), .integers(2...65536), unit: "units", "looked at in each layer, evenly spaced, or all of a smaller one"),
        Parameter(
          "thresholds", .reals([0.05, 0.1, 0.2]), .reals(0...2), unit: "1",
          "e(g) below which g belongs to the shadow stabilizer, e = ||F o g - F||^2 / (2 Var F); the middle one is drawn"),
        Parameter("live_variance", .real(1e-4), .reals(1e-12...1), unit: "1", "units whose value varies less are left out"),
      ]),
  ]

  public static let debugOverrides = ["probe.samples=16", "probe.warm_up=20", "probe.group=point", "model.every_epoch=false"]

  let model: any ProbedModel, symmetry: TorusSymmetry
  let everyEpoch: Bool, samples: Int, warmUp: Int, most: Int, thresholds: [Double], liveVariance: Double

  public init(_ parameters: ParameterValues) throws(StudyError) {
    let path = parameters.text("model.run")
    guard !path.isEmpty else {
      throw .invalid(
        parameter: "model.run",
        what: "the folder of a finished \(DeepRenormalization.name) or \(Classifier.name) run is needed, e.g. --set model.run=runs/...")
    }
    everyEpoch = parameters.flag("model.every_epoch")
    samples = parameters.integer("probe.samples")
    warmUp = parameters.integer("probe.warm_up")
    most = parameters.integer("probe.units")
    thresholds = parameters.reals("probe.thresholds").sorted()
    liveVariance = parameters.real("probe.live_variance")
    guard !thresholds.isEmpty else { throw .invalid(parameter: "probe.thresholds", what: "at least one threshold is needed, e.g. [0.1]") }
    guard let kind = TorusSymmetry.Kind(rawValue: parameters.text("probe.group")) else {
      preconditionFailure("probe.group is one of those declared")
    }
    model = try TrainedModel.read(path, network: parameters.integer("model.network"))
    if let limit = model.limit, samples > limit {
      throw .invalid(parameter: "probe.samples", what: "\(samples) are wanted, the run's test set has \(limit)")
    }
    do throws(LatticeSymmetryError) {
      symmetry = try TorusSymmetry(rows: model.rows, columns: model.columns, kind: kind)
    } catch { throw .data(file: path, what: "its samples are \(model.rows) x \(model.columns): \(error.description)") }
  }

  /// The threshold that is drawn.
  var middle: Int { thresholds.count / 2 }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] {
    TrainedModel.files(parameters.text("model.run"), network: parameters.integer("model.network"))
  }

  public func plan() -> [PlannedUnit<Unit>] {
    var units = [planned("references", .references, operations: 0)]
    for (index, layer) in model.layers.enumerated() {
      for (kept, epoch) in layer.epochs.enumerated() where everyEpoch || kept == layer.epochs.count - 1 {
        units.append(
          planned("layer-\(index + 1)-epoch-\(epoch)", .layer(index, snapshot: kept), operations: model.operations(upTo: index)))
      }
    }
    return units
  }
  private func planned(_ label: String, _ unit: Unit, operations: Double) -> PlannedUnit<Unit> {
    PlannedUnit(
      label: label, unit: unit, team: .all,
      operations: Double(symmetry.order * samples) * (operations + 200 * Double(symmetry.sites)),
      bytesPerRank: Double(8 * symmetry.order * features(unit)) + 1e8)
  }

  /// How many units of the model a unit of work looks at.
  func features(_ unit: Unit) -> Int {
    switch unit {
    case .references: 2
    case .layer(let index, _): min(most, model.layers[index].units)
    }
  }
  /// Which of the units of a layer these are.
  func place(of feature: Int, in unit: Unit) -> Int {
    guard case .layer(let index, _) = unit else { return feature }
    return feature * model.layers[index].units / features(unit)
  }
}
