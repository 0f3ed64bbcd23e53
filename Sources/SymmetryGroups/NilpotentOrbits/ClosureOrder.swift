/// A finite partial order with its covers: the Hasse diagram.
public struct ClosureOrder: Sendable {
  /// How many members there are.
  public let count: Int
  /// The pairs (lower, upper) with nothing between, by upper member.
  public let covers: [(lower: Int, upper: Int)]

  /// The order of `count` members. O(count^3).
  public init(count: Int, isBelow: (Int, Int) -> Bool) {
    self.count = count
    var below = [Bool](repeating: false, count: count * count)
    for a in 0..<count { for b in 0..<count where a != b { below[a * count + b] = isBelow(a, b) } }
    var covers: [(lower: Int, upper: Int)] = []
    for b in 0..<count {
      for a in 0..<count where below[a * count + b] {
        if !(0..<count).contains(where: { below[a * count + $0] && below[$0 * count + b] }) { covers.append((a, b)) }
      }
    }
    self.covers = covers
  }

  /// The closure order of nilpotent orbits of a classical algebra.
  public init(_ orbits: [OrbitPartition]) {
    self.init(count: orbits.count) { orbits[$0].isInClosure(of: orbits[$1]) }
  }

  /// A walk along the edges of the diagram that passes every one, from the first member on: for drawing it in one line.
  public var walk: [Int] {
    var neighbours = [[Int]](repeating: [], count: count)
    for (a, b) in covers {
      neighbours[a].append(b)
      neighbours[b].append(a)
    }
    guard count > 0 else { return [] }
    var path = [0], seen: Set<Int> = [0], used: Set<[Int]> = []
    /// Depth-first: each edge is walked there and back.
    func visit(_ member: Int) {
      for next in neighbours[member] where used.insert([min(member, next), max(member, next)]).inserted {
        path.append(next)
        if seen.insert(next).inserted { visit(next) }
        path.append(member)
      }
    }
    visit(0)
    return path
  }
}
