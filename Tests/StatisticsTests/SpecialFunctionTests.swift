import Glibc
import Oracles
import Statistics
import Testing

@Suite("Special functions and chi-squared")
struct SpecialFunctionTests {
  @Test("digamma has its closed values, its recurrence and its reflection")
  func digammaValues() {
    let euler = 0.57721566490153286061
    #expect(abs(digamma(1) + euler) < 1e-15)
    #expect(abs(digamma(0.5) + euler + 2 * log(2)) < 2e-15)
    #expect(abs(digamma(0.25) + euler + Double.pi / 2 + 3 * log(2)) < 4e-15)
    var harmonic = 0.0
    for n in 1...200 {
      #expect(abs(digamma(Double(n)) - (harmonic - euler)) < 5e-15)
      harmonic += 1 / Double(n)
    }
    for x in [0.1, 0.37, 0.9] {
      #expect(abs(digamma(1 - x) - digamma(x) - Double.pi / tan(Double.pi * x)) < 1e-13)
      #expect(abs(digamma(-x) - (digamma(1 - x) + 1 / x)) < 1e-13)
    }
    #expect(digamma(0).isNaN && digamma(-3).isNaN && digamma(.nan).isNaN)
  }

  @Test("the incomplete gamma function equals erfc, exponentials and Poisson sums, in both tails")
  func incompleteGamma() {
    for x in [1e-8, 0.1, 0.7, 1.4, 1.6, 5, 30, 300] {
      #expect(relative(regularizedIncompleteGamma(0.5, x).upper, erfc(sqrt(x))) < 2e-13)
      #expect(relative(regularizedIncompleteGamma(0.5, x).lower, erf(sqrt(x))) < 2e-13)
      #expect(relative(regularizedIncompleteGamma(1, x).upper, exp(-x)) < 2e-13)
      #expect(relative(regularizedIncompleteGamma(1, x).lower, -expm1(-x)) < 2e-13)
    }
    for a in [2, 15, 16, 17, 40, 150] {
      for factor in [0.3, 0.9, 1, 1.1, 2] {
        let x = Double(a) * factor
        // Q(a, x) = e^-x sum_{k<a} x^k/k!.
        var term = exp(-x)
        var sum = 0.0
        for k in 0..<a {
          sum += term
          term *= x / Double(k + 1)
        }
        #expect(relative(regularizedIncompleteGamma(Double(a), x).upper, sum) < 3e-13)
      }
    }
    // Wilson-Hilferty: near its median a - 1/3 the two halves are equal, to O(1/a).
    #expect(abs(regularizedIncompleteGamma(1e6, 1e6 - 1.0 / 3).lower - 0.5) < 1e-6)
    #expect(regularizedIncompleteGamma(0, 1).lower.isNaN && regularizedIncompleteGamma(1, -1).upper.isNaN)
    #expect(regularizedIncompleteGamma(2, 0) == (0, 1) && regularizedIncompleteGamma(2, .infinity) == (1, 0))
  }
  private func relative(_ found: Double, _ expected: Double) -> Double { abs(found - expected) / abs(expected) }

  @Test("chi-squared p-values of true multinomial counts are uniform; of false expectations they vanish")
  func chiSquaredUniform() {
    var random = SplitMix64(seed: 99)
    let probabilities = [0.4, 0.3, 0.15, 0.1, 0.03, 0.02]
    var deciles = [Int](repeating: 0, count: 10)
    let runs = 1000
    for _ in 0..<runs {
      var counts = [Int](repeating: 0, count: 6)
      for _ in 0..<1000 {
        var u = random.uniform()
        var bin = 0
        while bin < 5 && u >= probabilities[bin] {
          u -= probabilities[bin]
          bin += 1
        }
        counts[bin] += 1
      }
      let test = chiSquared(counts: counts, expected: probabilities.map { 1000 * $0 })
      #expect(test.degreesOfFreedom == 5)
      deciles[min(Int(test.pValue * 10), 9)] += 1
      let wrong = chiSquared(counts: counts, expected: [0.3, 0.4, 0.15, 0.1, 0.03, 0.02].map { 1000 * $0 })
      #expect(wrong.pValue < 1e-3)
    }
    // 100 expected in each decile, sigma 9.5: 4 sigma.
    #expect(deciles.allSatisfy { abs($0 - runs / 10) < 38 })
  }

  @Test("bins below ten expected are pooled with their neighbours and nothing is dropped")
  func pooling() {
    let test = chiSquared(counts: [3, 4, 6, 30, 2, 1], expected: [4, 4, 4, 28, 3, 3])
    // Pools: (13 of 12), (33 of 34).
    #expect(test.degreesOfFreedom == 1)
    #expect(abs(test.statistic - (1.0 / 12 + 1.0 / 34)) < 1e-14)
    #expect(chiSquared(counts: [5], expected: [5]).pValue.isNaN)
    #expect(chiSquared(counts: [20, 20], expected: [20, .nan]).pValue.isNaN)
  }
}
