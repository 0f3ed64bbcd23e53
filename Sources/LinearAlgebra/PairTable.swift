/// The subset sums of 16 groups of 4 matrix rows, 32 columns wide: entry n of group g stands at vectors `2 (16 g + n)` and the
/// next. The extraction of 4 bits costs as much as two additions, so one serves both vectors. 32 KiB.
@unsafe struct PairTable {
  static let byteCount = 16 * 16 * 128
  let entries: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { unsafe entries = memory }

  /// Tabulates `rows` <= 64 rows of 16 < `width` <= 32 columns; columns past them count as zero, and so do rows up to the next
  /// multiple of 16.
  @inline(__always)
  func fill(_ matrix: UnsafePointer<Float>, rows: Int, stride: Int, width: Int) {
    var row = 0
    while row < (rows &+ 15) & ~15 {
      let m = unsafe matrix + row * stride
      let present = rows &- row
      let entry = unsafe entries + 512 &* row
      unsafe fill(entry, m, present, stride, 16)
      unsafe fill(entry + 64, m + 16, present, stride, width &- 16)
      row &+= 4
    }
  }

  /// Tabulates the 16 subset sums of four rows, of which `present` exist, in one half of a group.
  @inline(__always)
  private func fill(_ entry: UnsafeMutableRawPointer, _ m: UnsafePointer<Float>, _ present: Int, _ stride: Int, _ width: Int) {
    let zero = SIMD16<Float>()
    let w0 = unsafe present > 0 ? loadLanes(m, upTo: width) : zero
    let w1 = unsafe present > 1 ? loadLanes(m + stride, upTo: width) : zero
    let w2 = unsafe present > 2 ? loadLanes(m + 2 &* stride, upTo: width) : zero
    let w3 = unsafe present > 3 ? loadLanes(m + 3 &* stride, upTo: width) : zero
    let low = w0 + w1, high = w2 + w3
    @inline(__always) func set(_ n: Int, _ value: SIMD16<Float>) {
      unsafe entry.storeBytes(of: value, toByteOffset: 128 &* n, as: SIMD16<Float>.self)
    }
    set(0, zero)
    set(1, w0)
    set(2, w1)
    set(3, low)
    set(4, w2)
    set(5, w0 + w2)
    set(6, w1 + w2)
    set(7, low + w2)
    set(8, w3)
    set(9, w0 + w3)
    set(10, w1 + w3)
    set(11, low + w3)
    set(12, high)
    set(13, w0 + high)
    set(14, w1 + high)
    set(15, low + high)
  }

  /// Adds the entries that the lowest 16 bits of `word` select in the 4 groups from `table` on, in order.
  @inline(__always)
  private func add(_ word: UInt64, _ table: UnsafeMutableRawPointer, _ low: inout SIMD16<Float>, _ high: inout SIMD16<Float>) {
    let mask: UInt64 = 15 << 7
    let n0 = Int(truncatingIfNeeded: (word &<< 7) & mask), n1 = Int(truncatingIfNeeded: (word &<< 3) & mask)
    let n2 = Int(truncatingIfNeeded: (word &>> 1) & mask), n3 = Int(truncatingIfNeeded: (word &>> 5) & mask)
    low += unsafe table.load(fromByteOffset: n0, as: SIMD16<Float>.self)
    high += unsafe table.load(fromByteOffset: n0 &+ 64, as: SIMD16<Float>.self)
    low += unsafe table.load(fromByteOffset: n1 &+ 2048, as: SIMD16<Float>.self)
    high += unsafe table.load(fromByteOffset: n1 &+ 2112, as: SIMD16<Float>.self)
    low += unsafe table.load(fromByteOffset: n2 &+ 4096, as: SIMD16<Float>.self)
    high += unsafe table.load(fromByteOffset: n2 &+ 4160, as: SIMD16<Float>.self)
    low += unsafe table.load(fromByteOffset: n3 &+ 6144, as: SIMD16<Float>.self)
    high += unsafe table.load(fromByteOffset: n3 &+ 6208, as: SIMD16<Float>.self)
  }

  /// Adds the selected entries of the first `4 quarters` groups for each of `count` words to its running sum (or to `start`)
  /// and stores it at `target`: four rows at a time hide the latency of their additions.
  @inline(__always)
  func accumulate(
    _ words: UnsafePointer<UInt64>, count: Int, quarters: Int, start: (SIMD16<Float>, SIMD16<Float>)?, sums: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var r = 0
    while r &+ 4 <= count {
      var w0 = unsafe words[r], w1 = unsafe words[r &+ 1], w2 = unsafe words[r &+ 2], w3 = unsafe words[r &+ 3]
      var a0, b0, a1, b1, a2, b2, a3, b3: SIMD16<Float>
      if let start {
        (a0, a1, a2, a3) = (start.0, start.0, start.0, start.0)
        (b0, b1, b2, b3) = (start.1, start.1, start.1, start.1)
      } else {
        let s = unsafe sums + 32 &* r
        a0 = unsafe loadLanes(s)
        b0 = unsafe loadLanes(s + 16)
        a1 = unsafe loadLanes(s + 32)
        b1 = unsafe loadLanes(s + 48)
        a2 = unsafe loadLanes(s + 64)
        b2 = unsafe loadLanes(s + 80)
        a3 = unsafe loadLanes(s + 96)
        b3 = unsafe loadLanes(s + 112)
      }
      var table = unsafe entries
      for _ in 0..<quarters {
        unsafe add(w0, table, &a0, &b0)
        unsafe add(w1, table, &a1, &b1)
        unsafe add(w2, table, &a2, &b2)
        unsafe add(w3, table, &a3, &b3)
        w0 &>>= 16
        w1 &>>= 16
        w2 &>>= 16
        w3 &>>= 16
        unsafe table += 8192
      }
      let t = unsafe target + r &* stride
      unsafe store(a0, b0, t)
      unsafe store(a1, b1, t + stride)
      unsafe store(a2, b2, t + 2 &* stride)
      unsafe store(a3, b3, t + 3 &* stride)
      r &+= 4
    }
    while r < count {
      var w = unsafe words[r]
      var a = unsafe start?.0 ?? loadLanes(sums + 32 &* r), b = unsafe start?.1 ?? loadLanes(sums + 32 &* r + 16)
      var table = unsafe entries
      for _ in 0..<quarters {
        unsafe add(w, table, &a, &b)
        w &>>= 16
        unsafe table += 8192
      }
      unsafe store(a, b, target + r &* stride)
      r &+= 1
    }
  }

  @inline(__always)
  private func store(_ low: SIMD16<Float>, _ high: SIMD16<Float>, _ target: UnsafeMutablePointer<Float>) {
    unsafe storeLanes(low, target)
    unsafe storeLanes(high, target + 16)
  }
}
