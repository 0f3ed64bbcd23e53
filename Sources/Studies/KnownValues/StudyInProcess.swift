import MessagePassing
import RandomStreams
import Runtime

/// A whole study in this process alone, without files: what checks of study results run.
enum StudyInProcess {
  /// The finished units of the study of this text ("study = ...", sweeps included), and its report.
  static func report<S: Study>(of study: S.Type, _ text: String) throws -> Report {
    let resolved = try StudyFile.resolve(text: text, file: "(check)", catalogue: [StudyDescription(study)])
    return try resolved.values.sweep.isEmpty ? whole(study, resolved).report : whole(Sweep<S>.self, resolved).report
  }
  /// The finished units' results of a study with its defaults.
  static func partials<S: Study>(of study: S.Type) throws -> [S.Partial] {
    try whole(study, StudyFile.defaults(of: StudyDescription(study))).partials
  }

  private static func whole<S: Study>(_ type: S.Type, _ resolved: ResolvedStudy) throws -> (report: Report, partials: [S.Partial]) {
    let study = try S(resolved.values)
    var results: [(unit: S.Unit, partial: S.Partial)] = []
    for planned in study.plan() {
      let key = StreamKey.derive(seed: UInt64(bitPattern: Int64(resolved.seed)), study: resolved.name, unit: planned.label)
      var state = try study.begin(planned.unit, streams: key)
      while true {
        if case .done(let partial) = try study.advance(&state, of: planned.unit, streams: key, on: SoloCommunicator()) {
          results.append((planned.unit, partial))
          break
        }
      }
    }
    return (try study.report(results), results.map(\.partial))
  }
}

extension Report {
  /// A derived value with its error; not a number where there is none of this name.
  func derived(_ name: String) -> (value: Double, error: Double) {
    guard let found = derived.first(where: { $0.name == name })?.observable else { return (.nan, .nan) }
    return (found.values[0], found.errors?[0] ?? .nan)
  }
}
