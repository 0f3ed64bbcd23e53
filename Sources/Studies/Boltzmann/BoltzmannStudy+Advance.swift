import BoltzmannMachines
import Glibc
import GradientFlows
public import MessagePassing
import NeuralNetworks
public import RandomStreams
public import Runtime
import Sampling
import Statistics

extension BoltzmannStudy {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Trained> {
    let stages = stages, stage = stages[state.stage].stage
    var curves: [CurvePoint] = []
    let part: Double
    do {
      switch stage {
      case .training(let layer):
        if let real {
          part = try train(&state, real, streams: streams, curves: &curves, on: team)
        } else {
          part = try train(&state, layer: layer, streams: streams, curves: &curves, on: team)
        }
      case .annealing(let run):
        if let real, let machine = state.gaussian?.machine {
          part = try anneal(&state, machine, real, run: run, streams: streams, on: team)
        } else {
          part = try anneal(&state, run: run, streams: streams, on: team)
        }
      case .returning:
        if let real, let machine = state.gaussian?.machine {
          part = try anneal(&state, machine, real, run: 2, streams: streams, on: team)
        } else {
          part = try annealBack(&state, streams: streams, on: team)
        }
      case .evaluating: part = try evaluate(&state, streams: streams)
      case .tuning(let fromMachine): part = try tune(&state, fromMachine: fromMachine, streams: streams, curves: &curves, on: team)
      case .reporting:
        if let real, let training = state.gaussian {
          recordPictures(of: training, real, streams: streams, into: &state.recording)
        } else {
          recordPictures(&state, streams: streams)
        }
        return .done(Trained(recording: state.recording, machines: state.machines, gaussian: state.gaussian?.machine))
      }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(stage.words): \(error)")
    }
    let total = stages.reduce(0) { $0 + $1.work }, before = stages[..<state.stage].reduce(0) { $0 + $1.work }
    let fraction = (before + part * stages[state.stage].work) / total
    if part >= 1 {
      state.stage += 1
      state.position = 0
    }
    return .more(fraction: fraction, stage: stage.words, curves: curves)
  }

  // MARK: Training

  /// What machine `layer` sees: the data, or *sampled* hidden states of the machine below, keyed by layer and sample.
  private func input(of layer: Int, from data: Configurations, _ machines: [RestrictedBoltzmannMachine<Float>], _ streams: StreamKey)
    -> Configurations
  {
    var states = data
    for below in 0..<layer { states = machines[below].sampleHidden(of: states, from: KeyedStreams(streams.use("states", below))) }
    return states
  }

  /// Random weights, and the field that gives each visible unit its mean in the data.
  private func start(_ layer: Int, _ data: Configurations, _ key: StreamKey) -> CentredParameters {
    var start = CentredParameters.random(
      units: units, visible: shapes[layer].visible, hidden: shapes[layer].hidden, offset: offset, deviation: initialWidth,
      from: KeyedStreams(key))
    if layer == 0 { for (unit, field) in dataFields(data).enumerated() { start.visibleField[unit] = Float(field) } }
    return start
  }

  /// Where annealing starts: the fields of the data's means, none for units that no data fix; nil for the uniform law.
  private func baseBias(_ data: Configurations, _ top: Int) -> [Double]? {
    if !baseIsData { return nil }
    let fields = dataFields(data)
    return fields + [Double](repeating: 0, count: shapes[top].visible - fields.count)
  }

  /// States of the top machine's visible units at data: the units of a deep machine that no data fix are off.
  private func clamped(_ data: Configurations) -> Configurations {
    guard isDeep else { return data }
    var states = Configurations(count: data.count, sites: .unplaced(shapes[0].visible))
    for row in 0..<data.count { for site in 0..<data.sites.count { states[row, site] = data[row, site] } }
    return states
  }

  /// The visible bias of independent units with the means of `data`, kept away from 0 and 1, in the machine's own units.
  private func dataFields(_ data: Configurations) -> [Double] {
    var counts = [Int](repeating: 0, count: data.sites.count)
    for row in 0..<data.count { for site in counts.indices where data[row, site] { counts[site] += 1 } }
    return counts.map { count in
      let mean = min(0.99, max(0.01, Double(count) / Double(data.count))), logit = log(mean / (1 - mean))
      return units == .zeroOne ? logit : logit / 2
    }
  }

