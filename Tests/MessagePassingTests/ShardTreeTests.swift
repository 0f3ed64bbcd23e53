import MessagePassing
import Testing

@Suite struct ShardTreeTests {
  @Test("Ranks own all shards in order, evenly; surplus ranks own none", arguments: [1, 2, 3, 5, 8, 13], [1, 2, 3, 4, 5, 8, 11, 40])
  func shares(shards: Int, ranks: Int) {
    let tree = ShardTree(shards: shards, ranks: ranks)
    let owned = (0..<ranks).map { tree.shards(of: $0) }
    #expect(owned.flatMap { Array($0) } == Array(0..<shards))
    let counts = owned.map(\.count)
    #expect(counts.max()! - counts.min()! <= 1)
  }

  @Test(
    "Subtrees cover a rank's shards in order, are nodes of the tree, and none could be larger", arguments: [1, 2, 3, 5, 8, 13],
    [1, 2, 3, 4, 5, 8, 11])
  func subtrees(shards: Int, ranks: Int) {
    var nodes: Set<Range<Int>> = [], parents: [Range<Int>: Range<Int>] = [:]
    func descend(_ node: Range<Int>) {
      nodes.insert(node)
      guard node.count > 1 else { return }
      let (left, right) = ShardTree.children(node)
      for child in [left, right] {
        parents[child] = node
        descend(child)
      }
    }
    descend(0..<shards)
    let tree = ShardTree(shards: shards, ranks: ranks)
    for rank in 0..<ranks {
      let owned = tree.shards(of: rank), subtrees = tree.subtrees(of: rank)
      #expect(subtrees.flatMap { Array($0) } == Array(owned))
      for subtree in subtrees {
        #expect(nodes.contains(subtree))
        if let parent = parents[subtree] { #expect(!(owned.lowerBound <= parent.lowerBound && parent.upperBound <= owned.upperBound)) }
      }
    }
  }

  @Test("A node splits after the largest power of two below its size")
  func split() {
    #expect(ShardTree.children(0..<8) == (0..<4, 4..<8))
    #expect(ShardTree.children(3..<8) == (3..<7, 7..<8))
    #expect(ShardTree.children(1..<3) == (1..<2, 2..<3))
  }

  @Test("The sum of five rows is ((0+1)+(2+3))+4, to the bit, for arrays and in place")
  func order() {
    let values: [Double] = [1e16, 1, -1e16, 3, 0.1]
    let expected = ((values[0] + values[1]) + (values[2] + values[3])) + values[4]
    #expect(expected != values.reduce(0, +))
    #expect(ShardTree.sum(values.map { [$0] }) == [expected])
    // 37 columns: whole vectors and a remainder.
    var rows = values.flatMap { [Double](repeating: $0, count: 37) }
    unsafe rows.withUnsafeMutableBufferPointer { unsafe ShardTree.sum(inPlace: $0.baseAddress!, count: 5, length: 37) }
    #expect(Array(rows[..<37]) == [Double](repeating: expected, count: 37))
    #expect(ShardTree.sum([[Float]]()) == [])
  }

  @Test("Slices of a reducer tile the array and begin at multiples of 16", arguments: [0, 1, 16, 100, 4097], [1, 2, 3, 7])
  func slices(length: Int, ranks: Int) {
    let reducer = ShardReducer<Float>(tree: ShardTree(shards: 8, ranks: ranks), rank: 0, length: length)
    let slices = (0..<ranks).map { reducer.slice(of: $0) }
    #expect(slices.flatMap { Array($0) } == Array(0..<length))
    for slice in slices where !slice.isEmpty { #expect(slice.lowerBound % 16 == 0) }
  }
}

@Suite struct ProcessGridTests {
  @Test("Balanced grids have the least largest factor, in descending order")
  func balanced() {
    #expect(ProcessGrid.balanced(12, axes: 2) == [4, 3])
    #expect(ProcessGrid.balanced(7, axes: 2) == [7, 1])
    #expect(ProcessGrid.balanced(64, axes: 3) == [4, 4, 4])
    #expect(ProcessGrid.balanced(24, axes: 3) == [4, 3, 2])
    #expect(ProcessGrid.balanced(1, axes: 2) == [1, 1])
  }

  @Test("A shift there and back is no shift, and wraps round")
  func shifts() {
    for rank in 0..<12 {
      let grid = ProcessGrid(rank: rank, dimensions: [4, 3])
      #expect(grid.coordinates == [rank / 3, rank % 3])
      for axis in 0..<2 {
        for step in [-5, -1, 1, 2, 7] {
          let (source, destination) = grid.shift(axis: axis, by: step)
          #expect(ProcessGrid(rank: destination, dimensions: [4, 3]).shift(axis: axis, by: step).source == rank)
          #expect(ProcessGrid(rank: source, dimensions: [4, 3]).shift(axis: axis, by: step).destination == rank)
        }
      }
    }
    #expect(ProcessGrid(rank: 0, dimensions: [4, 3]).shift(axis: 0, by: -1) == (3, 9))
  }
}
