import BoltzmannMachines
import LatticeSystems
import MessagePassing
import RandomStreams
import Renormalization
import Runtime
import Sampling
import Statistics

extension VariationalMapStudy {
  /// Lattices too large to be summed over: filters are trained on samples, ln Z_lambda comes from annealing, ln Z is Kaufman's. The state
  /// goes through both objectives; each is a training, two runs of annealing and one back.
  func advanceLarge(
    _ state: inout State, _ size: Int, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Advance<Recording> {
    let objective = Self.objectives[state.done], isLast = state.done + 1 == Self.objectives.count
    if state.data.isEmpty { state.data = try largeData(size, streams).words }
    let data = Configurations(count: largeConfigurations, sites: .lattice([size, size]), words: state.data)
    let fraction = Double(state.done) / Double(Self.objectives.count)
    if state.progress.step < steps {
      let training = FilterTraining(window: 4, steps: steps, batch: 64, rate: 0.01), source = KeyedStreams(streams.use(objective))
      let count = max(1, Int(3e8 / (20 * 64 * Double(size * size))))
      if objective == "likelihood" {
        try training.contrastiveDivergence(data, from: source, into: &state.progress, steps: count)
      } else {
        try training.logXSpread(data, energies: try largeEnergies(data), from: source, into: &state.progress, steps: count)
      }
      return .more(fraction: fraction, stage: "training")
    }
    let training = FilterTraining(window: 4, steps: steps, batch: 64, rate: 0.01)
    let filter = TiedFilter(window: 4, weights: training.weights(state.progress))
    let machine = MachineMarginal.machine(filter, shape: [size, size])
    // Two runs there, and one back from the machine's own samples, which bounds ln Z_lambda from above.
    let isBack = state.runs.count == 2, schedule = AnnealingSchedule.dense(steps: temperatures(size))
    let annealing = SlicedAnnealing(machine, schedule: isBack ? schedule.reversed : schedule, replicas: replicas)
    if isBack, state.sweeps < equilibration {
      if state.sweeps == 0 { state.replicas = (0..<replicas).flatMap { data.slice($0 % data.count..<$0 % data.count + 1).words } }
      try annealing.equilibrate(
        sweep: &state.sweeps, to: equilibration, words: &state.replicas, from: KeyedStreams(streams.use("equilibration \(objective)")),
        on: team)
      return .more(fraction: fraction, stage: "annealing")
    }
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicas, logWeights: &state.logWeights,
      from: KeyedStreams(streams.use("annealing \(objective)", state.runs.count)), on: team)
    guard isFinished else { return .more(fraction: fraction, stage: "annealing") }
    state.runs.append(state.logWeights)
    (state.position, state.replicas, state.logWeights) = (0, [], [])
    guard isBack else { return .more(fraction: fraction, stage: "annealing") }
    try recordLarge(
      &state, size, objective, filter, start: annealing.sampling.model.startLogPartition, test: try largeData(size, streams.use("test")))
    (state.runs, state.progress, state.sweeps) = ([], FilterProgress(), 0)
    state.done += 1
    return isLast ? .done(state.recording) : .more(fraction: fraction, stage: "annealing")
  }

  /// What the filters are trained for.
  static let objectives = ["likelihood", "spread"]

  /// Effective replicas of a run below which the error of a mean of weights is not believed.
  static let fewReplicas = 100.0

  static func at(_ objective: String, size: Int) -> [(name: String, value: ParameterValue)] {
    [("example", .text("large-\(objective)")), ("size", .integer(size))]
  }

  private func largeData(_ size: Int, _ streams: StreamKey) throws -> Configurations {
    let model = try IsingModel(SquareLattice(size: size), coupling: largeCoupling)
    let sampler = try IsingChainSampler(model, move: .swendsenWang, interval: 5), source = KeyedStreams(streams.use("data"))
    var words = sampler.start(0, from: source), taken: UInt64 = 0
    _ = try sampler.draw(&words, chain: 0, steps: &taken, count: 100, from: source)
    return try sampler.draw(&words, chain: 0, steps: &taken, count: largeConfigurations, from: source)
  }
  private func largeEnergies(_ data: Configurations) throws -> [Double] {
    guard case .lattice(let shape) = data.sites else { return [] }
    let model = try IsingModel(SquareLattice(rows: shape[0], columns: shape[1]), coupling: largeCoupling)
    return (0..<data.count).map { largeCoupling * Double(model.energy(data, $0)) }
  }

  private func recordLarge(
    _ state: inout State, _ size: Int, _ objective: String, _ filter: TiedFilter, start: Double, test: Configurations
  ) throws {
    let runs = state.runs.enumerated().map {
      AnnealedEstimate(logWeights: $0.element, startLogPartition: start, reverse: $0.offset == 2)
    }
    let there = AnnealedEstimate(logWeights: state.runs[0] + state.runs[1], startLogPartition: start, reverse: false)
    let bracket = [there.bound, runs[2].bound], annealed: Estimate
    if min(runs[0].effectiveSampleSize, runs[1].effectiveSampleSize) >= Self.fewReplicas {
      // Half the difference of the runs is another measure of the error.
      let difference = abs(runs[0].logPartition.value - runs[1].logPartition.value) / 2
      annealed = Estimate(value: there.logPartition.value, error: max(there.logPartition.error, difference))
    } else {
      // A mean of weights hangs on few replicas, and its error by them is none: what is left is the bracket.
      let half = abs(bracket[1].value - bracket[0].value) / 2
      annealed = Estimate(
        value: (bracket[0].value + bracket[1].value) / 2, error: max(half, bracket[0].error, bracket[1].error))
    }
    let exact = try KaufmanTorus(columns: size, rows: size, coupling: largeCoupling).logPartition, sites = Double(size * size)
    let map = SampledVariationalMap(
      energies: try largeEnergies(test), machineEnergies: try MachineMarginal.hiddenFreeEnergies(filter, test).map { -$0 },
      logPartition: exact, modelLogPartition: annealed)
    let at = Self.at(objective, size: size)
    func record(_ name: String, _ e: Estimate, over divisor: Double = 1) {
      state.recording.record(at: at, name, Observable(e.value / divisor, error: e.error / divisor, unit: "nats"))
    }
    record("kullback_leibler_per_site", map.kullbackLeibler, over: sites)
    record("log_x_deviation_per_root", map.deviationOfLogX, over: sites.squareRoot())
    record("free_energy_difference_per_site", map.freeEnergyDifference, over: sites)
    record("log_partition", annealed)
    state.recording.record(
      at: at, "log_partition_bracket", Observable(values: bracket.map(\.value), errors: bracket.map(\.error), unit: "nats"))
    if sites <= 64 {
      let enumerated = MachineMarginal.logPartition(filter, shape: [size, size])
      state.recording.record(at: at, "log_partition_enumerated", Observable(enumerated, unit: "nats"))
    }
    state.recording.record(
      at: at, "effective_sample_size", Observable(values: runs.map(\.effectiveSampleSize), unit: "replicas"))
    state.recording.record(at: at, "weights", Observable(values: filter.weights))
  }
}
