import Archives
import BoltzmannMachines
import Glibc
import NeuralNetworks
public import Runtime
import Sampling

extension BoltzmannStudy {
  public func report(_ results: [(unit: Unit, partial: Trained)]) throws(StudyError) -> Report {
    let title =
      real != nil
      ? "A Gaussian-Bernoulli machine"
      : isDeep ? "A deep Boltzmann machine" : hidden.count == 1 ? "A restricted Boltzmann machine" : "A deep belief network"
    guard let (_, trained) = results.first else {
      return Report(title: title, abstract: "The unit failed; there is nothing to report.", rows: [], derived: [], sections: [], arrays: [])
    }
    let recording = trained.recording, shape = ([train.sites.count] + hidden).map(String.init).joined(separator: "-")
    let kind = real != nil ? "units, real below and 0 and 1 above" : "binary units (\(units == .zeroOne ? "0 and 1" : "-1 and +1"))"
    let tests = real.map { $0.test.count / $0.visible } ?? test.count
    let abstract =
      "\(shape) \(kind), trained on \(trainCount) samples and evaluated on \(tests). "
      + "Errors are one standard error: over test samples, with that of ln Z where it is estimated."
    var models: [ModelFile] = []
    do throws(ArchiveError) {
      if let machine = trained.gaussian {
        models.append(try ModelExport.file(machine, name: "boltzmann"))
      } else {
        models.append(try ModelExport.file(trained.machines, pixels: isDeep ? train.sites.count : nil, name: "boltzmann"))
      }
    } catch { throw .archive(error) }
    return Report(
      title: title, abstract: abstract, rows: recording.rows, derived: [],
      sections: [found(recording), learning(recording), pictures(recording)].filter { !$0.items.isEmpty }, arrays: recording.arrays,
      models: models)
  }

  private func found(_ recording: Recording) -> ReportSection {
    let partition = isDeep || hidden.count > 1 ? "ln Z of the top machine" : "ln Z"
    var rows: [[String]] = []
    /// A row, where there is such a value, with what qualifies it.
    func add(_ what: String, _ name: String) {
      guard let found = recording.observable(name, at: []) else { return }
      rows.append([what, written(found.values[0], found.errors?[0], digits: 6), found.reason ?? ""])
    }
    let what = hidden.count == 1 ? "mean ln p" : "lower bound of mean ln p"
    add(isWholeLaw ? "\(what) of all patterns" : "\(what) of test samples", "test_\(likelihoodKey)")
    add("at the upper side of the bracket of ln Z", "test_\(likelihoodKey)_lowest")
    add("at its lower side", "test_\(likelihoodKey)_highest")
    add("\(what) of training samples", "train_\(likelihoodKey)")
    if isDeep { add("mean ln p of test samples, the second layer summed out", "test_log_likelihood") }
    add("the same of test samples if all units were independent and normal", "test_log_likelihood_independent")
    add("the same of the law that made them", "test_log_likelihood_source")
    add("pseudo-likelihood of \(isWholeLaw ? "all patterns" : "test samples"), first machine", "test_pseudo_log_likelihood")
    add(partition + ", both runs", "log_partition")
    for run in 1...2 {
      add("\(partition), run \(run)", "log_partition_run_\(run)")
      add("its lower side E[ln w]", "log_partition_lower_run_\(run)")
      add("effective samples", "effective_samples_run_\(run)")
    }
    add("\(partition), by the way back from its samples", "log_partition_back")
    add("its upper side -E[ln w]", "log_partition_upper")
    add("effective samples", "effective_samples_back")
    add("\(partition), by thermodynamic integration", "log_partition_integrated")
    add("ln Z, exactly", "log_partition_exact")
    if isWholeLaw { rows.append(["the best possible mean ln p", written(-log(Double(test.count)), nil, digits: 6), ""]) }
    var caption = "In nats." + rescaling(recording)
    if recording.observable("log_partition_back", at: []) != nil {
      caption +=
        " The way back starts from \(replicas) chains after \(equilibration) sweeps from training data: it bounds ln Z from above only as far"
        + " as these are samples of the machine."
    }
    var items: [ReportSection.Item] = [.table(ReportTable(caption: caption, header: ["quantity", "value", "remark"], rows: rows))]
    let tuned = recording.rows.filter { $0.at.contains { $0.name == "classifier" } }
    if !tuned.isEmpty {
      items.append(
        .table(
          ReportTable(
            caption: "Classifiers of the same shape, trained on \(tunedLabels) labelled samples: test accuracy in per cent.",
            header: ["weights at the start", "accuracy (%)"],
            rows: zip(tuned, ["the stack's", "random"]).map { row, name in
              let accuracy = row.observables[0].observable
              return [name, written(100 * accuracy.values[0], accuracy.errors.map { 100 * $0[0] })]
            })))
    }
    return ReportSection("What was found", items)
  }

