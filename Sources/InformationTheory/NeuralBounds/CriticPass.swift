import GradientFlows
import LinearAlgebra
import MessagePassing
import NeuralNetworks

/// A critic's way through a batch and back on one of several ranks. Each rank takes some rows of the batch through the networks,
/// gathers what the second network makes of the others', so that every row is scored against all, and adds up gradients in the
/// fixed tree over shards: the bits are those of one rank.
final class CriticPass {
  private let batch: Int, tree: ShardTree
  private let shards: Int, rowsPerShard: Int, subtrees: [Int]
  /// The rows of a batch that are this rank's.
  private let rows: Range<Int>
  private let passes: [DifferentiableNetwork]
  private let gradients: ShardReducer<Float>, right: ShardReducer<Float>
  /// What this rank's rows and all rows have become; the derivative of the bound by this rank's scores.
  private var left: [Float] = [], others: [Float] = [], slopes: [Float] = []

  init(_ critic: Critic, batch: Int, rank: Int, ranks: Int) {
    self.batch = batch
    // As many shards as divide the batch, up to eight.
    let count = (1...8).last { batch % $0 == 0 } ?? 1
    tree = ShardTree(shards: count, ranks: ranks)
    let owned = tree.shards(of: rank)
    shards = owned.count
    rowsPerShard = batch / count
    rows = owned.lowerBound * rowsPerShard..<owned.upperBound * rowsPerShard
    subtrees = tree.subtrees(of: rank).map(\.count)
    let pairs = critic.kind == .joint ? batch : 1
    passes = critic.networks.map { [rows, shards] in DifferentiableNetwork($0, rows: rows.count * pairs, shards: shards) }
    gradients = ShardReducer(tree: tree, rank: rank, length: critic.parameterCount)
    right = ShardReducer(tree: tree, rank: rank, length: critic.kind == .separable ? batch * critic.embedding : 0)
  }

