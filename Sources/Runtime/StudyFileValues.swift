/// Turning a TOML value into a parameter's value, with the parameter's own type and range.
enum StudyFileValues {
  /// The value of `parameter` from `datum`, which stands `at`. Integers are widened where reals are wanted (if that is
  /// exact); everything else must have the declared type.
  static func value(
    _ datum: TOMLDatum, for parameter: Parameter, named name: String, at: SourcePosition
  ) throws(StudyFileError) -> ParameterValue {
    func refuse(_ expected: String) -> StudyFileError { .wrongType(name, at, expected: expected, found: datum.kind) }
    func elements(_ expected: String) throws(StudyFileError) -> [TOMLDatum] {
      guard case .list(let list) = datum else { throw refuse(expected) }
      return list
    }
    let allowed = parameter.allowed
    switch parameter.initial {
    case .integer:
      return .integer(try integer(datum, allowed, name, at))
    case .real:
      return .real(try real(datum, allowed, name, at))
    case .text:
      return .text(try text(datum, allowed, name, at))
    case .flag:
      guard case .flag(let flag) = datum else { throw refuse("true or false") }
      return .flag(flag)
    case .integers:
      var list: [Int] = []
      for (place, element) in try elements("a list of integers").enumerated() {
        list.append(try integer(element, allowed, "\(name)[\(place)]", at))
      }
      return .integers(list)
    case .reals:
      var list: [Double] = []
      for (place, element) in try elements("a list of reals").enumerated() {
        list.append(try real(element, allowed, "\(name)[\(place)]", at))
      }
      return .reals(list)
    case .texts:
      var list: [String] = []
      for (place, element) in try elements("a list of texts").enumerated() {
        list.append(try text(element, allowed, "\(name)[\(place)]", at))
      }
      return .texts(list)
    }
  }

  private static func integer(_ datum: TOMLDatum, _ allowed: Allowed, _ name: String, _ at: SourcePosition) throws(StudyFileError) -> Int {
    guard case .integer(let value) = datum else { throw .wrongType(name, at, expected: "an integer", found: datum.kind) }
    if case .integers(let range) = allowed, !range.contains(value) {
      throw .notAllowed(name, at, found: "\(value)", allowed: allowed.words)
    }
    return value
  }
  private static func real(_ datum: TOMLDatum, _ allowed: Allowed, _ name: String, _ at: SourcePosition) throws(StudyFileError) -> Double {
    let value: Double
    switch datum {
    case .real(let real): value = real
    case .integer(let integer):
      guard let exact = Double(exactly: integer) else {
        throw .wrongType(name, at, expected: "a real (this integer is not exact as one)", found: datum.kind)
      }
      value = exact
    default: throw .wrongType(name, at, expected: "a real", found: datum.kind)
    }
    guard value.isFinite else { throw .notFinite(name, at, found: datum.shown) }
    if case .reals(let range) = allowed, !range.contains(value) {
      throw .notAllowed(name, at, found: datum.shown, allowed: allowed.words)
    }
    return value
  }
  private static func text(_ datum: TOMLDatum, _ allowed: Allowed, _ name: String, _ at: SourcePosition) throws(StudyFileError) -> String {
    guard case .text(let value) = datum else { throw .wrongType(name, at, expected: "a text in quotes", found: datum.kind) }
    if case .oneOf(let texts) = allowed, !texts.contains(value) {
      let near = suggestion(for: value, among: texts).map { "; did you mean \(tomlText($0))?" } ?? ""
      throw .notAllowed(name, at, found: tomlText(value), allowed: allowed.words + near)
    }
    return value
  }
}
