import TOMLKit

/// A TOML value in Swift's own types; dates and times are kept as a kind only, since no parameter is one.
indirect enum TOMLDatum {
  case integer(Int), real(Double), text(String), flag(Bool), date, list([TOMLDatum])
  case table([TOMLPair])

  /// The type in words, for messages.
  var kind: String {
    switch self {
    case .integer: "the integer \(shown)"
    case .real: "the real \(shown)"
    case .text: "the text \(shown)"
    case .flag: "the flag \(shown)"
    case .date: "a date or time"
    case .list: "a list"
    case .table: "a table"
    }
  }
  /// The value as TOML writes it.
  var shown: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): tomlText(value)
    case .flag(let value): "\(value)"
    case .date: "(a date)"
    case .list(let values): "[" + values.map(\.shown).joined(separator: ", ") + "]"
    case .table(let pairs): "{" + pairs.map { "\($0.key) = \($0.value.shown)" }.joined(separator: ", ") + "}"
    }
  }

  init(_ value: some TOMLValueConvertible) {
    switch value.type {
    case .int: self = .integer(value.int ?? 0)
    case .double: self = .real(value.double ?? .nan)
    case .string: self = .text(value.string ?? "")
    case .bool: self = .flag(value.bool ?? false)
    case .array: self = .list((value.array.map(Array.init) ?? []).map { TOMLDatum($0.tomlValue) })
    case .table: self = value.table.map { TOMLDatum(table: $0) } ?? .table([])
    case .date, .time, .dateTime: self = .date
    }
  }
  init(table: TOMLTable) {
    self = .table(table.map { TOMLPair(key: $0.0, value: TOMLDatum($0.1.tomlValue)) }.sorted { $0.key < $1.key })
  }
}

/// One `key = value` of a table.
struct TOMLPair {
  let key: String, value: TOMLDatum
}

/// A TOML basic string with its escapes.
func tomlText(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\t": out += "\\t"
    case "\r": out += "\\r"
    default:
      if scalar.value < 0x20 || scalar.value == 0x7F {
        let hex = String(scalar.value, radix: 16, uppercase: true)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
  return out + "\""
}

/// A parsed study file before its meaning is looked at.
struct StudyFileText {
  let file: String
  let root: [TOMLPair]
  private let positions: StudyFilePositions

  /// Parses TOML; `file` is used in messages only.
  init(_ text: String, file: String) throws(StudyFileError) {
    self.file = file
    // The parser underneath stops at a NUL byte, which would silently drop the rest of the file.
    if text.utf8.contains(0) { throw .unreadable(file: file, reason: "it contains a NUL byte, so it is no text file") }
    // In a key it would end the process, in a text the text.
    if text.contains("\\u0000") || text.contains("\\U00000000") {
      throw .unreadable(file: file, reason: "it writes a NUL character (\\u0000), which no name and no text may hold")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
    if lines.allSatisfy({ $0.isEmpty || $0.first == "#" }) { throw .empty(file: file) }
    do {
      if let found = StudyFileMistakes.first(in: text) {
        // What stands before it may have a mistake of its own, which comes first.
        let lines = text.utf8.prefix(found.place).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
          .map { String(decoding: Array($0), as: UTF8.self) }
        _ = try TOMLTable(string: lines.dropLast().map { $0 + "\n" }.joined())
        throw StudyFileError.syntax(
          SourcePosition(file: file, line: lines.count, column: (lines.last ?? "").unicodeScalars.count + 1),
          what: found.what)
      }
      guard case .table(let root) = TOMLDatum(table: try TOMLTable(string: text)) else { throw StudyFileError.empty(file: file) }
      self.root = root
    } catch let error as StudyFileError {
      throw error
    } catch let error as TOMLParseError {
      let at = SourcePosition(file: file, line: error.source.begin.line, column: error.source.begin.column)
      throw .syntax(at, what: Self.oneLine(error.description))
    } catch {
      throw .unreadable(file: file, reason: "\(error)")
    }
    positions = StudyFilePositions(text)
  }

  /// Where a dotted path stands in the file.
  func position(_ path: String...) -> SourcePosition {
    guard let place = positions.place(of: path) else { return SourcePosition(file: file) }
    return SourcePosition(file: file, line: place.line, column: place.column)
  }

  private static func oneLine(_ text: String) -> String {
    let prefix = "Error while parsing "
    let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return flat.hasPrefix(prefix) ? "in the " + flat.dropFirst(prefix.count) : flat
  }
}
