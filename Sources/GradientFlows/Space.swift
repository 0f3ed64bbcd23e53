/// A point of a space that need not be flat: where directions are tangent, and how a straight step comes back to it. By
/// default all of R^n, where there is nothing to do; a point on a sphere provides its own.
public protocol Space: Blocks {
  /// The components of a direction along the space at this point, in place. Noise is projected in the same way.
  func project<Direction: Blocks>(_ direction: inout Direction) where Direction.Scalar == Scalar
  /// Back to the space after a step along a tangent vector.
  mutating func retract()
  /// The tangent vector whose step ends at `other`, into `direction`; returns ln |dv / d other|, the density of v against
  /// the volume of the space, or nil where no such vector exists.
  func displacement<Direction: Blocks>(to other: Self, into direction: inout Direction) -> Double? where Direction.Scalar == Scalar
}

extension Space {
  @inlinable public func project<Direction: Blocks>(_ direction: inout Direction) where Direction.Scalar == Scalar {}
  @inlinable public mutating func retract() {}
  @inlinable public func displacement<Direction: Blocks>(
    to other: Self, into direction: inout Direction
  ) -> Double? where Direction.Scalar == Scalar {
    for index in 0..<blockCount {
      let from = self[block: index], to = other[block: index]
      for k in from.indices { direction[block: index][k] = to[k] - from[k] }
    }
    return 0
  }
}

extension Blocks {
  /// self += factor * direction, block by block.
  @inlinable public mutating func add<Direction: Blocks>(_ direction: Direction, times factor: Scalar) where Direction.Scalar == Scalar {
    for index in 0..<blockCount {
      let g = direction[block: index]
      precondition(g.count == self[block: index].count, "a direction has the blocks of its point")
      for k in g.indices { self[block: index][k] += factor * g[k] }
    }
  }
}
