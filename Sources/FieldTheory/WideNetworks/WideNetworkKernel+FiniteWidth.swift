internal import Glibc

/// The interaction that a finite width N brings: connected four-point functions of the output f = N^(-1/2) sum v_i phi(z_i), v_i ~
/// N(0, s), over random networks.
///
/// Given the last hidden layer the output is Gaussian with variance q, so that kappa_4 = 3 Var q and the excess kurtosis is
/// 3 (E q^2 / (E q)^2 - 1). Source: S. Yaida, MSML 107, 165 (2020); D. Roberts, S. Yaida, B. Hanin, "The Principles of Deep
/// Learning Theory" (2022), chapter 4; J. Halverson, A. Maiti, K. Stoner, Mach. Learn.: Sci. Technol. 2, 035002 (2021).
extension WideNetworkKernel {
  /// N kappa_4 / kappa_2^2 of one hidden layer at one input whose preactivations have variance K, exact at any width:
  /// 3 (E phi^4 - (E phi^2)^2) / (E phi^2)^2.
  public func scaledKurtosis(_ k: Double) -> Double {
    let pair = Pair(xx: k, xy: k, yy: k), square = expectation(pair)
    return 3 * (fourthExpectation(pair) / (square * square) - 1)
  }
  /// N <f(x)^2 f(y)^2>_c of one hidden layer, v of variance 1, exact at any width: 3 E[phi^2 phi^2] - E[phi_x^2] E[phi_y^2] -
  /// 2 E[phi_x phi_y]^2.
  public func scaledFourPoint(_ k: Pair) -> Double {
    let x = expectation(Pair(xx: k.xx, xy: k.xx, yy: k.xx)), y = expectation(Pair(xx: k.yy, xy: k.yy, yy: k.yy)), xy = expectation(k)
    return 3 * fourthExpectation(k) - x * y - 2 * xy * xy
  }

  /// The excess kurtosis of the output of a ReLU network without biases, exact at all widths: 3 (product of (1 + 5/N_l) - 1)
  /// over its hidden layers, whatever the weight variance.
  ///
  /// Each layer multiplies q by (2/N) sum relu(z)^2 of independent z: a factor of mean 1 and variance 5/N.
  public static func reluKurtosis(widths: [Int]) -> Double {
    precondition(widths.allSatisfy { $0 > 0 }, "layers have units")
    return 3 * (widths.reduce(1.0) { $0 * (1 + 5 / Double($1)) } - 1)
  }

  /// N kappa_4 / kappa_2^2 of the output after `depth` hidden layers of width N, to leading order in 1/N, from the first
  /// layer's variance K: V -> chi_parallel^2 V + weightVariance^2 (E phi^4 - (E phi^2)^2), 3 V / K^2 at the end.
  public func leadingKurtosis(_ k: Double, depth: Int) -> Double {
    var variance = k, vertex = 0.0
    for _ in 0..<depth {
      let pair = Pair(xx: variance, xy: variance, yy: variance), square = expectation(pair)
      let parallel = parallelSusceptibility(variance)
      vertex = parallel * parallel * vertex + weightVariance * weightVariance * (fourthExpectation(pair) - square * square)
      variance = biasVariance + weightVariance * square
    }
    return 3 * vertex / (variance * variance)
  }
}
