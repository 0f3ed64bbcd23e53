/// The neighbours of one query among all other points.
struct QueryNeighbours {
  /// The k smallest joint distances so far, rising (ties by the point's number), and whose they are.
  var distances: [Double], points: [Int]
  /// How many other points lie within the radius of each space.
  var x = 0, y = 0

  /// Takes a point in if it is among the k nearest of query `i` so far.
  mutating func offer(_ j: Int, to i: Int, in table: borrowing CoarseTable) {
    guard j != i, !points.contains(j) else { return }
    let d = table.distance(i, j, 0..<table.columns)
    var spot = distances.count
    while spot > 0, d < distances[spot - 1] || (d == distances[spot - 1] && j < points[spot - 1]) {
      if spot < distances.count {
        distances[spot] = distances[spot - 1]
        points[spot] = points[spot - 1]
      }
      spot -= 1
    }
    guard spot < distances.count else { return }
    distances[spot] = d
    points[spot] = j
  }
}

/// Whether a radius counts the points at its edge.
enum RadiusEdge { case open, closed }

/// Finds the k nearest neighbours in the joint space (maximum norm) and counts those within a radius of each space.
///
/// With few columns: tiles whose boxes are too far are left out. With many, `DenseScan`.
struct NeighbourScan: ~Copyable {
  typealias Lanes = CoarseTable.Lanes

  /// The neighbours of `queries`; `edge` and `radii` say what is counted: `radii` gets the k nearest neighbours.
  static func run(
    _ table: borrowing CoarseTable, queries: Range<Int>, k: Int, edge: RadiusEdge, radii: (QueryNeighbours, Int) -> (x: Double, y: Double)
  ) -> [QueryNeighbours] {
    if !table.isOrdered { return DenseScan.run(table, queries: queries, k: k, edge: edge, radii: radii) }
    let x = MarginalCount(table, 0..<table.xColumns), y = MarginalCount(table, table.xColumns..<table.columns)
    var found: [QueryNeighbours] = []
    found.reserveCapacity(queries.count)
    let fresh = QueryNeighbours(distances: Array(repeating: .infinity, count: k), points: Array(repeating: -1, count: k))
    var query = [Lanes](repeating: Lanes(), count: table.columns)
    var distances = [Lanes](repeating: Lanes(), count: CoarseTable.blocks)
    unsafe query.withUnsafeMutableBufferPointer { query in
      unsafe distances.withUnsafeMutableBufferPointer { distances in
        guard let query = query.baseAddress, let distances = distances.baseAddress else { return }
        for i in queries {
          for c in 0..<table.columns { unsafe query[c] = Lanes(repeating: table.coarse(i, c)) }
          var near = fresh
          // The query's own block first: its neighbours, after which little is offered in vain.
          let block = table.place[i] / CoarseTable.lanes * CoarseTable.lanes, own = table.place[i] / CoarseTable.tilePoints
          for slot in block..<min(block + CoarseTable.lanes, table.count) { near.offer(table.point[slot], to: i, in: table) }
          unsafe nearest(table, own, query, i, distances, &near)
          for tile in 0..<table.tiles where tile != own { unsafe nearest(table, tile, query, i, distances, &near) }
          let reach = radii(near, i)
          near.x = unsafe x.within(i, reach.x, edge, query, distances)
          near.y = unsafe y.within(i, reach.y, edge, query, distances)
          found.append(near)
        }
      }
    }
    return found
  }