  /// How nats and pictures of real units of files refer to the data.
  private func rescaling(_ recording: Recording) -> String {
    guard let images, let real, let sum = recording.observable("log_scale_sum", at: [])?.values[0] else { return "" }
    let scales = (0..<images.shape.channels).map { "\(images.channelNames[$0]) \(written(real.scales[$0], nil, digits: 4))" }
    return
      " They are of rescaled samples: each number less its mean over the training samples, each channel in units of its root mean square about"
      + " these (\(scales.prefix(8).joined(separator: ", "))\(scales.count > 8 ? ", ..." : "")). In the data's own numbers every ln p of a sample is smaller by"
      + " \(written(sum, nil, digits: 6)), the sum of ln scale over the units. The machine in models/ is one of the data's own numbers."
  }

  /// What a picture shows of several channels.
  private var sideBySide: String {
    guard let images, channels > 1, images.shape.height * images.shape.width > 1 else { return "" }
    return " Channels stand side by side: \(images.channelNames.joined(separator: ", "))."
  }

  private func learning(_ recording: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    if let pseudo = recording.array("pseudo_log_likelihood"), pseudo.dimensions[0].length > 0 {
      let points = pseudo.dimensions[0].length
      items.append(
        .figure(
          Figure(
            name: "pseudo-likelihood", title: "Pseudo-likelihood of test samples",
            caption: "Sum over units of ln p(unit | all others), mean over up to 200 test samples, after some epochs of the first machine.",
            content: .curves(
              [Curve("first machine", x: (0..<points).map { pseudo.values[2 * $0] }, y: (0..<points).map { pseudo.values[2 * $0 + 1] })],
              xLabel: "epoch", yLabel: "nats", logX: true, logY: false))))
    }
    if let errors = recording.array("reconstruction_error") {
      let points = errors.dimensions[0].length, learnt = recording.array("deviations")?.values ?? [deviation]
      let rest = (learnt.reduce(0) { $0 + $1 * $1 } / Double(learnt.count)).squareRoot()
      items.append(
        .figure(
          Figure(
            name: "reconstruction", title: "Reconstruction of test samples",
            caption:
              "Root mean square over pixels of v minus the mean of v given the mean of h given v, of up to 200 test samples, after some epochs; the line is the deviation of a visible unit about its mean (the root mean square over units)."
              + (images == nil ? "" : " In rescaled units."),
            content: .curves(
              [
                Curve("error", x: (0..<points).map { errors.values[2 * $0] }, y: (0..<points).map { errors.values[2 * $0 + 1] }),
                Curve("deviation", x: [1, Double(max(2, epochs[0]))], y: [rest, rest], style: .line),
              ], xLabel: "epoch", yLabel: "error", logX: true, logY: false))))
    }
    let curves = ["fine_tuning_loss", "random_weights_loss"].compactMap { name -> Curve? in
      guard let array = recording.array(name) else { return nil }
      let label = name == "fine_tuning_loss" ? "from the stack" : "from random weights"
      return Curve(label, x: (1...max(1, array.values.count)).map(Double.init), y: array.values, style: .line)
    }
    if !curves.isEmpty {
      items.append(
        .figure(
          Figure(
            name: "fine-tuning", title: "The classifier as it learns", caption: "Cross entropy over each epoch's mini-batches.",
            content: .curves(curves, xLabel: "epoch", yLabel: "loss (nats)", logX: false, logY: true))))
    }
    return ReportSection("Learning", items)
  }

  private func pictures(_ recording: Recording) -> ReportSection {
    func maps(_ name: String, _ palette: Heatmap.Palette) -> [Heatmap] { recording.array(name)?.heatmaps(palette) ?? [] }
    return ReportSection(
      "Pictures",
      [
        .figure(
          Figure(
            name: "samples", title: "What the machine dreams of",
            caption:
              "Samples after 1,000 sweeps of block Gibbs sampling of the \(real != nil ? "" : isDeep ? "deep " : "top ")machine started at test samples"
              + (isDeep || real != nil ? "." : ", brought down through the machines below.") + sideBySide
              + (images != nil && real != nil ? " In rescaled units, about the mean image." : ""),
            content: .heatmaps(maps("samples", real == nil ? .binary : .sequential), perRow: 8))),
        .figure(
          Figure(
            name: "receptive-fields", title: "Receptive fields",
            caption: "Weights of the first hidden units; blue and red have opposite signs, white is zero." + sideBySide,
            content: .heatmaps(maps("receptive_fields", .diverging), perRow: 8))),
      ])
  }
}
