import BoltzmannMachines
import GradientFlows
import MessagePassing
import NeuralNetworks
public import Runtime
import Sampling

/// A restricted Boltzmann machine, or a stack of them, trained on binary data, or one with real visible units on real data, and
/// evaluated: partition function, likelihood of test data, samples, receptive fields; and, where there are labels, made into a classifier.
public struct BoltzmannStudy: Study {
  public static let name = "boltzmann"
  public static let summary =
    "a Boltzmann machine or a stack trained on a data set: log Z, test likelihood, samples, a classifier made of it"

  /// The one unit of work.
  public struct Unit: Sendable {}

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "data", "bars and stripes, or images from files (IDX, plain or gzip; NPY; HDF5 as file.h5:dataset)",
      [
        Parameter("source", .text("bars-and-stripes"), .oneOf(["bars-and-stripes", "files"]), "where samples come from"),
        Parameter("size", .integer(3), .integers(1...8), unit: "pixels", "of bars and stripes, along each side"),
        Parameter("channels", .texts([]), unit: "1", "files of images; RENORM_DATA names their folder"),
        Parameter("labels", .text(""), unit: "1", "file of labels, for fine-tuning"),
        Parameter("threshold", .real(127), .reals(-1e30...1e30), unit: "1", "a pixel is on above this"),
        Parameter("train", .integer(8000), .integers(1...100_000_000), unit: "samples", "the first ones of files, for training"),
        Parameter("test", .integer(2000), .integers(2...100_000_000), unit: "samples", "the last ones of files, for testing"),
        Parameter(
          "noise", .real(0.5), .reals(0.001...100), unit: "1", "for real visible units: deviation of what is added to bars and stripes"),
      ]),
    ParameterTable(
      "machine", "a stack, where the hidden units of one machine, sampled, are what the next one sees; or a deep machine, trained whole",
      [
        Parameter(
          "kind", .text("stack"), .oneOf(["stack", "deep", "gaussian"]),
          "deep: a deep Boltzmann machine of two hidden layers, by mean field; gaussian: one machine with real visible units"),
        Parameter("units", .text("zero-one"), .oneOf(["zero-one", "plus-minus-one"]), "the two values of every unit"),
        Parameter("hidden", .integers([10]), .integers(1...65536), unit: "units", "hidden units of each machine, bottom first"),
        Parameter("initial_width", .real(0.1), .reals(0...10), unit: "1", "standard deviation of the initial weights"),
        Parameter(
          "deviation", .real(0), .reals(0...100), unit: "1",
          "of each real visible unit about its mean given the hidden ones, where each channel of files has variance 1; 0: learnt for each unit"
        ),
        Parameter(
          "smallest_deviation", .real(0.3), .reals(0.001...1), unit: "1",
          "the part of its own deviation in the data below which none is learnt: between narrow modes contrastive divergence does not mix"),
        Parameter(
          "start", .text(""), unit: "1",
          "HDF5 file of machines that a run of this study wrote (DIR/models/boltzmann.h5), to go on from; with epochs = [0] they are only measured"
        ),
        Parameter("centred", .flag(true), unit: "1", "train about the middle of the units' two values (0/1 units)"),
      ]),
    ParameterTable(
      "training", "contrastive divergence with momentum; lists have one entry per machine (the last one is repeated)",
      [
        Parameter("method", .text("persistent"), .oneOf(["contrastive", "persistent", "tempered"]), "where the negative phase starts"),
        Parameter("gibbs_steps", .integer(1), .integers(1...1000), unit: "steps", "in each negative phase"),
        Parameter("mean_field_sweeps", .integer(10), .integers(1...1000), unit: "sweeps", "of a deep machine's positive phase"),
        Parameter("rungs", .integer(8), .integers(2...1000), unit: "machines", "of the tempered ladder"),
        Parameter("epochs", .integers([10_000]), .integers(0...10_000_000), unit: "epochs", "passes over the training data"),
        Parameter("batch", .integer(112), .integers(1...65536), unit: "samples", "mini-batch, and particles; a multiple of shards"),
        Sharding.parameter,
        Parameter("learning_rate", .real(0.05), .reals(0...10), unit: "1", "step along the batch mean"),
        Parameter("schedule", .text("linear"), .oneOf(RateSchedule.allCases.map(\.rawValue)), "how the rate changes over the epochs"),
        Parameter("momentum", .real(0.5), .reals(0...0.999), unit: "1", "fraction of the last step that is kept"),
        Parameter("decay", .real(0), .reals(0...10), unit: "1", "weight decay"),
        Parameter("l1", .real(0), .reals(0...10), unit: "1", "L1 penalty on the weights"),
      ]),
    ParameterTable(
      "annealing", "log Z of the top machine by annealed importance sampling: twice from the base, and once back to it",
      [
        Parameter("temperatures", .integer(1000), .integers(10...1_000_000), unit: "steps", "of each run"),
        Parameter(
          "schedule", .text("linear"), .oneOf(["linear", "dense"]),
          "linear: equally spaced; dense: a fifth of them on [0, 0.7] and the others on [0.7, 1], where ordered machines change most"),
        Parameter("replicas", .integer(100), .integers(2...1_000_000), unit: "replicas", "independent chains of each run"),
        Parameter(
          "equilibration", .integer(1000), .integers(0...100_000_000), unit: "sweeps",
          "of block Gibbs sampling from training data before the way back; 0: no way back"),
        Parameter(
          "base", .text("uniform"), .oneOf(["uniform", "data"]),
          "where the path starts: fair units, or the training data's means (for images; ordered machines lose a sign there)"),
        Parameter(
          "integration_nodes", .integer(0), .integers(0...64), unit: "nodes",
          "log Z by thermodynamic integration too, over so many Gauss-Legendre nodes; 0: not; needs binary units"),
        Parameter(
          "integration_sweeps", .integer(100), .integers(1...10_000_000), unit: "sweeps",
          "of block Gibbs sampling at each node, after a quarter as many to relax"),
        Parameter(
          "exact_up_to", .integer(20), .integers(0...25), unit: "units",
          "enumerate too where the smaller layer has at most so many units"),
      ]),
    ParameterTable(
      "fine_tuning", "the stack as a classifier: sigmoid layers with its weights, one more on top, trained on few labels",
      [
        Parameter("labels", .integer(0), .integers(0...100_000_000), unit: "samples", "the first so many; 0: no fine-tuning"),
        Parameter("epochs", .integer(60), .integers(1...100_000), unit: "epochs", "passes over them"),
        Parameter("batch", .integer(40), .integers(1...65536), unit: "samples", "mini-batch; a multiple of training.shards"),
        Parameter("learning_rate", .real(1e-3), .reals(0...10), unit: "1", "of Adam"),
      ]),
  ]

  public static let debugOverrides = [
    "training.epochs=[20]", "annealing.temperatures=50", "annealing.equilibration=50", "annealing.replicas=16",
  ]

  let images: SampleSet?, train: Configurations, test: Configurations, height: Int, width: Int, labels: [Int], classes: Int
  let isDeep: Bool, meanFieldSweeps: Int
  /// Channels of an image, which stand side by side in pictures of `height` and `width`.
  let channels: Int
  /// How the machine is trained, but for shards that follow the team.
  private let fixedSettings: ContrastiveDivergence.Settings
  /// Data of a machine with real visible units, their deviation (0: learnt), and the smallest part of a unit's own that is learnt.
  let real: RealSamples?, deviation: Double, smallestDeviation: Double
  let units: UnitValues, hidden: [Int], initialWidth: Double, offset: Float
  let sharding: Sharding, epochs: [Int], learningRate: Double, schedule: RateSchedule
  let momentum: Double, decay: Double, l1: Double
  let temperatures: Int, isDense: Bool, equilibration: Int, replicas: Int, baseIsData: Bool, exactUpTo: Int
  let integrationNodes: Int, integrationSweeps: Int
  /// Machines to go on from; nil: random ones.
  let given: GivenMachines?
  let tunedLabels: Int, tunedEpochs: Int, tunedBatch: Int, tunedRate: Double

  /// Validates everything that the ranges of the single parameters leave open; reads data files.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    let batch = parameters.integer("training.batch")
    sharding = Sharding(given: parameters.integer("training.shards"))
    try sharding.check(batch: batch)
    hidden = parameters.integers("machine.hidden")
    let epochsGiven = parameters.integers("training.epochs")
    if hidden.isEmpty { throw .invalid(parameter: "machine.hidden", what: "the stack needs at least one machine, e.g. [500]") }
    if epochsGiven.isEmpty { throw .invalid(parameter: "training.epochs", what: "one number per machine is needed, e.g. [20]") }
    isDeep = parameters.text("machine.kind") == "deep"
    let isGaussian = parameters.text("machine.kind") == "gaussian"
    deviation = parameters.real("machine.deviation")
    smallestDeviation = parameters.real("machine.smallest_deviation")
    let machines = isDeep ? 1 : hidden.count
    if epochsGiven.count > machines {
      throw .invalid(
        parameter: "training.epochs", what: "\(epochsGiven.count) numbers for \(machines) \(machines == 1 ? "machine" : "machines")")
    }
    if deviation > 0, deviation < 0.001 {
      throw .invalid(parameter: "machine.deviation", what: "\(deviation) is below 0.001; 0 learns it")
    }
    meanFieldSweeps = parameters.integer("training.mean_field_sweeps")
    epochs = hidden.indices.map { epochsGiven[min($0, epochsGiven.count - 1)] }
    units = parameters.text("machine.units") == "zero-one" ? .zeroOne : .plusMinusOne
    offset = units == .zeroOne && parameters.flag("machine.centred") ? 0.5 : 0
    initialWidth = parameters.real("machine.initial_width")
    let phase: NegativePhase =
      switch parameters.text("training.method") {
      case "contrastive": .data
      case "persistent": .persistent
      default: .tempered(parameters.integer("training.rungs"))
      }
    fixedSettings = .init(
      batch: batch, shards: max(1, sharding.given), gibbsSteps: parameters.integer("training.gibbs_steps"), negativePhase: phase)
    learningRate = parameters.real("training.learning_rate")
    schedule = RateSchedule(rawValue: parameters.text("training.schedule")) ?? .constant
    momentum = parameters.real("training.momentum")
    decay = parameters.real("training.decay")
    l1 = parameters.real("training.l1")
    temperatures = parameters.integer("annealing.temperatures")
    isDense = parameters.text("annealing.schedule") == "dense"
    integrationNodes = parameters.integer("annealing.integration_nodes")
    integrationSweeps = parameters.integer("annealing.integration_sweeps")
    equilibration = parameters.integer("annealing.equilibration")
    replicas = parameters.integer("annealing.replicas")
    baseIsData = parameters.text("annealing.base") == "data"
    exactUpTo = parameters.integer("annealing.exact_up_to")
    tunedLabels = parameters.integer("fine_tuning.labels")
    tunedEpochs = parameters.integer("fine_tuning.epochs")
    tunedBatch = parameters.integer("fine_tuning.batch")
    tunedRate = parameters.real("fine_tuning.learning_rate")
    if isGaussian {
      let data = try RealSamples(parameters)
      channels = data.images?.shape.channels ?? 1
      (real, images) = (data, data.images)
      (height, width, labels, classes) = (data.height, data.width, [], 0)
      // Only their number of units counts.
      train = Configurations(count: 0, sites: .unplaced(data.visible))
      test = train
    } else if parameters.text("data.source") == "files" {
      let data = try Self.files(parameters, needsLabels: tunedLabels > 0)
      (real, images) = (nil, data.images)
      (train, test) = (data.train, data.test)
      channels = data.images.shape.channels
      (height, width) = (data.images.shape.height, data.images.shape.width * data.images.shape.channels)
      labels = data.images.labels
      classes = data.images.targets.width
    } else {
      let size = parameters.integer("data.size"), all = BarsAndStripes.all(size: size), copies = (batch + all.count - 1) / all.count
      (real, images) = (nil, nil)
      channels = 1
      train = Configurations(count: all.count * copies, sites: all.sites, words: (0..<copies).flatMap { _ in all.words })
      test = all
      (height, width, labels, classes) = (size, size, [], 0)
    }
    let start = parameters.text("machine.start")
    given = start.isEmpty ? nil : try GivenMachines(start, isGaussian: isGaussian)
    if batch > trainCount {
      throw .invalid(parameter: "training.batch", what: "\(batch) is more than the \(trainCount) training samples")
    }
    if given == nil, epochs.contains(0) {
      throw .invalid(parameter: "training.epochs", what: "0 epochs leave random weights: give machine.start, or at least 1")
    }
    if isGaussian { try checkGaussian() }
    if tunedLabels > 0 { try checkTuning() }
    if isDeep { try checkDeep() }
    try given?.check(shapes, units: units)
  }

  /// The visible unit at a pixel of a picture, row by row: channel after channel stand side by side in it.
  func unit(atPixel pixel: Int) -> Int {
    let row = pixel / width, columns = width / channels, column = pixel % width
    return (row * columns + column % columns) * channels + column / columns
  }

  var batch: Int { fixedSettings.batch }
  var chainsPerSample: Double { Double(max(1, fixedSettings.negativePhase.rungs) * fixedSettings.gibbsSteps) }
  /// How the machine is trained on `team`.
  func settings(on team: borrowing some Communicator & ~Copyable) throws(StudyError) -> ContrastiveDivergence.Settings {
    var settings = fixedSettings
    settings.shards = try sharding.shards(batch: settings.batch, on: team)
    return settings
  }

  /// Training samples.
  var trainCount: Int { real.map { $0.train.count / $0.visible } ?? train.count }

  private func checkGaussian() throws(StudyError) {
    if hidden.count != 1 { throw .invalid(parameter: "machine.hidden", what: "a machine with real visible units stands alone, e.g. [50]") }
    if units != .zeroOne { throw .invalid(parameter: "machine.units", what: "beside real visible units there are zero-one hidden units") }
    if fixedSettings.negativePhase != .data {
      throw .invalid(parameter: "training.method", what: "a machine with real visible units is trained with method = \"contrastive\"")
    }
    if integrationNodes > 0 {
      throw .invalid(parameter: "annealing.integration_nodes", what: "a machine with real visible units is annealed only: write 0")
    }
    if baseIsData { throw .invalid(parameter: "annealing.base", what: "real visible units start from their own means: write \"uniform\"") }
    if tunedLabels > 0 { throw .invalid(parameter: "fine_tuning.labels", what: "a classifier is made of a stack of binary machines") }
  }

  private func checkDeep() throws(StudyError) {
    if hidden.count != 2 { throw .invalid(parameter: "machine.hidden", what: "a deep machine has two hidden layers, e.g. [500, 500]") }
    if units != .zeroOne { throw .invalid(parameter: "machine.units", what: "a deep machine has zero-one units") }
    if fixedSettings.negativePhase != .persistent {
      throw .invalid(parameter: "training.method", what: "a deep machine is trained with method = \"persistent\"")
    }
    if tunedLabels > 0 { throw .invalid(parameter: "fine_tuning.labels", what: "a classifier is made of a stack, not of a deep machine") }
  }

  private func checkTuning() throws(StudyError) {
    if images == nil { throw .invalid(parameter: "fine_tuning.labels", what: "bars and stripes have no labels") }
    try sharding.check(batch: tunedBatch, parameter: "fine_tuning.batch")
    if tunedBatch > tunedLabels || tunedLabels > train.count {
      throw .invalid(
        parameter: "fine_tuning.labels",
        what: "\(tunedLabels) must be at least the batch of \(tunedBatch) and at most the \(train.count) training samples")
    }
  }

  private static func files(
    _ parameters: ParameterValues, needsLabels: Bool
  ) throws(StudyError) -> (images: SampleSet, train: Configurations, test: Configurations) {
    let channels = parameters.texts("data.channels"), labels = parameters.text("data.labels")
    if channels.isEmpty { throw .invalid(parameter: "data.channels", what: "source = \"files\" needs at least one file of images") }
    if labels.isEmpty, needsLabels { throw .invalid(parameter: "data.labels", what: "fine-tuning needs a file of labels") }
    let images = try DataFiles.samples(channels: channels, labels: labels, classes: nil, scale: 1)
    let trains = parameters.integer("data.train"), tests = parameters.integer("data.test")
    if images.count < trains + tests {
      throw .invalid(
        parameter: "data.train", what: "\(trains) + \(tests) samples are wanted for training and test, \(images.count) are there")
    }
    let threshold = parameters.real("data.threshold"), bits = images.configurations(above: Float(threshold))
    let pixels = images.features.prefix(trains * images.shape.count), range = (pixels.min() ?? 0, pixels.max() ?? 0)
    if !(Double(range.0)...Double(max(range.0, range.1.nextDown))).contains(threshold) {
      throw .invalid(
        parameter: "data.threshold",
        what:
          "at \(threshold) all pixels are \(threshold < Double(range.0) ? "on" : "off"): those of the training samples go from \(range.0) to \(range.1)"
      )
    }
    return (images, bits.slice(0..<trains), bits.slice(images.count - tests..<images.count))
  }

  /// The machines that are trained, bottom first: a deep one is a single machine of its bottom and top layers and the middle.
  var shapes: [(visible: Int, hidden: Int)] {
    if isDeep { return [(train.sites.count + hidden[1], hidden[0])] }
    return hidden.indices.map { (visible: $0 == 0 ? train.sites.count : hidden[$0 - 1], hidden: hidden[$0]) }
  }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] {
    DataFiles.samplePaths(parameters) + DataFiles.paths([parameters.text("machine.start")])
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let work = stages.reduce(0) { $0 + $1.work }
    let weights = Double(shapes.reduce(0) { $0 + $1.visible * $1.hidden })
    let bytes =
      Double((train.words.count + test.words.count) * 16) + 8 * Double((real?.train.count ?? 0) + (real?.test.count ?? 0)) + 40 * weights
    return [PlannedUnit(label: "stack", unit: Unit(), team: .all, operations: work, bytesPerRank: bytes, sharing: sharing)]
  }

  /// Each batch's gradient is summed over the ranks.
  private var sharing: [SharedWork] {
    stages.compactMap { stage, work in
      guard case .training(let layer) = stage else { return nil }
      let shape = shapes[layer], batches = Double(epochs[layer] * (trainCount / batch))
      return SharedWork(operations: work, pieces: sharding.pieces(of: batch)).reducing(
        batches, bytes: 4 * batches * Double(shape.visible * shape.hidden + shape.visible + shape.hidden), parameter: "training.batch",
        value: Double(batch))
    }
  }
}
