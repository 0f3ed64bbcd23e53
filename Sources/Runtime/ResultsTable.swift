/// `results.json` as a table with one line per number, for spreadsheets and data frames.
public enum ResultsTable {
  /// CSV (RFC 4180 with plain newlines): `kind`, the columns of all `at`, then observable, index, value, error, tau,
  /// unit, reason. `index` is empty for single numbers. Nil where the JSON is not of this program's format.
  public static func csv(_ json: JSON) -> String? {
    guard json["format"]?.int == ResultsFile.format, let rows = json["results"]?.elements, let derived = json["derived"]?.members else {
      return nil
    }
    var keys: [String] = []
    for row in rows {
      for member in row["at"]?.members ?? [] where !keys.contains(member.name) { keys.append(member.name) }
    }
    var out =
      (["kind"] + keys + ["observable", "index", "value", "error", "tau", "unit", "reason"]).map(cell).joined(separator: ",") + "\n"
    for row in rows {
      let place = keys.map { cell(row["at"]?[$0]) }
      for member in row["observables"]?.members ?? [] { out += lines("result", place, member) }
    }
    let nowhere = keys.map { _ in "" }
    for member in derived { out += lines("derived", nowhere, member) }
    return out
  }

  private static func lines(_ kind: String, _ place: [String], _ member: JSON.Member) -> String {
    let value = member.value
    let tail = [cell(value["tau"]), cell(value["unit"]), cell(value["reason"])]
    func line(_ index: String, _ number: JSON?, _ error: JSON?) -> String {
      ([kind] + place + [cell(member.name), index, cell(number), cell(error)] + tail).joined(separator: ",") + "\n"
    }
    guard let values = value["value"]?.elements else { return line("", value["value"], value["error"]) }
    let errors = value["error"]?.elements ?? []
    return values.enumerated().map { line("\($0)", $1, $0 < errors.count ? errors[$0] : nil) }.joined()
  }
  private static func cell(_ json: JSON?) -> String {
    switch json {
    case nil, .null?: ""
    case .text(let text)?: cell(text)
    case let other?: cell(other.compact)
    }
  }
  private static func cell(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
