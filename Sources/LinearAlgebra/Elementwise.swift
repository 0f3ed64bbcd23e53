public import Glibc

/// Elementary functions over sixteen floats at a time, and over arrays.
///
/// Every element's result is a function of its argument alone, not of its place or of the array's length: the tail
/// goes through the same vector code on padded data. exp is accurate to about 1.2 units in the last place, sigmoid to
/// 3, softplus to 2.
public enum Elementwise {
  @inlinable @inline(__always)
  static func smaller(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> { a.replacing(with: b, where: b .< a) }
  @inlinable @inline(__always)
  static func larger(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> { a.replacing(with: b, where: b .> a) }

  /// e^x; arguments are clamped to [-87.33, 88.37], where the result stays finite and normal.
  ///
  /// x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's two-step reduction), a polynomial of degree 6 in r (Cephes
  /// `expf`), and n added to the exponent.
  @inlinable @inline(__always)
  public static func exp(_ argument: SIMD16<Float>) -> SIMD16<Float> {
    let x = larger(smaller(argument, SIMD16(repeating: 88.37)), SIMD16(repeating: -87.33))
    let magic = SIMD16<Float>(repeating: 12_582_912)
    let shifted = magic.addingProduct(x, SIMD16(repeating: 1.442_695_04))
    let n = shifted - magic
    var r = x.addingProduct(n, SIMD16(repeating: -0.693_359_375))
    r = r.addingProduct(n, SIMD16(repeating: 2.121_944_40e-4))
    var p = SIMD16<Float>(repeating: 1.987_569_15e-4)
    p = SIMD16(repeating: 1.398_199_95e-3).addingProduct(p, r)
    p = SIMD16(repeating: 8.333_451_9e-3).addingProduct(p, r)
    p = SIMD16(repeating: 4.166_579_6e-2).addingProduct(p, r)
    p = SIMD16(repeating: 1.666_666_5e-1).addingProduct(p, r)
    p = SIMD16(repeating: 5.000_000_1e-1).addingProduct(p, r)
    p = (r + 1).addingProduct(p, r * r)
    let exponent = unsafe unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
    return unsafe unsafeBitCast(unsafeBitCast(p, to: SIMD16<Int32>.self) &+ exponent, to: SIMD16<Float>.self)
  }

  /// e^-|x|, in [1.2e-38, 1]: what the functions of a field share.
  @inlinable @inline(__always)
  public static func decay(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let bits = unsafe unsafeBitCast(x, to: SIMD16<UInt32>.self) | SIMD16(repeating: 0x8000_0000)
    return exp(unsafe unsafeBitCast(bits, to: SIMD16<Float>.self))
  }

  /// sigma(x) = 1 / (1 + e^-x).
  @inlinable @inline(__always)
  public static func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> { sigmoid(x, decay: decay(x)) }

  /// sigma(x) where e^-|x| is known: 1 / (1 + e^-|x|), or e^-|x| / (1 + e^-|x|) for negative x, which keeps the
  /// relative accuracy of small values.
  @inlinable @inline(__always)
  public static func sigmoid(_ x: SIMD16<Float>, decay: SIMD16<Float>) -> SIMD16<Float> {
    // In integers, as below: the sign bit spread over its lane chooses the numerator.
    let isNegative = unsafe unsafeBitCast(unsafeBitCast(x, to: SIMD16<Int32>.self) &>> 31, to: SIMD16<UInt32>.self)
    let one = SIMD16<UInt32>(repeating: Float(1).bitPattern)
    let rare = unsafe unsafeBitCast(decay, to: SIMD16<UInt32>.self)
    let numerator = one ^ ((one ^ rare) & isNegative)
    return unsafe unsafeBitCast(numerator, to: SIMD16<Float>.self) / (SIMD16(repeating: 1) + decay)
  }

  /// ln(1 + y) for 0 <= y <= 1: u = 1 + y is brought to [sqrt(1/2), sqrt(2)], Cephes `logf`'s polynomial, and what
  /// rounding took from u is added back to first order.
  @inlinable @inline(__always)
  public static func logOfOnePlus(_ y: SIMD16<Float>) -> SIMD16<Float> {
    let u = y + 1
    let correction = (y - (u - 1)) / u
    // In integers: a mask used twice is taken apart lane by lane, four times slower.
    let bits = unsafe unsafeBitCast(u, to: SIMD16<UInt32>.self)
    let halvings = (bits &- SIMD16(repeating: 0x3F35_04F3)) &>> 23
    let exponent = unsafe unsafeBitCast(halvings | SIMD16(repeating: 0x4B00_0000), to: SIMD16<Float>.self) - 8_388_608
    let m = unsafe unsafeBitCast(bits &- (halvings &<< 23), to: SIMD16<Float>.self) - 1
    var p = SIMD16<Float>(repeating: 7.037_683_6e-2)
    p = SIMD16(repeating: -1.151_461_0e-1).addingProduct(p, m)
    p = SIMD16(repeating: 1.167_699_9e-1).addingProduct(p, m)
    p = SIMD16(repeating: -1.242_014_1e-1).addingProduct(p, m)
    p = SIMD16(repeating: 1.424_932_3e-1).addingProduct(p, m)
    p = SIMD16(repeating: -1.666_805_8e-1).addingProduct(p, m)
    p = SIMD16(repeating: 2.000_071_5e-1).addingProduct(p, m)
    p = SIMD16(repeating: -2.499_999_4e-1).addingProduct(p, m)
    p = SIMD16(repeating: 3.333_333_1e-1).addingProduct(p, m)
    let z = m * m
    var r = m * z * p
    r = r.addingProduct(exponent, SIMD16(repeating: -2.121_944_4e-4)).addingProduct(z, SIMD16(repeating: -0.5))
    return (r + m).addingProduct(exponent, SIMD16(repeating: 0.693_359_375)) + correction
  }

  /// softplus(x) = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
  @inlinable @inline(__always)
  public static func softplus(_ x: SIMD16<Float>) -> SIMD16<Float> {
    larger(x, SIMD16(repeating: 0)) + logOfOnePlus(decay(x))
  }

  /// tanh x = sign x (1 - d) / (1 + d), d = e^-2|x|; below |x| = 1/4, where 1 - d cancels, the series to x^9 (to 3 units in
  /// the last place).
  @inlinable @inline(__always)
  public static func tanh(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let d = decay(x + x), sign = unsafe unsafeBitCast(x, to: SIMD16<UInt32>.self) & SIMD16(repeating: 0x8000_0000)
    let magnitude = (SIMD16(repeating: 1) - d) / (SIMD16(repeating: 1) + d)
    let far = unsafe unsafeBitCast(unsafeBitCast(magnitude, to: SIMD16<UInt32>.self) | sign, to: SIMD16<Float>.self)
    let square = x * x
    var p = SIMD16<Float>(repeating: 62.0 / 2835)
    p = SIMD16(repeating: -17.0 / 315).addingProduct(p, square)
    p = SIMD16(repeating: 2.0 / 15).addingProduct(p, square)
    p = SIMD16(repeating: -1.0 / 3).addingProduct(p, square)
    return far.replacing(with: x.addingProduct(x * square, p), where: square .< SIMD16(repeating: 0.0625))
  }

  /// Applies `function` to `count` floats in place, sixteen at a time; the tail is padded with zeros.
  @inlinable @inline(__always)
  public static func apply(
    _ values: UnsafeMutablePointer<Float>, count: Int, _ function: (SIMD16<Float>) -> SIMD16<Float>
  ) {
    var k = 0
    while k &+ 16 <= count {
      unsafe storeLanes(function(loadLanes(values + k)), values + k)
      k &+= 16
    }
    if k < count { unsafe storeLanes(function(loadLanes(values + k, count: count - k)), values + k, count: count - k) }
  }

  /// e^x of each element; see `exp(_:)` of sixteen.
  public static func exp(_ values: inout [Float]) {
    unsafe values.withUnsafeMutableBufferPointer { v in
      if let base = v.baseAddress { unsafe apply(base, count: v.count) { exp($0) } }
    }
  }
  /// sigma(x) of each element.
  public static func sigmoid(_ values: inout [Float]) {
    unsafe values.withUnsafeMutableBufferPointer { v in
      if let base = v.baseAddress { unsafe apply(base, count: v.count) { sigmoid($0) } }
    }
  }
  /// softplus(x) of each element.
  public static func softplus(_ values: inout [Float]) {
    unsafe values.withUnsafeMutableBufferPointer { v in
      if let base = v.baseAddress { unsafe apply(base, count: v.count) { softplus($0) } }
    }
  }

  /// ln sum_k e^x_k, safe against overflow; minus infinity for no elements. Sums in order.
  @inlinable public static func logSumExp(_ values: some Collection<Double>) -> Double {
    guard let largest = values.max(), largest > -.infinity else { return -.infinity }
    guard largest < .infinity else { return .infinity }
    var sum = 0.0
    for x in values { sum += Glibc.exp(x - largest) }
    return largest + Glibc.log(sum)
  }
}
