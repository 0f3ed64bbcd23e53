import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Sampling
import Statistics

/// The stack as a classifier.
extension BoltzmannStudy {
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
  func labelled(_ data: Configurations, _ labels: ArraySlice<Int>) -> SampleSet {
    var features: [Float] = []
    features.reserveCapacity(data.count * data.sites.count)
    for row in 0..<data.count { for site in 0..<data.sites.count { features.append(data[row, site] ? 1 : 0) } }
    return SampleSet(shape: .vector(data.sites.count), features: features, targets: .classes(Array(labels), of: classes))
  }

  func tune(
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
    try tuning.checkFinite("try a smaller fine_tuning.learning_rate than \(tunedRate)")
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
    let accuracy = Estimate(part: right, of: all.count)
    state.recording.record(
      at: [("classifier", .text(fromMachine ? "fine-tuned" : "random-weights")), ("labels", .integer(tunedLabels))], "test_accuracy",
      Observable(accuracy.value, error: accuracy.error))
    state.tuned.append(tuning.losses)
    return 1
  }
}
