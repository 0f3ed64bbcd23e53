internal import Glibc

/// What a unit makes of its preactivation.
public enum Activation: String, Sendable, CaseIterable {
  /// The error function, erf z.
  case erf
  /// max(z, 0).
  case relu
}

/// The covariance of the preactivations of two inputs, layer by layer, in the limit of infinite width: the free (Gaussian) field
/// theory of a random network.
///
/// Weights are N(0, weightVariance / fan-in), biases N(0, biasVariance). K^1(x,y) = biasVariance + weightVariance x.y / d, and
/// K^(l+1) = biasVariance + weightVariance E[phi(u) phi(v)] over (u, v) of covariance K^l. Depth is the flow's time, a kernel that
/// stays the same its fixed point. Source: C. Williams, NIPS 9, 295 (1997) for erf; Y. Cho and L. Saul, NIPS 22, 342 (2009) for ReLU;
/// B. Poole et al., NIPS 29, 3360 (2016) for the flow over depth.
public struct WideNetworkKernel: Sendable, Equatable {
  /// phi and the two variances, which are not negative.
  public let activation: Activation, weightVariance: Double, biasVariance: Double
  /// A network; variances are finite and not negative.
  public init(_ activation: Activation, weightVariance: Double, biasVariance: Double = 0) {
    precondition(weightVariance >= 0 && biasVariance >= 0, "variances are not negative")
    self.activation = activation
    self.weightVariance = weightVariance
    self.biasVariance = biasVariance
  }

  /// The kernel of one pair of inputs: K(x,x), K(x,y), K(y,y).
  public struct Pair: Sendable, Equatable {
    public var xx: Double, xy: Double, yy: Double
    public init(xx: Double, xy: Double, yy: Double) {
      self.xx = xx
      self.xy = xy
      self.yy = yy
    }
    /// K(x,y) / sqrt(K(x,x) K(y,y)).
    public var correlation: Double { xy / (xx * yy).squareRoot() }
  }

  /// The first layer's kernel of two inputs of one dimension.
  public func input(_ x: [Double], _ y: [Double]) -> Pair {
    precondition(x.count == y.count && !x.isEmpty, "two inputs of one dimension")
    func inner(_ a: [Double], _ b: [Double]) -> Double {
      biasVariance + weightVariance * zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / Double(a.count)
    }
    return Pair(xx: inner(x, x), xy: inner(x, y), yy: inner(y, y))
  }
  /// The next layer's kernel.
  public func next(_ k: Pair) -> Pair {
    func map(_ a: Double, _ b: Double, _ c: Double) -> Double { biasVariance + weightVariance * expectation(Pair(xx: a, xy: b, yy: c)) }
    return Pair(xx: map(k.xx, k.xx, k.xx), xy: map(k.xx, k.xy, k.yy), yy: map(k.yy, k.yy, k.yy))
  }

  /// E[phi(u) phi(v)]; erf: (2/pi) asin(2 K_xy / sqrt((1 + 2 K_xx)(1 + 2 K_yy))); ReLU: sqrt(K_xx K_yy) (sin theta + (pi - theta)
  /// cos theta) / 2 pi with cos theta the correlation.
  public func expectation(_ k: Pair) -> Double {
    switch activation {
    case .erf: return 2 / .pi * asin(2 * k.xy / ((1 + 2 * k.xx) * (1 + 2 * k.yy)).squareRoot())
    case .relu:
      let theta = angle(k)
      return (k.xx * k.yy).squareRoot() * (sin(theta) + (.pi - theta) * cos(theta)) / (2 * .pi)
    }
  }
  /// E[phi'(u) phi'(v)]; erf: (4/pi) / sqrt((1 + 2 K_xx)(1 + 2 K_yy) - 4 K_xy^2); ReLU: (pi - theta) / 2 pi.
  public func slopeExpectation(_ k: Pair) -> Double {
    switch activation {
    case .erf: 4 / .pi / ((1 + 2 * k.xx) * (1 + 2 * k.yy) - 4 * k.xy * k.xy).squareRoot()
    case .relu: (.pi - angle(k)) / (2 * .pi)
    }
  }
  /// E[phi(u)^2 phi(v)^2]; ReLU: K_xx K_yy (3 sin theta cos theta + (pi - theta)(1 + 2 cos^2 theta)) / 2 pi; erf by the trapezoidal
  /// rule in two dimensions, which converges exponentially (to about 1e-14 for variances up to 100).
  public func fourthExpectation(_ k: Pair) -> Double {
    switch activation {
    case .relu:
      let theta = angle(k)
      return k.xx * k.yy * (3 * sin(theta) * cos(theta) + (.pi - theta) * (1 + 2 * cos(theta) * cos(theta))) / (2 * .pi)
    case .erf:
      let a = k.xx.squareRoot(), b = a > 0 ? k.xy / a : 0, c = max(0, k.yy - b * b).squareRoot()
      if c < 1e-12 * k.yy.squareRoot() || k.xx == 0 {
        return Self.gaussianMean { pow(Glibc.erf(a * $0) * Glibc.erf((a > 0 ? b : c) * $0), 2) }
      }
      return Self.gaussianMean { g in
        let u = Glibc.erf(a * g)
        return u * u * Self.gaussianMean { h in pow(Glibc.erf(b * g + c * h), 2) }
      }
    }
  }
  /// theta in [0, pi], well conditioned at both ends.
  private func angle(_ k: Pair) -> Double {
    let norm = (k.xx * k.yy).squareRoot()
    return atan2(max(0, (norm - k.xy) * (norm + k.xy)).squareRoot(), k.xy)
  }
  /// E f(z), z ~ N(0, 1), by the trapezoidal rule; f is smooth.
  static func gaussianMean(_ f: (Double) -> Double) -> Double {
    let step = 0.0625
    var sum = 0.0
    for k in -144...144 {
      let z = step * Double(k)
      sum += exp(-0.5 * z * z) * f(z)
    }
    return sum * step / (2 * .pi).squareRoot()
  }
}
