/// The source of all randomness of one unit of work: a 128-bit key, a hash of master seed, study name and canonical
/// unit, so that extending a study changes no finished unit.
public struct StreamKey: Sendable, Hashable {
  /// The key.
  public let high: UInt64, low: UInt64
  /// A key from its two words.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}
