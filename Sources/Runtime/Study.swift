public import Archives
public import MessagePassing
public import RandomStreams

/// A scientific question as a program: parameters -> units of work -> partial results -> report.
///
/// The runtime does everything else: teams, slices, checkpoints, resume, signals, progress, files.
public protocol Study: Sendable {
  /// One piece of work with a name of its own.
  associatedtype Unit: Sendable
  /// What a unit has reached; indexed by chain, row and shard, never by rank.
  associatedtype State: Checkpointable
  /// A finished unit's result.
  associatedtype Partial: Checkpointable & Sendable

  /// The catalogue name, in kebab case.
  static var name: String { get }
  /// One line of what it finds out.
  static var summary: String { get }
  /// Every parameter with default, unit and meaning.
  static var parameters: [ParameterTable] { get }

  /// Smaller sizes for `--debug`, as "table.key=value"; the user's own `--set` wins over them.
  static var debugOverrides: [String] { get }

  /// Validates everything; a value that type-checks but makes no sense is refused here.
  init(_ parameters: ParameterValues) throws(StudyError)
  /// The files that the study reads with these parameters: a run goes on only with the contents it began with.
  static func dataFiles(_ parameters: ParameterValues) -> [String]
  /// The units in the order in which results are merged and written.
  func plan() -> [PlannedUnit<Unit>]
  /// A unit's state before any work. All randomness of the unit comes from `streams`.
  func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State
  /// One slice of about a second, the same amount of work at any number of ranks; all ranks of the team call it.
  func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Partial>
  /// Makes the state complete on the team's first rank, before a checkpoint; all ranks call it. Studies whose state
  /// is the same on all ranks after each slice need not provide it.
  func collect(_ state: inout State, on team: borrowing some Communicator & ~Copyable) throws(StudyError)
  /// Rows, derived values, figures and tables from all finished units, in plan order.
  func report(_ results: [(unit: Unit, partial: Partial)]) throws(StudyError) -> Report
  /// One report of all points of a sweep, in their order; by default the points' reports one after the other.
  static func report(sweep points: [SweptResults<Self>]) throws(StudyError) -> Report
}

extension Study {
  public static var debugOverrides: [String] { [] }
  public static func dataFiles(_ parameters: ParameterValues) -> [String] { [] }
  public func collect(_ state: inout State, on team: borrowing some Communicator & ~Copyable) throws(StudyError) {}
}

/// What one slice came to.
public enum Advance<Partial: Sendable>: Sendable {
  /// There is more to do; `fraction` of the unit is done, in 0 ... 1, `stage` says in a few words what runs, and
  /// `curves` are new points of monitored quantities (training curves), valid on the team's first rank.
  case more(fraction: Double, stage: String, curves: [CurvePoint] = [])
  /// The unit is finished; the partial is valid on the team's first rank.
  case done(Partial)
}

/// A unit with what the runtime needs to know about it.
public struct PlannedUnit<Unit: Sendable>: Sendable {
  /// A short name for folders and messages, unique within the plan: lower case, digits, `-`.
  public let label: String
  /// The study's own description.
  public let unit: Unit
  /// How many ranks it wants.
  public let team: TeamSize
  /// Predicted work in floating-point or elementary operations; bytes of memory that each rank takes, and those that the
  /// ranks of the team share out.
  public let operations: Double, bytesPerRank: Double, sharedBytes: Double
  /// How parts of the work are shared by a team. What is not named here is cut among the ranks at will, or, with `.upTo(n)`, into n parts.
  public let sharing: [SharedWork]
  public init(
    label: String, unit: Unit, team: TeamSize, operations: Double, bytesPerRank: Double, sharedBytes: Double = 0,
    sharing: [SharedWork] = []
  ) {
    self.label = label
    self.unit = unit
    self.team = team
    self.operations = operations
    self.bytesPerRank = bytesPerRank
    self.sharedBytes = sharedBytes
    self.sharing = sharing
  }
}

/// How many ranks a unit wants.
public enum TeamSize: Sendable, Equatable { case one, upTo(Int), all }

/// Why a study cannot be set up or go on.
public enum StudyError: Error, Sendable {
  /// A parameter's value is refused: `what` says what would be right.
  case invalid(parameter: String, what: String)
  /// Data that the study needs is unusable.
  case data(file: String, what: String)
  /// A unit failed for a reason of its own.
  case unitFailed(String)
  /// The same, found alike by all ranks of the team at the same point of their work, so that none waits for another.
  case unitFailedOnAllRanks(String)
  /// Something that cannot be blamed on one unit, or that a team of several ranks cannot get over: the job ends.
  case fault(String)
  /// An archive could not be written or read.
  case archive(ArchiveError)
  /// Message passing failed.
  case communication(MessagePassingError)
}
