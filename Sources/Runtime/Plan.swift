/// A study's units of work with what they will take, worked out without running anything.
public struct Plan: Sendable {
  /// One unit of work.
  public struct Unit: Sendable, Equatable {
    public let label: String, team: TeamSize, operations: Double, bytesPerRank: Double, sharedBytes: Double
    public init(label: String, team: TeamSize, operations: Double, bytesPerRank: Double, sharedBytes: Double = 0) {
      self.label = label
      self.team = team
      self.operations = operations
      self.bytesPerRank = bytesPerRank
      self.sharedBytes = sharedBytes
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
    units = study.plan().map {
      Unit(label: $0.label, team: $0.team, operations: $0.operations, bytesPerRank: $0.bytesPerRank, sharedBytes: $0.sharedBytes)
    }
  }

  /// Operations of all units.
  public var operations: Double { units.reduce(0) { $0 + $1.operations } }
  /// The ranks that a unit gets in a world of `ranks`; `override` is `[run] ranks_per_team`.
  public static func teamSize(_ team: TeamSize, ranks: Int, override: Int? = nil) -> Int {
    if let override { return max(1, min(override, ranks)) }
    switch team {
    case .one: return 1
    case .upTo(let count): return max(1, min(count, ranks))
    case .all: return ranks
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

  /// Seconds that the run takes on `ranks` ranks of `rate` operations per second: units start in plan order as soon as
  /// enough ranks are free, and a team of n is n times as fast as one rank. A dedicated coordinator does not compute.
  public func seconds(ranks: Int, rate: Double, settings: RunSettings) -> Double {
    let dedicated = settings.coordinator == .dedicated || (settings.coordinator == .auto && ranks > 8)
    let workers = max(1, dedicated ? ranks - 1 : ranks)
    var free = [Double](repeating: 0, count: workers)
    for unit in units {
      let team = Self.teamSize(unit.team, ranks: workers, override: settings.ranksPerTeam)
      free.sort()
      let end = free[team - 1] + unit.operations / (rate * Double(team))
      for rank in 0..<team { free[rank] = end }
    }
    return free.max() ?? 0
  }
}
