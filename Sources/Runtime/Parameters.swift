/// The value of a study's parameter.
public enum ParameterValue: Sendable, Equatable {
  case integer(Int), real(Double), text(String), flag(Bool), integers([Int]), reals([Double]), texts([String])
}

/// What values a parameter may take, checked before the study sees them.
public enum Allowed: Sendable, Equatable {
  case anything
  /// Integers in a closed range.
  case integers(ClosedRange<Int>)
  /// Finite reals in a closed range.
  case reals(ClosedRange<Double>)
  /// One of these texts.
  case oneOf([String])
}

/// One parameter of a study: `key = default` in its table, with unit and meaning for the catalogue.
public struct Parameter: Sendable {
  public let key: String, initial: ParameterValue, allowed: Allowed, unit: String, meaning: String
  /// `unit` is "1" for pure numbers; `meaning` is one line. For list values `allowed` holds for each element.
  public init(_ key: String, _ initial: ParameterValue, _ allowed: Allowed = .anything, unit: String = "1", _ meaning: String) {
    self.key = key
    self.initial = initial
    self.allowed = allowed
    self.unit = unit
    self.meaning = meaning
  }
}

/// One table of a study file: `[name]` with its parameters.
public struct ParameterTable: Sendable {
  public let name: String, meaning: String, parameters: [Parameter]
  public init(_ name: String, _ meaning: String, _ parameters: [Parameter]) {
    self.name = name
    self.meaning = meaning
    self.parameters = parameters
  }
}

/// All parameters of one study with their values and what is swept, by "table.key"; every declared parameter is present with its type.
public struct ParameterValues: Sendable, Equatable {
  /// The values by "table.key".
  public private(set) var values: [String: ParameterValue]
  /// What is swept: the values of these parameters in `values` are replaced at each point (see `points`).
  public let sweep: [SweepAxis]
  public init(_ values: [String: ParameterValue], sweep: [SweepAxis] = []) {
    self.values = values
    self.sweep = sweep
  }
  /// Replaces one value (used by `--debug`, which shrinks sizes).
  public mutating func set(_ name: String, _ value: ParameterValue) { values[name] = value }

  /// The integer at "table.key"; asking for an undeclared name or another type is a bug of the study.
  public func integer(_ name: String) -> Int {
    guard case .integer(let value)? = values[name] else { preconditionFailure("\(name) is not declared as an integer") }
    return value
  }
  /// The real at "table.key".
  public func real(_ name: String) -> Double {
    guard case .real(let value)? = values[name] else { preconditionFailure("\(name) is not declared as a real") }
    return value
  }
  /// The text at "table.key".
  public func text(_ name: String) -> String {
    guard case .text(let value)? = values[name] else { preconditionFailure("\(name) is not declared as a text") }
    return value
  }
  /// The flag at "table.key".
  public func flag(_ name: String) -> Bool {
    guard case .flag(let value)? = values[name] else { preconditionFailure("\(name) is not declared as a flag") }
    return value
  }
  /// The integers at "table.key".
  public func integers(_ name: String) -> [Int] {
    guard case .integers(let value)? = values[name] else { preconditionFailure("\(name) is not declared as integers") }
    return value
  }
  /// The texts at "table.key".
  public func texts(_ name: String) -> [String] {
    guard case .texts(let value)? = values[name] else { preconditionFailure("\(name) is not declared as texts") }
    return value
  }
  /// The reals at "table.key".
  public func reals(_ name: String) -> [Double] {
    guard case .reals(let value)? = values[name] else { preconditionFailure("\(name) is not declared as reals") }
    return value
  }
}
