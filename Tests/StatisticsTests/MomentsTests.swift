import Glibc
import Oracles
import Statistics
import Testing

/// Central sums in two passes.
private func centralSums(_ x: [Double]) -> [Double] {
  let mean = x.reduce(0, +) / Double(x.count)
  return [mean] + [2, 3, 4].map { k in x.reduce(0) { $0 + pow($1 - mean, Double(k)) } }
}

private func close(_ found: [Double], _ expected: [Double], relative: Double) -> Bool {
  zip(found, expected).allSatisfy { abs($0 - $1) <= relative * abs($1) }
}

@Suite("Moments")
struct MomentsTests {
  @Test("moments merged over any split equal two-pass sums, even far from zero")
  func splits() {
    for offset in [0.0, 1e4] {
      let x = gauss(seed: 21, count: 900).map { $0 * $0 + offset }
      let expected = centralSums(x)
      for cuts in [[0, 900], [300, 600], [1, 2], [450, 450], [899, 900]] {
        let parts = [Moments(x[..<cuts[0]]), Moments(x[cuts[0]..<cuts[1]]), Moments(x[cuts[1]...])]
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
          var all = Moments.empty
          for i in order { all.merge(parts[i]) }
          #expect(all.count == 900)
          #expect(close([all.mean, all.m2, all.m3, all.m4], expected, relative: offset == 0 ? 1e-12 : 1e-8))
        }
      }
    }
  }

  @Test("empty is neutral on both sides, bit for bit")
  func neutral() {
    let moments = Moments(gauss(seed: 3, count: 10))
    var left = Moments.empty
    left.merge(moments)
    var right = moments
    right.merge(.empty)
    #expect(left == moments)
    #expect(right == moments)
  }

  @Test("skewness and excess kurtosis of a biased coin are those of Bernoulli")
  func shape() {
    let coin = Moments((0..<1000).map { $0 < 200 ? 1.0 : 0.0 })
    let (p, q) = (0.2, 0.8)
    #expect(abs(coin.skewness - (q - p) / sqrt(p * q)) < 1e-12)
    #expect(abs(coin.excessKurtosis - (1 - 6 * p * q) / (p * q)) < 1e-11)
    #expect(abs(coin.variance - p * q * 1000 / 999) < 1e-14)
  }

  @Test("no sample and one sample have no variance, and a sample that is no number is not hidden")
  func edges() {
    #expect(Moments().variance.isNaN)
    #expect(Moments([1.5]).variance.isNaN)
    #expect(Moments().estimate.value.isNaN)
    #expect(Moments([1.5]).estimate.value == 1.5)
    #expect(Moments([1, .nan, 2]).mean.isNaN)
  }
}

@Suite("Histogram and quadrature")
struct HistogramTests {
  @Test("the error of a part is half the interval of p within one sigma of which the part lies, also where all came out")
  func parts() {
    for (found, count) in [(0, 1), (1, 1), (3, 10), (10, 10), (0, 2000), (1990, 2000)] {
      let estimate = Estimate(part: found, of: count), n = Double(count), part = Double(found) / n
      // The ends of the interval, by bisection of (part - p)^2 n = p (1 - p) from p = part, or an end of [0, 1], outwards.
      func end(_ side: Double) -> Double {
        var inner = part, outer = side
        for _ in 0..<200 {
          let p = (inner + outer) / 2
          if (part - p) * (part - p) * n <= p * (1 - p) { inner = p } else { outer = p }
        }
        return inner
      }
      #expect(estimate.value == part)
      #expect(abs(estimate.error - (end(1) - end(0)) / 2) < 1e-9, "\(found) of \(count)")
    }
  }

  @Test("a histogram places edges, outliers and undefined samples, and merges exactly")
  func places() {
    var a = Histogram(bins: 4, from: -1, to: 1)
    for x in [-1.0, -0.5, -0.01, 0, 0.999999, 1, -1.1, .infinity, .nan] { a.add(x) }
    #expect(a.counts == [1, 2, 1, 1])
    #expect([a.below, a.above, a.undefined] == [1, 2, 1])
    #expect(a.total == 9)
    #expect((0...4).map(a.edge) == [-1, -0.5, 0, 0.5, 1])
    var b = Histogram.empty
    b.merge(a)
    b.merge(.empty)
    #expect(b == a)
    b.merge(a)
    #expect(b.counts == [2, 4, 2, 2] && b.total == 18)
  }

  @Test("Gauss-Legendre with n nodes integrates degree 2n - 1 exactly and not degree 2n")
  func quadrature() {
    for n in [1, 2, 3, 8, 17, 64] {
      let rule = GaussLegendre(nodes: n)
      for degree in [0, 1, 2 * n - 2, 2 * n - 1] where degree >= 0 {
        let exact = 1 / Double(degree + 1)
        #expect(abs(rule.integral(from: 0, to: 1) { pow($0, Double(degree)) } - exact) < 1e-14)
      }
      if n <= 8 {
        let miss = rule.integral(from: 0, to: 1) { pow($0, Double(2 * n)) } - 1 / Double(2 * n + 1)
        #expect(abs(miss) > 1e-11)
      }
    }
  }
}
