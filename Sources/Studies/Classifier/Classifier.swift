import GradientFlows
import NeuralNetworks
public import Runtime

/// A network that tells classes apart: trained, tested, looked into. Its data are files of images with labels, or
/// configurations of the Ising model whose phase it has to tell.
///
/// A unit of work is one training from its own random weights; several give the spread of what is found.
public struct Classifier: Study {
  public static let name = "classifier"
  public static let summary = "a network trained to tell classes apart (images, or the phases of a lattice): accuracy, calibration, filters"

  /// One training, from 1.
  public struct Unit: Sendable { let number: Int }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "data", "images with labels from files (IDX, plain or gzip; NPY; HDF5 as file.h5:dataset), or phases of the Ising model",
      [
        Parameter("source", .text("ising"), .oneOf(["ising", "files"]), "where samples come from"),
        Parameter(
          "channels", .texts([]), unit: "1",
          "files of images, \"file\" or \"name=file\" for several named channels; RENORM_DATA names their folder"),
        Parameter("labels", .text(""), unit: "1", "file of labels, whole numbers from 0"),
        Parameter("classes", .integer(0), .integers(0...65536), unit: "classes", "0: the largest label plus one"),
        Parameter("scale", .real(255), .reals(1e-30...1e30), unit: "1", "numbers of files are divided by this"),
        Parameter("train", .integer(8000), .integers(1...100_000_000), unit: "samples", "the first ones, for training"),
        Parameter("validation", .integer(0), .integers(0...100_000_000), unit: "samples", "the ones after them, for early stopping"),
        Parameter("test", .integer(2000), .integers(2...100_000_000), unit: "samples", "the last ones, for testing"),
      ]),
    PhaseSamples.table,
    ParameterTable(
      "network", "layers f(Wx + b) from the data up",
      [
        Parameter(
          "layers", .texts(["convolution 3x3x8 relu", "max-pool 2", "dense 32 relu", "dense 2"]), unit: "1",
          "\"dense 128 relu\", \"convolution 3x3x32 padding 1 relu\", \"max-pool 2\", \"dropout 0.5\", \"flatten\", \"bottleneck\" on a dense layer that gives its means and log-variances; the last has as many units as classes"
        ),
        Parameter("start", .text(""), unit: "1", "a network's HDF5 file (models/*.h5 of a run) to start from; nothing: random weights"),
      ]),
    ParameterTable(
      "training", "mini-batches over the shard tree",
      [
        Parameter("networks", .integer(3), .integers(1...1000), unit: "networks", "trainings from weights of their own"),
        Parameter("epochs", .integer(8), .integers(1...100_000), unit: "epochs", "passes over the training data"),
        Parameter("batch", .integer(128), .integers(1...65536), unit: "samples", "mini-batch; a multiple of shards"),
        Sharding.parameter,
        Parameter("stepper", .text("adam"), .oneOf(["adam", "momentum", "descent"]), "how steps follow the gradient"),
        Parameter("learning_rate", .real(1e-3), .reals(0...100), unit: "1", "length of a step"),
        Parameter("momentum", .real(0.9), .reals(0...0.9999), unit: "1", "for momentum: the fraction of the last step that is kept"),
        Parameter("decay", .real(0), .reals(0...10), unit: "1", "weight decay"),
        Parameter("schedule", .text("cosine"), .oneOf(RateSchedule.allCases.map(\.rawValue)), "how the rate changes over the epochs"),
        Parameter(
          "rate_price", .real(0), .reals(0...1000), unit: "1",
          "beta: what a nat that a bottleneck keeps adds to the loss (deep variational information bottleneck)"),
        Parameter("loss", .text("cross-entropy"), .oneOf(Loss.allCases.map(\.rawValue)), "what is made small"),
        Parameter(
          "patience", .integer(0), .integers(0...100_000), unit: "epochs",
          "ends after so many without a smaller validation loss, and keeps the best network; 0: never"),
      ]),
  ]

  public static let debugOverrides = ["data.train=256", "data.test=64", "lattice.size=8", "training.networks=1", "training.epochs=2"]

  let source: String, files: SampleSet?, classes: Int
  let train: Int, validation: Int, test: Int
  let phases: PhaseSamples
  let layers: [LayerDescription], start: Network<Float>?
  let networks: Int, epochs: Int, batch: Int, sharding: Sharding, stepper: String, learningRate: Double, momentum: Double, decay: Double
  let schedule: RateSchedule, loss: Loss, ratePrice: Double, patience: Int

  /// Validates everything that the ranges of the single parameters leave open; reads data files.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    source = parameters.text("data.source")
    train = parameters.integer("data.train")
    validation = parameters.integer("data.validation")
    test = parameters.integer("data.test")
    phases = PhaseSamples(parameters)
    networks = parameters.integer("training.networks")
    epochs = parameters.integer("training.epochs")
    batch = parameters.integer("training.batch")
    sharding = Sharding(given: parameters.integer("training.shards"))
    stepper = parameters.text("training.stepper")
    learningRate = parameters.real("training.learning_rate")
    momentum = parameters.real("training.momentum")
    decay = parameters.real("training.decay")
    patience = parameters.integer("training.patience")
    ratePrice = parameters.real("training.rate_price")
    schedule = RateSchedule(rawValue: parameters.text("training.schedule")) ?? .constant
    loss = Loss(rawValue: parameters.text("training.loss")) ?? .crossEntropy
    files = source == "files" ? try Self.readFiles(parameters) : nil
    classes = files?.targets.width ?? 2
    do {
      var layers: [LayerDescription] = []
      for line in parameters.texts("network.layers") { layers.append(try LayerDescription(line)) }
      let shape = files?.shape ?? FeatureShape(height: phases.size, width: phases.size, channels: 1)
      let network = try Network<Float>(input: shape, layers)
      guard network.output.count == classes else {
        throw NetworkError.lastLayer(what: "it has \(network.output.count) outputs, and the data have \(classes) classes")
      }
      if loss == .crossEntropy, network.layers[layers.count - 1].activation != .identity {
        throw NetworkError.lastLayer(what: "cross-entropy takes outputs without a function; write \"dense \(classes)\"")
      }
      if ratePrice > 0, !network.hasBottleneck {
        throw StudyError.invalid(
          parameter: "training.rate_price",
          what: "\(ratePrice): no layer of network.layers is a \"bottleneck\", so there is nothing to pay for")
      }
      self.layers = layers
      let startFile = parameters.text("network.start")
      start = startFile.isEmpty ? nil : try Self.readNetwork(startFile, like: network)
    } catch let error as NetworkError {
      throw .invalid(parameter: "network.layers", what: error.description)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .fault("\(error)")
    }
    try check()
  }

  private func check() throws(StudyError) {
    try sharding.check(batch: batch)
    if batch > train { throw .invalid(parameter: "training.batch", what: "\(batch) is more than the \(train) training samples") }
    if patience > 0, validation < 2 {
      throw .invalid(parameter: "training.patience", what: "early stopping needs samples in data.validation")
    }
    if let files, files.count < train + validation + test {
      throw .invalid(
        parameter: "data.train",
        what: "\(train) + \(validation) + \(test) samples are wanted for training, validation and test, \(files.count) are there")
    }
    if source == "ising" { try phases.check() }
  }

  static func readFiles(_ parameters: ParameterValues) throws(StudyError) -> SampleSet {
    let channels = parameters.texts("data.channels"), labels = parameters.text("data.labels"), classes = parameters.integer("data.classes")
    if channels.isEmpty { throw .invalid(parameter: "data.channels", what: "source = \"files\" needs at least one file of images") }
    if labels.isEmpty { throw .invalid(parameter: "data.labels", what: "source = \"files\" needs a file of labels") }
    return try DataFiles.samples(
      channels: channels, labels: labels, classes: classes == 0 ? nil : classes, scale: parameters.real("data.scale"))
  }

  private static func readNetwork(_ given: String, like network: Network<Float>) throws(StudyError) -> Network<Float> {
    let read = try ModelExport.network(DataFiles.path(given))
    guard read.input == network.input, read.descriptions == network.descriptions else {
      let layers = read.descriptions.map(\.description).joined(separator: ", ")
      throw .invalid(parameter: "network.start", what: "the network of \(given) is another one: \(layers) on \(read.input)")
    }
    return read
  }

  /// One sample's shape.
  var shape: FeatureShape { files?.shape ?? FeatureShape(height: phases.size, width: phases.size, channels: 1) }

  func makeNetwork() throws(StudyError) -> Network<Float> {
    do throws(NetworkError) { return try Network(input: shape, layers) } catch {
      throw .invalid(parameter: "network.layers", what: error.description)
    }
  }
}
