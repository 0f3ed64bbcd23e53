extension JSON {
  /// The value on one line.
  public var compact: String {
    var out = ""
    write(to: &out, indent: nil)
    return out
  }
  /// The value with two blanks per level and a final newline; arrays of plain values stay on one line.
  public var pretty: String {
    var out = ""
    write(to: &out, indent: 0)
    return out + "\n"
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private func write(to out: inout String, indent: Int?) {
    switch self {
    case .null: out += "null"
    case .flag(let value): out += value ? "true" : "false"
    case .integer(let value): out += "\(value)"
    case .number(let value):
      precondition(value.isFinite, "JSON has no way to write a number that is not finite")
      out += "\(value)"
    case .text(let value): Self.quote(value, into: &out)
    case .array(let values):
      let inner = values.allSatisfy(\.isPlain) ? nil : indent.map { $0 + 1 }
      Self.list("[", "]", values.count, inner, spaced: indent != nil, &out) { values[$0].write(to: &$1, indent: inner) }
    case .object(let members):
      let inner = indent.map { $0 + 1 }
      Self.list("{", "}", members.count, inner, spaced: indent != nil, &out) {
        Self.quote(members[$0].name, into: &$1)
        $1 += indent == nil ? ":" : ": "
        members[$0].value.write(to: &$1, indent: inner)
      }
    }
  }

  private static func list(
    _ open: String, _ close: String, _ count: Int, _ indent: Int?, spaced: Bool, _ out: inout String,
    _ element: (Int, inout String) -> Void
  ) {
    out += open
    for place in 0..<count {
      if place > 0 { out += "," }
      if let indent {
        out += "\n" + String(repeating: "  ", count: indent)
      } else if spaced, place > 0 {
        out += " "
      }
      element(place, &out)
    }
    if let indent, count > 0 { out += "\n" + String(repeating: "  ", count: indent - 1) }
    out += close
  }

  private static func quote(_ text: String, into out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    out += "\""
  }
}
