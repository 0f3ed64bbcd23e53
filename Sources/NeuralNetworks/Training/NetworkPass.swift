import MessagePassing
import RandomStreams

/// A network's way forward and back for up to `rows` samples, with the memory for both.
///
/// Dense layers take all rows at once; runs of layers that look at one sample at a time (convolution, pooling, dropout) take
/// each sample through the whole run, so that it stays in the second-level cache. A sample's numbers do not depend on
/// the others.
@safe final class NetworkPass<Scalar: NetworkScalar> {
  /// Where a mini-batch draws dropout (which only training has) and the noise of bottlenecks; nil: dropout is the identity, and
  /// codes are their means.
  struct Randomness {
    let streams: KeyedStreams, firstSlot: Int, step: UInt64
    var trains = true
  }

  /// A layer in work: flattening is only a change of names and left out.
  struct Step {
    let layer: Layer, index: Int
    let memory: ParameterMemory<Scalar>?
    /// y, `[rows, output]`.
    let output: LayerMemory<Scalar>
    /// The derivative of the loss by what entered this layer's activation, for all rows or for the sample in work.
    let delta: LayerMemory<Scalar>, keepsDeltas: Bool
    /// Sums over each shard's samples, `[shards][W and b]`, of a convolution.
    let shardSums: LayerMemory<Scalar>
    var isDense: Bool { if case .dense = layer { true } else { false } }
  }

  let rows: Int
  let input: LayerMemory<Scalar>
  private(set) var steps: [Step] = []
  /// Runs of steps: one dense layer, or layers that take sample by sample.
  private var runs: [Range<Int>] = []
  private let inputCount: Int
  private let packedInput: LayerMemory<Scalar>, packedDelta: LayerMemory<Scalar>, stack: LayerMemory<Scalar>, left: LayerMemory<Scalar>
  var bias: [[Scalar]] = []
  /// What a nat of a bottleneck's rate adds to the loss.
  var ratePrice = 0.0

  /// - Parameters:
  ///   - shards: of a way back; 0 for a pass that only goes forward.
  init(_ network: Network<Scalar>, rows: Int, shards: Int) {
    self.rows = rows
    inputCount = network.input.count
    input = LayerMemory(rows * network.input.count)
    let trains = shards > 0
    let active = network.layers.enumerated().filter { if case .flatten = $0.element { false } else { true } }
    var widest = 0, deepest = 0, mostChannels = 0
    for (place, (index, layer)) in active.enumerated() {
      let next = place + 1 < active.count ? active[place + 1].element : nil
      var keepsDeltas = next == nil, memory: ParameterMemory<Scalar>?, sums = 0
      if case .dense = next { keepsDeltas = true }
      switch layer {
      case .dense(let dense):
        memory = ParameterMemory(packed: trains ? dense.packedCounts : (dense.packedCounts.up, 0))
        widest = max(widest, (dense.outputs + 31) / 32 * 32)
        deepest = max(deepest, (dense.inputs + 7) / 8 * 8)
        // A dense layer works on all rows at once, above and below.
        keepsDeltas = true
      case .convolution(let convolution):
        memory = ParameterMemory(
          packed: trains ? convolution.packedCounts : (convolution.packedCounts.up, 0),
          padded: trains ? convolution.paddedCounts : (convolution.paddedCounts.up, 0))
        sums = shards * (convolution.window + 1) * convolution.channels
      case .maxPooling(let pooling): mostChannels = max(mostChannels, pooling.input.channels)
      case .flatten, .dropout, .bottleneck: break
      }
      let count = layer.output.count
      steps.append(
        Step(
          layer: layer, index: index, memory: memory, output: LayerMemory(rows * count),
          delta: LayerMemory(trains ? (keepsDeltas ? rows : 1) * count : 0), keepsDeltas: keepsDeltas, shardSums: LayerMemory(sums)))
      if case .dense = layer {
        runs.append(place..<place + 1)
      } else if let last = runs.last, !steps[last.lowerBound].isDense {
        runs[runs.count - 1] = last.lowerBound..<place + 1
      } else {
        runs.append(place..<place + 1)
      }
    }
    packedInput = LayerMemory(trains ? rows * deepest : 0)
    packedDelta = LayerMemory(trains ? rows * widest : 0)
    stack = LayerMemory(trains ? 256 * (Int.bitWidth - shards.leadingZeroBitCount + 2) : 0)
    left = LayerMemory(trains ? mostChannels : 0)
  }

