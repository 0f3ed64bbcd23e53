import Glibc

/// The generator of reference numbers (SplitMix64 of Steele, Lea and Flood 2014, Box-Muller): only for checks.
struct ReferenceGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// Uniform in [0, 1).
  mutating func uniform() -> Double { Double(word() >> 11) * 0x1p-53 }
  /// Two independent standard normal numbers, from two uniform ones u, v: sqrt(-2 ln(1 - u)) (cos 2 pi v, sin 2 pi v).
  mutating func gaussianPair() -> (Double, Double) {
    let radius = sqrt(-2 * log(1 - uniform()))
    let angle = 2 * Double.pi * uniform()
    return (radius * cos(angle), radius * sin(angle))
  }
}

/// The reference series `gauss(seed, count)` of standard normal numbers.
func testGaussians(seed: UInt64, count: Int) -> [Double] {
  var generator = ReferenceGenerator(seed: seed)
  var values: [Double] = []
  values.reserveCapacity(count + 1)
  while values.count < count {
    let pair = generator.gaussianPair()
    values.append(pair.0)
    values.append(pair.1)
  }
  return Array(values.prefix(count))
}
