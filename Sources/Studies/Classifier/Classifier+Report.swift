import Archives
import NeuralNetworks
public import Runtime
import Statistics

extension Classifier {
  public func report(_ results: [(unit: Unit, partial: Trained)]) throws(StudyError) -> Report {
    let all = results.map(\.partial.recording)
    var models: [ModelFile] = []
    do throws(ArchiveError) {
      for (unit, trained) in results {
        models.append(try ModelExport.file(trained.last, kept: trained.kept, name: "network-\(unit.number)"))
        if let compressed = trained.compressed {
          models.append(try ModelExport.file(compressed, name: "network-\(unit.number)-compressed"))
        }
      }
    } catch { throw .archive(error) }
    return Report(
      title: "A network that tells \(source == "ising" ? "phases" : "classes") apart", abstract: abstract(results),
      rows: all.flatMap(\.rows),
      derived: derived(all), sections: [found(results)] + compression(results) + [learning(all), trust(all), inside(all)],
      arrays: all.flatMap(\.arrays),
      models: models)
  }

  private func abstract(_ results: [(unit: Unit, partial: Trained)]) -> String {
    let data =
      source == "ising"
      ? "configurations of the \(phases.size) x \(phases.size) Ising model at \(phases.couplings.count) couplings, the class being the phase"
      : "samples of \(shape) from files, \(classes) classes"
    return
      "\(results.count) networks (\(layers.map(\.description).joined(separator: ", "))), each from its own random weights, trained on \(train) \(data), "
      + "and tested on \(test) others. Errors of single networks are one standard error over test samples, errors of means "
      + "add to this the standard error over networks, in quadrature; that of an accuracy is half the width of Wilson's interval, which does not vanish at 100 %."
  }

  func values(_ recordings: [Recording], _ name: String) -> [Double] {
    recordings.compactMap { $0.observable(name, at: [])?.values.first }
  }

