public import Runtime
import SymmetryGroups

/// Whether features with small orbits are learned first, and in lower layers (A. Paul, S. Venkatasubramanian, "Why does
/// deep learning work? A perspective from group theory", arXiv:1412.6621): autoencoders on images of shapes in random
/// affine poses; for each unit the epoch at which it is learned, the dimension of its orbit and rival predictors, with the
/// same on pixel-shuffled images as a control.
///
/// What counts as confirmed was fixed before any run and is no parameter: see `Criterion`.
public struct MinimalOrbits: Study {
  public static let name = "minimal-orbits"
  public static let summary = "whether an autoencoder learns features with small orbits first: orbit dimensions, rivals, control, a verdict"

  /// The pieces of the experiment.
  public enum Unit: Sendable, Equatable {
    /// Volumes of shadow stabilizers of the shapes by sampling.
    case shadowVolumes
    /// A network on all shapes, or on pixel-shuffled images of them.
    case network(shuffled: Bool, seed: Int)
    /// Networks of one layer on one shape alone, one for each seed.
    case single(shape: Int)
  }

  /// What was fixed beforehand.
  enum Criterion {
    /// A unit is learned at the first epoch with |corr(F(t), F(end))| at least this.
    static let correlation = 0.9
    /// Singular values above this count for the orbit dimension of a trained unit.
    static let tangent = 0.1
    /// The part of the variance that principal components must hold to count as the span of an orbit.
    static let span = 0.9
    /// The claim holds where rho > 0 with p below this in so many of the seeds, and the control's rho is defined and not
    /// significant (two-sided, same level) in as many.
    static let level = 0.01, seeds = 0.8
    /// One shape alone is learned at this relative squared error.
    static let error = 0.2
    /// Transformations and images that span the orbit of a unit.
    static let transformations = 48, orbitImages = 128
    /// Units whose variance over the probe images is below this are constant.
    static let constant = 1e-6
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "experiment", "networks and images (16 x 16, five shapes with equal probability and variance)",
      [
        Parameter("seeds", .integer(5), .integers(2...100), unit: "networks", "with and without shuffled pixels"),
        Parameter("layers", .integers([64, 32, 16]), .integers(1...1024), unit: "units", "of the encoder; the decoder mirrors it"),
        Parameter("images", .integer(2048), .integers(64...1_000_000), unit: "images", "for training"),
        Parameter("probes", .integer(256), .integers(128...65536), unit: "images", "on which units are measured"),
        Parameter("epochs", .integer(80), .integers(2...10_000), unit: "epochs", "passes over the training images"),
      ]),
    ParameterTable(
      "training", "gradient descent with momentum on 1/2 the mean squared error per pixel",
      [
        Parameter("batch", .integer(32), .integers(1...65536), unit: "images", "mini-batch"),
        Parameter("learning_rate", .real(0.5), .reals(1e-9...100), unit: "1", "step along the batch mean"),
        Parameter("momentum", .real(0.9), .reals(0...0.999), unit: "1", "fraction of the last step that is kept"),
      ]),
    ParameterTable(
      "tests", "statistics",
      [
        Parameter(
          "permutations", .integer(2000), .integers(199...1_000_000), unit: "permutations",
          "for each p-value, which is at least one over one more: with fewer none is below the level"),
        Parameter("draws", .integer(1_000_000), .integers(1000...1_000_000_000), unit: "transformations", "for each shadow volume"),
      ]),
  ]

  public static let debugOverrides = [
    "experiment.seeds=2", "experiment.images=128", "experiment.probes=128", "experiment.epochs=3", "tests.permutations=199",
    "tests.draws=20000",
  ]

  let seeds: Int, layers: [Int], images: Int, probes: Int, epochs: Int
  let batch: Int, learningRate: Double, momentum: Double
  let permutations: Int, draws: Int

  public init(_ parameters: ParameterValues) throws(StudyError) {
    seeds = parameters.integer("experiment.seeds")
    layers = parameters.integers("experiment.layers")
    images = parameters.integer("experiment.images")
    probes = parameters.integer("experiment.probes")
    epochs = parameters.integer("experiment.epochs")
    batch = parameters.integer("training.batch")
    learningRate = parameters.real("training.learning_rate")
    momentum = parameters.real("training.momentum")
    permutations = parameters.integer("tests.permutations")
    draws = parameters.integer("tests.draws")
    guard !layers.isEmpty else {
      throw .invalid(parameter: "experiment.layers", what: "the encoder needs at least one layer, e.g. [64, 32, 16]")
    }
    guard batch <= images else {
      throw .invalid(parameter: "training.batch", what: "\(batch) is more than the \(images) training images")
    }
  }

  /// Units of the encoder, layer by layer.
  var units: Int { layers.reduce(0, +) }

  public func plan() -> [PlannedUnit<Unit>] {
    let widths = [ShapeImages.pixels] + layers
    let weights = 2 * zip(widths, layers).reduce(0) { $0 + $1.0 * $1.1 }
    let network = 12 * Double(epochs * images) * Double(weights) + 3e9 * Double(units)
    let single = 12 * Double(seeds * epochs * images) * Double(2 * ShapeImages.pixels * layers[0]) + 1e11
    let bytes = Double(4 * (epochs + 1) * probes * units + 8 * images * ShapeImages.pixels) + 1e8
    func planned(_ label: String, _ unit: Unit, _ work: Double) -> PlannedUnit<Unit> {
      PlannedUnit(label: label, unit: unit, team: unit == .shadowVolumes ? .all : .one, operations: work, bytesPerRank: bytes)
    }
    let networks = (1...seeds).flatMap { seed in
      [false, true].map { planned("\($0 ? "shuffled" : "shapes")-\(seed)", .network(shuffled: $0, seed: seed), network) }
    }
    let singles = PlaneFeature.shapes.enumerated().map { planned("only-\($1.name)", .single(shape: $0), single) }
    return [planned("shadow-volumes", .shadowVolumes, 2e4 * Double(draws))] + networks + singles
  }
}
