/// `results.json`: the contract that other programs read (README, "Where results are").
///
///     {"format": 1, "study": NAME,
///      "results": [{"at": {...}, "observables": {NAME: {"value":, "error":, "tau":, "unit":, "reason":}}}],
///      "derived": {NAME: {...}}, "failed": [{"unit":, "reason":}]}
///
/// `failed` stands there only where units failed.
/// Rows and names stand in the report's order, numbers read back to the same bits, and nothing depends on the launch.
public enum ResultsFile {
  /// The format's version.
  public static let format = 1

  /// The contents as a JSON value.
  public static func json(_ report: Report, study: String) -> JSON {
    let failed = report.failed.map { JSON.object([.init("unit", .text($0.unit)), .init("reason", .text($0.reason))]) }
    return .object(
      [
        .init("format", .integer(format)),
        .init("study", .text(study)),
        .init("results", .array(report.rows.map(row))),
        .init("derived", .object(report.derived.map { .init($0.name, observable($0.observable)) })),
      ] + (failed.isEmpty ? [] : [.init("failed", .array(failed))]))
  }
  /// The bytes of the file as text.
  public static func text(_ report: Report, study: String) -> String { json(report, study: study).pretty }
  /// Writes the file atomically.
  public static func write(_ report: Report, study: String, to path: String) throws(FileFault) {
    try FileAccess.writeAtomically(text(report, study: study), to: path)
  }

  private static func row(_ row: ResultRow) -> JSON {
    .object([
      .init("at", .object(row.at.map { .init($0.name, $0.value.json) })),
      .init("observables", .object(row.observables.map { .init($0.name, observable($0.observable)) })),
    ])
  }

  /// One observable: null stands for what is not finite, and `reason` says why.
  static func observable(_ observable: Observable) -> JSON {
    func numbers(_ values: [Double]) -> JSON {
      observable.isScalar && values.count == 1 ? .finite(values[0]) : .array(values.map(JSON.finite))
    }
    var members: [JSON.Member] = [.init("value", numbers(observable.values))]
    if let errors = observable.errors { members.append(.init("error", numbers(errors))) }
    if let tau = observable.tau { members.append(.init("tau", .finite(tau))) }
    members.append(.init("unit", .text(observable.unit)))
    let all = observable.values + (observable.errors ?? []) + (observable.tau.map { [$0] } ?? [])
    if let reason = observable.reason {
      members.append(.init("reason", .text(reason)))
    } else if all.contains(where: { !$0.isFinite }) {
      members.append(.init("reason", .text(all.contains(where: \.isNaN) ? "not a number" : "infinite")))
    }
    return .object(members)
  }
}

extension ParameterValue {
  /// The value in JSON; reals that are not finite become null.
  public var json: JSON {
    switch self {
    case .integer(let value): .integer(value)
    case .real(let value): .finite(value)
    case .text(let value): .text(value)
    case .flag(let value): .flag(value)
    case .integers(let values): .array(values.map(JSON.integer))
    case .reals(let values): .array(values.map(JSON.finite))
    case .texts(let values): .array(values.map(JSON.text))
    }
  }
}
