/// Where the keys and tables of a TOML text stand. TOMLKit reports positions of syntax errors only, so for errors of
/// meaning the text, which is then known to be valid TOML, is scanned once for its keys.
struct StudyFilePositions {
  /// Line and column of the first mention of each dotted path ("lattice", "lattice.size").
  private(set) var places: [String: (line: Int, column: Int)] = [:]
  private let bytes: [UInt8]
  private var index = 0, line = 1, lineStart = 0

  /// Scans `text`, which TOMLKit has accepted.
  init(_ text: String) {
    bytes = Array(text.utf8)
    var table: [String] = []
    while true {
      skipBlank(newlines: true)
      guard index < bytes.count else { return }
      if bytes[index] == UInt8(ascii: "[") {
        while index < bytes.count, bytes[index] == UInt8(ascii: "[") { advance() }
        skipBlank(newlines: false)
        table = scanKey(below: [])
        skipLine()
      } else {
        scanPair(below: table)
      }
    }
  }

  /// The place of a dotted path, or of the nearest table around it.
  func place(of path: [String]) -> (line: Int, column: Int)? {
    var path = path
    while !path.isEmpty {
      if let place = places[path.joined(separator: ".")] { return place }
      path.removeLast()
    }
    return nil
  }

  private mutating func advance() {
    if bytes[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    index += 1
  }
  private mutating func skipLine() {
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { advance() }
  }
  private mutating func skipBlank(newlines: Bool) {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"): advance()
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        if !newlines { return }
        advance()
      case UInt8(ascii: "#"): skipLine()
      default: return
      }
    }
  }

  /// Reads `a."b".c`, notes every prefix, and leaves the index behind it.
  private mutating func scanKey(below table: [String]) -> [String] {
    var path = table
    while index < bytes.count {
      let start = (line: line, column: index - lineStart + 1)
      path.append(scanWord())
      let name = path.joined(separator: ".")
      if places[name] == nil { places[name] = start }
      skipBlank(newlines: false)
      guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { break }
      advance()
      skipBlank(newlines: false)
    }
    return path
  }
  private mutating func scanWord() -> String {
    let first = index
    if let quote = quote(at: index) {
      skipText(quote)
      return String(decoding: bytes[(first + 1)..<max(first + 1, index - 1)], as: UTF8.self)
    }
    while index < bytes.count, !" \t\r\n.=]#,}".utf8.contains(bytes[index]) { advance() }
    if index == first { index += 1 }
    return String(decoding: bytes[first..<min(index, bytes.count)], as: UTF8.self)
  }
  private mutating func scanPair(below table: [String]) {
    let path = scanKey(below: table)
    skipBlank(newlines: false)
    if index < bytes.count, bytes[index] == UInt8(ascii: "=") { advance() }
    skipBlank(newlines: false)
    scanValue(path)
  }
  private mutating func scanValue(_ path: [String]) {
    guard index < bytes.count else { return }
    if let quote = quote(at: index) { return skipText(quote) }
    if bytes[index] == UInt8(ascii: "{") { return scanInlineTable(path) }
    var depth = 0
    while index < bytes.count {
      if let quote = quote(at: index) {
        skipText(quote)
        continue
      }
      switch bytes[index] {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return advance() }
      case UInt8(ascii: "#"):
        skipLine()
        continue
      case UInt8(ascii: "\n"), UInt8(ascii: ","), UInt8(ascii: "}"):
        if depth == 0 { return }
      default: break
      }
      advance()
    }
  }
  private mutating func scanInlineTable(_ path: [String]) {
    advance()
    while index < bytes.count {
      skipBlank(newlines: true)
      guard index < bytes.count else { return }
      switch bytes[index] {
      case UInt8(ascii: "}"): return advance()
      case UInt8(ascii: ","): advance()
      default: scanPair(below: path)
      }
    }
  }

  /// The quote that opens at `place`: its byte and whether it is tripled.
  private func quote(at place: Int) -> (byte: UInt8, triple: Bool)? {
    let byte = bytes[place]
    guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else { return nil }
    return (byte, place + 2 < bytes.count && bytes[place + 1] == byte && bytes[place + 2] == byte)
  }
  private mutating func skipText(_ quote: (byte: UInt8, triple: Bool)) {
    let width = quote.triple ? 3 : 1
    for _ in 0..<width { advance() }
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), quote.byte == UInt8(ascii: "\""), index + 1 < bytes.count {
        advance()
        advance()
      } else if bytes[index] == quote.byte,
        !quote.triple || (index + 2 < bytes.count && bytes[index + 1] == quote.byte && bytes[index + 2] == quote.byte)
      {
        for _ in 0..<width { advance() }
        return
      } else {
        advance()
      }
    }
  }
}
