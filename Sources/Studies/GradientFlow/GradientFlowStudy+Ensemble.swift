import BoltzmannMachines
import GradientFlows
import KahlerGeometry
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime
import Statistics

extension GradientFlowStudy {
  /// theta . grad U / (n tau), the loss and the part of proposals accepted of one copy.
  static let ensembleWidth = 3

  /// One copy of the law exp(-(L + decay |theta|^2/2)/tau) of a model's parameters, by adjusted Langevin steps.
  func ensembleCopy(_ model: Model, _ copy: Int, _ source: KeyedStreams) throws(StudyError) -> [Double] {
    do {
      switch model {
      case .network:
        let network: Network<Double> = try Self.network()
        let learning = try SupervisedLearning(
          Self.rings(ensembleSamples), network: network, settings: .init(batch: ensembleSamples, shards: 8, loss: .crossEntropy),
          key: Self.common.key, rank: 0, ranks: 1)
        return try sample(
          PenalizedLoss(learning, like: network, decay: ensembleDecay), from: network, direction: NetworkDirection(like: network), copy,
          source)
      case .machine:
        let machine = machine().machine.inDoublePrecision
        return try sample(
          try ExactLikelihood(of: Self.images, like: machine, decay: ensembleDecay), from: machine,
          direction: LikelihoodGradient(like: machine), copy, source)
      }
    } catch { throw .unitFailedOnAllRanks("\(error)") }
  }

  /// The same for every functional: from the law of the penalty alone, a third of the steps silent.
  private func sample<Field: Functional>(
    _ field: Field, from shape: Field.Point, direction: Field.Direction, _ copy: Int, _ source: KeyedStreams
  ) throws(MessagePassingError) -> [Double] where Field.Point: Space, Field.Point.Scalar == Double, Field.Direction.Scalar == Double {
    var point = shape, draws = source.series(replica: copy, step: 0, site: 0, purpose: .initial), components = 0
    let width = (ensembleTemperature / ensembleDecay).squareRoot(), silent = ensembleSteps / 3
    for index in 0..<point.blockCount {
      for k in point[block: index].indices { point[block: index][k] = width * draws.normal() }
      components += point[block: index].count
    }
    let rule = Langevin<Double>(rate: ensembleStep, temperature: ensembleTemperature, key: source.key, replica: copy)
    var flow = MetropolisLangevinFlow(field, rule: rule, direction: direction), virial = 0.0, loss = 0.0
    for k in 0..<ensembleSteps {
      try flow.step(&point, at: UInt64(k), on: SoloCommunicator())
      guard k >= silent else { continue }
      var along = 0.0, squares = 0.0
      for index in 0..<point.blockCount {
        let theta = point[block: index], g = flow.direction[block: index]
        for i in theta.indices {
          along -= theta[i] * g[i]
          squares += theta[i] * theta[i]
        }
      }
      virial += along
      loss += -flow.value - ensembleDecay * squares / 2
    }
    let measured = Double(ensembleSteps - silent)
    return [
      virial / measured / Double(components) / ensembleTemperature, loss / measured, Double(flow.accepted) / Double(ensembleSteps),
    ]
  }

  func recordEnsemble(_ values: [Double], _ model: Model) -> Recording {
    var recording = Recording()
    let at: [(name: String, value: ParameterValue)] = [("flow", .text("ensemble")), ("model", .text(model.rawValue))]
    let rows = values.count / Self.ensembleWidth
    func column(_ k: Int) -> [Double] { (0..<rows).map { values[$0 * Self.ensembleWidth + k] } }
    let virial = Estimate(meanOf: column(0)), loss = Estimate(meanOf: column(1))
    recording.record(at: at, "virial", Observable(virial.value, error: virial.error))
    recording.record(at: at, "virial_exact", Observable(1))
    recording.record(at: at, "virial_z", KahlerEinstein.pull(virial.value - 1, virial.error))
    recording.record(at: at, "loss", Observable(loss.value, error: loss.error, unit: "nats"))
    recording.record(at: at, "accepted", Observable(column(2).reduce(0, +) / Double(rows)))
    return recording
  }

  func ensembleSection(_ all: Recording) -> ReportSection? {
    let rows = models.compactMap { model -> [String]? in
      let at: [(name: String, value: ParameterValue)] = [("flow", .text("ensemble")), ("model", .text(model.rawValue))]
      guard let accepted = all.observable("accepted", at: at) else { return nil }
      return [model.rawValue]
        + ["virial", "virial_exact", "virial_z", "loss"].map { name in
          all.observable(name, at: at).map { written($0.values[0], $0.errors?[0]) } ?? ""
        } + ["\(Int((100 * accepted.values[0]).rounded())) %"]
    }
    guard !rows.isEmpty else { return nil }
    return ReportSection(
      "A training loss at a temperature",
      [
        .text(
          "Adjusted Langevin steps sample exp(-U/tau), U = L + lambda |theta|^2/2, tau = \(ensembleTemperature) and lambda = \(ensembleDecay): L the loss of the "
            + "network on a whole training set, or minus the mean exact log-likelihood of the Boltzmann machine. Partial integration along "
            + "dilations theta -> (1 + e) theta gives E theta . grad U = n tau for n parameters, whatever the loss; along the dilations of the sphere the same gives the gas's "
            + "E|sum x|^2 = N/(1 + beta)."
        ),
        .table(
          ReportTable(
            caption:
              "theta . grad U over n tau, and the loss, over \(ensembleCopies) independent copies that start from the law of the penalty alone and go "
              + "\(ensembleSteps / 3) steps before they are measured (the softest parameters take about 1/(h lambda) = "
              + "\(Int((1 / (ensembleStep * ensembleDecay)).rounded(.up))) to forget). The last column is the part of steps that was accepted.",
            header: ["model", "virial", "exact", "z", "loss [nats]", "accepted"], rows: rows)),
      ])
  }
}
