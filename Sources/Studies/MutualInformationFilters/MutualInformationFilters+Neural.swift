import Foundation
import Renormalization
import Runtime

/// What the report says of filters trained by a neural bound.
extension MutualInformationFilters {
  /// The neural filter's exact information over that of the best of all rules of a block of the ring; nil where that is rounding.
  func ringShare(_ all: Recording, _ block: Int) -> Double? {
    guard let found = all.observable("exact_information", at: Self.ring(block, "neural-filter"))?.values.first,
      let best = all.observable("exact_information", at: Self.ring(block, "best-of-all"))?.values.first
    else { return nil }
    return Self.share(found, best)
  }
  /// Nats below which an information from sums over states is rounding, and no measure of another.
  static let least = 1e-12
  static func share(_ found: Double, _ best: Double) -> Double? { best > least ? found / best : nil }
  /// Said in the place of "at every coupling" where it is not every one.
  static let whereKnown = "Where the best map knows more than \(String(format: "%g", least)) nats"
  /// The InfoNCE estimate of the neural filter less its exact value, in standard errors.
  private func pull(_ all: Recording, _ coupling: Double) -> Double? {
    guard let estimate = value(all, coupling, "neural-filter", "information_infonce"), let error = estimate.error, error > 0,
      let exact = value(all, coupling, "neural-filter", "exact_information")
    else { return nil }
    return (estimate.value - exact.value) / error
  }

  /// A share in per cent, rounded down so that "at least" is true; up to rounding of its last digits 1 is 1.
  func atLeast(_ share: Double) -> String { String(format: "%.2f %%", (1e4 * share + 1e-6).rounded(.down) / 100) }

  func neuralWords(_ all: Recording) -> String {
    var words = [
      "Filter and critic go up InfoNCE together, on batches of \(4 * neural.batch) windows of the 6 x 6 torus; the critic reads the twenty spins "
        + "around through two layers of \(neuralHidden) units, h is relaxed to a number between -1 and +1 while it learns, and what is valued is its sign."
    ]
    let shares = couplings.compactMap { share(all, $0, of: "neural-filter") }, ringShares = blocks.compactMap { ringShare(all, $0) }
    if let least = shares.min() {
      words.append(
        "\(shares.count == couplings.count ? "At every coupling" : Self.whereKnown) the filter has at least \(atLeast(least)) of what the best of "
          + "all 256 odd maps has, exactly.")
    }
    if let least = ringShares.min() {
      words.append(
        "On the ring, trained in the same way on each block, it has at least \(atLeast(least)) of what the best rule has"
          + (ringShares.count == blocks.count ? "." : ", for blocks whose best rule knows more than rounding."))
    }
    let pulls = couplings.compactMap { pull(all, $0) }
    if let most = pulls.max(), let least = pulls.min() {
      words.append(
        "A second critic, trained and stopped on samples of its own, estimates what the filter's sign tells of E: the estimates"
          + (pulls.count == couplings.count
            ? "" : " that have an error, \(pulls.count) of \(couplings.count),")
          + " lie between "
          + "\(String(format: "%.1f", least)) and \(String(format: "%.1f", most)) standard errors from the exact values. InfoNCE is a lower bound, so "
          + "that they lie below on the average; "
          + (most <= 4
            ? "none is more than 4 standard errors above." : "one is more than 4 standard errors above, which that does not allow."))
    }
    return words.joined(separator: " ")
  }

  func neuralTable(_ all: Recording) -> ReportTable {
    let rows = couplings.map { k -> [String] in
      func text(_ rule: String, _ name: String) -> String { value(all, k, rule, name).map { written($0.value, $0.error) } ?? "–" }
      return [
        written(k, nil), text("block", "exact_information"), text("best-odd-map", "exact_information"),
        text("neural-filter", "exact_information"), share(all, k, of: "neural-filter").map { String(format: "%.4f", $0) } ?? "–",
        text("neural-filter", "information_infonce"), pull(all, k).map { String(format: "%.1f", $0) } ?? "–",
        text("neural-filter", "information_bound"),
      ]
    }
    return ReportTable(
      caption:
        "Nats, on 6 x 6 but for the last column: I(V:E), the best of all odd maps and the neural filter exactly, its share of the best; the "
        + "InfoNCE estimate, and how many standard errors it lies from the exact value. Last: the linear bound of the same filter on \(size) x "
        + "\(size), whose environment is further away.",
      header: ["K", "I(V:E)", "best", "neural filter", "share", "InfoNCE", "off", "bound, \(size) x \(size)"], rows: rows)
  }

  func neuralFigure(_ all: Recording) -> Figure {
    let sorted = couplings.sorted()
    let curves = [
      ("I(V:E), exact", "block", "exact_information"), ("best odd map, exact", "best-odd-map", "exact_information"),
      ("neural filter, exact", "neural-filter", "exact_information"), ("neural filter, InfoNCE", "neural-filter", "information_infonce"),
    ].map { label, rule, name -> Curve in
      let found = sorted.map { value(all, $0, rule, name) }, isEstimate = name == "information_infonce"
      return Curve(
        label, x: sorted, y: found.map { $0?.value ?? .nan }, yErrors: isEstimate ? found.map { $0?.error ?? 0 } : nil,
        style: isEstimate ? .points : .linePoints)
    }
    return Figure(
      name: "neural", title: "The neural filter against the coupling",
      caption: "On 6 x 6, with the twelve sites around the block as buffer.",
      content: .curves(curves, xLabel: "K", yLabel: "nats", logX: false, logY: false))
  }
}
