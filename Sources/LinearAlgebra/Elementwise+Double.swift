public import Glibc

extension Elementwise {
  /// e^x in eight lanes, to 1 unit in the last place on [-708, 708]; arguments outside are clamped to it.
  @inlinable @inline(__always)
  public static func exp(_ argument: SIMD8<Double>) -> SIMD8<Double> {
    // Selections rather than `clamped`, which works lane by lane.
    let upper = SIMD8<Double>(repeating: 708), lower = SIMD8<Double>(repeating: -708)
    let belowUpper = argument.replacing(with: upper, where: argument .> upper)
    return expInRange(belowUpper.replacing(with: lower, where: belowUpper .< lower))
  }

  /// e^x in eight lanes for -708 <= x <= 708; of others, nothing of use.
  ///
  /// Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, then 1 + r + r^2 q(r) with the q of degree 9 of the least largest relative
  /// error, 1e-17 with coefficients as rounded (Remez).
  @inlinable @inline(__always)
  public static func expInRange(_ x: SIMD8<Double>) -> SIMD8<Double> {
    typealias V = SIMD8<Double>
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    let magic = V(repeating: 6755399441055744)
    let rounded = magic.addingProduct(x, V(repeating: 1.4426950408889634))
    let n = rounded - magic
    let r = x.addingProduct(n, V(repeating: -0.6931471803691238)).addingProduct(n, V(repeating: -1.9082149292705877e-10))
    let r2 = r * r, r4 = r2 * r2
    // Estrin's scheme: short chains, so that eight lanes keep the pipes busy.
    let q01 = V(repeating: 0.5000000000000011).addingProduct(r, V(repeating: 0.1666666666666641))
    let q23 = V(repeating: 0.04166666666652919).addingProduct(r, V(repeating: 0.008333333333495624))
    let q45 = V(repeating: 0.001388888894392264).addingProduct(r, V(repeating: 0.00019841269504765357))
    let q67 = V(repeating: 2.4801492762795647e-05).addingProduct(r, V(repeating: 2.755758734220382e-06))
    let q89 = V(repeating: 2.763037862080518e-07).addingProduct(r, V(repeating: 2.4999965343255924e-08))
    let high = q45.addingProduct(r2, q67).addingProduct(r4, q89)
    let q = q01.addingProduct(r2, q23).addingProduct(r4, high)
    let power = V(repeating: 1) + r.addingProduct(r2, q)
    let shift = unsafe unsafeBitCast(rounded, to: SIMD8<UInt64>.self) &<< 52
    return unsafe unsafeBitCast(unsafeBitCast(power, to: SIMD8<UInt64>.self) &+ shift, to: V.self)
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
    let p0 = V(repeating: 1).addingProduct(y, V(repeating: 1 / 3))
    let p1 = V(repeating: 1 / 5).addingProduct(y, V(repeating: 1 / 7))
    let p2 = V(repeating: 1 / 9).addingProduct(y, V(repeating: 1 / 11))
    let p3 = V(repeating: 1 / 13).addingProduct(y, V(repeating: 1 / 15))
    let p4 = V(repeating: 1 / 17).addingProduct(y, V(repeating: 1 / 19).addingProduct(y, V(repeating: 1 / 21)))
    let high = p2.addingProduct(y2, p3).addingProduct(y4, p4)
    let series = p0.addingProduct(y2, p1).addingProduct(y4, high)
    return e * 0.693147180559945309 + 2 * z * series
  }

  /// softplus(x) = ln(1 + e^x).
  @inlinable @inline(__always)
  public static func softplus(_ x: Double) -> Double { max(x, 0) + Glibc.log1p(Glibc.exp(-abs(x))) }

  /// sigma(x) = 1 / (1 + e^-x).
  @inlinable @inline(__always)
  public static func sigmoid(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }
}
