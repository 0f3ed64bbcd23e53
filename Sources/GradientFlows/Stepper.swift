public import Archives
public import LinearAlgebra

/// A rule that turns directions into steps. It may keep state (a velocity) of the point's shape, and is put away and
/// taken up with it.
public protocol Stepper: Sendable, Checkpointable {
  /// The type of one component.
  associatedtype Scalar: DenseScalar
  /// One step of `point` along `direction`, whose blocks have the same counts.
  mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar
}

/// w <- w + rate g.
public struct GradientDescent<Scalar: DenseScalar & ArchiveElement>: Stepper, Equatable {
  /// The length of a step, per unit of direction.
  public var rate: Scalar
  /// Steps of this rate.
  @inlinable public init(rate: Scalar) { self.rate = rate }

  @inlinable public mutating func step<Point: Space, Direction: Blocks>(_ point: inout Point, along direction: Direction)
  where Point.Scalar == Scalar, Direction.Scalar == Scalar {
    for index in 0..<point.blockCount {
      let g = direction[block: index]
      precondition(g.count == point[block: index].count, "a direction has the blocks of its point")
      for k in g.indices { point[block: index][k] += rate * g[k] }
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(rate, at: path + "/rate")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    rate = try archive.scalar(Scalar.self, at: path + "/rate")
  }
}
