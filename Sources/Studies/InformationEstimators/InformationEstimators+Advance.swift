public import Archives
import Glibc
import InformationTheory
public import MessagePassing
public import RandomStreams
public import Runtime
import Statistics

extension InformationEstimators {
  /// The estimates so far, in the order of the unit's tasks.
  public struct State: Checkpointable {
    var nats: [Double] = [], errors: [Double] = [], ceilings: [Double] = [], flags: [Int] = []

    init() {}
    public static var formatVersion: Int { 2 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(nats, at: path + "/nats")
      // Errors that cannot be had are kept as -1.
      try archive.write(errors, at: path + "/errors")
      try archive.write(ceilings, at: path + "/ceilings")
      try archive.write(flags, at: path + "/flags")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      nats = try archive.read(Double.self, count: nil, at: path + "/nats")
      errors = try archive.read(Double.self, count: nats.count, at: path + "/errors")
      ceilings = try archive.read(Double.self, count: nats.count, at: path + "/ceilings")
      flags = try archive.read(Int.self, count: nats.count, at: path + "/flags")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let tasks = tasks(unit)
    var work = 0.0
    while state.nats.count < tasks.count, work < 1e9 {
      let task = tasks[state.nats.count]
      do throws(EstimationError) {
        let found = try estimate(task.estimator, unit, repetition: task.repetition, key: streams, on: team)
        state.nats.append(found.nats)
        state.errors.append(found.standardError ?? -1)
        state.ceilings.append(found.ceiling ?? 0)
        state.flags.append(found.leansOnCeiling ? 1 : 0)
      } catch {
        if case .communication(let error) = error { throw .communication(error) }
        throw .unitFailedOnAllRanks("\(task.estimator.rawValue): \(error)")
      }
      work += operations(task.estimator, unit)
    }
    if state.nats.count < tasks.count {
      return .more(
        fraction: Double(state.nats.count) / Double(tasks.count), stage: tasks[state.nats.count].estimator.rawValue)
    }
    return .done(record(state, unit, tasks))
  }

  private func record(_ state: State, _ unit: Unit, _ tasks: [(estimator: GaussianEstimator, repetition: Int)]) -> Recording {
    var recording = Recording()
    for estimator in estimators where applies(estimator, dimension: unit.dimension) {
      let places = tasks.indices.filter { tasks[$0].estimator == estimator }
      let values = Moments(places.map { state.nats[$0] }), n = Double(values.count)
      let stated = places.map { state.errors[$0] }.filter { $0 >= 0 }
      let ceiling = state.ceilings[places[0]]
      let flagged = places.reduce(0) { $0 + state.flags[$1] }
      let at: [(name: String, value: ParameterValue)] = [
        ("estimator", .text(estimator.rawValue)), ("dimension", .integer(unit.dimension)), ("information", .real(unit.information)),
      ]
      func record(_ name: String, _ observable: Observable) { recording.record(at: at, name, observable) }
      let spread = values.variance.squareRoot()
      record("mutual_information", Observable(values.mean, error: values.standardError, unit: "nats"))
      record("bias", Observable(values.mean - unit.information, error: values.standardError, unit: "nats"))
      record("spread", Observable(spread, error: spread / sqrt(2 * (n - 1)), unit: "nats"))
      if stated.isEmpty {
        record(
          "stated_error",
          Observable(
            .nan, unit: "nats",
            reason: estimator == .noiseLower || estimator == .noiseUpper
              ? "the bounds of given samples have no error" : "too few samples for stretches that would give an error"))
      } else {
        record("stated_error", Observable(stated.reduce(0, +) / Double(stated.count), unit: "nats"))
      }
      record("ceiling", Observable(ceiling, unit: "nats"))
      record("leaning_on_ceiling", Observable(Double(flagged) / n))
      record("repetitions", Observable(n))
    }
    return recording
  }
}
