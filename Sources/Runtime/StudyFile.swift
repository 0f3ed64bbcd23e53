import Glibc

/// Reading study files: TOML -> every declared parameter with its type, checked, plus digest and canonical text.
///
/// At the top `study = "NAME"` and `seed = 1`; one table of parameters per `ParameterTable` of the study; `[run]` for
/// what changes no result; `[[sweep]]` tables for parameters that take several values. Nothing unknown is accepted.
public enum StudyFile {
  /// Reads and resolves a study file. `overrides` are the arguments of `--set`, "table.key=value", which win over the
  /// file; `catalogue` are the studies known.
  public static func resolve(
    path: String, overrides: [String] = [], catalogue: [StudyDescription]
  ) throws(StudyFileError) -> ResolvedStudy {
    try resolve(text: try read(path), file: path, overrides: overrides, catalogue: catalogue)
  }

  /// Resolves the text of a study file; `file` is what messages call it.
  public static func resolve(
    text: String, file: String, overrides: [String] = [], catalogue: [StudyDescription]
  ) throws(StudyFileError) -> ResolvedStudy {
    let parsed = try StudyFileText(text, file: file)
    let known = catalogue.map(\.name)
    guard let named = parsed.root.first(where: { $0.key == "study" }) else { throw .missingStudy(file: file, known: known) }
    let at = parsed.position("study")
    guard case .text(let name) = named.value else {
      throw .wrongType("study", at, expected: "a text in quotes", found: named.value.kind)
    }
    guard let study = catalogue.first(where: { $0.name == name }) else {
      throw .unknownStudy(name, at, suggestion: suggestion(for: name, among: known), known: known)
    }
    return try resolve(parsed, overrides, study)
  }

  /// The study with all its defaults, as if its file held only its name.
  public static func defaults(of study: StudyDescription, overrides: [String] = []) throws(StudyFileError) -> ResolvedStudy {
    try resolve(try StudyFileText("study = \(tomlText(study.name))", file: "(defaults)"), overrides, study)
  }

