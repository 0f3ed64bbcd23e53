public import Glibc

extension Elementwise {
  /// e^x in eight lanes, to 2 units in the last place on [-708, 708]; arguments outside are clamped to it.
  ///
  /// Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, then the Taylor polynomial of degree 13 (remainder 5e-18).
  @inlinable @inline(__always)
  public static func exp(_ argument: SIMD8<Double>) -> SIMD8<Double> {
    typealias V = SIMD8<Double>
    // Selections rather than `clamped`, which works lane by lane.
    let upper = V(repeating: 708), lower = V(repeating: -708)
    let belowUpper = argument.replacing(with: upper, where: argument .> upper)
    let x = belowUpper.replacing(with: lower, where: belowUpper .< lower)
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    let magic = V(repeating: 6755399441055744)
    let rounded = x * V(repeating: 1.4426950408889634) + magic
    let n = rounded - magic
    let r = (x - n * V(repeating: 0.6931471803691238)) - n * V(repeating: 1.9082149292705877e-10)
    let r2 = r * r, r4 = r2 * r2
    // Estrin's scheme: short chains, so that eight lanes keep the pipes busy.
    let p01 = V(repeating: 1) + r
    let p23 = V(repeating: 1 / 2) + r * V(repeating: 1 / 6)
    let p45 = V(repeating: 1 / 24) + r * V(repeating: 1 / 120)
    let p67 = V(repeating: 1 / 720) + r * V(repeating: 1 / 5040)
    let p89 = V(repeating: 1 / 40320) + r * V(repeating: 1 / 362880)
    let pab = V(repeating: 1 / 3628800) + r * V(repeating: 1 / 39916800)
    let pcd = V(repeating: 1 / 479001600) + r * V(repeating: 1 / 6227020800)
    let low = (p01 + r2 * p23) + r4 * (p45 + r2 * p67)
    let high = (p89 + r2 * pab) + r4 * pcd
    let polynomial = low + (r4 * r4) * high
    let shift = unsafe unsafeBitCast(rounded, to: SIMD8<UInt64>.self) &<< 52
    return unsafe unsafeBitCast(unsafeBitCast(polynomial, to: SIMD8<UInt64>.self) &+ shift, to: V.self)
  }

  /// ln x in eight lanes of normal positive numbers, to 2 units in the last place away from 1 and 2e-16 absolutely near it.
  ///
  /// x = 2^e m with m in [sqrt(1/2), sqrt 2), and ln m = 2 artanh((m - 1)/(m + 1)) by its series to the 21st power.
  @inlinable @inline(__always)
  public static func log(_ x: SIMD8<Double>) -> SIMD8<Double> {
    typealias V = SIMD8<Double>
    let bits = unsafe unsafeBitCast(x, to: SIMD8<UInt64>.self)
    // Biased by 2^11 so that the number of halvings is never negative, and read off below a leading one.
    let shifted = ((bits &- SIMD8(repeating: 0x3FE6_A09E_667F_3BCD)) &>> 52) & SIMD8(repeating: 0xFFF)
    let signed = (shifted ^ SIMD8(repeating: 0x800)) | SIMD8(repeating: 0x4330_0000_0000_0000)
    let e = unsafe unsafeBitCast(signed, to: V.self) - V(repeating: 4_503_599_627_370_496 + 2048)
    let m = unsafe unsafeBitCast(bits &- (shifted &<< 52), to: V.self)
    let z = (m - 1) / (m + 1), y = z * z, y2 = y * y, y4 = y2 * y2
    let p0 = V(repeating: 1) + y * V(repeating: 1 / 3)
    let p1 = V(repeating: 1 / 5) + y * V(repeating: 1 / 7)
    let p2 = V(repeating: 1 / 9) + y * V(repeating: 1 / 11)
    let p3 = V(repeating: 1 / 13) + y * V(repeating: 1 / 15)
    let p4 = V(repeating: 1 / 17) + y * (V(repeating: 1 / 19) + y * V(repeating: 1 / 21))
    let series = (p0 + y2 * p1) + y4 * ((p2 + y2 * p3) + y4 * p4)
    return e * 0.693147180559945309 + 2 * z * series
  }

  /// softplus(x) = ln(1 + e^x).
  @inlinable @inline(__always)
  public static func softplus(_ x: Double) -> Double { max(x, 0) + Glibc.log1p(Glibc.exp(-abs(x))) }

  /// sigma(x) = 1 / (1 + e^-x).
  @inlinable @inline(__always)
  public static func sigmoid(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }
}
