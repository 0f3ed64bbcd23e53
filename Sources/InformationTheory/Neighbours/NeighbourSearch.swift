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
/// Two scans over the table, sixteen queries at a time so that a tile stays in the cache. Cost: about 3 vector instructions
/// for 16 points, a column and a scan.
struct NeighbourScan: ~Copyable {
  private static var group: Int { 16 }
  private typealias Lanes = CoarseTable.Lanes

  /// The neighbours of `queries`; `edge` and `radii` say what is counted: `radii` gets the k nearest neighbours.
  static func run(
    _ table: borrowing CoarseTable, queries: Range<Int>, k: Int, edge: RadiusEdge, radii: (QueryNeighbours, Int) -> (x: Double, y: Double)
  ) -> [QueryNeighbours] {
    var found: [QueryNeighbours] = []
    found.reserveCapacity(queries.count)
    var start = queries.lowerBound
    while start < queries.upperBound {
      let end = min(start + group, queries.upperBound)
      found.append(contentsOf: scan(table, queries: start..<end, k: k, edge: edge, radii: radii))
      start = end
    }
    return found
  }

  private static func scan(
    _ table: borrowing CoarseTable, queries: Range<Int>, k: Int, edge: RadiusEdge, radii: (QueryNeighbours, Int) -> (x: Double, y: Double)
  ) -> [QueryNeighbours] {
    let columns = table.columns, count = queries.count
    var found = [QueryNeighbours](
      repeating: QueryNeighbours(distances: Array(repeating: .infinity, count: k), points: Array(repeating: -1, count: k)), count: count)
    let own = queries.map { table.place[$0] / CoarseTable.tilePoints }
    var query: [Lanes] = []
    query.reserveCapacity(count * columns)
    for i in queries { for c in 0..<columns { query.append(Lanes(repeating: table.coarse(i, c))) } }
    var distances = [Lanes](repeating: Lanes(), count: 2 * CoarseTable.blocks)
    unsafe query.withUnsafeBufferPointer { query in
      guard let query = query.baseAddress else { return }
      unsafe distances.withUnsafeMutableBufferPointer { distances in
        guard let distances = distances.baseAddress else { return }
        for q in 0..<count {
          // The query's own block first: in an ordered table its neighbours, after which little is offered in vain.
          let block = table.place[queries.lowerBound + q] / CoarseTable.lanes * CoarseTable.lanes
          for slot in block..<min(block + CoarseTable.lanes, table.count) {
            found[q].offer(table.point[slot], to: queries.lowerBound + q, in: table)
          }
          unsafe nearest(table, own[q], query + q * columns, queries.lowerBound + q, distances, &found[q])
        }
        for tile in 0..<table.tiles {
          for q in 0..<count where own[q] != tile {
            unsafe nearest(table, tile, query + q * columns, queries.lowerBound + q, distances, &found[q])
          }
        }
        let reach = found.indices.map { radii(found[$0], queries.lowerBound + $0) }
        let bounds = reach.map { (table.bounds($0.x), table.bounds($0.y)) }
        for tile in 0..<table.tiles {
          for q in 0..<count {
            let i = queries.lowerBound + q, at = unsafe query + q * columns, xs = table.xColumns
            found[q].x += unsafe within(table, tile, at, i, 0..<xs, bounds[q].0, reach[q].x, edge, distances)
            found[q].y += unsafe within(table, tile, at, i, xs..<columns, bounds[q].1, reach[q].y, edge, distances)
          }
        }
      }
    }
    // Every query lies within its own radius, unless that is zero and open.
    for q in found.indices {
      let reach = radii(found[q], queries.lowerBound + q)
      if edge == .closed || reach.x > 0 { found[q].x -= 1 }
      if edge == .closed || reach.y > 0 { found[q].y -= 1 }
    }
    return found
  }

