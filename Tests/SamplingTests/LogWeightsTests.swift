import Glibc
import Laws
import Oracles
import Statistics
import Testing

@Suite struct LogWeightsTests {
  private let z = gauss(seed: 5, count: 1000)

  @Test("Weights that span e^300 give the mean and the effective sample size of the acceptance table")
  func steepWeights() {
    let weights = LogWeights(z.map { 50 * $0 })
    #expect(abs(weights.logMean - 137.818788546991) <= 1e-10)
    #expect(abs(weights.effectiveSampleSize - 1.263897858) <= 1e-9)
  }

  @Test("Delta method and jackknife give the errors of the acceptance table")
  func errors() {
    let logs = z.map { 0.5 * $0 }, weights = LogWeights(logs)
    #expect(abs(weights.logMean - 0.140705963770) <= 1e-10)
    #expect(abs(weights.standardError - 0.016565586824) <= 1e-10)
    #expect(abs(LogWeights.jackknifeStandardError(of: logs) - 0.016571897091) <= 1e-10)
  }

  @Test("Merging is associative to rounding, with parts that are empty, zero, huge and tiny")
  func mergeable() throws {
    var parts = stride(from: 0, to: 40, by: 4).map { LogWeights(z[$0..<$0 + 4].map { 50 * $0 }) }
    parts.insert(.empty, at: 3)
    parts.insert(LogWeights([-.infinity, -.infinity]), at: 5)
    parts.insert(LogWeights([900]), at: 7)
    parts.append(LogWeights([-900]))
    func close(_ a: LogWeights, _ b: LogWeights) -> Bool {
      a.count == b.count && a.maximum == b.maximum && abs(a.scaledSum - b.scaledSum) <= 1e-13 * abs(a.scaledSum)
        && abs(a.scaledSumOfSquares - b.scaledSumOfSquares) <= 1e-13 * abs(a.scaledSumOfSquares)
    }
    try mergeLaws(parts, equal: close)
    try mergeLaws(Array(parts.prefix(6)), equal: close)
    #expect(throws: LawViolation.self) { try mergeLaws(parts) { a, b in close(a, b) && a.count < 20 } }
  }

  @Test("A weight of zero counts as an observation")
  func zeroWeights() {
    let weights = LogWeights([0, -.infinity])
    #expect(abs(weights.logMean + log(2)) <= 1e-15)
    #expect(weights.effectiveSampleSize == 1)
    #expect(LogWeights([-.infinity]).logMean == -.infinity)
    #expect(LogWeights.empty.logMean.isNaN)
  }

  @Test("Equal weights have no error and their number as effective sample size")
  func equalWeights() {
    let weights = LogWeights([Double](repeating: -1234.5, count: 17))
    #expect(abs(weights.logMean + 1234.5) <= 1e-12)
    #expect(weights.effectiveSampleSize == 17)
    #expect(weights.standardError == 0)
  }

  @Test("One dominating weight does not cancel in the jackknife")
  func dominatingWeight() {
    // Without the large weight the mean is e^0, with it e^100 / 3: SE = sqrt(2/3 * (2/3) d^2), d the difference of the
    // two kinds of left-out estimates.
    let d = 100 - M_LN2, expected = (2.0 / 3.0 * (2.0 / 3.0) * d * d).squareRoot()
    #expect(abs(LogWeights.jackknifeStandardError(of: [100, 0, 0]) - expected) <= 1e-12)
  }

  @Test("Saved and read back, log-weights are the same bits")
  func checkpoint() throws {
    try checkpointLaws(LogWeights(z.map { 50 * $0 }), equal: ==)
    try checkpointLaws(LogWeights.empty, equal: ==)
  }
}
