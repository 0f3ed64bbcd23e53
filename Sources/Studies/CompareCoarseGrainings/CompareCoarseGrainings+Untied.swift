import BoltzmannMachines
import Foundation
import GradientFlows
import LatticeSystems
import LinearAlgebra
import MessagePassing
import RandomStreams
import Renormalization
import Runtime
import Sampling
import Statistics

/// The row of a machine whose hidden units share no weights. They stand at the centres of their receptive fields, which are no lattice:
/// what needs none is measured, what does is refused with the reason.
extension CompareCoarseGrainings {
  /// The same on every rank. Another machine of its kind, on 8 x 8, has the map, since its weights serve one lattice alone.
  func advanceUntied(_ state: inout State, _ streams: StreamKey) throws -> Advance<Recording> {
    switch state.stage {
    case .data:
      state.data = [
        try data(trainingSize, configurations, coupling: coupling, streams, "data").words,
        try data(8, marginalConfigurations, coupling: coupling, streams, "small data").words,
      ]
      state.stage = .training
      return .more(fraction: 0.02, stage: "sampling to train on")
    case .training:
      if try trainUntied(&state, streams) {
        state.stage = .information
        state.data = []
      }
      let epochs = state.machines.reduce(0) { $0 + $1.reconstructionErrors.count }
      return .more(fraction: 0.02 + 0.8 * Double(epochs) / Double(2 * machineEpochs), stage: "training")
    case .information:
      try measureUntied(state.machines[0].parameters.machine, streams, into: &state.recording)
      state.stage = .map
      return .more(fraction: 0.95, stage: "information")
    case .couplings, .map, .sampling:
      let machine = state.machines[1].parameters.machine.converted(to: .plusMinusOne).machine
      let partition = Estimate(value: try machine.inDoublePrecision.exactLogPartition(), error: 0)
      try recordMap(.untied, streams, into: &state.recording) { small, lnZ in
        SampledVariationalMap(
          energies: try energies(small), machineEnergies: machine.freeEnergy(of: small), logPartition: lnZ, modelLogPartition: partition)
      }
      return .done(state.recording)
    }
  }

  /// Some epochs of contrastive divergence with centred units; whether both machines are trained.
  private func trainUntied(_ state: inout State, _ streams: StreamKey) throws -> Bool {
    if state.machines.last.map({ $0.reconstructionErrors.count == machineEpochs }) ?? true {
      let size = [trainingSize, 8][state.machines.count]
      let start = CentredParameters.random(
        units: .zeroOne, visible: size * size, hidden: size * size / 4, offset: 0.5, deviation: 0.01,
        from: KeyedStreams(streams.use("machine", state.machines.count)))
      state.machines.append(TrainingState(start, rule: Momentum(rate: 0.05, momentum: 0.5, l1: Float(machinePenalty))))
    }
    let place = state.machines.count - 1, size = [trainingSize, 8][place], count = [configurations, marginalConfigurations][place]
    let trainer = ContrastiveDivergence(
      Configurations(count: count, sites: .lattice([size, size]), words: state.data[place]), hidden: size * size / 4, units: .zeroOne,
      settings: .init(batch: batch, shards: 1), key: streams.use("machine", place), rank: 0, ranks: 1)
    for _ in 0..<5 where state.machines[place].reconstructionErrors.count < machineEpochs {
      _ = try trainer.advance(&state.machines[place], batches: trainer.batchesPerEpoch, on: SoloCommunicator())
      try state.machines[place].checkFinite("try a smaller training.machine_penalty")
    }
    return place == 1 && state.machines[1].reconstructionErrors.count == machineEpochs
  }

  /// Why operators of a lattice make no sense on these sites; nil where they do.
  static func refusal(_ sites: Configurations.Sites) -> String? {
    do throws(CoarseGrainingError) {
      _ = try OperatorSums(even + odd, sites: sites)
      return nil
    } catch {
      switch error {
      case .notALattice:
        return "hidden units stand at the centres of their receptive fields, which are no lattice: neighbours and blocks are not defined"
      case .unplacedSites: return "hidden units have no places"
      case .incommensurate, .sizeMismatch: return "\(error)"
      }
    }
  }

