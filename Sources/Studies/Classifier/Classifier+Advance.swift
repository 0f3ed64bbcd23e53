import GradientFlows
public import MessagePassing
import NeuralNetworks
public import RandomStreams
public import Runtime

extension Classifier {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Trained> {
    do {
      switch state.stage {
      case 0: return .more(fraction: try makeData(&state, streams: streams, on: team), stage: "making the data")
      case 1: return try train(&state, streams: streams, on: team)
      default: return .done(try measure(state, unit: unit, streams: streams, on: team))
      }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(error)")
    }
  }

  // MARK: Data

  /// One more coupling of the lattice; nothing for files. Returns the part of the whole unit that is done.
  private func makeData(_ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable) throws -> Double {
    if source == "ising", state.spins.count < phases.couplings.count {
      state.spins.append(try phases.spins(of: state.spins.count, among: train + validation + test, streams: streams, on: team))
      if state.spins.count < phases.couplings.count { return 0.1 * Double(state.spins.count) / Double(phases.couplings.count) }
    }
    try load(&state)
    state.stage = 1
    return 0.1
  }

  /// Fills the scratch with the three sets, from files or from spins.
  private func load(_ state: inout State) throws(StudyError) {
    let all = files ?? phases.samples(state.spins, count: train + validation + test)
    let used = train + validation
    state.scratch.train = all.slice(0..<train)
    state.scratch.validation = all.slice(train..<used)
    state.scratch.test = all.slice(all.count - test..<all.count)
  }

  // MARK: Training

  /// How steps follow the gradient.
  private func rule() -> ChosenStepper<Float> {
    switch stepper {
    case "adam": .adam(Adam(rate: Float(learningRate), decay: Float(decay)))
    case "momentum": .momentum(Momentum(rate: Float(learningRate), momentum: Float(momentum), decay: Float(decay)))
    default: .momentum(Momentum(rate: Float(learningRate), momentum: 0, decay: Float(decay)))
    }
  }

  private func train(
    _ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Advance<Trained> {
    if state.scratch.train == nil { try load(&state) }
    guard let train = state.scratch.train, let validation = state.scratch.validation else { preconditionFailure("loaded above") }
    let key = streams.use("training"), planned = train.count / batch * epochs
    if state.training == nil {
      let network = try start ?? Network<Float>(input: shape, layers, from: KeyedStreams(streams.use("weights")))
      state.training = NetworkTraining(network, rule: rule(), schedule: schedule, plannedSteps: planned)
      if patience > 0 { state.stopping = EarlyStopping(patience: patience) }
      state.kept = [KeptNetwork(epoch: 0, network: network)]
    }
    guard var training = state.training.take() else { preconditionFailure("training has begun above") }
    let trainer =
      try state.scratch.trainer
      ?? SupervisedLearning(
        train, network: training.network,
        settings: .init(batch: batch, shards: try sharding.shards(batch: batch, on: team), loss: loss, ratePrice: ratePrice), key: key,
        rank: team.rank,
        ranks: team.size)
    state.scratch.trainer = trainer
    let batches = max(1, Int(6e10 / (3 * max(1, training.network.operations) * Double(batch))))
    let epochEnded = try trainer.advance(&training, batches: batches, on: team)
    try training.checkFinite("try a smaller training.learning_rate than \(learningRate)")
    var curves: [CurvePoint] = [], isOver = training.step >= UInt64(planned)
    if epochEnded {
      let epoch = training.losses.count
      if epoch & (epoch - 1) == 0 {
        state.kept.append(KeptNetwork(epoch: epoch, network: training.network))
        curves += pictures(of: training.network, epoch: epoch)
      }
      curves.append(CurvePoint("train/loss", step: epoch, value: training.losses[epoch - 1]))
      curves.append(CurvePoint("train/accuracy", step: epoch, value: training.accuracies[epoch - 1]))
      if validation.count > 0 {
        let value = try scores(training.network, validation, on: team).losses.reduce(0, +) / Double(validation.count)
        curves.append(CurvePoint("validation/loss", step: epoch, value: value))
        if state.stopping == nil { state.stopping = EarlyStopping(patience: epochs + 1) }
        if state.stopping?.note(value, of: training.network) == true { isOver = true }
      }
    }
    state.training = training
    if isOver { state.stage = 2 }
    let fraction = 0.1 + 0.85 * Double(training.step) / Double(max(1, planned))
    return .more(fraction: min(0.95, fraction), stage: isOver ? "testing" : "training", curves: curves)
  }

  /// How the weights are spread and what the first layer looks for after an epoch, for TensorBoard.
  private func pictures(of network: Network<Float>, epoch: Int) -> [CurvePoint] {
    var points: [CurvePoint] = []
    for index in network.layers.indices {
      guard let block = network.firstBlock(of: index) else { continue }
      points.append(CurvePoint("layer-\(index + 1)/weights", step: epoch, spread: network.parameters[block]))
      points.append(CurvePoint("layer-\(index + 1)/biases", step: epoch, spread: network.parameters[block + 1]))
    }
    if let filters = filters(of: network, "") {
      points.append(CurvePoint("filters", step: epoch, maps: filters.heatmaps(.diverging), perRow: 8))
    }
    return points
  }

  /// Outputs and losses of all samples, with drawn codes where there is noise; each rank having computed its share; the same on every rank.
  func scores(
    _ network: Network<Float>, _ samples: SampleSet, noise: (streams: KeyedStreams, draw: UInt64)? = nil,
    on team: borrowing some Communicator & ~Copyable
  ) throws -> (outputs: [Float], losses: [Double]) {
    let outputs = try team.allGather(try network.outputs(for: samples, team.share(of: samples.count), noise: noise)).flatMap { $0 }
    return (outputs, network.losses(outputs, samples.targets, loss))
  }

  private func measure(
    _ state: State, unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Trained {
    var state = state
    if state.scratch.test == nil { try load(&state) }
    guard let training = state.training, let test = state.scratch.test else { preconditionFailure("testing follows training") }
    let keepsBest = patience > 0, network = (keepsBest ? state.stopping?.best : nil) ?? training.network
    let (outputs, losses) = try scores(network, test, on: team)
    var recording = record(unit, training, state.stopping, network, test, outputs: outputs, losses: losses)
    var compressed: Network<Float>?
    if network.hasBottleneck, let train = state.scratch.train {
      compressed = try compress(network, unit, train: train, test: test, streams: streams, on: team, into: &recording)
    }
    let best = keepsBest && state.stopping?.best != nil ? state.stopping?.bestEpoch : nil, epoch = best ?? training.losses.count
    return Trained(
      recording: recording, last: KeptNetwork(epoch: epoch, network: network), kept: state.kept.filter { $0.epoch < epoch },
      compressed: compressed)
  }
}
