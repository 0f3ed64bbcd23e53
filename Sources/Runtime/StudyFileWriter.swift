/// Study files written out: with every value, unit and meaning, as `resolved.toml` and as the catalogue's sample.
public enum StudyFileWriter {
  /// A file with these values that reads back to the same digest. `[run]` with its defaults is added on request.
  public static func text(
    study: StudyDescription, seed: Int, values: ParameterValues, digest: String?, includingRun: Bool
  ) -> String {
    var out = "# \(study.summary)\n"
    if let digest { out += "\(digestMark)\(digest)\n" }
    out += "study = \(tomlText(study.name))\n"
    out += "seed = \(seed)  # master seed of all random numbers\n"
    for table in study.tables + (includingRun ? [RunSettings.table] : []) {
      out += "\n# \(table.meaning)\n[\(table.name)]\n"
      let lines = table.parameters.map { parameter in
        (parameter, "\(parameter.key) = \((values.values["\(table.name).\(parameter.key)"] ?? parameter.initial).toml)")
      }
      let width = min(40, lines.map(\.1.count).max() ?? 0)
      for (parameter, line) in lines {
        let padding = String(repeating: " ", count: max(0, width - line.count))
        out += "\(line)\(padding)  # \(comment(parameter))\n"
      }
    }
    for axis in values.sweep {
      out += "\n[[sweep]]\n"
      for (place, name) in axis.names.enumerated() { out += "\(name) = \(axis.toml(place))\n" }
    }
    return out
  }

  /// A sample file with all defaults, `[run]` included.
  public static func sample(_ study: StudyDescription) -> String {
    text(study: study, seed: 1, values: ParameterValues([:]), digest: nil, includingRun: true)
  }

  /// The comment line that carries the digest in a resolved file.
  static let digestMark = "# digest: "

  /// The digest and the study's name that a resolved file states, read without knowing the study.
  static func identity(ofResolved text: String) -> (study: String?, digest: String?) {
    var study: String?, digest: String?
    for line in text.split(separator: "\n") {
      if digest == nil, line.hasPrefix(digestMark) { digest = String(line.dropFirst(digestMark.count)) }
      if study == nil, line.hasPrefix("study = \"") { study = String(line.dropFirst(9).prefix { $0 != "\"" }) }
    }
    return (study, digest)
  }

  private static func comment(_ parameter: Parameter) -> String {
    var notes: [String] = []
    if parameter.unit != "1" { notes.append(parameter.unit) }
    if parameter.allowed != .anything { notes.append("allowed: \(parameter.allowed.words)") }
    let text = parameter.meaning + (notes.isEmpty ? "" : " [\(notes.joined(separator: "; "))]")
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
