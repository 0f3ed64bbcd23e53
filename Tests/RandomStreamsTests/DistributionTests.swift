import RandomStreams
import Testing

/// All statistical claims here hold within 4.5 sigma of the exact mean for fixed keys.
@Suite struct DistributionTests {
  let key = StreamKey.derive(seed: 2, study: "test", unit: "distributions")

  /// Whether `found` is the mean of `count` draws with this mean and variance.
  func isMean(_ found: Double, _ mean: Double, variance: Double, count: Int) -> Bool {
    abs(found - mean) <= 4.5 * (variance / Double(count)).squareRoot()
  }

  @Test("uniform and normal numbers have their first four moments, from two generators") func moments() {
    func check(_ streams: some Streams) {
      var random = streams.generator(replica: 0, step: 0, site: 0, purpose: .initial)
      let n = 200_000
      var uniform = (0.0, 0.0), normal = [0.0, 0.0, 0.0, 0.0], product = 0.0
      for _ in 0..<n {
        let u = random.uniform()
        #expect(u >= 0 && u < 1)
        uniform.0 += u / Double(n)
        uniform.1 += u * u / Double(n)
        let (x, y) = random.normalPair()
        for p in 0..<4 { normal[p] += (0...p).reduce(1) { z, _ in z * x } / Double(n) }
        product += x * y / Double(n)
      }
      #expect(isMean(uniform.0, 0.5, variance: 1.0 / 12, count: n))
      #expect(isMean(uniform.1, 1.0 / 3, variance: 4.0 / 45, count: n))
      #expect(isMean(normal[0], 0, variance: 1, count: n))
      #expect(isMean(normal[1], 1, variance: 2, count: n))
      #expect(isMean(normal[2], 0, variance: 15, count: n))
      #expect(isMean(normal[3], 3, variance: 96, count: n))
      #expect(isMean(product, 0, variance: 1, count: n))
    }
    check(KeyedStreams(key))
    check(PhiloxStreams(key))
  }

  @Test("a decision is true with its probability, one at a time, 64 and 512 at a time") func bernoulli() {
    let streams = KeyedStreams(key)
    for (site, p) in [0.5, 0.25, 0.8, 1.0 / 3, 0.001, 0.999].enumerated() {
      var random = streams.generator(replica: 0, step: 0, site: site, purpose: .bond)
      var lanes = streams.lanes(replica: 0, step: 0, site: site, purpose: .bond)
      let mask = random.word() | 1, odds = UniformOdds(p), wide = SIMD8(repeating: mask)
      let n = 60_000
      var single = 0, accepted = 0, words = 0, blocks = 0
      var series = streams.series(replica: 0, step: 0, site: site, purpose: .bond)
      for _ in 0..<n {
        single += random.bernoulli(p) ? 1 : 0
        accepted += series.accepts(p) ? 1 : 0
      }
      #expect(series.accepts(1) && !series.accepts(0))
      #expect(isMean(Double(accepted) / Double(n), p, variance: p * (1 - p), count: n))
      for _ in 0..<n / 20 {
        let word = random.bernoulliWord(p, where: mask)
        #expect(word & ~mask == 0)
        words += word.nonzeroBitCount
        let block = lanes.bernoulli(odds, where: wide)
        #expect(block & ~wide == SIMD8())
        blocks += (0..<8).reduce(0) { $0 + block[$1].nonzeroBitCount }
      }
      #expect(isMean(Double(single) / Double(n), p, variance: p * (1 - p), count: n))
      let w = n / 20 * mask.nonzeroBitCount
      #expect(isMean(Double(words) / Double(w), p, variance: p * (1 - p), count: w))
      #expect(isMean(Double(blocks) / Double(8 * w), p, variance: p * (1 - p), count: 8 * w))
    }
  }

