/// The scan for many columns, where no tile can be left out: the distances of two queries to all points in X and in Y are computed
/// once, as integers, and kept until it is known how near the neighbours are.
///
/// Cost: 3 vector instructions for 16 points and a column, and about 20 for 16 points. Two queries share each load of the
/// points.
struct DenseScan: ~Copyable {
  private typealias Lanes = CoarseTable.Lanes

  /// As `NeighbourScan.run`.
  static func run(
    _ table: borrowing CoarseTable, queries: Range<Int>, k: Int, edge: RadiusEdge, radii: (QueryNeighbours, Int) -> (x: Double, y: Double)
  ) -> [QueryNeighbours] {
    let vectors = table.tiles * CoarseTable.blocks
    // Of each query the distances in X, then those in Y.
    var memory = [Lanes](repeating: Lanes(), count: 2 * vectors * group)
    var found: [QueryNeighbours] = []
    found.reserveCapacity(queries.count)
    unsafe memory.withUnsafeMutableBufferPointer { memory in
      guard let memory = memory.baseAddress else { return }
      for start in stride(from: queries.lowerBound, to: queries.upperBound, by: group) {
        unsafe found.append(contentsOf: scan(table, start..<min(start + group, queries.upperBound), k, edge, radii, memory, vectors))
      }
    }
    return found
  }

  /// Queries that share the tiles in the cache, and tiles that they share at a time.
  private static var group: Int { 8 }
  private static var sharedTiles: Int { 16 }

  private static func scan(
    _ table: borrowing CoarseTable, _ queries: Range<Int>, _ k: Int, _ edge: RadiusEdge,
    _ radii: (QueryNeighbours, Int) -> (x: Double, y: Double), _ memory: UnsafeMutablePointer<Lanes>, _ vectors: Int
  ) -> [QueryNeighbours] {
    let fresh = QueryNeighbours(distances: Array(repeating: .infinity, count: k), points: Array(repeating: -1, count: k))
    var found = [QueryNeighbours](repeating: fresh, count: queries.count)
    for tile in stride(from: 0, to: table.tiles, by: sharedTiles) {
      let tiles = tile..<min(tile + sharedTiles, table.tiles)
      for place in stride(from: 0, to: queries.count, by: 2) {
        let i = queries.lowerBound + place, other = min(i + 1, queries.upperBound - 1)
        let first = unsafe memory + 2 * vectors * place, second = unsafe first + 2 * vectors
        unsafe distances(table, tiles, (i, other), 0..<table.xColumns, into: (first, second))
        unsafe distances(table, tiles, (i, other), table.xColumns..<table.columns, into: (first + vectors, second + vectors))
        unsafe nearest(table, tiles, i, first, first + vectors, &found[place])
        if other > i { unsafe nearest(table, tiles, other, second, second + vectors, &found[place + 1]) }
      }
    }
    for (place, i) in queries.enumerated() {
      let reach = radii(found[place], i), xs = table.xColumns, from = unsafe memory + 2 * vectors * place
      // The query lies within its own radius, unless that is zero and open.
      found[place].x = unsafe within(table, i, 0..<xs, reach.x, edge, from) - (edge == .closed || reach.x > 0 ? 1 : 0)
      found[place].y =
        unsafe within(table, i, xs..<table.columns, reach.y, edge, from + vectors) - (edge == .closed || reach.y > 0 ? 1 : 0)
    }
    return found
  }

