/// The sums over samples that a gradient with respect to weights between binary and real-valued units is made of:
///
///     G[v, :] = sum_s ( sum_{r in shard s} bit+(r, v) (D+[r, :] - offset) - sum_{r in shard s} bit-(r, v) (D-[r, :] - offset) )
///
/// where the outer sum is the fixed binary tree over shards (that of `ShardTree`: n > 1 shards split at the largest
/// power of two below n), and a shard's sum is taken in order of its rows, 4 at a time, positive before negative. So G's
/// bits depend on the shards alone, not on which subtree a call covers.
///
/// `bits+-: [rows, visible]` packed, `D+-: [rows, columns]`, `G: [visible + 1, columns]`, row-major; its last row is that of
/// a unit that is always on: the difference of the sums of D, from which the gradient of biases and centring follow.
/// Method: the four Russians' of `BinaryProduct` on the transposed bits; tables of 64 rows of D by 32 columns stay in
/// the first-level cache, the sums over a shard in the second-level one. Cost: rows * visible * columns / 32 vector additions.
public final class BinaryOuterProduct {
  /// Rows (samples) per shard, shards per call at most.
  public let rowsPerShard: Int, shards: Int
  /// Binary units, and columns of D.
  public let visible: Int, columns: Int
  /// Units padded to whole words, with the unit that is always on.
  private let paddedUnits: Int
  /// Groups of 4 rows of one sign in a shard.
  private let groupsPerSign: Int
  private let memory: KernelMemory
  private let levelCount: Int

  /// Memory for shards of `rowsPerShard` rows, at most `shards` of them a call; all counts at least 1.
  public init(rowsPerShard: Int, shards: Int, visible: Int, columns: Int) {
    precondition(rowsPerShard > 0 && shards > 0 && visible > 0 && columns > 0, "an outer product has rows and columns")
    self.rowsPerShard = rowsPerShard
    self.shards = shards
    self.visible = visible
    self.columns = columns
    paddedUnits = (visible + 64) / 64 * 64
    groupsPerSign = (rowsPerShard + 3) / 4
    levelCount = Int.bitWidth - shards.leadingZeroBitCount + 1
    let passes = shards * ((2 * groupsPerSign + 15) / 16)
    memory = unsafe KernelMemory(byteCount: LookupTable.byteCount + 8 * paddedUnits * passes + 128 * paddedUnits * (levelCount + 1))
  }

  /// What one pass over the units adds: up to 16 groups of 4 rows, of one shard or of two neighbours.
  private struct Pass {
    /// First group (of a shard's positive, then negative ones), and how many of each shard.
    var shard: Int, firstGroup: Int, groups: Int
    /// Whether the pass covers all groups of this shard and the next.
    var pair: Bool
    /// Whether it begins and ends its (last) shard.
    var begins: Bool, ends: Bool
  }

  private func passes(shards count: Int) -> [Pass] {
    let groups = 2 * groupsPerSign
    var result: [Pass] = []
    var shard = 0
    while shard < count {
      if groups <= 8 && shard + 1 < count {
        result.append(Pass(shard: shard, firstGroup: 0, groups: groups, pair: true, begins: true, ends: true))
        shard += 2
        continue
      }
      var first = 0
      while first < groups {
        let n = min(16, groups - first)
        result.append(Pass(shard: shard, firstGroup: first, groups: n, pair: false, begins: first == 0, ends: first + n == groups))
        first += n
      }
      shard += 1
    }
    return result
  }

