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
      case .integrating: part = try integrate(&state, streams: streams, on: team)
      case .enumerating: part = try enumerate(&state, on: team)
      case .summingOut: part = try sumOut(&state, on: team)
      case .evaluating: part = try evaluate(&state, streams: streams)
      case .tuning(let fromMachine): part = try tune(&state, fromMachine: fromMachine, streams: streams, curves: &curves, on: team)
      case .reporting:
        if let real, let training = state.gaussian {
          recordPictures(of: training, real, streams: streams, into: &state.recording)
        } else {
          recordPictures(&state, streams: streams)
        }
        return .done(Trained(recording: state.recording, machines: state.machines, gaussian: state.gaussian?.ofData))
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
  func input(of layer: Int, from data: Configurations, _ machines: [RestrictedBoltzmannMachine<Float>], _ streams: StreamKey)
    -> Configurations
  {
    var states = data
    for below in 0..<layer { states = machines[below].sampleHidden(of: states, from: KeyedStreams(streams.use("states", below))) }
    return states
  }

  /// The given machine, or random weights and the field that gives each visible unit its mean in the data.
  private func start(_ layer: Int, _ data: Configurations, _ key: StreamKey) -> CentredParameters {
    if let given { return CentredParameters(given.machines[layer], offset: offset) }
    var start = CentredParameters.random(
      units: units, visible: shapes[layer].visible, hidden: shapes[layer].hidden, offset: offset, deviation: initialWidth,
      from: KeyedStreams(key))
    if layer == 0 { for (unit, field) in dataFields(data).enumerated() { start.visibleField[unit] = Float(field) } }
    return start
  }

  /// Where annealing starts: the fields of the data's means, none for units that no data fix; nil for the uniform law.
  func baseBias(_ data: Configurations, _ top: Int) -> [Double]? {
    if !baseIsData { return nil }
    let fields = dataFields(data)
    return fields + [Double](repeating: 0, count: shapes[top].visible - fields.count)
  }

  /// States of the top machine's visible units at data: the units of a deep machine that no data fix are off.
  func clamped(_ data: Configurations) -> Configurations {
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

  /// What is said of a training that diverges.
  var rateAdvice: String { "try a smaller training.learning_rate than \(learningRate)" }

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
      if ended || left <= Int(training.step) - before { try training.checkFinite(rateAdvice) }
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
}
