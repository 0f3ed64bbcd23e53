/// Sums one long array per shard over all ranks, in the order of a `ShardTree`: the same bits for every number of ranks.
///
/// The array is cut into one slice per rank. Every rank sends each slice of its subtree sums to the slice's owner, the
/// owner combines them in the tree's order, and the slices are gathered on all ranks. Cost per rank with k subtrees
/// of R: about (k + 1) * length elements sent. Keeps its buffers from call to call.
public final class ShardReducer<Scalar: ShardScalar> {
  public let tree: ShardTree
  /// Elements per array.
  public let length: Int
  private var plan: Plan?

  /// - Parameter length: elements per array, at least 0.
  public init(tree: ShardTree, length: Int) {
    precondition(length >= 0, "an array has no negative length")
    self.tree = tree
    self.length = length
  }

  /// The part of the array whose sum a rank forms: balanced, its bounds multiples of 16 elements (but for the end).
  public func slice(of rank: Int) -> Range<Int> {
    let blocks = (length + 15) / 16
    func bound(_ rank: Int) -> Int { min(length, 16 * (rank * blocks / tree.ranks)) }
    return bound(rank)..<bound(rank + 1)
  }

  /// Sums over all shards.
  ///
  /// - Parameters:
  ///   - partials: [subtrees of this rank][length], row-major: the sums over the leaves of each of
  ///     `tree.subtrees(of: rank)`, formed in the tree's order (`ShardTree.sum(inPlace:count:length:)`).
  ///   - result: [length], on every rank. Must not overlap `partials`.
  ///   - communicator: one of `tree.ranks` processes; the same rank in each call.
  public func reduce(
    partials: UnsafePointer<Scalar>, into result: UnsafeMutablePointer<Scalar>,
    on communicator: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    precondition(communicator.size == tree.ranks, "the tree was made for this communicator")
    if tree.ranks == 1 { return unsafe result.update(from: partials, count: length) }
    let plan = plan ?? Plan(self, rank: communicator.rank)
    precondition(plan.rank == communicator.rank, "a reducer stays on its rank")
    self.plan = plan
    let send = unsafe plan.pack(partials, length: length)
    try unsafe communicator.exchange(
      send: send, counts: plan.counts, displacements: plan.displacements,
      receive: plan.received, receiveCounts: plan.receiveCounts, receiveDisplacements: plan.receiveDisplacements)
    unsafe plan.combine(partials, length: length, into: result + plan.slices[plan.rank].lowerBound)
    try unsafe communicator.allGather(
      inPlace: result, counts: plan.slices.map(\.count), displacements: plan.slices.map(\.lowerBound))
  }

  /// Everything that depends on the rank alone, and the buffers.
  @safe private final class Plan {
    let rank: Int
    let slices: [Range<Int>]
    /// Subtrees of this rank.
    let own: Int
    let counts: [Int], displacements: [Int]
    let receiveCounts: [Int], receiveDisplacements: [Int]
    let packed: UnsafeMutablePointer<Scalar>
    let received: UnsafeMutablePointer<Scalar>
    /// Intermediate sums of one tile, one row per level of the tree.
    let scratch: UnsafeMutablePointer<Scalar>
    let additions: [Addition]
    let leaves: [(rank: Int, row: Int)]
    /// Elements combined at a time, so that intermediate sums stay in the first cache.
    static var tile: Int { 1024 }

    init(_ reducer: ShardReducer, rank: Int) {
      let tree = reducer.tree, ranks = tree.ranks
      let slices = (0..<ranks).map { reducer.slice(of: $0) }
      let subtrees = (0..<ranks).map { tree.subtrees(of: $0) }
      let own = subtrees[rank].count, mine = slices[rank].count
      self.rank = rank
      self.slices = slices
      self.own = own
      // This rank's own part never travels.
      counts = (0..<ranks).map { $0 == rank ? 0 : own * slices[$0].count }
      displacements = slices.map { own * $0.lowerBound }
      receiveCounts = (0..<ranks).map { $0 == rank ? 0 : subtrees[$0].count * mine }
      receiveDisplacements = MessagePassing.displacements(receiveCounts)
      leaves = (0..<ranks).flatMap { r in (0..<subtrees[r].count).map { (r, $0) } }
      var program = Program(known: subtrees.flatMap { $0 })
      program.evaluate(0..<tree.shards, into: .result, depth: 0)
      additions = program.additions
      unsafe packed = .allocate(capacity: own > 1 ? max(1, own * reducer.length) : 1)
      unsafe received = .allocate(capacity: max(1, receiveCounts.reduce(0, +)))
      unsafe scratch = .allocate(capacity: max(1, program.depth) * Plan.tile)
    }

