extension Transpose {
  /// Aᵀ of `rows x columns` doubles whose rows start `stride` elements apart, into rows that start `outputStride` apart; the
  /// two do not overlap. Tiles of 8 x 8 in registers: both sides move whole cache lines.
  public static func strided(
    _ matrix: UnsafePointer<Double>, stride: Int, rows: Int, columns: Int, into output: UnsafeMutablePointer<Double>,
    stride outputStride: Int
  ) {
    var c = 0
    while c < columns {
      let width = min(8, columns - c)
      var r = 0
      while r < rows {
        let height = min(8, rows - r)
        let from = unsafe matrix + (r &* stride &+ c), to = unsafe output + (c &* outputStride &+ r)
        if height == 8 && width == 8 {
          unsafe tile(from, stride: stride, into: to, stride: outputStride)
        } else {
          for i in 0..<height { for j in 0..<width { unsafe to[j &* outputStride &+ i] = from[i &* stride &+ j] } }
        }
        r &+= 8
      }
      c &+= 8
    }
  }

  /// 8 x 8: three rounds of a perfect shuffle, as for single precision.
  @inline(__always)
  private static func tile(_ from: UnsafePointer<Double>, stride: Int, into to: UnsafeMutablePointer<Double>, stride toStride: Int) {
    var x = InlineArray<8, SIMD8<Double>>(repeating: SIMD8()), y = x
    for i in 0..<8 { x[i] = unsafe UnsafeRawPointer(from + i &* stride).loadUnaligned(as: SIMD8<Double>.self) }
    shuffle(x, &y)
    shuffle(y, &x)
    shuffle(x, &y)
    for i in 0..<8 { unsafe UnsafeMutableRawPointer(to + i &* toStride).storeBytes(of: y[i], as: SIMD8<Double>.self) }
  }

  @inline(__always)
  private static func shuffle(_ x: InlineArray<8, SIMD8<Double>>, _ y: inout InlineArray<8, SIMD8<Double>>) {
    for i in 0..<4 {
      let a = x[i], b = x[i &+ 4]
      var low = SIMD8<Double>(), high = low
      low.evenHalf = a.lowHalf
      low.oddHalf = b.lowHalf
      high.evenHalf = a.highHalf
      high.oddHalf = b.highHalf
      y[2 &* i] = low
      y[2 &* i &+ 1] = high
    }
  }
}
