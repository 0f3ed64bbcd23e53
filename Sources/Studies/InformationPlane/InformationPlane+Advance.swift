import GradientFlows
public import MessagePassing
import NeuralNetworks
public import RandomStreams
public import Runtime

extension InformationPlane {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      switch state.stage {
      case 0:
        if source == "ising", state.spins.count < phases.couplings.count {
          state.spins.append(try phases.spins(of: state.spins.count, among: train + test, streams: streams, on: team))
        }
        if source != "ising" || state.spins.count == phases.couplings.count { state.stage = 1 }
        return .more(fraction: 0.02, stage: "making the data")
      case 1: return try train(&state, unit, streams: streams, on: team)
      default: return try measure(&state, unit, streams: streams, on: team)
      }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(error)")
    }
  }

  /// Fills the scratch with the sets of samples.
  func load(_ state: inout State, streams: StreamKey) {
    guard state.scratch.train == nil else { return }
    let count = train + test
    var all: SampleSet
    if let files {
      all = files.slice(0..<count)
    } else if source == "ising" {
      all = phases.samples(state.spins, count: count)
    } else {
      var draws = KeyedStreams(streams.use("split")).generator(replica: 0, step: 0, site: 0, purpose: .permutation)
      let chosen = draws.permutation(count: 4096).prefix(count)
      all = SampleSet(
        shape: .vector(12), features: chosen.flatMap { input in (0..<12).map { input >> $0 & 1 == 1 ? Float(1) : -1 } },
        targets: .classes(chosen.map { TwelveBits.labels[$0] }, of: 2))
    }
    if permuted {
      var draws = KeyedStreams(streams.use("labels")).generator(replica: 0, step: 0, site: 0, purpose: .permutation)
      var labels = all.labels
      draws.shuffle(&labels)
      all = SampleSet(shape: all.shape, channelNames: all.channelNames, features: all.features, targets: .classes(labels, of: classes))
    }
    state.scratch.train = all.slice(0..<train)
    state.scratch.test = all.slice(train..<count)
    state.scratch.measured = all.slice(count - measured..<count)
  }

  /// The network before training: normal weights of variance 1/inputs, drawn again beyond two deviations; biases zero.
  private func start(_ unit: Unit, streams: StreamKey) throws(NetworkError) -> Network<Float> {
    var network = try Network<Float>(input: shape, layers(unit.activation))
    for index in network.layers.indices {
      guard let (rows, columns) = network.layers[index].weightShape, let block = network.firstBlock(of: index) else { continue }
      var draws = KeyedStreams(streams.use("weights")).series(replica: 0, step: UInt64(index), site: 0, purpose: .weights)
      let deviation = (1 / Double(rows)).squareRoot()
      for k in 0..<rows * columns {
        var value = draws.normal()
        while abs(value) > 2 { value = draws.normal() }
        network.parameters[block][k] = Float(deviation * value)
      }
    }
    return network
  }

  private func rule(_ unit: Unit, streams: StreamKey) -> ChosenStepper<Float> {
    switch unit.stepper {
    case "adam": .adam(Adam(rate: Float(rate)))
    case "momentum": .momentum(Momentum(rate: Float(rate), momentum: Float(momentum)))
    case "langevin": .langevin(Langevin(rate: Float(rate), temperature: Float(temperature), key: streams.use("noise")))
    default: .descent(GradientDescent(rate: Float(rate)))
    }
  }

  /// Steps that make an epoch, the same for every stepper.
  private var stepsPerEpoch: Int { train / batch }

  private func train(
    _ state: inout State, _ unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Advance<Recording> {
    load(&state, streams: streams)
    guard let samples = state.scratch.train else { preconditionFailure("loaded above") }
    if state.training == nil {
      let network = try start(unit, streams: streams)
      state.training = NetworkTraining(network, rule: rule(unit, streams: streams))
      state.kept = [network]
    }
    guard var training = state.training.take() else { preconditionFailure("training has begun above") }
    // Langevin noise stands alone: the gradient is that of all samples, but for what whole shards leave.
    let size = unit.stepper == "langevin" ? train / shards * shards : batch
    let trainer =
      try state.scratch.trainer
      ?? SupervisedLearning(
        samples, network: training.network, settings: .init(batch: size, shards: shards), key: streams.use("training"), rank: team.rank,
        ranks: team.size)
    state.scratch.trainer = trainer
    // About a second, but no further than the next point.
    let step = Int(training.step), goal = points[state.kept.count] * stepsPerEpoch
    let slice = max(1, Int(1e10 / (3 * max(3e3, training.network.operations) * Double(size))))
    let end = min(goal, step + slice)
    while training.step < UInt64(end) { _ = try trainer.advance(&training, batches: end - Int(training.step), on: team) }
    try training.checkFinite("try a smaller rate of this stepper")
    if end == goal { state.kept.append(training.network) }
    let loss = training.losses.last, epoch = end / stepsPerEpoch
    state.training = training
    if state.kept.count == points.count {
      state.stage = 2
      state.scratch.trainer = nil
    }
    return .more(
      fraction: 0.02 + 0.7 * Double(end) / Double(epochs * stepsPerEpoch), stage: "training",
      curves: loss.map { [CurvePoint("train/loss", step: epoch, value: $0)] } ?? [])
  }
}
