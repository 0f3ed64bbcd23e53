public import GradientFlows
public import MessagePassing
public import RandomStreams

/// Minus the gradient of a loss on mini-batches of samples, data-parallel over shards:
///
///     direction = -1/B sum over the mini-batch of d loss / d parameters
///
/// with B the size of the whole mini-batch. The value is a function of data, point and step alone: the mini-batch is cut
/// into shards whose sums are added in the fixed tree of `ShardTree`, and every sample draws its dropout and its noise from
/// (slot in the batch, step). Epoch e goes through the permutation keyed (step e, `.permutation`) and leaves out the last
/// `samples.count % batch` samples of it, so that all batches have full shards. Cost per mini-batch: three times the
/// products of the way forward.
@safe public final class SupervisedLearning<Scalar: NetworkScalar>: DirectionField {
  /// How mini-batches are made, and what is made small.
  public struct Settings: Sendable, Equatable {
    /// Samples in a mini-batch, and shards that divide it.
    public var batch: Int, shards: Int
    public var loss: Loss
    /// beta: what a nat of a bottleneck's rate adds to the loss.
    public var ratePrice: Double
    /// A mini-batch of `batch` samples in `shards` shards of equal size.
    public init(batch: Int = 128, shards: Int = 8, loss: Loss = .crossEntropy, ratePrice: Double = 0) {
      precondition(shards > 0 && batch > 0 && batch % shards == 0, "\(shards) shards do not divide a batch of \(batch)")
      self.batch = batch
      self.shards = shards
      self.loss = loss
      self.ratePrice = ratePrice
    }
  }

  public let settings: Settings
  public let samples: SampleSet
  /// Mini-batches per epoch.
  public let batchesPerEpoch: Int
  /// The mean loss of the latest mini-batch, and the part of its samples that got the right class (0 without classes).
  public private(set) var loss = 0.0, accuracy = 0.0

  private let streams: KeyedStreams
  private let tree: ShardTree
  /// This rank's samples in a mini-batch, and its subtrees of shards.
  private let slots: Range<Int>, subtrees: [Range<Int>]
  private let pass: NetworkPass<Scalar>
  private let reducer: ShardReducer<Scalar>
  private let parameterCount: Int
  var spareDirection: NetworkDirection<Scalar>?
  private var order: (epoch: UInt64, permutation: [Int])?

  /// A trainer of networks of `network`'s shape on one of `ranks` processes; `samples` has at least one mini-batch. Throws
  /// where network, loss and samples do not fit each other.
  public init(
    _ samples: SampleSet, network: Network<Scalar>, settings: Settings = Settings(), key: StreamKey, rank: Int, ranks: Int
  ) throws(NetworkError) {
    precondition(samples.count >= settings.batch, "\(samples.count) samples do not fill a batch of \(settings.batch)")
    guard network.input.count == samples.shape.count, network.input == samples.shape || network.input.isVector else {
      throw .input(expected: network.input, found: samples.shape)
    }
    try settings.loss.check(lastLayer: network.layers[network.layers.count - 1], targets: samples.targets)
    self.settings = settings
    self.samples = samples
    batchesPerEpoch = samples.count / settings.batch
    streams = KeyedStreams(key)
    tree = ShardTree(shards: settings.shards, ranks: ranks)
    let rowsPerShard = settings.batch / settings.shards, shards = tree.shards(of: rank)
    slots = shards.lowerBound * rowsPerShard..<shards.upperBound * rowsPerShard
    subtrees = tree.subtrees(of: rank)
    pass = NetworkPass(network, rows: slots.count, shards: max(1, shards.count))
    pass.ratePrice = settings.ratePrice
    parameterCount = network.parameterCount
    // Behind the parameters: the loss and the number of right classes.
    reducer = ShardReducer(tree: tree, rank: rank, length: parameterCount + 2)
  }

  public func direction(
    at point: Network<Scalar>, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout NetworkDirection<Scalar>
  ) throws(MessagePassingError) {
    try reducer.share(on: team)
    // The gradient of the upper layers travels while that of the lower ones is computed.
    try sumOverShards(at: point, step: step) { (part) throws(MessagePassingError) in try reducer.begin(part, on: team) }
    try reducer.reduce(on: team)
    assemble(into: &direction)
  }

  /// The rank's part of `direction`: the sums over each of its subtrees, as `direction` hands them to the reducer. With
  /// `direction(fromTotal:)` this is `direction` without a communicator, for checks of the tree.
  public func partialSums(at point: Network<Scalar>, step: UInt64) throws(MessagePassingError) -> [(subtree: Range<Int>, sums: [Scalar])] {
    try sumOverShards(at: point, step: step) { _ in }
    return subtrees.enumerated().map { index, subtree in
      let sums = unsafe Array(UnsafeBufferPointer(start: reducer.partials + index * reducer.length, count: reducer.length))
      return (subtree, sums)
    }
  }