  /// The largest differences of the integers over some columns, of two queries and the points of some tiles.
  @inline(never)
  private static func distances(
    _ table: borrowing CoarseTable, _ tiles: Range<Int>, _ queries: (Int, Int), _ range: Range<Int>,
    into output: (UnsafeMutablePointer<Lanes>, UnsafeMutablePointer<Lanes>)
  ) {
    let columns = table.columns, count = range.count
    let a = range.map { Lanes(repeating: table.coarse(queries.0, $0)) }, b = range.map { Lanes(repeating: table.coarse(queries.1, $0)) }
    let points = unsafe UnsafePointer(table.lanesOfTiles) + 4 * range.lowerBound
    unsafe a.withUnsafeBufferPointer { a in
      unsafe b.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return }
        for quad in tiles.lowerBound * CoarseTable.blocks / 4..<tiles.upperBound * CoarseTable.blocks / 4 {
          let at = unsafe points + 4 &* quad &* columns
          var (high0, high1, high2, high3) = (Lanes(), Lanes(), Lanes(), Lanes())
          var (low0, low1, low2, low3) = (Lanes(), Lanes(), Lanes(), Lanes())
          var (above0, above1, above2, above3) = (Lanes(), Lanes(), Lanes(), Lanes())
          var (under0, under1, under2, under3) = (Lanes(), Lanes(), Lanes(), Lanes())
          for c in 0..<count {
            let from = unsafe at + 4 &* c, q = unsafe a[c], r = unsafe b[c]
            let p0 = unsafe from[0], p1 = unsafe from[1], p2 = unsafe from[2], p3 = unsafe from[3]
            high0 = larger(high0, p0 &- q)
            low0 = smaller(low0, p0 &- q)
            high1 = larger(high1, p1 &- q)
            low1 = smaller(low1, p1 &- q)
            high2 = larger(high2, p2 &- q)
            low2 = smaller(low2, p2 &- q)
            high3 = larger(high3, p3 &- q)
            low3 = smaller(low3, p3 &- q)
            above0 = larger(above0, p0 &- r)
            under0 = smaller(under0, p0 &- r)
            above1 = larger(above1, p1 &- r)
            under1 = smaller(under1, p1 &- r)
            above2 = larger(above2, p2 &- r)
            under2 = smaller(under2, p2 &- r)
            above3 = larger(above3, p3 &- r)
            under3 = smaller(under3, p3 &- r)
          }
          let first = unsafe output.0 + 4 &* quad, second = unsafe output.1 + 4 &* quad
          unsafe first[0] = larger(high0, 0 &- low0)
          unsafe first[1] = larger(high1, 0 &- low1)
          unsafe first[2] = larger(high2, 0 &- low2)
          unsafe first[3] = larger(high3, 0 &- low3)
          unsafe second[0] = larger(above0, 0 &- under0)
          unsafe second[1] = larger(above1, 0 &- under1)
          unsafe second[2] = larger(above2, 0 &- under2)
          unsafe second[3] = larger(above3, 0 &- under3)
        }
      }
    }
  }
  @inline(__always) private static func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }
  @inline(__always) private static func smaller(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .< a) }

  /// Takes the points of some tiles into the k nearest of a query.
  @inline(never)
  private static func nearest(
    _ table: borrowing CoarseTable, _ tiles: Range<Int>, _ i: Int, _ x: UnsafePointer<Lanes>, _ y: UnsafePointer<Lanes>,
    _ found: inout QueryNeighbours
  ) {
    let k = found.distances.count
    // The least of each tile by lanes, and of all: each of the latter is another point's.
    var leasts = InlineArray<16, Lanes>(repeating: Lanes(repeating: .max)), all = Lanes(repeating: .max)
    for (place, tile) in tiles.enumerated() {
      var least = Lanes(repeating: .max)
      for v in tile &* CoarseTable.blocks..<(tile &+ 1) &* CoarseTable.blocks { least = unsafe smaller(least, larger(x[v], y[v])) }
      leasts[place] = least
      all = smaller(all, least)
    }
    // Of the k + 1 smallest of these one may be the query's own: k others are at most 1 farther than the largest of them, and
    // whoever is as near as that has an integer not larger than 2 more.
    var bound = table.bounds(found.distances[k - 1]).beyond
    if k < CoarseTable.lanes { bound = min(bound, order(all, k) &+ 3) }
    var beyond = Lanes(repeating: bound)
    for (place, tile) in tiles.enumerated() {
      guard NeighbourScan.any(NeighbourScan.signs(leasts[place] &- beyond)) else { continue }
      for v in tile &* CoarseTable.blocks..<(tile &+ 1) &* CoarseTable.blocks {
        let words = unsafe NeighbourScan.signs(larger(x[v], y[v]) &- beyond)
        guard NeighbourScan.any(words) else { continue }
        for word in 0..<4 {
          var bits = words[word]
          while bits != 0 {
            let slot = v &* CoarseTable.lanes &+ word &* 4 &+ bits.trailingZeroBitCount / 16
            bits &= bits &- 1
            if slot < table.count { found.offer(table.point[slot], to: i, in: table) }
          }
        }
        bound = min(bound, table.bounds(found.distances[k - 1]).beyond)
        beyond = Lanes(repeating: bound)
      }
    }
  }

  /// The lane that k others are not larger than.
  private static func order(_ lanes: Lanes, _ k: Int) -> Int16 {
    var rest = lanes, least = Int16.max
    for _ in 0...k {
      var place = 0
      for lane in 1..<CoarseTable.lanes where rest[lane] < rest[place] { place = lane }
      least = rest[place]
      rest[place] = .max
    }
    return least
  }

  /// How many points, the query counted too, lie within a radius over some columns.
  @inline(never)
  private static func within(
    _ table: borrowing CoarseTable, _ i: Int, _ columns: Range<Int>, _ radius: Double, _ edge: RadiusEdge, _ distances: UnsafePointer<Lanes>
  ) -> Int {
    let bounds = table.bounds(radius)
    let below = Lanes(repeating: bounds.below), beyond = Lanes(repeating: bounds.beyond)
    var inside = 0
    for tile in 0..<table.tiles {
      // Sign bits rather than comparisons, which would be taken apart lane by lane.
      var certain = Lanes(), possible = Lanes()
      for v in tile &* CoarseTable.blocks..<(tile &+ 1) &* CoarseTable.blocks {
        let d = unsafe distances[v]
        certain = certain &+ ((d &- below) &>> 15)
        possible = possible &+ ((d &- beyond) &>> 15)
      }
      let sure = -Int(certain.wrappedSum()), candidates = -Int(possible.wrappedSum())
      inside += sure
      if sure != candidates {
        inside += unsafe NeighbourScan.undecided(table, tile, i, columns, bounds, radius, edge, distances + tile &* CoarseTable.blocks)
      }
    }
    return inside
  }
}
