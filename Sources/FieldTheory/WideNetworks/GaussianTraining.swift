internal import LinearAlgebra

/// What full-batch gradient descent on the squared loss does to shallow networks of infinite width: their outputs stay a Gaussian
/// field, moved linearly by the tangent kernel Theta, which does not change:
///
///     f_(t+1)(.) = f_t(.) - rate Theta(., X) (f_t(X) - y)   =>   f_t(.) = f_0(.) + A_t f_0(X) + B_t y.
///
/// Theta(x,y) = E[erf erf] + (1 + x.y/d) E[erf' erf'], K = E[erf erf] at first. Source: A. Jacot, F. Gabriel, C. Hongler, NIPS
/// 31, 8571 (2018); J. Lee et al., NeurIPS 32, 8572 (2019), here in discrete time.
public struct GaussianTraining: Sendable {
  /// The training inputs come first among all points; their number.
  public let points: [[Double]], trained: Int, targets: [Double]
  /// K and Theta of all points, row-major.
  public let kernel: [Double], tangent: [Double]
  /// A_t and B_t, `[points, trained]`, row-major.
  public private(set) var fromStart: [Double], fromTargets: [Double]
  /// The rate of the steps, and how many were taken.
  public let rate: Double
  public private(set) var steps = 0

  /// Before the first step; throws `unstableRate` where the steps would diverge, `decomposition`.
  public init(inputs: [[Double]], targets: [Double], tests: [[Double]], rate: Double) throws(FieldTheoryError) {
    precondition(inputs.count == targets.count && !inputs.isEmpty, "a target for each input")
    let limit = try Self.largestRate(inputs: inputs)
    guard rate > 0, rate < limit else { throw .unstableRate(rate, limit: limit) }
    points = inputs + tests
    trained = inputs.count
    self.targets = targets
    self.rate = rate
    (kernel, tangent) = Self.kernels(points)
    fromStart = [Double](repeating: 0, count: points.count * trained)
    fromTargets = fromStart
  }

  private static func kernels(_ points: [[Double]]) -> (kernel: [Double], tangent: [Double]) {
    let theory = WideNetworkKernel(.erf, weightVariance: 1, biasVariance: 1)
    var kernel: [Double] = [], tangent: [Double] = []
    for x in points {
      for y in points {
        let pair = theory.input(x, y), value = theory.expectation(pair)
        kernel.append(value)
        tangent.append(value + pair.xy * theory.slopeExpectation(pair))
      }
    }
    return (kernel, tangent)
  }
  /// Two over the largest eigenvalue of Theta(X, X): at this rate and above gradient descent diverges.
  public static func largestRate(inputs: [[Double]]) throws(FieldTheoryError) -> Double {
    2 / (try CriticalSpectrum(of: kernels(inputs).tangent, order: inputs.count).real.max() ?? 0)
  }

  /// One more step of gradient descent.
  public mutating func step() {
    // What both propagators do to the residuals at the training points: 1 + A and B - 1 there.
    var start = Array(fromStart.prefix(trained * trained)), goal = Array(fromTargets.prefix(trained * trained))
    for p in 0..<trained {
      start[p * trained + p] += 1
      goal[p * trained + p] -= 1
    }
    for x in points.indices {
      for q in 0..<trained {
        var a = 0.0, b = 0.0
        for p in 0..<trained {
          let theta = tangent[x * points.count + p]
          a += theta * start[p * trained + q]
          b += theta * goal[p * trained + q]
        }
        fromStart[x * trained + q] -= rate * a
        fromTargets[x * trained + q] -= rate * b
      }
    }
    steps += 1
  }

  /// E f_t at point number `index`.
  public func mean(_ index: Int) -> Double { (0..<trained).reduce(0) { $0 + fromTargets[index * trained + $1] * targets[$1] } }
  /// Var f_t at point number `index`.
  public func variance(_ index: Int) -> Double {
    let n = points.count, row = Array(fromStart[index * trained..<(index + 1) * trained])
    var sum = kernel[index * n + index]
    for p in 0..<trained {
      sum += 2 * row[p] * kernel[index * n + p]
      for q in 0..<trained { sum += row[p] * row[q] * kernel[p * n + q] }
    }
    return sum
  }
  /// What a network of infinite width that began with `outputs` (f_0 at all points) gives at point number `index`.
  public func prediction(_ index: Int, from outputs: [Double]) -> Double {
    (0..<trained).reduce(outputs[index] + mean(index)) { $0 + fromStart[index * trained + $1] * outputs[$1] }
  }
}
