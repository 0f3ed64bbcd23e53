public import Archives
import BoltzmannMachines
import Foundation
import LatticeSystems
public import MessagePassing
public import RandomStreams
import Renormalization
public import Runtime
import Sampling
import Statistics

extension CompareCoarseGrainings {
  /// The stages of a unit, in their order.
  enum Stage: Int { case data, training, information, couplings, map, sampling }

  /// What a unit has reached: the same on all ranks after each slice, indexed by chain.
  public struct State: Checkpointable {
    /// The trained weights; empty before training, and for rules that are none.
    var weights: [Double] = []
    /// What is to be done next.
    var stage = Stage.data
    /// The lattices trained on, one or two sets of words, and the training under way.
    var data: [[UInt64]] = [], training = FilterProgress()
    /// Configurations taken of each chain, warm-up included, and steps of the move.
    var rows = 0, steps: UInt64 = 0
    /// The words of each chain.
    var chains: [[UInt64]] = []
    /// Counts of the exponents and of the correlations before and after a step.
    var counts = BlockedCounts.empty, fine = BlockedCounts.empty, coarse = BlockedCounts.empty
    /// The untied machines: of the lattice trained on, then of 8 x 8.
    var machines: [TrainingState] = []
    /// What has been recorded.
    var recording = Recording()

    init() {}
    public static var formatVersion: Int { 2 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([stage.rawValue, rows, chains.count, data.count, machines.count], at: "\(path)/place")
      for (index, words) in data.enumerated() { try archive.write(words, at: "\(path)/data\(index)") }
      for (index, machine) in machines.enumerated() { try machine.save(to: &archive, at: "\(path)/machine\(index)") }
      try training.save(to: &archive, at: "\(path)/training")
      try archive.write(steps, at: "\(path)/steps")
      try archive.write(weights, at: "\(path)/weights")
      for (index, words) in chains.enumerated() { try archive.write(words, at: "\(path)/chain\(index)") }
      try counts.save(to: &archive, at: "\(path)/counts")
      try fine.save(to: &archive, at: "\(path)/fine")
      try coarse.save(to: &archive, at: "\(path)/coarse")
      try recording.save(to: &archive, at: "\(path)/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let place = try archive.read(Int.self, count: 5, at: "\(path)/place")
      guard let stage = Stage(rawValue: place[0]) else { throw .damaged(file: path, reason: "a stage that there is not") }
      (self.stage, rows) = (stage, place[1])
      for index in 0..<place[3] { data.append(try archive.read(UInt64.self, count: nil, at: "\(path)/data\(index)")) }
      for index in 0..<place[4] { machines.append(try TrainingState(from: archive, at: "\(path)/machine\(index)")) }
      training = try FilterProgress(from: archive, at: "\(path)/training")
      steps = try archive.scalar(UInt64.self, at: "\(path)/steps")
      weights = try archive.read(Double.self, count: nil, at: "\(path)/weights")
      for index in 0..<place[2] { chains.append(try archive.read(UInt64.self, count: nil, at: "\(path)/chain\(index)")) }
      counts = try BlockedCounts(from: archive, at: "\(path)/counts")
      fine = try BlockedCounts(from: archive, at: "\(path)/fine")
      coarse = try BlockedCounts(from: archive, at: "\(path)/coarse")
      recording = try Recording(from: archive, at: "\(path)/recording")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    if unit.rule == .untied { return state }
    let sampler = try sampler(), source = KeyedStreams(streams)
    state.chains = (0..<chains).map { sampler.start($0, from: source) }
    state.counts = try renormalization().noCounts
    let probes = try probes()
    (state.fine, state.coarse) = (probes.fine.noCounts, probes.coarse.noCounts)
    return state
  }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      if unit.rule == .untied { return try advanceUntied(&state, streams) }
      // Training and what is measured on the lattices trained on are the same work on every rank.
      switch state.stage {
      case .data:
        try prepare(&state, unit.rule, streams)
        state.stage = state.data.isEmpty ? .information : .training
        return .more(fraction: 0.01, stage: "sampling to train on")
      case .training:
        try train(&state, unit.rule, streams)
        if state.training.step == steps { state.stage = .information }
        return .more(fraction: 0.01 + 0.08 * Double(state.training.step) / Double(steps), stage: "training")
      case .information:
        try measureInformation(unit.rule, filter(unit.rule, state.weights), streams, into: &state.recording)
        state.stage = .couplings
        return .more(fraction: 0.1, stage: "information")
      case .couplings:
        try measureCouplings(unit.rule, filter(unit.rule, state.weights), streams, into: &state.recording)
        state.stage = .map
        return .more(fraction: 0.11, stage: "couplings")
      case .map:
        try measureMap(unit.rule, filter(unit.rule, state.weights), streams, into: &state.recording)
        state.stage = .sampling
        return .more(fraction: 0.12, stage: "the variational map")
      case .sampling: break
      }
      let total = warmUp + measurements
      let count = max(1, min(total - state.rows, Int(3e8 / (cost * Double(chains)))))
      try sample(&state, count, unit.rule, streams, on: team)
      state.rows += count
      state.steps += UInt64(count * interval)
      if state.rows < total {
        let fraction = 0.12 + 0.88 * Double(state.rows) / Double(total)
        return .more(fraction: fraction, stage: state.rows <= warmUp ? "warming up" : "sampling")
      }
      try record(&state, unit.rule)
      return .done(state.recording)
    } catch { throw StudyError(onAllRanks: error, at: "\(unit.rule.rawValue)") }
  }

