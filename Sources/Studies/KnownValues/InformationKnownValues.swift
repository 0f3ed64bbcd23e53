import Glibc
import InformationTheory
public import Runtime

/// Known values of discrete information: D1 and D2.
public enum InformationKnownValues {
  /// The checks, in the order of the acceptance table.
  public static let checks: [Check] = [
    Check("D1", .fast, gaussian),
    Check("D1", .slow, histograms),
    Check("D2", .fast, entropies),
  ]

  private static let binned: [(correlation: Double, bins: Int, range: Double, nats: Double)] = [
    (0.5, 10, 3, 0.134022900586), (0.9, 30, 4, 0.805904538863), (0.9, 8, 3, 0.668811957381),
  ]

  @Sendable private static func gaussian() -> [KnownValue] {
    let closed = [(0.5, 0.143841036226), (0.9, 0.830365603411)].map { rho, nats in
      KnownValue(
        "normal pair rho=\(rho): I", expected: nats, found: gaussianMutualInformation(correlation: rho), .absolute(1e-9))
    }
    return closed
      + binned.map { row in
        let law = BinnedGaussian(correlation: row.correlation, bins: row.bins, range: row.range)
        return KnownValue("\(label(row)): I", expected: row.nats, found: law.mutualInformation, .absolute(1e-9))
      }
  }

  /// A million samples in 100 blocks: the bias-corrected estimate against the exact binned value.
  @Sendable private static func histograms() -> [KnownValue] {
    binned.enumerated().map { index, row in
      let law = BinnedGaussian(correlation: row.correlation, bins: row.bins, range: row.range)
      let spread = sqrt(1 - row.correlation * row.correlation)
      var generator = ReferenceGenerator(seed: 100 + UInt64(index))
      let blocks = (0..<100).map { _ in
        var counts = JointCounts(rows: row.bins, columns: row.bins)
        for _ in 0..<10_000 {
          let (x, z) = generator.gaussianPair()
          counts.add(row: law.bin(of: x), column: law.bin(of: row.correlation * x + spread * z))
        }
        return counts
      }
      let found = mutualInformation(blocks: blocks, estimator: .millerMadow)
      return KnownValue(
        "\(label(row)): I from 10^6 samples", expected: row.nats, found: found.nats, error: found.standardError,
        .sigmas(4, largestError: 0.002))
    }
  }

  @Sendable private static func entropies() -> [KnownValue] {
    let counts = [4, 2, 3, 1, 1, 0, 5]
    let expected: [(EntropyEstimator, Double)] = [
      (.plugIn, 1.630432582629), (.millerMadow, 1.786682582629), (.grassberger, 1.917951567701),
      (.chaoShen, 1.832837180014),
    ]
    return expected.map {
      KnownValue("counts 4 2 3 1 1 0 5: H, \($0.rawValue)", expected: $1, found: $0.entropy(counts), .absolute(1e-9))
    }
  }

  private static func label(_ row: (correlation: Double, bins: Int, range: Double, nats: Double)) -> String {
    "normal pair rho=\(row.correlation), \(row.bins) bins to \(Int(row.range))"
  }
}
