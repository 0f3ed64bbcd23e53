/// A JSON value whose object keys keep their order, so that a file is written the same way every time.
public indirect enum JSON: Sendable, Equatable {
  case null, flag(Bool), integer(Int), number(Double), text(String), array([JSON]), object([Member])

  /// One `"name": value` of an object.
  public struct Member: Sendable, Equatable {
    public let name: String, value: JSON
    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// The member of an object; nil for other values and missing names.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }
  /// The number, of an integer too.
  public var double: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
  /// The integer.
  public var int: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The text.
  public var string: String? { if case .text(let value) = self { value } else { nil } }
  /// The flag.
  public var bool: Bool? { if case .flag(let value) = self { value } else { nil } }
  /// The elements of an array.
  public var elements: [JSON]? { if case .array(let values) = self { values } else { nil } }
  /// The members of an object in their order.
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// A number, or null where it is not finite: JSON has no other way to say it.
  public static func finite(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }
}