  func filter(_ rule: CoarseRule, _ weights: [Double]) -> TiedFilter? {
    rule.choice.map { TiedFilter(window: 4, weights: weights, choice: $0) }
  }

  // MARK: training

  /// Independent-looking configurations of a small lattice, from one chain.
  func data(_ size: Int, _ count: Int, coupling: Double, _ streams: StreamKey, _ use: String) throws -> Configurations {
    let model = try IsingModel(SquareLattice(size: size), coupling: coupling)
    let sampler = try IsingChainSampler(model, move: .swendsenWang, interval: trainingInterval), source = KeyedStreams(streams.use(use))
    var words = sampler.start(0, from: source), steps: UInt64 = 0
    _ = try sampler.draw(&words, chain: 0, steps: &steps, count: 100, from: source)
    return try sampler.draw(&words, chain: 0, steps: &steps, count: count, from: source)
  }

  /// The lattices that the rule is trained on; the random filter's weights.
  private func prepare(_ state: inout State, _ rule: CoarseRule, _ streams: StreamKey) throws {
    func words(_ factor: Double, _ use: String) throws -> [UInt64] {
      try data(trainingSize, configurations, coupling: factor * coupling, streams, use).words
    }
    if rule == .random {
      state.weights = filterTraining.random(scale: randomScale, from: KeyedStreams(streams.use("training")))
    } else if rule.objective == .phases {
      state.data = [try words(1.1, "ordered"), try words(0.9, "disordered")]
    } else if rule.objective != nil {
      state.data = [try words(1, "data")]
    }
  }
  private var filterTraining: FilterTraining { FilterTraining(window: 4, steps: steps, batch: batch, rate: rate) }

  /// Some tenths of a second's steps.
  private func train(_ state: inout State, _ rule: CoarseRule, _ streams: StreamKey) throws {
    guard let objective = rule.objective else { return }
    let sets = state.data.map { Configurations(count: configurations, sites: .lattice([trainingSize, trainingSize]), words: $0) }
    let source = KeyedStreams(streams.use("training")), training = filterTraining
    let count = max(1, Int(3e8 / (rule == .neuralInformation ? neuralStep : 20 * Double(batch * trainingSize * trainingSize))))
    switch objective {
    case .contrastiveDivergence: try training.contrastiveDivergence(sets[0], from: source, into: &state.training, steps: count)
    case .logXSpread:
      try training.logXSpread(sets[0], energies: try energies(sets[0]), from: source, into: &state.training, steps: count)
    case .environment:
      training.environment(
        try EnvironmentSamples(sets[0], window: 4), reading: rule == .information ? training.block : nil, from: source,
        into: &state.training, steps: count)
    case .neuralEnvironment:
      training.neuralEnvironment(
        try EnvironmentSamples(sets[0], window: 4), reading: training.block, from: source, into: &state.training, steps: count)
    case .phases: try training.phases(ordered: sets[0], disordered: sets[1], from: source, into: &state.training, steps: count)
    }
    state.weights = training.weights(state.training)
    if state.training.step == steps { state.data = [] }
  }

