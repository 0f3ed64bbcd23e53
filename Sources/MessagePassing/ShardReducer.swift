/// Sums one long array per shard over all ranks, in the order of a `ShardTree`: the same bits for every number of ranks.
///
/// The array is cut into one slice per rank. Every rank sends each slice of its subtree sums to the slice's owner, the
/// owner combines them in the tree's order, and the slices are gathered on all ranks. Cost per rank with k subtrees
/// of R: about (k + 1) * length elements sent. Ranks of one host that have called `share` read each other's sums where
/// they stand instead: two barriers and no copy. Else parts of the sums can travel while the others are computed: `begin(_:on:)`.
@safe public final class ShardReducer<Scalar: ShardScalar> {
  public let tree: ShardTree
  /// Elements per array.
  public let length: Int
  /// Where the rank writes its sums before `reduce(on:)`: [subtrees of this rank][length], row-major: over the leaves of
  /// each of `tree.subtrees(of: rank)`, formed in the tree's order.
  public private(set) var partials: UnsafeMutablePointer<Scalar>
  /// Where `reduce(on:)` leaves the sum over all shards: [length], valid until the next `reduce(on:)`.
  public private(set) var total: UnsafeMutablePointer<Scalar>
  private let rank: Int
  private var shared: SharedMemory?
  private var hasAskedToShare = false
  private var plan: Plan?
  /// The parts that are on their way, in the order in which they were begun, and their messages.
  private var begun: [Range<Int>] = [], messages: [PartMessage<Scalar>] = []

  /// A reducer on rank `rank` of the tree's ranks, for arrays of `length >= 0` elements.
  public init(tree: ShardTree, rank: Int, length: Int) {
    precondition(length >= 0, "an array has no negative length")
    self.tree = tree
    self.rank = rank
    self.length = length
    unsafe partials = .allocate(capacity: max(1, tree.subtrees(of: rank).count * length))
    // Alone, the one subtree's sum is the total.
    unsafe total = tree.ranks == 1 ? partials : .allocate(capacity: max(1, length))
  }

  deinit { if shared == nil { freeOwn() } }

  private func freeOwn() {
    if tree.ranks > 1 { unsafe total.deallocate() }
    unsafe partials.deallocate()
  }

  /// Moves `partials` and `total` to memory that the ranks share, where they are on one host; all ranks call it, before
  /// anything is written. Without effect from the second time on.
  public func share(on communicator: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    if tree.ranks == 1 || hasAskedToShare { return }
    hasAskedToShare = true
    let layout = sharedRows
    guard let memory = try SharedMemory.make(bytes: max(1, layout.size + length) * MemoryLayout<Scalar>.stride, on: communicator) else {
      return
    }
    freeOwn()
    shared = memory
    let start = unsafe memory.start.bindMemory(to: Scalar.self, capacity: layout.size + length)
    unsafe partials = start + layout.offsets[rank]
    unsafe total = start + layout.size
  }

  /// Where each rank's rows begin in shared memory, in elements, and where they end; each rank on cache lines of its own.
  private var sharedRows: (offsets: [Int], size: Int) {
    var offsets: [Int] = [], next = 0
    for other in 0..<tree.ranks {
      offsets.append(next)
      next += (tree.subtrees(of: other).count * length + 31) / 32 * 32
    }
    return (offsets, next)
  }

  /// Starts to send what stands at `range` in each row of `partials`, which must not change any more, while the rest is still
  /// computed. All ranks call it with the same ranges in the same order, those without shards too; `reduce(on:)` sends what is left. Without
  /// effect where the ranks share memory, and alone.
  public func begin(_ range: Range<Int>, on communicator: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    if tree.ranks == 1 || shared != nil || range.isEmpty { return }
    let plan = plan ?? Plan(self, rank: rank)
    self.plan = plan
    let tag = 4096 + begun.count, mine = plan.slices[rank].clamped(to: range)
    begun.append(range)
    for other in 0..<tree.ranks where other != rank {
      let theirs = plan.slices[other].clamped(to: range), rows = tree.subtrees(of: other).count
      if rows > 0, !mine.isEmpty {
        let request = try communicator.immediateReceive(Scalar.self, count: rows * mine.count, from: other, tag: tag)
        messages.append(PartMessage(request, from: other, rows: rows, range: mine))
      }
      if plan.own > 0, !theirs.isEmpty {
        var values: [Scalar] = []
        values.reserveCapacity(plan.own * theirs.count)
        for row in 0..<plan.own {
          unsafe values.append(contentsOf: UnsafeBufferPointer(start: partials + (row * length + theirs.lowerBound), count: theirs.count))
        }
        messages.append(PartMessage(try communicator.immediateSend(values, to: other, tag: tag)))
      }
    }
  }

