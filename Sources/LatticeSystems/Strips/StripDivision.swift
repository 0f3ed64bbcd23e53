import MessagePassing

/// How a lattice is cut into strips, one for each rank, contiguous and in rank order: at multiples of a unit, so that the
/// streams of one unit stay on one rank, and in shares that differ by at most one unit (the last unit takes the rest of
/// the lattice). Ranks beyond the number of units hold nothing. The strips stand in a ring.
struct StripDivision: Sendable, Equatable {
  /// How many rows or sites there are in all.
  let length: Int
  /// Where cuts may be: at multiples of this many.
  let unit: Int
  private let tree: ShardTree

  init(length: Int, unit: Int, ranks: Int) {
    self.length = length
    self.unit = unit
    tree = ShardTree(shards: max(1, length / unit), ranks: ranks)
  }

  /// How many ranks hold something: the first ones.
  var strips: Int { min(tree.shards, tree.ranks) }
  /// What a rank holds.
  func range(of rank: Int) -> Range<Int> {
    let units = tree.shards(of: rank)
    let end = units.upperBound == tree.shards ? length : units.upperBound * unit
    return units.isEmpty ? length..<length : units.lowerBound * unit..<end
  }
  /// The rank before this one in the ring of those that hold something.
  func before(_ rank: Int) -> Int { (rank + strips - 1) % strips }
  /// The rank after this one in the ring of those that hold something.
  func after(_ rank: Int) -> Int { (rank + 1) % strips }
}
