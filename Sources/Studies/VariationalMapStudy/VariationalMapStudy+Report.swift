import Foundation
import LatticeSystems
import Renormalization
public import Runtime

extension VariationalMapStudy {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    var all = Recording()
    for (_, partial) in results { all.merge(partial) }
    return Report(
      title: "The variational map of Mehta and Schwab",
      abstract:
        "A coupling T(v, h) makes hidden variables of visible ones; X(v) = sum_h e^T. F^h - F^v = -ln <X> is one number, D_KL(P || p) = ln <X> - "
        + "<ln X> another: equal free energies do not make equal laws, a constant X does. Every state of the first systems is summed"
        + (largeSizes.isEmpty ? "." : "; of larger lattices samples are taken."),
      rows: all.rows, derived: derived(all),
      sections: [
        ReportSection("Exact, and no coarse graining", [.text(bondWords(all)), .table(bondTable(all))]),
        ReportSection("Exact at every softness", [.text(softWords(all)), .table(softTable(all))]),
        ReportSection("Equal free energies, other laws", [.text(madeUpWords(all)), .table(madeUpTable(all)), .figure(madeUpFigure(all))]),
        ReportSection("Two ways to train", [.text(trainingWords(all)), .table(trainingTable(all)), .figure(filters(all))]),
      ]
        + (largeSizes.isEmpty
          ? [] : [ReportSection("Larger lattices", [.text(largeWords(all)), .table(largeTable(all)), .figure(largeFigure(all))])]),
      arrays: results.flatMap(\.partial.arrays))
  }

  private func value(_ all: Recording, _ example: String, _ name: String, _ place: Double, _ what: String) -> Double {
    all.observable(what, at: Self.at(example, name, place))?.values[0] ?? .nan
  }
  private func short(_ value: Double) -> String { String(format: "%g", value) }
  /// A number that is zero to rounding as such.
  private func small(_ value: Double) -> String { abs(value) < 1e-12 ? "0" : String(format: "%.10f", value) }

  private func derived(_ all: Recording) -> [(name: String, observable: Observable)] {
    guard let k = torusCouplings.last else { return [] }
    return ["likelihood", "spread"].flatMap { name in
      ["kullback_leibler", "log_x_deviation"].map {
        ("\($0)_\(name)", Observable(value(all, "filter-\(name)", "coupling", k, $0), unit: "nats"))
      }
    }
  }

  // MARK: exact cases

  private func bondWords(_ all: Recording) -> String {
    let worst = ringCouplings.map { value(all, "bond-machine", "coupling", $0, "kullback_leibler") }.map(abs).max() ?? .nan
    let gap =
      ringCouplings.map {
        abs(
          value(all, "bond-machine", "coupling", $0, "hidden_correlation") - value(all, "bond-machine", "coupling", $0, "spin_correlation"))
      }.max() ?? .nan
    return
      "One hidden unit for each bond of a ring of \(sites), with weight arcosh(e^2K) / 2 to both its ends. D_KL is at most "
      + "\(String(format: "%.0e", worst)) nats at all couplings, and the hidden units, \(sites) of them again, are correlated as the spins are, to "
      + "\(String(format: "%.0e", gap)): the law is kept, and nothing is coarse grained."
  }
  private func bondTable(_ all: Recording) -> ReportTable {
    ReportTable(
      caption: "F^h - F^v without the constant ln 2 + K of each bond; correlation of two neighbouring hidden units, and of two spins.",
      header: ["K", "F^h - F^v", "D_KL", "deviation of ln X", "hidden", "spins"],
      rows: ringCouplings.map { k in
        [short(k)]
          + ["free_energy_difference", "kullback_leibler", "log_x_deviation", "hidden_correlation", "spin_correlation"].map {
            small(value(all, "bond-machine", "coupling", k, $0))
          }
      })
  }

  private func softWords(_ all: Recording) -> String {
    let worst = weights.map { value(all, "soft-decimation", "weight", $0, "kullback_leibler") }.map(abs).max() ?? .nan
    return
      "T = sum_j [w h_j v_2j - ln 2cosh w] on the ring at K = \(short(ringCouplings[0])): X = 1 and D_KL at most \(String(format: "%.0e", worst)) for every w, "
      + "also where h knows next to nothing of v. As w grows the hidden correlation comes to tanh^2 K = "
      + "\(String(format: "%.6f", pow(tanh(ringCouplings[0]), 2))) and its image around the ring. D_KL measures whether a map is a law p(h | v), not whether "
      + "it keeps what matters."
  }
  private func softTable(_ all: Recording) -> ReportTable {
    ReportTable(
      caption: "Soft decimation of a ring of \(sites).", header: ["w", "F^h - F^v", "D_KL", "deviation of ln X", "hidden correlation"],
      rows: weights.map { w in
        [short(w)]
          + ["free_energy_difference", "kullback_leibler", "log_x_deviation", "hidden_correlation"].map {
            small(value(all, "soft-decimation", "weight", w, $0))
          }
      })
  }

  // MARK: a machine that was made up

  private func madeUpWords(_ all: Recording) -> String {
    let differences = amplitudes.map { value(all, "made-up-machine", "amplitude", $0, "free_energy_difference") }
    let laws = amplitudes.map { value(all, "made-up-machine", "amplitude", $0, "kullback_leibler") }
    let k = laws.indices.min { laws[$0] < laws[$1] } ?? 0
    return
      "\(sites / 2) hidden units with weights a sin(1 + 3i + 7j) that nobody has trained, ring at K = \(short(ringCouplings[0])). A constant added to T moves "
      + "F^h - F^v and nothing else: with \(String(format: "%.6f", differences[k])) added at a = \(short(amplitudes[k])), the least D_KL here, both free "
      + "energies are equal, and D_KL stays \(String(format: "%.6f", laws[k])) nats."
  }
  private func madeUpTable(_ all: Recording) -> ReportTable {
    ReportTable(
      caption: "Nats.", header: ["a", "F^h - F^v", "D_KL", "deviation of ln X"],
      rows: amplitudes.map { a in
        [short(a)]
          + ["free_energy_difference", "kullback_leibler", "log_x_deviation"].map {
            small(value(all, "made-up-machine", "amplitude", a, $0))
          }
      })
  }
  private func madeUpFigure(_ all: Recording) -> Figure {
    let sorted = amplitudes.sorted()
    return Figure(
      name: "made-up", title: "D_KL and the deviation of ln X against the weights", caption: "Both vanish only where the law is kept.",
      content: .curves(
        [("D_KL", "kullback_leibler"), ("deviation of ln X", "log_x_deviation")].map { label, what in
          Curve(label, x: sorted, y: sorted.map { value(all, "made-up-machine", "amplitude", $0, what) }, style: .linePoints)
        }, xLabel: "a", yLabel: "nats", logX: false, logY: false))
  }

  // MARK: training

  private func trainingWords(_ all: Recording) -> String {
    func wins(_ what: String, _ a: String, over b: String) -> Int {
      torusCouplings.count { value(all, "filter-\(a)", "coupling", $0, what) < value(all, "filter-\(b)", "coupling", $0, what) }
    }
    return
      "Filters of 2 x 2 weights that do not overlap, on the 4 x 4 torus: trained by contrastive divergence for the likelihood, or for the least spread of "
      + "ln X = H + sum ln 2cosh theta over the same configurations. Of \(torusCouplings.count) couplings the filter trained for the spread has the smaller "
      + "spread at \(wins("log_x_deviation", "spread", over: "likelihood")), the one trained for the likelihood the smaller D_KL at "
      + "\(wins("kullback_leibler", "likelihood", over: "spread")). Blocks that share no site cannot carry the correlations between them, so that neither "
      + "vanishes."
  }
  private func trainingTable(_ all: Recording) -> ReportTable {
    var rows: [[String]] = []
    for k in torusCouplings {
      for name in ["likelihood", "spread"] {
        rows.append(
          [written(k, nil), name]
            + ["free_energy_difference", "kullback_leibler", "log_x_deviation"].map {
              String(format: "%.5f", value(all, "filter-\(name)", "coupling", k, $0))
            })
      }
    }
    return ReportTable(
      caption: "4 x 4, all 65,536 states and 16 hidden ones. Nats.",
      header: ["K", "trained for", "F^h - F^v", "D_KL", "deviation of ln X"], rows: rows)
  }
  private func filters(_ all: Recording) -> Figure {
    var maps: [Heatmap] = []
    for name in ["likelihood", "spread"] {
      for k in torusCouplings {
        guard let weights = all.observable("weights", at: Self.at("filter-\(name)", "coupling", k))?.values, weights.count == 4 else {
          continue
        }
        maps.append(Heatmap(title: "\(name), K = \(written(k, nil))", rows: 2, columns: 2, values: weights, palette: .diverging))
      }
    }
    return Figure(
      name: "filters", title: "The filters", caption: "Weights of the 2 x 2 windows.",
      content: .heatmaps(maps, perRow: torusCouplings.count))
  }
}