  /// H = K E of each configuration.
  func energies(_ data: Configurations) throws -> [Double] {
    guard case .lattice(let shape) = data.sites else { return [] }
    let model = try IsingModel(SquareLattice(rows: shape[0], columns: shape[1]), coupling: coupling)
    return (0..<data.count).map { coupling * Double(model.energy(data, $0)) }
  }

  // MARK: on the lattices trained on

  static func at(_ rule: CoarseRule) -> [(name: String, value: ParameterValue)] { [("rule", .text(rule.rawValue))] }

  private func measureInformation(
    _ rule: CoarseRule, _ filter: TiedFilter?, _ streams: StreamKey, into recording: inout Recording
  ) throws {
    let at = Self.at(rule)
    if let filter { recording.record(at: at, "weights", Observable(values: filter.weights)) }
    guard let law = rule.law(filter) else { return }
    let fit = try data(trainingSize, configurations, coupling: coupling, streams, "fit")
    let test = try data(trainingSize, configurations, coupling: coupling, streams, "test")
    let found = try EnvironmentBound.value(of: law, EnvironmentSamples(fit, window: 4), EnvironmentSamples(test, window: 4))
    recording.record(at: at, "environment_information", Observable(found.value, error: found.error, unit: "nats"))
  }

  /// Couplings of the coarse spins after one step.
  private func measureCouplings(
    _ rule: CoarseRule, _ filter: TiedFilter?, _ streams: StreamKey, into recording: inout Recording
  ) throws {
    let test = try data(trainingSize, configurations, coupling: coupling, streams, "test"), at = Self.at(rule)
    let coarse = try rule.coarsen(test, firstSample: 0, level: 0, filter: filter, KeyedStreams(streams.use("test coins")))
    let inference = try CouplingInference(Self.fitted, sites: coarse.sites), terms = Self.fitted.map { Double($0.terms.count) }
    let found = inference.couplings(of: coarse) { k in
      // The share of all |K| per site that is not of nearest neighbours.
      let all = zip(k, terms).reduce(0) { $0 + abs($1.0) * $1.1 }
      return [1 - abs(k[0]) * terms[0] / all]
    }
    recording.record(
      at: at, "couplings", Observable(values: found.couplings.map(\.value), errors: found.couplings.map(\.error)))
    recording.record(at: at, "coupling_share_beyond_nearest", Observable(found.derived[0].value, error: found.derived[0].error))
  }

  /// The map of a trained filter's machine; of a layer of another network, and of weights that are random, there is no machine to speak of.
  private func measureMap(
    _ rule: CoarseRule, _ filter: TiedFilter?, _ streams: StreamKey, into recording: inout Recording
  ) throws {
    guard let filter, rule.objective != nil, rule.objective != .phases else { return }
    try recordMap(rule, streams, into: &recording) { small, lnZ in
      try MachineMarginal.map(filter, small, energies: try energies(small), logPartition: lnZ)
    }
  }

  /// The map that `map` makes of configurations of 8 x 8 and their ln Z.
  func recordMap(
    _ rule: CoarseRule, _ streams: StreamKey, into recording: inout Recording,
    _ map: (Configurations, Double) throws -> SampledVariationalMap
  ) throws {
    let small = try data(8, marginalConfigurations, coupling: coupling, streams, "marginal"), at = Self.at(rule)
    let map = try map(small, KaufmanTorus(columns: 8, rows: 8, coupling: coupling).logPartition)
    recording.record(
      at: at, "kullback_leibler_per_site",
      Observable(map.kullbackLeibler.value / 64, error: map.kullbackLeibler.error / 64, unit: "nats"))
    recording.record(
      at: at, "log_x_deviation", Observable(map.deviationOfLogX.value / 8, error: map.deviationOfLogX.error / 8, unit: "nats"))
    recording.record(at: at, "free_energy_difference_per_site", Observable(map.freeEnergyDifference.value / 64, unit: "nats"))
  }

  // MARK: sampling