  /// The whole file as text.
  static func read(_ path: String) throws(StudyFileError) -> String {
    do {
      let bytes = try FileAccess.read(path)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw StudyFileError.unreadable(file: path, reason: "it is not UTF-8 text")
      }
      return text
    } catch let fault as FileFault {
      throw fault.code == ENOENT ? .missingFile(path) : .unreadable(file: path, reason: fault.reason)
    } catch let error as StudyFileError {
      throw error
    } catch {
      throw .unreadable(file: path, reason: "\(error)")
    }
  }

  private static func resolve(
    _ parsed: StudyFileText, _ overrides: [String], _ study: StudyDescription
  ) throws(StudyFileError) -> ResolvedStudy {
    let tables = study.tables + [RunSettings.table]
    var seed = 1, sweep: [SweepAxis] = []
    var origins: [String: SourcePosition] = [:]
    var values: [String: ParameterValue] = [:]
    for table in tables {
      for parameter in table.parameters { values["\(table.name).\(parameter.key)"] = parameter.initial }
    }
    func assign(_ table: String, _ key: String, _ datum: TOMLDatum, _ at: SourcePosition, tableAt: SourcePosition) throws(StudyFileError) {
      if table.isEmpty {
        guard key == "seed" else {
          throw .unknownKey(key, table: "", at, suggestion: suggestion(for: key, among: ["seed", "study"]), known: ["study", "seed"])
        }
        guard case .integer(let value) = datum else { throw .wrongType("seed", at, expected: "an integer", found: datum.kind) }
        seed = value
        return
      }
      guard let declared = tables.first(where: { $0.name == table }) else {
        let names = tables.map(\.name)
        throw .unknownTable(table, tableAt, suggestion: suggestion(for: table, among: names), known: names)
      }
      guard let parameter = declared.parameters.first(where: { $0.key == key }) else {
        throw unknownKey(key, declared, tables, at)
      }
      let name = "\(table).\(key)"
      values[name] = try StudyFileValues.value(datum, for: parameter, named: name, at: at)
      origins[name] = at
    }

    for pair in parsed.root where pair.key != "study" {
      let key = pair.key, datum = pair.value
      if key == "sweep" {
        sweep = try StudyFileSweeps.axes(datum, of: study.tables) { parsed.position(key, $0) }
      } else if case .table(let pairs) = datum {
        let tableAt = parsed.position(key)
        if pairs.isEmpty, !tables.contains(where: { $0.name == key }) {
          let names = tables.map(\.name)
          throw .unknownTable(key, tableAt, suggestion: suggestion(for: key, among: names), known: names)
        }
        for inner in pairs { try assign(key, inner.key, inner.value, parsed.position(key, inner.key), tableAt: tableAt) }
      } else if key != "seed", case .list(let list) = datum, list.contains(where: { if case .table = $0 { true } else { false } }) {
        let names = tables.map(\.name)
        throw .unknownTable(key, parsed.position(key), suggestion: suggestion(for: key, among: names), known: names)
      } else if key != "seed", let table = tables.first(where: { $0.name == key }) {
        throw .wrongType(key, parsed.position(key), expected: "a table [\(table.name)]", found: datum.kind)
      } else {
        try assign("", key, datum, parsed.position(key), tableAt: parsed.position(key))
      }
    }
    for text in overrides {
      let (table, key, datum) = try override(text, tables: tables)
      let at = SourcePosition(file: "--set \(text)")
      try assign(table, key, datum, at, tableAt: at)
      // A fixed value wins over a swept one.
      sweep = sweep.compactMap { $0.without("\(table).\(key)") }
    }
    return try finish(study, seed, ParameterValues(values, sweep: sweep), origins, file: parsed.file)
  }

  private static func finish(
    _ study: StudyDescription, _ seed: Int, _ all: ParameterValues, _ origins: [String: SourcePosition], file: String
  ) throws(StudyFileError) -> ResolvedStudy {
    let runNames = Set(RunSettings.table.parameters.map { "run.\($0.key)" })
    let values = all.values
    guard let run = RunSettings(ParameterValues(values.filter { runNames.contains($0.key) })) else {
      let found = values["run.max_time"]?.toml ?? ""
      throw .notAllowed(
        "run.max_time", origins["run.max_time"] ?? SourcePosition(file: file), found: found, allowed: RunSettings.maximumTimeForms)
    }
    let own = ParameterValues(values.filter { !runNames.contains($0.key) }, sweep: all.sweep)
    let digest = StudyDigest.digest(name: study.name, seed: seed, values: own)
    let toml = StudyFileWriter.text(study: study, seed: seed, values: own, digest: digest, includingRun: false)
    return ResolvedStudy(name: study.name, seed: seed, values: own, run: run, digest: digest, canonicalTOML: toml)
  }

  /// A key of another table is the likeliest mistake after a misspelt one.
  private static func unknownKey(_ key: String, _ table: ParameterTable, _ tables: [ParameterTable], _ at: SourcePosition) -> StudyFileError
  {
    let own = table.parameters.map(\.key)
    var near = suggestion(for: key, among: own)
    if near == nil, let other = tables.first(where: { $0.parameters.contains { $0.key == key } }) {
      near = "\(key) in [\(other.name)]"
    }
    return .unknownKey(key, table: table.name, at, suggestion: near, known: own)
  }

  /// Splits "table.key=value" and reads the value as TOML. A value that is no TOML is taken as a plain text where the
  /// parameter is a text, because shells strip quotes.
  private static func override(_ text: String, tables: [ParameterTable]) throws(StudyFileError) -> (String, String, TOMLDatum) {
    guard let equals = text.firstIndex(of: "=") else { throw .badOverride(text, what: "write table.key=value") }
    func trimmed(_ part: Substring) -> String {
      String(part.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
    let name = trimmed(text[..<equals]), raw = trimmed(text[text.index(after: equals)...])
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard name == "seed" || (parts.count == 2 && parts.allSatisfy { !$0.isEmpty }) else {
      throw .badOverride(text, what: "write table.key=value (or seed=value)")
    }
    let table = parts.count == 2 ? parts[0] : "", key = parts[parts.count - 1]
    let declared = tables.first { $0.name == table }?.parameters.first { $0.key == key }
    do {
      let parsed = try StudyFileText("value = \(raw)", file: "--set")
      if parsed.root.count == 1, let only = parsed.root.first, only.key == "value" { return (table, key, only.value) }
    } catch {
      if case .text? = declared?.initial { return (table, key, .text(raw)) }
    }
    throw .badOverride(text, what: "\(raw.isEmpty ? "nothing" : raw) is not a TOML value; texts need quotes: '\(name)=\"...\"'")
  }
}
