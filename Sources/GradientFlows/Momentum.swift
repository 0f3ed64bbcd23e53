public import Archives
public import LinearAlgebra

/// Momentum with penalties:
///
///     v <- mu v + rate (g - decay w - l1 sign w),   w <- w + v
///
/// where decay and l1 act on blocks of weights alone and sign 0 = 0. Source: G. Hinton, "A practical guide to training
/// restricted Boltzmann machines" (2010), sections 9 and 10.
public struct Momentum<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  /// The length of a step, per unit of direction; mu in [0, 1); the penalties' strengths, per unit of weight and flat.
  public var rate: Scalar, momentum: Scalar, decay: Scalar, l1: Scalar
  /// v, one array per block; empty before the first step, which starts from rest.
  public private(set) var velocity: [[Scalar]] = []

  /// A rule at rest.
  public init(rate: Scalar, momentum: Scalar, decay: Scalar = 0, l1: Scalar = 0) {
    precondition(momentum >= 0 && momentum < 1, "momentum lies in [0, 1)")
    self.rate = rate
    self.momentum = momentum
    self.decay = decay
    self.l1 = l1
  }

  @inlinable public mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    for index in 0..<point.blockCount {
      let g = direction[block: index]
      step(block: index, &point[block: index], g, penalized: point.role(of: index) == .weights)
    }
  }

  /// One block; a concrete loop that the compiler vectorises (elements do not mix, so any width gives the same bits).
  @usableFromInline @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  mutating func step(block index: Int, _ weights: inout [Scalar], _ direction: [Scalar], penalized: Bool) {
    precondition(weights.count == direction.count, "a direction has the blocks of its point")
    while velocity.count <= index { velocity.append([]) }
    if velocity[index].isEmpty { velocity[index] = [Scalar](repeating: 0, count: weights.count) }
    let count = weights.count, rate = rate, momentum = momentum
    let decay = penalized ? decay : 0, l1 = penalized ? l1 : 0
    unsafe velocity[index].withUnsafeMutableBufferPointer { v in
      unsafe weights.withUnsafeMutableBufferPointer { w in
        unsafe direction.withUnsafeBufferPointer { g in
          for k in 0..<count {
            let weight = unsafe w[k]
            let sign: Scalar = (weight > 0 ? 1 : 0) - (weight < 0 ? 1 : 0)
            let gradient = unsafe g[k] - decay * weight - l1 * sign
            let speed = unsafe momentum * v[k] + rate * gradient
            unsafe v[k] = speed
            unsafe w[k] = weight + speed
          }
        }
      }
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([rate, momentum, decay, l1], at: path + "/settings")
    try archive.write(velocity.count, at: path + "/blocks")
    for (index, block) in velocity.enumerated() { try archive.write(block, at: path + "/velocity\(index)") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let settings = try archive.read(Scalar.self, count: 4, at: path + "/settings")
    (rate, momentum, decay, l1) = (settings[0], settings[1], settings[2], settings[3])
    for index in 0..<(try archive.scalar(Int.self, at: path + "/blocks")) {
      velocity.append(try archive.read(Scalar.self, count: nil, at: path + "/velocity\(index)"))
    }
  }
}