  private func train(
    _ state: inout State, layer: Int, streams: StreamKey, curves: inout [CurvePoint], on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let key = streams.use("training", layer)
    if isDeep {
      let trainer =
        try state.scratch.deepTrainer
        ?? MeanFieldTraining(
          train, second: hidden[1], meanFieldSweeps: meanFieldSweeps, settings: try settings(on: team), key: key, rank: team.rank,
          ranks: team.size)
      state.scratch.deepTrainer = trainer
      return try train(&state, layer: layer, with: trainer, on: train, key, curves: &curves, on: team)
    }
    let trainer: ContrastiveDivergence
    if let known = state.scratch.trainer, state.scratch.trainedLayer == layer {
      trainer = known
    } else {
      let data = input(of: layer, from: train, state.machines, streams)
      trainer = ContrastiveDivergence(
        data, hidden: hidden[layer], units: units, settings: try settings(on: team), key: key, rank: team.rank, ranks: team.size)
      state.scratch.trainer = trainer
      state.scratch.trainedLayer = layer
    }
    return try train(&state, layer: layer, with: trainer, on: trainer.data, key, curves: &curves, on: team)
  }

  private func train<Trainer: ParticleTraining>(
    _ state: inout State, layer: Int, with trainer: Trainer, on data: Configurations, _ key: StreamKey, curves: inout [CurvePoint],
    on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let planned = trainer.batchesPerEpoch * epochs[layer]
    if state.training == nil {
      let rule = Momentum<Float>(rate: Float(learningRate), momentum: Float(momentum), decay: Float(decay), l1: Float(l1))
      state.training = TrainingState(start(layer, data, key), rule: rule, schedule: schedule, plannedSteps: planned)
    }
    guard var training = state.training.take() else { preconditionFailure("training has begun above") }
    let perSample =
      (2 + 2 * chainsPerSample) * 2.5
      * Double(shapes[layer].visible * shapes[layer].hidden)
    var left = max(1, Int(6e10 / (perSample * Double(batch))))
    // Small machines have many epochs in a slice.
    left = min(left, 20_000)
    while left > 0, training.reconstructionErrors.count < epochs[layer] {
      let before = Int(training.step)
      let ended = try trainer.advance(&training, batches: left, on: team)
      left -= Int(training.step) - before
      let epoch = training.reconstructionErrors.count
      // At epochs 1, 2, 4, 8, ... and the last.
      guard ended, layer == 0, !isDeep, epoch & (epoch - 1) == 0 || epoch == epochs[0] else { continue }
      let some = test.slice(0..<min(200, test.count))
      let value = training.parameters.machine.pseudoLogLikelihood(of: some).value
      state.pseudo += [Double(epoch), value]
      curves.append(CurvePoint("pseudo_log_likelihood", step: epoch, value: value))
      let machine = training.parameters.machine
      curves += pictures(of: machine.weights, hiddenBias: machine.hiddenBias, epoch: epoch)
    }
    let epoch = training.reconstructionErrors.count
    if epoch > 0 {
      curves.append(CurvePoint("machine-\(layer + 1)/visible_difference", step: epoch, value: training.reconstructionErrors[epoch - 1]))
    }
    if epoch == epochs[layer] {
      state.machines.append(training.parameters.machine)
      state.curves.append(training.reconstructionErrors)
      state.scratch.trainer = nil
      state.scratch.deepTrainer = nil
      return 1
    }
    state.training = training
    return min(0.999, Double(training.step) / Double(planned))
  }

  // MARK: Partition function

