public import CVectors

/// Words on which Threefry's mixing acts: one counter (`UInt64`) or eight at once (`SIMD8<UInt64>`).
@usableFromInline protocol ThreefryWord {
  static func &+ (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static func rotateLeft(_ x: Self, _ count: UInt64) -> Self
  init(repeating word: UInt64)
}

extension UInt64: ThreefryWord {
  @inlinable @inline(__always) static func rotateLeft(_ x: UInt64, _ count: UInt64) -> UInt64 {
    (x &<< count) | (x &>> (64 &- count))
  }
  @inlinable @inline(__always) init(repeating word: UInt64) { self = word }
}

extension SIMD8<UInt64>: ThreefryWord {
  @inlinable @inline(__always) static func rotateLeft(_ x: Self, _ count: UInt64) -> Self {
    if instruction_set_level() == 3 {
      let left = Int32(truncatingIfNeeded: count)
      return Self(lowHalf: four_words_rotated(x.lowHalf, left), highHalf: four_words_rotated(x.highHalf, left))
    }
    return (x &<< Self(repeating: count)) | (x &>> Self(repeating: 64 &- count))
  }
}

/// Threefry-4x64 with 20 rounds: a keyed bijection of 256-bit counters whose outputs for consecutive counters are
/// random numbers that pass all known tests. Pure: no state.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the mixing is that of
/// Skein's Threefish-256 (rotation constants, table 4 there). Tested against Random123's known-answer vectors.
public enum Threefry4x64 {
  /// The image of `counter` under the bijection that `key` selects.
  @inlinable public static func block(key: SIMD4<UInt64>, counter: SIMD4<UInt64>) -> SIMD4<UInt64> {
    let x = rounds(key: key, counter[0], counter[1], counter[2], counter[3])
    return SIMD4(x.0, x.1, x.2, x.3)
  }

  /// The images of the eight counters (first, second, lane, 0), lane = 0 ... 7, at once: element l of result word i
  /// is word i of `block` for lane l.
  @inlinable public static func lanes(key: SIMD4<UInt64>, first: UInt64, second: UInt64) -> (
    SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>, SIMD8<UInt64>
  ) {
    rounds(
      key: key, SIMD8(repeating: first), SIMD8(repeating: second), SIMD8(0, 1, 2, 3, 4, 5, 6, 7), SIMD8(repeating: 0))
  }

  /// Five groups of four rounds, each followed by the addition of the rotated key schedule and the group's number.
  @inlinable @inline(__always) static func rounds<W: ThreefryWord>(
    key: SIMD4<UInt64>, _ c0: W, _ c1: W, _ c2: W, _ c3: W
  ) -> (W, W, W, W) {
    let (k0, k1, k2, k3) = (key[0], key[1], key[2], key[3])
    let k4 = 0x1BD1_1BDA_A9FC_1A22 ^ k0 ^ k1 ^ k2 ^ k3
    var x = (c0 &+ W(repeating: k0), c1 &+ W(repeating: k1), c2 &+ W(repeating: k2), c3 &+ W(repeating: k3))
    evenRounds(&x)
    inject(&x, k1, k2, k3, k4 &+ 1)
    oddRounds(&x)
    inject(&x, k2, k3, k4, k0 &+ 2)
    evenRounds(&x)
    inject(&x, k3, k4, k0, k1 &+ 3)
    oddRounds(&x)
    inject(&x, k4, k0, k1, k2 &+ 4)
    evenRounds(&x)
    inject(&x, k0, k1, k2, k3 &+ 5)
    return x
  }

  @inlinable @inline(__always) static func mix<W: ThreefryWord>(_ a: inout W, _ b: inout W, _ count: UInt64) {
    a = a &+ b
    b = W.rotateLeft(b, count) ^ a
  }
  @inlinable @inline(__always) static func inject<W: ThreefryWord>(
    _ x: inout (W, W, W, W), _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64
  ) {
    x.0 = x.0 &+ W(repeating: a)
    x.1 = x.1 &+ W(repeating: b)
    x.2 = x.2 &+ W(repeating: c)
    x.3 = x.3 &+ W(repeating: d)
  }
  /// Rounds 0 to 3 of the period of eight.
  @inlinable @inline(__always) static func evenRounds<W: ThreefryWord>(_ x: inout (W, W, W, W)) {
    var (a, b, c, d) = x
    mix(&a, &b, 14); mix(&c, &d, 16)
    mix(&a, &d, 52); mix(&c, &b, 57)
    mix(&a, &b, 23); mix(&c, &d, 40)
    mix(&a, &d, 5); mix(&c, &b, 37)
    x = (a, b, c, d)
  }
  /// Rounds 4 to 7 of the period of eight.
  @inlinable @inline(__always) static func oddRounds<W: ThreefryWord>(_ x: inout (W, W, W, W)) {
    var (a, b, c, d) = x
    mix(&a, &b, 25); mix(&c, &d, 33)
    mix(&a, &d, 46); mix(&c, &b, 12)
    mix(&a, &b, 58); mix(&c, &d, 22)
    mix(&a, &d, 32); mix(&c, &b, 32)
    x = (a, b, c, d)
  }
}
