/// The subset sums of 16 groups of 4 matrix rows, 32 columns wide: entry n of group g stands at vectors `2 (16 g + n)` and the
/// next. The extraction of 4 bits costs as much as two additions, so one serves both vectors. 32 KiB.
@unsafe struct LookupTable {
  static let byteCount = 16 * groupBytes
  private static let groupBytes = 16 * 128
  let entries: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { unsafe entries = memory }

  /// Tabulates `rows` <= 64 rows of `width` <= 32 columns; columns past them count as zero, and so do rows up to the next
  /// multiple of 8.
  @inline(__always)
  func fill(_ matrix: UnsafePointer<Float>, rows: Int, stride: Int, width: Int) {
    @inline(__always) func line(_ row: Int, _ column: Int) -> SIMD16<Float> {
      row < rows ? unsafe loadLanes(matrix + (row &* stride &+ column), upTo: width &- column) : SIMD16()
    }
    var row = 0
    while row < (rows &+ 7) & ~7 {
      if row &+ 4 <= rows && width == 32 {
        let m = unsafe matrix + row &* stride
        for half in 0..<2 {
          let m = unsafe m + 16 &* half
          let w0 = unsafe loadLanes(m), w1 = unsafe loadLanes(m + stride)
          let w2 = unsafe loadLanes(m + 2 &* stride), w3 = unsafe loadLanes(m + 3 &* stride)
          unsafe fill(group: row &>> 2, half: half, w0, w1, w2, w3)
        }
        row &+= 4
        continue
      }
      for half in 0..<2 {
        let c = 16 &* half
        unsafe fill(group: row &>> 2, half: half, line(row, c), line(row &+ 1, c), line(row &+ 2, c), line(row &+ 3, c))
      }
      row &+= 4
    }
  }

  /// Tabulates the 16 subset sums of four rows in the first or last 16 columns.
  @inline(__always)
  func fill(group: Int, half: Int, _ w0: SIMD16<Float>, _ w1: SIMD16<Float>, _ w2: SIMD16<Float>, _ w3: SIMD16<Float>) {
    let t = unsafe (entries + (group &* Self.groupBytes &+ 64 &* half)).assumingMemoryBound(to: SIMD16<Float>.self)
    let low = w0 + w1, high = w2 + w3
    unsafe t[0] = SIMD16()
    unsafe t[2] = w0
    unsafe t[4] = w1
    unsafe t[6] = low
    unsafe t[8] = w2
    unsafe t[10] = w0 + w2
    unsafe t[12] = w1 + w2
    unsafe t[14] = low + w2
    unsafe t[16] = w3
    unsafe t[18] = w0 + w3
    unsafe t[20] = w1 + w3
    unsafe t[22] = low + w3
    unsafe t[24] = high
    unsafe t[26] = w0 + high
    unsafe t[28] = w1 + high
    unsafe t[30] = low + high
  }

  /// The table from `group` on.
  @inline(__always)
  func from(group: Int) -> LookupTable { unsafe LookupTable(entries + group &* Self.groupBytes) }

  /// Adds the entries that the lowest 8 bits of `word` select in the first two groups, in order.
  @inline(__always)
  func add(_ word: UInt64, _ low: inout SIMD16<Float>, _ high: inout SIMD16<Float>) {
    let first = Int(truncatingIfNeeded: (word &<< 7) & (15 << 7))
    let second = unsafe Int(truncatingIfNeeded: (word &<< 3) & (15 << 7)) &+ Self.groupBytes
    low += unsafe entries.load(fromByteOffset: first, as: SIMD16<Float>.self)
    high += unsafe entries.load(fromByteOffset: first &+ 64, as: SIMD16<Float>.self)
    low += unsafe entries.load(fromByteOffset: second, as: SIMD16<Float>.self)
    high += unsafe entries.load(fromByteOffset: second &+ 64, as: SIMD16<Float>.self)
  }
}

