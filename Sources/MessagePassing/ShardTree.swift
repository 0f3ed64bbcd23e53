/// The order of summation that does not depend on how many ranks share the work.
///
/// A sum over `shards` leaves follows one fixed binary tree: a node over [lo, hi) with n = hi - lo > 1 leaves splits at
/// lo + (the largest power of two below n). Ranks own contiguous runs of leaves and pass on the largest complete subtrees in their
/// run, so every number of ranks forms the same tree and a floating-point sum has the same bits.
public struct ShardTree: Equatable, Sendable {
  /// Number of leaves. Belongs to the study, not to the launch.
  public let shards: Int
  /// Number of ranks that share them; may exceed `shards`, the surplus ranks own none.
  public let ranks: Int

  /// - Parameters: both at least 1.
  public init(shards: Int, ranks: Int) {
    precondition(shards > 0 && ranks > 0, "a tree has leaves and ranks")
    self.shards = shards
    self.ranks = ranks
  }

  /// The leaves that a rank owns. Their numbers differ by at most one between ranks.
  public func shards(of rank: Int) -> Range<Int> {
    precondition((0..<ranks).contains(rank), "a rank of this tree")
    if ranks >= shards { return min(rank, shards)..<min(rank + 1, shards) }
    return rank * shards / ranks..<(rank + 1) * shards / ranks
  }

  /// The largest complete subtrees that cover a rank's leaves, in order; none for a rank without leaves.
  public func subtrees(of rank: Int) -> [Range<Int>] {
    let owned = shards(of: rank)
    var result: [Range<Int>] = []
    func descend(_ node: Range<Int>) {
      if node.clamped(to: owned).isEmpty { return }
      if owned.contains(node.lowerBound), node.upperBound <= owned.upperBound { return result.append(node) }
      let (left, right) = ShardTree.children(node)
      descend(left)
      descend(right)
    }
    descend(0..<shards)
    return result
  }

  /// The two halves of a node of at least two leaves.
  public static func children(_ node: Range<Int>) -> (Range<Int>, Range<Int>) {
    precondition(node.count > 1, "a leaf has no children")
    let half = 1 << (Int.bitWidth - 1 - (node.count - 1).leadingZeroBitCount)
    return (node.lowerBound..<node.lowerBound + half, node.lowerBound + half..<node.upperBound)
  }

  /// The sum of rows that are all leaves of one subtree, in the tree's order. The shape of a subtree depends only on
  /// how many leaves it has. All rows have one length; no rows give an empty sum.
  public static func sum<Scalar: ShardScalar>(_ rows: [[Scalar]]) -> [Scalar] {
    rows.isEmpty ? [] : sum(0..<rows.count) { $0.count == 1 ? rows[$0.lowerBound] : nil }
  }

  /// Adds `count` rows of `length` elements, leaves of one subtree, in the tree's order; the sum replaces row 0, the other rows are spoilt.
  public static func sum<Scalar: ShardScalar>(inPlace rows: UnsafeMutablePointer<Scalar>, count: Int, length: Int) {
    func descend(_ node: Range<Int>) {
      guard node.count > 1 else { return }
      let (left, right) = children(node)
      descend(left)
      descend(right)
      let into = unsafe rows + left.lowerBound * length
      unsafe Scalar.add(into, rows + right.lowerBound * length, into: into, count: length)
    }
    descend(0..<count)
  }

  /// The tree sum over a node: `leaf` gives the known sum of the node that begins at a leaf, or nil where only its children are known.
  static func sum<Scalar: ShardScalar>(_ node: Range<Int>, known: (Range<Int>) -> [Scalar]?) -> [Scalar] {
    if let row = known(node) { return row }
    let (left, right) = children(node)
    var result = sum(left, known: known)
    let other = sum(right, known: known)
    precondition(result.count == other.count, "all rows of a tree sum have one length")
    unsafe result.withUnsafeMutableBufferPointer { a in
      unsafe other.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return }
        unsafe Scalar.add(a, b, into: a, count: other.count)
      }
    }
    return result
  }
}

/// The sum of all ranks' leaves in the tree's order, on every rank: for small arrays (`ShardReducer` is the fast one).
///
/// - Parameter leaves: one row for each shard in `tree.shards(of: rank)`; all rows of all ranks have one length.
public func treeSum<Scalar: ShardScalar>(
  leaves: [[Scalar]], tree: ShardTree, on communicator: borrowing some Communicator & ~Copyable
) throws(MessagePassingError) -> [Scalar] {
  precondition(communicator.size == tree.ranks, "the tree was made for this communicator")
  let owned = tree.shards(of: communicator.rank)
  precondition(leaves.count == owned.count, "one row per shard of this rank")
  let partials = tree.subtrees(of: communicator.rank).map { subtree in
    ShardTree.sum(Array(leaves[subtree.lowerBound - owned.lowerBound..<subtree.upperBound - owned.lowerBound]))
  }
  let gathered = try communicator.allGather(Array(partials.joined()))
  var known: [Range<Int>: [Scalar]] = [:]
  for (rank, flat) in gathered.enumerated() {
    let subtrees = tree.subtrees(of: rank)
    guard let length = subtrees.isEmpty ? nil : flat.count / subtrees.count else { continue }
    for (row, subtree) in subtrees.enumerated() { known[subtree] = Array(flat[row * length..<(row + 1) * length]) }
  }
  return ShardTree.sum(0..<tree.shards) { known[$0] }
}

/// A floating-point type that tree sums add with vector instructions.
public protocol ShardScalar: MessageElement, BinaryFloatingPoint {
  /// `result[i] = a[i] + b[i]`; `result` may be `a` or `b`.
  static func add(_ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, into result: UnsafeMutablePointer<Self>, count: Int)
}

extension Float: ShardScalar {
  public static func add(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>, count: Int
  ) { unsafe addVectors(SIMD16<Float>.self, a, b, into: result, count: count) }
}

extension Double: ShardScalar {
  public static func add(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>, count: Int
  ) { unsafe addVectors(SIMD8<Double>.self, a, b, into: result, count: count) }
}

/// One cache line at a time, then the rest one by one.
@inline(__always) private func addVectors<Vector: SIMD>(
  _ type: Vector.Type, _ a: UnsafePointer<Vector.Scalar>, _ b: UnsafePointer<Vector.Scalar>,
  into result: UnsafeMutablePointer<Vector.Scalar>, count: Int
) where Vector: BitwiseCopyable, Vector.Scalar: FloatingPoint {
  var i = 0
  while i &+ Vector.scalarCount <= count {
    let x = unsafe UnsafeRawPointer(a + i).loadUnaligned(as: Vector.self)
    let y = unsafe UnsafeRawPointer(b + i).loadUnaligned(as: Vector.self)
    unsafe UnsafeMutableRawPointer(result + i).storeBytes(of: x + y, as: Vector.self)
    i &+= Vector.scalarCount
  }
  while i < count {
    unsafe result[i] = unsafe a[i] + b[i]
    i &+= 1
  }
}