  /// The bound on a batch of samples `chosen`; where it `leads` to a gradient, what `gradient` needs is kept, and `memory` renewed.
  func value(
    _ bound: NeuralBound, _ critic: Critic, _ x: [Float], _ y: [Float], _ chosen: [Int], memory: inout Double?, leads: Bool,
    on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Double {
    let mine = rows.map { chosen[$0] }
    var scores: [Float]
    switch critic.kind {
    case .separable:
      left = passes[0].forward(critic.networks[0], gathered(x, critic.xDimension, mine))
      let own = passes[1].forward(critic.networks[1], gathered(y, critic.yDimension, mine))
      others = team.size == 1 ? own : try team.allGather(own).flatMap { $0 }
      scores = products()
    case .joint: scores = passes[0].forward(critic.networks[0], pairs(critic, x, y, chosen))
    }
    let parts = parts(bound, &scores)
    let flat = try team.allGather(parts.flatMap { [$0.sum, $0.top, $0.powers] }).flatMap { $0 }
    let all = stride(from: 0, to: flat.count, by: 3).map { NeuralBound.Part(sum: flat[$0], top: flat[$0 + 1], powers: flat[$0 + 2]) }
    if leads {
      if bound == .donskerVaradhan {
        memory = bound.slope(&scores, rows: rows, batch: batch, logMean: bound.logMean(all, batch: batch), memory: memory)
      }
      slopes = scores
    }
    return bound.value(all, batch: batch)
  }

  /// The gradient of the latest `value` by all parameters.
  func gradient(of critic: Critic, into gradient: inout Critic, on team: borrowing some Communicator & ~Copyable)
    throws(MessagePassingError)
  {
    try gradients.share(on: team)
    let length = gradients.length, sums = unsafe gradients.partials
    switch critic.kind {
    case .separable:
      try right.share(on: team)
      let below = slopesBelow(critic.embedding)
      try right.reduce(on: team)
      let start = rows.lowerBound * critic.embedding, count = rows.count * critic.embedding
      let total = unsafe Array(UnsafeBufferPointer(start: right.total + start, count: count))
      unsafe passes[0].backward(below, subtrees: subtrees, length: length, into: sums)
      unsafe passes[1].backward(total, subtrees: subtrees, length: length, into: sums + critic.networks[0].parameterCount)
    case .joint: unsafe passes[0].backward(slopes, subtrees: subtrees, length: length, into: sums)
    }
    try gradients.reduce(on: team)
    var next = 0
    for block in 0..<gradient.blockCount {
      let count = gradient[block: block].count
      unsafe gradient[block: block].withUnsafeMutableBufferPointer {
        unsafe $0.baseAddress?.update(from: gradients.total + next, count: count)
      }
      next += count
    }
  }

  /// The parts of this rank's shards.
  private func parts(_ bound: NeuralBound, _ scores: inout [Float]) -> [NeuralBound.Part] {
    (0..<shards).map { shard in
      let first = shard * rowsPerShard
      return bound.part(
        &scores, from: first, rows: rows.lowerBound + first..<rows.lowerBound + first + rowsPerShard, batch: batch)
    }
  }

  /// The scores of this rank's rows against all, shard by shard: products of one shape on any number of ranks.
  private func products() -> [Float] {
    let width = others.count / batch
    return unsafe [Float](unsafeUninitializedCapacity: rows.count * batch) { scores, count in
      count = rows.count * batch
      unsafe left.withUnsafeBufferPointer { left in
        unsafe others.withUnsafeBufferPointer { others in
          guard let left = left.baseAddress, let others = others.baseAddress, let scores = scores.baseAddress else { return }
          for row in stride(from: 0, to: rows.count, by: rowsPerShard) {
            unsafe Linear.multiply(
              left + row * width, transposed: false, others, transposed: true, rows: rowsPerShard, inner: width, columns: batch,
              output: scores + row * batch)
          }
        }
      }
    }
  }

  /// The derivative by what the first network made of this rank's rows; that by what the second made of all rows goes, summed over
  /// each subtree, to `right.partials`.
  private func slopesBelow(_ width: Int) -> [Float] {
    let length = batch * width
    return unsafe [Float](unsafeUninitializedCapacity: rows.count * width) { below, count in
      count = rows.count * width
      unsafe slopes.withUnsafeBufferPointer { slopes in
        unsafe others.withUnsafeBufferPointer { others in
          unsafe left.withUnsafeBufferPointer { left in
            guard let slopes = slopes.baseAddress, let others = others.baseAddress, let left = left.baseAddress,
              let below = below.baseAddress
            else { return }
            let leaves = UnsafeMutablePointer<Float>.allocate(capacity: shards * length)
            defer { unsafe leaves.deallocate() }
            for shard in 0..<shards {
              let row = shard * rowsPerShard, slope = unsafe slopes + row * batch
              unsafe Linear.multiply(slope, others, rows: rowsPerShard, inner: batch, columns: width, output: below + row * width)
              unsafe Linear.multiply(
                slope, transposed: true, left + row * width, rows: batch, inner: rowsPerShard, columns: width,
                output: leaves + shard * length)
            }
            var first = 0
            for (place, count) in subtrees.enumerated() {
              unsafe ShardTree.sum(inPlace: leaves + first * length, count: count, length: length)
              unsafe (right.partials + place * length).update(from: leaves + first * length, count: length)
              first += count
            }
          }
        }
      }
    }
  }

  /// This rank's x with every y of the batch, one after the other.
  private func pairs(_ critic: Critic, _ x: [Float], _ y: [Float], _ chosen: [Int]) -> [Float] {
    let dx = critic.xDimension, dy = critic.yDimension
    var pairs: [Float] = []
    pairs.reserveCapacity(rows.count * batch * (dx + dy))
    for i in rows {
      for j in 0..<batch {
        pairs.append(contentsOf: x[chosen[i] * dx..<(chosen[i] + 1) * dx])
        pairs.append(contentsOf: y[chosen[j] * dy..<(chosen[j] + 1) * dy])
      }
    }
    return pairs
  }

  private func gathered(_ values: [Float], _ width: Int, _ rows: [Int]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(rows.count * width)
    for row in rows { result.append(contentsOf: values[row * width..<(row + 1) * width]) }
    return result
  }
}
