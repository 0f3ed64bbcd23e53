/// Products of a matrix of bits with a dense matrix, without multiplications:
///
///     C[r, :] = bias + sum_v bit(r, v) M[v, :]
///
/// `bits: [rows, inner]`, packed: row r owns words `r * wordsPerRow ..< (r + 1) * wordsPerRow`, its bit v is bit
/// `v % 64` of word `v / 64`. `M: [inner, columns]`, `C: [rows, columns]`, row-major.
///
/// Method of the four Russians: for every 4 rows of M the 16 sums of their subsets are tabulated, and 4 bits of a
/// configuration select one of them; a table of 64 rows by 16 columns (16 KiB) stays in the first-level cache.
///
/// Every element of C is the same sequence of additions (bias, then subset sums of 4 rows in order of v), so its bits
/// depend on its own row of bits, M and bias alone: not on how many rows there are, nor on where the row stands.
/// Bits past `inner` are ignored. Cost: rows * inner * columns / 64 vector additions, and 16 stores for each
/// 4 x 16 block of M and 512 rows.
///
/// Units of +-1: sum_v s_v M[v, :] = 2 sum_v bit_v M[v, :] - columnSums(M).
/// Source: V. L. Arlazarov et al., Soviet Math. Dokl. 11 (1970) 1209.
public enum BinaryProduct {
  /// Rows of bits that share one table.
  static let rowBlock = 512

  /// The product as a new array; without `bias` the sums start at 0.
  public static func multiply(
    bits: [UInt64], rows: Int, wordsPerRow: Int, matrix: [Float], inner: Int, columns: Int, bias: [Float]? = nil
  ) -> [Float] {
    precondition(
      bits.count >= rows * wordsPerRow && matrix.count >= inner * columns && (bias?.count ?? columns) == columns,
      "arrays do not fit a product of \(rows) x \(inner) bits with \(columns) columns")
    return unsafe [Float](unsafeUninitializedCapacity: rows * columns) { output, count in
      unsafe bits.withUnsafeBufferPointer { bits in
        unsafe matrix.withUnsafeBufferPointer { matrix in
          unsafe (bias ?? [Float](repeating: 0, count: columns)).withUnsafeBufferPointer { bias in
            guard rows > 0, columns > 0 else { return }
            guard inner > 0 else {
              for r in 0..<rows { for c in 0..<columns { unsafe output[r * columns + c] = bias[c] } }
              return
            }
            unsafe multiply(
              bits: bits.baseAddress!, rows: rows, wordsPerRow: wordsPerRow, matrix: matrix.baseAddress!, inner: inner,
              columns: columns, bias: bias.baseAddress!, into: output.baseAddress!)
          }
        }
      }
      count = rows * columns
    }
  }

  /// The same on memory of the caller's: `output: [rows, columns]` may be uninitialised and overlaps no operand;
  /// `inner >= 1`. A nil `bias` starts the sums at 0.
  public static func multiply(
    bits: UnsafePointer<UInt64>, rows: Int, wordsPerRow: Int, matrix: UnsafePointer<Float>, inner: Int, columns: Int,
    bias: UnsafePointer<Float>?, into output: UnsafeMutablePointer<Float>
  ) {
    precondition(inner >= 1 && wordsPerRow * 64 >= inner, "\(wordsPerRow) words do not hold \(inner) bits")
    let words = (inner + 63) / 64, block = min(rows, rowBlock)
    guard block > 0 else { return }
    let memory = unsafe KernelMemory(byteCount: LookupTable.byteCount + block * 64 + block * words * 8)
    let table = unsafe LookupTable(memory.bytes)
    let sums = unsafe (memory.bytes + LookupTable.byteCount).bindMemory(to: Float.self, capacity: 16 * block)
    let columnsOfWords = unsafe (memory.bytes + LookupTable.byteCount + block * 64).bindMemory(to: UInt64.self, capacity: block * words)
    var first = 0
    while first < rows {
      let count = min(block, rows - first)
      // Words in the order in which the passes read them.
      for r in 0..<count {
        let row = unsafe bits + (first + r) * wordsPerRow
        for k in 0..<words { unsafe columnsOfWords[k * count + r] = row[k] }
      }
      var column = 0
      while column < columns {
        let width = min(16, columns - column)
        var start = SIMD16<Float>()
        if let bias = unsafe bias { start = unsafe width == 16 ? loadLanes(bias + column) : loadLanes(bias + column, count: width) }
        for k in 0..<words {
          let groups = min(16, (inner - 64 * k + 3) / 4)
          unsafe table.fill(matrix + (64 * k * columns + column), rows: min(64, inner - 64 * k), stride: columns, width: width)
          let from = unsafe columnsOfWords + k * count
          let last = k == words - 1 && width == 16
          let target = unsafe last ? output + (first * columns + column) : sums
          unsafe table.accumulate(
            from, count: count, groups: groups, start: k == 0 ? start : nil, sums: sums, into: target, stride: last ? columns : 16)
        }
        if width < 16 {
          for r in 0..<count {
            unsafe storeLanes(loadLanes(sums + 16 * r), output + ((first + r) * columns + column), count: width)
          }
        }
        column += 16
      }
      first += count
    }
  }

  /// The sum of each column of M, rows taken in order: what +-1 units need beside the product.
  @inlinable public static func columnSums<Scalar: DenseScalar>(_ matrix: [Scalar], rows: Int, columns: Int) -> [Scalar] {
    precondition(matrix.count >= rows * columns, "a matrix of \(matrix.count) elements is smaller than \(rows) x \(columns)")
    var sums = [Scalar](repeating: 0, count: columns)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe matrix.withUnsafeBufferPointer { m in
        for r in 0..<rows {
          for c in 0..<columns { unsafe sums[c] += m[r &* columns &+ c] }
        }
      }
    }
    return sums
  }
}

/// The subset sums of 16 groups of 4 matrix rows, 16 columns wide: entry n of group g stands at vector `16 g + n`.
@unsafe struct LookupTable {
  static let byteCount = 16 * 16 * 64
  let entries: UnsafeMutableRawPointer

  init(_ memory: UnsafeMutableRawPointer) { unsafe entries = memory }

  /// Tabulates `rows` <= 64 rows of `width` <= 16 columns; rows and columns past them count as zero.
  @inline(__always)
  func fill(_ matrix: UnsafePointer<Float>, rows: Int, stride: Int, width: Int, scale: Float = 1) {
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
      unsafe fill(group: row &>> 2, w0 * scale, w1 * scale, w2 * scale, w3 * scale)
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
