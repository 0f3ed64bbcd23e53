import Glibc
import Oracles
import Statistics
import Testing

@Suite("Series")
struct SeriesTests {
  @Test("tau of AR(1) lies within its errors over 40 seeds, and so does the mean")
  func autoregressive() throws {
    for rho in [0.0, 0.5, 0.9] {
      let exact = autoregressiveTime(correlation: rho)
      var z = Moments()
      var pulls = Moments()
      for seed in 1...40 {
        let series = autoregressiveSeries(correlation: rho, noise: gauss(seed: UInt64(1000 + seed), count: 1 << 14))
        let found = try AutocorrelationTime(series)
        // The window cuts a tail of about e^-6 off: small against the statistical error.
        let score = (found.tau.value - exact) / found.tau.error
        #expect(abs(score) < 4)
        #expect(found.isReliable)
        z.add(score)
        pulls.add(found.mean.value / found.mean.error)
      }
      #expect(abs(z.mean) < 0.7)
      #expect(z.variance < 2)
      #expect(abs(pulls.mean) < 0.5)
      #expect(pulls.variance > 0.5 && pulls.variance < 1.8)
    }
  }

  @Test(
    "alternating series have the error of their mean, over 60 seeds: squares of pulls average to 1 within 3 sigma",
    arguments: [-0.3, -0.4, -0.7, -0.9])
  func alternating(rho: Double) throws {
    var squares = 0.0, taus = Moments()
    for seed in 1...60 {
      let series = autoregressiveSeries(correlation: rho, noise: gauss(seed: UInt64(9000 + seed), count: 1 << 13))
      let found = try AutocorrelationTime(series)
      taus.add(found.tau.value)
      squares += (found.mean.value / found.mean.error) * (found.mean.value / found.mean.error) / 60
    }
    #expect(abs(squares - 1) < 3 * (2.0 / 60).squareRoot())
    #expect(abs(taus.mean / autoregressiveTime(correlation: rho) - 1) < 0.15)
  }

  @Test(
    "a window that would close in a dip of the sum costs no factor in the error: AR(2), squares of pulls over 200 seeds within 3 sigma of 1",
    arguments: [1, 128])
  func dip(chains: Int) throws {
    // rho = -0.04, -0.31, 0.03, ...: the sum is 0.46, 0.15, 0.18, ... and ends at 0.24.
    let a = -0.0524, b = -0.31
    var squares = 0.0
    for seed in 1...200 {
      let z = gauss(seed: UInt64(12_000 + seed), count: 1 << 12)
      var x = z
      for t in 2..<x.count { x[t] = a * x[t - 1] + b * x[t - 2] + z[t] }
      let rows = x.count / chains, found = try AutocorrelationTime(chains: (0..<chains).map { Array(x[$0 * rows..<($0 + 1) * rows]) })
      squares += (found.mean.value / found.mean.error) * (found.mean.value / found.mean.error) / 200
    }
    #expect(abs(squares - 1) < 3 * (2.0 / 200).squareRoot(), "\(squares)")
  }

  @Test(
    "the windowed estimate equals a direct evaluation of its definition, for several chains and windows of hundreds of lags too",
    arguments: [(0.6, 1), (0.985, 20)])
  func definition(correlation: Double, scale: Int) throws {
    let chains = [(31, 500 * scale), (32, 301 * scale), (33, 64)].map {
      autoregressiveSeries(correlation: correlation, noise: gauss(seed: UInt64($0.0), count: $0.1)).map { $0 + 3 }
    }
    let found = try AutocorrelationTime(chains: chains)
    let all = chains.flatMap { $0 }
    let mean = all.reduce(0, +) / Double(all.count)
    func gamma(_ lag: Int) -> Double {
      var sum = 0.0
      for x in chains {
        for i in 0..<max(0, x.count - lag) { sum += (x[i] - mean) * (x[i + lag] - mean) }
      }
      return sum / Double(all.count)
    }
    var tau = 0.5
    var window = 0
    repeat {
      window += 1
      tau += gamma(window) / gamma(0)
    } while Double(window) < 6 * tau
    #expect(found.window == window && (window > 200) == (correlation > 0.9))
    #expect(abs(found.tau.value - tau) < 1e-12 * tau)
    #expect(abs(found.tau.error - tau * sqrt(2 * Double(2 * window + 1) / Double(all.count))) < 1e-12)
    #expect(abs(found.mean.value - mean) < 1e-13)
    #expect(abs(found.mean.error - sqrt(2 * tau * gamma(0) / Double(all.count))) < 1e-13)
    #expect(!found.isReliable)
  }

  @Test("the binning plateau agrees with the error from tau")
  func plateau() throws {
    let chains = (0..<8).map { autoregressiveSeries(correlation: 0.8, noise: gauss(seed: UInt64(50 + $0), count: 1 << 14)) }
    let error = try AutocorrelationTime(chains: chains).mean.error
    let levels = try binning(chains: chains)
    let plateau = try #require(levels.first { $0.size == 256 })
    // 512 bins: the plateau's own error is 3 %.
    #expect(abs(plateau.error / error - 1) < 0.12)
    #expect(levels[0].error < 0.4 * error)
    #expect(levels.last!.bins >= 20)
  }

