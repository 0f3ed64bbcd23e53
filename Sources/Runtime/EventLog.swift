/// `log.jsonl`: one JSON object a line with time, level and event, for programs and for finding out what happened.
public struct EventLog: Sendable {
  /// How much attention an event deserves.
  public enum Level: String, Sendable { case info, warning, error }
  /// The file.
  public let path: String
  public init(path: String) { self.path = path }

  /// Adds one line. `event` is one word in snake case; `members` follow in their order.
  public func write(_ level: Level, _ event: String, _ members: [(name: String, value: JSON)] = []) throws(FileFault) {
    let head: [JSON.Member] = [.init("time", .text(Timestamp.now())), .init("level", .text(level.rawValue)), .init("event", .text(event))]
    let line = JSON.object(head + members.map { .init($0.name, $0.value) }).compact
    try FileAccess.append(line + "\n", to: path)
  }

  /// All lines that can be read; a last line cut off by a crash is left out.
  public static func read(_ path: String) throws(FileFault) -> [JSON] {
    guard FileAccess.exists(path) else { return [] }
    return try FileAccess.text(path).split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
  }
}
