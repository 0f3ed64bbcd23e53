public import MessagePassing

/// The classical Runge-Kutta method of fourth order along a direction field: noise-free flows with an error of h^4.
/// On a space that is not flat the stages stand on it and the end is brought back to it; the order stays, as the exact flow
/// never leaves it.
public struct RungeKuttaFlow<Field: DirectionField>
where Field.Point: Space, Field.Direction.Scalar == Field.Point.Scalar {
  /// Where the direction comes from; the length of a step.
  public var field: Field, stepSize: Field.Point.Scalar
  private var stages: [Field.Direction]

  /// A flow; `direction` is memory of the right shape, its contents do not matter.
  public init(_ field: Field, stepSize: Field.Point.Scalar, direction: Field.Direction) {
    self.field = field
    self.stepSize = stepSize
    stages = [Field.Direction](repeating: direction, count: 4)
  }

  /// One step of `point`. The field is asked four times, for steps 4 `step` ... 4 `step` + 3.
  public mutating func step(
    _ point: inout Field.Point, at step: UInt64, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let half = stepSize / 2
    for stage in 0..<4 {
      var place = point
      if stage > 0 {
        place.add(stages[stage - 1], times: stage == 3 ? stepSize : half)
        place.retract()
      }
      try field.direction(at: place, step: 4 * step + UInt64(stage), on: team, into: &stages[stage])
      place.project(&stages[stage])
    }
    for (stage, weight) in [1.0, 2, 2, 1].enumerated() { point.add(stages[stage], times: stepSize * Field.Point.Scalar(weight) / 6) }
    point.retract()
  }
}
