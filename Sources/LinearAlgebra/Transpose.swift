/// Transposes of dense matrices and of bit matrices.
public enum Transpose {
  /// Aᵀ of `matrix: [rows, columns]`, row-major; in single precision in tiles that stay in the first-level cache.
  @inlinable public static func dense<Scalar: DenseScalar>(_ matrix: [Scalar], rows: Int, columns: Int) -> [Scalar] {
    precondition(matrix.count == rows * columns, "a matrix of \(matrix.count) elements is not \(rows) x \(columns)")
    guard !matrix.isEmpty else { return [] }
    return unsafe [Scalar](unsafeUninitializedCapacity: matrix.count) { output, count in
      unsafe matrix.withUnsafeBufferPointer { matrix in
        unsafe dense(matrix.baseAddress!, rows: rows, columns: columns, into: output.baseAddress!)
      }
      count = matrix.count
    }
  }

  /// The same on memory of the caller's; the two matrices do not overlap.
  @inlinable public static func dense<Scalar: DenseScalar>(
    _ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into output: UnsafeMutablePointer<Scalar>
  ) {
    if Scalar.self == Float.self {
      let floats = unsafe UnsafeRawPointer(matrix).assumingMemoryBound(to: Float.self)
      unsafe tiles(floats, rows: rows, columns: columns, into: UnsafeMutableRawPointer(output).assumingMemoryBound(to: Float.self))
      return
    }
    for c in 0..<columns { for r in 0..<rows { unsafe (output + (c * rows + r)).initialize(to: matrix[r * columns + c]) } }
  }

  @usableFromInline static func tiles(
    _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, into output: UnsafeMutablePointer<Float>
  ) {
    // Down the rows first: writes then go on along sixteen rows of the output, which prefetching follows.
    var c = 0
    while c < columns {
      let width = min(16, columns - c)
      var r = 0
      while r < rows {
        let height = min(16, rows - r)
        if height == 16 && width == 16 {
          unsafe tile(matrix + (r * columns + c), stride: columns, into: output + (c * rows + r), stride: rows)
        } else {
          for i in 0..<height { for j in 0..<width { unsafe output[(c + j) * rows + r + i] = matrix[(r + i) * columns + c + j] } }
        }
        r += 16
      }
      c += 16
    }
  }

  /// 16 x 16: four rounds of a perfect shuffle. A round interleaves row i with row i + 8 and writes rows 2i, 2i + 1,
  /// which rotates the eight bits of an element's (row, column) index by one; after four rounds they are exchanged.
  @inline(__always)
  private static func tile(_ from: UnsafePointer<Float>, stride: Int, into to: UnsafeMutablePointer<Float>, stride toStride: Int) {
    var x = InlineArray<16, SIMD16<Float>>(repeating: SIMD16()), y = x
    for i in 0..<16 { x[i] = unsafe loadLanes(from + i &* stride) }
    shuffle(x, &y)
    shuffle(y, &x)
    shuffle(x, &y)
    shuffle(y, &x)
    for i in 0..<16 { unsafe storeLanes(x[i], to + i &* toStride) }
  }

  @inline(__always)
  private static func shuffle(_ x: InlineArray<16, SIMD16<Float>>, _ y: inout InlineArray<16, SIMD16<Float>>) {
    for i in 0..<8 {
      let a = x[i], b = x[i &+ 8]
      var low = SIMD16<Float>(), high = low
      low.evenHalf = a.lowHalf
      low.oddHalf = b.lowHalf
      high.evenHalf = a.highHalf
      high.oddHalf = b.highHalf
      y[2 &* i] = low
      y[2 &* i &+ 1] = high
    }
  }

  /// Transposes 64 x 64 bits in place: bit c of word r and bit r of word c change places. Six rounds, each exchanging
  /// the off-diagonal squares of half the size.
  @inline(__always)
  public static func bits64(_ words: UnsafeMutablePointer<UInt64>) {
    var size = 32
    var mask: UInt64 = 0x0000_0000_FFFF_FFFF
    while size > 0 {
      var block = 0
      while block < 64 {
        for r in block..<block &+ size {
          let low = unsafe words[r], high = unsafe words[r &+ size]
          let exchanged = ((low &>> UInt64(size)) ^ high) & mask
          unsafe words[r] = low ^ (exchanged &<< UInt64(size))
          unsafe words[r &+ size] = high ^ exchanged
        }
        block &+= 2 &* size
      }
      size &>>= 1
      mask ^= mask &<< UInt64(size)
    }
  }
}
