import Archives

/// The identity of a study's results.
enum StudyDigest {
  /// Name, seed and every value, one a line, sorted by name: order, comments, spelled-out defaults and number formats of
  /// the file do not show in it. Reals are written by their shortest text that reads back to the same bits.
  static func canonicalText(name: String, seed: Int, values: ParameterValues) -> String {
    var lines = ["renorm study 1", "study = \(tomlText(name))", "seed = \(seed)"]
    for key in values.values.keys.sorted() {
      guard let value = values.values[key] else { continue }
      lines.append("\(key) = \(value.toml)")
    }
    // In a sweep the order of tables and steps is the order of points, so it counts.
    for axis in values.sweep {
      lines.append("[[sweep]]")
      for (place, name) in axis.names.enumerated() { lines.append("\(name) = \(axis.toml(place))") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
  /// The first 12 hexadecimal digits of the SHA-256 of `canonicalText`.
  static func digest(name: String, seed: Int, values: ParameterValues) -> String {
    String(SHA256.hash(canonicalText(name: name, seed: seed, values: values)).hexString.prefix(12))
  }
}

extension ParameterValue {
  /// The value as TOML writes it; reals with the shortest text that reads back to the same bits.
  public var toml: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): tomlText(value)
    case .flag(let value): "\(value)"
    case .integers(let values): "[" + values.map { "\($0)" }.joined(separator: ", ") + "]"
    case .reals(let values): "[" + values.map { "\($0)" }.joined(separator: ", ") + "]"
    case .texts(let values): "[" + values.map(tomlText).joined(separator: ", ") + "]"
    }
  }
}

extension SweepAxis {
  /// The values of one of its parameters as a TOML list.
  func toml(_ place: Int) -> String { "[" + steps.map { $0[place].toml }.joined(separator: ", ") + "]" }
}

extension Allowed {
  /// The allowed values in words, for messages and the catalogue.
  public var words: String {
    switch self {
    case .anything: "any"
    case .integers(let range): "\(range.lowerBound) ... " + (range.upperBound == .max ? "" : "\(range.upperBound)")
    case .reals(let range):
      "\(range.lowerBound) ... " + (range.upperBound >= Double.greatestFiniteMagnitude ? "" : "\(range.upperBound)")
    case .oneOf(let texts): texts.map(tomlText).joined(separator: ", ")
    }
  }
}