  /// Takes a network's parameters; the way down is made ready where it is needed.
  func prepare(_ network: Network<Scalar>, downward: Bool) {
    bias = []
    for (place, step) in steps.enumerated() {
      guard let memory = step.memory, let block = network.firstBlock(of: step.index) else {
        bias.append([])
        continue
      }
      bias.append(network.parameters[block + 1])
      switch step.layer {
      case .dense(let dense): dense.prepare(network.parameters[block], memory, downward: downward && place > 0)
      case .convolution(let convolution): convolution.prepare(network.parameters[block], memory, downward: downward && place > 0)
      case .maxPooling, .flatten, .dropout, .bottleneck: break
      }
    }
  }

  /// The outputs of the last layer, `[rows, outputs]`.
  var outputs: UnsafeMutablePointer<Scalar> { unsafe steps[steps.count - 1].output.start }
  /// Where the loss writes its derivative by what entered the last activation.
  var lastDelta: UnsafeMutablePointer<Scalar> { unsafe steps[steps.count - 1].delta.start }

  /// From the input's first `count` rows to the outputs.
  func forward(_ count: Int, _ randomness: Randomness?) {
    for run in runs {
      if case .dense(let dense) = steps[run.lowerBound].layer, let memory = steps[run.lowerBound].memory {
        unsafe bias[run.lowerBound].withUnsafeBufferPointer { bias in
          unsafe dense.forward(
            below(run.lowerBound), rows: count, bias: bias.baseAddress!, memory, into: steps[run.lowerBound].output.start)
        }
        continue
      }
      for row in 0..<count { for place in run { forward(place, row, randomness) } }
    }
  }

  /// One sample through one layer.
  private func forward(_ place: Int, _ row: Int, _ randomness: Randomness?) {
    let step = steps[place], x = unsafe below(place) + row * inputs(place), y = unsafe step.output.start + row * step.layer.output.count
    switch step.layer {
    case .convolution(let convolution):
      guard let memory = step.memory else { return }
      unsafe bias[place].withUnsafeBufferPointer { unsafe convolution.forward(x, bias: $0.baseAddress!, memory, into: y) }
    case .maxPooling(let pooling): unsafe pooling.forward(x, into: y)
    case .dropout(let dropout):
      guard let randomness, randomness.trains else { return unsafe y.update(from: x, count: dropout.input.count) }
      unsafe dropout.apply(x, at: samplePlace(of: randomness, row, step), into: y)
    case .bottleneck(let bottleneck):
      unsafe bottleneck.forward(x, at: randomness.map { samplePlace(of: $0, row, step) }, into: y)
    case .dense, .flatten: preconditionFailure("not a layer that takes sample by sample")
    }
  }

  private func samplePlace(of randomness: Randomness, _ row: Int, _ step: Step) -> SamplePlace {
    SamplePlace(streams: randomness.streams, slot: randomness.firstSlot + row, step: randomness.step, layer: step.index)
  }