/// Running sums of four rows in 32 columns: eight chains of additions hide the latency of each other.
struct RowSums {
  private var a0: SIMD16<Float>, b0: SIMD16<Float>, a1: SIMD16<Float>, b1: SIMD16<Float>
  private var a2: SIMD16<Float>, b2: SIMD16<Float>, a3: SIMD16<Float>, b3: SIMD16<Float>

  /// The same start for every row.
  @inline(__always)
  init(_ low: SIMD16<Float> = SIMD16(), _ high: SIMD16<Float> = SIMD16()) {
    (a0, a1, a2, a3) = (low, low, low, low)
    (b0, b1, b2, b3) = (high, high, high, high)
  }

  /// Four rows of 32 that follow each other.
  @inline(__always)
  init(_ s: UnsafePointer<Float>) {
    a0 = unsafe loadLanes(s)
    b0 = unsafe loadLanes(s + 16)
    a1 = unsafe loadLanes(s + 32)
    b1 = unsafe loadLanes(s + 48)
    a2 = unsafe loadLanes(s + 64)
    b2 = unsafe loadLanes(s + 80)
    a3 = unsafe loadLanes(s + 96)
    b3 = unsafe loadLanes(s + 112)
  }

  /// Adds the entries that four words select in the first `groups` groups, an even number; bits of a word past them do not matter.
  @inline(__always)
  mutating func add(_ table: LookupTable, groups: Int, _ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
    var table = unsafe table
    var (w0, w1, w2, w3) = (w0, w1, w2, w3)
    for _ in 0..<groups &>> 2 {
      let next = unsafe table.from(group: 2)
      unsafe table.add(w0, &a0, &b0)
      unsafe next.add(w0 &>> 8, &a0, &b0)
      unsafe table.add(w1, &a1, &b1)
      unsafe next.add(w1 &>> 8, &a1, &b1)
      unsafe table.add(w2, &a2, &b2)
      unsafe next.add(w2 &>> 8, &a2, &b2)
      unsafe table.add(w3, &a3, &b3)
      unsafe next.add(w3 &>> 8, &a3, &b3)
      w0 &>>= 16
      w1 &>>= 16
      w2 &>>= 16
      w3 &>>= 16
      unsafe table = table.from(group: 4)
    }
    if groups & 2 != 0 {
      unsafe table.add(w0, &a0, &b0)
      unsafe table.add(w1, &a1, &b1)
      unsafe table.add(w2, &a2, &b2)
      unsafe table.add(w3, &a3, &b3)
    }
  }

  @inline(__always)
  mutating func add(_ other: RowSums) {
    a0 += other.a0
    b0 += other.b0
    a1 += other.a1
    b1 += other.b1
    a2 += other.a2
    b2 += other.b2
    a3 += other.a3
    b3 += other.b3
  }

  /// Stores the first `count` rows, 1 to 4.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
    unsafe store(a0, b0, target)
    if count > 1 { unsafe store(a1, b1, target + stride) }
    if count > 2 { unsafe store(a2, b2, target + 2 &* stride) }
    if count > 3 { unsafe store(a3, b3, target + 3 &* stride) }
  }

  @inline(__always)
  private func store(_ low: SIMD16<Float>, _ high: SIMD16<Float>, _ target: UnsafeMutablePointer<Float>) {
    unsafe storeLanes(low, target)
    unsafe storeLanes(high, target + 16)
  }

  /// Copies `count` rows of 32 that follow each other to rows of `width` < 32.
  static func copy(_ rows: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>, stride: Int, width: Int) {
    for r in 0..<count {
      let from = unsafe rows + 32 &* r, to = unsafe target + r &* stride
      unsafe storeLanes(loadLanes(from), to, upTo: width)
      if width > 16 { unsafe storeLanes(loadLanes(from + 16), to + 16, upTo: width &- 16) }
    }
  }
}
