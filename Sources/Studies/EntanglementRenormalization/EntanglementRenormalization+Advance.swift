public import Archives
import Glibc
public import MessagePassing
public import RandomStreams
public import Runtime
import TensorNetworks

extension EntanglementRenormalization {
  /// The optimisations of the present stage, by start; the same on all ranks after each slice.
  public struct State: Checkpointable {
    /// Which bond dimension, and sweeps done at it.
    var stage = 0, position = 0
    var starts: [ScaleInvariantMERA] = []
    /// Energy errors of each start at the sweeps of `curveSweeps`.
    var curves: [[Double]] = [], curveSweeps: [Int] = []
    var recording = Recording()
    /// Plans and their memory, made anew where missing: never saved.
    var networks: ScaleInvariantMERA.Networks?

    init() {}
    public static var formatVersion: Int { 1 }

    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.write([Self.formatVersion, stage, position, starts.count], at: path + "/counts")
      for (i, start) in starts.enumerated() {
        try start.save(to: &archive, at: "\(path)/start\(i)")
        try archive.write(curves[i], at: "\(path)/curve\(i)")
      }
      try archive.write(curveSweeps, at: path + "/curve_sweeps")
      try recording.save(to: &archive, at: path + "/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      let counts = try archive.read(Int.self, count: 4, at: path + "/counts")
      guard counts[0] == Self.formatVersion else {
        throw .version(of: "entanglement-renormalization", found: counts[0], supported: Self.formatVersion)
      }
      (stage, position) = (counts[1], counts[2])
      for i in 0..<counts[3] {
        starts.append(try ScaleInvariantMERA(from: archive, at: "\(path)/start\(i)"))
        curves.append(try archive.read(Double.self, count: nil, at: "\(path)/curve\(i)"))
      }
      curveSweeps = try archive.read(Int.self, count: nil, at: path + "/curve_sweeps")
      recording = try Recording(from: archive, at: path + "/recording")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    do {
      for start in 0..<randomStarts {
        var choices = KeyedStreams(streams).series(replica: start, step: 0, site: 0, purpose: .initial)
        state.starts.append(try ScaleInvariantMERA(bondDimension: bondDimensions[0], from: &choices))
      }
    } catch {
      throw .unitFailed("random start: \(error)")
    }
    state.curves = [[Double]](repeating: [], count: randomStarts)
    return state
  }

  /// Some more sweeps of every start; each rank sweeps its share of them.
  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let stage = state.stage, chi = bondDimensions[stage], count = starts(stage), total = sweeps[stage]
    let networks = state.networks ?? ScaleInvariantMERA.Networks(bondDimension: chi)
    state.networks = networks
    let first = state.position
    // To the next point of the curves, and for no longer than about a second on one rank.
    let next = min(total, first + max(1, Int(1 / (Double(count) * Self.secondsPerSweep(chi)))), nextPoint(after: first))
    let mine = team.rank * count / team.size..<(team.rank + 1) * count / team.size
    do {
      var packed: [Double] = []
      for start in mine {
        for _ in first..<next { try state.starts[start].sweep(networks) }
        packed += state.starts[start].packed
      }
      let each = ScaleInvariantMERA.packedCount(bondDimension: chi), all = try team.allGather(packed).flatMap { $0 }
      state.starts = (0..<count).map { ScaleInvariantMERA(packed: Array(all[$0 * each..<($0 + 1) * each])) }
    } catch let error as MessagePassingError {
      throw .communication(error)
    } catch {
      throw .unitFailed("chi = \(chi), sweep \(first): \(error)")
    }
    state.position = next
    var curves: [CurvePoint] = []
    if next == nextPoint(after: first) || next == total {
      state.curveSweeps.append(next)
      for start in 0..<count { state.curves[start].append(state.starts[start].energyPerSite + 4 / Double.pi) }
      let least = state.starts.map(\.energyPerSite).min() ?? .nan
      curves.append(CurvePoint("chi-\(chi)/least_energy_error", step: next, value: least + 4 / Double.pi))
    }
    let weights = bondDimensions.indices.map { Double(starts($0) * sweeps[$0]) * Self.secondsPerSweep(bondDimensions[$0]) }
    let done = weights[..<stage].reduce(0, +) + weights[stage] * Double(next) / Double(total)
    if next == total {
      do { try finishStage(&state, streams) } catch { throw .unitFailed("chi = \(chi): \(error)") }
      if state.stage == bondDimensions.count { return .done(state.recording) }
    }
    return .more(fraction: min(0.999, done / weights.reduce(0, +)), stage: "chi = \(chi), sweep \(next) of \(total)", curves: curves)
  }

