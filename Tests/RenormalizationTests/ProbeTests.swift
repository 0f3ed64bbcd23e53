import Glibc
import Laws
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct ProbeTests {
  static let torus = SmallTorus(coupling: 0.4)
  static let count = 20_000
  static let samples = torus.samples(count, seed: 51)
  private let blocks = SampleBlocks(samples: ProbeTests.count, blocks: 20)

  private func near(_ found: Estimate, _ exact: Double, _ sigmas: Double = 4) -> Bool {
    found.error > 0 && abs(found.value - exact) < sigmas * found.error
  }
  /// I in nats of two fair spins with correlation c.
  private func information(_ c: Double) -> Double {
    0.5 * ((1 + c) * log(1 + c) + (1 - c) * log(1 - c))
  }

  @Test("magnetisation of the 4x4 Ising model comes within 4 sigma of enumeration")
  func magnetization4x4() throws {
    let probe = MagnetizationProbe(units: 16, samples: blocks)
    var counts = probe.noCounts
    try probe.count(Self.samples, firstSample: 0, into: &counts)
    let found = probe.result(counts)
    #expect(near(found.absolute, Self.torus.mean { Double(abs(magnetization($0))) / 16 }))
    #expect(near(found.square, Self.torus.mean { Double(magnetization($0) * magnetization($0)) / 256 }))
    #expect(found.absolute.error < 0.005)
  }

  @Test("correlations and mutual information at distance 1 and 2 of the 4x4 Ising model come within 4 sigma of enumeration")
  func pairs4x4() throws {
    let probe = try PairProbe(sites: .lattice([4, 4]), distances: [1, 2, 3, 1.5], samples: blocks)
    #expect(probe.pairs.map(\.count) == [32, 32, 0, 0])
    var counts = probe.noCounts
    try probe.count(Self.samples, firstSample: 0, into: &counts)
    let found = probe.results(counts)
    #expect(found[2] == nil && found[3] == nil)
    for (index, other) in [(0, 1), (1, 2)] {
      let exact = Self.torus.mean { product($0, 0, other) }, result = try #require(found[index])
      #expect(near(result.correlation, exact) && result.correlation.error < 0.01)
      #expect(near(result.mutualInformation, information(exact)))
      #expect(abs(result.connected.value - result.correlation.value) < 0.01)
    }
  }

  @Test("pair counts are the brute-force counts, for any number of samples and any blocks")
  func pairsBruteForce() throws {
    let places: [SIMD2<Float>] = (0..<70).map { unit in
      let x = Float(unit % 9) * 0.9, y = Float(unit * 7 % 13) * 0.6
      return SIMD2(x, y)
    }
    func distance(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> Double {
      let x = abs(Double(a.x - b.x)), y = abs(Double(a.y - b.y))
      let dx = min(x, 8 - x), dy = min(y, 8 - y)
      return (dx * dx + dy * dy).squareRoot()
    }
    let spins = randomSpins(.placed(places, on: [8, 8]), count: 203, seed: 52)
    let probe = try PairProbe(
      sites: spins.sites, distances: [2, 3.5], units: Array(stride(from: 0, to: 70, by: 2)), samples: SampleBlocks(samples: 203, blocks: 3))
    var counts = probe.noCounts
    try probe.count(spins, firstSample: 0, into: &counts)
    for (k, pairs) in probe.pairs.enumerated() {
      #expect(pairs.count > 20)
      var both = 0, neither = 0
      for pair in pairs {
        let a = Int(pair.x), b = Int(pair.y)
        #expect(a % 2 == 0 && b % 2 == 0 && a < b)
        #expect(abs(distance(places[a], places[b]) - [2, 3.5][k]) <= 0.500001)
        for row in 0..<203 {
          if spins[row, a] && spins[row, b] { both += 1 }
          if !spins[row, a] && !spins[row, b] { neither += 1 }
        }
      }
      let total = counts.total()
      #expect(total[3 * k] == both && total[3 * k + 2] == neither && total[3 * k + 1] == 203 * pairs.count - both - neither)
    }
  }

  @Test("independent spins have no correlation and no mutual information within 4 sigma")
  func independent() throws {
    let spins = randomSpins(.lattice([8, 8]), count: 20_000, seed: 53), blocks = SampleBlocks(samples: 20_000, blocks: 20)
    let pairs = try PairProbe(sites: spins.sites, spacing: 2, distances: [2, 4, 8], samples: blocks)
    var counts = pairs.noCounts
    try pairs.count(spins, firstSample: 0, into: &counts)
    for result in pairs.results(counts) {
      let result = try #require(result)
      #expect(near(result.correlation, 0) && near(result.mutualInformation, 0))
    }
    // A coarse unit that is a coin knows nothing of the spins around it.
    let coins = randomSpins(.placed([SIMD2(0.5, 7.5)], on: [8, 8]), count: 20_000, seed: 54)
    let probe = try NeighbourhoodProbe(
      centres: [SIMD2(0.5, 7.5)], shape: [8, 8], pooled: false, samples: SampleBlocks(samples: 20_000, blocks: 1))
    var table = probe.noCounts
    try probe.count(coarse: coins, fine: spins, firstSample: 0, into: &table)
    // Chi-squared with 15 and 511 degrees of freedom over 2N: standard deviations sqrt(2 dof) / 2N.
    #expect(abs(probe.result(table).plaquette.value) < 4 * 30.0.squareRoot() / 40_000)
    #expect(abs(probe.result(table).block.value) < 4 * 1022.0.squareRoot() / 40_000)
  }

  @Test("a unit that copies one of its nine sites has all of that spin's entropy, in 3x3 always, in 2x2 if it lies there")
  func copies() throws {
    let spins = randomSpins(.lattice([6, 6]), count: 8000, seed: 55)
    // Centre (5.6, 0.2) on the torus: nearest site (0, 0), plaquette rows 5, 0 and columns 0, 1.
    let centre = SIMD2<Float>(5.6, 0.2)
    for (site, inPlaquette) in [(0, true), (1, true), (30, true), (31, true), (5, false), (6, false), (35, false), (7, false)] {
      var unit = Configurations(count: 8000, sites: .placed([centre], on: [6, 6]))
      for row in 0..<8000 { unit[row, 0] = spins[row, site] }
      let probe = try NeighbourhoodProbe(centres: [centre], shape: [6, 6], pooled: false, samples: SampleBlocks(samples: 8000, blocks: 1))
      var counts = probe.noCounts
      try probe.count(coarse: unit, fine: spins, firstSample: 0, into: &counts)
      let values = probe.unitValues(counts)
      #expect(abs(values.block[0] - log(2)) < 0.002)
      #expect(abs(values.plaquette[0] - (inPlaquette ? log(2) : 0)) < 0.005)
    }
  }

  @Test("majority of 2x2 and decimation share with their own block what enumeration says, within 4 sigma")
  func blockInformation() throws {
    // p of the 16 patterns of sites 0, 1, 4, 5.
    var patterns = [Double](repeating: 0, count: 16)
    for (state, p) in Self.torus.probabilities.enumerated() {
      patterns[state & 3 | (state >> 4 & 3) << 2] += p
    }
    // H(h) = ln 2 by symmetry; H(h | block) = ln 2 on ties.
    let tied = (0..<16).filter { $0.nonzeroBitCount == 2 }.reduce(0) { $0 + patterns[$1] }
    let corners: [SIMD2<Float>] = [SIMD2(0, 0), SIMD2(0, 2), SIMD2(2, 0), SIMD2(2, 2)]
    let centres = corners.map { $0 + SIMD2<Float>(0.5, 0.5) }
    let probe = try NeighbourhoodProbe(centres: centres, shape: [4, 4], pooled: true, samples: blocks)
    func found(_ rule: some CoarseGraining, _ probe: NeighbourhoodProbe) throws -> NeighbourhoodProbe.Result {
      var counts = probe.noCounts
      let coarse = try rule.coarsen(Self.samples, firstSample: 0, from: testStreams(56))
      try probe.count(coarse: coarse, fine: Self.samples, firstSample: 0, into: &counts)
      return probe.result(counts)
    }
    let majority = try found(BlockMajority(block: 2), probe)
    #expect(near(majority.plaquette, (1 - tied) * log(2)))
    #expect(abs(majority.block.value - majority.plaquette.value) < 0.003)
    let kept = try NeighbourhoodProbe(
      centres: corners, shape: [4, 4], pooled: true, samples: blocks)
    #expect(abs(try found(Decimation(block: 2), kept).plaquette.value - log(2)) < 0.001)
  }

  @Test("counts merge: any cut of the samples gives the same integers, and they obey the laws of merging")
  func merging() throws {
    let few = Self.samples.slice(0..<300), blocks = SampleBlocks(samples: 300, blocks: 7)
    let pairs = try PairProbe(sites: few.sites, distances: [1, 2], samples: blocks)
    let magnetization = MagnetizationProbe(units: 16, samples: blocks)
    let near = try NeighbourhoodProbe(centres: [SIMD2(1, 2)], shape: [4, 4], pooled: false, samples: blocks)
    let coarse = Configurations(count: 300, sites: .unplaced(1), words: few.words.map { $0 >> 9 & 1 })
    func parts(_ cuts: [Int], _ count: (Range<Int>, inout BlockedCounts) throws -> Void, _ none: BlockedCounts) rethrows -> [BlockedCounts]
    {
      try zip(cuts, cuts.dropFirst()).map {
        var counts = none
        try count($0..<$1, &counts)
        return counts
      }
    }
    func check(_ none: BlockedCounts, _ count: (Range<Int>, inout BlockedCounts) throws -> Void) throws {
      let whole = try parts([0, 300], count, none)[0]
      let pieces = try parts([0, 1, 64, 150, 151, 300], count, none)
      try mergeLaws(pieces, equal: ==)
      var merged = BlockedCounts.empty
      for piece in pieces.reversed() { merged.merge(piece) }
      #expect(merged == whole)
    }
    try check(pairs.noCounts) { try pairs.count(few.slice($0), firstSample: $0.lowerBound, into: &$1) }
    try check(magnetization.noCounts) { try magnetization.count(few.slice($0), firstSample: $0.lowerBound, into: &$1) }
    try check(near.noCounts) { try near.count(coarse: coarse.slice($0), fine: few.slice($0), firstSample: $0.lowerBound, into: &$1) }
  }

  @Test(
    "blocks of samples cover the run once, in order, and differ by at most one", arguments: [(20, 20), (203, 7), (1000, 1), (101, 100)])
  func sampleBlocks(samples: Int, blocks: Int) {
    let cut = SampleBlocks(samples: samples, blocks: blocks)
    var next = 0
    for block in 0..<blocks {
      let range = cut.range(of: block)
      #expect(range.lowerBound == next && range.allSatisfy { cut.block(of: $0) == block })
      #expect(range.count == samples / blocks || range.count == samples / blocks + 1)
      next = range.upperBound
    }
    #expect(next == samples)
  }

  @Test("spins without a place, and configurations of another size, are refused")
  func refusals() throws {
    #expect(throws: CoarseGrainingError.unplacedSites) {
      try PairProbe(sites: .unplaced(9), distances: [1], samples: SampleBlocks(samples: 1, blocks: 1))
    }
    let probe = MagnetizationProbe(units: 9, samples: SampleBlocks(samples: 10, blocks: 1))
    var counts = probe.noCounts
    #expect(throws: CoarseGrainingError.sizeMismatch(expected: 9, found: 16)) {
      try probe.count(Self.samples.slice(0..<2), firstSample: 0, into: &counts)
    }
  }
}
