import Glibc

/// SplitMix64 (Steele, Lea, Flood 2014): the generator of reference values, never of production.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  /// The counter.
  public var state: UInt64
  /// A generator from its seed.
  public init(seed: UInt64) { state = seed }
  /// The next word.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// Uniform in [0, 1) with 53 bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// `count` standard normal numbers by Box-Muller on consecutive pairs (u, v) of SplitMix64: sqrt(-2 ln(1 - u)) times
/// cos 2 pi v, then sin 2 pi v.
public func gauss(seed: UInt64, count: Int) -> [Double] {
  var random = SplitMix64(seed: seed), values: [Double] = []
  values.reserveCapacity(count + 1)
  while values.count < count {
    let u = random.uniform(), v = random.uniform()
    let radius = (-2 * log(1 - u)).squareRoot(), angle = 2 * Double.pi * v
    values.append(radius * cos(angle))
    values.append(radius * sin(angle))
  }
  if values.count > count { values.removeLast() }
  return values
}
