import Glibc
import MessagePassing
import NeuralNetworks
import RandomStreams
public import Runtime
import Statistics

extension Classifier {
  /// What a bottleneck keeps, and the network without noise and dead units.
  ///
  /// Over the test samples: the mean rate, which bounds I(X; Z) from above; H(Y) minus the mean cross entropy under drawn codes
  /// (16 for each sample), which bounds I(Z; Y) from below; accuracy and size of the compressed network.
  func compress(
    _ network: Network<Float>, _ unit: Unit, train: SampleSet, test: SampleSet, streams: StreamKey,
    on team: borrowing some Communicator & ~Copyable, into recording: inout Recording
  ) throws -> Network<Float> {
    let at: [(name: String, value: ParameterValue)] = [("network", .integer(unit.number))]
    let rates = try team.allGather(try network.rates(for: test, team.share(of: test.count))).flatMap { $0 },
      codes = rates.count / test.count
    let rate = Estimate(meanOf: (0..<test.count).map { rates[$0 * codes..<($0 + 1) * codes].reduce(0, +) })
    recording.record(
      at: at, "rate", Observable(rate.value, error: rate.error, unit: "nats", reason: "bounds I(X; Z) of the codes from above"))
    if loss == .crossEntropy {
      let noise = KeyedStreams(streams.use("codes")), draws: UInt64 = 16
      var sums = [Double](repeating: 0, count: test.count)
      for draw in 0..<draws {
        let losses = try scores(network, test, noise: (noise, draw), on: team).losses
        for k in sums.indices { sums[k] += losses[k] / Double(draws) }
      }
      let entropy = Self.entropy(of: test.labels), lost = Estimate(meanOf: sums)
      recording.record(
        at: at, "class_information",
        Observable(
          entropy - lost.value, error: lost.error, unit: "nats", reason: "bounds I(Z; Y) from below; H(Y) is that of the test labels"))
      recording.record(at: at, "class_entropy", Observable(entropy, unit: "nats"))
    }
    // Dead units are sought on training samples: what they are must not come from the test.
    let (compressed, removed) = try network.pruned(on: train.slice(0..<min(train.count, 4096)))
    let outputs = try scores(compressed, test, on: team).outputs, width = classes
    let right = (0..<test.count).count { row in
      let row = row * width..<(row + 1) * width
      return row.max { outputs[$0] < outputs[$1] }! - row.lowerBound == test.labels[row.lowerBound / width]
    }
    let accuracy = Estimate(part: right, of: test.count)
    recording.record(at: at, "compressed_accuracy", Observable(accuracy.value, error: accuracy.error))
    recording.record(at: at, "units_removed", Observable(Double(removed), unit: "units"))
    recording.record(at: at, "compressed_parameters", Observable(Double(compressed.parameterCount)))
    return compressed
  }

  /// H of the labels in nats.
  private static func entropy(of labels: [Int]) -> Double {
    var counts: [Int: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    return counts.values.sorted().reduce(0) { $0 - Double($1) / Double(labels.count) * log(Double($1) / Double(labels.count)) }
  }

  /// What was kept and what it costs; nothing for networks without a bottleneck.
  func compression(_ results: [(unit: Unit, partial: Trained)]) -> [ReportSection] {
    let rows = results.compactMap { unit, trained -> [String]? in
      guard let compressed = trained.compressed else { return nil }
      func shown(_ name: String, scale: Double = 1) -> String {
        guard let found = trained.recording.observable(name, at: []) else { return "–" }
        return written(scale * found.values[0], (found.errors?[0]).map { scale * $0 })
      }
      let before = latencies(of: trained.network).median, after = latencies(of: compressed).median
      return [
        "\(unit.number)", shown("rate", scale: 1 / log(2.0)), shown("class_information", scale: 1 / log(2.0)),
        shown("test_accuracy", scale: 100), shown("compressed_accuracy", scale: 100),
        compressed.descriptions.map(\.description).joined(separator: ", "),
        "\(trained.network.parameterCount) → \(compressed.parameterCount)",
        "\(written(before, nil, digits: 3)) → \(written(after, nil, digits: 3))",
      ]
    }
    if rows.isEmpty { return [] }
    return [
      ReportSection(
        "Compression",
        [
          .table(
            ReportTable(
              caption:
                "What the bottleneck keeps. Bits kept: the mean rate on test samples, an upper bound of I(X; Z). Bits about the class: "
                + "H(Y) less the mean cross entropy with drawn codes, a lower bound of I(Z; Y). Compressed: without noise, without units that give "
                + "the same for all training samples and without codes of less than 0.01 nats; models/*-compressed.h5, which renorm export "
                + "makes ONNX of. Times of one sample by itself on this machine, in microseconds.",
              header: [
                "network", "bits kept", "bits about the class", "accuracy (%)", "compressed (%)", "compressed layers", "parameters",
                "time (µs)",
              ], rows: rows))
        ])
    ]
  }

  public static func report(sweep points: [SweptResults<Classifier>]) throws(StudyError) -> Report {
    var whole = try reportsInTurn(points)
    if let figures = tradeOff(points) { whole.sections.insert(figures, at: 0) }
    return whole
  }

  /// Accuracy and bits about the class against bits kept, a point for each swept setting with a bottleneck.
  private static func tradeOff(_ points: [SweptResults<Classifier>]) -> ReportSection? {
    struct Place { let kept: Estimate, information: Estimate, accuracy: Estimate, entropy: Double }
    let bit = log(2.0)
    let places = points.compactMap { swept -> Place? in
      let all = swept.results.map(\.partial.recording)
      func mean(_ name: String, _ scale: Double) -> Estimate? {
        swept.study.mean(all, name).map { Estimate(value: scale * $0.value, error: scale * ($0.error ?? 0)) }
      }
      guard let kept = mean("rate", 1 / bit), let information = mean("class_information", 1 / bit),
        let accuracy = mean("compressed_accuracy", 100), let entropy = mean("class_entropy", 1 / bit)
      else { return nil }
      return Place(kept: kept, information: information, accuracy: accuracy, entropy: entropy.value)
    }.sorted { $0.kept.value < $1.kept.value }
    guard places.count > 1, let entropy = places.map(\.entropy).max() else { return nil }
    let x = places.map(\.kept.value), most = x.max() ?? 1, least = min(x.min() ?? 1, 0.5 * entropy)
    return ReportSection(
      "Compression: what bits are worth",
      [
        .figure(
          Figure(
            name: "accuracy-by-bits", title: "Accuracy of the compressed network",
            caption:
              "Without noise and dead units, on test samples, against the bits that the codes keep about the input (an upper bound). "
              + "Means over networks, with errors over test samples and, where there are several, over networks.",
            content: .curves(
              [Curve("swept", x: x, y: places.map(\.accuracy.value), yErrors: places.map(\.accuracy.error), style: .linePoints)],
              xLabel: "bits kept", yLabel: "accuracy (%)", logX: true, logY: false))),
        .figure(
          Figure(
            name: "information-by-bits", title: "The variational information plane",
            caption:
              "Bits about the class (a lower bound) against bits kept (an upper bound). No code lies above the line of equal bits or above H(Y) "
              + "but for the errors of finite samples.",
            content: .curves(
              [
                Curve("swept", x: x, y: places.map(\.information.value), yErrors: places.map(\.information.error), style: .linePoints),
                Curve("as many as are kept", x: [least, entropy], y: [least, entropy], style: .line),
                Curve("H(Y)", x: [least, max(most, entropy)], y: [entropy, entropy], style: .line),
              ], xLabel: "bits kept", yLabel: "bits about the class", logX: true, logY: false))),
      ])
  }
}
