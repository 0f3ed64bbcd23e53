/// Where something stands in a study file, or which `--set` option said it.
public struct SourcePosition: Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it, or the whole option ("--set lattice.size=2").
  public let file: String
  /// Line and column from 1; both 0 where there is no line to point to.
  public let line: Int, column: Int
  /// A place in a file; line 0 stands for the whole file or an option.
  public init(file: String, line: Int = 0, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }
  /// "file:line:column", the form that editors and terminals make clickable.
  public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }
}

/// What can be wrong with a study file; `description` is one line that says what, where and what would be right.
public enum StudyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no such file.
  case missingFile(String)
  /// The operating system or the encoding refuses to give the text.
  case unreadable(file: String, reason: String)
  /// Nothing but comments and blank space.
  case empty(file: String)
  /// Not TOML; duplicate keys and tables are syntax errors of TOML.
  case syntax(SourcePosition, what: String)
  /// No `study = "..."` at the top.
  case missingStudy(file: String, known: [String])
  /// The catalogue has no such study.
  case unknownStudy(String, SourcePosition, suggestion: String?, known: [String])
  /// The study has no such table (or top-level key).
  case unknownTable(String, SourcePosition, suggestion: String?, known: [String])
  /// The table has no such key; `table` is empty at the top level.
  case unknownKey(String, table: String, SourcePosition, suggestion: String?, known: [String])
  /// A value of another type; `expected` and `found` in words.
  case wrongType(String, SourcePosition, expected: String, found: String)
  /// A value of the right type that is not allowed.
  case notAllowed(String, SourcePosition, found: String, allowed: String)
  /// inf or nan.
  case notFinite(String, SourcePosition, found: String)
  /// A `--set` that is not `table.key=value` with a TOML value.
  case badOverride(String, what: String)

  public var description: String {
    switch self {
    case .missingFile(let file):
      return "\(file): there is no such study file"
    case .unreadable(let file, let reason):
      return "\(file): cannot be read: \(reason)"
    case .empty(let file):
      return "\(file): the study file is empty; it starts with study = \"NAME\" (see renorm studies)"
    case .syntax(let at, let what):
      return "\(at): not valid TOML: \(what)"
    case .missingStudy(let file, let known):
      return "\(file): no study is named; write study = \"NAME\" at the top, NAME one of: \(Self.list(known))"
    case .unknownStudy(let name, let at, let suggestion, let known):
      return "\(at): unknown study \"\(name)\"" + Self.hint(suggestion, known)
    case .unknownTable(let name, let at, let suggestion, let known):
      return "\(at): unknown table [\(name)]" + Self.hint(suggestion.map { "[\($0)]" }, known.map { "[\($0)]" })
    case .unknownKey(let key, let table, let at, let suggestion, let known):
      return "\(at): unknown key \"\(key)\" " + (table.isEmpty ? "at the top level" : "in [\(table)]") + Self.hint(suggestion, known)
    case .wrongType(let name, let at, let expected, let found):
      return "\(at): \(name) must be \(expected), found \(found)"
    case .notAllowed(let name, let at, let found, let allowed):
      return "\(at): \(name) = \(found) is not allowed; allowed: \(allowed)"
    case .notFinite(let name, let at, let found):
      return "\(at): \(name) = \(found) is not a finite number"
    case .badOverride(let text, let what):
      return "--set \(text): \(what)"
    }
  }

  private static func list(_ names: [String]) -> String { names.isEmpty ? "(none)" : names.joined(separator: ", ") }
  private static func hint(_ suggestion: String?, _ known: [String]) -> String {
    if let suggestion { return "; did you mean \(suggestion)?" }
    return "; known: \(list(known))"
  }
}
