public import Archives
public import LinearAlgebra
public import RandomStreams

/// The unadjusted Langevin algorithm, as a rule beside momentum and Adam: descent with white noise of a temperature,
///
///     x <- x + rate g + sqrt(2 rate tau) xi,   xi independent standard normal numbers, made tangent where the space is not flat
///
/// With the exact gradient of a value and small steps points come to be distributed as exp(value / tau), up to an error of order rate:
/// for a quadratic value of curvature k the variance at rest is tau / (k (1 - rate k / 2)), exactly. At temperature 0 it is Euler's
/// method and draws nothing. A mini-batch direction brings noise of its own (`MinibatchNoise`). Noise draws from the place
/// (`replica`, step, site: block, `.proposal`) of its key: it is the same at any number of ranks. Source: G. Roberts, R. Tweedie,
/// Bernoulli 2 (1996) 341; for training M. Welling, Y. W. Teh, ICML 2011, eq. 4.
public struct Langevin<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  /// The length of a step, and tau in units of the value.
  public var rate: Scalar, temperature: Scalar
  /// Where noise comes from: the key, one of many copies under it, and the steps taken.
  public let key: StreamKey, replica: Int
  public private(set) var steps: UInt64 = 0

  /// A rule that has taken no step.
  public init(rate: Scalar, temperature: Scalar, key: StreamKey, replica: Int = 0) {
    precondition(temperature >= 0, "a temperature is not negative")
    self.rate = rate
    self.temperature = temperature
    self.key = key
    self.replica = replica
  }

  public mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    if temperature > 0 {
      var noise = PlainBlocks<Scalar>(blocks: (0..<point.blockCount).map { draw(block: $0, count: direction[block: $0].count) })
      point.project(&noise)
      for index in 0..<point.blockCount { move(&point[block: index], direction[block: index], noise.blocks[index]) }
    } else {
      point.add(direction, times: rate)
    }
    steps += 1
  }

  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  private func draw(block index: Int, count: Int) -> [Scalar] {
    var draws = KeyedStreams(key).series(replica: replica, step: steps, site: index, purpose: .proposal)
    let deviation = (2 * Double(rate) * Double(temperature)).squareRoot()
    var noise = [Scalar](repeating: 0, count: count)
    for k in stride(from: 0, to: count, by: 2) {
      let (a, b) = draws.normalPair()
      noise[k] = Scalar(deviation * a)
      if k + 1 < count { noise[k + 1] = Scalar(deviation * b) }
    }
    return noise
  }

  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  private func move(_ point: inout [Scalar], _ direction: [Scalar], _ noise: [Scalar]) {
    precondition(point.count == direction.count, "a direction has the blocks of its point")
    for k in point.indices { point[k] += rate * direction[k] + noise[k] }
  }

  public static var formatVersion: Int { 2 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([rate, temperature], at: path + "/settings")
    try archive.write([key.high, key.low, UInt64(replica), steps], at: path + "/place")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let settings = try archive.read(Scalar.self, count: 2, at: path + "/settings")
    let place = try archive.read(UInt64.self, count: 4, at: path + "/place")
    guard let replica = Int(exactly: place[2]) else { throw .damaged(file: path + "/place", reason: "\(place[2]) is no replica") }
    self.init(rate: settings[0], temperature: settings[1], key: StreamKey(high: place[0], low: place[1]), replica: replica)
    steps = place[3]
  }
}

/// A direction that is nothing but its numbers.
private struct PlainBlocks<Scalar: DenseScalar>: Blocks {
  var blocks: [[Scalar]]
  var blockCount: Int { blocks.count }
  func role(of index: Int) -> BlockRole { .weights }
  subscript(block index: Int) -> [Scalar] {
    get { blocks[index] }
    _modify { yield &blocks[index] }
  }
}
