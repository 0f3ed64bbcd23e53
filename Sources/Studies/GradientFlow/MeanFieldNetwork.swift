import Glibc
import GradientFlows
import LinearAlgebra
import MessagePassing

/// The hidden units of f(x) = (1/N) sum_i a_i as points of a flow: one block, a.
struct OutputWeights: Space, Equatable {
  var weights: [Double]
  var blockCount: Int { 1 }
  func role(of index: Int) -> BlockRole { .weights }
  subscript(block index: Int) -> [Double] {
    get { weights }
    _modify { yield &weights }
  }
  /// m = (1/N) sum a_i, the output.
  var mean: Double { weights.reduce(0, +) / Double(weights.count) }
  /// (1/N) sum (a_i - m)^2.
  var spread: Double {
    let m = mean
    return weights.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(weights.count)
  }
}

/// A two-layer network in the mean-field scaling, with constant hidden units: the solvable case. The loss per unit is
///
///     U = (m - c)^2 / 2 + lambda (1/N) sum a_i^2 / 2,   da_i = -N dU/da_i dt + sqrt(2 tau) dW.
///
/// Its law exp(-N U/tau) has E m = c/(1 + lambda), N Var m = tau/(1 + lambda), and Var within = (tau/lambda)(1 - 1/N); steps of
/// length h divide the two variances by 1 - h (1 + lambda)/2 and 1 - h lambda/2. Mei, Montanari, Nguyen, PNAS 115 (2018).
struct MeanFieldNetwork: Functional {
  let target: Double, decay: Double

  mutating func direction(
    at point: OutputWeights, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout OutputWeights
  ) throws(MessagePassingError) {
    let pull = point.mean - target
    for i in point.weights.indices { direction.weights[i] = -pull - decay * point.weights[i] }
  }
  /// -N U.
  func value(at point: OutputWeights) -> Double {
    let m = point.mean - target, squares = point.weights.reduce(0) { $0 + $1 * $1 }
    return -Double(point.weights.count) * m * m / 2 - decay * squares / 2
  }

  /// min over densities of (m - c)^2/2 + lambda <a^2>/2 + tau int rho ln rho: a normal law of mean c/(1 + lambda), variance tau/lambda.
  func freeEnergy(temperature: Double) -> Double {
    let m = target / (1 + decay), variance = temperature / decay
    return (m - target) * (m - target) / 2 + decay * (m * m + variance) / 2
      - temperature / 2 * (log(2 * Double.pi * variance) + 1)
  }
  /// Exact after steps of length h: E m, N Var m, E of the spread within.
  func stationary(units: Int, temperature: Double, stepSize: Double) -> (mean: Double, scaledVariance: Double, spread: Double) {
    (
      target / (1 + decay), langevinVariance(temperature: temperature, curvature: 1 + decay, stepSize: stepSize),
      langevinVariance(temperature: temperature, curvature: decay, stepSize: stepSize) * (1 - 1 / Double(units))
    )
  }
}
