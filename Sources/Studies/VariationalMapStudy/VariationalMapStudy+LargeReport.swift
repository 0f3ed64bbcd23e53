import Foundation
import Runtime
import Statistics

extension VariationalMapStudy {
  private func estimate(_ all: Recording, _ objective: String, _ size: Int, _ name: String) -> Estimate {
    let found = all.observable(name, at: Self.at(objective, size: size))
    return Estimate(value: found?.values[0] ?? .nan, error: found?.errors?[0] ?? .nan)
  }

  func largeWords(_ all: Recording) -> String {
    var words = [
      "Filters of 4 x 4 weights, whose windows overlap, at K = \(String(format: "%g", largeCoupling)), as machines of a hidden unit for each 2 x 2 "
        + "sites. ln Z is Kaufman's; ln Z_lambda is from two runs of annealed importance sampling, \(replicas) replicas each, with the larger of "
        + "their statistical error and half their difference; <ln X> is from \(largeConfigurations) configurations that were not trained on."
    ]
    let few = largeSizes.flatMap { size in
      Self.objectives.filter { (effective(all, $0, size).prefix(2).min() ?? 0) < Self.fewReplicas }.map { "L = \(size), \($0)" }
    }
    if !few.isEmpty {
      words.append(
        "Where a run has fewer than \(Int(Self.fewReplicas)) effective replicas (\(few.joined(separator: "; "))) the mean of weights hangs on few "
          + "of them: ln Z_lambda is then the middle between the mean of ln w there, a lower bound on average, and of a run back, an upper one as far as "
          + "\(equilibration) sweeps from data reach the machine's own law; its error is half the distance.")
    }
    for size in largeSizes {
      for objective in Self.objectives {
        guard let known = all.observable("log_partition_enumerated", at: Self.at(objective, size: size))?.values[0] else { continue }
        let found = estimate(all, objective, size, "log_partition")
        words.append(
          "Where all hidden states can be summed too (\(size) x \(size), \(objective)), ln Z_lambda = \(String(format: "%.4f", known)), and "
            + "annealing is \(String(format: "%.1f", abs(found.value - known) / found.error)) of its errors from it.")
      }
    }
    func won(_ name: String, _ a: String, over b: String) -> [Int] {
      largeSizes.filter { size in
        let x = estimate(all, a, size, name), y = estimate(all, b, size, name)
        return y.value - x.value > 4 * (x.error * x.error + y.error * y.error).squareRoot()
      }
    }
    words.append(
      "By more than 4 standard errors, the filter trained for the spread has the smaller spread of ln X at "
        + "\(won("log_x_deviation_per_root", "spread", over: "likelihood").count) of \(largeSizes.count) sizes, the one trained for the likelihood the smaller "
        + "D_KL at \(won("kullback_leibler_per_site", "likelihood", over: "spread").count).")
    let below = won("kullback_leibler_per_site", "spread", over: "likelihood")
    if !below.isEmpty {
      words.append(
        "Of filters of one shape the likeliest has the least D_KL. Where the other has less (L = \(below.map { "\($0)" }.joined(separator: ", "))), "
          + "contrastive divergence has not come to the largest likelihood: one step of it follows no gradient of the likelihood.")
    }
    return words.joined(separator: " ")
  }
  private func effective(_ all: Recording, _ objective: String, _ size: Int) -> [Double] {
    all.observable("effective_sample_size", at: Self.at(objective, size: size))?.values ?? []
  }

  func largeTable(_ all: Recording) -> ReportTable {
    let rows = largeSizes.flatMap { size in
      Self.objectives.map { objective -> [String] in
        ["\(size)", objective]
          + ["free_energy_difference_per_site", "kullback_leibler_per_site", "log_x_deviation_per_root"].map {
            let e = estimate(all, objective, size, $0)
            return written(e.value, e.error)
          } + [effective(all, objective, size).map { String(format: "%.0f", $0) }.joined(separator: ", ")]
      }
    }
    return ReportTable(
      caption: "Nats per site; the deviation of ln X over the root of the sites; effective replicas of the two runs of annealing and "
        + "of the one back.",
      header: ["L", "trained for", "F^h - F^v", "D_KL", "deviation of ln X", "replicas"], rows: rows)
  }

  func largeFigure(_ all: Recording) -> Figure {
    let sizes = largeSizes.sorted()
    var curves: [Curve] = []
    for (colour, objective) in Self.objectives.enumerated() {
      for (name, label) in [("kullback_leibler_per_site", "D_KL"), ("log_x_deviation_per_root", "deviation of ln X")] {
        let each = sizes.map { estimate(all, objective, $0, name) }
        curves.append(
          Curve(
            "\(label), \(objective)", x: sizes.map(Double.init), y: each.map(\.value), yErrors: each.map(\.error),
            style: name == "kullback_leibler_per_site" ? .linePoints : .points, colour: colour))
      }
    }
    return Figure(
      name: "large", title: "D_KL per site and deviation of ln X against the lattice",
      caption: "Per site, the deviation per root of the sites: what does not change with L is the same everywhere in a large lattice.",
      content: .curves(curves, xLabel: "L", yLabel: "nats", logX: true, logY: false))
  }
}
