/// The subset sums of 16 groups of 4 matrix rows, 16 columns wide: entry n of group g stands at vector `16 g + n`.
@unsafe struct LookupTable {
  static let byteCount = 16 * 16 * 64
  let entries: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { unsafe entries = memory }

  /// Tabulates `rows` <= 64 rows of `width` <= 16 columns; rows and columns past them count as zero.
  @inline(__always)
  func fill(_ matrix: UnsafePointer<Float>, rows: Int, stride: Int, width: Int) {
    var row = 0
    while row < rows {
      let m = unsafe matrix + row * stride
      var w0 = SIMD16<Float>(), w1 = w0, w2 = w0, w3 = w0
      if rows - row >= 4 && width == 16 {
        w0 = unsafe loadLanes(m)
        w1 = unsafe loadLanes(m + stride)
        w2 = unsafe loadLanes(m + 2 * stride)
        w3 = unsafe loadLanes(m + 3 * stride)
      } else {
        w0 = unsafe loadLanes(m, count: width)
        if rows - row > 1 { w1 = unsafe loadLanes(m + stride, count: width) }
        if rows - row > 2 { w2 = unsafe loadLanes(m + 2 * stride, count: width) }
        if rows - row > 3 { w3 = unsafe loadLanes(m + 3 * stride, count: width) }
      }
      unsafe fill(group: row &>> 2, w0, w1, w2, w3)
      row &+= 4
    }
  }

  /// Tabulates the 16 subset sums of four rows.
  @inline(__always)
  func fill(group: Int, _ w0: SIMD16<Float>, _ w1: SIMD16<Float>, _ w2: SIMD16<Float>, _ w3: SIMD16<Float>) {
    let t = unsafe (entries + group &<< 10).assumingMemoryBound(to: SIMD16<Float>.self)
    let low = w0 + w1, high = w2 + w3
    unsafe t[0] = SIMD16()
    unsafe t[1] = w0
    unsafe t[2] = w1
    unsafe t[3] = low
    unsafe t[4] = w2
    unsafe t[5] = w0 + w2
    unsafe t[6] = w1 + w2
    unsafe t[7] = low + w2
    unsafe t[8] = w3
    unsafe t[9] = w0 + w3
    unsafe t[10] = w1 + w3
    unsafe t[11] = low + w3
    unsafe t[12] = high
    unsafe t[13] = w0 + high
    unsafe t[14] = w1 + high
    unsafe t[15] = low + high
  }

  /// The entry that bits `4 group ..< 4 group + 4` of `word` select.
  @inline(__always)
  func entry(_ word: UInt64, _ group: Int) -> SIMD16<Float> {
    let offset = Int(truncatingIfNeeded: (word &>> UInt64(4 &* group)) & 15) &<< 6
    return unsafe (entries + group &<< 10).load(fromByteOffset: offset, as: SIMD16<Float>.self)
  }

  /// Adds the selected entries of each of `count` words to its running sum (or to `start`) and stores it at `target`.
  @inline(__always)
  func accumulate(
    _ words: UnsafePointer<UInt64>, count: Int, groups: Int, start: SIMD16<Float>?, sums: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    if groups == 16 {
      unsafe accumulate(words, count: count, fixedGroups: 16, start: start, sums: sums, into: target, stride: stride)
    } else {
      for r in 0..<count {
        let w = unsafe words[r]
        var a = unsafe start ?? loadLanes(sums + 16 &* r)
        for g in 0..<groups { a += unsafe entry(w, g) }
        unsafe storeLanes(a, target + r &* stride)
      }
    }
  }

  /// The hot loop: four rows at a time hide the latency of their additions.
  @inline(__always)
  private func accumulate(
    _ words: UnsafePointer<UInt64>, count: Int, fixedGroups: Int, start: SIMD16<Float>?, sums: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var r = 0
    while r &+ 4 <= count {
      let w0 = unsafe words[r], w1 = unsafe words[r &+ 1], w2 = unsafe words[r &+ 2], w3 = unsafe words[r &+ 3]
      var a0, a1, a2, a3: SIMD16<Float>
      if let start {
        (a0, a1, a2, a3) = (start, start, start, start)
      } else {
        let s = unsafe sums + 16 &* r
        a0 = unsafe loadLanes(s)
        a1 = unsafe loadLanes(s + 16)
        a2 = unsafe loadLanes(s + 32)
        a3 = unsafe loadLanes(s + 48)
      }
      for g in 0..<fixedGroups {
        a0 += unsafe entry(w0, g)
        a1 += unsafe entry(w1, g)
        a2 += unsafe entry(w2, g)
        a3 += unsafe entry(w3, g)
      }
      let t = unsafe target + r &* stride
      unsafe storeLanes(a0, t)
      unsafe storeLanes(a1, t + stride)
      unsafe storeLanes(a2, t + 2 &* stride)
      unsafe storeLanes(a3, t + 3 &* stride)
      r &+= 4
    }
    while r < count {
      let w = unsafe words[r]
      var a = unsafe start ?? loadLanes(sums + 16 &* r)
      for g in 0..<fixedGroups { a += unsafe entry(w, g) }
      unsafe storeLanes(a, target + r &* stride)
      r &+= 1
    }
  }
}
