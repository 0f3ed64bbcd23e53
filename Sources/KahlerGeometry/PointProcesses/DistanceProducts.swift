import Glibc
internal import LinearAlgebra

/// Products of many squared distances without under- or overflow: mantissas are multiplied and exponents added, so that a
/// sum of N logarithms costs one logarithm.
struct ScaledProduct {
  private var mantissa = SIMD8<Double>(repeating: 1), exponent = SIMD8<Int64>(repeating: 0), zero = SIMDMask<SIMD8<Int64>>(repeating: false)

  /// Multiplies by eight lanes of numbers in 2^-1000 ... 2^1000, or zero.
  @inline(__always) mutating func multiply(_ factor: SIMD8<Double>) {
    zero.replace(with: true, where: factor .== 0)
    let bits = unsafe unsafeBitCast(mantissa * factor, to: SIMD8<UInt64>.self)
    let biased = unsafe unsafeBitCast(bits &>> 52, to: SIMD8<Int64>.self)
    exponent = exponent &+ biased &- 1023
    mantissa = unsafe unsafeBitCast(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000, to: SIMD8<Double>.self)
  }
  /// The product of the lanes as m 2^e with 1 <= m < 256; m = 0 where a factor was zero.
  @inline(__always) var product: (mantissa: Double, exponent: Double) {
    if any(zero) { return (0, 0) }
    let m = mantissa.evenHalf * mantissa.oddHalf, n = m.evenHalf * m.oddHalf
    return (n[0] * n[1], Double(exponent.wrappedSum()))
  }
}

@inline(__always) private func lanes(_ p: UnsafePointer<Double>) -> SIMD8<Double> {
  unsafe UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Double>.self)
}

/// sum over all places j of ln(|b - x_j|^2 / |a - x_j|^2) in O(N), coordinates as `SphereConfigurations` keeps those of one
/// replica; -infinity where b falls on a point. Places at the centre count as distance 1.
///
/// Squared distances on the sphere are at least 1e-33 or zero and at most 4, so eight of them multiply without underflow.
/// Differences first: 2 - 2 a.x would lose the digits of near points.
@usableFromInline func logDistanceRatio(
  _ coordinates: UnsafePointer<Double>, stride: Int, from a: SIMD3<Double>, to b: SIMD3<Double>
) -> Double {
  typealias V = SIMD8<Double>
  let ax = V(repeating: a.x), ay = V(repeating: a.y), az = V(repeating: a.z)
  let bx = V(repeating: b.x), by = V(repeating: b.y), bz = V(repeating: b.z)
  var above = ScaledProduct(), below = ScaledProduct(), j = 0
  while j < stride {
    let end = min(stride, j + 64)
    var up = V(repeating: 1), down = V(repeating: 1)
    var up2 = V(repeating: 1), down2 = V(repeating: 1)
    while j + 16 <= end {
      let x = unsafe lanes(coordinates + j), y = unsafe lanes(coordinates + stride + j), z = unsafe lanes(coordinates + 2 * stride + j)
      let (dx, dy, dz) = (bx - x, by - y, bz - z), (ex, ey, ez) = (ax - x, ay - y, az - z)
      up *= (dx * dx).addingProduct(dy, dy).addingProduct(dz, dz)
      down *= (ex * ex).addingProduct(ey, ey).addingProduct(ez, ez)
      let x2 = unsafe lanes(coordinates + j + 8), y2 = unsafe lanes(coordinates + stride + j + 8)
      let z2 = unsafe lanes(coordinates + 2 * stride + j + 8)
      let (fx, fy, fz) = (bx - x2, by - y2, bz - z2), (gx, gy, gz) = (ax - x2, ay - y2, az - z2)
      up2 *= (fx * fx).addingProduct(fy, fy).addingProduct(fz, fz)
      down2 *= (gx * gx).addingProduct(gy, gy).addingProduct(gz, gz)
      j += 16
    }
    if j < end {
      let x = unsafe lanes(coordinates + j), y = unsafe lanes(coordinates + stride + j), z = unsafe lanes(coordinates + 2 * stride + j)
      let (dx, dy, dz) = (bx - x, by - y, bz - z), (ex, ey, ez) = (ax - x, ay - y, az - z)
      up *= (dx * dx).addingProduct(dy, dy).addingProduct(dz, dz)
      down *= (ex * ex).addingProduct(ey, ey).addingProduct(ez, ez)
      j += 8
    }
    above.multiply(up * up2)
    below.multiply(down * down2)
  }
  let (m, e) = above.product, (n, f) = below.product
  return log(m / n) + (e - f) * M_LN2
}

/// sum over all places j of ln |a - x_j|^2, in O(N); -infinity where a falls on a point.
func logDistances(_ coordinates: UnsafePointer<Double>, stride: Int, from a: SIMD3<Double>) -> Double {
  typealias V = SIMD8<Double>
  let ax = V(repeating: a.x), ay = V(repeating: a.y), az = V(repeating: a.z)
  var total = ScaledProduct(), j = 0
  while j < stride {
    var product = V(repeating: 1)
    for _ in 0..<min(8, (stride - j) / 8) {
      let x = unsafe lanes(coordinates + j), y = unsafe lanes(coordinates + stride + j), z = unsafe lanes(coordinates + 2 * stride + j)
      let (dx, dy, dz) = (ax - x, ay - y, az - z)
      product *= (dx * dx).addingProduct(dy, dy).addingProduct(dz, dz)
      j += 8
    }
    total.multiply(product)
  }
  let (m, e) = total.product
  return log(m) + e * M_LN2
}

/// sum over pairs of ln |x_i - x_j| of one replica, in O(N^2); -infinity where two points coincide.
func logPairDistances(_ coordinates: UnsafeMutablePointer<Double>, stride: Int, points: Int) -> Double {
  var sum = 0.0
  for i in 0..<points {
    let place = unsafe SIMD3(coordinates[i], coordinates[stride + i], coordinates[2 * stride + i])
    unsafe write(.zero, to: coordinates, stride, i)
    unsafe sum += logDistances(UnsafePointer(coordinates), stride: stride, from: place)
    unsafe write(place, to: coordinates, stride, i)
  }
  // Each pair was met twice, and squares count twice more.
  return sum / 4
}

@usableFromInline @inline(__always) func write(_ v: SIMD3<Double>, to p: UnsafeMutablePointer<Double>, _ stride: Int, _ i: Int) {
  unsafe p[i] = v.x
  unsafe p[stride + i] = v.y
  unsafe p[2 * stride + i] = v.z
}