    deinit {
      unsafe packed.deallocate()
      unsafe received.deallocate()
      unsafe scratch.deallocate()
    }

    /// The rows of each destination's slice, one after the other. A single row is in that order already.
    func pack(_ partials: UnsafePointer<Scalar>, length: Int) -> UnsafePointer<Scalar> {
      if own <= 1 { return unsafe partials }
      for (destination, slice) in slices.enumerated() where destination != rank {
        for row in 0..<own {
          unsafe (packed + displacements[destination] + row * slice.count)
            .update(from: partials + row * length + slice.lowerBound, count: slice.count)
        }
      }
      return unsafe UnsafePointer(packed)
    }

    /// Forms this rank's slice of the sum.
    func combine(_ partials: UnsafePointer<Scalar>, length: Int, into result: UnsafeMutablePointer<Scalar>) {
      let mine = slices[rank]
      let rows = unsafe leaves.map { leaf in
        unsafe leaf.rank == rank
          ? partials + leaf.row * length + mine.lowerBound
          : UnsafePointer(received + receiveDisplacements[leaf.rank] + leaf.row * mine.count)
      }
      // Fewer than two subtrees: one rank owns all shards.
      if additions.isEmpty { return unsafe result.update(from: rows[0], count: mine.count) }
      for start in stride(from: 0, to: mine.count, by: Plan.tile) {
        let count = min(Plan.tile, mine.count - start)
        for addition in additions {
          let into =
            switch addition.into {
            case .result: unsafe result + start
            case .scratch(let level): unsafe scratch + level * Plan.tile
            case .leaf: preconditionFailure("a leaf is read only")
            }
          let a = unsafe address(addition.a, rows, result, start), b = unsafe address(addition.b, rows, result, start)
          unsafe Scalar.add(a, b, into: into, count: count)
        }
      }
    }

    private func address(
      _ place: Place, _ rows: [UnsafePointer<Scalar>], _ result: UnsafeMutablePointer<Scalar>, _ start: Int
    ) -> UnsafePointer<Scalar> {
      switch place {
      case .result: unsafe UnsafePointer(result + start)
      case .scratch(let level): unsafe UnsafePointer(scratch + level * Plan.tile)
      case .leaf(let leaf): unsafe rows[leaf] + start
      }
    }
  }
}

/// Where an operand of an addition stands.
private enum Place { case leaf(Int), scratch(Int), result }

private struct Addition {
  var a: Place, b: Place, into: Place
}

/// The additions that form the root of a tree from sums that are known for some of its nodes.
private struct Program {
  var additions: [Addition] = []
  /// Levels of scratch used.
  var depth = 0
  private let leaves: [Range<Int>: Int]

  init(known: [Range<Int>]) {
    leaves = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
  }

  mutating func evaluate(_ node: Range<Int>, into place: Place, depth level: Int) {
    if leaves[node] != nil { return }
    let (left, right) = ShardTree.children(node)
    let a = operand(left, place, level)
    // A left operand that is being held in `place` must survive the right one: that goes to scratch.
    if case .leaf = a {
      let b = operand(right, place, level)
      additions.append(Addition(a: a, b: b, into: place))
    } else {
      depth = max(depth, level + 1)
      let b = operand(right, .scratch(level), level + 1)
      additions.append(Addition(a: a, b: b, into: place))
    }
  }

  private mutating func operand(_ node: Range<Int>, _ place: Place, _ level: Int) -> Place {
    if let leaf = leaves[node] { return .leaf(leaf) }
    evaluate(node, into: place, depth: level)
    return place
  }
}
