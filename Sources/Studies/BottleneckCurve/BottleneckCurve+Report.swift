import Foundation
public import InformationTheory
public import Runtime

extension BottleneckCurve {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let total = law.mutualInformation, entropy = law.rowEntropy
    let abstract =
      "The best representations T of X for what they say of Y, X with \(law.rows) and Y with \(law.columns) symbols: "
      + "I(X;Y) = \(written(total, nil)) and H(X) = \(written(entropy, nil)) nats. A representation of I(T;X) nats keeps at most I(T;Y) of "
      + "them; below beta = \(written(onset, nil)) the best keeps nothing. "
      + (onset < firstTransition * (1 - 1e-6)
        ? "There a symbol appears whose law of y is far from p(y); to small changes the solution that keeps nothing is stable up to beta_c = "
          + "\(written(firstTransition, nil))."
        : "That is beta_c, where the solution that keeps nothing becomes unstable to small changes.")
    let found = results.map { (kind: $0.unit, points: points($0.unit, $0.partial)) }
    var sections = [ReportSection("The curve", [.figure(plane(found)), .text(words(found))])]
    sections.append(
      ReportSection("Transitions", [.figure(clusterFigure(found)), .figure(trade(found))] + transitionTables(found).map { .table($0) }))
    sections.append(ReportSection("Normal variables beside", [.text(normalWords), .figure(normalFigure(found))]))
    let derived: [(name: String, observable: Observable)] = [
      ("mutual_information", Observable(total, unit: "nats")), ("row_entropy", Observable(entropy, unit: "nats")),
      ("first_transition", Observable(firstTransition)), ("onset", Observable(onset)),
      ("maximal_correlation", Observable(correlations.first ?? 0)),
    ]
    return Report(
      title: "The information bottleneck of a joint law", abstract: abstract, rows: results.flatMap(\.partial.rows), derived: derived,
      sections: sections, arrays: results.flatMap(\.partial.arrays))
  }

  /// What the report needs of a point.
  private struct Point { var beta: Double, x: Double, y: Double, entropy: Double, clusters: Double, isConverged: Bool }

  private func points(_ kind: Unit, _ partial: Recording) -> [Point] {
    betas.map { beta in
      let at: [(name: String, value: ParameterValue)] = [("bottleneck", .text(kind.rawValue)), ("beta", .real(beta))]
      func value(_ name: String) -> Double { partial.observable(name, at: at)?.values[0] ?? .nan }
      return Point(
        beta: beta, x: value("compression"), y: value("relevance"), entropy: value("representation_entropy"), clusters: value("clusters"),
        isConverged: partial.observable("compression", at: at)?.reason == nil)
    }
  }

  private func plane(_ found: [(kind: Unit, points: [Point])]) -> Figure {
    let total = law.mutualInformation
    let end = max(found.flatMap(\.points).map(\.x).filter(\.isFinite).max() ?? 0, total)
    var curves = [
      Curve("I(T;Y) = I(T;X)", x: [0, total], y: [0, total], style: .line), Curve("I(X;Y)", x: [0, end], y: [total, total], style: .line),
    ]
    for (kind, points) in found {
      curves.append(
        Curve(
          kind == .stochastic ? "bottleneck" : "deterministic", x: points.map(\.x), y: points.map(\.y),
          style: kind == .stochastic ? .linePoints : .points))
    }
    return Figure(
      name: "curve", title: "What is kept of Y against what is kept of X",
      caption: "Nothing lies above either line. Points of the deterministic bottleneck are assignments of each x to one t.",
      content: .curves(curves, xLabel: "I(T;X) [nats]", yLabel: "I(T;Y) [nats]", logX: false, logY: false))
  }

  private func words(_ found: [(kind: Unit, points: [Point])]) -> String {
    var words: [String] = []
    for (kind, points) in found {
      let resting = points.count { $0.isConverged }
      if let half = points.first(where: { $0.y >= 0.9 * law.mutualInformation }) {
        words.append(
          "The \(kind.rawValue) bottleneck first keeps nine tenths of I(X;Y) at beta = \(written(half.beta, nil)), with I(T;X) = "
            + "\(written(half.x, nil)) nats in \(Int(half.clusters)) clusters.")
      } else {
        words.append("The \(kind.rawValue) bottleneck keeps less than nine tenths of I(X;Y) at every beta here.")
      }
      if resting < points.count {
        words.append(
          "\(points.count - resting) of its \(points.count) iterations did not come to rest; their points are marked in the results.")
      }
    }
    return words.joined(separator: " ")
  }

  private func clusterFigure(_ found: [(kind: Unit, points: [Point])]) -> Figure {
    Figure(
      name: "clusters", title: "How many symbols T uses",
      caption:
        "Symbols of T with more than 1e-6 of the weight and a law of y of their own, against beta. Where their number changes, the bottleneck changes kind.",
      content: .curves(
        found.map {
          Curve(
            $0.kind == .stochastic ? "bottleneck" : "deterministic", x: $0.points.map(\.beta), y: $0.points.map(\.clusters), style: .steps)
        },
        xLabel: "beta", yLabel: "clusters", logX: true, logY: false))
  }

  private func trade(_ found: [(kind: Unit, points: [Point])]) -> Figure {
    var curves: [Curve] = []
    for (kind, points) in found {
      let name = kind == .stochastic ? "" : ", deterministic"
      curves.append(Curve("I(T;X)" + name, x: points.map(\.beta), y: points.map(\.x), style: .line))
      curves.append(Curve("I(T;Y)" + name, x: points.map(\.beta), y: points.map(\.y), style: .line))
    }
    return Figure(
      name: "trade-off", title: "Both informations against beta",
      caption: "beta_c = \(written(firstTransition, nil)) is where the solution that keeps nothing becomes unstable.",
      content: .curves(curves, xLabel: "beta", yLabel: "nats", logX: true, logY: false))
  }

  private func transitionTables(_ found: [(kind: Unit, points: [Point])]) -> [ReportTable] {
    found.compactMap { kind, points in
      let rows = zip(points, points.dropFirst()).filter { $0.0.clusters != $0.1.clusters }.map { before, after in
        [
          "\(written(before.beta, nil)) to \(written(after.beta, nil))", "\(Int(before.clusters)) to \(Int(after.clusters))",
          written(after.x, nil), written(after.y, nil),
        ]
      }
      guard !rows.isEmpty else { return nil }
      return ReportTable(
        caption: "Where the \(kind.rawValue) bottleneck changes its number of symbols, and its informations after.",
        header: ["beta", "clusters", "I(T;X) [nats]", "I(T;Y) [nats]"], rows: rows)
    }
  }

  /// Independent normal pairs with the law's maximal correlations: covariances 1, 1 and the correlations.
  private func normal() -> GaussianBottleneck? {
    let n = correlations.count
    guard n > 0, correlations[0] < 1 - 1e-9 else { return nil }
    var identity = [Double](repeating: 0, count: n * n), cross = identity
    for i in 0..<n { (identity[i * n + i], cross[i * n + i]) = (1, correlations[i]) }
    // A dependence without noise has been ruled out above.
    do throws(LawError) { return try GaussianBottleneck(x: identity, y: identity, cross: cross, xDimension: n, yDimension: n) } catch {
      return nil
    }
  }

  private var normalWords: String {
    guard let normal = normal() else {
      return "A maximal correlation of this law is 1: normal variables of these correlations have no finite information, and no curve."
    }
    // Directions that begin together are named once.
    var starts: [(beta: Double, count: Int)] = []
    for beta in normal.transitions {
      if let last = starts.last, abs(last.beta - beta) <= 1e-9 * beta {
        starts[starts.count - 1].count += 1
      } else {
        starts.append((beta, 1))
      }
    }
    let list = starts.map { written($0.beta, nil) + ($0.count > 1 ? " (\($0.count) directions)" : "") }.joined(separator: ", ")
    return
      "Normal variables with the maximal correlations of this law, \(correlations.map { written($0, nil) }.joined(separator: ", ")), begin to keep "
      + "one direction after the other at beta = \(list); the first is beta_c of the law, since both are the instability of "
      + "keeping nothing. Their I(X;Y) is \(written(normal.mutualInformation, nil)) nats."
  }

  private func normalFigure(_ found: [(kind: Unit, points: [Point])]) -> Figure {
    var curves: [Curve] = []
    if let points = found.first(where: { $0.kind == .stochastic })?.points {
      curves.append(Curve("this law", x: points.map(\.beta), y: points.map(\.y), style: .linePoints))
    }
    if let normal = normal() {
      curves.append(Curve("normal, closed form", x: betas, y: betas.map { normal.informations(beta: $0).y }, style: .line))
    }
    return Figure(
      name: "normal", title: "I(T;Y) of this law\(normal() == nil ? "" : " and of normal variables")",
      caption: "What is kept of Y against beta\(normal() == nil ? "" : "; each curve is bounded by its own I(X;Y)").",
      content: .curves(curves, xLabel: "beta", yLabel: "I(T;Y) [nats]", logX: true, logY: false))
  }
}
