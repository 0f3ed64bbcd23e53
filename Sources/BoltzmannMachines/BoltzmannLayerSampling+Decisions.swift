import LinearAlgebra
import RandomStreams

/// From fields to bits: bias, sigmoid, comparison and packing in one pass over a row.
enum LayerDecisions {
  /// Bit u = [uniform_u < sigma(gain field_u)], 64 units a word, bits past `count` zero.
  ///
  /// Sixteen units use one call of `lanes`: uniform numbers (k + 1/2) 2^-23 with k the upper 23 bits of each half
  /// word, so a probability is met within 2^-24 and one below 2^-24 is never.
  @inline(__always)
  static func decide(
    _ fields: UnsafeMutablePointer<Float>, count: Int, gain: Float, from lanes: inout LaneGenerator,
    bits: UnsafeMutablePointer<UInt64>, keepingProbabilities: Bool = false
  ) {
    var unit = 0, word = 0
    while unit < count {
      var low = SIMD16<UInt32>(), high = low
      for part in 0..<4 {
        let first = unit &+ 16 &* part, width = min(16, count &- first)
        if width <= 0 { break }
        let x = unsafe width == 16 ? loadSixteen(fields + first) : loadSixteen(fields + first, count: width)
        let p = Elementwise.sigmoid(x * gain)
        if keepingProbabilities {
          if width == 16 { unsafe storeSixteen(p, fields + first) } else { for k in 0..<width { unsafe fields[first + k] = p[k] } }
        }
        let random = unsafe unsafeBitCast(lanes.next(), to: SIMD16<UInt32>.self)
        let oneToTwo = unsafe unsafeBitCast((random &>> 9) | 0x3F80_0000, to: SIMD16<Float>.self)
        let uniform = oneToTwo - 0.999_999_94
        let chosen = (part & 1 == 0 ? lowerBits : upperBits).replacing(with: SIMD16(), where: uniform .>= p)
        if part < 2 { low |= chosen } else { high |= chosen }
      }
      var packed = UInt64(low.wrappedSum()) | UInt64(high.wrappedSum()) &<< 32
      if count &- unit < 64 { packed &= (1 &<< UInt64(count &- unit)) &- 1 }
      unsafe bits[word] = packed
      word &+= 1
      unit &+= 64
    }
  }

  @inline(__always) private static var lowerBits: SIMD16<UInt32> {
    SIMD16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
  }
  @inline(__always) private static var upperBits: SIMD16<UInt32> { lowerBits &<< 16 }

  @inline(__always) private static func loadSixteen(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
    unsafe UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }
  @inline(__always) private static func loadSixteen(_ p: UnsafePointer<Float>, count: Int) -> SIMD16<Float> {
    var x = SIMD16<Float>()
    for k in 0..<count { x[k] = unsafe p[k] }
    return x
  }
  @inline(__always) private static func storeSixteen(_ x: SIMD16<Float>, _ p: UnsafeMutablePointer<Float>) {
    unsafe UnsafeMutableRawPointer(p).storeBytes(of: x, as: SIMD16<Float>.self)
  }
}
