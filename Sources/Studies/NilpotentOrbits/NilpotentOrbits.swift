public import Archives
public import MessagePassing
public import RandomStreams
public import Runtime
public import SymmetryGroups

/// The nilpotent orbits of simple Lie algebras: the ladder from the minimal orbit up, with dimensions, weighted Dynkin
/// diagrams and, for the classical types, the order of their closures. One unit of work for each algebra.
public struct NilpotentOrbits: Study {
  public static let name = "nilpotent-orbits"
  public static let summary = "nilpotent orbits of simple Lie algebras: weighted Dynkin diagrams, dimensions, closure order"

  /// One algebra.
  public typealias Unit = SimpleLieType

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "algebras", "which simple Lie algebras",
      [
        Parameter(
          "types", .texts(["A4", "B4", "C4", "D4", "D5", "G2", "F4", "E6", "E7", "E8"]), unit: "1",
          "names such as \"B3\": A (rank 1 to 8), B and C (2 to 8), D (4 to 8), E6, E7, E8, F4, G2"),
        Parameter("adjoint_ranks", .flag(true), unit: "1", "whether each dimension is checked by rank(ad e) in the whole algebra"),
      ]),
    ParameterTable(
      "orbit", "one orbit of a classical algebra to be looked at by itself",
      [
        Parameter("type", .text(""), unit: "1", "its algebra, e.g. \"D4\"; empty: none"),
        Parameter("partition", .integers([]), .integers(1...64), unit: "1", "its Jordan blocks, e.g. [3, 2, 2, 1]"),
      ]),
  ]

  public static let debugOverrides = ["algebras.types=[\"B3\", \"G2\"]"]

  let types: [SimpleLieType], checksRanks: Bool
  /// The orbit to be looked at.
  let chosen: OrbitPartition?

  public init(_ parameters: ParameterValues) throws(StudyError) {
    var types: [SimpleLieType] = []
    for (place, name) in parameters.texts("algebras.types").enumerated() {
      guard let type = SimpleLieType(name), type.rank <= 8 else {
        throw .invalid(
          parameter: "algebras.types[\(place)]",
          what: "\"\(name)\" is none of A1 ... A8, B2 ... B8, C2 ... C8, D4 ... D8, E6, E7, E8, F4, G2")
      }
      guard !types.contains(type) else { throw .invalid(parameter: "algebras.types[\(place)]", what: "\(type) stands twice") }
      types.append(type)
    }
    guard !types.isEmpty else { throw .invalid(parameter: "algebras.types", what: "at least one algebra is needed, e.g. [\"E8\"]") }
    self.types = types
    checksRanks = parameters.flag("algebras.adjoint_ranks")
    let name = parameters.text("orbit.type"), parts = parameters.integers("orbit.partition")
    guard !name.isEmpty else {
      guard parts.isEmpty else { throw .invalid(parameter: "orbit.type", what: "a partition is given, but not its algebra, e.g. \"D4\"") }
      chosen = nil
      return
    }
    guard let type = SimpleLieType(name), type.isClassical, type.rank <= 8 else {
      throw .invalid(parameter: "orbit.type", what: "\"\(name)\" is no classical algebra of rank at most 8, such as \"D4\"")
    }
    do throws(PartitionError) { chosen = try OrbitPartition(type, parts) } catch {
      throw .invalid(parameter: "orbit.partition", what: error.description)
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    types.map { type in
      var diagrams = 1.0
      for _ in 0..<type.rank { diagrams *= 3 }
      let size = Double(type.dimension), orbits = 2.5 * Double(type.rank * type.rank)
      let work = 2e6 * diagrams / 10 + (checksRanks ? 30 * orbits * size * size * size / 3 : 0)
      let label = type.description.lowercased()
      return PlannedUnit(label: label, unit: type, team: .one, operations: work, bytesPerRank: 40 * size * size)
    }
  }

  /// How far an algebra has come: its orbits, and rank(ad e) of the first of them.
  public struct State: Checkpointable, Sendable {
    /// Diagrams and dimensions of all orbits, once they are found.
    var orbits: [NilpotentOrbit] = []
    var ranks: [Int] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(orbits.map(\.dimension), at: path + "/dimensions")
      try archive.write(orbits.flatMap(\.diagram), at: path + "/diagrams")
      try archive.write(ranks, at: path + "/ranks")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let dimensions = try archive.read(Int.self, count: nil, at: path + "/dimensions")
      let labels = try archive.read(Int.self, count: nil, at: path + "/diagrams")
      let rank = labels.count / max(1, dimensions.count)
      orbits = dimensions.enumerated().map { place, dimension in
        NilpotentOrbit(diagram: Array(labels[place * rank..<(place + 1) * rank]), dimension: dimension)
      }
      ranks = try archive.read(Int.self, count: nil, at: path + "/ranks")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  /// The first slice finds the orbits, the later ones check some of their dimensions each.
  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let algebra = SimpleLieAlgebra(unit), source = KeyedStreams(streams)
    if state.orbits.isEmpty {
      state.orbits = algebra.nilpotentOrbits(from: source)
      if checksRanks { return .more(fraction: 0.5, stage: "checking dimensions") }
    }
    if checksRanks {
      let size = Double(unit.dimension), each = max(1, Int(2e9 / (size * size * size)))
      for place in state.ranks.count..<min(state.orbits.count, state.ranks.count + each) {
        var choices = source.generator(replica: place, step: 1, site: 0, purpose: .proposal)
        state.ranks.append(algebra.adjointRank(of: state.orbits[place], from: &choices))
      }
      if state.ranks.count < state.orbits.count {
        return .more(fraction: 0.5 + 0.5 * Double(state.ranks.count) / Double(state.orbits.count), stage: "checking dimensions")
      }
    }
    return .done(record(state, unit))
  }

  private func record(_ state: State, _ type: Unit) -> Recording {
    var recording = Recording()
    let algebra: [(String, ParameterValue)] = [("algebra", .text(type.description))]
    recording.record(at: algebra, "dimension", Observable(Double(type.dimension)))
    recording.record(at: algebra, "orbits", Observable(Double(state.orbits.count)))
    recording.record(at: algebra, "minimal_dimension", Observable(Double(state.orbits[1].dimension)))
    recording.record(at: algebra, "sum_of_dimensions", Observable(Double(state.orbits.reduce(0) { $0 + $1.dimension })))
    if checksRanks {
      let wrong = zip(state.ranks, state.orbits).count { $0 != $1.dimension }
      recording.record(at: algebra, "dimensions_missed_by_adjoint_rank", Observable(Double(wrong)))
    }
    let named = OrbitPartition.all(type)
    if !named.isEmpty {
      let order = ClosureOrder(named)
      let agree = Set(named.map(\.diagram)) == Set(state.orbits.map(\.diagram)) && named.count == state.orbits.count
      recording.record(at: algebra, "covers", Observable(Double(order.covers.count)))
      recording.record(at: algebra, "partitions_agree", Observable(agree ? 1 : 0))
      let name = type.description.lowercased()
      recording.record(
        ResultArray(
          name: "covers_\(name)", longName: "covers of the closure order, by the orbits' numbers (lower, upper)", unit: "1",
          dimensions: [("cover_\(name)", order.covers.count), ("end", 2)],
          values: order.covers.flatMap { [Double($0.lower), Double($0.upper)] }))
    }
    for (place, orbit) in ordered(state.orbits, by: named).enumerated() {
      var at = algebra + [("orbit", ParameterValue.integer(place))]
      if place < named.count { at.append(("partition", .text(named[place].description))) }
      recording.record(at: at, "dimension", Observable(Double(orbit.dimension)))
      recording.record(at: at, "weighted_diagram", Observable(values: orbit.diagram.map(Double.init)))
      if checksRanks, let found = state.orbits.firstIndex(of: orbit) {
        recording.record(at: at, "adjoint_rank", Observable(Double(state.ranks[found])))
      }
    }
    return recording
  }

  /// The orbits in the order of the partitions that name them, where there are any.
  private func ordered(_ orbits: [NilpotentOrbit], by named: [OrbitPartition]) -> [NilpotentOrbit] {
    let found = named.compactMap { name in orbits.first { $0.diagram == name.diagram } }
    return found.count == orbits.count ? found : orbits
  }
}
