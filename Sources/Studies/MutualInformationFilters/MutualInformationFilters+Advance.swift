public import Archives
import InformationTheory
import LatticeSystems
public import MessagePassing
public import RandomStreams
import Renormalization
public import Runtime
import Sampling
import Statistics

extension MutualInformationFilters {
  /// What a unit has reached.
  public struct State: Checkpointable {
    /// The block filter's weights, then the wide filter's; the training under way.
    var weights: [Double] = [], training = FilterProgress()
    /// The estimate under way of what the neural filter knows.
    var estimate: NeuralEstimator.Progress?
    /// What has been recorded.
    var recording = Recording()

    init() {}
    public static var formatVersion: Int { 2 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(weights, at: "\(path)/weights")
      try training.save(to: &archive, at: "\(path)/training")
      try archive.write([estimate == nil ? 0 : 1], at: "\(path)/estimates")
      try estimate?.save(to: &archive, at: "\(path)/estimate")
      try recording.save(to: &archive, at: "\(path)/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      weights = try archive.read(Double.self, count: nil, at: "\(path)/weights")
      training = try FilterProgress(from: archive, at: "\(path)/training")
      if try archive.scalar(Int.self, at: "\(path)/estimates") == 1 {
        estimate = try NeuralEstimator.Progress(from: archive, at: "\(path)/estimate")
      }
      recording = try Recording(from: archive, at: "\(path)/recording")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    switch unit {
    case .ring:
      let done = state.weights.count / 4
      guard done < blocks.count else { return .done(ring(state.weights)) }
      trainOnRing(&state, block: blocks[done], streams)
      let part = Double(state.training.step) / Double(neural.steps)
      return .more(fraction: (Double(state.weights.count / 4) + part) / Double(blocks.count + 1), stage: "training")
    case .coupling(let coupling):
      do {
        if state.weights.count < 48 {
          try train(&state, coupling, streams)
          let part = Double(state.training.step) / Double(state.weights.count == 32 ? neural.steps : steps)
          return .more(fraction: 0.25 * (part + Double(state.weights.count / 16)), stage: "training")
        }
        if state.recording.rows.isEmpty {
          try recordExact(coupling, state.weights, into: &state.recording)
          return .more(fraction: 0.8, stage: "summing over states")
        }
        if state.recording.observable("information_infonce", at: Self.at(coupling, "neural-filter")) == nil {
          try estimate(&state, coupling, streams)
          let part = Double(state.estimate?.step ?? neural.steps) / Double(neural.steps)
          return .more(fraction: 0.8 + 0.15 * part, stage: "estimating")
        }
        try recordBounds(coupling, state.weights, streams, into: &state.recording)
        return .done(state.recording)
      } catch { throw .unitFailed("K = \(coupling): \(error)") }
    }
  }

  /// Some seconds' steps of the block filter, then of the wide one, then of the neural one on the 6 x 6 torus.
  private func train(_ state: inout State, _ coupling: Double, _ streams: StreamKey) throws {
    let place = state.weights.count / 16, source = KeyedStreams(streams.use("training", place)), isNeural = place == 2
    let training = isNeural ? neural : FilterTraining(window: 4, steps: steps, batch: batch, rate: rate)
    if isNeural {
      let data = try SixTorus(coupling: coupling).samples(neuralSamples, from: streams.use("torus data"))
      training.neuralEnvironment(
        data, reading: training.block, hidden: neuralHidden, from: source, into: &state.training, steps: neuralSlice)
    } else {
      let data = try EnvironmentSamples(draw(coupling, streams, "data"), window: 4)
      training.environment(
        data, reading: place == 0 ? training.block : nil, from: source, into: &state.training, steps: max(1, 100_000 / batch))
    }
    guard state.training.step == training.steps else { return }
    state.weights += training.weights(state.training)
    state.training = FilterProgress()
  }

  /// Some steps of the neural filter of a block of the ring; it reads the first spins of a window of 2 x 2, which the block is.
  private func trainOnRing(_ state: inout State, block: Int, _ streams: StreamKey) {
    let ring = RingBlock(block: block, coupling: ringCoupling), source = KeyedStreams(streams.use("ring training", block))
    let data = ring.samples(
      sites: ringSites, buffer: buffer, reach: min(4, (ringSites - block - 2 * buffer) / 2), count: neuralSamples,
      from: KeyedStreams(streams.use("ring data", block)))
    let training = FilterTraining(window: 2, steps: neural.steps, batch: neural.batch, rate: neural.rate)
    training.neuralEnvironment(
      data, reading: Array(0..<block), hidden: neuralHidden, from: source, into: &state.training, steps: neuralSlice)
    guard state.training.step == training.steps else { return }
    state.weights += training.weights(state.training)
    state.training = FilterProgress()
  }

  /// Some steps of the InfoNCE estimate of the neural filter; its value after the last.
  private func estimate(_ state: inout State, _ coupling: Double, _ streams: StreamKey) throws {
    let test = try SixTorus(coupling: coupling).samples(neuralSamples, from: streams.use("torus test"))
    let training = try test.neuralTraining(
      of: filters(state.weights)[2], steps: neural.steps, batch: 4 * neural.batch, hidden: neuralHidden,
      from: KeyedStreams(streams.use("critic")), progress: state.estimate)
    for _ in training.progress.step..<min(neural.steps, training.progress.step + neuralSlice) {
      _ = try training.advance(on: SoloCommunicator())
    }
    state.estimate = training.progress
    guard training.progress.step == neural.steps else { return }
    let found = try training.evaluate(on: SoloCommunicator())
    state.recording.record(
      at: Self.at(coupling, "neural-filter"), "information_infonce",
      Observable(found.nats, error: found.standardError, unit: "nats"))
    state.estimate = nil
  }

  private func draw(_ coupling: Double, _ streams: StreamKey, _ use: String) throws -> Configurations {
    let sampler = try IsingChainSampler(
      IsingModel(SquareLattice(size: size), coupling: coupling), move: .swendsenWang, interval: interval)
    let source = KeyedStreams(streams.use(use))
    var words = sampler.start(0, from: source), taken: UInt64 = 0
    _ = try sampler.draw(&words, chain: 0, steps: &taken, count: 100, from: source)
    return try sampler.draw(&words, chain: 0, steps: &taken, count: configurations, from: source)
  }

  static func at(_ coupling: Double, _ rule: String) -> [(name: String, value: ParameterValue)] {
    [("coupling", .real(coupling)), ("rule", .text(rule))]
  }

  /// A state of the block within the window, whose sites 5, 6, 9 and 10 it is, and back.
  static func window(_ block: Int) -> Int { (block & 3) << 5 | (block >> 2 & 3) << 9 }
  private static func block(_ window: Int) -> Int { window >> 5 & 3 | (window >> 9 & 3) << 2 }
  /// The filters: of the block, of the 4 x 4 window, of the block by InfoNCE.
  private func filters(_ weights: [Double]) -> [TiedFilter] {
    (0..<3).map { TiedFilter(window: 4, weights: Array(weights[16 * $0..<16 * ($0 + 1)]), choice: .mostProbable) }
  }
  /// The laws of the block that are compared.
  private func laws(_ filters: [TiedFilter]) -> [(name: String, law: [Double])] {
    func law(_ filter: TiedFilter) -> [Double] { (0..<16).map { filter.probability(Self.window($0)) } }
    return [
      ("block-filter", law(filters[0])), ("neural-filter", law(filters[2])), ("majority", BlockRule.majority),
      ("one-spin", BlockRule.decimation),
    ]
  }

  private func recordExact(_ coupling: Double, _ weights: [Double], into recording: inout Recording) throws {
    let filters = filters(weights), named = laws(filters)
    let exact = BlockEnvironment(coupling: coupling)
    for law in named {
      recording.record(at: Self.at(coupling, law.name), "exact_information", Observable(exact.information(law.law), unit: "nats"))
      recording.record(at: Self.at(coupling, law.name), "exact_linear_reading", Observable(exact.linearReading(law.law), unit: "nats"))
    }
    recording.record(at: Self.at(coupling, "best-odd-map"), "exact_information", Observable(exact.bestOddMap, unit: "nats"))
    recording.record(at: Self.at(coupling, "block"), "exact_information", Observable(exact.blockInformation, unit: "nats"))
    for (name, filter) in zip(["block-filter", "wide-filter", "neural-filter"], filters) {
      recording.record(at: Self.at(coupling, name), "weights", Observable(values: filter.weights))
    }
  }

  private func recordBounds(_ coupling: Double, _ weights: [Double], _ streams: StreamKey, into recording: inout Recording) throws {
    let filters = filters(weights), named = laws(filters)
    let fit = try EnvironmentSamples(draw(coupling, streams, "fit"), window: 4)
    let test = try EnvironmentSamples(draw(coupling, streams, "test"), window: 4)
    for (name, law) in named {
      let bound = EnvironmentBound.value(of: { law[Self.block($0)] }, fit, test)
      recording.record(at: Self.at(coupling, name), "information_bound", Observable(bound.value, error: bound.error, unit: "nats"))
    }
    let bound = EnvironmentBound.value(of: filters[1].probability, fit, test)
    recording.record(at: Self.at(coupling, "wide-filter"), "information_bound", Observable(bound.value, error: bound.error, unit: "nats"))
  }

  // MARK: the ring

  static func ring(_ block: Int, _ rule: String) -> [(name: String, value: ParameterValue)] {
    [("ring_block", .integer(block)), ("rule", .text(rule))]
  }

  /// All rules of each block: the most informative, those that are named, and the range of all.
  private func ring(_ weights: [Double]) -> Recording {
    var recording = Recording()
    for (place, block) in blocks.enumerated() {
      let filter = TiedFilter(window: 2, weights: Array(weights[4 * place..<4 * (place + 1)]), choice: .mostProbable)
      recording.record(at: Self.ring(block, "neural-filter"), "weights", Observable(values: Array(filter.weights[..<block])))
      let ring = RingBlock(block: block, coupling: ringCoupling), maps = RingBlock.oddMaps(block: block), top = (1 << block) - 1
      let named: [(String, [Double])] = [
        ("edge-spin", (0...top).map { Double($0 & 1) }), ("inner-spin", (0...top).map { Double($0 >> (block / 2) & 1) }),
        ("majority", (0...top).map { 2 * $0.nonzeroBitCount == block ? 0.5 : 2 * $0.nonzeroBitCount > block ? 1 : 0 }),
        ("neural-filter", (0...top).map { filter.probability($0) }),
      ]
      let found = ring.informations(sites: ringSites, buffer: buffer, laws: maps + named.map(\.1))
      // Of maps that are equal to rounding the first.
      var best = 0
      for k in maps.indices where found.laws[k] > found.laws[best] + 1e-12 { best = k }
      let rows =
        [("best-of-all", maps[best], found.laws[best])]
        + named.enumerated().map { ($1.0, $1.1, found.laws[maps.count + $0]) }
      for (rule, law, information) in rows {
        let couplings = ring.pairCouplings(law, count: coarse), at = Self.ring(block, rule)
        recording.record(at: at, "exact_information", Observable(information, unit: "nats"))
        recording.record(at: at, "pair_couplings", Observable(values: couplings.pairs))
        recording.record(at: at, "other_couplings", Observable(couplings.others))
      }
      recording.record(at: Self.ring(block, "block"), "exact_information", Observable(found.block, unit: "nats"))
      let reaches = maps.map { law -> Double in
        let couplings = ring.pairCouplings(law, count: coarse)
        return couplings.pairs.dropFirst().reduce(0) { $0 + abs($1) } + couplings.others
      }
      recording.record(
        at: [("ring_block", .integer(block))], "informations_of_all", Observable(values: Array(found.laws[..<maps.count]), unit: "nats"))
      recording.record(at: [("ring_block", .integer(block))], "couplings_beyond_nearest_of_all", Observable(values: reaches))
    }
    return recording
  }
}
