import Archives
import BoltzmannMachines
import GradientFlows
import LatticeSystems
public import MessagePassing
public import RandomStreams
public import Runtime
import Sampling

/// The replicas of one chain of use must not meet those of another under the same unit key: each use of randomness
/// that counts its own chains gets a key of its own.
private enum StreamUse: String {
  case lattice, permutation, training, states, annealing, machine
}

extension StreamKey {
  /// The key of one use within a unit: a hash of this key's words and the use's name.
  fileprivate func derived(_ use: StreamUse, _ index: Int = 0) -> StreamKey {
    StreamKey.derive(seed: high, study: "\(low)", unit: "\(use.rawValue) \(index)")
  }
}

extension DeepRenormalization {
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let stages = stages(of: unit)
    let stage = stages[state.stage].stage
    var curves: [CurvePoint] = []
    let part: Double
    do {
      switch stage {
      case .sampling: part = try sample(&state, unit: unit, streams: streams, on: team)
      case .training(let layer): part = try train(&state, layer: layer, streams: streams, curves: &curves, on: team)
      case .annealing(let layer, let run): part = try anneal(&state, layer: layer, run: run, streams: streams, on: team)
      case .enumerating(let layer):
        state.exact.append(try state.machines[layer].inDoublePrecision.exactLogPartition())
        part = 1
      case .modelSampling: part = try sampleMachine(&state, streams: streams, on: team)
      case .measuring:
        let parts = measurements(of: unit)
        try measure(parts[state.position], &state, streams: streams.derived(.states, hidden.count))
        state.position += 1
        if state.position == parts.count { return .done(state.recording) }
        part = Double(state.position) / Double(parts.count)
      }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(stage.words): \(error)")
    }
    let total = stages.reduce(0) { $0 + $1.work }
    let before = stages[..<state.stage].reduce(0) { $0 + $1.work }
    let fraction = (before + part * stages[state.stage].work) / total
    if part >= 1 {
      state.stage += 1
      state.position = 0
    }
    return .more(fraction: fraction, stage: stage.words, curves: curves)
  }

  // MARK: Sampling the lattice

  /// Some more sweeps of every chain; each rank moves its share of the chains. After the warm-up every `interval`-th
  /// configuration is recorded.
  private func sample(
    _ state: inout State, unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let lattice = try SquareLattice(size: size), words = lattice.words
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: coupling))
    let source = KeyedStreams(streams.derived(.lattice)), count = trainingChains + testChains
    let total = warmUp + perChain * interval, first = state.position
    let end = min(total, first + max(1, Int(5e7 / Double(count * sites))))
    /// How many configurations a chain has recorded after so many sweeps.
    func recorded(after sweeps: Int) -> Int { max(0, sweeps - warmUp) / interval }
    let before = recorded(after: first), draws = recorded(after: end) - before
    var found: [UInt64] = [], last: [UInt64] = []
    for chain in team.share(of: count) {
      var configuration =
        first == 0
        ? IsingConfiguration(hot: lattice, replica: chain, from: source)
        : IsingConfiguration(lattice, spins: state.chains[chain], replica: chain)
      var draw = before
      for sweep in first..<end {
        kernel.step(&configuration, at: UInt64(sweep), from: source)
        guard recorded(after: sweep + 1) > draw else { continue }
        found += unit == .control ? permuted(configuration.spins, sample: chain * perChain + draw, streams: streams) : configuration.spins
        draw += 1
      }
      last += configuration.spins
    }
    let all = try team.allGather(found).flatMap { $0 }, spins = try team.allGather(last).flatMap { $0 }
    if state.recorded.isEmpty { state.recorded = [UInt64](repeating: 0, count: count * perChain * words) }
    state.chains = (0..<count).map { Array(spins[$0 * words..<($0 + 1) * words]) }
    for chain in 0..<count where draws > 0 {
      let from = chain * draws * words, to = (chain * perChain + before) * words
      state.recorded.replaceSubrange(to..<to + draws * words, with: all[from..<from + draws * words])
    }
    state.position = end
    return Double(end) / Double(total)
  }

  /// The control: the sites of a sample permuted by a permutation of its own. What is left is the magnetisation.
  private func permuted(_ spins: [UInt64], sample: Int, streams: StreamKey) -> [UInt64] {
    var generator = KeyedStreams(streams.derived(.permutation)).generator(replica: sample, step: 0, site: 0, purpose: .permutation)
    var result = [UInt64](repeating: 0, count: spins.count)
    for (site, from) in generator.permutation(count: sites).enumerated() where spins[from / 64] >> UInt64(from % 64) & 1 == 1 {
      result[site / 64] |= 1 << UInt64(site % 64)
    }
    return result
  }

  /// The training configurations, and those for testing.
  func latticeConfigurations(_ state: State, test: Bool) -> Configurations {
    let words = (sites + 63) / 64, first = test ? configurations : 0, count = test ? testConfigurations : configurations
    return Configurations(
      count: count, sites: .lattice([size, size]), words: Array(state.recorded[first * words..<(first + count) * words]))
  }

  // MARK: Training

  /// What layer `layer` sees: spins, or *sampled* hidden states of the layer below, keyed by layer and sample.
  func input(of layer: Int, from spins: Configurations, machines: [RestrictedBoltzmannMachine<Float>], streams: StreamKey, test: Bool)
    -> Configurations
  {
    var states = spins
    for below in 0..<layer {
      let source = KeyedStreams(streams.derived(.states, below))
      states = machines[below].sampleHidden(of: states, firstRow: test ? configurations : 0, step: 0, from: source)
    }
    return states
  }

  private func train(
    _ state: inout State, layer: Int, streams: StreamKey, curves: inout [CurvePoint], on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let key = streams.derived(.training, layer)
    if state.training == nil {
      let start = CentredParameters.random(
        units: .zeroOne, visible: visible(layer), hidden: hidden[layer], offset: 0.5, deviation: initialWidth, from: KeyedStreams(key))
      state.training = TrainingState(start, rule: Momentum(rate: Float(learningRate), momentum: Float(momentum), l1: Float(l1[layer])))
      state.kept.append(KeptWeights(layer: layer, epoch: 0, weights: start.weights))
    }
    let trainer: ContrastiveDivergence
    if let known = state.scratch.trainer, state.scratch.trainedLayer == layer {
      trainer = known
    } else {
      let data = input(of: layer, from: latticeConfigurations(state, test: false), machines: state.machines, streams: streams, test: false)
      let settings = ContrastiveDivergence.Settings(batch: batch, shards: try sharding.shards(batch: batch, on: team))
      trainer = ContrastiveDivergence(
        data, hidden: hidden[layer], units: .zeroOne, settings: settings, key: key, rank: team.rank, ranks: team.size)
      state.scratch.trainer = trainer
      state.scratch.trainedLayer = layer
    }
    guard var training = state.training.take() else { preconditionFailure("training has begun above") }
    let perSample = 10 * Double(visible(layer) * hidden[layer])
    let batches = max(1, Int(6e10 / (perSample * Double(batch))))
    let epochEnded = try trainer.advance(&training, batches: batches, on: team)
    try training.checkFinite("try a smaller training.learning_rate than \(learningRate)")
    let epoch = training.reconstructionErrors.count
    if epochEnded {
      curves.append(CurvePoint("layer-\(layer + 1)/reconstruction_error", step: epoch, value: training.reconstructionErrors[epoch - 1]))
      if epoch == epochs[layer] || epoch & (epoch - 1) == 0 {
        state.kept.append(KeptWeights(layer: layer, epoch: epoch, weights: training.parameters.weights))
      }
    }
    let done = Double(training.step) / Double(trainer.batchesPerEpoch * epochs[layer])
    if epoch == epochs[layer] {
      state.machines.append(training.parameters.machine)
      state.curves.append(training.reconstructionErrors)
      state.scratch.trainer = nil
      return 1
    }
    state.training = training
    return min(done, 0.999)
  }

  // MARK: Partition functions

  private func anneal(
    _ state: inout State, layer: Int, run: Int, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws -> Double {
    let annealing = SlicedAnnealing(state.machines[layer], schedule: .dense(steps: temperatures), replicas: replicas)
    let isFinished = try annealing.advance(
      position: &state.position, words: &state.replicaWords, logWeights: &state.logWeights,
      from: KeyedStreams(streams.derived(.annealing, 2 * layer + run)), on: team)
    if isFinished {
      state.finishedRuns.append(state.logWeights)
      state.replicaWords = []
      state.logWeights = []
      return 1
    }
    return Double(state.position) / Double(annealing.sampling.steps)
  }

  // MARK: The machine's own samples

  /// Block Gibbs chains of the first machine, started at test configurations.
  private func sampleMachine(_ state: inout State, streams: StreamKey, on team: borrowing some Communicator & ~Copyable) throws -> Double {
    let words = (sites + 63) / 64, mine = team.share(of: modelChains)
    if state.position == 0 {
      // Evenly spread over the test chains.
      let test = latticeConfigurations(state, test: true)
      state.modelWords = (0..<modelChains).flatMap { chain in
        let sample = chain * testConfigurations / modelChains
        return test.words[sample * words..<(sample + 1) * words]
      }
    }
    let source = KeyedStreams(streams.derived(.machine))
    var kernel = BlockGibbs(state.machines[0])
    let start = Configurations(
      count: mine.count, sites: .lattice([size, size]), words: Array(state.modelWords[mine.lowerBound * words..<mine.upperBound * words]))
    var chains = GibbsChains(visible: start, firstChain: mine.lowerBound)
    let perSweep = 4 * Double(modelChains * sites * hidden[0])
    let end = min(modelSweeps, state.position + max(1, Int(6e10 / perSweep)))
    for sweep in state.position..<end { kernel.step(&chains, at: UInt64(sweep), from: source) }
    state.modelWords = try team.allGather(chains.visible.words).flatMap { $0 }
    state.position = end
    return Double(end) / Double(modelSweeps)
  }
}
