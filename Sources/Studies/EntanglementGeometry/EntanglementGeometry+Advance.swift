public import Archives
import Glibc
public import MessagePassing
public import RandomStreams
public import Runtime
import TensorNetworks

extension EntanglementGeometry {
  /// What a unit has reached: a place in the list of lengths, or a start and its sweeps.
  public struct State: Checkpointable {
    /// Lengths, or starts, that are done.
    var position = 0
    var running: ScaleInvariantMERA?, best: ScaleInvariantMERA?
    var recording = Recording()
    /// Plans and their memory, made anew where missing: never saved.
    var networks: ScaleInvariantMERA.Networks?

    init() {}
    public static var formatVersion: Int { 1 }

    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.write([Self.formatVersion, position, running == nil ? 0 : 1, best == nil ? 0 : 1], at: path + "/counts")
      if let running { try running.save(to: &archive, at: path + "/running") }
      if let best { try best.save(to: &archive, at: path + "/best") }
      try recording.save(to: &archive, at: path + "/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      let counts = try archive.read(Int.self, count: 4, at: path + "/counts")
      guard counts[0] == Self.formatVersion else {
        throw .version(of: "entanglement-geometry", found: counts[0], supported: Self.formatVersion)
      }
      position = counts[1]
      if counts[2] == 1 { running = try ScaleInvariantMERA(from: archive, at: path + "/running") }
      if counts[3] == 1 { best = try ScaleInvariantMERA(from: archive, at: path + "/best") }
      recording = try Recording(from: archive, at: path + "/recording")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    do {
      switch unit {
      case .chain(let field): try measureChain(field, &state)
      case .cuts(let kind, let end): try measureCuts(kind, end, &state)
      case .mera: return try optimize(&state, streams)
      }
    } catch let error as StudyError {
      throw error
    } catch {
      throw .unitFailed("\(error)")
    }
    if state.position == lengths.count { return .done(state.recording) }
    return .more(fraction: Double(state.position) / Double(lengths.count), stage: "blocks of \(lengths[state.position]) sites")
  }

  /// All lengths of a chain: their singular values take some milliseconds, a second at a length of 1000.
  private func measureChain(_ field: Double, _ state: inout State) throws {
    let chain = try TransverseFieldChain(field: field, sites: ring), end = min(lengths.count, state.position + (longest > 300 ? 1 : 100))
    let some = Array(lengths[state.position..<end])
    if state.position == 0 {
      let at: Place = [("field", .real(field))]
      state.recording.record(at: at, "energy_per_site", Observable(chain.energyPerSite, unit: "J"))
      state.recording.record(at: at, "transverse_magnetization", Observable(chain.transverseMagnetization))
      let length = chain.correlationLength
      state.recording.record(
        at: at, "correlation_length", Observable(length, unit: "sites", reason: length.isFinite ? nil : "critical"))
    }
    for (length, entropy) in zip(some, try chain.blockEntropies(lengths: some)) {
      state.recording.record(
        at: [("field", .real(field)), ("block", .integer(length))], "block_entropy", Observable(entropy, unit: "nats"))
    }
    state.position = end
  }

  /// The cuts at all positions of the next length.
  private func measureCuts(_ kind: NetworkGraph.Kind, _ end: Int?, _ state: inout State) throws {
    let graph = try NetworkGraph(kind, sites: sites(kind), endingAfter: end), length = lengths[state.position]
    let cuts = try graph.minimalCuts(length: length)
    let at: Place = [
      ("network", .text(kind.rawValue)), ("layers", .integer(graph.layers)), ("ended", .flag(end != nil)), ("block", .integer(length)),
    ]
    let mean = Double(cuts.reduce(0, +)) / Double(cuts.count)
    state.recording.record(at: at, "minimal_cut", Observable(mean, unit: "bonds"))
    state.recording.record(at: at, "least_minimal_cut", Observable(Double(cuts.min() ?? 0), unit: "bonds"))
    state.recording.record(at: at, "largest_minimal_cut", Observable(Double(cuts.max() ?? 0), unit: "bonds"))
    state.recording.record(
      ResultArray(
        name: "minimal_cut_\(kind.rawValue)\(end.map { "_\($0)_layers" } ?? "")_block_\(length)", longName: "minimal cut by position",
        unit: "bonds",
        dimensions: [("start_\(kind == .ternary ? "ternary" : "binary")", cuts.count)], values: cuts.map(Double.init)))
    state.position += 1
  }

  /// Some sweeps of the start in work; after the last, what the best one says.
  private func optimize(_ state: inout State, _ streams: StreamKey) throws -> Advance<Recording> {
    let networks = state.networks ?? ScaleInvariantMERA.Networks(bondDimension: bondDimension)
    state.networks = networks
    var mera: ScaleInvariantMERA
    if let running = state.running {
      mera = running
    } else {
      var choices = KeyedStreams(streams).series(replica: state.position, step: 0, site: 0, purpose: .initial)
      mera = try ScaleInvariantMERA(bondDimension: bondDimension, from: &choices)
    }
    let end = min(sweeps, mera.sweeps + max(1, Int(1 / EntanglementRenormalization.secondsPerSweep(bondDimension))))
    while mera.sweeps < end { try mera.sweep(networks) }
    let curve = CurvePoint("start-\(state.position + 1)/energy_error", step: end, value: mera.energyPerSite + 4 / Double.pi)
    let fraction = (Double(state.position) + Double(end) / Double(sweeps)) / Double(starts)
    let stage = "MERA, start \(state.position + 1) of \(starts)"
    if end < sweeps {
      state.running = mera
      return .more(fraction: fraction, stage: stage, curves: [curve])
    }
    if state.best.map({ mera.energyPerSite < $0.energyPerSite }) ?? true { state.best = mera }
    state.running = nil
    state.position += 1
    guard state.position == starts, var best = state.best else { return .more(fraction: fraction, stage: stage, curves: [curve]) }
    best.settle(networks)
    let at: Place = [("bond_dimension", .integer(bondDimension))]
    state.recording.record(at: at, "energy_error", Observable(best.energyPerSite + 4 / Double.pi, unit: "J"))
    state.recording.record(at: at, "central_charge", Observable(try best.centralCharge()))
    state.recording.record(at: at, "block_entropies", Observable(values: try best.spinEntropies(), unit: "nats"))
    return .done(state.recording)
  }
}
