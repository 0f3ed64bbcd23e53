/// Products of a matrix of bits with a dense matrix, without multiplications:
///
///     C[r, :] = bias + sum_v bit(r, v) M[v, :]
///
/// `bits: [rows, inner]`, packed: row r owns words `r * wordsPerRow ..< (r + 1) * wordsPerRow`, its bit v is bit
/// `v % 64` of word `v / 64`. `M: [inner, columns]`, `C: [rows, columns]`, row-major.
///
/// Method of the four Russians: for every 4 rows of M the 16 sums of their subsets are tabulated, and 4 bits of a
/// configuration select one of them; a table of 64 rows by 32 columns (32 KiB) stays in the first-level cache, the sums of
/// the rows that share it in the second-level one.
///
/// Every element of C is the same sequence of additions (bias, then subset sums of 4 rows in order of v), so its bits
/// depend on its own row of bits, M and bias alone: not on how many rows there are, nor on where the row stands.
/// Bits past `inner` are ignored. Cost: rows * inner * columns / 64 vector additions, and 16 stores for each
/// 4 x 16 block of M and 1024 rows.
///
/// Units of +-1: sum_v s_v M[v, :] = 2 sum_v bit_v M[v, :] - columnSums(M).
/// Source: V. L. Arlazarov et al., Soviet Math. Dokl. 11 (1970) 1209.
public enum BinaryProduct {
  /// Rows of bits that share one table.
  static let rowBlock = 1024

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
    guard rows > 0 else { return }
    if rows == 1 { return unsafe single(bits, matrix, inner, columns, bias, output) }
    // Four rows at a time; what is computed of the rows that the last four lack is not stored.
    let words = (inner + 63) / 64, block = min((rows + 3) / 4 * 4, rowBlock)
    let memory = unsafe KernelMemory(byteCount: LookupTable.byteCount + block * 128 + block * words * 8)
    let table = unsafe LookupTable(memory.bytes)
    let sums = unsafe (memory.bytes + LookupTable.byteCount).bindMemory(to: Float.self, capacity: 32 * block)
    let columnsOfWords = unsafe (memory.bytes + LookupTable.byteCount + block * 128).bindMemory(to: UInt64.self, capacity: block * words)
    var first = 0
    while first < rows {
      let count = min(block, rows - first), padded = (count + 3) / 4 * 4
      // Words in the order in which the passes read them.
      for r in 0..<padded {
        let row = unsafe bits + (first + min(r, count - 1)) * wordsPerRow
        for k in 0..<words { unsafe columnsOfWords[k * padded + r] = row[k] }
      }
      var column = 0
      while column < columns {
        let width = min(32, columns - column)
        let output = unsafe output + (first * columns + column)
        var low = SIMD16<Float>(), high = low
        if let bias = unsafe bias {
          // No sum is -0, so that zeros of either sign may be added to it.
          low += unsafe loadLanes(bias + column, upTo: width)
          high += unsafe loadLanes(bias + column + 16, upTo: width - 16)
        }
        for k in 0..<words {
          let inTable = min(64, inner - 64 * k)
          unsafe table.fill(matrix + (64 * k * columns + column), rows: inTable, stride: columns, width: width)
          let from = unsafe columnsOfWords + k * padded
          let last = k == words - 1 && width == 32
          let end = last ? count : padded, target = unsafe last ? output : sums, stride = last ? columns : 32
          let groups = (inTable + 7) / 8 * 2
          var r = 0
          while r < end {
            var four = k == 0 ? RowSums(low, high) : unsafe RowSums(sums + 32 &* r)
            unsafe four.add(table, groups: groups, from[r], from[r &+ 1], from[r &+ 2], from[r &+ 3])
            unsafe four.store(target + r &* stride, stride: stride, count: end &- r)
            r &+= 4
          }
        }
        if width < 32 { unsafe RowSums.copy(sums, count: count, to: output, stride: columns, width: width) }
        column += 32
      }
      first += count
    }
  }

  /// One row without a table, which would serve it once: the same additions.
  private static func single(
    _ bits: UnsafePointer<UInt64>, _ matrix: UnsafePointer<Float>, _ inner: Int, _ columns: Int, _ bias: UnsafePointer<Float>?,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    while column < columns {
      let width = min(16, columns - column)
      var sum = SIMD16<Float>()
      if let bias = unsafe bias { sum += unsafe loadLanes(bias + column, upTo: width) }
      /// Row v of M where its bit is set.
      @inline(__always) func selected(_ v: Int) -> SIMD16<Float> {
        guard v < inner else { return SIMD16() }
        let set = unsafe UInt32(truncatingIfNeeded: bits[v &>> 6] &>> UInt64(v & 63)) & 1
        let row = unsafe loadLanes(matrix + (v &* columns &+ column), upTo: width)
        return unsafe unsafeBitCast(unsafeBitCast(row, to: SIMD16<UInt32>.self) & SIMD16(repeating: 0 &- set), to: SIMD16<Float>.self)
      }
      var v = 0
      while v < inner {
        sum += (selected(v) + selected(v &+ 1)) + (selected(v &+ 2) + selected(v &+ 3))
        v &+= 4
      }
      unsafe storeLanes(sum, output + column, upTo: width)
      column += 16
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