  private func measureUntied(
    _ machine: RestrictedBoltzmannMachine<Float>, _ streams: StreamKey, into recording: inout Recording
  ) throws {
    let at = Self.at(.untied), shape = [trainingSize, trainingSize], layer = try BoltzmannLayer(machine, on: shape, choice: .mostProbable)
    func record(_ name: String, _ e: Estimate, unit: String = "1", missing: String) {
      let isKnown = e.value.isFinite
      recording.record(
        at: at, name,
        Observable(e.value, error: isKnown && !e.error.isFinite ? nil : e.error, unit: unit, reason: isKnown ? nil : missing))
    }
    for name in ["thermal_exponents", "magnetic_exponents"] {
      let none = [Double](repeating: .nan, count: flowSteps)
      recording.record(at: at, name, Observable(values: none, errors: none, reason: Self.refusal(layer.sites)))
    }
    recording.record(at: at, "coupling_share_beyond_nearest", Observable(.nan, error: .nan, reason: Self.refusal(layer.sites)))

    // Where its units are.
    let fields = layer.fields, live = fields.liveUnits, few = "fewer than two units are alive"
    let null = fields.nullRadii(effective: layer.effectiveWeights, from: KeyedStreams(streams.use("null")))
    // A fraction of units: the binomial error, as if they were independent.
    let dead = fields.deadFraction, spread = (dead * (1 - dead) / Double(machine.hidden)).squareRoot()
    record("dead_fraction", Estimate(value: dead, error: spread), missing: "no units")
    record("receptive_field_radius", fields.radius, unit: "sites", missing: few)
    record("radius_over_null", fields.relativeRadius(nullRadii: null), missing: few)
    record("coherence", fields.coherence, missing: few)
    record("center_spacing_variation", fields.spacingVariation, missing: few)

    // What they are like on lattices that did not train them.
    let fit = try data(trainingSize, configurations, coupling: coupling, streams, "fit")
    let test = try data(trainingSize, configurations, coupling: coupling, streams, "test")
    let parts = SampleBlocks(samples: test.count, blocks: min(20, test.count)), near = trainingSize / 8
    var probe = try CorrelationProbe(sites: test.sites, near: near, far: 2 * near, samples: parts), spins = probe.noCounts
    probe.count(test, firstSample: 0, into: &spins)
    let found = probe.result(spins),
      pairs = try PairProbe(
        sites: layer.sites, distances: [Double(near), Double(2 * near)], units: live, samples: parts)
    var counts = pairs.noCounts
    try pairs.count(
      layer.coarsen(test, firstSample: 0, from: KeyedStreams(streams.use("test coins"))), firstSample: 0, into: &counts)
    record("fine_correlation_exponent", found.exponent, missing: "a correlation is not positive")
    record(
      "coarse_correlation_exponent", pairs.exponent(counts, near: 0, far: 1), missing: "a correlation is not positive, or has no pairs")
    try recordUntiedInformation(layer, live, fit: fit, test: test, into: &recording)

    // v -> h -> v.
    var chains = GibbsChains(visible: test), kernel = BlockGibbs(machine)
    kernel.step(&chains, at: 0, from: KeyedStreams(streams.use("reconstruction")))
    for (prefix, spins) in [("", test), ("reconstruction_", chains.visible)] {
      let sites = Double(trainingSize * trainingSize)
      record("\(prefix)energy_per_site", parts.mean(of: try energies(spins).map { $0 / coupling / sites }), unit: "J", missing: "")
      let magnetizations = (0..<spins.count).map { Double(abs(spins.magnetization($0))) / sites }
      record("\(prefix)abs_magnetization", parts.mean(of: magnetizations), missing: "")
    }
    recording.record(at: at, "trained_on", Observable(Double(machineEpochs * configurations), unit: "configurations"))
    recording.record(at: at, "spins_read_per_coarse_spin", Observable(Double(machine.visible), unit: "sites"))
    recording.record(
      ResultArray(
        name: "weights_untied", longName: "weights of the untied machine", unit: "1",
        dimensions: [("site", machine.visible), ("hidden", machine.hidden)], values: machine.weights.map(Double.init)))
  }

  /// The bound of I(h : E) of units cut to windows, as many as other rules have windows, as the mean over them.
  private func recordUntiedInformation(
    _ layer: BoltzmannLayer<Float>, _ live: [Int], fit: Configurations, test: Configurations, into recording: inout Recording
  ) throws {
    let at = Self.at(.untied), most = (layer.machine.hidden + 6) / 7
    guard !live.isEmpty else {
      recording.record(at: at, "environment_information", Observable(.nan, error: .nan, unit: "nats", reason: "no unit is alive"))
      return
    }
    let chosen = live.count <= most ? live : (0..<most).map { live[$0 * live.count / most] }
    let units = layer.windowed(chosen, window: 4), corners = units.map { (row: $0.row, column: $0.column) }
    func sampled(_ data: Configurations) throws -> (samples: EnvironmentSamples, up: [Double]) {
      let samples = try EnvironmentSamples(data, window: 4, corners: corners)
      return (samples, samples.windows.enumerated().map { units[$0.offset % units.count].mostProbable(Int($0.element)) })
    }
    let (fit, test) = (try sampled(fit), try sampled(test))
    let bound = EnvironmentBound.value(up: fit.up, fit.samples, up: test.up, test.samples, units: units.count)
    recording.record(at: at, "environment_information", Observable(bound.value, error: bound.error, unit: "nats"))
    let shares = Estimate(meanOf: units.map(\.share))
    recording.record(
      at: at, "weight_share_in_window", Observable(shares.value, error: shares.error.isFinite ? shares.error : nil))
  }
}
