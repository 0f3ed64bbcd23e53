import Glibc
public import MessagePassing

/// min(1, e^x).
func logarithmicProbability(_ x: Double) -> Double { x >= 0 ? 1 : exp(x) }

/// The noise of mini-batches at one point: the mean direction and the trace of its covariance over mini-batches.
///
/// A step of length h along a noisy direction spreads like Langevin noise of temperature tau_eff = (h/2) tr Cov(g)/n, n the
/// number of components (per direction; the noise is not the same in all of them).
public struct MinibatchNoise: Sendable, Equatable {
  /// tr Cov(g), estimated without bias, and its standard error; |mean g|^2, less the part that noise adds to it.
  public let trace: Double, traceError: Double, meanSquare: Double
  /// n, and how many mini-batches were looked at.
  public let components: Int, batches: Int

  /// Asks `field` for its direction at `point` in steps `first ..< first + batches`; `batches >= 2`.
  public init<Field: DirectionField>(
    of field: inout Field, at point: Field.Point, direction memory: Field.Direction, first: UInt64 = 0, batches: Int,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    precondition(batches >= 2, "a covariance needs two mini-batches")
    var direction = memory, mean: [Double] = [], all: [[Double]] = []
    for batch in 0..<batches {
      try field.direction(at: point, step: first + UInt64(batch), on: team, into: &direction)
      let g = (0..<direction.blockCount).flatMap { direction[block: $0].map { Double($0) } }
      if mean.isEmpty { mean = [Double](repeating: 0, count: g.count) }
      for k in g.indices { mean[k] += g[k] }
      all.append(g)
    }
    let count = Double(batches)
    for k in mean.indices { mean[k] /= count }
    let squares = all.map { g in zip(g, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    let trace = squares.reduce(0, +) / (count - 1), average = squares.reduce(0, +) / count
    let spread = squares.reduce(0) { $0 + ($1 - average) * ($1 - average) } / (count - 1)
    self.trace = trace
    traceError = (spread / count).squareRoot()
    meanSquare = mean.reduce(0) { $0 + $1 * $1 } - trace / count
    components = mean.count
    self.batches = batches
  }

  /// tau_eff of steps of length h.
  public func effectiveTemperature(stepSize h: Double) -> Double { h / 2 * trace / Double(components) }
}

/// The stationary variance of x <- x - h lambda x + sqrt(2 tau h) xi: tau/(lambda (1 - h lambda/2)).
public func langevinVariance(temperature: Double, curvature: Double, stepSize: Double) -> Double {
  temperature / (curvature * (1 - stepSize * curvature / 2))
}
