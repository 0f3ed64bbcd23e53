public import Runtime
import SymmetryGroups

/// How far every unit of a trained stack is from being invariant under the symmetries of its lattice: invariance error for
/// each group element, shadow stabilizer, effective orbit size, and what averaging over the group leaves of the unit.
///
/// One unit of work for each layer and kept epoch, and one for two known features: a spin and a block spin.
public struct SymmetryProbe: Study {
  public static let name = "symmetry-probe"
  public static let summary =
    "every layer of a deep-renormalization run under the symmetries of the lattice: shadow stabilizers by layer and epoch"

  /// Features to be probed.
  public enum Unit: Sendable, Equatable {
    /// One spin, and the mean of a 2 x 2 block.
    case references
    /// The units of a layer (from 0) at one of its kept epochs.
    case layer(Int, snapshot: Int)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "model", "what is probed",
      [
        Parameter("run", .text(""), unit: "1", "the folder of a finished deep-renormalization run"),
        Parameter("every_epoch", .flag(true), unit: "1", "all epochs that the run has kept, or the last one alone"),
      ]),
    ParameterTable(
      "probe", "transformations and samples",
      [
        Parameter(
          "group", .text("p4m"), .oneOf(TorusSymmetry.Kind.allCases.map(\.rawValue)), unit: "1",
          "translations, the point group about the site (0, 0), or both"),
        Parameter("samples", .integer(128), .integers(8...65536), unit: "configurations", "drawn by Swendsen-Wang at the run's coupling"),
        Parameter("warm_up", .integer(200), .integers(1...1_000_000), unit: "sweeps", "before the one configuration of each chain"),
        Parameter(
          "thresholds", .reals([0.05, 0.1, 0.2]), .reals(0...2), unit: "1",
          "e(g) below which g belongs to the shadow stabilizer, e = ||F o g - F||^2 / (2 Var F); the middle one is drawn"),
        Parameter("live_variance", .real(1e-4), .reals(1e-12...1), unit: "1", "units whose probability varies less are left out"),
      ]),
  ]

  public static let debugOverrides = ["probe.samples=16", "probe.warm_up=20", "probe.group=point", "model.every_epoch=false"]

  let model: TrainedModel, symmetry: TorusSymmetry
  let everyEpoch: Bool, samples: Int, warmUp: Int, thresholds: [Double], liveVariance: Double

  public init(_ parameters: ParameterValues) throws(StudyError) {
    let path = parameters.text("model.run")
    guard !path.isEmpty else {
      throw .invalid(
        parameter: "model.run", what: "the folder of a finished \(DeepRenormalization.name) run is needed, e.g. --set model.run=runs/...")
    }
    everyEpoch = parameters.flag("model.every_epoch")
    samples = parameters.integer("probe.samples")
    warmUp = parameters.integer("probe.warm_up")
    thresholds = parameters.reals("probe.thresholds").sorted()
    liveVariance = parameters.real("probe.live_variance")
    guard !thresholds.isEmpty else { throw .invalid(parameter: "probe.thresholds", what: "at least one threshold is needed, e.g. [0.1]") }
    guard let kind = TorusSymmetry.Kind(rawValue: parameters.text("probe.group")) else {
      preconditionFailure("probe.group is one of those declared")
    }
    model = try TrainedModel.read(path)
    do throws(LatticeSymmetryError) {
      symmetry = try TorusSymmetry(rows: model.size, columns: model.size, kind: kind)
    } catch { throw .data(file: path, what: error.description) }
    guard model.layers[0].inputs == symmetry.sites else {
      throw .data(
        file: path,
        what: "the first layer sees \(model.layers[0].inputs) points, the group moves the \(symmetry.sites) sites of the lattice")
    }
  }

  /// The threshold that is drawn.
  var middle: Int { thresholds.count / 2 }

  public func plan() -> [PlannedUnit<Unit>] {
    var units = [planned("references", .references, inputs: 0, outputs: 2)]
    for (index, layer) in model.layers.enumerated() {
      for (kept, snapshot) in layer.snapshots.enumerated() where everyEpoch || kept == layer.snapshots.count - 1 {
        // Every layer begins with the product of the first one.
        let work = model.layers[...index].reduce(0) { $0 + $1.inputs * $1.outputs }
        units.append(
          planned("layer-\(index + 1)-epoch-\(snapshot.epoch)", .layer(index, snapshot: kept), inputs: work, outputs: layer.outputs))
      }
    }
    return units
  }
  private func planned(_ label: String, _ unit: Unit, inputs: Int, outputs: Int) -> PlannedUnit<Unit> {
    PlannedUnit(
      label: label, unit: unit, team: .all,
      operations: 2 * Double(symmetry.order * samples) * (Double(inputs) + 100 * Double(symmetry.sites)),
      bytesPerRank: Double(8 * symmetry.order * outputs) + 1e8)
  }

  /// How many units of the network a unit of work looks at.
  func features(_ unit: Unit) -> Int {
    switch unit {
    case .references: 2
    case .layer(let index, _): model.layers[index].outputs
    }
  }
}
