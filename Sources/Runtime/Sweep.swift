public import MessagePassing
public import RandomStreams

/// A study at every point of a sweep, as one study: the units of all points share the ranks, and one report tells of all.
public struct Sweep<S: Study>: Study {
  /// A unit of the study at one of the points.
  public struct Unit: Sendable {
    let point: Int, unit: S.Unit
  }
  public static var name: String { S.name }
  public static var summary: String { S.summary }
  public static var parameters: [ParameterTable] { S.parameters }

  let points: [SweepPoint], studies: [S]

  /// The study at each point; a refusal names the point.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    points = parameters.points
    var studies: [S] = []
    for point in points {
      do throws(StudyError) { studies.append(try S(point.values)) } catch {
        guard case .invalid(let parameter, let what) = error else { throw error }
        throw .invalid(parameter: parameter, what: "\(what) (at the point \(point.words) of the sweep)")
      }
    }
    self.studies = studies
  }

  /// Those of all points, each once.
  public static func dataFiles(_ parameters: ParameterValues) -> [String] {
    parameters.points.flatMap { S.dataFiles($0.values) }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    studies.indices.flatMap { index in
      let units = studies[index].plan()
      return units.map { planned in
        PlannedUnit(
          label: units.count == 1 ? points[index].label : "\(points[index].label)-\(planned.label)",
          unit: Unit(point: index, unit: planned.unit), team: planned.team, operations: planned.operations,
          bytesPerRank: planned.bytesPerRank, sharedBytes: planned.sharedBytes, sharing: planned.sharing)
      }
    }
  }
  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> S.State {
    try studies[unit.point].begin(unit.unit, streams: streams)
  }
  public func advance(
    _ state: inout S.State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<S.Partial> {
    try studies[unit.point].advance(&state, of: unit.unit, streams: streams, on: team)
  }
  public func collect(_ state: inout S.State, on team: borrowing some Communicator & ~Copyable) throws(StudyError) {
    // Which point a state belongs to does not matter: how states are collected depends on the study alone.
    try studies[0].collect(&state, on: team)
  }
  public func report(_ results: [(unit: Unit, partial: S.Partial)]) throws(StudyError) -> Report {
    try S.report(
      sweep: studies.indices.map { index in
        SweptResults(
          point: points[index], study: studies[index],
          results: results.filter { $0.unit.point == index }.map { ($0.unit.unit, $0.partial) })
      })
  }
}

/// What a study found at one point of a sweep.
public struct SweptResults<S: Study>: Sendable {
  /// The point, and the study there.
  public let point: SweepPoint, study: S
  /// Finished units in plan order; units that failed are missing.
  public let results: [(unit: S.Unit, partial: S.Partial)]
}

extension SweepPoint {
  /// "size = 16, coupling = 0.44".
  public var words: String {
    identification.map { "\($0.name) = \($0.value.words)" }.joined(separator: ", ")
  }
  /// The settings as they stand in rows of results: short names, and lists as they are written.
  public var identification: [(name: String, value: ParameterValue)] {
    settings.map { name, value in
      (name: name.split(separator: ".").last.map(String.init) ?? name, value: value.isScalar ? value : .text(value.words))
    }
  }
}

extension Study {
  /// The reports of all points one after the other: rows, derived values, arrays and figures carry the point's settings.
  /// Studies that compare points (finite-size scaling) provide their own.
  public static func report(sweep points: [SweptResults<Self>]) throws(StudyError) -> Report { try reportsInTurn(points) }

  /// The default of `report(sweep:)`.
  public static func reportsInTurn(_ points: [SweptResults<Self>]) throws(StudyError) -> Report {
    var whole = Report(title: "", abstract: "", rows: [], derived: [], sections: [], arrays: [])
    for swept in points {
      let part = try swept.study.report(swept.results), label = swept.point.label
      if whole.title.isEmpty {
        whole.title = part.title
        whole.abstract = part.abstract + " Swept over \(points.count) points; each has sections of its own."
      }
      let settings = swept.point.identification
      whole.rows += part.rows.map { row in
        let known = Set(row.at.map(\.name))
        return ResultRow(at: settings.filter { !known.contains($0.name) } + row.at, observables: row.observables)
      }
      whole.derived += part.derived.map { ("\($0.name)@\(label)", $0.observable) }
      let suffix = snakeCase(label)
      whole.arrays += part.arrays.map { array in
        var array = array
        array.name += "_\(suffix)"
        array.dimensions = array.dimensions.map { (name: "\($0.name)_\(suffix)", length: $0.length) }
        return array
      }
      whole.models += part.models.map { ModelFile(name: "\($0.name)-\(label)", bytes: $0.bytes) }
      whole.sections += part.sections.map { section in
        ReportSection(
          "\(section.title) (\(swept.point.words))",
          section.items.map { item in
            guard case .figure(var figure) = item else { return item }
            figure.name += "-\(label)"
            return .figure(figure)
          })
      }
    }
    return whole
  }
}

/// A label as part of a name in snake case.
private func snakeCase(_ label: String) -> String { String(label.map { $0.isLetter || $0.isNumber ? $0 : "_" }) }

extension ParameterValue {
  /// Whether the value is one number, text or flag, as rows of results are identified by.
  public var isScalar: Bool {
    switch self {
    case .integer, .real, .text, .flag: true
    case .integers, .reals, .texts: false
    }
  }
}