  /// Writes the tree sum over `count` shards, leaves of one subtree, to `sums: [visible + 1, columns]`, and the
  /// differences of counts of set bits (exact) to `bitSums: [visible]`.
  ///
  /// `positiveBits` and `negativeBits` have `wordsPerRow` words per row; rows `s * rowsPerShard ..< (s + 1) * rowsPerShard`
  /// of bits and values belong to the call's shard s.
  public func differences(
    shards count: Int, positiveBits: UnsafePointer<UInt64>, negativeBits: UnsafePointer<UInt64>, wordsPerRow: Int,
    positive: UnsafePointer<Float>, negative: UnsafePointer<Float>, offset: Float,
    sums: UnsafeMutablePointer<Float>, bitSums: UnsafeMutablePointer<Float>
  ) {
    precondition(count > 0 && count <= shards && wordsPerRow * 64 >= visible, "shards and words fit the product's memory")
    let table = unsafe LookupTable(memory.bytes)
    let words = unsafe (memory.bytes + LookupTable.byteCount).assumingMemoryBound(to: UInt64.self)
    let plan = passes(shards: count)
    let levels = unsafe UnsafeMutableRawPointer(words + paddedUnits * shards * ((2 * groupsPerSign + 15) / 16))
      .assumingMemoryBound(to: Float.self)
    for v in 0..<visible { unsafe bitSums[v] = 0 }
    for (p, pass) in plan.enumerated() {
      unsafe transpose(pass, positiveBits, negativeBits, wordsPerRow, into: words + p * paddedUnits, bitSums)
    }
    var column = 0
    while column < columns {
      let width = min(32, columns - column)
      for (p, pass) in plan.enumerated() {
        unsafe fill(table, pass, positive + column, negative + column, width, offset)
        unsafe accumulate(
          table, pass, words + p * paddedUnits, levels, last: pass.ends && pass.shard + (pass.pair ? 2 : 1) == count,
          sums + column, width)
      }
      column += 32
    }
  }

