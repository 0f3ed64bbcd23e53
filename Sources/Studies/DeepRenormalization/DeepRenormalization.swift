public import Runtime

/// A stack of restricted Boltzmann machines trained on configurations of the two-dimensional Ising model, measured
/// layer by layer as a renormalization group (Mehta and Schwab, arXiv:1410.3831).
///
/// Two units of work: the stack itself, and its negative control, the same first layer trained on configurations
/// whose spins were permuted within each sample.
public struct DeepRenormalization: Study {
  public static let name = "deep-renormalization"
  public static let summary = "a stack of Boltzmann machines on a near-critical Ising lattice, measured as a renormalization group"

  /// The two units of work.
  public enum Unit: String, Sendable, CaseIterable { case stack, control }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "the two-dimensional Ising model on a torus, weight exp(K sum s s')",
      [
        Parameter("size", .integer(32), .integers(4...1024), unit: "sites", "sites along each axis; a multiple of 4"),
        Parameter("coupling", .real(0.408), .reals(0...2), unit: "1", "K = J / kT (critical: 0.4407)"),
      ]),
    ParameterTable(
      "sampling", "Swendsen-Wang chains from hot starts",
      [
        Parameter("configurations", .integer(20_000), .integers(1...10_000_000), unit: "configurations", "for training"),
        Parameter(
          "test_configurations", .integer(10_000), .integers(1...10_000_000), unit: "configurations",
          "for all measurements, from other chains"),
        Parameter("configurations_per_chain", .integer(500), .integers(2...10_000_000), unit: "configurations", "must divide both numbers"),
        Parameter("warm_up", .integer(200), .integers(0...1_000_000), unit: "sweeps", "left out at the start of each chain"),
        Parameter("interval", .integer(10), .integers(1...100_000), unit: "sweeps", "between recorded configurations"),
      ]),
    ParameterTable(
      "layers", "the stack",
      [
        Parameter("hidden", .integers([256, 64]), .integers(1...65536), unit: "units", "hidden units of each layer, bottom first")
      ]),
    ParameterTable(
      "training", "centred contrastive divergence (CD-1) with momentum, one entry per layer (the last one is repeated)",
      [
        Parameter("epochs", .integers([20, 20]), .integers(1...100_000), unit: "epochs", "passes over the training data"),
        Parameter("batch", .integer(128), .integers(1...65536), unit: "samples", "mini-batch; a multiple of shards"),
        Sharding.parameter,
        Parameter("learning_rate", .real(0.064), .reals(0...10), unit: "1", "step along the batch mean"),
        Parameter("momentum", .real(0.5), .reals(0...0.999), unit: "1", "fraction of the last step that is kept"),
        Parameter("l1", .reals([4e-3, 2e-3]), .reals(0...10), unit: "1", "L1 penalty on the weights"),
        Parameter("initial_width", .real(0.01), .reals(0...10), unit: "1", "standard deviation of the initial weights"),
      ]),
    ParameterTable(
      "annealing", "log Z of each machine by annealed importance sampling, run twice",
      [
        Parameter("temperatures", .integer(6000), .integers(10...1_000_000), unit: "steps", "20 % of them on [0, 0.7], 80 % on [0.7, 1]"),
        Parameter("replicas", .integer(300), .integers(2...1_000_000), unit: "replicas", "independent chains of each run"),
        Parameter(
          "exact_up_to", .integer(25), .integers(0...25), unit: "units",
          "enumerate instead where the smaller layer has at most so many units"),
      ]),
    ParameterTable(
      "model", "the first machine's own samples",
      [
        Parameter("chains", .integer(500), .integers(2...1_000_000), unit: "chains", "started at test configurations"),
        Parameter("sweeps", .integer(500), .integers(1...1_000_000), unit: "sweeps", "block Gibbs sweeps before measuring"),
      ]),
    ParameterTable(
      "control", "the negative control: spins permuted within each sample",
      [
        Parameter("run", .flag(true), unit: "1", "whether to train it")
      ]),
  ]

  public static let debugOverrides = [
    "lattice.size=16", "sampling.configurations=640", "sampling.test_configurations=320", "sampling.configurations_per_chain=40",
    "layers.hidden=[64, 16]", "training.epochs=[2]", "annealing.temperatures=60", "annealing.replicas=16", "model.chains=40",
    "model.sweeps=20",
  ]

  let size: Int, coupling: Double
  let configurations: Int, testConfigurations: Int, perChain: Int, warmUp: Int, interval: Int
  let hidden: [Int], epochs: [Int], batch: Int, sharding: Sharding
  let learningRate: Double, momentum: Double, l1: [Double], initialWidth: Double
  let temperatures: Int, replicas: Int, exactUpTo: Int
  let modelChains: Int, modelSweeps: Int
  let runsControl: Bool

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    size = parameters.integer("lattice.size")
    coupling = parameters.real("lattice.coupling")
    configurations = parameters.integer("sampling.configurations")
    testConfigurations = parameters.integer("sampling.test_configurations")
    perChain = parameters.integer("sampling.configurations_per_chain")
    warmUp = parameters.integer("sampling.warm_up")
    interval = parameters.integer("sampling.interval")
    hidden = parameters.integers("layers.hidden")
    let epochsGiven = parameters.integers("training.epochs"), l1Given = parameters.reals("training.l1")
    batch = parameters.integer("training.batch")
    sharding = Sharding(given: parameters.integer("training.shards"))
    learningRate = parameters.real("training.learning_rate")
    momentum = parameters.real("training.momentum")
    initialWidth = parameters.real("training.initial_width")
    temperatures = parameters.integer("annealing.temperatures")
    replicas = parameters.integer("annealing.replicas")
    exactUpTo = parameters.integer("annealing.exact_up_to")
    modelChains = parameters.integer("model.chains")
    modelSweeps = parameters.integer("model.sweeps")
    runsControl = parameters.flag("control.run")

    guard size % 4 == 0 else {
      throw .invalid(parameter: "lattice.size", what: "\(size) is not a multiple of 4, which blocks of 2 x 2 and 4 x 4 need")
    }
    guard !hidden.isEmpty else { throw .invalid(parameter: "layers.hidden", what: "the stack needs at least one layer, e.g. [256, 64]") }
    guard !epochsGiven.isEmpty else { throw .invalid(parameter: "training.epochs", what: "one number per layer is needed, e.g. [20, 20]") }
    guard !l1Given.isEmpty else { throw .invalid(parameter: "training.l1", what: "one number per layer is needed, e.g. [4e-3, 2e-3]") }
    epochs = hidden.indices.map { epochsGiven[min($0, epochsGiven.count - 1)] }
    l1 = hidden.indices.map { l1Given[min($0, l1Given.count - 1)] }
    for (name, count) in [("sampling.configurations", configurations), ("sampling.test_configurations", testConfigurations)] {
      guard count % perChain == 0 else {
        throw .invalid(parameter: name, what: "\(count) is not a multiple of sampling.configurations_per_chain = \(perChain)")
      }
    }
    guard testConfigurations / perChain >= 4 else {
      throw .invalid(
        parameter: "sampling.test_configurations",
        what: "\(testConfigurations) gives \(testConfigurations / perChain) chains of \(perChain); error bars need at least 4")
    }
    try sharding.check(batch: batch)
    guard batch <= configurations else {
      throw .invalid(parameter: "training.batch", what: "\(batch) is more than the \(configurations) training configurations")
    }
    guard modelChains <= testConfigurations else {
      throw .invalid(
        parameter: "model.chains",
        what: "\(modelChains) is more than the \(testConfigurations) test configurations that the chains start at")
    }
  }

  /// Sites of the lattice.
  var sites: Int { size * size }
  /// Visible units of layer `layer`.
  func visible(_ layer: Int) -> Int { layer == 0 ? sites : hidden[layer - 1] }
  /// Chains of the sampler: those for training first, then those for testing.
  var trainingChains: Int { configurations / perChain }
  var testChains: Int { testConfigurations / perChain }

  public func plan() -> [PlannedUnit<Unit>] {
    // Recorded spins, their copies for training and testing, weights with velocity, direction and kept epochs.
    let spins = Double((configurations + testConfigurations) * sites) / 8
    let bytes = 2.5 * spins + 4 * Double(visible(0) * hidden[0]) * 16
    return (runsControl ? Unit.allCases : [.stack]).map { unit in
      let work = stages(of: unit).reduce(0) { $0 + $1.work }
      return PlannedUnit(
        label: unit.rawValue, unit: unit, team: .all, operations: work, bytesPerRank: bytes, sharing: sharing(of: unit))
    }
  }

  /// Each batch's gradient is summed over the ranks.
  private func sharing(of unit: Unit) -> [SharedWork] {
    stages(of: unit).compactMap { stage, work in
      guard case .training(let layer) = stage else { return nil }
      let batches = Double(epochs[layer] * (configurations / batch))
      return SharedWork(operations: work, pieces: sharding.pieces(of: batch)).reducing(
        batches, bytes: 4 * batches * Double(visible(layer) * hidden[layer] + visible(layer) + hidden[layer]),
        parameter: "training.batch", value: Double(batch))
    }
  }
}