  /// The largest difference of the integers, over some columns, of 64 points and the query.
  @inline(__always)
  static func distance(
    _ points: UnsafePointer<Lanes>, _ query: UnsafePointer<Lanes>, _ columns: Int, output: UnsafeMutablePointer<Lanes>
  ) {
    var (high0, high1, high2, high3) = (Lanes(), Lanes(), Lanes(), Lanes())
    var (low0, low1, low2, low3) = (Lanes(), Lanes(), Lanes(), Lanes())
    for c in 0..<columns {
      let q = unsafe query[c], at = unsafe points + 4 &* c
      let d0 = unsafe q &- at[0], d1 = unsafe q &- at[1], d2 = unsafe q &- at[2], d3 = unsafe q &- at[3]
      high0 = larger(high0, d0)
      low0 = smaller(low0, d0)
      high1 = larger(high1, d1)
      low1 = smaller(low1, d1)
      high2 = larger(high2, d2)
      low2 = smaller(low2, d2)
      high3 = larger(high3, d3)
      low3 = smaller(low3, d3)
    }
    unsafe output[0] = larger(high0, 0 &- low0)
    unsafe output[1] = larger(high1, 0 &- low1)
    unsafe output[2] = larger(high2, 0 &- low2)
    unsafe output[3] = larger(high3, 0 &- low3)
  }
  @inline(__always) private static func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }
  @inline(__always) private static func smaller(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .< a) }

  /// The signs of 16 numbers, at bits 15, 31, 47 and 63 of four words: what is below a bound, without comparisons of lanes,
  /// which would be taken apart.
  @inline(__always) static func signs(_ v: Lanes) -> SIMD4<UInt64> {
    unsafe unsafeBitCast(v, to: SIMD4<UInt64>.self) & 0x8000_8000_8000_8000
  }
  @inline(__always) static func any(_ words: SIMD4<UInt64>) -> Bool { (words[0] | words[1]) | (words[2] | words[3]) != 0 }

  /// Takes a tile's points into the k nearest of a query.
  @inline(never)
  private static func nearest(
    _ table: borrowing CoarseTable, _ tile: Int, _ query: UnsafePointer<Lanes>, _ i: Int, _ distances: UnsafeMutablePointer<Lanes>,
    _ found: inout QueryNeighbours
  ) {
    let k = found.distances.count, columns = table.columns
    var beyond = table.bounds(found.distances[k - 1]).beyond
    if unsafe !table.touches(tile, query, beyond) { return }
    let points = unsafe UnsafePointer(table.lanesOfTiles) + tile * CoarseTable.blocks * columns
    for quad in stride(from: 0, to: CoarseTable.blocks, by: 4) {
      let output = unsafe distances + quad
      unsafe distance(points + quad * columns, query, columns, output: output)
      let least = unsafe smaller(smaller(output[0], output[1]), smaller(output[2], output[3]))
      guard any(signs(least &- Lanes(repeating: beyond))) else { continue }
      for block in quad..<quad + 4 {
        let words = unsafe signs(distances[block] &- Lanes(repeating: beyond))
        guard any(words) else { continue }
        for word in 0..<4 {
          var bits = words[word]
          while bits != 0 {
            let slot = tile * CoarseTable.tilePoints + block * CoarseTable.lanes + word * 4 + bits.trailingZeroBitCount / 16
            bits &= bits - 1
            if slot < table.count { found.offer(table.point[slot], to: i, in: table) }
          }
        }
        beyond = table.bounds(found.distances[k - 1]).beyond
      }
    }
  }

  /// Of the points of a tile whose integers leave it open, those within the radius.
  @inline(never)
  static func undecided(
    _ table: borrowing CoarseTable, _ tile: Int, _ i: Int, _ columns: Range<Int>, _ bounds: (below: Int16, beyond: Int16), _ radius: Double,
    _ edge: RadiusEdge, _ distances: UnsafePointer<Lanes>
  ) -> Int {
    var inside = 0
    for block in 0..<CoarseTable.blocks {
      let d = unsafe distances[block]
      let words = signs(d &- Lanes(repeating: bounds.beyond)) & ~signs(d &- Lanes(repeating: bounds.below))
      guard any(words) else { continue }
      for word in 0..<4 {
        var bits = words[word]
        while bits != 0 {
          let slot = tile * CoarseTable.tilePoints + block * CoarseTable.lanes + word * 4 + bits.trailingZeroBitCount / 16
          bits &= bits - 1
          guard slot < table.count else { continue }
          let exact = table.distance(i, table.point[slot], columns)
          if exact < radius || (edge == .closed && exact == radius) { inside += 1 }
        }
      }
    }
    return inside
  }
}

extension CoarseTable {
  /// Whether a tile's box comes nearer to the query than `beyond`.
  @inline(__always) func touches(_ tile: Int, _ query: UnsafePointer<Lanes>, _ beyond: Int16) -> Bool {
    for c in 0..<columns {
      let q = unsafe query[c][0], bound = tile * columns + c
      if lower[bound] &- q >= beyond || q &- upper[bound] >= beyond { return false }
    }
    return true
  }
  /// Whether all of a tile's box is nearer than `below`.
  @inline(__always) func covered(_ tile: Int, _ query: UnsafePointer<Lanes>, _ below: Int16) -> Bool {
    for c in 0..<columns {
      let q = unsafe query[c][0], bound = tile * columns + c
      if q &- lower[bound] >= below || upper[bound] &- q >= below { return false }
    }
    return true
  }

  /// The distance of two points in the maximum norm of some columns.
  @inline(__always) func distance(_ i: Int, _ j: Int, _ range: Range<Int>) -> Double {
    unsafe exact.withUnsafeBufferPointer { exact in
      var largest = 0.0
      for c in range {
        let d = unsafe abs(exact[i &* columns &+ c] - exact[j &* columns &+ c])
        largest = d > largest ? d : largest
      }
      return largest
    }
  }
}
