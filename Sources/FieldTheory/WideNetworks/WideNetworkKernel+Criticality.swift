internal import Glibc

extension WideNetworkKernel {
  /// E phi^2 and E phi'^2 over N(0, K).
  private func single(_ k: Double) -> (square: Double, slope: Double) {
    let pair = Pair(xx: k, xy: k, yy: k)
    return (expectation(pair), slopeExpectation(pair))
  }

  /// chi_parallel = dK^(l+1)/dK^l of one input at variance K: the eigenvalue of the flow over depth that moves the variance.
  /// erf: weightVariance (2/pi) 2 / ((1 + 2K) sqrt(1 + 4K)); ReLU: weightVariance / 2.
  public func parallelSusceptibility(_ k: Double) -> Double {
    switch activation {
    case .erf: weightVariance * 4 / (.pi * (1 + 2 * k) * (1 + 4 * k).squareRoot())
    case .relu: 0.5 * weightVariance
    }
  }
  /// chi_perpendicular = weightVariance E phi'^2: the eigenvalue that moves two near inputs apart. Order below 1, chaos above
  /// it; at 1 signals cross any depth.
  public func perpendicularSusceptibility(_ k: Double) -> Double { weightVariance * single(k).slope }

  /// The variance that depth does not change, by iteration of the recursion; nil where it runs to infinity or, as for a
  /// critical ReLU network without biases, every variance is one.
  public var fixedVariance: Double? {
    if activation == .relu { return weightVariance < 2 ? biasVariance / (1 - 0.5 * weightVariance) : nil }
    // K -> biasVariance + weightVariance E phi^2 is concave and rising: above its largest fixed point it falls short of K.
    if biasVariance == 0 && 4 * weightVariance <= .pi { return 0 }
    func excess(_ k: Double) -> Double { biasVariance + weightVariance * single(k).square - k }
    var low = 0.0, high = biasVariance + weightVariance
    for _ in 0..<120 {
      let middle = 0.5 * (low + high)
      if excess(middle) > 0 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// The depth over which the correlation of two near inputs settles, -1 / ln chi_perpendicular at the fixed variance: the
  /// correlation length of the flow over depth. Infinite at criticality, negative in the chaotic phase, where it is the
  /// depth over which a small difference grows by e.
  public var correlationDepth: Double? {
    fixedVariance.map { variance in -1 / log(perpendicularSusceptibility(variance)) }
  }

  /// The weight variance at which chi_perpendicular is 1, for this activation and bias variance: 2 for ReLU; for erf by bisection
  /// (without biases pi/4, where the fixed variance is zero).
  public static func criticalWeightVariance(_ activation: Activation, biasVariance: Double) -> Double {
    if activation == .relu { return 2 }
    if biasVariance == 0 { return .pi / 4 }
    var low = 0.0, high = 1.0
    func susceptibility(_ variance: Double) -> Double {
      let kernel = WideNetworkKernel(activation, weightVariance: variance, biasVariance: biasVariance)
      return kernel.fixedVariance.map { kernel.perpendicularSusceptibility($0) } ?? .infinity
    }
    while susceptibility(high) < 1 { high *= 2 }
    for _ in 0..<60 {
      let middle = 0.5 * (low + high)
      if susceptibility(middle) < 1 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
