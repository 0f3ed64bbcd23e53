import BoltzmannMachines
import GradientFlows
import LatticeSystems
public import MessagePassing
import NeuralNetworks
public import RandomStreams
public import Runtime
import Sampling

extension BoltzmannFlow {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      let all = tasks, stage: String, isDone: Bool
      switch all[state.task] {
      case .data(let place):
        let sampled = try sampler.spins(of: place, among: temperatures.count * (configurations + test), streams: streams, on: team)
        state.spins.append(sampled)
        (stage, isDone) = ("sampling", true)
      case .reader(let number):
        (stage, isDone) = ("training thermometers", try trainReader(&state, number, streams, on: team))
      case .thermometers:
        try measureThermometers(state, streams, into: &state.recording)
        (stage, isDone) = ("testing thermometers", true)
      case .machine(let number):
        (stage, isDone) = ("training machines", try trainMachine(&state, number, streams, on: team))
      case .flow(let number):
        (stage, isDone) = ("flowing", try flow(&state, number, streams, on: team))
      }
      if isDone { state.task += 1 }
      return state.task < all.count
        ? .more(fraction: Double(state.task) / Double(all.count), stage: stage) : .done(state.recording)
    } catch { throw StudyError(onAllRanks: error) }
  }

  // MARK: data

  private var sampler: PhaseSamples {
    PhaseSamples(size: size, couplings: temperatures.map { 1 / $0 }, warmUp: warmUp, interval: interval)
  }
  var words: Int { (size * size + 63) / 64 }
  /// Configurations of some temperatures, to train on or to test on.
  func data(_ state: State, _ places: [Int], test isTest: Bool, most: Int = .max) -> Configurations {
    let count = min(most, isTest ? test : configurations), first = isTest ? configurations : 0
    let chosen = places.flatMap { state.spins[$0][first * words..<(first + count) * words] }
    return Configurations(count: places.count * count, sites: .lattice([size, size]), words: chosen)
  }

  // MARK: training

  private func trainReader(
    _ state: inout State, _ number: Int, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Bool {
    let batches = temperatures.count * configurations / Self.batch
    if state.reading == nil {
      let layers: [LayerDescription] = [.dense(readerUnits, .relu), .dense(temperatures.count, .identity)]
      let network = try Network<Float>(
        input: FeatureShape(height: size, width: size, channels: 1), layers, from: KeyedStreams(streams.use("thermometer", number)))
      state.reading = NetworkTraining(
        network, rule: .adam(Adam(rate: Float(readerRate))), schedule: .cosine, plannedSteps: readerEpochs * batches)
    }
    guard var training = state.reading.take() else { preconditionFailure("begun above") }
    if state.scratch.reader == nil {
      let classes = temperatures.indices.flatMap { [Int](repeating: $0, count: configurations) }
      let samples = SampleSet(data(state, Array(temperatures.indices), test: false), classes: classes, of: temperatures.count)
      state.scratch.reader = try SupervisedLearning(
        samples, network: training.network, settings: .init(batch: Self.batch, shards: Self.shards, loss: .crossEntropy),
        key: streams.use("thermometer batches", number), rank: team.rank, ranks: team.size)
    }
    _ = try state.scratch.reader?.advance(&training, batches: 2000, on: team)
    try training.checkFinite("try a smaller rate of the thermometer")
    guard training.losses.count == readerEpochs else {
      state.reading = training
      return false
    }
    state.networks.append(training.network)
    state.scratch.reader = nil
    return true
  }

  private func trainMachine(
    _ state: inout State, _ number: Int, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Bool {
    let key = streams.use("machine \(machines[number].rawValue)")
    if state.training == nil {
      let start = CentredParameters.random(
        units: .zeroOne, visible: size * size, hidden: hidden, offset: 0.5, deviation: 0.01, from: KeyedStreams(key))
      state.training = TrainingState(start, rule: Momentum(rate: Float(rate), momentum: 0.5))
    }
    guard var training = state.training.take() else { preconditionFailure("begun above") }
    if state.scratch.machine == nil {
      state.scratch.machine = ContrastiveDivergence(
        data(state, self.training(of: machines[number]), test: false), hidden: hidden, units: .zeroOne,
        settings: .init(batch: Self.batch, shards: Self.shards), key: key, rank: team.rank, ranks: team.size)
    }
    _ = try state.scratch.machine?.advance(&training, batches: 2000, on: team)
    try training.checkFinite("try a smaller rate of the machines")
    let isDone = training.reconstructionErrors.count == epochs
    state.training = training
    if isDone { state.scratch.machine = nil }
    return isDone
  }

  // MARK: the flow

  /// Up to the next look; each rank moves its share of the configurations.
  private func flow(
    _ state: inout State, _ number: Int, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Bool {
    guard let training = state.training else { preconditionFailure("a machine was trained before") }
    if state.flow.isEmpty {
      state.flow = data(state, starts, test: true, most: replicas).words
      try look(&state, number)
    }
    let count = starts.count * replicas, mine = team.share(of: count)
    let machine = training.parameters.machine, source = KeyedStreams(streams.use("flow \(machines[number].rawValue)"))
    var kernel = BlockGibbs(machine)
    let start = Configurations(
      count: mine.count, sites: .lattice([size, size]), words: Array(state.flow[mine.lowerBound * words..<mine.upperBound * words]))
    var chains = GibbsChains(visible: start, firstChain: mine.lowerBound)
    let end = min(looks.first { $0 > state.step } ?? flowSteps, state.step + 1000)
    for step in state.step..<end { kernel.step(&chains, at: UInt64(step), from: source) }
    state.flow = try team.allGather(chains.visible.words).flatMap { $0 }
    state.step = end
    if looks.contains(end) { try look(&state, number) }
    guard end == flowSteps else { return false }
    recordEnd(&state, number, machine)
    (state.flow, state.step, state.training) = ([], 0, nil)
    return true
  }
}
