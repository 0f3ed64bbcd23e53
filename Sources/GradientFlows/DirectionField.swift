public import MessagePassing

/// A direction to move in at each point, exact or estimated: the gradient of a loss, contrastive divergence (which is the
/// gradient of nothing), the drift of a gas. Ascending: a step goes along the direction.
public protocol DirectionField<Point> {
  /// Where one stands.
  associatedtype Point
  /// Where to go; its blocks are those of the point.
  associatedtype Direction: Blocks
  /// The direction at `point`, as a function of (point, step) alone: the same bits at any size of `team`. All ranks
  /// of the team call it with the same point and step.
  mutating func direction(
    at point: Point, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout Direction
  ) throws(MessagePassingError)
}

/// A direction field that is the gradient of something.
public protocol Functional: DirectionField {
  /// The value whose gradient the direction is.
  func value(at point: Point) -> Double
}

/// Moves along a direction field by a stepper's rule: the loop of every training and of every gas, written once. On a space that is
/// not flat the direction is made tangent first, and the point brought back to the space after the step.
public struct GradientFlow<Field: DirectionField, Rule: Stepper>
where Field.Point: Space, Field.Point.Scalar == Rule.Scalar, Field.Direction.Scalar == Rule.Scalar {
  /// Where the direction comes from.
  public var field: Field
  /// How a step uses it.
  public var rule: Rule
  /// The latest direction.
  public var direction: Field.Direction

  /// A flow; `direction` is memory of the right shape, its contents do not matter.
  @inlinable public init(_ field: Field, rule: Rule, direction: Field.Direction) {
    self.field = field
    self.rule = rule
    self.direction = direction
  }

  /// One step of `point`.
  @inlinable public mutating func step(
    _ point: inout Field.Point, at step: UInt64, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    try field.direction(at: point, step: step, on: team, into: &direction)
    point.project(&direction)
    rule.step(&point, along: direction)
    point.retract()
  }
}
