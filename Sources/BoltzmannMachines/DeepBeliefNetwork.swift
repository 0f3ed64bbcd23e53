public import LinearAlgebra
public import RandomStreams
public import Sampling
public import Statistics

/// A stack of restricted Boltzmann machines, trained greedily: the hidden layer of each is the visible layer of the
/// next. Its law is that of the top machine on the top but one layer, passed down by the conditional laws below.
///
/// Layers hand on bits: a set bit is 1 or +1, as each machine's own units say.
public struct DeepBeliefNetwork<Scalar: DenseScalar>: Sendable, Equatable {
  /// The machines from the data upwards.
  public let layers: [RestrictedBoltzmannMachine<Scalar>]

  /// A stack of at least one machine; throws `noLayers` or `layersDoNotFit`.
  public init(_ layers: [RestrictedBoltzmannMachine<Scalar>]) throws(BoltzmannError) {
    guard !layers.isEmpty else { throw .noLayers }
    for upper in layers.indices.dropFirst() where layers[upper].visible != layers[upper - 1].hidden {
      throw .layersDoNotFit(layer: upper, expected: layers[upper - 1].hidden, found: layers[upper].visible)
    }
    self.layers = layers
  }

  /// Each layer's states from the data to the hidden layer of machine `count - 1`, every one sampled given the one
  /// below: `count + 1` batches, the first being `configurations` itself.
  ///
  /// Row r stands for the global row `firstRow + r` and has randomness of its own.
  public func sampledStates(
    of configurations: Configurations, through count: Int, firstRow: Int = 0, from streams: some Streams
  ) -> [Configurations] {
    precondition((0...layers.count).contains(count), "the stack has \(layers.count) layers")
    var states = [configurations]
    for level in 0..<count {
      states.append(layers[level].sampleHidden(of: states[level], firstRow: firstRow, step: UInt64(level), from: streams))
    }
    return states
  }

  /// p(unit is set) for the hidden units of machine `count - 1`, `[rows, hidden]`, with the layers between replaced by
  /// their means; `count >= 1`.
  public func meanStates(of configurations: Configurations, through count: Int) -> [Scalar] {
    precondition((1...layers.count).contains(count), "the stack has \(layers.count) layers")
    var means = layers[0].hiddenProbabilities(given: configurations)
    for level in 1..<count {
      let (machine, _) = layers[level].converted(to: .zeroOne)
      means = machine.hiddenProbabilities(ofMeans: means, rows: configurations.count)
    }
    return means
  }

  /// One unbiased estimate per configuration of the variational lower bound of ln p(v):
  ///
  ///     ln p(v) >= sum_h q(h|v) ln p_2(h) + H(q(.|v)) + sum_h q(h|v) ln p_1(v|h)
  ///
  /// with h drawn from q = p_1(h|v), and H(q) estimated by -ln q(h), so that the estimate does not scatter at all
  /// where p_2 is the hidden law of machine 1. As p_1(v|h) / p_1(h|v) = p_1(v) / p_1(h), this is
  /// -F_1(v) + F_1[h] - F_2(h) - ln Z_2, F_1[h] being the free energy of the hidden layer; higher layers go on in the
  /// same way. `topLogPartition` is ln Z of the last machine. With one machine it is ln p(v) itself.
  /// Source: Hinton, Osindero, Teh, Neural Computation 18, 1527 (2006).
  public func boundSamples(
    of configurations: Configurations, topLogPartition: Double, firstRow: Int = 0, from streams: some Streams
  ) -> [Double] {
    let states = sampledStates(of: configurations, through: layers.count - 1, firstRow: firstRow, from: streams)
    var bounds = [Double](repeating: -topLogPartition, count: configurations.count)
    for level in layers.indices {
      for (row, energy) in layers[level].freeEnergy(of: states[level]).enumerated() { bounds[row] -= energy }
      guard level + 1 < layers.count else { continue }
      for (row, energy) in layers[level].hiddenFreeEnergy(of: states[level + 1]).enumerated() { bounds[row] += energy }
    }
    return bounds
  }

  /// The mean of `boundSamples` over configurations and its standard error, NaN for one configuration. The error
  /// holds the scatter over configurations and over h, not the error of `topLogPartition`.
  public func bound(
    of configurations: Configurations, topLogPartition: Double, from streams: some Streams
  ) -> Estimate {
    Estimate(meanOf: boundSamples(of: configurations, topLogPartition: topLogPartition, from: streams))
  }
}

extension RestrictedBoltzmannMachine {
  /// p(h_j is set) of a 0/1 machine when its visible units stand at `means`, `[rows, visible]`; sums in order of the
  /// units, in double precision.
  fileprivate func hiddenProbabilities(ofMeans means: [Scalar], rows: Int) -> [Scalar] {
    var result: [Scalar] = []
    result.reserveCapacity(rows * hidden)
    for row in 0..<rows {
      var fields = hiddenBias.map { Double($0) }
      for i in 0..<visible {
        let mean = Double(means[row * visible + i])
        for j in 0..<hidden { fields[j] += mean * Double(weights[i * hidden + j]) }
      }
      for field in fields { result.append(Scalar(Elementwise.sigmoid(field))) }
    }
    return result
  }
}