  /// The same on arrays, as new arrays; `positive` and `negative` are `[count * rowsPerShard, columns]`.
  public func differences(
    shards count: Int, positiveBits: [UInt64], negativeBits: [UInt64], wordsPerRow: Int, positive: [Float], negative: [Float],
    offset: Float = 0
  ) -> (sums: [Float], bitSums: [Float]) {
    let rows = count * rowsPerShard
    precondition(min(positiveBits.count, negativeBits.count) >= rows * wordsPerRow, "bits do not hold \(rows) rows")
    precondition(min(positive.count, negative.count) >= rows * columns, "values do not hold \(rows) rows")
    var sums = [Float](repeating: 0, count: (visible + 1) * columns), bitSums = [Float](repeating: 0, count: visible)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe bitSums.withUnsafeMutableBufferPointer { bitSums in
        unsafe positiveBits.withUnsafeBufferPointer { p in
          unsafe negativeBits.withUnsafeBufferPointer { n in
            unsafe positive.withUnsafeBufferPointer { d in
              unsafe negative.withUnsafeBufferPointer { e in
                unsafe differences(
                  shards: count, positiveBits: p.baseAddress!, negativeBits: n.baseAddress!, wordsPerRow: wordsPerRow,
                  positive: d.baseAddress!, negative: e.baseAddress!, offset: offset, sums: sums.baseAddress!,
                  bitSums: bitSums.baseAddress!)
              }
            }
          }
        }
      }
    }
    return (sums, bitSums)
  }

  /// Where row `slot` of a pass (0 ..< 64) comes from: its sign and its row, nil where it is padding.
  @inline(__always)
  private func source(_ pass: Pass, slot: Int) -> (positive: Bool, row: Int)? {
    var shard = pass.shard, group = slot / 4
    if pass.pair && group >= 8 {
      shard += 1
      group -= 8
    }
    guard group < pass.groups else { return nil }
    group += pass.firstGroup
    let isPositive = group < groupsPerSign
    if !isPositive { group -= groupsPerSign }
    let row = 4 * group + slot % 4
    return row < rowsPerShard ? (isPositive, shard * rowsPerShard + row) : nil
  }

  /// One word per unit: its bits in the 64 rows of the pass.
  private func transpose(
    _ pass: Pass, _ positive: UnsafePointer<UInt64>, _ negative: UnsafePointer<UInt64>, _ wordsPerRow: Int,
    into words: UnsafeMutablePointer<UInt64>, _ bitSums: UnsafeMutablePointer<Float>
  ) {
    var positiveRows: UInt64 = 0, negativeRows: UInt64 = 0
    let rows = (0..<64).map { slot -> Int in
      guard let (isPositive, row) = source(pass, slot: slot) else { return -1 }
      if isPositive { positiveRows |= 1 << UInt64(slot) } else { negativeRows |= 1 << UInt64(slot) }
      return 2 * row + (isPositive ? 0 : 1)
    }
    for block in 0..<paddedUnits / 64 {
      let to = unsafe words + 64 * block
      // The last block may hold no unit but the one that is always on.
      let present = 64 * block < visible
      for slot in 0..<64 {
        let row = rows[slot]
        if row < 0 || !present {
          unsafe to[slot] = 0
        } else {
          unsafe to[slot] = (row & 1 == 0 ? positive : negative)[row / 2 * wordsPerRow + block]
        }
      }
      if present { unsafe Transpose.bits64(to) }
      for v in 64 * block..<min(visible, 64 * block + 64) {
        let word = unsafe words[v]
        unsafe bitSums[v] += Float((word & positiveRows).nonzeroBitCount - (word & negativeRows).nonzeroBitCount)
      }
    }
    unsafe words[visible] = positiveRows | negativeRows
    for v in visible + 1..<max(visible + 1, paddedUnits) { unsafe words[v] = 0 }
  }

  /// Tabulates the pass's rows of D - offset, the negative ones with the opposite sign.
  private func fill(
    _ table: LookupTable, _ pass: Pass, _ positive: UnsafePointer<Float>, _ negative: UnsafePointer<Float>, _ width: Int,
    _ offset: Float
  ) {
    @inline(__always) func row(_ slot: Int, _ column: Int) -> SIMD16<Float> {
      guard let (isPositive, row) = source(pass, slot: slot) else { return SIMD16() }
      let from = unsafe (isPositive ? positive : negative) + (row * columns + column)
      let value = unsafe loadLanes(from, upTo: width - column) - offset
      return isPositive ? value : SIMD16() - value
    }
    for group in 0..<(pass.pair ? 16 : pass.groups) where !pass.pair || group % 8 < pass.groups {
      for half in 0..<2 {
        let s = 4 * group, c = 16 * half
        unsafe table.fill(group: group, half: half, row(s, c), row(s + 1, c), row(s + 2, c), row(s + 3, c))
      }
    }
  }

  /// Adds the pass to the running sums of the shard and, where it ends one, climbs the tree: `levels` holds for each
  /// level the finished left subtree that waits for its right neighbour; the last one is the shard's running sum.
  private func accumulate(
    _ table: LookupTable, _ pass: Pass, _ words: UnsafePointer<UInt64>, _ levels: UnsafeMutablePointer<Float>, last: Bool,
    _ sums: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    let plane = 32 * paddedUnits
    let running = unsafe levels + levelCount * plane
    // Leaf i finds left neighbours waiting at the levels of its trailing ones; the last leaf at all of its ones.
    let leaf = pass.shard + (pass.pair ? 1 : 0)
    var waiting: [Int] = []
    var level = 0
    if pass.ends {
      while last ? leaf >> level != 0 : leaf >> level & 1 == 1 {
        if leaf >> level & 1 == 1 { waiting.append(level) }
        level += 1
      }
    }
    // A pair's first leaf is added in registers.
    let planes = waiting.dropFirst(pass.pair ? 1 : 0).map { $0 * plane }
    let direct = last && width == 32
    let target = unsafe !pass.ends ? running : direct ? sums : levels + level * plane
    let stride = direct ? columns : 32
    var v = 0
    let end = visible + 1
    while v < end {
      let block = direct ? min(4, end - v) : 4
      let w0 = unsafe words[v], w1 = unsafe words[v &+ 1], w2 = unsafe words[v &+ 2], w3 = unsafe words[v &+ 3]
      var four = pass.begins ? RowSums() : unsafe RowSums(running + 32 &* v)
      unsafe four.add(table, groups: pass.groups, w0, w1, w2, w3)
      if pass.pair {
        var next = RowSums()
        unsafe next.add(table.from(group: 8), groups: pass.groups, w0 &>> 32, w1 &>> 32, w2 &>> 32, w3 &>> 32)
        four.add(next)
      }
      for plane in planes { unsafe four.add(RowSums(levels + (plane &+ 32 &* v))) }
      unsafe four.store(target + v &* stride, stride: stride, count: block)
      v &+= 4
    }
    if last && !direct { unsafe RowSums.copy(target, count: end, to: sums, stride: columns, width: width) }
  }
}