  /// The largest difference of the integers, over some columns, of 64 points and the query.
  @inline(__always)
  private static func distance(
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
  @inline(__always) private static func signs(_ v: Lanes) -> SIMD4<UInt64> {
    unsafe unsafeBitCast(v, to: SIMD4<UInt64>.self) & 0x8000_8000_8000_8000
  }
  @inline(__always) private static func any(_ words: SIMD4<UInt64>) -> Bool { (words[0] | words[1]) | (words[2] | words[3]) != 0 }

  /// Takes a tile's points into the k nearest of a query.
  @inline(never)
  private static func nearest(
    _ table: borrowing CoarseTable, _ tile: Int, _ query: UnsafePointer<Lanes>, _ i: Int, _ distances: UnsafeMutablePointer<Lanes>,
    _ found: inout QueryNeighbours
  ) {
    let k = found.distances.count, columns = table.columns
    var beyond = table.bounds(found.distances[k - 1]).beyond
    if table.isOrdered, unsafe !touches(table, tile, query, 0..<columns, beyond) { return }
    let points = unsafe UnsafePointer(table.lanesOfTiles) + tile * CoarseTable.blocks * columns
    let first = columns >= 8 ? columns / 2 : columns, rest = unsafe distances + CoarseTable.blocks
    var nearest = Lanes(repeating: .max)
    for block in stride(from: 0, to: CoarseTable.blocks, by: 4) {
      let output = unsafe distances + block
      unsafe distance(points + block * columns, query, first, output: output)
      var least = unsafe smaller(smaller(output[0], output[1]), smaller(output[2], output[3]))
      // In many dimensions half of the columns rule many blocks out.
      if first < columns {
        guard any(signs(least &- Lanes(repeating: beyond))) else { continue }
        unsafe distance(points + block * columns + 4 * first, query + first, columns - first, output: rest)
        for part in 0..<4 { unsafe output[part] = larger(output[part], rest[part]) }
        least = unsafe smaller(smaller(output[0], output[1]), smaller(output[2], output[3]))
      }
      nearest = smaller(nearest, least)
    }
    guard any(signs(nearest &- Lanes(repeating: beyond))) else { return }
    for block in 0..<CoarseTable.blocks {
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

  /// How many points of a tile, the query counted too, lie within a radius over some columns.
  @inline(never)
  private static func within(
    _ table: borrowing CoarseTable, _ tile: Int, _ query: UnsafePointer<Lanes>, _ i: Int, _ columns: Range<Int>,
    _ bounds: (below: Int16, beyond: Int16), _ radius: Double, _ edge: RadiusEdge, _ distances: UnsafeMutablePointer<Lanes>
  ) -> Int {
    if table.isOrdered {
      if unsafe !touches(table, tile, query, columns, bounds.beyond) { return 0 }
      if unsafe covered(table, tile, query, columns, bounds.below) {
        return min(CoarseTable.tilePoints, table.count - tile * CoarseTable.tilePoints)
      }
    }
    let points = unsafe UnsafePointer(table.lanesOfTiles) + tile * CoarseTable.blocks * table.columns + 4 * columns.lowerBound
    let at = unsafe query + columns.lowerBound
    let below = Lanes(repeating: bounds.below), beyond = Lanes(repeating: bounds.beyond)
    // Sign bits rather than comparisons, which would be taken apart lane by lane.
    var certain = Lanes(), possible = Lanes()
    for block in stride(from: 0, to: CoarseTable.blocks, by: 4) {
      unsafe distance(points + block * table.columns, at, columns.count, output: distances + block)
      for part in 0..<4 {
        let d = unsafe distances[block + part]
        certain = certain &+ ((d &- below) &>> 15)
        possible = possible &+ ((d &- beyond) &>> 15)
      }
    }
    let inside = -Int(certain.wrappedSum()), candidates = -Int(possible.wrappedSum())
    return inside == candidates
      ? inside : inside + (unsafe undecided(table, tile, i, columns, bounds, radius, edge, UnsafePointer(distances)))
  }

  /// Of the points of a tile whose integers leave it open, those within the radius.
  @inline(never)
  private static func undecided(
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

  /// Whether a tile's box comes nearer than `beyond`.
  @inline(__always)
  private static func touches(
    _ table: borrowing CoarseTable, _ tile: Int, _ query: UnsafePointer<Lanes>, _ columns: Range<Int>, _ beyond: Int16
  ) -> Bool {
    for c in columns {
      let q = unsafe query[c][0], bound = tile * table.columns + c
      if table.lower[bound] &- q >= beyond || q &- table.upper[bound] >= beyond { return false }
    }
    return true
  }
  /// Whether all of a tile's box is nearer than `below`.
  @inline(__always)
  private static func covered(
    _ table: borrowing CoarseTable, _ tile: Int, _ query: UnsafePointer<Lanes>, _ columns: Range<Int>, _ below: Int16
  ) -> Bool {
    for c in columns {
      let q = unsafe query[c][0], bound = tile * table.columns + c
      if q &- table.lower[bound] >= below || table.upper[bound] &- q >= below { return false }
    }
    return true
  }
}

extension CoarseTable {
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
