import FieldTheory
import RandomStreams
public import Runtime
import Statistics

/// Known values of field theory: C-1 to C-6, C-12, C-13.
public enum FieldTheoryKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("C-1", .fast, ising), Check("C-2", .fast, truncations), Check("C-3", .fast, components), Check("C-3", .slow, routes),
    Check("C-4", .fast, sharpCutoff), Check("C-5", .fast, epsilonIsing), Check("C-6", .fast, epsilonVectors),
    Check("C-12", .fast, kurtosis), Check("C-12", .slow, sampledKurtosis), Check("C-13", .fast, kernels),
  ]

  private static func collocated(_ n: Int, _ regulator: Regulator = .litim) throws -> CollocatedFixedPoint {
    try LocalPotentialApproximation(components: n, dimension: 3, regulator: regulator).collocatedFixedPoint()
  }
  private static func truncated(_ n: Int, order: Int) throws -> [TruncatedFixedPoint] {
    let found = try LocalPotentialApproximation(components: n, dimension: 3, regulator: .litim).truncatedFixedPoints(upTo: order)
    guard found.count == order - 1 else { throw FieldTheoryError.truncationStopped(wanted: order, reached: found.last?.order ?? 0) }
    return found
  }

  @Sendable private static func ising() throws -> [KnownValue] {
    let point = try collocated(1), spectrum = point.spectrum
    return [
      KnownValue("LPA, N = 1, d = 3: nu", expected: 0.6495617739, found: spectrum.nu, .absolute(1e-8)),
      KnownValue("omega", expected: 0.65574594, found: spectrum.omega, .absolute(1e-8)),
      KnownValue("theta_3", expected: 3.18000651, found: spectrum.real[2], .absolute(1e-8)),
      KnownValue("u'(0)", expected: -0.186064249470, found: point.slope(at: 0), .absolute(1e-8)),
    ]
  }

  @Sendable private static func truncations() throws -> [KnownValue] {
    let found = try truncated(1, order: 14)
    return [
      KnownValue("quartic truncation: kappa", expected: 4.0 / 3, found: found[0].minimum, .absolute(1e-12)),
      KnownValue("lambda_2", expected: 3.0 / 16, found: found[0].couplings[0], .absolute(1e-12)),
      KnownValue("nu", expected: 0.5, found: found[0].spectrum.nu, .absolute(1e-12)),
      KnownValue("omega", expected: 1.0 / 3, found: found[0].spectrum.omega, .absolute(1e-12)),
      KnownValue("order 4: nu", expected: 0.65057379, found: found[2].spectrum.nu, .absolute(1e-6)),
      KnownValue("order 4: omega", expected: 0.598864, found: found[2].spectrum.omega, .absolute(1e-6)),
      KnownValue("order 14: kappa", expected: 1.8148985, found: found[12].minimum, .absolute(1e-6)),
      KnownValue("order 14: lambda_2", expected: 0.1261645, found: found[12].couplings[0], .absolute(1e-6)),
    ]
  }

  @Sendable private static func components() throws -> [KnownValue] {
    let expected = [
      (2, 0.7082109075, 0.67122119), (3, 0.7611231372, 0.69983732), (4, 0.8043476966, 0.73375293), (10, 0.9186051232, 0.87131098),
      (100, 0.9924243235, 0.9878496),
    ]
    return try expected.flatMap { n, nu, omega in
      let spectrum = try collocated(n).spectrum
      return [
        KnownValue("LPA, N = \(n), d = 3: nu", expected: nu, found: spectrum.nu, .absolute(1e-7)),
        KnownValue("omega", expected: omega, found: spectrum.omega, .absolute(1e-7)),
      ]
    }
  }
  /// The two routes to one fixed point.
  @Sendable private static func routes() throws -> [KnownValue] {
    try (1...10).flatMap { n in
      let collocated = try collocated(n).spectrum, truncated = try truncated(n, order: 32).last!.spectrum
      return [
        KnownValue("N = \(n): nu by truncation, by collocation", expected: collocated.nu, found: truncated.nu, .absolute(1e-8)),
        KnownValue("omega", expected: collocated.omega, found: truncated.omega, .absolute(1e-8)),
      ]
    }
  }
  @Sendable private static func sharpCutoff() throws -> [KnownValue] {
    let point = try collocated(1, .wegnerHoughton)
    return [
      KnownValue("sharp cutoff, N = 1, d = 3: nu", expected: 0.68946, found: point.spectrum.nu, .absolute(1e-4)),
      KnownValue("omega", expected: 0.5952, found: point.spectrum.omega, .absolute(1e-4)),
      KnownValue("kappa", expected: 1.85990, found: point.minimum, .absolute(1e-4)),
    ]
  }

  /// A series against its coefficients; a difference of exact fractions is zero or not.
  private static func compare(_ what: String, _ found: PowerSeries<Rational>, _ expected: [Rational]) -> [KnownValue] {
    expected.enumerated().map { order, value in
      KnownValue(
        "\(what): \(value) at order \(order)", expected: value.approximation,
        found: found.coefficients[order] == value ? value.approximation : found.coefficients[order].approximation, .absolute(0))
    }
  }
  @Sendable private static func epsilonIsing() throws -> [KnownValue] {
    let series = try EpsilonExpansion(components: 1)
    return compare("nu", series.nu, [Rational(1, 2), Rational(1, 12), Rational(7, 162)])
      + compare("eta", series.eta, [.zero, .zero, Rational(1, 54), Rational(109, 5832)])
      + compare("omega", series.omega, [.zero, Rational(1), Rational(-17, 27)])
      + [
        KnownValue("nu at epsilon = 1", expected: 0.6265432, found: series.nu(Rational(1)).approximation, .absolute(5e-8)),
        KnownValue("eta at epsilon = 1", expected: 0.0372085, found: series.eta(Rational(1)).approximation, .absolute(5e-8)),
      ]
  }
  @Sendable private static func epsilonVectors() throws -> [KnownValue] {
    let two = try EpsilonExpansion(components: 2), three = try EpsilonExpansion(components: 3)
    return compare("N = 2: nu", two.nu, [Rational(1, 2), Rational(1, 10), Rational(11, 200)])
      + compare("N = 2: eta", two.eta, [.zero, .zero, Rational(1, 50), Rational(19, 1000)])
      + compare("N = 3: nu", three.nu, [Rational(1, 2), Rational(5, 44), Rational(345, 5324)])
      + compare("N = 3: eta", three.eta, [.zero, .zero, Rational(5, 242), Rational(2155, 117_128)])
  }

  private static let x = [1, 0.5, -0.3], y = [0.2, -1, 0.7]
  private static let erf = WideNetworkKernel(.erf, weightVariance: 1, biasVariance: 1)
  private static let relu = WideNetworkKernel(.relu, weightVariance: 2)

  private static let reluKurtoses = [0.15, 0.3075, 0.472875], erfKurtosis = 1.37307181

  @Sendable private static func kurtosis() -> [KnownValue] {
    var values: [KnownValue] = []
    for (index, expected) in reluKurtoses.enumerated() {
      let found = WideNetworkKernel.reluKurtosis(widths: [Int](repeating: 100, count: index + 1))
      values.append(
        KnownValue("ReLU, width 100, depth \(index + 1): excess kurtosis", expected: expected, found: found, .absolute(1e-8)))
    }
    let found = erf.scaledKurtosis(erf.input(x, x).xx)
    values.append(KnownValue("erf: N kappa_4 / kappa_2^2", expected: erfKurtosis, found: found, .absolute(1e-8)))
    return values
  }
  /// 200,000 networks in 100 blocks, jackknifed.
  @Sendable private static func sampledKurtosis() -> [KnownValue] {
    func sample(_ kernel: WideNetworkKernel, from variance: Double, depth: Int) -> [Estimate] {
      let streams = KeyedStreams(StreamKey.derive(seed: 1, study: "known-values", unit: "\(kernel.activation.rawValue)-kurtosis"))
      let network = RandomDeepNetwork(kernel, widths: [Int](repeating: 100, count: depth))
      var sums = BlockSums(observables: 2 * depth, blocks: 100)
      for replica in 0..<200_000 {
        sums.add(network.variances(from: variance, replica: replica, streams: streams).flatMap { [$0, $0 * $0] }, to: replica / 2000)
      }
      func excess(_ means: [Double], _ layer: Int) -> Double {
        let mean = means[2 * layer]
        return 3 * (means[2 * layer + 1] / (mean * mean) - 1)
      }
      return sums.jackknife { means in (0..<depth).map { excess(means, $0) } }
    }
    let found = sample(relu, from: relu.input(x, x).xx, depth: 3)
    // The output has no bias: its variance is that of the next layer without one.
    let shallow = sample(WideNetworkKernel(.erf, weightVariance: 1), from: erf.input(x, x).xx, depth: 1)[0]
    var values: [KnownValue] = []
    for (index, estimate) in found.enumerated() {
      values.append(
        KnownValue(
          "ReLU, width 100, depth \(index + 1), sampled", expected: reluKurtoses[index], found: estimate.value, error: estimate.error,
          .sigmas(4, largestError: 0.01)))
    }
    values.append(
      KnownValue(
        "erf, sampled", expected: erfKurtosis, found: 100 * shallow.value, error: 100 * shallow.error, .sigmas(4, largestError: 0.02)))
    return values
  }

  @Sendable private static func kernels() -> [KnownValue] {
    let pair = erf.input(x, y), same = erf.input(x, x)
    var layer = relu.input(x, y)
    let expected = [0.1533343818, 0.3844441631, 0.5210633001, 0.6108889205]
    var values = [
      KnownValue("erf: K(x,x)", expected: 0.5333389081, found: erf.expectation(same), .absolute(1e-9)),
      KnownValue("erf: K(x,y)", expected: 0.2756584720, found: erf.expectation(pair), .absolute(1e-9)),
    ]
    for (index, value) in expected.enumerated() {
      layer = relu.next(layer)
      values.append(KnownValue("ReLU: K_\(index + 1)(x,y)", expected: value, found: layer.xy, .absolute(1e-9)))
    }
    return values
  }
}
