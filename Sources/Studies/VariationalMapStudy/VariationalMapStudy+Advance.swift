public import Archives
import Foundation
import LatticeSystems
public import MessagePassing
public import RandomStreams
import Renormalization
public import Runtime

extension VariationalMapStudy {
  /// How many couplings of the torus or objectives of a large lattice are done, and what was recorded; the same on all ranks.
  public struct State: Checkpointable {
    var done = 0, recording = Recording()
    /// Of a large lattice: what is trained on, the training, and the annealing under way.
    var data: [UInt64] = [], progress = FilterProgress()
    var position = 0, sweeps = 0, replicas: [UInt64] = [], logWeights: [Double] = [], runs: [[Double]] = []

    init() {}
    public static var formatVersion: Int { 3 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([done, position, runs.count, sweeps], at: "\(path)/done")
      try archive.write(data, at: "\(path)/data")
      try progress.save(to: &archive, at: "\(path)/progress")
      try archive.write(replicas, at: "\(path)/replicas")
      for (index, weights) in ([logWeights] + runs).enumerated() { try archive.write(weights, at: "\(path)/weights\(index)") }
      try recording.save(to: &archive, at: "\(path)/recording")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let place = try archive.read(Int.self, count: 4, at: "\(path)/done")
      (done, position, sweeps) = (place[0], place[1], place[3])
      data = try archive.read(UInt64.self, count: nil, at: "\(path)/data")
      progress = try FilterProgress(from: archive, at: "\(path)/progress")
      replicas = try archive.read(UInt64.self, count: nil, at: "\(path)/replicas")
      for index in 0...place[2] { runs.append(try archive.read(Double.self, count: nil, at: "\(path)/weights\(index)")) }
      logWeights = runs.removeFirst()
      recording = try Recording(from: archive, at: "\(path)/recording")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  /// The ring first, then one coupling of the torus a slice.
  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    if case .large(let size) = unit {
      do { return try advanceLarge(&state, size, streams, on: team) } catch { throw StudyError(onAllRanks: error, at: "\(size) x \(size)") }
    }
    if state.done == 0 {
      ring(into: &state.recording)
    } else {
      let coupling = torusCouplings[state.done - 1]
      do {
        for (name, filter) in try trained(coupling, streams.use("torus", state.done)) {
          let found = try torusMap(filter, coupling: coupling), at = Self.at("filter-\(name)", "coupling", coupling)
          state.recording.record(at: at, "kullback_leibler", Observable(found.kullbackLeibler, unit: "nats"))
          state.recording.record(at: at, "log_x_deviation", Observable(found.deviation, unit: "nats"))
          state.recording.record(at: at, "free_energy_difference", Observable(found.difference, unit: "nats"))
          state.recording.record(at: at, "weights", Observable(values: filter.weights))
        }
      } catch { throw .unitFailed("K = \(coupling): \(error)") }
    }
    state.done += 1
    if state.done <= torusCouplings.count {
      return .more(fraction: Double(state.done) / Double(torusCouplings.count + 1), stage: "training")
    }
    return .done(state.recording)
  }

  private func ring(into recording: inout Recording) {
    for coupling in ringCouplings {
      let found = bondMachine(coupling), at = Self.at("bond-machine", "coupling", coupling)
      recording.record(at: at, "free_energy_difference", Observable(found.map.freeEnergyDifference + found.constant, unit: "nats"))
      recording.record(at: at, "kullback_leibler", Observable(found.map.kullbackLeibler, unit: "nats"))
      recording.record(at: at, "log_x_deviation", Observable(found.map.deviationOfLogX, unit: "nats"))
      recording.record(at: at, "hidden_correlation", Observable(found.hidden))
      recording.record(at: at, "spin_correlation", Observable(found.spins))
    }
    let energies = ExactVariationalMap.ringEnergies(sites: sites, coupling: ringCouplings[0])
    for weight in weights {
      let map = ExactVariationalMap.softDecimation(energies: energies, hidden: sites / 2, weight: weight)
      let at = Self.at("soft-decimation", "weight", weight)
      recording.record(at: at, "free_energy_difference", Observable(map.freeEnergyDifference, unit: "nats"))
      recording.record(at: at, "kullback_leibler", Observable(map.kullbackLeibler, unit: "nats"))
      recording.record(at: at, "log_x_deviation", Observable(map.deviationOfLogX, unit: "nats"))
      recording.record(at: at, "hidden_correlation", Observable(map.hiddenMean { ($0 ^ $0 >> 1) & 1 == 0 ? 1 : -1 }))
    }
    for amplitude in amplitudes {
      let map = madeUp(amplitude), at = Self.at("made-up-machine", "amplitude", amplitude)
      recording.record(at: at, "free_energy_difference", Observable(map.freeEnergyDifference, unit: "nats"))
      recording.record(at: at, "kullback_leibler", Observable(map.kullbackLeibler, unit: "nats"))
      recording.record(at: at, "log_x_deviation", Observable(map.deviationOfLogX, unit: "nats"))
    }
  }
}
