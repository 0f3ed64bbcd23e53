/// What the catalogue knows of a study: enough to read its file and to print its parameters.
public struct StudyDescription: Sendable {
  public let name: String, summary: String, tables: [ParameterTable]
  public init(name: String, summary: String, tables: [ParameterTable]) {
    self.name = name
    self.summary = summary
    self.tables = tables
  }
  /// The description of a study's type.
  public init(_ study: any Study.Type) {
    self.init(name: study.name, summary: study.summary, tables: study.parameters)
  }
}

/// A study file with every default written out.
public struct ResolvedStudy: Sendable {
  /// The catalogue name.
  public let name: String
  /// The master seed; part of the digest.
  public let seed: Int
  /// Every declared parameter by "table.key".
  public let values: ParameterValues
  /// What does not change the results.
  public let run: RunSettings
  /// The first 12 hexadecimal digits of the SHA-256 over the canonical text: same digest, same results.
  public let digest: String
  /// A study file with all defaults, units and meanings; it reads back to the same digest. Without `[run]`.
  public let canonicalTOML: String
}
