/// A study's units of work with what they will take, worked out without running anything.
public struct Plan: Sendable {
  /// One unit of work.
  public struct Unit: Sendable, Equatable {
    public let label: String, team: TeamSize, operations: Double, bytesPerRank: Double, sharedBytes: Double
    /// All of the work, by how a team shares it.
    public let work: [SharedWork]
    public init(
      label: String, team: TeamSize, operations: Double, bytesPerRank: Double, sharedBytes: Double = 0, sharing: [SharedWork] = []
    ) {
      self.label = label
      self.team = team
      self.operations = operations
      self.bytesPerRank = bytesPerRank
      self.sharedBytes = sharedBytes
      let rest = operations - sharing.reduce(0) { $0 + $1.operations }
      var pieces: Int?
      if case .upTo(let most) = team { pieces = max(1, most) }
      work = sharing + (rest > 1e-9 * operations ? [SharedWork(.products, operations: rest, pieces: pieces)] : [])
    }
    init<U>(_ unit: PlannedUnit<U>) {
      self.init(
        label: unit.label, team: unit.team, operations: unit.operations, bytesPerRank: unit.bytesPerRank, sharedBytes: unit.sharedBytes,
        sharing: unit.sharing)
    }
    /// Seconds of a team of `ranks`, roughly, for the choice of teams: by the model of `renorm plan` with constants as they often are. Where
    /// the plan knows of no messages, each further rank of a team is taken to cost the others a twentieth.
    func time(ranks: Int) -> Double {
      let (computing, communicating) = ScalingModel.usual.seconds(self, ranks: ranks)
      return communicating > 0 ? computing + communicating : computing * (1 + Double(ranks - 1) / 20)
    }
    /// Bytes on a rank of a team of `ranks`.
    public func bytes(ranks: Int) -> Double { bytesPerRank + sharedBytes / Double(ranks) }
  }
  /// The units in plan order.
  public let units: [Unit]
  public init(units: [Unit]) { self.units = units }
  /// The plan of a study with these values, which it may refuse.
  public init(_ study: any Study.Type, _ values: ParameterValues) throws(StudyError) {
    self.init(units: try Self.units(study, values))
  }

  private static func units<S: Study>(_ study: S.Type, _ values: ParameterValues) throws(StudyError) -> [Unit] {
    values.sweep.isEmpty ? try described(study, values) : try described(Sweep<S>.self, values)
  }
  private static func described<S: Study>(_ study: S.Type, _ values: ParameterValues) throws(StudyError) -> [Unit] {
    Plan(try study.init(values)).units
  }
  /// The plan of a study.
  public init(_ study: some Study) {
    units = study.plan().map { Unit($0) }
  }

  /// Operations of all units.
  public var operations: Double { units.reduce(0) { $0 + $1.operations } }
  /// The ranks that a unit asks for in a world of `ranks`; `override` is `[run] ranks_per_team`.
  public static func teamSize(_ team: TeamSize, ranks: Int, override: Int? = nil) -> Int {
    switch team {
    case .one: 1
    case .upTo(let count): max(1, min(override ?? count, ranks))
    case .all: max(1, min(override ?? ranks, ranks))
    }
  }

  /// Why the units do not fit into the memory of `hosts` (bytes and ranks of each); nil where they do.
  public func lackOfMemory(hosts: [(name: String, bytes: Int, ranks: Int)], override: Int? = nil) -> String? {
    let ranks = hosts.reduce(0) { $0 + $1.ranks }
    for unit in units {
      let team = Self.teamSize(unit.team, ranks: ranks, override: override), each = unit.bytes(ranks: team)
      for host in hosts where each * Double(min(team, host.ranks)) > Double(host.bytes) {
        let taken = Shown.bytes(each * Double(min(team, host.ranks))), there = Shown.bytes(Double(host.bytes))
        return "unit \(unit.label) takes about \(taken) on \(host.name), which has \(there) of memory; make it smaller"
          + (unit.sharedBytes > 0 ? " or start ranks on more hosts" : "")
      }
    }
    return nil
  }
}
