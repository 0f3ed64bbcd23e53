public import GradientFlows
import Glibc
public import MessagePassing

/// The logarithm of the density of a gas on the sphere as a functional of its points: a Langevin flow at temperature 1 samples
/// the gas, dx = grad ln p dt + sqrt 2 dW, and the noise-free flow lowers its energy.
///
/// Exact for every N without field and cones: E[M(t)] = e^{-2 (1 + beta) t} M(0) with noise and M(t) = e^{-2 beta t} M(0)
/// without, M = sum x_i. Noise-free flows with beta < 0 collapse in finite time.
public struct SphereGasFlow: Functional {
  /// The gas.
  public let gas: SphereGas
  /// The flow of this gas.
  public init(_ gas: SphereGas) { self.gas = gas }

  /// grad ln p along the sphere: s sum_j (x_i - x_j)/|x_i - x_j|^2 and the background's, in O(N^2). Computed alike by every rank.
  public mutating func direction(
    at point: SpherePoints, step: UInt64, on team: borrowing some Communicator & ~Copyable, into direction: inout SpherePoints
  ) throws(MessagePassingError) {
    let n = point.count, s = gas.pairExponent
    for i in 0..<n {
      let x = point[i]
      var force = SIMD3<Double>.zero
      if s != 0 { force = s * pairForce(point.coordinates, n, on: i, at: x) }
      force.z -= gas.field
      for cone in gas.cones {
        let d = x - cone.place
        force -= 2 * cone.weight * d / (d * d).sum()
      }
      direction.coordinates[i] = force.x
      direction.coordinates[n + i] = force.y
      direction.coordinates[2 * n + i] = force.z
    }
    point.project(&direction)
  }

  /// sum_j (x - x_j)/|x - x_j|^2 over j != i, eight at a time in a fixed order.
  private func pairForce(_ c: [Double], _ n: Int, on i: Int, at x: SIMD3<Double>) -> SIMD3<Double> {
    typealias V = SIMD8<Double>
    var fx = V.zero, fy = V.zero, fz = V.zero, j = 0
    let ramp = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7)
    unsafe c.withUnsafeBytes { bytes in
      while j + 8 <= n {
        let dx = unsafe x.x - bytes.loadUnaligned(fromByteOffset: 8 * j, as: V.self)
        let dy = unsafe x.y - bytes.loadUnaligned(fromByteOffset: 8 * (n + j), as: V.self)
        let dz = unsafe x.z - bytes.loadUnaligned(fromByteOffset: 8 * (2 * n + j), as: V.self)
        var square = dx * dx + dy * dy + dz * dz
        // The point itself has no force: its differences are zero.
        square.replace(with: 1, where: ramp .== SIMD8(repeating: Int64(i - j)))
        let inverse = 1 / square
        fx += dx * inverse
        fy += dy * inverse
        fz += dz * inverse
        j += 8
      }
    }
    var force = SIMD3(fx.sum(), fy.sum(), fz.sum())
    while j < n {
      if j != i {
        let d = x - SIMD3(c[j], c[n + j], c[2 * n + j])
        force += d / (d * d).sum()
      }
      j += 1
    }
    return force
  }

  /// The length of the next Langevin step at `point`, at most `longest`.
  ///
  /// Two points that attract (s < 0) meet again and again: their distance r is a Bessel process of dimension 2 + s, whose drift s/r
  /// an Euler step of length h takes too far where h > r^2/|s|; for s > -0.2 that is too rare to be seen. Steps of r^2/20 |s| follow it, down to a thousandth of `longest`,
  /// below which meetings are too short to matter while 2 + s > 1; nearer to the threshold points stay together on all scales, and
  /// decays come out too fast (by 8 % at N = 3, beta = -0.6). The choice looks at the present alone: the noise stays independent.
  public func stepLength(at point: SpherePoints, upTo longest: Double) -> Double {
    let s = gas.pairExponent
    guard s < -0.2 else { return longest }
    return max(longest / 1000, min(longest, closestSquare(point.coordinates, point.count) / (-20 * s)))
  }

  /// The least |x_i - x_j|^2, eight at a time.
  private func closestSquare(_ c: [Double], _ n: Int) -> Double {
    typealias V = SIMD8<Double>
    var least = V(repeating: 4), rest = 4.0
    for i in 1..<n {
      let x = SIMD3(c[i], c[n + i], c[2 * n + i])
      var j = 0
      unsafe c.withUnsafeBytes { bytes in
        while j + 8 <= i {
          let dx = unsafe x.x - bytes.loadUnaligned(fromByteOffset: 8 * j, as: V.self)
          let dy = unsafe x.y - bytes.loadUnaligned(fromByteOffset: 8 * (n + j), as: V.self)
          let dz = unsafe x.z - bytes.loadUnaligned(fromByteOffset: 8 * (2 * n + j), as: V.self)
          least = pointwiseMin(least, dx * dx + dy * dy + dz * dz)
          j += 8
        }
      }
      while j < i {
        let d = x - SIMD3(c[j], c[n + j], c[2 * n + j])
        rest = min(rest, (d * d).sum())
        j += 1
      }
    }
    return min(rest, least.min())
  }

  /// ln p up to its normalisation.
  public func value(at point: SpherePoints) -> Double {
    var state = SphereConfigurations(emptyWith: point.count, replicas: 1, firstReplica: 0)
    for i in 0..<point.count { state[0, i] = point[i] }
    gas.refresh(&state)
    return state.logWeights[0]
  }
}
