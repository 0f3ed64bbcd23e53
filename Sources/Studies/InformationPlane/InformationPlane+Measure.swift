import Glibc
import InformationTheory
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Statistics

extension InformationPlane {
  /// The layers that are looked at: those with weights.
  func places(_ network: Network<Float>) -> [Int] { network.layers.indices.filter { network.layers[$0].weightShape != nil } }

  /// The values of each such layer on the measured samples, `[samples, units]`; of the last the probabilities of the classes.
  private func values(_ network: Network<Float>, _ samples: SampleSet) throws(NetworkError) -> [(values: [Double], units: Int)] {
    let all = try network.activations(for: samples, 0..<samples.count), places = places(network)
    return places.map { place in
      let units = network.layers[place].output.count
      return (place == places[places.count - 1] ? network.probabilities(all[place]) : all[place].map(Double.init), units)
    }
  }

  /// Where fixed bins of a layer begin and end: where the function does, or else at the layer's extremes over the run.
  private func range(_ network: Network<Float>, _ layer: Int, _ extremes: [Double]) -> ClosedRange<Double> {
    let places = places(network)
    if layer == places.count - 1 { return 0...1 }
    switch network.layers[places[layer]].activation {
    case .tanh: return -1...1
    case .sigmoid: return 0...1
    case .relu: return 0...max(extremes[2 * layer + 1], 1e-30)
    case .identity:
      let low = extremes[2 * layer], high = extremes[2 * layer + 1]
      return low...max(high, low + 1e-30)
    }
  }

