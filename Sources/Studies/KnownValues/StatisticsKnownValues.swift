import Glibc
public import Runtime
import Statistics

/// Known values of the accumulators and error estimates: A12 and the moments of E1.
public enum StatisticsKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("A12", .fast, autocorrelationTime),
    Check("E1", .fast, mergedMoments),
  ]

  @Sendable private static func autocorrelationTime() throws -> [KnownValue] {
    let rho = 0.9
    var series = testGaussians(seed: 7, count: 1 << 16)
    for t in series.indices.dropFirst() { series[t] = rho * series[t - 1] + sqrt(1 - rho * rho) * series[t] }
    let found = try AutocorrelationTime(series)
    return [
      KnownValue("AR(1) rho=0.9: windowed tau", expected: 8.916975078059, found: found.tau.value, .absolute(1e-6)),
      KnownValue("AR(1) rho=0.9: window", expected: 54, found: Double(found.window), .absolute(0)),
      KnownValue(
        "AR(1) rho=0.9: exact tau", expected: (1 + rho) / (2 * (1 - rho)), found: found.tau.value, error: found.tau.error,
        .sigmas(4, largestError: 0.6)),
    ]
  }

  @Sendable private static func mergedMoments() -> [KnownValue] {
    let samples = testGaussians(seed: 5, count: 1000)
    let parts = [Moments(samples[..<300]), Moments(samples[300..<800]), Moments(samples[800...])]
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    return orders.flatMap { order in
      var all = Moments.empty
      for part in order { all.merge(parts[part]) }
      let label = "gauss(5,1000) merged in order \(order.map { String($0 + 1) }.joined())"
      return [
        KnownValue("\(label): mean", expected: 0.030672005115, found: all.mean, .absolute(1e-12)),
        KnownValue("\(label): M2", expected: 1015.547015783347, found: all.m2, .relative(1e-10)),
        KnownValue("\(label): M3", expected: -63.326029629502, found: all.m3, .relative(1e-10)),
        KnownValue("\(label): M4", expected: 3000.457685386647, found: all.m4, .relative(1e-10)),
      ]
    }
  }
}
