/// The way through a network and back where something else makes a number of its outputs: a critic's bound, say. Single precision,
/// data-parallel over shards as `SupervisedLearning` is; the network has no dropout.
///
/// A row's numbers do not depend on how many rows there are, so any share of a batch gives the bits of the whole.
@safe public final class DifferentiableNetwork {
  /// Rows that go through at a time.
  public let rows: Int
  private let pass: NetworkPass<Float>
  private let inputs: Int, outputs: Int

  /// Memory for networks of this one's shape.
  /// - Parameters:
  ///   - rows: this rank's rows of a batch; none where it owns no shard.
  ///   - shards: of equal size, that these rows are.
  public init(_ network: Network<Float>, rows: Int, shards: Int) {
    precondition(rows >= 0 && (shards == 0 ? rows == 0 : rows % shards == 0), "shards of equal size")
    self.rows = rows
    inputs = network.input.count
    outputs = network.output.count
    pass = NetworkPass(network, rows: rows, shards: max(1, shards))
  }

  /// The outputs, `[rows, outputs]`, of `input: [rows, inputs]`.
  public func forward(_ network: Network<Float>, _ input: [Float]) -> [Float] {
    precondition(input.count == rows * inputs, "as many rows as there is memory for")
    if rows == 0 { return [] }
    pass.prepare(network, downward: true)
    unsafe input.withUnsafeBufferPointer { unsafe pass.input.start.update(from: $0.baseAddress!, count: $0.count) }
    pass.forward(rows, nil)
    return unsafe Array(UnsafeBufferPointer(start: pass.outputs, count: rows * outputs))
  }

  /// The sums over shards of the gradient by all parameters, in their order, after `forward`: `slope: [rows, outputs]` is the
  /// derivative by the outputs, which must not be activated. `subtrees` counts the shards of each of this rank's subtrees
  /// (`ShardTree.subtrees(of:)`); the sums over the s-th go to `sums + s * length`.
  public func backward(_ slope: [Float], subtrees: [Int], length: Int, into sums: UnsafeMutablePointer<Float>) {
    precondition(slope.count == rows * outputs && pass.lastActivation == .identity, "a derivative by each output")
    let shards = subtrees.reduce(0, +)
    if shards == 0 { return }
    unsafe slope.withUnsafeBufferPointer { unsafe pass.lastDelta.update(from: $0.baseAddress!, count: $0.count) }
    unsafe pass.backward(shards: shards, rowsPerShard: rows / shards, subtrees: subtrees, length: length, nil, into: sums) { _ in }
  }
}
