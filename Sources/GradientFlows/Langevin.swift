public import Archives
public import LinearAlgebra
public import RandomStreams

/// Langevin dynamics of weights, as a rule beside momentum and Adam (`LangevinFlow` has the same step on any space): descent
/// with white noise of a temperature,
///
///     w <- w + rate g + sqrt(2 rate T) xi,   xi independent standard normal numbers
///
/// With the exact gradient and small steps points come to be distributed as exp(-loss / T). On a quadratic loss k w^2 / 2 the variance
/// at rest is T / (k (1 - rate k / 2)), exactly. Noise draws from the place (replica 0, step, site: block, `.proposal`) of its key: it
/// is the same at any number of ranks. Source: M. Welling, Y. W. Teh, ICML 2011, eq. 4 (here without the batch's own noise).
public struct Langevin<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  /// The length of a step, and T in units of the loss.
  public var rate: Scalar, temperature: Scalar
  /// Where noise comes from, and the steps taken.
  public let key: StreamKey
  public private(set) var steps: UInt64 = 0

  /// A rule that has taken no step.
  public init(rate: Scalar, temperature: Scalar, key: StreamKey) {
    precondition(temperature >= 0, "a temperature is not negative")
    self.rate = rate
    self.temperature = temperature
    self.key = key
  }

  @inlinable public mutating func step<Point: Blocks, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    for index in 0..<point.blockCount { move(block: index, &point[block: index], direction[block: index]) }
    endStep()
  }

  @usableFromInline mutating func endStep() { steps += 1 }

  @usableFromInline @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  func move(block index: Int, _ weights: inout [Scalar], _ direction: [Scalar]) {
    precondition(weights.count == direction.count, "a direction has the blocks of its point")
    var draws = KeyedStreams(key).series(replica: 0, step: steps, site: index, purpose: .proposal)
    let deviation = (2 * Double(rate) * Double(temperature)).squareRoot()
    var k = 0
    while k < weights.count {
      let (a, b) = draws.normalPair()
      weights[k] += rate * direction[k] + Scalar(deviation * a)
      if k + 1 < weights.count { weights[k + 1] += rate * direction[k + 1] + Scalar(deviation * b) }
      k += 2
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([rate, temperature], at: path + "/settings")
    try archive.write([key.high, key.low, steps], at: path + "/place")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let settings = try archive.read(Scalar.self, count: 2, at: path + "/settings")
    let place = try archive.read(UInt64.self, count: 3, at: path + "/place")
    self.init(rate: settings[0], temperature: settings[1], key: StreamKey(high: place[0], low: place[1]))
    steps = place[2]
  }
}
