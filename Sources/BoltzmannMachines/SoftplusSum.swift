import Glibc

/// e^x in eight lanes, to 2 units in the last place on [-708, 708]; arguments outside are clamped to it.
///
/// Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, then the Taylor polynomial of degree 13 (remainder 5e-18).
@inline(__always) func exponential(_ argument: SIMD8<Double>) -> SIMD8<Double> {
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

/// Eight numbers from `pointer + index`, those at and beyond `count` replaced by `fill`.
@inline(__always) func lanes<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
  _ pointer: UnsafePointer<Scalar>, _ index: Int, _ count: Int, fill: Double
) -> SIMD8<Double> {
  if Scalar.self == Float.self, index &+ 8 <= count {
    let loaded = unsafe UnsafeRawPointer(pointer + index).loadUnaligned(as: SIMD8<Float>.self)
    return SIMD8<Double>(loaded)
  }
  if Scalar.self == Double.self, index &+ 8 <= count {
    return unsafe UnsafeRawPointer(pointer + index).loadUnaligned(as: SIMD8<Double>.self)
  }
  var result = SIMD8<Double>(repeating: fill)
  for lane in 0..<min(8, count &- index) { result[lane] = unsafe Double(pointer[index &+ lane]) }
  return result
}

/// sum_j softplus(scale * x_j), softplus(y) = ln(1 + e^y), in double precision and in an order of its own that depends
/// on nothing but `count`.
///
/// No logarithm per element: softplus(y) = max(y, 0) + ln(1 + e^-|y|), and the second terms are taken together as the
/// logarithm of a product, at most 2 per factor.
@inline(never) func softplusSum<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
  _ fields: UnsafePointer<Scalar>, count: Int, scale: Double
) -> Double {
  typealias V = SIMD8<Double>
  let zero = V(repeating: 0), one = V(repeating: 1), factor = V(repeating: scale)
  var positive = zero
  var logarithms = 0.0
  var index = 0
  while index < count {
    // 120 factors in each of 8 lanes, at most 2 each: the product stays below 2^960.
    let end = min(count, index &+ 960)
    var product = one
    while index < end {
      let y = unsafe lanes(fields, index, count, fill: 0) * factor
      // Lanes beyond the end add nothing: their 1 + e^-|y| is replaced by 1.
      let isPositive = y .> zero
      positive += zero.replacing(with: y, where: isPositive)
      let magnitude = y.replacing(with: zero - y, where: isPositive)
      var term = one + exponential(magnitude)
      if index &+ 8 > count { for lane in (count &- index)..<8 { term[lane] = 1 } }
      product *= term
      index &+= 8
    }
    let halves = product.lowHalf * product.highHalf
    let quarters = halves.lowHalf * halves.highHalf
    logarithms += log(quarters[0] * quarters[1])
  }
  let halves = positive.lowHalf + positive.highHalf
  let quarters = halves.lowHalf + halves.highHalf
  return (quarters[0] + quarters[1]) + logarithms
}

/// softplus(x) = ln(1 + e^x).
@inline(__always) func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// 1 / (1 + e^-x).
@inline(__always) func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