  private func sample(
    _ state: inout State, _ count: Int, _ rule: CoarseRule, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws {
    var fresh = [state.counts, state.fine, state.coarse].map { BlockedCounts(blocks: $0.blocks, width: $0.width) }
    var words: [UInt64] = []
    for chain in team.share(of: chains) {
      var steps = state.steps
      words += try advance(state.chains[chain], chain, state.rows, count, &steps, rule, state.weights, streams, &fresh)
    }
    var sums = fresh.flatMap(\.values)
    try team.allReduce(&sums, .sum)
    var first = 0
    for (k, part) in fresh.enumerated() {
      let all = BlockedCounts(blocks: part.blocks, width: part.width, values: Array(sums[first..<first + part.values.count]))
      first += part.values.count
      switch k {
      case 0: state.counts.merge(all)
      case 1: state.fine.merge(all)
      default: state.coarse.merge(all)
      }
    }
    let all = try team.allGather(words).flatMap { $0 }, each = all.count / chains
    for chain in 0..<chains { state.chains[chain] = Array(all[chain * each..<(chain + 1) * each]) }
  }

  /// `count` configurations of a chain, coarse grained and counted as far as they lie beyond the warm-up; returns the chain's words.
  private func advance(
    _ start: [UInt64], _ chain: Int, _ first: Int, _ count: Int, _ steps: inout UInt64, _ rule: CoarseRule, _ weights: [Double],
    _ streams: StreamKey, _ counts: inout [BlockedCounts]
  ) throws -> [UInt64] {
    let sampler = try sampler(), source = KeyedStreams(streams), coins = KeyedStreams(streams.use("coins"))
    let filter = filter(rule, weights)
    var renormalization = try renormalization(), (fineProbe, coarseProbe) = try probes()
    var words = start, done = 0
    while done < count {
      let isWarmUp = first + done < warmUp
      let batch = min(isWarmUp ? warmUp - first - done : 64, count - done, 64)
      let drawn = try sampler.draw(&words, chain: chain, steps: &steps, count: batch, from: source)
      if !isWarmUp {
        let sample = chain * measurements + first + done - warmUp
        var levels = [drawn]
        for level in 0..<flowSteps {
          levels.append(try rule.coarsen(levels[level], firstSample: sample, level: level, filter: filter, coins))
        }
        try renormalization.count(levels, firstSample: sample, into: &counts[0])
        fineProbe.count(levels[0], firstSample: sample, into: &counts[1])
        coarseProbe.count(levels[1], firstSample: sample, into: &counts[2])
      }
      done += batch
    }
    return words
  }

  private func record(_ state: inout State, _ rule: CoarseRule) throws(StudyError) {
    let at = Self.at(rule), found = try renormalization().steps(state.counts), probes = try probes()
    func last(_ sector: MonteCarloRenormalization.Sector) -> Estimate { sector.exponents[sector.exponents.count - 1] }
    for (name, values) in [
      ("thermal_exponents", found.map { last($0.even) }), ("magnetic_exponents", found.map { last($0.odd) }),
    ] {
      state.recording.record(at: at, name, Observable(values: values.map(\.value), errors: values.map(\.error)))
    }
    let growth = try renormalization().errorGrowth(state.counts, factor: Self.longerBlocks)
    state.recording.record(
      at: at, "error_growth",
      Observable(growth, reason: growth.isFinite ? nil : "too few blocks to join \(Self.longerBlocks) of them to one"))
    for (name, probe, counts) in [("fine", probes.fine, state.fine), ("coarse", probes.coarse, state.coarse)] {
      let result = probe.result(counts)
      state.recording.record(
        at: at, "\(name)_correlations",
        Observable(
          values: [result.near.value, result.far.value], errors: [result.near.error, result.far.error]))
      state.recording.record(
        at: at, "\(name)_correlation_exponent",
        Observable(
          result.exponent.value, error: result.exponent.error,
          reason: result.exponent.value.isFinite ? nil : "a correlation is not positive"))
    }
    // Filters for information learn from windows of all configurations.
    let (training, unit) =
      switch rule.objective {
      case nil: (0, "configurations")
      case .environment: (steps * 16 * batch, "windows")
      case .neuralEnvironment: (steps * 4 * batch, "windows")
      case .contrastiveDivergence, .logXSpread, .phases: (steps * batch, "configurations")
      }
    state.recording.record(at: at, "trained_on", Observable(Double(training), unit: unit))
    let reads = rule == .decimation ? 1 : rule.choice == nil || rule == .information || rule == .neuralInformation ? 4 : 16
    state.recording.record(at: at, "spins_read_per_coarse_spin", Observable(Double(reads), unit: "sites"))
  }
}
