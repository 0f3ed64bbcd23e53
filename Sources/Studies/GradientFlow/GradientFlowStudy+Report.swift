import Glibc
public import Runtime
import Sampling

extension GradientFlowStudy {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let all = results.reduce(into: Recording()) { $0.merge($1.partial) }
    var pulls: [Double] = [], off: [String] = []
    for row in all.rows {
      for (name, value) in row.observables where name.hasSuffix("_z") && value.values[0].isFinite {
        pulls.append(value.values[0])
        if abs(value.values[0]) > 4 {
          let place = row.at.map { "\($0.name) \(KahlerEinstein.text($0.value))" }.joined(separator: ", ")
          off.append("\(name.dropLast(2)) at \(place) (\(written(value.values[0], nil, digits: 2)))")
        }
      }
    }
    let square = pulls.reduce(0) { $0 + $1 * $1 } / Double(max(1, pulls.count))
    var abstract =
      "Points on the sphere, their density in the limit, the units of a wide network, the parameters of a network and of a Boltzmann machine in training, moved by the same steppers."
    if !pulls.isEmpty {
      abstract +=
        " \(pulls.count) decays, means and variances have an exact value; their distances from it in standard errors have a mean square of "
        + "\(written(square, nil, digits: 3)), and "
        + (off.isEmpty ? "none exceeds 4." : "these exceed 4: " + off.joined(separator: "; ") + ".")
    }
    var sections: [ReportSection] = []
    for section in [decaySection(all), varianceSection(all), densitySection(all), trainingSection(all), ensembleSection(all)] {
      if let section { sections.append(section) }
    }
    return Report(
      title: "One gradient flow for geometry and training", abstract: abstract, rows: all.rows,
      derived: pulls.isEmpty
        ? [] : [("exact_values", Observable(Double(pulls.count))), ("mean_square_pull", Observable(square))],
      sections: sections, arrays: all.arrays)
  }

  private typealias Place = [(name: String, value: ParameterValue)]
  private func gas(_ n: Int, _ beta: Double) -> Place { [("flow", .text("gas")), ("points", .integer(n)), ("beta", .real(beta))] }
  private func network(_ n: Int) -> Place { [("flow", .text("network")), ("units", .integer(n))] }
  private func cell(_ found: Observable?) -> String { found.map { written($0.values[0], $0.errors?[0]) } ?? "" }

  /// A small number as a power of ten.
  private func scientific(_ x: Double) -> String {
    guard x > 0, x.isFinite else { return x == 0 ? "0" : "–" }
    let power = log10(x).rounded(.down)
    return "\(Int((x / pow(10, power)).rounded(.down)))e\(Int(power))"
  }

  /// What to think of gases whose points hardly part once they have met.
  private var singular: String {
    let worst = sizes.filter { n in betas.contains { 4 * $0 / Double(n - 1) < -1 } }
    return worst.isEmpty
      ? ""
      : "At N = \(worst.map(String.init).joined(separator: ", ")) points attract so strongly (s < -1) that no step is short enough while they meet: their decays come out too fast by some percent, which is no part of the error bar. "
  }

  private func decaySection(_ all: Recording) -> ReportSection? {
    guard !(sizes.isEmpty || betas.isEmpty) || !counts.isEmpty else { return nil }
    var curves: [Curve] = [], colour = 0, rows: [[String]] = [], slow: [Curve] = []
    func add(_ name: String, _ at: Place) {
      guard let x = all.observable("times", at: at)?.values, let y = all.observable("decay", at: at) else { return }
      curves.append(Curve(name, x: x, y: y.values, yErrors: y.errors, style: .points, colour: colour))
      let exact = all.observable("decay_exact", at: at)?.values ?? []
      curves.append(Curve("exact", x: [0] + x, y: [1] + exact, style: .line, colour: colour))
      colour += 1
    }
    if let n = sizes.last { for beta in betas { add("gas, N = \(n), beta = \(Shown.setting(beta))", gas(n, beta)) } }
    if let n = counts.last { add("network, N = \(n)", network(n)) }
    func row(_ flow: String, _ n: Int, _ curvature: Double, _ at: Place) {
      rows.append(
        [flow, "\(n)", written(curvature, nil)]
          + ["rate", "rate_exact", "decay_z"].map { cell(all.observable($0, at: at)) }
          + [all.observable("noise_free_error", at: at).map { scientific($0.values[0]) } ?? ""]
          + [all.observable("noise_free_rises", at: at).map { "\(Int($0.values[0]))" } ?? ""])
    }
    for n in sizes {
      for beta in betas { row("gas, beta = \(Shown.setting(beta))", n, 1 + beta, gas(n, beta)) }
      let found = betas.map { all.observable("rate", at: gas(n, $0)) }
      slow.append(
        Curve(
          "gas, N = \(n)", x: betas.map { 1 + $0 }, y: found.map { 1 / ($0?.values[0] ?? .nan) },
          yErrors: found.map { ($0?.errors?[0] ?? 0) / (($0?.values[0] ?? 1) * ($0?.values[0] ?? 1)) }, style: .points))
    }
    for n in counts { row("network", n, 1 + network.decay, network(n)) }
    if let n = counts.last, let found = all.observable("rate", at: network(n)) {
      slow.append(
        Curve(
          "network", x: [1 + network.decay], y: [1 / found.values[0]],
          yErrors: [(found.errors?[0] ?? 0) / (found.values[0] * found.values[0])], style: .points))
    }
    let ends = betas.map { 1 + $0 } + (counts.isEmpty ? [] : [1 + network.decay]), low = ends.min() ?? 1, high = ends.max() ?? 1
    let line = (0...40).map { low + (high - low) * Double($0) / 40 }
    if !(sizes.isEmpty || betas.isEmpty) { slow.append(Curve("1/(2 curvature)", x: line, y: line.map { 0.5 / $0 }, style: .line)) }
    if !counts.isEmpty { slow.append(Curve("1/curvature", x: line, y: line.map { 1 / $0 }, style: .line)) }
    return ReportSection(
      "Decay and critical slowing",
      [
        .text(
          "The sum of all points of the gas decays as e^(-2 (1 + beta) t) in the mean, for every N; the output of the network as e^(-(1 + lambda) t), with "
            + "steps of length h as (1 - h (1 + lambda))^(t/h). Both slow down where the curvature of their slow mode vanishes: 1 + beta and 1 + lambda."
        ),
        .figure(
          Figure(
            name: "decay", title: "Decay of the slow mode", caption: "Means over copies from one start, relative to it; lines are exact.",
            content: .curves(curves, xLabel: "t", yLabel: "mean", logX: false, logY: true))),
        .figure(
          Figure(
            name: "slowing", title: "Critical slowing", caption: "Relaxation time 1/rate against the curvature of the slow mode.",
            content: .curves(slow, xLabel: "1 + beta, or 1 + lambda", yLabel: "relaxation time", logX: true, logY: true))),
        .table(
          ReportTable(
            caption: singular
              + "Rates fitted to each decay; z: how many errors its last point lies from the exact value. The gas's steps have an error of their own that is not in the error bar; where points attract, steps are divided while two are close. Without noise (beta > 0, N to 1024): the largest difference of the gas's sum from e^(-2 beta t), relative to its start, and the steps at which the energy rose.",
            header: ["flow", "N", "curvature", "rate", "exact", "z", "without noise", "rises"], rows: rows)),
      ])
  }

  private func varianceSection(_ all: Recording) -> ReportSection? {
    guard !(sizes.isEmpty || betas.isEmpty) || !counts.isEmpty else { return nil }
    var curves: [Curve] = [], rows: [[String]] = [], colour = 0
    func add(_ name: String, _ numbers: [Int], _ at: (Int) -> Place) {
      let x = numbers.map(Double.init), found = numbers.map { all.observable("scaled_variance", at: at($0)) }
      curves.append(
        Curve(
          name, x: x, y: found.map { $0?.values[0] ?? .nan }, yErrors: found.map { $0?.errors?[0] ?? 0 }, style: .points, colour: colour))
      let exact = numbers.map { all.observable("scaled_variance_exact", at: at($0))?.values[0] ?? .nan }
      curves.append(Curve("exact", x: x, y: exact, style: .line, colour: colour))
      colour += 1
      for n in numbers {
        let accepted = all.observable("accepted", at: at(n))?.values[0]
        rows.append(
          [name, "\(n)"] + ["scaled_variance", "scaled_variance_exact", "scaled_variance_z"].map { cell(all.observable($0, at: at(n))) }
            + [accepted.map { "\(Int((100 * $0).rounded())) %" } ?? ""])
      }
    }
    for beta in betas { add("gas, beta = \(Shown.setting(beta))", sizes) { gas($0, beta) } }
    if !counts.isEmpty { add("network", counts) { network($0) } }
    return ReportSection(
      "N times the variance of the slow mode",
      [
        .text(
          "A mean over N points or units fluctuates as N^(-1/2): N Var is flat. For a component of the gas's mean it is 1/(3 (1 + beta)) at every N, by "
            + "adjusted Langevin steps; for the network's output tau/(1 + lambda), divided by 1 - h (1 + lambda)/2 for steps of length h."),
        .figure(
          Figure(
            name: "variance", title: "N Var of the slow mode", caption: "Flat lines are exact.",
            content: .curves(curves, xLabel: "N", yLabel: "N Var", logX: true, logY: true))),
        .table(
          ReportTable(
            caption: "The last column is the part of adjusted steps that was accepted.",
            header: ["flow", "N", "N Var", "exact", "z", "accepted"],
            rows: rows)),
      ])
  }

  private func densitySection(_ all: Recording) -> ReportSection? {
    var curves: [Curve] = [], rows: [[String]] = [], rising: [String] = [], missing: [ReportSection.Item] = []
    for (colour, beta) in betas.enumerated() {
      let at: Place = [("flow", .text("density")), ("beta", .real(beta))]
      guard let times = all.observable("times", at: at)?.values, let energy = all.observable("free_energy", at: at)?.values else {
        continue
      }
      let minimum = all.observable("free_energy_minimum", at: at), least = minimum?.values[0] ?? .nan
      for name in ["free_energy_minimum", "rate", "rate_exact"] {
        guard let reason = all.observable(name, at: at)?.reason else { continue }
        let tail = least.isNaN ? "; nor is how well polynomials of degree 24 follow the density" : ""
        missing.append(.text("beta = \(Shown.setting(beta)): \(name.replacing("_", with: " ")) is not known, \(reason)\(tail)."))
        if least.isNaN { break }
      }
      if let left = all.observable("left_out", at: at)?.values[0], left > 1e-6 {
        missing.append(
          .text(
            "beta = \(Shown.setting(beta)): the density at rest has parts of degree above 24 of up to \(Shown.number(left, digits: 2)), which the flow leaves out; it comes to a rest of its own, F may rise, and F(end) may lie below min F."
          ))
      }
      curves.append(
        Curve(
          "beta = \(Shown.setting(beta))", x: times, y: energy.map { $0 - least > 1e-13 ? $0 - least : .nan }, style: .line, colour: colour)
      )
      let rises = Int(all.observable("rises", at: at)?.values[0] ?? 0), steps = Int(all.observable("steps", at: at)?.values[0] ?? 0)
      if rises > 0 { rising.append("beta = \(Shown.setting(beta)): \(rises) of \(steps)") }
      rows.append(
        [
          Shown.setting(beta), written(energy[0], nil, digits: 8), written(energy[energy.count - 1], nil, digits: 8),
          written(least, nil, digits: 8),
        ]
          + [written(all.observable("mean_height", at: at)?.values.last ?? .nan, nil, digits: 8)]
          + [
            written(all.observable("mean_height_at_rest", at: at)?.values[0] ?? .nan, nil, digits: 8), cell(all.observable("rate", at: at)),
            cell(all.observable("rate_exact", at: at)),
          ])
    }
    guard !rows.isEmpty else { return nil }
    return ReportSection(
      "The density of infinitely many points",
      [
        .text(
          "The McKean-Vlasov equation is the steepest descent of F_beta = beta E + D + a <z>. "
            + (rising.isEmpty ? "F falls at every step of every flow here." : "F rises at steps of " + rising.joined(separator: "; ") + ".")
        ),
        .figure(
          Figure(
            name: "free-energy", title: "F - min F along the flow",
            caption: "The minimum is that of the mean-field equation, solved by itself.",
            content: .curves(curves, xLabel: "t", yLabel: "F - min F [nats]", logX: false, logY: true))),
        .table(
          ReportTable(
            caption:
              "The rate is half of that at which F - min F falls, in the later half of what is seen of it between 1e-3 and 1e-9; exact: the slowest mode of the flow linearised at rest. At large beta the next modes are hardly faster (by 4 of 2 + 2 beta without a field), and what is seen is a mixture.",
            header: ["beta", "F(0)", "F(end)", "min F", "<z>(end)", "<z> at rest", "rate", "exact"], rows: rows)),
      ] + missing)
  }

  private func trainingSection(_ all: Recording) -> ReportSection? {
    var items: [ReportSection.Item] = [
      .text(
        "The same steps, without added noise, along minus the gradient of a loss on mini-batches, and along contrastive divergence. Their noise is that of a "
          + "temperature tau = (h/2) tr Cov(g)/n, n the number of parameters; at one point the noise of the samples falls as 1/batch, but each batch size "
          + "comes to a point of its own. For the network tr Cov(g) is also known exactly, from the gradients of all single samples at that point."
      )
    ]
    var rows: [[String]] = []
    for model in models {
      var curves: [Curve] = []
      for batch in batches {
        let at: Place = [("flow", .text("training")), ("model", .text(model.rawValue)), ("batch", .integer(batch))]
        guard let times = all.observable("times", at: at)?.values, let loss = all.observable("loss", at: at)?.values else { continue }
        curves.append(Curve("batch \(batch)", x: times, y: loss, style: .line))
        rows.append(
          [model.rawValue, "\(batch)", written(loss[loss.count - 1], nil)]
            + ["noise_trace", "noise_trace_exact", "noise_trace_z", "noise_trace_per_sample"].map { cell(all.observable($0, at: at)) }
            + [all.observable("effective_temperature", at: at).map { written(1e6 * $0.values[0], $0.errors.map { 1e6 * $0[0] }) } ?? ""])
      }
      guard !curves.isEmpty else { continue }
      let caption =
        model == .network
        ? "The loss of the whole training set against time, which is steps times their length."
        : "Minus the mean exact log-likelihood of all \(Self.images.count) bars and stripes; ln \(Self.images.count) = "
          + "\(written(Self.leastMachineLoss, nil)) is the least possible."
      items.append(
        .figure(
          Figure(
            name: "loss-\(model.rawValue)", title: model == .network ? "Training of the network" : "Training of the Boltzmann machine",
            caption: caption, content: .curves(curves, xLabel: "t", yLabel: "loss [nats]", logX: false, logY: true))))
    }
    guard !rows.isEmpty else { return nil }
    items.append(
      .table(
        ReportTable(
          caption: "At the end of training.",
          header: ["model", "batch", "loss [nats]", "tr Cov(g)", "exact", "z", "times batch", "temperature [1e-6 nats]"], rows: rows)))
    return ReportSection("Training: the temperature of mini-batches", items)
  }
  private static let leastMachineLoss = log(Double(images.count))
}
