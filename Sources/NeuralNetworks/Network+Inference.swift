import Glibc
public import RandomStreams

extension Network {
  /// The outputs for samples `range`, `[range.count, outputs]`, without dropout. A sample's outputs do not depend on the
  /// others. 64 samples at a time. With `noise` the codes of bottlenecks are drawn, sample s from its slot s at step `draw`;
  /// without it they are means.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  public func outputs(
    for samples: SampleSet, _ range: Range<Int>? = nil, noise: (streams: KeyedStreams, draw: UInt64)? = nil
  ) throws(NetworkError) -> [Scalar] {
    guard input.count == samples.shape.count, input == samples.shape || input.isVector else {
      throw .input(expected: input, found: samples.shape)
    }
    let range = range ?? 0..<samples.count, block = min(64, max(1, range.count)), width = output.count
    let pass = NetworkPass(self, rows: block, shards: 0)
    pass.prepare(self, downward: false)
    var result: [Scalar] = []
    result.reserveCapacity(range.count * width)
    for first in stride(from: range.lowerBound, to: range.upperBound, by: block) {
      let rows = min(block, range.upperBound - first)
      pass.load(samples, Array(first..<first + rows))
      pass.forward(rows, noise.map { .init(streams: $0.streams, firstSlot: first, step: $0.draw, trains: false) })
      unsafe result.append(contentsOf: UnsafeBufferPointer(start: pass.outputs, count: rows * width))
    }
    return result
  }

  /// The outputs of every layer for samples `range`, bottom first: `[range.count, layer's output]` each. Layers are as in
  /// `layers`; flattening repeats the one below.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  public func activations(for samples: SampleSet, _ range: Range<Int>) throws(NetworkError) -> [[Scalar]] {
    guard input.count == samples.shape.count, input == samples.shape || input.isVector else {
      throw .input(expected: input, found: samples.shape)
    }
    let pass = NetworkPass(self, rows: range.count, shards: 0)
    pass.prepare(self, downward: false)
    pass.load(samples, Array(range))
    pass.forward(range.count, nil)
    var result: [[Scalar]] = [], place = 0
    for (index, layer) in layers.enumerated() {
      if place < pass.steps.count, pass.steps[place].index == index {
        let memory = pass.steps[place].output
        result.append(unsafe Array(UnsafeBufferPointer(start: memory.start, count: range.count * layer.output.count)))
        place += 1
      } else {
        let memory = place == 0 ? pass.input : pass.steps[place - 1].output
        result.append(unsafe Array(UnsafeBufferPointer(start: memory.start, count: range.count * layer.output.count)))
      }
    }
    return result
  }

  /// The mean loss on all samples and its gradient, in one shard; dropout and the noise of bottlenecks draw as in step 0
  /// of a key of zeros: for checks and small problems. `ratePrice`: what a nat of a bottleneck's rate adds.
  public func lossGradient(
    on samples: SampleSet, _ loss: Loss, ratePrice: Double = 0
  ) throws(NetworkError) -> (loss: Double, gradient: NetworkDirection<Scalar>) {
    try lossGradient(inputs: samples.features.map { Scalar($0) }, targets: samples.targets, loss, ratePrice: ratePrice)
  }

  /// The same for inputs `[samples, input]` in the network's own precision.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  public func lossGradient(
    inputs: [Scalar], targets: SampleSet.Targets, _ loss: Loss, ratePrice: Double = 0
  ) throws(NetworkError) -> (loss: Double, gradient: NetworkDirection<Scalar>) {
    try loss.check(lastLayer: layers[layers.count - 1], targets: targets)
    let count = inputs.count / input.count, pass = NetworkPass(self, rows: count, shards: 1), width = output.count
    precondition(inputs.count == count * input.count && targets.count == count, "inputs fill whole samples, with a target each")
    pass.ratePrice = ratePrice
    pass.prepare(self, downward: true)
    for k in inputs.indices { unsafe pass.input.start[k] = inputs[k] }
    let randomness = NetworkPass<Scalar>.Randomness(streams: .init(.init(high: 0, low: 0)), firstSlot: 0, step: 0)
    pass.forward(count, randomness)
    var total = 0.0
    for row in 0..<count {
      total += unsafe loss.evaluate(
        UnsafePointer(pass.outputs + row * width), count: width, target: targets.target(row), activation: pass.lastActivation,
        into: pass.lastDelta + row * width)
      total += pass.ratePenalty(row)
    }
    var sums = [Scalar](repeating: 0, count: parameterCount)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe pass.backward(shards: 1, rowsPerShard: count, subtrees: [1], length: 0, randomness, into: sums.baseAddress!) { _ in }
    }
    var gradient = NetworkDirection(like: self), next = 0
    for block in gradient.blocks.indices {
      for k in gradient.blocks[block].indices { gradient.blocks[block][k] = sums[next + k] / Scalar(count) }
      next += gradient.blocks[block].count
    }
    return (total / Double(count), gradient)
  }

  /// Softmax of outputs, `[rows, outputs]`, in double precision.
  public func probabilities(_ outputs: [Scalar]) -> [Double] {
    let width = output.count
    var result: [Double] = []
    result.reserveCapacity(outputs.count)
    for row in 0..<outputs.count / width {
      let values = outputs[row * width..<(row + 1) * width].map { Double($0) }, largest = values.max() ?? 0
      let weights = values.map { exp($0 - largest) }, sum = weights.reduce(0, +)
      result += weights.map { $0 / sum }
    }
    return result
  }
}

extension Network {
  /// The loss of each sample from its outputs, `[samples, outputs]`.
  public func losses(_ outputs: [Scalar], _ targets: SampleSet.Targets, _ loss: Loss) -> [Double] {
    let width = output.count, activation = layers[layers.count - 1].activation
    precondition(outputs.count == targets.count * width, "outputs for each target")
    var delta = [Scalar](repeating: 0, count: width)
    return unsafe outputs.withUnsafeBufferPointer { outputs in
      unsafe delta.withUnsafeMutableBufferPointer { delta in
        guard let y = outputs.baseAddress, let scratch = delta.baseAddress else { return [] }
        return (0..<targets.count).map { row in
          unsafe loss.evaluate(y + row * width, count: width, target: targets.target(row), activation: activation, into: scratch)
        }
      }
    }
  }
}
