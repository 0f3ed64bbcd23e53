import NeuralNetworks
import Runtime
import Statistics

extension Classifier {
  /// Everything that is measured on the test samples.
  func record(
    _ unit: Unit, _ training: NetworkTraining<Float>, _ stopping: EarlyStopping<Float>?, _ network: Network<Float>, _ test: SampleSet,
    outputs: [Float], losses: [Double]
  ) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("network", .integer(unit.number))]
    let width = classes, probabilities = probabilities(network, outputs)
    let chosen = (0..<test.count).map { row in Self.largest(probabilities[row * width..<(row + 1) * width]) }
    let right = zip(chosen, test.labels).map { $0 == $1 }
    let part = Estimate(part: right.count { $0 }, of: test.count)
    recording.record(at: at, "test_accuracy", Observable(part.value, error: part.error))
    let loss = Estimate(meanOf: losses)
    recording.record(at: at, "test_loss", Observable(loss.value, error: loss.error, unit: lossUnit))
    let reliability = Reliability(probabilities, chosen: chosen, right: right, classes: width)
    recording.record(
      at: at, "expected_calibration_error",
      Observable(reliability.expectedError, reason: "15 bins of the largest probability; positive by construction, so without an error"))
    recording.record(
      at: at, "train_loss", Observable(training.losses.last ?? .nan, unit: lossUnit, reason: "mean over the last epoch, while it learnt"))
    recording.record(at: at, "train_accuracy", Observable(training.accuracies.last ?? .nan))
    recording.record(at: at, "epochs", Observable(Double(training.losses.count), unit: "epochs"))
    recording.record(at: at, "parameters", Observable(Double(network.parameterCount)))
    if patience > 0, let stopping {
      recording.record(at: at, "best_epoch", Observable(Double(stopping.bestEpoch), unit: "epochs"))
      recording.record(at: at, "validation_loss", Observable(stopping.bestLoss, unit: lossUnit))
    }
    let label = "network_\(unit.number)"
    var confusion = [Double](repeating: 0, count: width * width)
    for (row, choice) in chosen.enumerated() { confusion[test.labels[row] * width + choice] += 1 }
    recording.record(
      ResultArray(
        name: "confusion_\(label)", longName: "test samples by class and choice", unit: "samples",
        dimensions: [("class", width), ("choice", width)], values: confusion))
    recording.record(
      ResultArray(
        name: "reliability_\(label)", longName: "by largest probability: mean of it, part that is right, samples", unit: "1",
        dimensions: [("quantity", 3), ("bin", reliability.bins)], values: reliability.confidence + reliability.accuracy + reliability.counts
      ))
    recordCurves(training, stopping, label, into: &recording)
    if let filters = filters(of: network, label) { recording.record(filters) }
    if source == "ising" { recordPhases(probabilities, label, at, into: &recording) }
    return recording
  }

  /// The unit of losses.
  var lossUnit: String { loss == .crossEntropy ? "nats" : "1" }

  /// Probabilities of the classes: softmax for cross entropy, the outputs cut to [0, 1] for squared error.
  private func probabilities(_ network: Network<Float>, _ outputs: [Float]) -> [Double] {
    loss == .crossEntropy ? network.probabilities(outputs) : outputs.map { min(1, max(0, Double($0))) }
  }

  private static func largest(_ values: ArraySlice<Double>) -> Int {
    var best = values.startIndex
    for k in values.indices where values[k] > values[best] { best = k }
    return best - values.startIndex
  }

  private func recordCurves(
    _ training: NetworkTraining<Float>, _ stopping: EarlyStopping<Float>?, _ label: String, into recording: inout Recording
  ) {
    var names = ["train loss", "train accuracy"], values = training.losses + training.accuracies
    if let stopping, stopping.losses.count == training.losses.count {
      names.append("validation loss")
      values += stopping.losses
    }
    recording.record(
      ResultArray(
        name: "curves_\(label)", longName: names.joined(separator: ", ") + " after each epoch", unit: "1",
        dimensions: [("curve", names.count), ("epoch", training.losses.count)], values: values))
  }

  /// The weights of the first layer with parameters, up to 32 units: `[unit][height][width]`, the mean over channels for
  /// convolutions on several.
  func filters(of network: Network<Float>, _ label: String) -> ResultArray? {
    guard let index = network.layers.firstIndex(where: { $0.weightShape != nil }), let block = network.firstBlock(of: index),
      let (_, columns) = network.layers[index].weightShape, network.layers[index].input.count == shape.count
    else { return nil }
    let weights = network.parameters[block], units = min(32, columns)
    var height = 1, width = 1, channels = 1
    if case .convolution(let convolution) = network.layers[index] {
      (height, width, channels) = (convolution.kernelHeight, convolution.kernelWidth, convolution.input.channels)
    } else {
      (height, width, channels) = (shape.height, shape.width, shape.channels)
    }
    if height * width == 1 { (height, width, channels) = (1, channels, 1) }
    var values: [Double] = []
    for unit in 0..<units {
      for pixel in 0..<height * width {
        var sum = 0.0
        for c in 0..<channels { sum += Double(weights[(pixel * channels + c) * columns + unit]) }
        values.append(sum / Double(channels))
      }
    }
    return ResultArray(
      name: "filters_\(label)", longName: "weights of the first layer's first units", unit: "1",
      dimensions: [("unit", units), ("y", height), ("x", width)], values: values)
  }

  /// The mean probability of the ordered phase by coupling.
  private func recordPhases(
    _ probabilities: [Double], _ label: String, _ at: [(name: String, value: ParameterValue)], into recording: inout Recording
  ) {
    var means: [Double] = [], errors: [Double] = []
    for coupling in phases.couplings.indices {
      // Test samples are the last ones of all; sample s belongs to coupling s mod couplings.
      let first = train + validation
      let values = (0..<test).filter { (first + $0) % phases.couplings.count == coupling }.map { probabilities[2 * $0 + 1] }
      let mean = Estimate(meanOf: values)
      means.append(mean.value)
      errors.append(mean.error)
    }
    recording.record(
      at: at, "ordered_probability",
      Observable(values: means, errors: errors, reason: "by coupling as in lattice.couplings; errors as if configurations were independent")
    )
  }
}

/// How far probabilities can be believed: samples by the probability of their most probable class, in 15 bins.
struct Reliability {
  let bins = 15
  /// Mean of the largest probability, part that is right, and number of samples in each bin.
  var confidence: [Double], accuracy: [Double], counts: [Double]

  init(_ probabilities: [Double], chosen: [Int], right: [Bool], classes: Int) {
    confidence = [Double](repeating: 0, count: bins)
    accuracy = confidence
    counts = confidence
    for (row, choice) in chosen.enumerated() {
      let largest = probabilities[row * classes + choice], bin = min(bins - 1, max(0, Int(largest * Double(bins))))
      confidence[bin] += largest
      accuracy[bin] += right[row] ? 1 : 0
      counts[bin] += 1
    }
    for bin in 0..<bins where counts[bin] > 0 {
      confidence[bin] /= counts[bin]
      accuracy[bin] /= counts[bin]
    }
  }

  /// The mean over samples of |confidence - accuracy| of their bin (C. Guo et al., ICML 2017).
  var expectedError: Double {
    let total = counts.reduce(0, +)
    return (0..<bins).reduce(0) { $0 + counts[$1] / total * abs(confidence[$1] - accuracy[$1]) }
  }
}
