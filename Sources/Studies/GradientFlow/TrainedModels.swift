import BoltzmannMachines
import Glibc
import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams
import Sampling

extension GradientFlowStudy {
  /// What is trained: a classifier of two noisy rings (2-16-2 units), or a Boltzmann machine of bars and stripes (16 visible units).
  public enum Model: String, Sendable, CaseIterable { case network, machine }

  /// The same data and start for every unit: keyed by nothing of the unit.
  static let common = KeyedStreams(StreamKey(high: 0x6772_6164, low: 0x666C_6F77))

  static func network<Scalar: NetworkScalar>() throws(NetworkError) -> Network<Scalar> {
    var layers: [LayerDescription] = []
    for text in ["dense 16 tanh", "dense 2"] { layers.append(try LayerDescription(text)) }
    return try Network(input: .vector(2), layers, from: common)
  }
  static func rings(_ count: Int) -> SampleSet {
    var draws = common.series(replica: 0, step: 0, site: 0, purpose: .batch), features: [Float] = [], labels: [Int] = []
    for index in 0..<count {
      let angle = 2 * Double.pi * draws.uniform(), radius = index % 2 == 0 ? 0.7 : 1.4, (a, b) = draws.normalPair()
      features += [Float(radius * cos(angle) + 0.25 * a), Float(radius * sin(angle) + 0.25 * b)]
      labels.append(index % 2)
    }
    return SampleSet(shape: .vector(2), features: features, targets: .classes(labels, of: 2))
  }

  /// All bars and stripes of 4 x 4.
  static let images = BarsAndStripes.all(size: 4)
  /// `count` of them, drawn with equal probability.
  static func drawnImages(_ count: Int) -> Configurations {
    var draws = common.series(replica: 1, step: 0, site: 0, purpose: .batch)
    return Configurations(
      count: count, sites: .unplaced(images.sites.count), words: (0..<count).map { _ in images.words[draws.index(below: images.count)] })
  }
  func machine() -> CentredParameters {
    CentredParameters.random(
      units: .zeroOne, visible: Self.images.sites.count, hidden: hidden, offset: 0.5, deviation: 0.01, from: Self.common)
  }
}

/// Minus the loss of a whole training set less a penalty, as a functional of a network:
///
///     value = -L(theta) - decay |theta|^2 / 2 [nats]
struct PenalizedLoss: Functional {
  private let decay: Double, latest: Latest

  /// A trainer whose mini-batch is the whole set, of networks of the shape of `network`.
  init(_ learning: SupervisedLearning<Double>, like network: Network<Double>, decay: Double) {
    self.decay = decay
    latest = Latest(learning, NetworkDirection(like: network))
  }

  func direction(
    at point: Network<Double>, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout NetworkDirection<Double>
  ) throws(MessagePassingError) {
    latest.look(at: point)
    direction = latest.direction
    direction.add(point, times: -decay)
  }
  func value(at point: Network<Double>) -> Double {
    latest.look(at: point)
    let squares = (0..<point.blockCount).reduce(0.0) { sum, index in point[block: index].reduce(sum) { $0 + $1 * $1 } }
    return -latest.loss - decay * squares / 2
  }

  /// The point looked at last: its value and its direction come from one pass over the samples.
  private final class Latest {
    let learning: SupervisedLearning<Double>
    var point: Network<Double>?, direction: NetworkDirection<Double>, loss = Double.nan
    init(_ learning: SupervisedLearning<Double>, _ direction: NetworkDirection<Double>) {
      (self.learning, self.direction) = (learning, direction)
    }

    func look(at point: Network<Double>) {
      if point == self.point { return }
      self.point = point
      // One order of the samples for all steps: the value at a point is one number.
      do throws(MessagePassingError) {
        try learning.direction(at: point, step: 0, on: SoloCommunicator(), into: &direction)
      } catch { preconditionFailure("one process sends no messages: \(error)") }
      loss = learning.loss
    }
  }
}
