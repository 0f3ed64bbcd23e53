import Glibc
import Runtime
import Statistics

extension InformationPlane {
  private func name(_ layer: Int, _ kind: PlaneSummary) -> String { layer == kind.layers - 1 ? "output" : "layer \(layer + 1)" }

  /// What a curve's points are.
  private var meansOver: String { networks > 1 ? "means over \(networks) with their errors" : "one of each kind, which has no error" }

  /// The plane by each estimator, and I(X;T) over the epochs.
  func planes(_ kind: PlaneSummary) -> ReportSection {
    var items: [ReportSection.Item] = []
    for (e, estimator) in estimators.enumerated() {
      let curves = (0..<kind.layers).map { layer in
        let x = kind.curve(.compression, e, layer), y = kind.curve(.relevance, e, layer)
        return Curve(
          name(layer, kind), x: x.map(\.value), y: y.map(\.value), yErrors: y.map { $0.error.isFinite ? $0.error : 0 }, colour: layer)
      }
      items.append(
        .figure(
          Figure(
            name: "plane-\(kind.key)-\(estimator.rawValue)", title: "\(kind.name): \(estimator.rawValue)",
            caption: "Each layer's way through the plane, epochs \(points[0]) to \(epochs), \(meansOver). Assumed: "
              + estimator.assumes(self) + ".",
            content: .curves(curves, xLabel: "I(X;T) [nats]", yLabel: "I(T;Y) [nats]", logX: false, logY: false))))
    }
    // The network before training has no place on a logarithmic axis.
    let later = points.indices.filter { points[$0] > 0 }, x = later.map { Double(points[$0]) }
    func curve(_ label: String, _ e: Int, _ layer: Int) -> Curve {
      let values = kind.curve(.compression, e, layer)
      return Curve(
        label, x: x, y: later.map { values[$0].value }, yErrors: later.map { values[$0].error.isFinite ? values[$0].error : 0 })
    }
    let last = max(0, kind.layers - 2)
    items.append(
      .figure(
        Figure(
          name: "compression-\(kind.key)", title: "\(kind.name): I(X;T) of \(name(last, kind)) by every estimator",
          caption:
            "One and the same networks, \(meansOver). What curves do not share belongs to the estimator.",
          content: .curves(
            estimators.indices.map { curve(estimators[$0].rawValue, $0, last) }, xLabel: "epoch", yLabel: "I(X;T) [nats]", logX: true,
            logY: false))))
    items.append(
      .figure(
        Figure(
          name: "layers-\(kind.key)", title: "\(kind.name): I(X;T) of every layer, \(estimators[0].rawValue)",
          caption:
            "I(X;T), \(meansOver); no value exceeds ln \(measured) = \(written(log(Double(measured)), nil)).",
          content: .curves(
            (0..<kind.layers).map { curve(name($0, kind), 0, $0) }, xLabel: "epoch", yLabel: "I(X;T) [nats]", logX: true, logY: false))))
    return ReportSection("\(kind.name)", items)
  }

  /// I(X;T) after training, by the number of bins.
  func binning(_ kinds: [PlaneSummary]) -> ReportSection {
    let bins = Self.scannedBins.map(Double.init), ceiling = log(Double(measured))
    let figures = kinds.map { kind -> ReportSection.Item in
      let all = kind.meanArray("entropy")
      let curves = (0..<kind.layers).map { layer in
        Curve(name(layer, kind), x: bins, y: bins.indices.map { all[layer * bins.count + $0] })
      }
      return .figure(
        Figure(
          name: "bins-\(kind.key)", title: "\(kind.name): I(X;T) after training against the number of bins",
          caption: "Equally wide bins on the range of bins-fixed, means over \(networks) networks.",
          content: .curves(
            curves + [Curve("ln \(measured)", x: [bins[0], bins[bins.count - 1]], y: [ceiling, ceiling], style: .line)],
            xLabel: "bins of each unit", yLabel: "I(X;T) [nats]", logX: true, logY: false)))
    }
    return ReportSection(
      "What the bins decide",
      [
        .text(
          "The network is a function of its input, so I(X;T) by bins is the entropy of the tuples of bins. Finer bins tell more samples apart, up to all that "
            + "differ among the \(measured): the number on the axis is a choice of the estimator, not a property of the network.")
      ] + figures)
  }
}
