public import Archives
public import MessagePassing
import RandomStreams

/// The Metropolis-adjusted Langevin algorithm: a step of `Langevin` as a proposal, taken with the probability that makes
/// exp(value / tau) exactly invariant at every step length (Roberts, Tweedie 1996), on a space with its own retraction too.
public struct MetropolisLangevinFlow<Field: Functional>
where Field.Point: Space, Field.Direction.Scalar == Field.Point.Scalar, Field.Point.Scalar: ArchiveElement {
  /// Where the direction comes from.
  public var field: Field
  /// What proposes, with the steps taken; proposals accepted.
  public private(set) var rule: Langevin<Field.Point.Scalar>, accepted = 0
  private var here: Field.Direction, there: Field.Direction, move: Field.Direction
  private var valueHere: Double?

  /// A flow whose noise is that of `rule`, of a positive temperature; `direction` is memory of the right shape.
  public init(_ field: Field, rule: Langevin<Field.Point.Scalar>, direction: Field.Direction) {
    precondition(rule.rate > 0 && rule.temperature > 0, "a step has a length, and noise a temperature")
    (self.field, self.rule) = (field, rule)
    (here, there, move) = (direction, direction, direction)
  }

  /// The direction, made tangent, and the value at the latest point; before the first step neither is known.
  public var direction: Field.Direction { here }
  public var value: Double { valueHere ?? .nan }

  /// One step of `point`, which nothing else may change between steps. The field is asked for its direction at `step`.
  public mutating func step(
    _ point: inout Field.Point, at step: UInt64, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    if valueHere == nil {
      valueHere = field.value(at: point)
      try field.direction(at: point, step: step, on: team, into: &here)
      point.project(&here)
    }
    var next = point, choice = KeyedStreams(rule.key).generator(replica: rule.replica, step: rule.steps, site: 0, purpose: .acceptance)
    rule.step(&next, along: here)
    next.retract()
    let nextValue = field.value(at: next)
    try field.direction(at: next, step: step, on: team, into: &there)
    next.project(&there)
    guard let forth = logProposal(from: point, to: next, drift: here), let back = logProposal(from: next, to: point, drift: there),
      nextValue.isFinite
    else { return }
    let log = (nextValue - value) / Double(rule.temperature) + back - forth
    guard choice.bernoulli(logarithmicProbability(log)) else { return }
    point = next
    valueHere = nextValue
    swap(&here, &there)
    accepted += 1
  }

  /// ln q(to | from) up to a constant: -|v - h g|^2 / (4 tau h) + ln |dv/d to|.
  private mutating func logProposal(from: Field.Point, to: Field.Point, drift: Field.Direction) -> Double? {
    guard let volume = from.displacement(to: to, into: &move) else { return nil }
    var square = 0.0
    for index in 0..<move.blockCount { square += squaredDistance(move[block: index], drift[block: index]) }
    return volume - square / (4 * Double(rule.temperature) * Double(rule.rate))
  }
  /// |v - h g|^2 of one block.
  private func squaredDistance(_ v: [Field.Point.Scalar], _ g: [Field.Point.Scalar]) -> Double {
    var square = 0.0
    for k in v.indices {
      let d = Double(v[k]) - Double(rule.rate) * Double(g[k])
      square += d * d
    }
    return square
  }
}
