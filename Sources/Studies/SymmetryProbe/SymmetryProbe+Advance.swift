public import Archives
public import MessagePassing
public import RandomStreams
public import Runtime
import SymmetryGroups

extension SymmetryProbe {
  /// A slice's group elements are cut into so many parts, whose sums are added in order: the same at any number of ranks.
  private static let parts = 8

  /// How far a unit has come.
  public struct State: Checkpointable, Sendable {
    /// The digest of the run that is probed: another run in its folder is noticed.
    var digest = ""
    /// e(g) of the elements done, `[elements, features]`.
    var errors: [Float] = []
    /// Sums of F(g x) over the elements done, `[samples, features]`.
    var sums: [Double] = []
    /// Made anew where missing, never saved: the features of the samples, and their values.
    var scratch: Scratch?

    struct Scratch: Sendable {
      let features: ProbedFeatures, errors: InvarianceErrors
    }

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(digest, at: path + "/digest")
      // As bit patterns: errors of constant units are no numbers, and `--debug` takes such numbers for faults.
      try archive.write(errors.map { UInt64($0.bitPattern) }, at: path + "/errors")
      try archive.write(sums, at: path + "/sums")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      digest = try archive.text(at: path + "/digest")
      errors = try archive.read(UInt64.self, count: nil, at: path + "/errors").map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
      sums = try archive.read(Double.self, count: nil, at: path + "/sums")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State {
    var state = State()
    state.digest = model.digest
    state.sums = [Double](repeating: 0, count: samples * features(unit))
    return state
  }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    guard state.digest == model.digest else {
      throw .fault("the run to be probed is now \(model.digest), and was \(state.digest) when this unit began: start over with --fresh")
    }
    if state.scratch == nil { state.scratch = try prepare(unit, streams) }
    guard let scratch = state.scratch else { preconditionFailure("set above") }
    let count = features(unit), done = state.errors.count / count, parts = Self.parts
    let perElement = 2e3 + Double(samples) * (Double(symmetry.sites) + operations(unit) / 200)
    let width = min(symmetry.order - done, max(parts, Int(1e9 / perElement) / parts * parts))
    let mine = team.rank * parts / team.size..<(team.rank + 1) * parts / team.size
    var errors: [Float] = [], sums: [Double] = []
    for part in mine {
      var sum = [Double](repeating: 0, count: samples * count)
      for element in done + width * part / parts..<done + width * (part + 1) / parts {
        let values = scratch.features(symmetry.permutation(symmetry.element(element)))
        for k in values.indices { sum[k] += values[k] }
        errors += scratch.errors.errors(of: values).map { Float($0) }
      }
      sums += sum
    }
    do throws(MessagePassingError) {
      state.errors += try team.allGather(errors).flatMap { $0 }
      let all = try team.allGather(sums).flatMap { $0 }
      for part in 0..<parts { for k in 0..<samples * count { state.sums[k] += all[part * samples * count + k] } }
    } catch { throw .communication(error) }
    guard done + width == symmetry.order else {
      return .more(fraction: Double(done + width) / Double(symmetry.order), stage: "transforming samples")
    }
    return .done(record(state, unit, scratch.errors))
  }

  private func operations(_ unit: Unit) -> Double {
    if case .layer(let index, _) = unit { return model.operations(upTo: index) }
    return 0
  }

  /// The features that a unit looks at, and their values on the samples as they are.
  private func prepare(_ unit: Unit, _ streams: StreamKey) throws(StudyError) -> State.Scratch {
    let all = try model.features(of: unit, samples: samples, warmUp: warmUp, from: KeyedStreams(streams))
    let count = features(unit), places = (0..<count).map { place(of: $0, in: unit) }
    let width: Int
    if case .layer(let index, _) = unit { width = model.layers[index].units } else { width = count }
    let samples = samples
    let features: ProbedFeatures = { permutation in
      let values = all(permutation)
      return width == count ? values : (0..<samples).flatMap { row in places.map { values[row * width + $0] } }
    }
    return State.Scratch(features: features, errors: InvarianceErrors(values: features(nil), features: count))
  }
}
