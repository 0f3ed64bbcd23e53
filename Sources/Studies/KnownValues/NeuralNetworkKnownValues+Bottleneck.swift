import GradientFlows
import Glibc
import MessagePassing
import NeuralNetworks
import RandomStreams
import Runtime

extension NeuralNetworkKnownValues {
  /// The variational bottleneck of one fair bit: inputs +-1 are their own class, the code is one number, the decoder logistic.
  ///
  /// For the encoder N(+-a, s^2) the best decoder, 2 a z / s^2, is within reach, so the least of
  ///
  ///     E ln(1 + exp(-2 a z / s^2)) + beta (a^2 + s^2 - 1 - ln s^2) / 2,   z ~ N(a, s^2)
  ///
  /// over a and s, by quadrature, is what training has to reach. Near a = 0, s = 1 it is ln 2 + (beta - 1) a^2 / 2: from
  /// beta = 1 on the best code keeps nothing.
  static func variationalBottleneck() throws -> [KnownValue] {
    var values: [KnownValue] = []
    for price in [0.1, 0.5] {
      let trained = try train(price: price)
      values.append(
        KnownValue(
          "loss of a trained variational bottleneck of one bit, beta = \(price)", expected: least(price), found: trained.loss,
          .absolute(1e-3)))
      // No encoder of a bit tells less than what its class can be told from, nor more than the bit.
      values.append(
        KnownValue(
          "whether ln 2 - loss of the decoder <= rate there", expected: 1, found: log(2) - trained.decoding <= trained.rate ? 1 : 0,
          .absolute(0)))
    }
    let empty = try train(price: 1.3)
    values.append(
      KnownValue(
        "rate of a trained variational bottleneck of one bit beyond beta = 1, in nats", expected: 0, found: empty.rate, .absolute(1e-3)))
    return values
  }

  /// The mean of f under N(mean, deviation^2), by the trapezoid rule over 10 deviations to both sides: exact to rounding.
  private static func mean(_ mean: Double, _ deviation: Double, of f: (Double) -> Double) -> Double {
    var sum = 0.0, weight = 0.0
    for k in -200...200 {
      let u = 0.05 * Double(k), w = exp(-0.5 * u * u)
      sum += w * f(mean + deviation * u)
      weight += w
    }
    return sum / weight
  }
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// The least loss, by golden sections over ln s inside golden sections over a.
  private static func least(_ price: Double) -> Double {
    func loss(_ a: Double, _ logDeviation: Double) -> Double {
      let variance = exp(2 * logDeviation)
      return mean(a, variance.squareRoot()) { softplus(-2 * a * $0 / variance) } + price * 0.5 * (a * a + variance - 1 - 2 * logDeviation)
    }
    func smallest(_ range: ClosedRange<Double>, _ f: (Double) -> Double) -> Double {
      let ratio = (5.0.squareRoot() - 1) / 2
      var (low, high) = (range.lowerBound, range.upperBound)
      var (x, y) = (high - ratio * (high - low), low + ratio * (high - low))
      var (fx, fy) = (f(x), f(y))
      while high - low > 1e-6 {
        if fx < fy {
          (high, y, fy) = (y, x, fx)
          x = high - ratio * (high - low)
          fx = f(x)
        } else {
          (low, x, fx) = (x, y, fy)
          y = low + ratio * (high - low)
          fy = f(y)
        }
      }
      return min(fx, fy)
    }
    return smallest(0...4) { a in smallest(-3...0.5) { loss(a, $0) } }
  }

  /// Trains the network 1 - 2 - code - 2 and works out its loss by quadrature, without noise.
  private static func train(price: Double) throws -> (loss: Double, rate: Double, decoding: Double) {
    let samples = SampleSet(
      shape: .vector(1), features: (0..<512).map { $0 % 2 == 0 ? -1 : 1 }, targets: .classes((0..<512).map { $0 % 2 }, of: 2))
    let key = StreamKey(high: 0x71B, low: 1), layers = try ["dense 2", "bottleneck", "dense 2"].map { try LayerDescription($0) }
    let network = try Network<Double>(input: .vector(1), layers, from: KeyedStreams(key)), steps = 1500
    let trainer = try SupervisedLearning(
      samples, network: network, settings: .init(batch: 256, shards: 1, ratePrice: price), key: key, rank: 0, ranks: 1)
    var state = NetworkTraining(network, rule: .adam(Adam(rate: 0.1)), schedule: .cosine, plannedSteps: steps)
    while state.step < UInt64(steps) { _ = try trainer.advance(&state, batches: steps, on: SoloCommunicator()) }
    let p = state.network.parameters
    let slope = p[2][1] - p[2][0], offset = p[3][1] - p[3][0]
    var rate = 0.0, decoding = 0.0
    for sign in [-1.0, 1] {
      let code = sign * p[0][0] + p[1][0], logVariance = sign * p[0][1] + p[1][1]
      rate += 0.25 * (code * code + expm1(logVariance) - logVariance)
      decoding += 0.5 * mean(code, exp(0.5 * logVariance)) { softplus(-sign * (slope * $0 + offset)) }
    }
    return (decoding + price * rate, rate, decoding)
  }
}
