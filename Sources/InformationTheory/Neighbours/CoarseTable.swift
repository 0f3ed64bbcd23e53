/// The points of two spaces on a grid of 16-bit integers, in tiles of 512: what a neighbour search scans.
///
/// A coordinate c becomes `q = round(s (c - middle of its column))`, |q| <= 8000, with one s for all columns. The largest
/// difference of two points' integers lies within 1 of s times their distance in the maximum norm, so that integers decide
/// almost every comparison, 16 points at a time, and the doubles the few that are left: nothing is approximate.
///
/// With few columns the points are ordered by halving the widest column again and again, and whole tiles are decided by their
/// bounds.
@safe struct CoarseTable: ~Copyable {
  /// Points of a vector, vectors of a tile.
  static var lanes: Int { 16 }
  static var blocks: Int { 32 }
  static var tilePoints: Int { 512 }
  typealias Lanes = SIMD16<Int16>

  let count: Int, xColumns: Int, columns: Int, tiles: Int
  /// s, and how far an integer distance may be from s times the distance: 1 and what rounding adds.
  let scale: Double
  static var slack: Double { 1.001 }
  /// Whether tiles have bounds worth looking at.
  let isOrdered: Bool
  /// The table's place of each point, and the point at each place (-1: none).
  let place: [Int], point: [Int]
  /// The coordinates as given, `[count, columns]`, X before Y.
  let exact: [Double]
  /// The integers, `[tile, four blocks, column, block, lane]`; places without a point are farther than any two points.
  let lanesOfTiles: UnsafeMutablePointer<Lanes>
  /// The bounds of each tile, `[tile, column]`.
  let lower: [Int16], upper: [Int16]

  init(x: [Double], xColumns: Int, y: [Double], yColumns: Int, count: Int) {
    let columns = xColumns + yColumns, tiles = (count + Self.tilePoints - 1) / Self.tilePoints
    self.count = count
    self.xColumns = xColumns
    self.columns = columns
    self.tiles = tiles
    var exact = [Double](repeating: 0, count: count * columns)
    var low = [Double](repeating: .infinity, count: columns), high = [Double](repeating: -.infinity, count: columns)
    for i in 0..<count {
      for c in 0..<columns {
        let value = c < xColumns ? x[i * xColumns + c] : y[i * yColumns + c - xColumns]
        exact[i * columns + c] = value
        low[c] = min(low[c], value)
        high[c] = max(high[c], value)
      }
    }
    let middle = (0..<columns).map { 0.5 * low[$0] + 0.5 * high[$0] }
    let reach = (0..<columns).map { 0.5 * high[$0] - 0.5 * low[$0] }.max() ?? 0
    // Points that do not differ, or by less than a scale can stretch, are left to the doubles.
    let scale = reach > 1e-290 ? 8000 / reach : 0
    self.scale = scale
    self.exact = exact
    var coarse = [Int16](repeating: 0, count: count * columns)
    for i in 0..<count {
      for c in 0..<columns { coarse[i * columns + c] = Int16(((exact[i * columns + c] - middle[c]) * scale).rounded()) }
    }
    isOrdered = columns <= 8 && tiles > 1
    var order = Array(0..<count)
    if isOrdered { halve(&order, 0..<count, coarse, columns) }
    point = order
    var place = [Int](repeating: 0, count: count)
    for (slot, i) in order.enumerated() { place[i] = slot }
    self.place = place
    unsafe lanesOfTiles = UnsafeMutablePointer<Lanes>.allocate(capacity: max(1, tiles * Self.blocks * columns))
    var lower = [Int16](repeating: .max, count: tiles * columns), upper = [Int16](repeating: .min, count: tiles * columns)
    for tile in 0..<tiles {
      for block in 0..<Self.blocks {
        for c in 0..<columns {
          var values = Lanes(repeating: 24_500)
          let first = tile * Self.tilePoints + block * Self.lanes
          for lane in 0..<min(Self.lanes, max(0, count - first)) {
            let q = coarse[order[first + lane] * columns + c]
            values[lane] = q
            lower[tile * columns + c] = min(lower[tile * columns + c], q)
            upper[tile * columns + c] = max(upper[tile * columns + c], q)
          }
          unsafe lanesOfTiles[Self.vector(tile, block, c, columns)] = values
        }
      }
    }
    self.lower = lower
    self.upper = upper
  }
  deinit { unsafe lanesOfTiles.deallocate() }

  /// Where the vector of a block's column stands.
  static func vector(_ tile: Int, _ block: Int, _ column: Int, _ columns: Int) -> Int {
    ((tile * blocks / 4 + block / 4) * columns + column) * 4 + block % 4
  }

  /// The integer of a point's coordinate.
  func coarse(_ i: Int, _ column: Int) -> Int16 {
    let slot = place[i], tile = slot / Self.tilePoints, within = slot % Self.tilePoints
    return unsafe lanesOfTiles[Self.vector(tile, within / Self.lanes, column, columns)][within % Self.lanes]
  }

  /// Integer distances below the first bound are below `radius` for certain, those from the second on above it.
  func bounds(_ radius: Double) -> (below: Int16, beyond: Int16) {
    let r = min(scale * radius, 16_398)
    return (Int16((r - Self.slack).rounded(.up)), Int16((r + Self.slack).rounded(.down)) + 1)
  }
}

/// Orders places so that each run of whole tiles is a box cut at a median of its widest column.
private func halve(_ order: inout [Int], _ range: Range<Int>, _ coarse: [Int16], _ columns: Int) {
  let tiles = (range.count + CoarseTable.tilePoints - 1) / CoarseTable.tilePoints
  guard tiles > 1 else { return }
  var widest = 0, width = -1
  for c in 0..<columns {
    var low = Int16.max, high = Int16.min
    for slot in range {
      let q = coarse[order[slot] * columns + c]
      low = min(low, q)
      high = max(high, q)
    }
    if Int(high) - Int(low) > width { (widest, width) = (c, Int(high) - Int(low)) }
  }
  // Keys with the point's number below: sorting is stable, and plain.
  var keys = range.map { Int(coarse[order[$0] * columns + widest]) << 40 + order[$0] }
  keys.sort()
  for (offset, key) in keys.enumerated() { order[range.lowerBound + offset] = key & (1 << 40 - 1) }
  let middle = range.lowerBound + tiles / 2 * CoarseTable.tilePoints
  halve(&order, range.lowerBound..<middle, coarse, columns)
  halve(&order, middle..<range.upperBound, coarse, columns)
}