  @Test("R-hat is near one for chains of one law and large for chains apart")
  func reduction() throws {
    let chains = (0..<4).map { gauss(seed: UInt64(70 + $0), count: 4000) }
    #expect(abs(try potentialScaleReduction(chains: chains) - 1) < 0.002)
    var apart = chains
    apart[0] = apart[0].map { $0 + 1 }
    #expect(try potentialScaleReduction(chains: apart) > 1.1)
    #expect(try potentialScaleReduction(chains: [[2, 2], [2, 2]]) == 1)
    #expect(try potentialScaleReduction(chains: [[2, 2], [3, 3]]) == .infinity)
  }

  @Test("a constant series has tau 1/2 and no error; bad series are refused with their place")
  func bad() throws {
    let constant = try AutocorrelationTime([3, 3, 3, 3])
    #expect(constant.tau == Estimate(value: 0.5, error: 0) && constant.mean == Estimate(value: 3, error: 0))
    #expect(throws: SeriesError.noChains) { try AutocorrelationTime(chains: []) }
    #expect(throws: SeriesError.tooFewSamples(chain: 1, found: 1, required: 2)) {
      try AutocorrelationTime(chains: [[1, 2], [1]])
    }
    #expect(throws: SeriesError.notFinite(chain: 0, index: 2)) { try AutocorrelationTime([1, 2, .nan]) }
    #expect(throws: SeriesError.notFinite(chain: 1, index: 0)) { try binning(chains: [[1, 2], [.infinity]]) }
    #expect(throws: SeriesError.unequalLengths(chain: 1, found: 3, expected: 2)) {
      try potentialScaleReduction(chains: [[1, 2], [1, 2, 3]])
    }
    // A trend never decorrelates inside the chain.
    #expect(!(try AutocorrelationTime((0..<50).map(Double.init))).isReliable)
  }
}

@Suite("Jackknife")
struct JackknifeTests {
  @Test("of a mean over blocks of one sample the jackknife gives the usual standard error")
  func linear() {
    let x = gauss(seed: 8, count: 200)
    let total = x.reduce(0, +)
    let found = jackknife(blocks: 200) { left in
      [left.map { (total - x[$0]) / 199 } ?? total / 200]
    }
    #expect(abs(found[0].error / Moments(x).standardError - 1) < 1e-12)
    #expect(found[0].value == total / 200)
  }

  @Test("pulls of a nonlinear function of a correlated series have mean 0 and variance 1 over 100 seeds")
  func pulls() {
    // For x of variance 1 and mean 0: <x^2> - <x>^2 = 1 and ln<e^(x/2)> = 1/8.
    var pulls = [Moments(), Moments()]
    for seed in 0..<100 {
      let x = autoregressiveSeries(correlation: 0.5, noise: gauss(seed: UInt64(500 + seed), count: 16384))
      var sums = BlockSums(observables: 3, blocks: 64)
      for (t, value) in x.enumerated() { sums.add([value, value * value, exp(value / 2)], to: t / 256) }
      let found = sums.jackknife { [$0[1] - $0[0] * $0[0], log($0[2])] }
      pulls[0].add((found[0].value - 1) / found[0].error)
      pulls[1].add((found[1].value - 0.125) / found[1].error)
    }
    for pull in pulls {
      #expect(abs(pull.mean) < 0.3)
      #expect(abs(pull.variance - 1) < 0.4)
    }
  }

  @Test("block sums filled by different owners merge to the bits of one owner, in any order")
  func owners() {
    let x = gauss(seed: 12, count: 120)
    var whole = BlockSums(observables: 1, blocks: 12)
    var parts = [BlockSums](repeating: whole, count: 3)
    for (t, value) in x.enumerated() {
      whole.add([value], to: t / 10)
      parts[t / 10 % 3].add([value], to: t / 10)
    }
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
      var merged = BlockSums.empty
      for i in order { merged.merge(parts[i]) }
      #expect(merged == whole)
      #expect(merged.jackknife { $0 } == whole.jackknife { $0 })
    }
  }

  @Test("fewer than two blocks give a value without an error, and what the estimate throws comes out")
  func edges() throws {
    let one = jackknife(blocks: 1) { _ in [2.0] }
    #expect(one[0].value == 2 && one[0].error.isNaN)
    let empty = BlockSums(observables: 1, blocks: 4).jackknife { $0 }
    #expect(empty[0].value.isNaN && empty[0].error.isNaN)
    #expect(throws: SeriesError.noChains) {
      try jackknife(blocks: 3) { (_: Int?) throws(SeriesError) -> [Double] in throw .noChains }
    }
  }
}