  private func anneal(
    _ state: inout State, run: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let annealing = SlicedAnnealing(
      state.machines[top], baseBias: baseBias(data, top), schedule: .linear(steps: temperatures), replicas: replicas)
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicaWords, logWeights: &state.logWeights,
      from: KeyedStreams(streams.use("annealing", run)), on: team)
    guard isFinished else { return Double(state.position) / Double(annealing.sampling.steps) }
    // ln Z itself rather than weights: the base's part is a constant.
    state.finishedRuns.append(state.logWeights.map { $0 + annealing.sampling.model.startLogPartition })
    state.replicaWords = []
    state.logWeights = []
    return 1
  }

  /// From samples of the machine back to the base: as many sweeps as asked for, started at training data, then the path.
  private func annealBack(
    _ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let top = shapes.count - 1, data = input(of: top, from: train, state.machines, streams)
    let annealing = SlicedAnnealing(
      state.machines[top], baseBias: baseBias(data, top),
      schedule: AnnealingSchedule.linear(steps: temperatures).reversed, replicas: replicas)
    let source = KeyedStreams(streams.use("annealing-back")), total = Double(equilibration + annealing.sampling.steps)
    if state.sweeps < equilibration {
      if state.sweeps == 0 {
        state.replicaWords = (0..<replicas).flatMap { clamped(data.slice($0 % data.count..<$0 % data.count + 1)).words }
      }
      try annealing.equilibrate(
        sweep: &state.sweeps, to: equilibration, words: &state.replicaWords, from: KeyedStreams(streams.use("equilibration")), on: team)
      return Double(state.sweeps) / total
    }
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicaWords, logWeights: &state.logWeights, from: source, on: team)
    guard isFinished else { return (Double(equilibration) + Double(state.position)) / total }
    // As many terms as in the runs forward, so that one rule serves all three: ln Z_0 - ln w.
    state.finishedRuns.append(state.logWeights.map { annealing.sampling.model.startLogPartition - $0 })
    state.replicaWords = []
    state.logWeights = []
    return 1
  }

  // MARK: Likelihood

  private func evaluate(_ state: inout State, streams: StreamKey) throws -> Double {
    let at: [(name: String, value: ParameterValue)] = [("machines", .integer(shapes.count))], top = shapes.count - 1
    var logPartitions: [Estimate] = []
    for (run, weights) in state.finishedRuns.prefix(2).enumerated() {
      let found = LogWeights(weights), lower = Estimate(meanOf: weights)
      let estimate = Estimate(value: found.logMean, error: found.standardError)
      logPartitions.append(estimate)
      let few = found.effectiveSampleSize < 20 ? "fewer than 20 effective samples: the error is no guide; use more temperatures" : nil
      state.recording.record(
        at: at, "log_partition_run_\(run + 1)", Observable(estimate.value, error: estimate.error, unit: "nats", reason: few))
      state.recording.record(at: at, "log_partition_lower_run_\(run + 1)", Observable(lower.value, error: lower.error, unit: "nats"))
      state.recording.record(at: at, "effective_samples_run_\(run + 1)", Observable(found.effectiveSampleSize))
    }
    if state.finishedRuns.count > 2 {
      // Back from the machine E[w] = Z_0 / Z_1; these are ln Z_0 - ln w.
      let back = state.finishedRuns[2], found = LogWeights(back.map { -$0 }), upper = Estimate(meanOf: back)
      state.recording.record(
        at: at, "log_partition_back", Observable(-found.logMean, error: found.standardError, unit: "nats"))
      state.recording.record(at: at, "log_partition_upper", Observable(upper.value, error: upper.error, unit: "nats"))
      state.recording.record(at: at, "effective_samples_back", Observable(found.effectiveSampleSize))
    }
    var logPartition = Estimate(
      value: (logPartitions[0].value + logPartitions[1].value) / 2,
      error: (logPartitions[0].error * logPartitions[0].error + logPartitions[1].error * logPartitions[1].error).squareRoot() / 2)
    let gaussian = state.gaussian?.machine
    if (gaussian == nil ? min(shapes[top].visible, shapes[top].hidden) : shapes[top].hidden) <= exactUpTo {
      let exact = try gaussian?.exactLogPartition() ?? state.machines[top].inDoublePrecision.exactLogPartition()
      logPartition = Estimate(value: exact, error: 0)
      state.recording.record(
        at: at, "log_partition_exact", Observable(logPartition.value, unit: "nats", reason: "by enumeration, without an error"))
    }
    if let gaussian, let real {
      recordLikelihood(of: gaussian, real, logPartition: logPartition, at: at, into: &state.recording)
      return 1
    }
    for (name, data) in [("test", test), ("train", train.slice(0..<min(train.count, test.count)))] {
      let values: [Double]
      if isDeep {
        values = deepMachine(state.machines).lowerBound(of: data, logPartition: logPartition.value, sweeps: meanFieldSweeps)
      } else if hidden.count == 1 {
        values = state.machines[0].freeEnergy(of: data).map { -$0 - logPartition.value }
      } else {
        values = try DeepBeliefNetwork(state.machines).boundSamples(
          of: data, topLogPartition: logPartition.value, from: KeyedStreams(streams.use("bound")))
      }
      let mean = Estimate(meanOf: values), error = (mean.error * mean.error + logPartition.error * logPartition.error).squareRoot()
      let key = hidden.count == 1 ? "log_likelihood" : "log_likelihood_bound"
      state.recording.record(at: at, "\(name)_\(key)", Observable(mean.value, error: error, unit: "nats"))
    }
    if isDeep {
      // The bound's own check: where the second layer can be summed out.
      if hidden[1] <= 10, test.count <= 4096 {
        let exact = Estimate(
          meanOf: try deepMachine(state.machines).exactLogLikelihood(of: test, logPartition: logPartition.value))
        let error = (exact.error * exact.error + logPartition.error * logPartition.error).squareRoot()
        state.recording.record(at: at, "test_log_likelihood", Observable(exact.value, error: error, unit: "nats"))
      }
      return 1
    }
    let pseudo = state.machines[0].pseudoLogLikelihood(of: test.slice(0..<min(500, test.count)))
    state.recording.record(at: at, "test_pseudo_log_likelihood", Observable(pseudo.value, error: pseudo.error, unit: "nats"))
    return 1
  }

  private func deepMachine(_ machines: [RestrictedBoltzmannMachine<Float>]) -> DeepBoltzmannMachine<Double> {
    DeepBoltzmannMachine(visible: train.sites.count, joint: machines[0].inDoublePrecision)
  }

  // MARK: Fine-tuning

  /// The stack as a network: sigmoid layers with its weights and biases in 0/1 units, and one more on top.
  static func network(
    of machines: [RestrictedBoltzmannMachine<Float>], classes: Int, from streams: KeyedStreams, keepsWeights: Bool
  ) throws(NetworkError) -> Network<Float> {
    let layers = machines.map { LayerDescription.dense($0.hidden, .sigmoid) } + [.dense(classes, .identity)]
    var network = try Network<Float>(input: .vector(machines[0].visible), layers, from: streams)
    guard keepsWeights else { return network }
    for (layer, machine) in machines.enumerated() {
      let bits = machine.converted(to: .zeroOne).machine
      network.parameters[2 * layer] = bits.weights
      network.parameters[2 * layer + 1] = bits.hiddenBias
    }
    return network
  }

  /// Data for fine-tuning: pixels of the binary images as 0 and 1, as the machines saw them.
  private func labelled(_ data: Configurations, _ labels: ArraySlice<Int>) -> SampleSet {
    var features: [Float] = []
    features.reserveCapacity(data.count * data.sites.count)
    for row in 0..<data.count { for site in 0..<data.sites.count { features.append(data[row, site] ? 1 : 0) } }
    return SampleSet(shape: .vector(data.sites.count), features: features, targets: .classes(Array(labels), of: classes))
  }

  private func tune(
    _ state: inout State, fromMachine: Bool, streams: StreamKey, curves: inout [CurvePoint],
    on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let samples = labelled(train.slice(0..<tunedLabels), labels[..<tunedLabels])
    let planned = tunedLabels / tunedBatch * tunedEpochs
    if state.tuning == nil {
      let network = try Self.network(
        of: state.machines, classes: classes, from: KeyedStreams(streams.use("top")), keepsWeights: fromMachine)
      state.tuning = NetworkTraining(
        network, rule: .adam(Adam(rate: Float(tunedRate))), schedule: .cosine, plannedSteps: planned)
    }
    guard var tuning = state.tuning.take() else { preconditionFailure("fine-tuning has begun above") }
    let tuner =
      try state.scratch.tuner
      ?? SupervisedLearning(
        samples, network: tuning.network, settings: .init(batch: tunedBatch, shards: try sharding.shards(batch: tunedBatch, on: team)),
        key: streams.use("tuning"),
        rank: team.rank, ranks: team.size)
    state.scratch.tuner = tuner
    var left = max(1, Int(6e10 / (3 * tuning.network.operations * Double(tunedBatch))))
    while left > 0, tuning.step < UInt64(planned) {
      let before = Int(tuning.step)
      _ = try tuner.advance(&tuning, batches: min(left, planned - before), on: team)
      left -= Int(tuning.step) - before
    }
    let tag = fromMachine ? "fine-tuning" : "random-weights"
    if let loss = tuning.losses.last { curves.append(CurvePoint("\(tag)/loss", step: tuning.losses.count, value: loss)) }
    if tuning.step < UInt64(planned) {
      state.tuning = tuning
      return Double(tuning.step) / Double(planned)
    }
    state.scratch.tuner = nil
    let all = labelled(test, labels[(labels.count - test.count)...])
    let outputs = try team.allGather(try tuning.network.outputs(for: all, team.share(of: all.count))).flatMap { $0 }
    var right = 0
    for row in 0..<all.count {
      let y = outputs[row * classes..<(row + 1) * classes]
      if y.firstIndex(of: y.max() ?? 0) == y.startIndex + all.labels[row] { right += 1 }
    }
    let n = Double(all.count), accuracy = Double(right) / n
    state.recording.record(
      at: [("classifier", .text(fromMachine ? "fine-tuned" : "random-weights")), ("labels", .integer(tunedLabels))], "test_accuracy",
      Observable(accuracy, error: (accuracy * (1 - accuracy) / n).squareRoot()))
    state.tuned.append(tuning.losses)
    return 1
  }

  // MARK: Pictures

  /// Samples of the stack, receptive fields and curves.
  private func recordPictures(_ state: inout State, streams: StreamKey) {
    let pixels = height * width, machine = state.machines[0]
    for (layer, curve) in state.curves.enumerated() {
      state.recording.record(
        ResultArray(
          name: "visible_difference_\(layer + 1)", longName: "part of visible units that differ between data and fantasy, by epoch",
          unit: "1",
          dimensions: [("epoch_\(layer + 1)", curve.count)], values: curve))
    }
    state.recording.record(
      ResultArray(
        name: "pseudo_log_likelihood", longName: "epoch, and the pseudo-likelihood of some test samples after it", unit: "nats",
        dimensions: [("checkpoint", state.pseudo.count / 2), ("epoch_and_value", 2)], values: state.pseudo))
    state.recording.record(receptiveFields(of: machine.weights))
    let samples = samples(of: state.machines, streams)
    state.recording.record(
      ResultArray(
        name: "samples", longName: "samples of the stack", unit: "1", dimensions: [("sample", samples.count), ("y", height), ("x", width)],
        values: (0..<samples.count).flatMap { row in (0..<pixels).map { samples[row, $0] ? 1.0 : 0 } }))
    for (layer, values) in state.tuned.enumerated() {
      state.recording.record(
        ResultArray(
          name: layer == 0 ? "fine_tuning_loss" : "random_weights_loss", longName: "training loss by epoch", unit: "nats",
          dimensions: [("tuning_epoch", values.count)], values: values))
    }
  }

  /// Weights of the first hidden units, `[unit][y][x]`.
  func receptiveFields(of weights: [some BinaryFloatingPoint]) -> ResultArray {
    let units = min(32, hidden[0]), pixels = height * width
    return ResultArray(
      name: "receptive_fields", longName: "weights of the first hidden units", unit: "1",
      dimensions: [("unit", units), ("y", height), ("x", width)],
      values: (0..<units).flatMap { unit in (0..<pixels).map { Double(weights[$0 * hidden[0] + unit]) } })
  }

  /// How the first machine looks after an epoch, for TensorBoard.
  func pictures(of weights: [some BinaryFloatingPoint], hiddenBias: [some BinaryFloatingPoint], epoch: Int) -> [CurvePoint] {
    [
      CurvePoint("machine-1/weights", step: epoch, spread: weights.map { Float($0) }),
      CurvePoint("machine-1/hidden_bias", step: epoch, spread: hiddenBias.map { Float($0) }),
      CurvePoint("machine-1/receptive_fields", step: epoch, maps: receptiveFields(of: weights).heatmaps(.diverging), perRow: 8),
    ]
  }

  /// 16 samples: 1,000 sweeps of the top machine from data, then down through the conditional laws.
  private func samples(of machines: [RestrictedBoltzmannMachine<Float>], _ streams: StreamKey) -> Configurations {
    let top = machines.count - 1, count = min(16, test.count)
    var chains = GibbsChains(visible: clamped(input(of: top, from: test.slice(0..<count), machines, streams)))
    var kernel = BlockGibbs(machines[top])
    let source = KeyedStreams(streams.use("samples"))
    for sweep in 0..<1000 { kernel.step(&chains, at: UInt64(sweep), from: source) }
    if isDeep { return deepMachine(machines).visibleUnits(of: chains.visible, sites: test.sites) }
    var states = chains.visible
    for layer in (0..<top).reversed() { states = machines[layer].sampleVisible(of: states, from: KeyedStreams(streams.use("down", layer))) }
    return states
  }
}
