import BoltzmannMachines
import MessagePassing
import RandomStreams
import Sampling

extension Communicator where Self: ~Copyable {
  /// The contiguous share of `count` items that this rank takes.
  func share(of count: Int) -> Range<Int> { rank * count / size..<(rank + 1) * count / size }
}

/// An annealing run of a machine's partition function, cut into slices, its replicas shared by the ranks of a team: from the
/// base to the machine, or back from given replicas where the schedule is reversed.
struct SlicedAnnealing {
  let sampling: AnnealedImportanceSampling<AnnealedBoltzmannMachine<Float>>
  let replicas: Int, visible: Int, hidden: Int

  init(_ machine: RestrictedBoltzmannMachine<Float>, baseBias: [Double]? = nil, schedule: AnnealingSchedule, replicas: Int) {
    sampling = AnnealedImportanceSampling(AnnealedBoltzmannMachine(machine, baseBias: baseBias), schedule: schedule)
    self.replicas = replicas
    visible = machine.visible
    hidden = machine.hidden
  }

  /// About a second's steps from `position` on; `words` and `logWeights` are those of all replicas, the same on all ranks
  /// before and after. Returns whether the run has come to its end.
  func advance(
    position: inout Int, words: inout [UInt64], logWeights: inout [Double], from source: KeyedStreams,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Bool {
    let mine = team.share(of: replicas), each = (visible + 63) / 64
    var progress: AnnealedImportanceSampling<AnnealedBoltzmannMachine<Float>>.Progress
    if position == 0 && words.isEmpty {
      progress = sampling.begin(replicas: mine.count, firstReplica: mine.lowerBound, from: source)
    } else {
      let spins = Configurations(
        count: mine.count, sites: .unplaced(visible), words: Array(words[mine.lowerBound * each..<mine.upperBound * each]))
      progress = sampling.begin(
        from: sampling.model.replicas(at: spins, firstReplica: mine.lowerBound), replicas: mine.count, firstReplica: mine.lowerBound)
      progress.stepsDone = position
      if position > 0 { progress.logWeights = Array(logWeights[mine]) }
    }
    sampling.advance(&progress, steps: stepsPerSlice, from: source)
    words = try team.allGather(progress.replicas.configurations.words).flatMap { $0 }
    logWeights = try team.allGather(progress.logWeights).flatMap { $0 }
    position = progress.stepsDone
    return sampling.isFinished(progress)
  }
  /// About a second's steps.
  private var stepsPerSlice: Int { max(1, Int(6e10 / (4 * Double(replicas * visible * hidden)))) }

  /// Up to about a second's sweeps of all replicas `words` at the machine itself, number `sweep` first, no further than `end`;
  /// `sweep` and `words` are the same on all ranks before and after.
  func equilibrate(
    sweep: inout Int, to end: Int, words: inout [UInt64], from source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let mine = team.share(of: replicas), each = (visible + 63) / 64
    let spins = Configurations(
      count: mine.count, sites: .unplaced(visible), words: Array(words[mine.lowerBound * each..<mine.upperBound * each]))
    var chains = sampling.model.replicas(at: spins, firstReplica: mine.lowerBound), kernel = sampling.model.kernel(at: 1)
    let last = min(end, sweep + stepsPerSlice)
    for number in sweep..<last { kernel.step(&chains, at: UInt64(number), from: source) }
    words = try team.allGather(chains.configurations.words).flatMap { $0 }
    sweep = last
  }
}

/// Thermodynamic integration of a machine over a team, cut into slices; replicas are shared out.
struct SlicedIntegration {
  let integration: ThermodynamicIntegration<AnnealedBoltzmannMachine<Float>>
  let replicas: Int, visible: Int, hidden: Int

  init(_ machine: RestrictedBoltzmannMachine<Float>, baseBias: [Double]?, nodes: Int, measurements: Int, replicas: Int) {
    integration = ThermodynamicIntegration(
      AnnealedBoltzmannMachine(machine, baseBias: baseBias),
      nodes: ThermodynamicIntegration<AnnealedBoltzmannMachine<Float>>.gaussLegendre(nodes), relaxation: (measurements + 3) / 4,
      measurements: measurements)
    self.replicas = replicas
    visible = machine.visible
    hidden = machine.hidden
  }

  /// What lies between slices, of all replicas; the same on all ranks.
  struct Place: Equatable {
    var words: [UInt64] = [], totals: [Double] = [], sums: [Double] = [], sweep = 0
  }

  /// About a second's sweeps; whether the integration has come to its end.
  func advance(
    _ place: inout Place, from source: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Bool {
    let mine = team.share(of: replicas), each = (visible + 63) / 64, model = integration.model
    let state =
      place.words.isEmpty
      ? model.start(replicas: mine.count, firstReplica: mine.lowerBound, from: source)
      : model.replicas(
        at: Configurations(
          count: mine.count, sites: .unplaced(visible), words: Array(place.words[mine.lowerBound * each..<mine.upperBound * each])),
        firstReplica: mine.lowerBound)
    var progress = integration.begin(from: state, replicas: mine.count)
    if place.sweep > 0 {
      (progress.totals, progress.sums) = (Array(place.totals[mine]), Array(place.sums[mine]))
      progress.sweepsDone = place.sweep
    }
    integration.advance(&progress, sweeps: max(1, Int(6e10 / (4 * Double(replicas * visible * hidden)))), from: source)
    place.words = try team.allGather(progress.replicas.configurations.words).flatMap { $0 }
    place.totals = try team.allGather(progress.totals).flatMap { $0 }
    place.sums = try team.allGather(progress.sums).flatMap { $0 }
    place.sweep = progress.sweepsDone
    return place.sweep == integration.sweeps
  }
}