  /// Sweeps at which the curves have points: twelve a decade, so that the figure is even on a logarithmic axis.
  private func nextPoint(after sweep: Int) -> Int {
    var point = sweep
    var index = sweep < 1 ? 0 : Int((12 * log10(Double(sweep))).rounded(.down)) - 1
    while point <= sweep {
      point = Int(pow(10, Double(index) / 12).rounded())
      index += 1
    }
    return point
  }

  /// Records the stage's best solution and starts the next stage from it.
  private func finishStage(_ state: inout State, _ streams: StreamKey) throws {
    let chi = bondDimensions[state.stage], networks = ScaleInvariantMERA.Networks(bondDimension: chi)
    let energies = state.starts.map(\.energyPerSite)
    let best = energies.indices.min { energies[$0] < energies[$1] } ?? 0
    var mera = state.starts[best]
    mera.settle(networks)
    let at: Place = [("bond_dimension", .integer(chi))]
    func record(_ name: String, _ observable: Observable) { state.recording.record(at: at, name, observable) }
    let (one, two) = try mera.coarseEntropies()
    record("energy_per_site", Observable(mera.energyPerSite, unit: "J", reason: "a variational upper bound"))
    record("energy_error", Observable(mera.energyPerSite + 4 / Double.pi, unit: "J"))
    record("energy_error_by_start", Observable(values: energies.map { $0 + 4 / Double.pi }, unit: "J"))
    record("scaling_dimensions", Observable(values: try mera.twoSiteScalingDimensions(count: Self.levels, networks)))
    record("one_site_scaling_dimensions", Observable(values: try mera.oneSiteScalingDimensions(count: 4)))
    record("central_charge", Observable(try mera.centralCharge()))
    record("coarse_entropies", Observable(values: [one, two], unit: "nats"))
    record("block_entropies", Observable(values: try mera.spinEntropies(), unit: "nats"))
    state.recording.record(
      ResultArray(
        name: "energy_error_chi_\(chi)", longName: "energy above -4/pi by start and sweep", unit: "J",
        dimensions: [("start_chi_\(chi)", state.starts.count), ("point_chi_\(chi)", state.curveSweeps.count)],
        values: state.curves.flatMap { $0 }))
    state.recording.record(
      ResultArray(
        name: "sweeps_chi_\(chi)", longName: "sweeps of the points", unit: "sweeps",
        dimensions: [("point_chi_\(chi)", state.curveSweeps.count)],
        values: state.curveSweeps.map(Double.init)))
    state.stage += 1
    state.position = 0
    state.networks = nil
    state.curveSweeps = []
    guard state.stage < bondDimensions.count else {
      state.starts = []
      state.curves = []
      return
    }
    state.starts = try (0..<continuedStarts).map { start in
      var choices = KeyedStreams(streams).series(replica: start, step: UInt64(state.stage), site: 0, purpose: .initial)
      return try mera.grown(to: bondDimensions[state.stage], noise: noise, from: &choices)
    }
    state.curves = [[Double]](repeating: [], count: continuedStarts)
  }

  /// Scaling dimensions that are recorded.
  static let levels = 9
}