  @Test("2048 decisions at a time have their probabilities, and those at one bit are independent, open ones too") func fourGroups() {
    let streams = KeyedStreams(key)
    for (site, p) in [0.2, 1.0 / 3, 0.001, 0.999, 0x1p-9, 0.5 + 0x1p-12, 1.0.nextDown].enumerated() {
      var lanes = streams.lanes(replica: 1, step: 0, site: site, purpose: .bond)
      let odds = UniformOdds(p), all = SIMD8<UInt64>(repeating: ~0), n = 1000
      func count(_ bits: SIMD8<UInt64>) -> Int { (0..<8).reduce(0) { $0 + bits[$1].nonzeroBitCount } }
      var single = [0, 0, 0, 0], pairs = [0, 0, 0], masked = 0
      for _ in 0..<n {
        // All four groups leave the same bits open: one in 128 of them is decided after the others.
        let on = lanes.bernoulliFour((odds, odds, odds, odds), where: (all, all, all, all))
        for (k, bits) in [on.0, on.1, on.2, on.3].enumerated() { single[k] += count(bits) }
        for (k, bits) in [on.0 & on.1, on.1 & on.2, on.0 & on.3].enumerated() { pairs[k] += count(bits) }
        let half = SIMD8<UInt64>(repeating: 0x00FF_00FF_F0F0_5555), none = SIMD8<UInt64>()
        let part = lanes.bernoulliFour((odds, odds, odds, odds), where: (half, none, ~half, none))
        #expect(part.1 == none && part.3 == none && part.0 & ~half == none && part.2 & half == none)
        masked += count(part.0 | part.2)
      }
      for found in single + [masked] { #expect(isMean(Double(found) / Double(512 * n), p, variance: p * (1 - p), count: 512 * n)) }
      let square = p * p
      for found in pairs { #expect(isMean(Double(found) / Double(512 * n), square, variance: square * (1 - square), count: 512 * n)) }
    }
  }

  @Test("probabilities 0 and 1 are certain and use no randomness") func certain() {
    var random = KeyedStreams(key).generator(replica: 0, step: 0, site: 0, purpose: .bond)
    var untouched = random
    #expect(!random.bernoulli(0) && random.bernoulli(1) && !random.bernoulli(-1) && random.bernoulli(2))
    #expect(random.bernoulliWord(0, where: 7) == 0 && random.bernoulliWord(1, where: 7) == 7)
    #expect(random.index(below: 1) == 0)
    #expect(random.word() == untouched.word())
  }

  @Test("indices are uniform for ranges that do not divide 2^64") func indices() {
    var random = KeyedStreams(key).generator(replica: 0, step: 0, site: 0, purpose: .proposal)
    for count in [2, 3, 7, 10] {
      let n = 70_000
      var counts = [Int](repeating: 0, count: count)
      for _ in 0..<n { counts[random.index(below: count)] += 1 }
      let p = 1 / Double(count)
      for c in counts { #expect(isMean(Double(c) / Double(n), p, variance: p * (1 - p), count: n)) }
    }
    // With count = 3 * 2^61 a multiplication without rejection would favour some thirds by 4/3.
    let large = 3 << 61
    var low = 0
    let n = 30_000
    for _ in 0..<n { low += random.index(below: large) % 3 == 0 ? 1 : 0 }
    #expect(isMean(Double(low) / Double(n), 1.0 / 3, variance: 2.0 / 9, count: n))
  }

  @Test("all permutations of four elements are equally likely") func permutations() {
    var random = KeyedStreams(key).generator(replica: 0, step: 0, site: 0, purpose: .permutation)
    var counts: [[Int]: Int] = [:]
    let n = 48_000
    for _ in 0..<n { counts[random.permutation(count: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    for c in counts.values { #expect(isMean(Double(c) / Double(n), 1.0 / 24, variance: 23.0 / 576, count: n)) }
    #expect(random.permutation(count: 0) == [] && random.permutation(count: 1) == [0])
  }

  @Test("the lanes and consecutive words of a lane generator are uncorrelated bit by bit") func lanes() {
    var random = KeyedStreams(key).lanes(replica: 3, step: 5, site: 7, purpose: .acceptance)
    let n = 20_000
    var agree = [Int](repeating: 0, count: 64), serial = 0
    var previous = random.next()
    for _ in 0..<n {
      let words = random.next()
      for i in 0..<8 { for j in 0..<i { agree[8 * i + j] += (words[i] ^ words[j]).nonzeroBitCount } }
      serial += (0..<8).reduce(0) { $0 + (words[$1] ^ previous[$1]).nonzeroBitCount }
      previous = words
    }
    for i in 0..<8 {
      for j in 0..<i { #expect(isMean(Double(agree[8 * i + j]) / Double(64 * n), 0.5, variance: 0.25, count: 64 * n)) }
    }
    #expect(isMean(Double(serial) / Double(512 * n), 0.5, variance: 0.25, count: 512 * n))
  }
}
