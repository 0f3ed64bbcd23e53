public import MessagePassing
public import RandomStreams

/// The unadjusted Langevin algorithm: x <- x + h g(x) + sqrt(2 tau h) xi, xi standard normal along the space, g the direction.
///
/// Where g is the gradient of a value, it samples exp(value / tau) up to an error of order h: for a quadratic value of curvature
/// lambda the variance is tau/(lambda (1 - h lambda/2)). At temperature 0 it is Euler's method (and draws nothing). A
/// mini-batch direction brings noise of its own: `effectiveTemperature`.
public struct LangevinFlow<Field: DirectionField>
where Field.Point: Space, Field.Direction.Scalar == Field.Point.Scalar {
  /// Where the direction comes from; h; tau.
  public var field: Field, stepSize: Double, temperature: Double
  /// The latest direction, tangent.
  public var direction: Field.Direction
  private let streams: KeyedStreams, replica: Int
  private var noise: Field.Direction

  /// A flow whose noise is a function of (`replica`, step, block); `direction` is memory of the right shape.
  public init(
    _ field: Field, stepSize: Double, temperature: Double, direction: Field.Direction, from streams: KeyedStreams, replica: Int = 0
  ) {
    precondition(stepSize > 0 && temperature >= 0, "a step has a length, a temperature is not negative")
    (self.field, self.stepSize, self.temperature) = (field, stepSize, temperature)
    (self.direction, noise, self.streams, self.replica) = (direction, direction, streams, replica)
  }

  /// One step of `point`.
  public mutating func step(
    _ point: inout Field.Point, at step: UInt64, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    try field.direction(at: point, step: step, on: team, into: &direction)
    point.project(&direction)
    if temperature > 0 {
      noise.fillNormal(replica: replica, step: step, from: streams)
      point.project(&noise)
    }
    point.add(direction, times: Field.Point.Scalar(stepSize))
    if temperature > 0 { point.add(noise, times: Field.Point.Scalar((2 * temperature * stepSize).squareRoot())) }
    point.retract()
  }
}

/// The Metropolis-adjusted Langevin algorithm: the step of `LangevinFlow` as a proposal, taken with the probability that makes
/// exp(value / tau) exactly invariant at every h (Roberts, Tweedie 1996), on a space with its own retraction too.
public struct MetropolisLangevinFlow<Field: Functional>
where Field.Point: Space, Field.Direction.Scalar == Field.Point.Scalar {
  /// Where the direction comes from; h; tau > 0.
  public var field: Field, stepSize: Double, temperature: Double
  /// Steps taken and proposals accepted.
  public private(set) var steps = 0, accepted = 0
  private let streams: KeyedStreams, replica: Int
  private var here: Field.Direction, there: Field.Direction, move: Field.Direction
  private var value: Double?

  /// A flow whose noise is a function of (`replica`, step, block); `direction` is memory of the right shape.
  public init(
    _ field: Field, stepSize: Double, temperature: Double, direction: Field.Direction, from streams: KeyedStreams, replica: Int = 0
  ) {
    precondition(stepSize > 0 && temperature > 0, "a step has a length, and noise a temperature")
    (self.field, self.stepSize, self.temperature) = (field, stepSize, temperature)
    (here, there, move, self.streams, self.replica) = (direction, direction, direction, streams, replica)
  }

  /// One step of `point`, which nothing else may change between steps.
  public mutating func step(
    _ point: inout Field.Point, at step: UInt64, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    if value == nil {
      value = field.value(at: point)
      try field.direction(at: point, step: step, on: team, into: &here)
      point.project(&here)
    }
    move.fillNormal(replica: replica, step: step, from: streams)
    point.project(&move)
    var next = point
    next.add(here, times: Field.Point.Scalar(stepSize))
    next.add(move, times: Field.Point.Scalar((2 * temperature * stepSize).squareRoot()))
    next.retract()
    steps += 1
    let nextValue = field.value(at: next)
    try field.direction(at: next, step: step, on: team, into: &there)
    next.project(&there)
    guard let forth = logProposal(from: point, to: next, drift: here), let back = logProposal(from: next, to: point, drift: there),
      nextValue.isFinite
    else { return }
    let log = (nextValue - (value ?? nextValue)) / temperature + back - forth
    var choice = streams.generator(replica: replica, step: step, site: 0, purpose: .acceptance)
    guard choice.bernoulli(logarithmicProbability(log)) else { return }
    point = next
    value = nextValue
    swap(&here, &there)
    accepted += 1
  }

  /// ln q(to | from) up to a constant: -|v - h g|^2 / (4 tau h) + ln |dv/d to|.
  private mutating func logProposal(from: Field.Point, to: Field.Point, drift: Field.Direction) -> Double? {
    guard let volume = from.displacement(to: to, into: &move) else { return nil }
    var square = 0.0
    for index in 0..<move.blockCount {
      let v = move[block: index], g = drift[block: index]
      for k in v.indices {
        let d = Double(v[k]) - stepSize * Double(g[k])
        square += d * d
      }
    }
    return volume - square / (4 * temperature * stepSize)
  }
}

extension Blocks {
  /// Standard normal numbers in all components, block b from the stream (replica, step, site b, `.proposal`).
  mutating func fillNormal(replica: Int, step: UInt64, from streams: KeyedStreams) {
    for index in 0..<blockCount {
      var source = streams.series(replica: replica, step: step, site: index, purpose: .proposal)
      let count = self[block: index].count
      for k in stride(from: 0, to: count, by: 2) {
        let (a, b) = source.normalPair()
        self[block: index][k] = Scalar(a)
        if k + 1 < count { self[block: index][k + 1] = Scalar(b) }
      }
    }
  }
}
