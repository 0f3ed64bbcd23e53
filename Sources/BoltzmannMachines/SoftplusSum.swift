import Glibc
import LinearAlgebra

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
      var term = one + Elementwise.exp(magnitude)
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
