/// Philox-4x32 with 10 rounds: a keyed bijection of 128-bit counters, by multiplication where Threefry adds and
/// rotates. The second generator of the tests that must not depend on the generator. Pure: no state.
///
/// Source: Salmon, Moraes, Dror, Shaw, SC 2011. Tested against Random123's known-answer vectors.
public enum Philox4x32 {
  /// The image of `counter` under the bijection that `key` selects.
  @inlinable public static func block(key: SIMD2<UInt32>, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var x = counter
    var k = key
    for _ in 0..<10 {
      let first = UInt64(x[0]) &* 0xD251_1F53
      let second = UInt64(x[2]) &* 0xCD9E_8D57
      x = SIMD4(
        UInt32(truncatingIfNeeded: second &>> 32) ^ x[1] ^ k[0], UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first &>> 32) ^ x[3] ^ k[1], UInt32(truncatingIfNeeded: first))
      k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return x
  }

  /// `block` with key and counter given as 64-bit words, low halves first.
  @inlinable public static func block(key: UInt64, counter: SIMD2<UInt64>) -> SIMD2<UInt64> {
    let y = block(
      key: unsafe unsafeBitCast(key, to: SIMD2<UInt32>.self),
      counter: unsafe unsafeBitCast(counter, to: SIMD4<UInt32>.self))
    return unsafe unsafeBitCast(y, to: SIMD2<UInt64>.self)
  }
}
