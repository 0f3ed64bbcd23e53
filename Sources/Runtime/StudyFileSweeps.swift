import Glibc

/// Reading `[[sweep]]` tables.
///
///     [[sweep]]                                   # sizes, each with measurements of its own
///     lattice.size = [16, 32]
///     sampling.measurements = [40000, 20000]
///     [[sweep]]                                   # times five couplings
///     model.coupling = { from = 0.43, to = 0.45, count = 5 }
enum StudyFileSweeps {
  /// The axes of the datum of `sweep`, whose parameters must be declared in `tables`.
  static func axes(
    _ datum: TOMLDatum, of tables: [ParameterTable], position: (String) -> SourcePosition
  ) throws(StudyFileError) -> [SweepAxis] {
    let at = position("")
    guard case .list(let list) = datum else {
      throw .wrongType("sweep", at, expected: "tables headed [[sweep]]", found: datum.kind)
    }
    var axes: [SweepAxis] = [], seen: Set<String> = []
    for element in list {
      guard case .table(let pairs) = element else {
        throw .wrongType("sweep", at, expected: "tables headed [[sweep]]", found: element.kind)
      }
      let axis = try axis(flat(pairs), of: tables, position: position)
      for name in axis.names where !seen.insert(name).inserted {
        throw .notAllowed(name, position(name), found: "a second list", allowed: "one [[sweep]] table for each parameter")
      }
      axes.append(axis)
    }
    let points = axes.reduce(1.0) { $0 * Double($1.steps.count) }
    guard points <= 1e6 else {
      throw .notAllowed("sweep", at, found: "\(Int(points)) points", allowed: "at most 1000000")
    }
    return axes
  }

  /// `"a.b" = ...` and `a.b = ...` alike, as pairs of a dotted name and a datum.
  private static func flat(_ pairs: [TOMLPair]) -> [(name: String, datum: TOMLDatum)] {
    pairs.flatMap { pair -> [(name: String, datum: TOMLDatum)] in
      if !pair.key.contains("."), case .table(let inner) = pair.value { return inner.map { ("\(pair.key).\($0.key)", $0.value) } }
      return [(pair.key, pair.value)]
    }.sorted { $0.name < $1.name }
  }

  private static func axis(
    _ lists: [(name: String, datum: TOMLDatum)], of tables: [ParameterTable], position: (String) -> SourcePosition
  ) throws(StudyFileError) -> SweepAxis {
    var columns: [[ParameterValue]] = []
    for (name, datum) in lists {
      let at = position(name)
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      guard parts.count == 2, let table = tables.first(where: { $0.name == parts[0] }),
        let parameter = table.parameters.first(where: { $0.key == parts[1] })
      else {
        let known = tables.flatMap { table in table.parameters.map { "\(table.name).\($0.key)" } }
        throw .unknownKey(name, table: "[sweep]", at, suggestion: suggestion(for: name, among: known), known: known)
      }
      var values: [ParameterValue] = []
      for (place, element) in try elements(datum, of: parameter, named: name, at: at).enumerated() {
        let value = try StudyFileValues.value(element, for: parameter, named: "\(name)[\(place)]", at: at)
        values.append(value)
      }
      guard !values.isEmpty else { throw .notAllowed(name, at, found: "[]", allowed: "at least one value") }
      if let first = columns.first, values.count != first.count {
        throw .notAllowed(
          name, at, found: "\(values.count) values",
          allowed: "as many as \(lists[0].name) in the same [[sweep]] table has, \(first.count) (tables of their own make a product)")
      }
      columns.append(values)
    }
    guard !columns.isEmpty else {
      throw .notAllowed("sweep", position(""), found: "an empty table", allowed: "table.key = [values] or { from, to, count }")
    }
    let steps = columns[0].indices.map { step in columns.map { $0[step] } }
    for (index, step) in steps.enumerated() where steps[..<index].contains(step) {
      throw .notAllowed(lists[0].name, position(lists[0].name), found: "the same values twice", allowed: "each step once")
    }
    return SweepAxis(names: lists.map(\.name), steps: steps)
  }

  /// The elements of a list, or of `{ from = a, to = b, count = n }`: n equidistant values, both ends included.
  private static func elements(
    _ datum: TOMLDatum, of parameter: Parameter, named name: String, at: SourcePosition
  ) throws(StudyFileError) -> [TOMLDatum] {
    if case .list(let list) = datum { return list }
    let wanted = "a list of values or { from = a, to = b, count = n }"
    guard case .table(let pairs) = datum else { throw .wrongType(name, at, expected: wanted, found: datum.kind) }
    func number(_ key: String) throws(StudyFileError) -> Double {
      switch pairs.first(where: { $0.key == key })?.value {
      case .real(let value)?: return value
      case .integer(let value)?: return Double(value)
      default: throw .wrongType(name, at, expected: wanted, found: datum.kind)
      }
    }
    let from = try number("from"), to = try number("to"), count = try number("count")
    guard pairs.count == 3, count == count.rounded(), (2...100_000).contains(count), from.isFinite, to.isFinite else {
      throw .notAllowed(name, at, found: datum.shown, allowed: "{ from, to, count } with finite ends and 2 to 100000 values")
    }
    return (0..<Int(count)).map { step in
      let value = from + (to - from) * (Double(step) / (count - 1))
      if case .integer = parameter.initial, value == value.rounded() { return .integer(Int(value)) }
      // Twelve digits: steps of 0.001 are written as such, and the ends exactly.
      return .real(step == 0 ? from : step == Int(count) - 1 ? to : rounded(value))
    }
  }

  private static func rounded(_ value: Double) -> Double {
    guard value != 0 else { return 0 }
    let scale = pow(10, 11 - floor(log10(abs(value))))
    return (value * scale).rounded() / scale
  }
}
