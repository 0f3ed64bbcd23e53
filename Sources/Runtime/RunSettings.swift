/// What does not change the results: the `[run]` table of a study file. It stays out of the digest.
public struct RunSettings: Sendable, Equatable {
  /// Which ranks the coordinator occupies.
  public enum CoordinatorMode: String, Sendable, CaseIterable {
    /// Computing in worlds of up to 8 ranks, dedicated from 9 on.
    case auto
    /// Rank 0 only hands out work.
    case dedicated
    /// Rank 0 also computes.
    case computing
  }
  /// How progress is shown.
  public enum ProgressMode: String, Sendable, CaseIterable {
    /// A bar on a terminal, plain lines elsewhere.
    case auto
    case bar, lines, none
  }
  /// When a run stops by itself, saved and resumable.
  public enum MaximumTime: Sendable, Equatable {
    case never
    /// From the scheduler's end time.
    case auto
    case seconds(Double)
  }

  /// The output folder; nil for `runs/<study>-<digest>`.
  public var out: String?
  public var maximumTime: MaximumTime
  /// Seconds between checkpoints.
  public var checkpointInterval: Double
  /// Overrides what the study asks for; nil leaves it to the study.
  public var ranksPerTeam: Int?
  public var coordinator: CoordinatorMode
  /// Seconds without a sign of life after which a rank counts as lost.
  public var stallTimeout: Double
  public var progress: ProgressMode

  /// The settings that a file without `[run]` has.
  public init() {
    out = nil
    maximumTime = .never
    checkpointInterval = 60
    ranksPerTeam = nil
    coordinator = .auto
    stallTimeout = 20
    progress = .auto
  }

  /// Whether rank 0 of `ranks` only hands out work.
  public func hasDedicatedCoordinator(ranks: Int) -> Bool {
    switch coordinator {
    case .auto: ranks > 8
    case .dedicated: ranks > 1
    case .computing: false
    }
  }

  /// The `[run]` table as the catalogue shows it.
  public static let table = ParameterTable(
    "run", "how the study is run; nothing here changes a result, and none of it enters the digest",
    [
      Parameter("out", .text(""), unit: "path", "output folder; empty: runs/<study>-<digest>"),
      Parameter(
        "max_time", .text(""), unit: "h:mm:ss",
        "stop after this time, saved and resumable; \"auto\": by the scheduler's end time; empty: never"),
      Parameter("checkpoint_interval", .real(60), .reals(0.1...86400), unit: "s", "time between checkpoints"),
      Parameter(
        "ranks_per_team", .integer(0), .integers(0...1_000_000), unit: "ranks", "ranks that share one unit of work; 0: as the study asks"),
      Parameter(
        "coordinator", .text("auto"), .oneOf(CoordinatorMode.allCases.map(\.rawValue)),
        "whether rank 0 only hands out work; auto: from 9 ranks on"),
      Parameter("stall_timeout", .real(20), .reals(1...86400), unit: "s", "a rank silent for this long counts as lost"),
      Parameter(
        "progress", .text("auto"), .oneOf(ProgressMode.allCases.map(\.rawValue)),
        "how progress is shown; auto: a bar on a terminal, lines elsewhere"),
    ])

  /// Settings from the values of `[run]`; nil where `max_time` is no time.
  init?(_ values: ParameterValues) {
    guard let time = Self.maximumTime(values.text("run.max_time")) else { return nil }
    let out = values.text("run.out")
    self.out = out.isEmpty ? nil : out
    maximumTime = time
    checkpointInterval = values.real("run.checkpoint_interval")
    let ranks = values.integer("run.ranks_per_team")
    ranksPerTeam = ranks == 0 ? nil : ranks
    coordinator = CoordinatorMode(rawValue: values.text("run.coordinator")) ?? .auto
    stallTimeout = values.real("run.stall_timeout")
    progress = ProgressMode(rawValue: values.text("run.progress")) ?? .auto
  }

  /// What a maximum time may look like, for messages.
  public static let maximumTimeForms = "\"h:mm:ss\", \"m:ss\", \"d-hh:mm:ss\", seconds, or \"auto\""

  /// Reads "2:00:00", "30:00", "1-12:00:00", "90" (seconds) or "auto"; empty is never. Nil for anything else or for zero.
  public static func maximumTime(_ text: String) -> MaximumTime? {
    if text.isEmpty { return .never }
    if text == "auto" { return .auto }
    let dayParts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard dayParts.count <= 2, let clock = dayParts.last else { return nil }
    let fields = clock.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count <= 3 else { return nil }
    var seconds = 0.0
    for (place, field) in fields.enumerated() {
      guard let number = UInt32(field), place == 0 || number < 60 else { return nil }
      seconds = seconds * 60 + Double(number)
    }
    if dayParts.count == 2 {
      guard fields.count == 3, let days = UInt32(dayParts[0]) else { return nil }
      seconds += 86400 * Double(days)
    }
    return seconds > 0 ? .seconds(seconds) : nil
  }
}