  /// `reduce(on:)` where parts have been begun.
  private func finish(_ plan: Plan, on communicator: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    var next = 0
    for range in begun.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      precondition(range.lowerBound >= next, "the parts of an array do not overlap")
      try begin(next..<range.lowerBound, on: communicator)
      next = range.upperBound
    }
    try begin(next..<length, on: communicator)
    let mine = plan.slices[rank]
    for message in messages {
      let values = try message.wait()
      guard let other = message.source else { continue }
      for row in 0..<message.rows {
        let to = plan.receiveDisplacements[other] + row * mine.count + message.range.lowerBound - mine.lowerBound
        for k in 0..<message.range.count { unsafe plan.received[to + k] = values[row * message.range.count + k] }
      }
    }
    begun = []
    messages = []
    try unsafe combine(plan, partials, into: total, on: communicator)
  }

  /// Sums over all shards: from all ranks' `partials` to `total` on each.
  public func reduce(on communicator: borrowing some Communicator & ~Copyable) throws(MessagePassingError) {
    precondition(communicator.size == tree.ranks && communicator.rank == rank, "the reducer was made for this rank of this communicator")
    if tree.ranks == 1 { return }
    let plan = plan ?? Plan(self, rank: rank)
    self.plan = plan
    if !begun.isEmpty { return try finish(plan, on: communicator) }
    guard let shared else { return try unsafe reduce(partials: partials, into: total, on: communicator) }
    // The first barrier: all rows are written, and nobody reads the last total any more. The second: the total stands.
    try communicator.barrier()
    let start = unsafe shared.start.assumingMemoryBound(to: Scalar.self), offsets = sharedRows.offsets, mine = plan.slices[rank].lowerBound
    unsafe plan.combine(into: total + mine) { leaf in unsafe UnsafePointer(start + offsets[leaf.rank] + leaf.row * length + mine) }
    try communicator.barrier()
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
    precondition(communicator.size == tree.ranks && communicator.rank == rank, "the reducer was made for this rank of this communicator")
    if tree.ranks == 1 { return unsafe result.update(from: partials, count: length) }
    let plan = plan ?? Plan(self, rank: rank)
    self.plan = plan
    let send = unsafe plan.pack(partials, length: length)
    try unsafe communicator.exchange(
      send: send, counts: plan.counts, displacements: plan.displacements,
      receive: plan.received, receiveCounts: plan.receiveCounts, receiveDisplacements: plan.receiveDisplacements)
    try unsafe combine(plan, partials, into: result, on: communicator)
  }

  /// Forms this rank's slice of the sum from its own rows and the received ones, and gathers all slices.
  private func combine(
    _ plan: Plan, _ partials: UnsafePointer<Scalar>, into result: UnsafeMutablePointer<Scalar>,
    on communicator: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let mine = plan.slices[rank]
    unsafe plan.combine(into: result + mine.lowerBound) { leaf in
      unsafe leaf.rank == rank
        ? partials + leaf.row * length + mine.lowerBound
        : UnsafePointer(plan.received + plan.receiveDisplacements[leaf.rank] + leaf.row * mine.count)
    }
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

    /// Forms this rank's slice of the sum; `row` says where a known subtree's part of it stands.
    func combine(into result: UnsafeMutablePointer<Scalar>, row: ((rank: Int, row: Int)) -> UnsafePointer<Scalar>) {
      let mine = slices[rank]
      let rows = unsafe leaves.map { unsafe row($0) }
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

/// A part of an array on its way: an object, since an array cannot hold requests.
private final class PartMessage<Scalar: ShardScalar> {
  private var request: Request<Scalar>?
  /// Of a part that comes: the rank it comes from, its rows, and which elements of each.
  let source: Int?, rows: Int, range: Range<Int>

  init(_ request: consuming Request<Scalar>, from source: Int? = nil, rows: Int = 0, range: Range<Int> = 0..<0) {
    self.request = consume request
    self.source = source
    self.rows = rows
    self.range = range
  }
  func wait() throws(MessagePassingError) -> [Scalar] {
    guard let request = request.take() else { return [] }
    return try request.wait()
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
