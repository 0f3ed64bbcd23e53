/// How long a check takes: it decides when it is run.
public enum CheckCost: String, Sendable, CaseIterable {
  /// Under two seconds: `renorm verify` and the tests.
  case fast
  /// Under two minutes: `renorm verify --full`.
  case slow
  /// A whole study: `renorm verify --studies`.
  case study
}

/// How near a found value has to come.
public enum Tolerance: Sendable, Equatable {
  /// |found - expected| <= this.
  case absolute(Double)
  /// |found - expected| <= this * |expected|.
  case relative(Double)
  /// |found - expected| <= `count` standard errors, and the error itself at most `largestError`.
  case sigmas(Double, largestError: Double)
  /// found >= expected.
  case atLeast
  /// found <= expected.
  case atMost
  /// expected <= found <= this.
  case upTo(Double)
}

/// One line of `renorm verify`: a number that is known and what this machine makes of it.
public struct KnownValue: Sendable {
  /// What is computed, in words and field notation.
  public let what: String
  /// The known value, what was found and how near it has to be.
  public let expected: Double, found: Double, tolerance: Tolerance
  /// The standard error of `found`, where it is an estimate.
  public let error: Double?
  public init(_ what: String, expected: Double, found: Double, error: Double? = nil, _ tolerance: Tolerance) {
    self.what = what
    self.expected = expected
    self.found = found
    self.error = error
    self.tolerance = tolerance
  }
  /// Whether the found value is within tolerance; never true for a value that is not a number.
  public var passes: Bool {
    guard found.isFinite else { return false }
    switch tolerance {
    case .absolute(let width): return abs(found - expected) <= width
    case .relative(let width): return abs(found - expected) <= width * abs(expected)
    case .sigmas(let count, let largest):
      guard let error, error > 0, error <= largest else { return false }
      return abs(found - expected) <= count * error
    case .atLeast: return found >= expected
    case .atMost: return found <= expected
    case .upTo(let upper): return found >= expected && found <= upper
    }
  }
}

/// Why a check is left out on this machine: thrown in place of values.
public struct LeftOut: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// A computation whose results are known: the id of the acceptance table ("A1"), its cost, and the lines it gives.
public struct Check: Sendable {
  public let id: String, cost: CheckCost
  public let values: @Sendable () throws -> [KnownValue]
  public init(_ id: String, _ cost: CheckCost, _ values: @escaping @Sendable () throws -> [KnownValue]) {
    self.id = id
    self.cost = cost
    self.values = values
  }
}
