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
    for size in largeSizes {
      for objective in Self.objectives {
        guard let known = all.observable("log_partition_enumerated", at: Self.at(objective, size: size))?.values[0] else { continue }
        let found = estimate(all, objective, size, "log_partition")
        words.append(
          "Where all hidden states can be summed too (\(size) x \(size), \(objective)), ln Z_lambda = \(String(format: "%.4f", known)), and "
            + "annealing is \(String(format: "%.1f", abs(found.value - known) / found.error)) of its errors from it.")
      }
    }
    func wins(_ name: String, _ a: String, over b: String) -> Int {
      largeSizes.count { size in
        let x = estimate(all, a, size, name), y = estimate(all, b, size, name)
        return y.value - x.value > 4 * (x.error * x.error + y.error * y.error).squareRoot()
      }
    }
    words.append(
      "By more than 4 standard errors, the filter trained for the spread has the smaller spread of ln X at "
        + "\(wins("log_x_deviation_per_root", "spread", over: "likelihood")) of \(largeSizes.count) sizes, the one trained for the likelihood the smaller "
        + "D_KL at \(wins("kullback_leibler_per_site", "likelihood", over: "spread")).")
    return words.joined(separator: " ")
  }

  func largeTable(_ all: Recording) -> ReportTable {
    let rows = largeSizes.flatMap { size in
      Self.objectives.map { objective -> [String] in
        let replicas = all.observable("effective_sample_size", at: Self.at(objective, size: size))?.values ?? []
        return ["\(size)", objective]
          + ["free_energy_difference_per_site", "kullback_leibler_per_site", "log_x_deviation_per_root"].map {
            let e = estimate(all, objective, size, $0)
            return written(e.value, e.error)
          } + [replicas.map { String(format: "%.0f", $0) }.joined(separator: ", ")]
      }
    }
    return ReportTable(
      caption: "Nats per site; the deviation of ln X over the root of the sites; effective replicas of the two runs of annealing.",
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
      caption: "Per site, the deviation per root of the sites: both come to a constant where correlations are short.",
      content: .curves(curves, xLabel: "L", yLabel: "nats", logX: true, logY: false))
  }
}
