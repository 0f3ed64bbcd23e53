import Glibc
import NeuralNetworks
public import Runtime
import Statistics

extension InformationPlane {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var kinds: [PlaneSummary] = []
    do throws(NetworkError) {
      for activation in activations {
        let layers = places(try Network<Float>(input: shape, layers(activation))).count
        for stepper in steppers {
          let own = results.filter { $0.unit.activation == activation && $0.unit.stepper == stepper }
          kinds.append(
            PlaneSummary(
              activation: activation, stepper: stepper, recordings: own.map(\.partial),
              labels: own.map { "\(activation)_\(stepper)_\($0.unit.number)" }, layers: layers, points: points, estimators: estimators,
              fromEpoch: fromEpoch))
        }
      }
    } catch { throw .fault(error.description) }
    let all = results.reduce(into: Recording()) { $0.merge($1.partial) }
    var sections = [found(kinds), difference(kinds)]
    for kind in kinds { sections.append(planes(kind)) }
    sections += [binning(kinds), null(kinds), assumptions]
    return Report(
      title: "The information plane of a network while it learns", abstract: abstract(kinds), rows: all.rows + rows(kinds), derived: [],
      sections: sections, arrays: all.arrays)
  }

  private func abstract(_ kinds: [PlaneSummary]) -> String {
    let data =
      switch source {
      case "files": "samples of \(shape) from files, \(classes) classes"
      case "ising": "configurations of the \(phases.size) x \(phases.size) Ising model, the class being the phase"
      default: "inputs of a rule on twelve bits"
      }
    return
      "Networks of \(layerTexts.joined(separator: ", ")), f one of \(activations.joined(separator: ", ")), trained on \(train) \(data)"
      + (permuted ? " with labels in random order" : "")
      + ", \(networks) of each kind. At \(points.count) epochs the information I(X;T) that each layer T has of the input and I(T;Y) of the class are "
      + "measured on \(measured) samples, each as probable as the others. A network without noise tells apart all samples that it maps to different "
      + "values, whatever it has learnt: where all differ, I(X;T) = H(T) is ln \(measured), and of continuous X without bound. A number below is smaller where "
      + "samples share a value, or by what the estimator does to T, bins or noise. Errors are the spread over networks."
  }

  private func rows(_ kinds: [PlaneSummary]) -> [ResultRow] {
    var rows: [ResultRow] = []
    let last = points.count - 1
    for kind in kinds {
      for layer in 0..<kind.layers {
        for (e, estimator) in estimators.enumerated() {
          rows.append(
            ResultRow(
              at: [
                ("activation", .text(kind.activation)), ("stepper", .text(kind.stepper)), ("layer", .integer(layer + 1)),
                ("estimator", .text(estimator.rawValue)),
              ],
              observables: [
                ("compression_maximum", Observable(overNetworks: kind.maximum(e, layer), unit: "nats")),
                ("compression_final", Observable(overNetworks: kind.mean(.compression, e, layer, last), unit: "nats")),
                ("compression_loss", Observable(overNetworks: kind.loss(e, layer), unit: "nats")),
                ("relevance_final", Observable(overNetworks: kind.mean(.relevance, e, layer, last), unit: "nats")),
                ("relevance_null", Observable(overNetworks: kind.mean(.null, e, layer, last), unit: "nats")),
                ("relevance_beyond_null", Observable(overNetworks: kind.beyondNull(e, layer), unit: "nats")),
              ]))
        }
      }
    }
    return rows
  }

  private func found(_ kinds: [PlaneSummary]) -> ReportSection {
    let accuracies = kinds.map { kind -> [String] in
      let accuracy = Estimate(meanOf: kind.values("test_accuracy")), loss = Estimate(meanOf: kind.values("test_loss"))
      let known = Estimate(meanOf: zip(kind.values("label_entropy"), kind.values("test_loss")).map { $0 - $1 })
      return [
        kind.name, written(100 * accuracy.value, 100 * accuracy.error), written(loss.value, loss.error), written(known.value, known.error),
      ]
    }
    var items: [ReportSection.Item] = [
      .table(
        ReportTable(
          caption:
            "After \(epochs) epochs, all on the test samples. H(Y) less the cross entropy is what the network can tell of the class; I(T;Y) of "
            + "every layer is at least that, up to the test samples' own error. It is negative where the network is worse than the shares of the classes.",
          header: ["activation, stepper", "accuracy (%)", "cross entropy [nats]", "H(Y) - cross entropy [nats]"], rows: accuracies))
    ]
    for kind in kinds {
      items.append(
        .table(
          ReportTable(
            caption:
              "\(kind.name): the largest I(X;T) after epoch \(fromEpoch) less that at the end, in nats (1 bit is 0.693), by layer and estimator.",
            header: ["layer"] + estimators.map(\.rawValue),
            rows: (0..<kind.layers).map { layer in
              [layerName(layer, kind)]
                + estimators.indices.map { e in
                  let loss = kind.loss(e, layer)
                  return written(loss.value, loss.error)
                }
            })))
    }
    return ReportSection("What the layers lose", items)
  }

  private func layerName(_ layer: Int, _ kind: PlaneSummary) -> String { layer == kind.layers - 1 ? "output" : "\(layer + 1)" }

  /// Where the estimators contradict each other about one and the same network.
  private func difference(_ kinds: [PlaneSummary]) -> ReportSection {
    var rows: [[String]] = [], layers = 0
    for kind in kinds {
      for layer in 0..<kind.layers {
        layers += 1
        func names(_ verdict: PlaneSummary.Verdict) -> String {
          estimators.indices.filter { kind.verdict($0, layer) == verdict }.map { estimators[$0].rawValue }.joined(separator: ", ")
        }
        let losing = names(.loses), keeping = names(.keeps)
        if losing.isEmpty || keeping.isEmpty { continue }
        rows.append(["\(kind.name), layer \(layerName(layer, kind))", losing, keeping, names(.open)])
      }
    }
    var items: [ReportSection.Item] = [
      .text(
        "An estimator sees a loss where I(X;T) falls by more than a tenth of a nat from its maximum"
          + (networks > 1
            ? " and by more than four errors, and none where it falls by less than a tenth. " : "; one network of a kind has no error. ")
          + (rows.isEmpty
            ? "No two estimators contradict each other."
            : "In \(rows.count) of \(layers) layers estimators contradict each other about the same networks: there the estimator makes the difference.")
      )
    ]
    if !rows.isEmpty {
      items.append(
        .table(
          ReportTable(
            caption: "Where estimators contradict each other.", header: ["layer", "see a loss", "see none", "leave it open"], rows: rows)))
    }
    return ReportSection("Network or estimator?", items)
  }

  private var assumptions: ReportSection {
    ReportSection(
      "What each estimator assumes",
      [
        .table(
          ReportTable(
            caption: "T as each estimator takes it.", header: ["estimator", "assumes"],
            rows: estimators.map { [$0.rawValue, $0.assumes(self)] }))
      ])
  }

  private func null(_ kinds: [PlaneSummary]) -> ReportSection {
    var rows: [[String]] = []
    for kind in kinds {
      for layer in 0..<kind.layers {
        for (e, estimator) in estimators.enumerated() {
          let last = points.count - 1, y = kind.mean(.relevance, e, layer, last), null = kind.mean(.null, e, layer, last)
          let beyond = kind.beyondNull(e, layer)
          rows.append([
            kind.name, layerName(layer, kind), estimator.rawValue, written(y.value, y.error), written(null.value, null.error),
            written(beyond.value, beyond.error) + (null.value >= 0.5 * y.value ? " (hidden)" : ""),
          ])
        }
      }
    }
    return ReportSection(
      "Labels in random order",
      [
        .text(
          "With the measured samples' labels in random order a layer knows nothing of them but what \(measured) samples allow by chance: where tuples of "
            + "bins are nearly all different, the bins tell every sample, and with it any label. What is beyond that null is a lower reading of what the layer "
            + "knows of the class; where the null is half of I(T;Y) or more (marked), little can be said: what the layer knows is hidden in it."
        ),
        .table(
          ReportTable(
            caption: "I(T;Y) after training, its mean over \(shuffles) random orders of the labels, and the difference, in nats.",
            header: ["activation, stepper", "layer", "estimator", "I(T;Y)", "random order", "beyond it"], rows: rows)),
      ])
  }
}
