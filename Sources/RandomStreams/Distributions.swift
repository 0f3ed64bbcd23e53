import Glibc

extension RandomChoices {
  /// Two independent standard normal numbers from two words (Box, Muller 1958): sqrt(-2 ln(1 - u)) (cos, sin)(2 pi v).
  /// The tails reach 8.5 standard deviations.
  @inlinable public mutating func normalPair() -> (Double, Double) {
    let u = uniform(), v = uniform()
    return boxMuller(u, v)
  }
  /// One standard normal number, from two words.
  public mutating func normal() -> Double { normalPair().0 }

  /// A uniform permutation of 0 ..< count (Fisher, Yates; Durstenfeld 1964).
  public mutating func permutation(count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }
  /// Puts `elements` into a uniformly random order (Fisher, Yates; Durstenfeld 1964).
  @inlinable public mutating func shuffle<Element>(_ elements: inout [Element]) {
    var last = elements.count - 1
    while last > 0 {
      elements.swapAt(last, index(below: last + 1))
      last -= 1
    }
  }
}

/// Two normal numbers of two uniform ones in [0, 1).
@usableFromInline func boxMuller(_ u: Double, _ v: Double) -> (Double, Double) {
  let radius = (-2 * log(1 - u)).squareRoot(), angle = 2 * Double.pi * v
  return (radius * cos(angle), radius * sin(angle))
}
