/// Two mistakes that the parser underneath takes for granted nobody makes, and ends the process at: a table header without a name
/// ("[ = ]"), and a list with `}` in it. So they are looked for first, by a scan that is right as far as the text is valid TOML.
struct StudyFileMistakes {
  /// After how many UTF-8 bytes it stands, and what it is.
  struct Found { let place: Int, what: String }

  private let bytes: [UInt8]
  private var index = 0

  /// The first of them; nil where there is none.
  static func first(in text: String) -> Found? {
    var scan = StudyFileMistakes(bytes: Array(text.utf8))
    return scan.find()
  }
  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func at(_ place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }
  private mutating func skipBlanks() { while at(index) == UInt8(ascii: " ") || at(index) == UInt8(ascii: "\t") { index += 1 } }

  private mutating func find() -> Found? {
    // A byte order mark.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    while index < bytes.count {
      skipBlanks()
      if at(index) == UInt8(ascii: "[") {
        index += 1
        skipBlanks()
        if at(index) == UInt8(ascii: "["), at(index - 1) == UInt8(ascii: "[") { index += 1 }
        skipBlanks()
        if let next = at(index), next != UInt8(ascii: "]"), !Self.beginsKey(next) {
          return Found(place: index, what: "the name of a table is missing after [")
        }
      }
      if let found = skipStatement() { return found }
    }
    return nil
  }
  private static func beginsKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "\""), UInt8(ascii: "'"):
      true
    default: false
    }
  }

  /// To the next line on which a statement can begin: newlines within texts, lists and inline tables do not end one.
  private mutating func skipStatement() -> Found? {
    var open: [UInt8] = []
    while let byte = at(index) {
      switch byte {
      case UInt8(ascii: "\n"):
        index += 1
        if open.isEmpty { return nil }
      case UInt8(ascii: "#"): while let next = at(index), next != UInt8(ascii: "\n") { index += 1 }
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipText(byte)
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        open.append(byte)
        index += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        if byte == UInt8(ascii: "}"), open.last == UInt8(ascii: "[") { return Found(place: index, what: "a list has a } in it") }
        _ = open.popLast()
        index += 1
      default: index += 1
      }
    }
    return nil
  }
  private mutating func skipText(_ delimiter: UInt8) {
    let isLong = at(index + 1) == delimiter && at(index + 2) == delimiter
    index += isLong ? 3 : 1
    while let byte = at(index) {
      if byte == UInt8(ascii: "\\"), delimiter == UInt8(ascii: "\"") {
        index += 2
      } else if byte == delimiter, !isLong || at(index + 1) == delimiter && at(index + 2) == delimiter {
        index += isLong ? 3 : 1
        // Two more belong to the text.
        while isLong, at(index) == delimiter { index += 1 }
        return
      } else if byte == UInt8(ascii: "\n"), !isLong {
        return
      } else {
        index += 1
      }
    }
  }
}
