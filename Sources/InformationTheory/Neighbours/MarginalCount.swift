/// How many points lie within a radius of a query in some columns alone: of one column by its sorted values, of several by tiles
/// ordered in these columns.
struct MarginalCount: ~Copyable {
  private typealias Lanes = CoarseTable.Lanes
  /// The sorted values of one column, and each point's own.
  private let sorted: [Double], values: [Double]
  /// The points in several columns; none where the values are sorted.
  private let table: CoarseTable

  /// Counts over the columns `range` of a table.
  init(_ joint: borrowing CoarseTable, _ range: Range<Int>) {
    var values: [Double] = []
    values.reserveCapacity(joint.count * range.count)
    for i in 0..<joint.count { for c in range { values.append(joint.exact[i * joint.columns + c]) } }
    let isOne = range.count == 1
    self.values = isOne ? values : []
    sorted = isOne ? values.sorted() : []
    table = CoarseTable(x: isOne ? [] : values, xColumns: range.count, y: [], yColumns: 0, count: isOne ? 0 : joint.count)
  }

  /// How many others lie within the radius of point `i`; `query` and `distances` are memory.
  func within(
    _ i: Int, _ radius: Double, _ edge: RadiusEdge, _ query: UnsafeMutablePointer<CoarseTable.Lanes>,
    _ distances: UnsafeMutablePointer<CoarseTable.Lanes>
  ) -> Int {
    // The query lies within its own radius, unless that is zero and open.
    let own = edge == .closed || radius > 0 ? 1 : 0
    if !values.isEmpty { return inside(values[i], radius, edge) - own }
    for c in 0..<table.columns { unsafe query[c] = Lanes(repeating: table.coarse(i, c)) }
    let bounds = table.bounds(radius)
    var count = -own
    for tile in 0..<table.tiles { unsafe count += within(tile, query, i, bounds, radius, edge, distances) }
    return count
  }

  /// How many sorted values lie within the radius: distances fall and then rise along them, also as rounded.
  private func inside(_ value: Double, _ radius: Double, _ edge: RadiusEdge) -> Int {
    func isInside(_ place: Int) -> Bool {
      let d = abs(sorted[place] - value)
      return d < radius || (edge == .closed && d == radius)
    }
    // First place that is not left of the ball, and first one right of it.
    var first = 0, end = sorted.count
    while first < end {
      let middle = (first + end) / 2
      if sorted[middle] >= value || isInside(middle) { end = middle } else { first = middle + 1 }
    }
    var last = first
    end = sorted.count
    while last < end {
      let middle = (last + end) / 2
      if sorted[middle] <= value || isInside(middle) { last = middle + 1 } else { end = middle }
    }
    // An open ball of no radius holds nothing, but the searches stop around the value itself.
    return radius == 0 && edge == .open ? 0 : last - first
  }

  @inline(never)
  private func within(
    _ tile: Int, _ query: UnsafePointer<Lanes>, _ i: Int, _ bounds: (below: Int16, beyond: Int16), _ radius: Double, _ edge: RadiusEdge,
    _ distances: UnsafeMutablePointer<Lanes>
  ) -> Int {
    if unsafe !table.touches(tile, query, bounds.beyond) { return 0 }
    if unsafe table.covered(tile, query, bounds.below) { return min(CoarseTable.tilePoints, table.count - tile * CoarseTable.tilePoints) }
    let columns = table.columns, points = unsafe UnsafePointer(table.lanesOfTiles) + tile * CoarseTable.blocks * columns
    let below = Lanes(repeating: bounds.below), beyond = Lanes(repeating: bounds.beyond)
    // Sign bits rather than comparisons, which would be taken apart lane by lane.
    var certain = Lanes(), possible = Lanes()
    for quad in stride(from: 0, to: CoarseTable.blocks, by: 4) {
      unsafe NeighbourScan.distance(points + quad * columns, query, columns, output: distances + quad)
      for part in 0..<4 {
        let d = unsafe distances[quad + part]
        certain = certain &+ ((d &- below) &>> 15)
        possible = possible &+ ((d &- beyond) &>> 15)
      }
    }
    let inside = -Int(certain.wrappedSum()), candidates = -Int(possible.wrappedSum())
    guard inside != candidates else { return inside }
    return inside + (unsafe NeighbourScan.undecided(table, tile, i, 0..<columns, bounds, radius, edge, UnsafePointer(distances)))
  }
}
