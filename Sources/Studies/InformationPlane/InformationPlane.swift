import NeuralNetworks
public import Runtime

/// The information plane of a network while it learns: I(X;T) and I(T;Y) of every layer over the epochs, by several estimators side
/// by side, so that one sees what belongs to the network and what to the estimator.
///
/// A unit of work is one training: one activation, one stepper, one set of initial weights.
public struct InformationPlane: Study {
  public static let name = "information-plane"
  public static let summary = "I(X;T) and I(T;Y) of each layer of a network while it learns, by several estimators side by side"

  /// One training.
  public struct Unit: Sendable { let activation: String, stepper: String, number: Int }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "data", "a rule on twelve bits, images with labels from files, or phases of the Ising model",
      [
        Parameter(
          "source", .text("twelve-bits"), .oneOf(["twelve-bits", "files", "ising"]),
          "twelve-bits: all 4096 inputs, cut into training and test samples at random for each network"),
        Parameter("channels", .texts([]), unit: "1", "of files: as in the study classifier"),
        Parameter("labels", .text(""), unit: "1", "of files: whole numbers from 0"),
        Parameter("classes", .integer(0), .integers(0...65536), unit: "classes", "of files; 0: the largest label plus one"),
        Parameter("scale", .real(255), .reals(1e-30...1e30), unit: "1", "numbers of files are divided by this"),
        Parameter("train", .integer(3481), .integers(1...100_000_000), unit: "samples", "for training, the first ones"),
        Parameter("test", .integer(615), .integers(2...100_000_000), unit: "samples", "for testing, the ones after them"),
        Parameter(
          "permuted", .flag(false), unit: "1",
          "whether labels are put into random order first: then there is nothing to learn but by heart"),
      ]),
    PhaseSamples.table,
    ParameterTable(
      "network", "layers f(Wx + b) from the data up; weights normal of variance 1/inputs, cut at two deviations",
      [
        Parameter(
          "layers", .texts(["dense 10 f", "dense 7 f", "dense 5 f", "dense 4 f", "dense 3 f", "dense 2"]), unit: "1",
          "as in the study classifier, with f for each of the activations in turn; the last has as many units as classes"),
        Parameter("activations", .texts(["tanh", "relu"]), unit: "1", "what f stands for: tanh, relu, sigmoid, identity"),
      ]),
    ParameterTable(
      "training", "mini-batches over the shard tree",
      [
        Parameter("networks", .integer(5), .integers(1...1000), unit: "networks", "trainings of each kind"),
        Parameter("epochs", .integer(4000), .integers(1...1_000_000), unit: "epochs", "train / batch steps each, for every stepper"),
        Parameter("batch", .integer(256), .integers(1...65536), unit: "samples", "mini-batch; a multiple of shards"),
        Parameter("shards", .integer(8), .integers(1...4096), unit: "shards", "leaves of the fixed summation tree"),
        Parameter(
          "steppers", .texts(["adam"]), unit: "1",
          "adam, descent, momentum (of mini-batches), or langevin: the gradient of all training samples with white noise"),
        Parameter("learning_rate", .real(4e-4), .reals(1e-9...100), unit: "1", "length of a step"),
        Parameter("momentum", .real(0.9), .reals(0...0.9999), unit: "1", "for momentum: the fraction of the last step that is kept"),
        Parameter("temperature", .real(1e-5), .reals(0...1e3), unit: "nats", "of langevin: noise of variance 2 rate T in each step"),
      ]),
    ParameterTable(
      "measure", "the informations",
      [
        Parameter(
          "estimators", .texts(PlaneEstimator.allCases.map(\.rawValue)), unit: "1",
          "of " + PlaneEstimator.allCases.map(\.rawValue).joined(separator: ", ")),
        Parameter("samples", .integer(0), .integers(0...1_000_000), unit: "samples", "the last ones of training and test together; 0: all"),
        Parameter("points", .integer(30), .integers(2...1000), unit: "epochs", "in a geometric sequence, with the network before training"),
        Parameter("bins", .integer(30), .integers(2...256), unit: "bins", "of each unit"),
        Parameter("noise", .real(0.1), .reals(1e-9...1e6), unit: "1", "variance of the noise that noise-lower and noise-upper add"),
        Parameter("relative_noise", .real(0.03), .reals(1e-9...1e3), unit: "1", "the same over the layer's mean variance"),
        Parameter("shuffles", .integer(3), .integers(1...100), unit: "orders", "of the labels, for the null"),
        Parameter(
          "from_epoch", .integer(12), .integers(0...1_000_000), unit: "epochs", "losses are counted from the maximum after this on"),
      ]),
  ]

  public static let debugOverrides = [
    "data.train=256", "data.test=64", "lattice.size=8", "training.networks=2", "training.epochs=4", "training.batch=64", "measure.points=3",
    "measure.from_epoch=1",
  ]

  let source: String, files: SampleSet?, phases: PhaseSamples, train: Int, test: Int, permuted: Bool, classes: Int
  let layerTexts: [String], activations: [String]
  let networks: Int, epochs: Int, batch: Int, shards: Int, steppers: [String], rate: Double, momentum: Double, temperature: Double
  let estimators: [PlaneEstimator], measured: Int, bins: Int, noise: Double, relativeNoise: Double, shuffles: Int, fromEpoch: Int
  /// The epochs at which the network is looked at.
  let points: [Int]

  /// Validates everything that the ranges of the single parameters leave open; reads data files.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    source = parameters.text("data.source")
    files = source == "files" ? try Classifier.readFiles(parameters) : nil
    phases = PhaseSamples(parameters)
    train = parameters.integer("data.train")
    test = parameters.integer("data.test")
    permuted = parameters.flag("data.permuted")
    classes = files?.targets.width ?? 2
    layerTexts = parameters.texts("network.layers")
    activations = parameters.texts("network.activations")
    networks = parameters.integer("training.networks")
    epochs = parameters.integer("training.epochs")
    batch = parameters.integer("training.batch")
    shards = parameters.integer("training.shards")
    steppers = parameters.texts("training.steppers")
    rate = parameters.real("training.learning_rate")
    momentum = parameters.real("training.momentum")
    temperature = parameters.real("training.temperature")
    bins = parameters.integer("measure.bins")
    noise = parameters.real("measure.noise")
    relativeNoise = parameters.real("measure.relative_noise")
    shuffles = parameters.integer("measure.shuffles")
    fromEpoch = parameters.integer("measure.from_epoch")
    let wanted = parameters.integer("measure.samples")
    measured = wanted == 0 ? train + test : wanted
    points = Self.points(parameters.integer("measure.points"), epochs: epochs)
    var estimators: [PlaneEstimator] = []
    for (place, name) in parameters.texts("measure.estimators").enumerated() {
      guard let estimator = PlaneEstimator(rawValue: name) else {
        throw .invalid(
          parameter: "measure.estimators[\(place)]",
          what: "\"\(name)\" is none of " + PlaneEstimator.allCases.map(\.rawValue).joined(separator: ", "))
      }
      estimators.append(estimator)
    }
    self.estimators = estimators
    try check()
  }

  /// The network before training and after epochs in a geometric sequence, each once.
  private static func points(_ count: Int, epochs: Int) -> [Int] {
    var found = [0]
    for place in 0..<count - 1 {
      let share = count == 2 ? 1 : Double(place) / Double(count - 2)
      let epoch = min(epochs, max(found[found.count - 1] + 1, Int(geometric(Double(epochs), share).rounded())))
      if epoch > found[found.count - 1] { found.append(epoch) }
    }
    return found
  }

  /// One sample's shape.
  var shape: FeatureShape {
    if let files { return files.shape }
    return source == "ising" ? FeatureShape(height: phases.size, width: phases.size, channels: 1) : .vector(12)
  }

  /// The layers with an activation in the place of f.
  func layers(_ activation: String) throws(NetworkError) -> [LayerDescription] {
    var layers: [LayerDescription] = []
    for text in layerTexts {
      let words = text.split(separator: " ").map { $0 == "f" ? activation : String($0) }
      layers.append(try LayerDescription(words.joined(separator: " ")))
    }
    return layers
  }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] { DataFiles.samplePaths(parameters) }

  public func plan() -> [PlannedUnit<Unit>] {
    activations.flatMap { activation in
      steppers.flatMap { stepper in
        (1...networks).map { number in
          let operations = (try? Network<Float>(input: shape, layers(activation)))?.operations ?? 0
          let samples = Double(epochs * train / batch * (stepper == "langevin" ? train : batch)), n = Double(measured)
          let measuring = Double(points.count * layerTexts.count) * n * (estimators.allSatisfy(\.isBinned) ? 1e3 : 12 * n)
          return PlannedUnit(
            label: "\(activation)-\(stepper)-\(number)", unit: Unit(activation: activation, stepper: stepper, number: number), team: .all,
            operations: 3 * operations * samples + measuring, bytesPerRank: 16 * Double((train + test) * shape.count) + 1e7)
        }
      }
    }
  }
}
