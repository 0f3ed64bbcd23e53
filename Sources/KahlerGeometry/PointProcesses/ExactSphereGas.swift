import Glibc

/// What is known exactly of the gas on the sphere at finite N.
public enum ExactSphereGas {
  /// E |sum x_i|^2 / N = 1/(1 + beta), for all N and all beta without field: the Ward identity of the dilations.
  public static func momentum(beta: Double) -> Double { 1 / (1 + beta) }

  /// ln Z of two points with exponent s: Z = 2^(s+1)/(s + 2).
  public static func logPartitionOfTwo(pairExponent s: Double) -> Double { (s + 1) * M_LN2 - log(s + 2) }

  /// ln Z of three points with exponent s > -4/3: |x - y|^s = sum_l c_l P_l(x.y) has
  /// c_l = 2^s (2l + 1) (-s/2)_l / (s/2 + 1)_(l+1), and convolutions give Z = sum_l c_l^3/(2l + 1)^2. The terms fall as
  /// l^(-3s - 5); the tail beyond `terms` is
  /// added as an integral, good to some 1e-3 of itself.
  public static func logPartitionOfThree(pairExponent s: Double, terms: Int = 4000) -> Double {
    var c = exp(s * M_LN2) / (s / 2 + 1), sum = c * c * c, last = 0.0
    for l in 1..<terms {
      // Without the factor 2l + 1.
      c *= (Double(l - 1) - s / 2) / (s / 2 + 1 + Double(l))
      last = c * c * c * Double(2 * l + 1)
      sum += last
    }
    return log(sum + last * Double(terms) / (3 * s + 4))
  }

  /// ln Z at s = 2, where the points are a determinantal process: Z = 2^(N(N-1)) N! prod_j j!(N-1-j)!/N!.
  public static func logPartitionAtTwo(points n: Int) -> Double {
    var sum = Double(n * (n - 1)) * M_LN2 + logFactorial(n)
    for j in 0..<n { sum += logFactorial(j) + logFactorial(n - 1 - j) - logFactorial(n) }
    return sum
  }
  /// E S_l at s = 2: 1 - N ((N-1)!)^2/((N-1-l)!(N+l)!); 1 beyond l = N - 1.
  public static func structureFactorAtTwo(points n: Int, degree l: Int) -> Double {
    guard l < n else { return 1 }
    let above: Double = 2 * logFactorial(n - 1), below: Double = logFactorial(n - 1 - l) + logFactorial(n + l)
    return 1 - Double(n) * exp(above - below)
  }
  /// E[-sum_{i<j} ln |x_i - x_j|] at s = 2: -(N^2/4)((1 - 1/N) ln 4 - 1 + H_N/N).
  public static func energyAtTwo(points n: Int) -> Double {
    let count = Double(n), harmonic = (1...n).reduce(0) { $0 + 1 / Double($1) }
    let bracket: Double = (1 - 1 / count) * 2 * M_LN2 - 1 + harmonic / count
    return -count * count / 4 * bracket
  }
  /// Structure factors of the limit N -> infinity at fixed beta: l(l+1)/(l(l+1) + 2 beta); exact at l = 1 for every N.
  public static func meanFieldStructureFactor(beta: Double, degree l: Int) -> Double {
    let eigenvalue = Double(l * (l + 1))
    return eigenvalue / (eigenvalue + 2 * beta)
  }

  private static func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }
}
