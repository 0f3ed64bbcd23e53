internal import Glibc
public import RandomStreams

/// Random networks of finite width, drawn layer by layer: given the activations of one layer, the preactivations of the next are
/// independent Gaussians whose covariance is the layer's empirical kernel, so that a layer of N units takes N draws for each
/// input instead of N^2 weights. The law is exactly that of networks with independent Gaussian weights and biases.
public struct RandomDeepNetwork: Sendable {
  /// Activation and variances.
  public let kernel: WideNetworkKernel
  /// Units of each hidden layer.
  public let widths: [Int]
  /// A network of these widths, all above zero.
  public init(_ kernel: WideNetworkKernel, widths: [Int]) {
    precondition(widths.allSatisfy { $0 > 0 }, "layers have units")
    self.kernel = kernel
    self.widths = widths
  }

  /// The variances of the next layer's preactivations, one for each hidden layer, of network number `replica` at one input
  /// whose first preactivations have `variance`: q_l = biasVariance + weightVariance / N sum phi(z)^2.
  public func variances(from variance: Double, replica: Int, streams: KeyedStreams) -> [Double] {
    var q = variance, result: [Double] = []
    for (layer, width) in widths.enumerated() {
      var generator = streams.lanes(replica: replica, step: 0, site: layer, purpose: .weights)
      let scale = q.squareRoot()
      let sum = kernel.activation == .relu ? q * Self.reluSquares(width, &generator) : Self.erfSquares(width, scale, &generator)
      q = kernel.biasVariance + kernel.weightVariance * sum / Double(width)
      result.append(q)
    }
    return result
  }

  /// The same at two inputs: the empirical kernel after each hidden layer.
  public func kernels(from start: WideNetworkKernel.Pair, replica: Int, streams: KeyedStreams) -> [WideNetworkKernel.Pair] {
    var k = start, result: [WideNetworkKernel.Pair] = []
    for (layer, width) in widths.enumerated() {
      var generator = streams.lanes(replica: replica, step: 1, site: layer, purpose: .weights)
      let a = k.xx.squareRoot(), b = a > 0 ? k.xy / a : 0, c = max(0, k.yy - b * b).squareRoot()
      var sums = (xx: SIMD8<Double>(), xy: SIMD8<Double>(), yy: SIMD8<Double>())
      for start in stride(from: 0, to: width, by: 8) {
        let (g, h) = generator.normals()
        var u = activated(a * g), v = activated(b * g + c * h)
        if width - start < 8 {
          for lane in width - start..<8 { (u[lane], v[lane]) = (0, 0) }
        }
        sums = (sums.xx + u * u, sums.xy + u * v, sums.yy + v * v)
      }
      func mean(_ sum: SIMD8<Double>) -> Double { kernel.biasVariance + kernel.weightVariance * sum.sum() / Double(width) }
      k = WideNetworkKernel.Pair(xx: mean(sums.xx), xy: mean(sums.xy), yy: mean(sums.yy))
      result.append(k)
    }
    return result
  }

  private func activated(_ z: SIMD8<Double>) -> SIMD8<Double> {
    if kernel.activation == .relu { return Self.rectified(z) }
    var result = z
    for lane in 0..<8 { result[lane] = Glibc.erf(z[lane]) }
    return result
  }

  /// max(z, 0) by the sign bit spread over its lane: comparisons of lanes are taken apart.
  @inline(__always) private static func rectified(_ z: SIMD8<Double>) -> SIMD8<Double> {
    let bits = unsafe unsafeBitCast(z, to: SIMD8<UInt64>.self)
    let isNegative = 0 &- (bits &>> 63)
    return unsafe unsafeBitCast(bits & ~isNegative, to: SIMD8<Double>.self)
  }

  /// sum of max(z, 0)^2 over `count` standard normal z: what makes this kernel fast is that nothing is stored.
  private static func reluSquares(_ count: Int, _ generator: inout LaneGenerator) -> Double {
    var sum = SIMD8<Double>(), rest = count
    while rest > 0 {
      let (g, h) = generator.normals()
      let u = rectified(g), v = rectified(h)
      if rest >= 16 {
        sum += u * u + v * v
      } else {
        for lane in 0..<8 {
          if lane < rest { sum[lane] += u[lane] * u[lane] }
          if lane + 8 < rest { sum[lane] += v[lane] * v[lane] }
        }
      }
      rest -= 16
    }
    return sum.sum()
  }
  /// sum of erf(scale z)^2 over `count` standard normal z.
  private static func erfSquares(_ count: Int, _ scale: Double, _ generator: inout LaneGenerator) -> Double {
    var sum = 0.0, rest = count
    while rest > 0 {
      let (g, h) = generator.normals()
      for lane in 0..<min(8, rest) {
        let u = Glibc.erf(scale * g[lane])
        sum += u * u
      }
      for lane in 0..<max(0, min(8, rest - 8)) {
        let v = Glibc.erf(scale * h[lane])
        sum += v * v
      }
      rest -= 16
    }
    return sum
  }
}
