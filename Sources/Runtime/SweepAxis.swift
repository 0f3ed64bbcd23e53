/// One `[[sweep]]` table of a study file: parameters whose lists of values are walked together. Several tables make the
/// product of their steps, the last one fastest.
public struct SweepAxis: Sendable, Equatable {
  /// The swept parameters, "table.key", in the order of their names.
  public private(set) var names: [String]
  /// Their values, `[steps][names]`.
  public private(set) var steps: [[ParameterValue]]
  /// Parameters with as many values at each step.
  public init(names: [String], steps: [[ParameterValue]]) {
    precondition(!names.isEmpty && !steps.isEmpty && steps.allSatisfy { $0.count == names.count }, "a value for each name and step")
    self.names = names
    self.steps = steps
  }
  /// The axis without one of its parameters; nil where nothing is left. Steps that become equal become one.
  func without(_ name: String) -> SweepAxis? {
    guard let place = names.firstIndex(of: name) else { return self }
    if names.count == 1 { return nil }
    var kept = self
    kept.names.remove(at: place)
    var distinct: [[ParameterValue]] = []
    for var step in steps {
      step.remove(at: place)
      if !distinct.contains(step) { distinct.append(step) }
    }
    kept.steps = distinct
    return kept
  }
}

/// One point of a sweep: the values of the swept parameters, and all parameters of the study there.
public struct SweepPoint: Sendable, Equatable {
  /// Name and value of each swept parameter, "table.key".
  public let settings: [(name: String, value: ParameterValue)]
  /// All parameters at this point.
  public let values: ParameterValues
  /// A short canonical name made of the settings ("coupling-0.44-size-16"), from which units derive their random
  /// numbers: more points change no point that was there before.
  public var label: String {
    settings.map { setting in
      let key = setting.name.split(separator: ".").last.map(String.init) ?? setting.name
      return "\(Self.plain(key))-\(Self.plain(setting.value.words))"
    }.joined(separator: "-")
  }
  /// Text that may be part of a file name.
  private static func plain(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "_" })
  }
  public static func == (a: Self, b: Self) -> Bool {
    a.values == b.values && a.settings.map(\.name) == b.settings.map(\.name) && a.settings.map(\.value) == b.settings.map(\.value)
  }
}

extension ParameterValues {
  /// The points of the sweep in their order, the last axis fastest; a single one where nothing is swept.
  public var points: [SweepPoint] {
    var settings: [[(name: String, value: ParameterValue)]] = [[]]
    for axis in sweep {
      settings = settings.flatMap { before in axis.steps.map { before + zip(axis.names, $0).map { ($0, $1) } } }
    }
    return settings.map { settings in
      var here = ParameterValues(values)
      for setting in settings { here.set(setting.name, setting.value) }
      return SweepPoint(settings: settings, values: here)
    }
  }
}

extension ParameterValue {
  /// The value as people write it: texts without quotes, lists with commas.
  public var words: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): value
    case .flag(let value): "\(value)"
    case .integers(let values): values.map { "\($0)" }.joined(separator: ",")
    case .reals(let values): values.map { "\($0)" }.joined(separator: ",")
    case .texts(let values): values.joined(separator: ",")
    }
  }
}