  /// The mean over networks. Its error: over networks, where there are several, and over test samples, which all networks share, where the
  /// single values have one.
  func mean(_ recordings: [Recording], _ name: String) -> (value: Double, error: Double?)? {
    let found = recordings.compactMap { $0.observable(name, at: []) }, errors = found.compactMap { $0.errors?.first }
    if found.isEmpty { return nil }
    let mean = Estimate(meanOf: found.map { $0.values[0] })
    var squares: [Double] = found.count < 2 ? [] : [mean.error * mean.error]
    if !errors.isEmpty { squares.append(errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)) }
    return (mean.value, squares.isEmpty ? nil : squares.reduce(0, +).squareRoot())
  }

  private func unit(_ recordings: [Recording], _ name: String) -> String { recordings[0].observable(name, at: [])?.unit ?? "1" }

  private func derived(_ recordings: [Recording]) -> [(name: String, observable: Observable)] {
    let kept = layers.contains(.bottleneck) ? ["rate", "class_information", "compressed_accuracy"] : []
    return (["test_accuracy", "test_loss", "expected_calibration_error"] + kept).filter { !values(recordings, $0).isEmpty }.map { name in
      let mean = mean(recordings, name), alone = recordings.count < 2 ? "of one network: without a spread over networks" : nil
      return ("mean_" + name, Observable(mean?.value ?? .nan, error: mean?.error, unit: unit(recordings, name), reason: alone))
    }
  }

  private func found(_ results: [(unit: Unit, partial: Trained)]) -> ReportSection {
    func shown(_ recording: Recording, _ name: String, scale: Double = 1) -> String {
      guard let found = recording.observable(name, at: []) else { return "–" }
      return written(scale * found.values[0], (found.errors?[0]).map { scale * $0 })
    }
    let recordings = results.map(\.partial.recording), accuracy = mean(recordings, "test_accuracy")
    let rows = results.map { unit, trained in
      [
        "\(unit.number)", shown(trained.recording, "test_accuracy", scale: 100), shown(trained.recording, "test_loss"),
        shown(trained.recording, "expected_calibration_error"), shown(trained.recording, "train_loss"), shown(trained.recording, "epochs"),
      ]
    }
    var items: [ReportSection.Item] = [
      .text(
        "Test accuracy: \(written(100 * (accuracy?.value ?? .nan), accuracy?.error.map { 100 * $0 })) per cent, the mean over \(results.count) networks."
      ),
      .table(
        ReportTable(
          caption:
            "Each network. Calibration: the mean distance between the probability that a network gives its choice and the part of such choices that are right.",
          header: ["network", "accuracy (%)", "test loss", "calibration error", "train loss", "epochs"], rows: rows)),
    ]
    if let first = results.first { items.append(.text(latency(of: first.partial.network))) }
    return ReportSection("What was found", items)
  }

  /// How long one sample takes on this machine: a statement of the page alone, since it is the machine's.
  private func latency(of network: Network<Float>) -> String {
    let (median, late) = latencies(of: network)
    return
      "One sample by itself takes \(written(median, nil, digits: 3)) microseconds of this machine's processor time (median of 101; 95 % below \(written(late, nil, digits: 3)))."
  }
  /// Microseconds of processor time for one sample by itself: the median of 101, and what 95 % stay below.
  func latencies(of network: Network<Float>) -> (median: Double, late: Double) {
    let predictor = Predictor(network)
    let sample = SampleSet(shape: shape, features: [Float](repeating: 0.5, count: shape.count), targets: .classes([0], of: classes))
    var times: [Double] = []
    for _ in 0..<101 {
      let begin = Machine.processorTime
      for _ in 0..<4 { _ = predictor.outputs(for: sample, 0) }
      times.append((Machine.processorTime - begin) / 4)
    }
    times.sort()
    return (1e6 * times[50], 1e6 * times[95])
  }

  private func learning(_ recordings: [Recording]) -> ReportSection {
    var losses: [Curve] = [], accuracies: [Curve] = []
    for (place, recording) in recordings.enumerated() {
      guard let array = recording.array("curves_network_\(place + 1)") ?? recording.arrays.first(where: { $0.name.hasPrefix("curves") })
      else {
        continue
      }
      let epochs = array.dimensions[1].length, x = (1...max(1, epochs)).map(Double.init)
      losses.append(Curve("network \(place + 1), training", x: x, y: Array(array.values[..<epochs]), style: .line))
      accuracies.append(Curve("network \(place + 1)", x: x, y: Array(array.values[epochs..<2 * epochs]), style: .line))
      if array.dimensions[0].length == 3 {
        losses.append(Curve("network \(place + 1), validation", x: x, y: Array(array.values[(2 * epochs)...]), style: .linePoints))
      }
    }
    let pays = ratePrice > 0 && layers.contains(.bottleneck) ? " and what the rate of the code costs" : ""
    return ReportSection(
      "Learning",
      [
        .figure(
          Figure(
            name: "losses", title: "The loss as it falls",
            caption:
              "Mean \(loss == .crossEntropy ? "cross entropy (nats)" : "squared error")\(pays) over each epoch's mini-batches, taken while the network learnt.",
            content: .curves(losses, xLabel: "epoch", yLabel: "loss", logX: false, logY: true))),
        .figure(
          Figure(
            name: "accuracies", title: "The part of training samples that are right",
            caption: "Taken while the network learnt, with the noise of dropout and codes where there is some.",
            content: .curves(accuracies, xLabel: "epoch", yLabel: "accuracy", logX: false, logY: false))),
      ])
  }

  private func trust(_ recordings: [Recording]) -> ReportSection {
    var items: [ReportSection.Item] = []
    if let confusion = recordings.first?.arrays.first(where: { $0.name.hasPrefix("confusion") }) {
      var shares = confusion.values
      for row in 0..<classes {
        let total = confusion.values[row * classes..<(row + 1) * classes].reduce(0, +)
        for column in 0..<classes { shares[row * classes + column] /= max(1, total) }
      }
      if classes <= 12 {
        let rows = (0..<classes).map { row in
          ["\(row)"] + (0..<classes).map { "\(Int(confusion.values[row * classes + $0]))" }
        }
        items.append(
          .table(
            ReportTable(
              caption: "Confusion matrix of the first network: test samples by class (rows) and choice (columns).",
              header: ["class"] + (0..<classes).map(String.init), rows: rows)))
      }
      // The diagonal would drown the rest.
      for row in 0..<classes { shares[row * classes + row] = 0 }
      items.append(
        .figure(
          Figure(
            name: "confusion", title: "What is taken for what",
            caption:
              "The part of each class (rows) that the first network takes for another (columns); the right choices on the diagonal are left out.",
            content: .heatmaps(
              [Heatmap(title: "mistakes", rows: classes, columns: classes, values: shares, palette: .sequential)], perRow: 1))))
    }
    let curves = recordings.enumerated().compactMap { place, recording -> Curve? in
      guard let array = recording.arrays.first(where: { $0.name.hasPrefix("reliability") }) else { return nil }
      let bins = array.dimensions[1].length, filled = (0..<bins).filter { array.values[2 * bins + $0] >= 5 }
      let errors = filled.map { bin -> Double in
        let p = array.values[bins + bin], n = array.values[2 * bins + bin]
        return (p * (1 - p) / n).squareRoot()
      }
      return Curve(
        "network \(place + 1)", x: filled.map { array.values[$0] }, y: filled.map { array.values[bins + $0] }, yErrors: errors,
        style: .points)
    }
    items.append(
      .figure(
        Figure(
          name: "reliability", title: "Can its probabilities be believed?",
          caption:
            "The part of choices that are right against the probability that the network gives them, in bins of at least 5 test samples; a calibrated network lies on the line.",
          content: .curves(
            curves + [Curve("calibrated", x: [0, 1], y: [0, 1], style: .line)], xLabel: "probability of the choice", yLabel: "right",
            logX: false,
            logY: false))))
    return ReportSection("Mistakes and trust", items)
  }

  /// What `filters` draws of several channels.
  private var meansOverChannels: String {
    guard let network = try? makeNetwork(), let first = network.layers.first(where: { $0.weightShape != nil }) else { return "" }
    let channels = first.input.channels
    return channels > 1 && first.input.height * first.input.width > 1
      ? " At each pixel the mean over the \(channels) channels is drawn." : ""
  }

  private func inside(_ recordings: [Recording]) -> ReportSection {
    var items: [ReportSection.Item] = []
    if source == "ising" {
      let curves = recordings.enumerated().compactMap { place, recording -> Curve? in
        guard let found = recording.observable("ordered_probability", at: []) else { return nil }
        let order = phases.couplings.indices.sorted { phases.couplings[$0] < phases.couplings[$1] }
        return Curve(
          "network \(place + 1)", x: order.map { phases.couplings[$0] }, y: order.map { found.values[$0] },
          yErrors: order.map { found.errors?[$0] ?? 0 })
      }
      items.append(
        .figure(
          Figure(
            name: "phases", title: "The phase by coupling",
            caption:
              "Mean probability of the ordered phase on test configurations; K_c = 0.4407 of the infinite lattice (finite ones order earlier).",
            content: .curves(
              curves + [Curve("K_c", x: [PhaseSamples.critical, PhaseSamples.critical], y: [0, 1], style: .line)], xLabel: "K",
              yLabel: "P(ordered)",
              logX: false,
              logY: false))))
    }
    if let filters = recordings.first?.arrays.first(where: { $0.name.hasPrefix("filters") }) {
      let units = filters.dimensions[0].length
      items.append(
        .figure(
          Figure(
            name: "filters", title: "What the first layer looks for",
            caption:
              "Weights of the first \(units) units of the first network's first layer; blue and red have opposite signs, white is zero."
              + meansOverChannels,
            content: .heatmaps(filters.heatmaps(.diverging), perRow: 8))))
    }
    return ReportSection("Inside", items)
  }
}
