/// A law that does not hold, told in one line.
public struct LawViolation: Error, CustomStringConvertible {
  /// Which law, and what was found.
  public let description: String

  /// A violation with this description.
  public init(_ description: String) { self.description = description }
}
