public import GradientFlows
public import LinearAlgebra
public import MessagePassing
public import Sampling
import Statistics

extension RestrictedBoltzmannMachine: Space {
  public var blockCount: Int { 3 }
  public func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
  /// W, a, b.
  public subscript(block index: Int) -> [Scalar] {
    get { index == 0 ? weights : index == 1 ? visibleBias : hiddenBias }
    _modify {
      switch index {
      case 0: yield &weights
      case 1: yield &visibleBias
      default: yield &hiddenBias
      }
    }
  }
}

extension LikelihoodGradient: Blocks {
  public var blockCount: Int { 3 }
  public func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
  public subscript(block index: Int) -> [Double] {
    get { index == 0 ? weights : index == 1 ? visibleBias : hiddenBias }
    _modify {
      switch index {
      case 0: yield &weights
      case 1: yield &visibleBias
      default: yield &hiddenBias
      }
    }
  }
  /// Zero, of the shape of `machine`.
  public init(like machine: RestrictedBoltzmannMachine<Double>) {
    self.init(
      weights: [Double](repeating: 0, count: machine.weights.count), visibleBias: [Double](repeating: 0, count: machine.visible),
      hiddenBias: [Double](repeating: 0, count: machine.hidden))
  }
}

/// The mean log-likelihood of a data set less a penalty on all parameters, as a functional of the machine:
///
///     value = (1/D) sum_d ln p(v_d) - decay |theta|^2 / 2 [nats]
///
/// with the partition function summed over all states of the smaller layer. With a penalty exp(value / tau) is a law that Langevin
/// steps can sample. Computed alike by every rank, in the time of `exactLogLikelihoodGradient`.
public struct ExactLikelihood: Functional {
  /// The data set and the strength of the penalty.
  public let data: Configurations, decay: Double

  /// - Throws: `tooManyUnits` where the smaller layer of `machine` is too large to be enumerated.
  public init(of data: Configurations, like machine: RestrictedBoltzmannMachine<Double>, decay: Double = 0) throws(BoltzmannError) {
    precondition(
      data.sites.count == machine.visible && decay >= 0, "data of the machine's visible units, and a penalty that is none or more")
    let smaller = min(machine.visible, machine.hidden), limit = RestrictedBoltzmannMachine<Double>.enumerationLimit
    guard smaller <= limit else { throw .tooManyUnits(found: smaller, limit: limit) }
    (self.data, self.decay) = (data, decay)
  }

  public func direction(
    at point: RestrictedBoltzmannMachine<Double>, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout LikelihoodGradient
  ) throws(MessagePassingError) {
    direction = Self.known { () throws(BoltzmannError) in try point.exactLogLikelihoodGradient(of: data) }
    for index in 0..<point.blockCount {
      let theta = point[block: index]
      for k in theta.indices { direction[block: index][k] -= decay * theta[k] }
    }
  }

  public func value(at point: RestrictedBoltzmannMachine<Double>) -> Double {
    let squares = (0..<point.blockCount).reduce(0.0) { sum, index in point[block: index].reduce(sum) { $0 + $1 * $1 } }
    return Self.known { () throws(BoltzmannError) in try point.exactLogLikelihood(of: data).value } - decay * squares / 2
  }

  /// The size was checked when the functional was made.
  private static func known<T>(_ body: () throws(BoltzmannError) -> T) -> T {
    do throws(BoltzmannError) { return try body() } catch { preconditionFailure("a machine of another shape: \(error)") }
  }
}