  /// One point for each slice, after one for the extremes; layers are shared by the ranks.
  func measure(
    _ state: inout State, _ unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Advance<Recording> {
    load(&state, streams: streams)
    guard let samples = state.scratch.measured, let test = state.scratch.test else { preconditionFailure("loaded above") }
    if state.extremes.isEmpty {
      state.extremes = try extremes(state.kept, samples, on: team)
      return .more(fraction: 0.75, stage: "measuring")
    }
    let count = places(state.kept[0]).count, width = 3 * estimators.count * count + 2, done = state.values.count / width
    let network = state.kept[done], layers = try values(network, samples)
    var labels = [samples.labels]
    for shuffle in 0..<shuffles {
      var draws = KeyedStreams(streams.use("null", shuffle)).generator(replica: 0, step: 0, site: 0, purpose: .permutation)
      labels.append(draws.permutation(count: samples.count).map { samples.labels[$0] })
    }
    var mine: [Double] = []
    for layer in team.share(of: count) {
      let found = try LayerValues(
        values: layers[layer].values, units: layers[layer].units, range: range(network, layer, state.extremes)
      ).informations(estimators, self, labels: labels)
      for one in found { mine += [one.x, one.y, one.null] }
    }
    state.values += try team.allGather(mine).flatMap { $0 }
    state.values += try tested(network, test, on: team)
    if done + 1 < points.count { return .more(fraction: 0.75 + 0.25 * Double(done + 1) / Double(points.count), stage: "measuring") }
    return .done(try record(state, unit, samples, testLabels: test.labels))
  }

  private func extremes(
    _ networks: [Network<Float>], _ samples: SampleSet, on team: borrowing some Communicator & ~Copyable
  ) throws -> [Double] {
    let count = places(networks[0]).count
    var mine = [Double](repeating: .infinity, count: count) + [Double](repeating: -.infinity, count: count)
    for place in team.share(of: networks.count) {
      for (layer, found) in try values(networks[place], samples).enumerated() {
        for value in found.values {
          mine[layer] = min(mine[layer], value)
          mine[count + layer] = max(mine[count + layer], value)
        }
      }
    }
    let all = try team.allGather(mine)
    return (0..<count).flatMap { layer in
      [all.map { $0[layer] }.reduce(.infinity, min), all.map { $0[count + layer] }.reduce(-.infinity, max)]
    }
  }

  /// The mean cross entropy on the test samples in nats, and the part that is right.
  private func tested(
    _ network: Network<Float>, _ test: SampleSet, on team: borrowing some Communicator & ~Copyable
  ) throws -> [Double] {
    let outputs = try team.allGather(try network.outputs(for: test, team.share(of: test.count))).flatMap { $0 }
    let losses = network.losses(outputs, test.targets, .crossEntropy), probabilities = network.probabilities(outputs)
    var right = 0
    for (row, label) in test.labels.enumerated() {
      let own = probabilities[row * classes..<(row + 1) * classes]
      if own.firstIndex(of: own.max() ?? 0) == row * classes + label { right += 1 }
    }
    return [losses.reduce(0, +) / Double(test.count), Double(right) / Double(test.count)]
  }

  private func record(_ state: State, _ unit: Unit, _ samples: SampleSet, testLabels: [Int]) throws(NetworkError) -> Recording {
    var recording = Recording()
    let label = "\(unit.activation)_\(unit.stepper)_\(unit.number)", count = places(state.kept[0]).count
    let width = 3 * estimators.count * count + 2, n = points.count
    func value(_ point: Int, _ layer: Int, _ estimator: Int, _ which: Int) -> Double {
      state.values[point * width + 3 * (layer * estimators.count + estimator) + which]
    }
    let dimensions = [("estimator", estimators.count), ("layer", count), ("point", n)]
    let quantities = [("compression", "I(X;T)"), ("relevance", "I(T;Y)"), ("relevance_null", "I(T;Y) with labels in random order")]
    for (which, (name, long)) in quantities.enumerated() {
      var values: [Double] = []
      for e in estimators.indices { for layer in 0..<count { for point in 0..<n { values.append(value(point, layer, e, which)) } } }
      recording.record(ResultArray(name: "\(name)_\(label)", longName: long, unit: "nats", dimensions: dimensions, values: values))
    }
    var tested: [Double] = []
    for point in 0..<n { tested += state.values[(point + 1) * width - 2..<(point + 1) * width] }
    recording.record(
      ResultArray(
        name: "test_\(label)", longName: "test loss in nats, test accuracy", unit: "1", dimensions: [("point", n), ("quantity", 2)],
        values: tested))
    // I(X;T) of the last network by the number of bins.
    var scan: [Double] = []
    let layers = try values(state.kept[n - 1], samples)
    for layer in 0..<count {
      let values = LayerValues(
        values: layers[layer].values, units: layers[layer].units, range: range(state.kept[n - 1], layer, state.extremes))
      scan += Self.scannedBins.map { values.entropy(bins: $0) }
    }
    recording.record(
      ResultArray(
        name: "entropy_\(label)", longName: "I(X;T) after training, by the number of equally wide bins", unit: "nats",
        dimensions: [("layer", count), ("bins", Self.scannedBins.count)], values: scan))
    let at: [(name: String, value: ParameterValue)] = [
      ("activation", .text(unit.activation)), ("stepper", .text(unit.stepper)), ("network", .integer(unit.number)),
    ]
    let accuracy = Estimate(part: Int((tested[2 * n - 1] * Double(test)).rounded()), of: test)
    recording.record(at: at, "test_accuracy", Observable(accuracy.value, error: accuracy.error))
    recording.record(at: at, "test_loss", Observable(tested[2 * n - 2], unit: "nats"))
    recording.record(
      at: at, "label_entropy", Observable(EntropyEstimator.plugIn.entropy(Self.counts(testLabels, classes)), unit: "nats"))
    return recording
  }

  /// Numbers of bins that the page compares.
  static let scannedBins = [2, 4, 8, 16, 32, 64, 128, 256]

  private static func counts(_ labels: [Int], _ classes: Int) -> [Int] {
    labels.reduce(into: [Int](repeating: 0, count: classes)) { $0[$1] += 1 }
  }
}