  /// The direction from the sums over all shards.
  public func direction(fromTotal total: [Scalar], into direction: inout NetworkDirection<Scalar>) {
    precondition(total.count == reducer.length, "the sums have the trainer's length")
    for k in total.indices { unsafe reducer.total[k] = total[k] }
    assemble(into: &direction)
  }

  // Specialised here, so that all below it is: the module's clients see no bodies.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  private func sumOverShards(
    at point: Network<Scalar>, step: UInt64, ready: (Range<Int>) throws(MessagePassingError) -> Void
  ) throws(MessagePassingError) {
    precondition(point.parameterCount == parameterCount, "the point has the trainer's shape")
    guard !slots.isEmpty else {
      for part in pass.parameterRanges.reversed() { try ready(part) }
      return
    }
    let randomness = NetworkPass<Scalar>.Randomness(streams: streams, firstSlot: slots.lowerBound, step: step)
    let indices = gather(step), rowsPerShard = settings.batch / settings.shards
    pass.prepare(point, downward: true)
    pass.forward(slots.count, randomness)
    losses(indices, rowsPerShard)
    try unsafe pass.backward(
      shards: slots.count / rowsPerShard, rowsPerShard: rowsPerShard, subtrees: subtrees.map(\.count), length: reducer.length, randomness,
      into: reducer.partials, ready: ready)
  }

  /// Copies the rank's samples of mini-batch `step` and returns their indices.
  private func gather(_ step: UInt64) -> [Int] {
    let epoch = step / UInt64(batchesPerEpoch), batch = Int(step % UInt64(batchesPerEpoch))
    if order?.epoch != epoch {
      var generator = streams.generator(replica: 0, step: epoch, site: 0, purpose: .permutation)
      order = (epoch, generator.permutation(count: samples.count))
    }
    guard let permutation = order?.permutation else { return [] }
    let indices = slots.map { permutation[batch * settings.batch + $0] }
    pass.load(samples, indices)
    return indices
  }

  /// Losses and their derivatives for all rows; the sums over each subtree's shards go behind the parameters.
  private func losses(_ indices: [Int], _ rowsPerShard: Int) {
    let outputs = pass.outputCount, activation = pass.lastActivation
    var row = 0
    for (index, subtree) in subtrees.enumerated() {
      var leaves: [[Scalar]] = []
      for _ in subtree {
        var loss = 0.0, right = 0.0
        for r in row..<row + rowsPerShard {
          let y = unsafe UnsafePointer(pass.outputs + r * outputs), target = samples.target(indices[r])
          loss += unsafe settings.loss.evaluate(
            y, count: outputs, target: target, activation: activation, into: pass.lastDelta + r * outputs)
          loss += pass.ratePenalty(r)
          if case .category(let category) = target, unsafe largest(y, outputs) == category { right += 1 }
        }
        leaves.append([Scalar(loss), Scalar(right)])
        row += rowsPerShard
      }
      let sums = ShardTree.sum(leaves)
      for k in 0..<2 { unsafe reducer.partials[index * reducer.length + parameterCount + k] = sums[k] }
    }
  }

  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  private func assemble(into direction: inout NetworkDirection<Scalar>) {
    let scale = -1 / Scalar(settings.batch), total = unsafe reducer.total
    var next = 0
    for block in direction.blocks.indices {
      let count = direction.blocks[block].count
      unsafe direction.blocks[block].withUnsafeMutableBufferPointer { d in
        for k in 0..<count { unsafe d[k] = scale * total[next &+ k] }
      }
      next += count
    }
    loss = unsafe Double(total[next]) / Double(settings.batch)
    accuracy = unsafe Double(total[next + 1]) / Double(settings.batch)
  }
}

/// The first place of the largest of `count` numbers.
func largest<Scalar: NetworkScalar>(_ values: UnsafePointer<Scalar>, _ count: Int) -> Int {
  var best = 0
  for k in 1..<max(1, count) where unsafe values[k] > values[best] { best = k }
  return best
}

extension NetworkPass {
  /// Numbers of the last layer, and its activation.
  var outputCount: Int { steps[steps.count - 1].layer.output.count }
  var lastActivation: Activation { steps[steps.count - 1].layer.activation }

  /// Copies samples to the first rows of the input.
  func load(_ samples: SampleSet, _ indices: [Int]) {
    let count = samples.shape.count
    unsafe samples.features.withUnsafeBufferPointer { features in
      for (row, index) in indices.enumerated() {
        let from = unsafe features.baseAddress! + index * count, to = unsafe input.start + row * count
        if Scalar.self == Float.self {
          unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: 4 * count)
        } else {
          for k in 0..<count { unsafe to[k] = Scalar(from[k]) }
        }
      }
    }
  }
}
