/// What the runner needs to know about one launch; nothing in it changes a result.
public struct RunSetup: Sendable {
  /// The study's digest: files of another digest are refused.
  public var digest: String
  /// The master seed and the study's name, from which units derive their keys.
  public var seed: Int, studyName: String
  /// Where units keep their files, one folder each.
  public var unitsFolder: String
  /// A file whose presence asks the run to save and leave.
  public var stopFile: String
  /// Seconds between checkpoints, and seconds of silence after which a rank counts as lost.
  public var checkpointInterval: Double, stallTimeout: Double
  /// When to save and leave, in `monotonicSeconds()`; nil: never.
  public var deadline: Double?
  /// Ranks for each team where the study leaves it open; nil: what the study asks for.
  public var ranksPerTeam: Int?
  /// Bytes that a rank may take where all ranks of its host take as many: the least over the hosts.
  public var memoryPerRank: Double
  /// Whether rank 0 only coordinates instead of computing as well.
  public var dedicatedCoordinator: Bool
  /// CPU type and build: a checkpoint of another one is refused, since its bits could not be continued.
  public var machine: String
  /// `--debug`: states are searched for non-finite numbers after each slice.
  public var checksNonFinite: Bool
  public init(
    digest: String, seed: Int, studyName: String, unitsFolder: String, stopFile: String, checkpointInterval: Double, stallTimeout: Double,
    deadline: Double?, ranksPerTeam: Int?, memoryPerRank: Double, dedicatedCoordinator: Bool, machine: String, checksNonFinite: Bool
  ) {
    self.digest = digest
    self.seed = seed
    self.studyName = studyName
    self.unitsFolder = unitsFolder
    self.stopFile = stopFile
    self.checkpointInterval = checkpointInterval
    self.stallTimeout = stallTimeout
    self.deadline = deadline
    self.ranksPerTeam = ranksPerTeam
    self.memoryPerRank = memoryPerRank
    self.dedicatedCoordinator = dedicatedCoordinator
    self.machine = machine
    self.checksNonFinite = checksNonFinite
  }
  /// The folder of unit `index`.
  public func folder(of index: Int, label: String) -> String {
    "\(unitsFolder)/\(index)-\(label)"
  }
}

/// Who is told what happens during a run; only the coordinator's process has one.
public protocol RunObserver: AnyObject {
  /// Something worth a line in the log.
  func event(_ name: String, level: EventLog.Level, _ fields: [(String, String)])
  /// Unit `index` has come to `fraction`, in its stage `stage`.
  func progress(unit index: Int, label: String, fraction: Double, stage: String)
  /// How ranks have spent their time on a unit; where that ended, and what the coordinator's own work took of its processor.
  func shares(unit label: String, _ shares: [WorkShare])
  func ended(after seconds: Double, coordinating: Double)
  /// New points of monitored curves of a unit.
  func curves(unit label: String, _ points: [CurvePoint])
}

/// How a run ended.
public enum RunOutcome<Unit: Sendable, Partial: Sendable>: Sendable {
  /// All units are finished; results in plan order on the coordinator, empty elsewhere.
  case complete([(unit: Unit, partial: Partial)])
  /// Some units failed (label and reason), the others are finished.
  case someFailed([(label: String, reason: String)], finished: [(unit: Unit, partial: Partial)])
  /// Saved and left on request.
  case stopped(reason: String)
}
