extension Network {
  /// Whether some layer is a bottleneck.
  public var hasBottleneck: Bool { layers.contains { if case .bottleneck = $0 { true } else { false } } }

  /// The rate of each code of each bottleneck for samples `range` in nats, `[range.count, codes]`, bottom first. The mean over
  /// samples of their sum bounds I(X; Z) of a bottleneck from above.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  public func rates(for samples: SampleSet, _ range: Range<Int>) throws(NetworkError) -> [Double] {
    guard input.count == samples.shape.count, input == samples.shape || input.isVector else {
      throw .input(expected: input, found: samples.shape)
    }
    let block = min(64, max(1, range.count)), pass = NetworkPass(self, rows: block, shards: 0)
    pass.prepare(self, downward: false)
    var result: [Double] = []
    for first in stride(from: range.lowerBound, to: range.upperBound, by: block) {
      let rows = min(block, range.upperBound - first)
      pass.load(samples, Array(first..<first + rows))
      pass.forward(rows, nil)
      for row in 0..<rows { result += pass.rates(row) }
    }
    return result
  }

  /// The network without noise: codes are their means, so that of the dense layer below a bottleneck the half that gives
  /// log-variances is left out. Its outputs are those of `outputs(for:)` but for rounding.
  public func withoutNoise() -> Network {
    var descriptions: [LayerDescription] = [], parameters: [[Scalar]] = []
    for (index, layer) in layers.enumerated() {
      if case .bottleneck(let bottleneck) = layer {
        descriptions[descriptions.count - 1] = .dense(bottleneck.codes, .identity)
        let columns = 2 * bottleneck.codes, weights = parameters[parameters.count - 2]
        parameters[parameters.count - 2] = stride(from: 0, to: weights.count, by: columns).flatMap { weights[$0..<$0 + bottleneck.codes] }
        parameters[parameters.count - 1].removeLast(bottleneck.codes)
      } else {
        descriptions.append(self.descriptions[index])
        if let block = firstBlock(of: index) { parameters += self.parameters[block...block + 1] }
      }
    }
    return Self.built(input, descriptions, parameters)
  }

  /// The network without noise and without dead units: units of dense layers below other dense layers whose output is the same
  /// for all `samples` (their constant goes into the biases above), and codes of bottlenecks whose mean rate on `samples` is
  /// below `leastRate` nats, which tell almost nothing (their mean value goes there). A layer keeps at least one unit.
  public func pruned(on samples: SampleSet, leastRate: Double = 0.01) throws(NetworkError) -> (network: Network, removed: Int) {
    let plain = withoutNoise(), all = 0..<samples.count
    var dead: [Int: Set<Int>] = [:], means: [Int: [Double]] = [:]
    for index in plain.layers.indices where plain.denseAbove(index) != nil {
      let width = plain.layers[index].output.count
      var least = [Double](repeating: .infinity, count: width), most = least.map { -$0 }, sums = [Double](repeating: 0, count: width)
      for first in stride(from: 0, to: samples.count, by: 256) {
        let values = try plain.activations(for: samples, first..<min(first + 256, samples.count))[index]
        for (k, value) in values.enumerated() {
          let unit = k % width, value = Double(value)
          least[unit] = min(least[unit], value)
          most[unit] = max(most[unit], value)
          sums[unit] += value
        }
      }
      means[index] = sums.map { $0 / Double(samples.count) }
      dead[index] = Set((0..<width).filter { most[$0] - least[$0] <= 1e-6 * max(1, abs(most[$0])) })
    }
    if hasBottleneck {
      let rates = try rates(for: samples, all), width = rates.count / samples.count
      var first = 0, removed = 0
      for (index, layer) in layers.enumerated() {
        guard case .bottleneck(let bottleneck) = layer else { continue }
        // Bottlenecks are layers here and not there.
        removed += 1
        for code in 0..<bottleneck.codes {
          let mean = stride(from: first + code, to: rates.count, by: width).reduce(0.0) { $0 + rates[$1] } / Double(samples.count)
          if mean < leastRate { dead[index - removed]?.insert(code) }
        }
        first += bottleneck.codes
      }
    }
    return plain.without(dead, means: means)
  }

  /// The dense layer that stands on the dense layer `index`, with nothing that computes between them.
  private func denseAbove(_ index: Int) -> Int? {
    guard case .dense = layers[index] else { return nil }
    for above in layers.indices.dropFirst(index + 1) {
      switch layers[above] {
      case .dense: return above
      case .flatten, .dropout: continue
      case .convolution, .maxPooling, .bottleneck: return nil
      }
    }
    return nil
  }

  private func without(_ dead: [Int: Set<Int>], means: [Int: [Double]]) -> (network: Network, removed: Int) {
    var descriptions = descriptions, parameters = parameters, removed = 0
    for index in layers.indices {
      guard var gone = dead[index], !gone.isEmpty, let above = denseAbove(index), let lower = firstBlock(of: index),
        let upper = firstBlock(of: above), let mean = means[index], case .dense(let dense) = layers[index],
        case .dense(let next) = layers[above], case .dense(_, let activation) = descriptions[index]
      else { continue }
      if gone.count == dense.outputs { gone.remove(0) }
      let alive = (0..<dense.outputs).filter { !gone.contains($0) }
      for unit in gone.sorted() {
        for k in 0..<next.outputs { parameters[upper + 1][k] += Scalar(mean[unit] * Double(parameters[upper][unit * next.outputs + k])) }
      }
      let columns = parameters[lower + 1].count
      let weights = parameters[lower], rows = weights.count / columns
      parameters[lower] = (0..<rows).flatMap { row in alive.map { weights[row * columns + $0] } }
      let bias = parameters[lower + 1], over = parameters[upper]
      parameters[lower + 1] = alive.map { bias[$0] }
      parameters[upper] = alive.flatMap { over[$0 * next.outputs..<($0 + 1) * next.outputs] }
      descriptions[index] = .dense(alive.count, activation)
      removed += gone.count
    }
    return (Self.built(input, descriptions, parameters), removed)
  }

  private static func built(_ input: FeatureShape, _ descriptions: [LayerDescription], _ parameters: [[Scalar]]) -> Network {
    guard var network = try? Network(input: input, descriptions) else { preconditionFailure("parts of a network make a network") }
    precondition(zip(network.parameters, parameters).allSatisfy { $0.count == $1.count }, "parameters fill their layers")
    network.parameters = parameters
    return network
  }
}