  /// From `lastDelta` to the sums over shards of the derivatives of all parameters. The rows are `shards` shards of equal
  /// size; `subtrees` cuts them, and the sums over subtree s go to `sums + s * length`, parameters in their order. `ready` is told which
  /// of them stand there for good: `parameterRanges`, from the last to the first.
  func backward<Failure: Error>(
    shards: Int, rowsPerShard: Int, subtrees: [Int], length: Int, _ randomness: Randomness?, into sums: UnsafeMutablePointer<Scalar>,
    ready: (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    let offsets = blockOffsets
    for (run, parameters) in zip(runs, parameterRanges).reversed() {
      if case .dense(let dense) = steps[run.lowerBound].layer {
        backward(dense, run.lowerBound, shards * rowsPerShard)
        var first = 0
        for (subtree, count) in subtrees.enumerated() {
          let row = first * rowsPerShard
          unsafe dense.gradient(
            below(run.lowerBound) + row * dense.inputs, steps[run.lowerBound].delta.start + row * dense.outputs, shards: count,
            rowsPerShard: rowsPerShard, packed: (packedInput, packedDelta), stack: stack,
            into: sums + subtree * length + offsets[run.lowerBound])
          first += count
        }
        try ready(parameters)
        continue
      }
      for place in run { unsafe steps[place].shardSums.start.update(repeating: 0, count: steps[place].shardSums.count) }
      for row in 0..<shards * rowsPerShard { for place in run.reversed() { backward(place, row, row / rowsPerShard, randomness) } }
      for place in run where steps[place].shardSums.count > 0 {
        let width = steps[place].shardSums.count / max(1, shards)
        var first = 0
        for (subtree, count) in subtrees.enumerated() {
          let rows = unsafe steps[place].shardSums.start + first * width
          unsafe ShardTree.sum(inPlace: rows, count: count, length: width)
          unsafe (sums + subtree * length + offsets[place]).update(from: rows, count: width)
          first += count
        }
      }
      try ready(parameters)
    }
  }

  private func backward(_ dense: Dense, _ place: Int, _ rows: Int) {
    guard place > 0, let memory = steps[place].memory else { return }
    unsafe dense.backward(
      steps[place].delta.start, rows: rows, below: steps[place - 1].layer.activation, at: below(place), memory,
      into: steps[place - 1].delta.start)
  }

  /// One sample back through one layer.
  private func backward(_ place: Int, _ row: Int, _ shard: Int, _ randomness: Randomness?) {
    let step = steps[place], count = step.layer.output.count
    let delta = unsafe step.delta.start + (step.keepsDeltas ? row * count : 0), x = unsafe below(place) + row * inputs(place)
    if case .convolution(let convolution) = step.layer, let memory = step.memory {
      let width = (convolution.window + 1) * convolution.channels
      unsafe convolution.addGradient(x, delta, memory, to: step.shardSums.start + shard * width)
    }
    guard place > 0 else { return }
    let lower = steps[place - 1], activation = lower.layer.activation
    let result = unsafe lower.delta.start + (lower.keepsDeltas ? row * lower.layer.output.count : 0)
    switch step.layer {
    case .convolution(let convolution):
      guard let memory = step.memory else { return }
      unsafe convolution.backward(delta, below: activation, at: x, memory, into: result)
    case .maxPooling(let pooling):
      unsafe pooling.backward(delta, below: activation, at: x, step.output.start + row * count, left: left.start, into: result)
    case .dropout(let dropout):
      guard let randomness else { preconditionFailure("a way back with dropout has its randomness") }
      unsafe dropout.apply(delta, at: samplePlace(of: randomness, row, step), below: activation, values: x, into: result)
    case .bottleneck(let bottleneck):
      guard let randomness else { preconditionFailure("a way back through a bottleneck has its randomness") }
      unsafe bottleneck.backward(delta, at: x, samplePlace(of: randomness, row, step), price: ratePrice, into: result)
    case .dense, .flatten: preconditionFailure("not a layer that takes sample by sample")
    }
  }

  /// The rates of all bottlenecks' codes for one row, in nats, after the way forward.
  func rates(_ row: Int) -> [Double] {
    steps.indices.flatMap { place -> [Double] in
      guard case .bottleneck(let bottleneck) = steps[place].layer else { return [] }
      return unsafe bottleneck.rates(below(place) + row * inputs(place))
    }
  }
  /// The price of what the bottlenecks keep of a row.
  func ratePenalty(_ row: Int) -> Double { ratePrice == 0 ? 0 : ratePrice * rates(row).reduce(0, +) }

  /// What enters layer `place`, all rows.
  private func below(_ place: Int) -> UnsafePointer<Scalar> {
    unsafe UnsafePointer(place == 0 ? input.start : steps[place - 1].output.start)
  }
  private func inputs(_ place: Int) -> Int { place == 0 ? inputCount : steps[place - 1].layer.output.count }
  /// Which parameters each run of layers has; some have none.
  var parameterRanges: [Range<Int>] {
    let offsets = blockOffsets
    return runs.map { run in
      let last = run.upperBound - 1, (rows, columns) = steps[last].layer.weightShape ?? (-1, 0)
      return offsets[run.lowerBound]..<offsets[last] + (rows + 1) * columns
    }
  }
  /// Where each layer's parameters begin among all.
  private var blockOffsets: [Int] {
    var next = 0
    return steps.map { step in
      defer { if let (rows, columns) = step.layer.weightShape { next += (rows + 1) * columns } }
      return next
    }
  }
}
