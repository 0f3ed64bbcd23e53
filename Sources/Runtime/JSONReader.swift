/// A text that is not JSON: where (byte from 0) and why.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  public let offset: Int, reason: String
  public var description: String { "not valid JSON at byte \(offset): \(reason)" }
}

extension JSON {
  /// Reads a whole text. Numbers without fraction and exponent become integers where they fit, all others the nearest
  /// Double, so what `pretty` wrote reads back to the same bits.
  public init(parsing text: String) throws(JSONError) {
    var reader = JSONReader(bytes: Array(text.utf8))
    self = try reader.readAll()
  }
}

private struct JSONReader {
  let bytes: [UInt8]
  var index = 0

  mutating func readAll() throws(JSONError) -> JSON {
    let value = try read(depth: 0)
    skipBlank()
    if index < bytes.count { throw fault("something follows the value") }
    return value
  }

  func fault(_ reason: String) -> JSONError { JSONError(offset: index, reason: reason) }
  mutating func skipBlank() {
    while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
  }
  mutating func take(_ byte: UInt8) -> Bool {
    skipBlank()
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }
  mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
    guard bytes[index...].starts(with: word.utf8) else { throw fault("unknown word") }
    index += word.utf8.count
    return value
  }

  mutating func read(depth: Int) throws(JSONError) -> JSON {
    guard depth < 200 else { throw fault("nested too deeply") }
    skipBlank()
    guard index < bytes.count else { throw fault("the text ends too early") }
    switch bytes[index] {
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "t"): return try word("true", .flag(true))
    case UInt8(ascii: "f"): return try word("false", .flag(false))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "["):
      index += 1
      var values: [JSON] = []
      if take(UInt8(ascii: "]")) { return .array(values) }
      repeat { values.append(try read(depth: depth + 1)) } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { throw fault("expected , or ]") }
      return .array(values)
    case UInt8(ascii: "{"):
      index += 1
      var members: [JSON.Member] = []
      if take(UInt8(ascii: "}")) { return .object(members) }
      repeat {
        skipBlank()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw fault("expected a name in quotes") }
        let name = try text()
        guard take(UInt8(ascii: ":")) else { throw fault("expected :") }
        members.append(JSON.Member(name, try read(depth: depth + 1)))
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw fault("expected , or }") }
      return .object(members)
    default: return try number()
    }
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = index
    while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first) else {
      index = start
      throw fault("expected a value")
    }
    if !text.utf8.contains(where: { ".eE".utf8.contains($0) }), let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("not a number") }
    return .number(value)
  }

  mutating func text() throws(JSONError) -> String {
    index += 1
    var out: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        if byte < 0x20 { throw fault("a control character in a text") }
        out.append(byte)
        continue
      }
      guard index < bytes.count else { break }
      let escape = bytes[index]
      index += 1
      switch escape {
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "u"): out += Array(String(try unicode()).utf8)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
      default: throw fault("unknown escape")
      }
    }
    throw fault("a text without end")
  }

  mutating func unicode() throws(JSONError) -> Character {
    var value = try hex()
    if (0xD800..<0xDC00).contains(value), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
    {
      index += 2
      value = 0x10000 + ((value - 0xD800) << 10) + (try hex() &- 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw fault("not a character") }
    return Character(scalar)
  }
  mutating func hex() throws(JSONError) -> UInt32 {
    guard index + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[index..<(index + 4)], as: UTF8.self), radix: 16) else {
      throw fault("expected four hexadecimal digits")
    }
    index += 4
    return value
  }
}
