import Glibc
import LatticeSystems
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

/// The negative control of every instrument: the sites of all configurations in one random order. Magnetization stays, all that was near
/// is scattered, and each instrument has to see it.
@Suite("Permuted sites") struct PermutedControlTests {
  /// 2 x 2 block spins of 32 x 32 at K = 0.42, as they are and after all sites were permuted; with the fine spins of both.
  static let pair: (plain: [Configurations], permuted: [Configurations]) = {
    guard let found = try? drawn(size: 32, coupling: 0.42, count: 3000, seed: 900) else { preconditionFailure("a lattice that there is") }
    return found
  }()

  static func drawn(size: Int, coupling: Double, count: Int, seed: UInt64) throws -> (plain: [Configurations], permuted: [Configurations]) {
    let lattice = try SquareLattice(size: size), streams = testStreams(seed)
    var kernel = try SwendsenWang(IsingModel(lattice, coupling: coupling)), words: [UInt64] = []
    var state = SwendsenWang.State(IsingConfiguration(hot: lattice, replica: 0, from: streams))
    for step in 0..<5 * (count + 20) {
      kernel.step(&state, at: UInt64(step), from: streams)
      if step >= 100 && step % 5 == 4 { words += state.packed.spins }
    }
    let fine = Configurations(count: count, sites: .lattice([size, size]), words: words)
    let moved = try SitePermutation(sites: size * size, from: testStreams(seed + 1)).coarsen(fine, firstSample: 0, from: streams)
    let rule = BlockMajority(block: 2), coins = testStreams(seed + 2)
    return (
      [fine, try rule.coarsen(fine, firstSample: 0, from: coins)], [moved, try rule.coarsen(moved, firstSample: 0, from: coins)]
    )
  }
  private var blocks: SampleBlocks { SampleBlocks(samples: 3000, blocks: 30) }

  @Test("correlations of block spins fall with distance, and not at all where sites are permuted")
  func correlations() throws {
    func exponent(_ spins: Configurations) throws -> Estimate {
      var probe = try CorrelationProbe(sites: spins.sites, near: 2, far: 4, samples: blocks), counts = probe.noCounts
      probe.count(spins, firstSample: 0, into: &counts)
      return probe.result(counts).exponent
    }
    // Found: 0.702(14) and 0.001(5).
    let plain = try exponent(Self.pair.plain[1]), permuted = try exponent(Self.pair.permuted[1])
    #expect(plain.value > 0.6 && abs(permuted.value) < 4 * permuted.error && permuted.error < 0.02)
  }

  @Test("information of pairs of block spins falls with distance, and not at all where sites are permuted")
  func pairInformation() throws {
    func informations(_ spins: Configurations) throws -> [Double] {
      let probe = try PairProbe(sites: spins.sites, spacing: 2, distances: [2, 8], samples: blocks)
      var counts = probe.noCounts
      try probe.count(spins, firstSample: 0, into: &counts)
      return probe.results(counts).map { $0?.mutualInformation.value ?? .nan }
    }
    // Found: 0.160 and 0.027 nats; 0.0445 and 0.0441.
    let plain = try informations(Self.pair.plain[1]), permuted = try informations(Self.pair.permuted[1])
    #expect(plain[0] > 5 * plain[1] && permuted[0] < 1.05 * permuted[1] && permuted[0] > 0.95 * permuted[1])
    #expect(permuted[0] < plain[0] / 3)
  }

  @Test("at K_c permuted sites have y_t and y_h far from 1 and 15/8, where block spins are near them after one step")
  func exponents() throws {
    func step(_ levels: [Configurations]) throws -> (thermal: Estimate, magnetic: Estimate) {
      var probe = try MonteCarloRenormalization(
        shape: [32, 32], scale: 2, steps: 1, even: [.nearest, .diagonal], odd: [.magnetization], samples: blocks)
      var counts = probe.noCounts
      try probe.count(levels, firstSample: 0, into: &counts)
      let found = probe.steps(counts)[0]
      return (found.even.exponents[1], found.odd.exponents[0])
    }
    let found = try Self.drawn(size: 32, coupling: IsingModel.criticalCoupling, count: 3000, seed: 910)
    // Found: 0.954(16) and 1.8801(9); 1.603(9) and 1.690(2).
    let plain = try step(found.plain), permuted = try step(found.permuted)
    #expect(abs(plain.thermal.value - 1) < 0.1 && abs(plain.magnetic.value - 1.875) < 0.01)
    #expect(permuted.thermal.value > 1.4 && permuted.thermal.error < 0.05)
    #expect(permuted.magnetic.value < 1.75 && permuted.magnetic.error < 0.01)
  }

  @Test("couplings of permuted block spins do not know near from far")
  func couplings() throws {
    func fit(_ spins: Configurations) throws -> [Estimate] {
      try CouplingInference([.nearest, .diagonal, .secondAlongAxes], sites: spins.sites).couplings(of: spins).couplings
    }
    // Found: 0.322, 0.074, -0.010; 0.0835(7), 0.0832(11), 0.0826(15).
    let plain = try fit(Self.pair.plain[1]), permuted = try fit(Self.pair.permuted[1])
    #expect(plain[0].value > 4 * plain[1].value && abs(plain[2].value) < 0.05 * plain[0].value)
    for one in permuted[1...] { #expect(abs(one.value - permuted[0].value) < 4 * hypot(one.error, permuted[0].error)) }
  }

  @Test("what a majority knows of its surroundings is more than halved by permuted sites, and its bound by two fifths")
  func environment() throws {
    func found(_ fine: Configurations) throws -> (bound: Double, counted: Double) {
      let fit = try EnvironmentSamples(fine.slice(0..<1500), window: 2), test = try EnvironmentSamples(fine.slice(1500..<3000), window: 2)
      let probe = EnvironmentProbe(rows: 32, columns: 32)
      var values: [Int] = []
      for block in 0..<30 {
        var part = [Int](repeating: 0, count: probe.width)
        probe.count(fine.slice(100 * block..<100 * (block + 1)), into: &part)
        values += part
      }
      let counts = BlockedCounts(blocks: 30, width: probe.width, values: values)
      return (
        EnvironmentBound.value(of: { BlockRule.majority[$0] }, fit, test).value,
        probe.informations(counts, rule: BlockRule.majority).environment.value
      )
    }
    // Found: 0.277 and 0.268 nats; 0.158 and 0.098, which is what the magnetization says.
    let plain = try found(Self.pair.plain[0]), permuted = try found(Self.pair.permuted[0])
    #expect(permuted.counted < 0.5 * plain.counted && permuted.bound < 0.6 * plain.bound)
  }

  @Test("matching of permuted lattices calls any coupling critical: K_c is found beside K = 0.42, a hundred errors from where it is")
  func matching() throws {
    let small = try Self.drawn(size: 16, coupling: 0.42, count: 3000, seed: 920)
    func probe(_ size: Int, _ steps: Int) throws -> MonteCarloRenormalization {
      try MonteCarloRenormalization(
        shape: [size, size], scale: 2, steps: steps, even: [.nearest, .diagonal], odd: [.magnetization], samples: blocks)
    }
    func critical(_ large: [Configurations], _ little: [Configurations]) throws -> Estimate {
      var a = try probe(32, 2), b = try probe(16, 1), counts = a.noCounts, littleCounts = b.noCounts
      let third = try BlockMajority(block: 2).coarsen(large[1], firstSample: 0, from: testStreams(930))
      try a.count(large + [third], firstSample: 0, into: &counts)
      try b.count(little, firstSample: 0, into: &littleCounts)
      return a.matchings(counts, with: b, littleCounts, coupling: 0.42)[0].criticalCoupling
    }
    // Found: 0.457(6) and 0.42129(17).
    let plain = try critical(Self.pair.plain, small.plain), permuted = try critical(Self.pair.permuted, small.permuted)
    #expect(abs(plain.value - IsingModel.criticalCoupling) < 4 * plain.error && plain.error < 0.01)
    #expect(abs(permuted.value - 0.42) < 0.003 && abs(permuted.value - IsingModel.criticalCoupling) > 50 * permuted.error)
  }

  @Test("block spins of permuted sites know next to nothing of the block at their place")
  func neighbourhood() throws {
    let centres = (0..<256).map { site -> SIMD2<Float> in
      let row = Float(2 * (site / 16)), column = Float(2 * (site % 16))
      return SIMD2(row + 0.5, column + 0.5)
    }
    func information(_ coarse: Configurations) throws -> Double {
      let probe = try NeighbourhoodProbe(centres: centres, shape: [32, 32], pooled: true, samples: blocks)
      var counts = probe.noCounts
      try probe.count(coarse: coarse, fine: Self.pair.plain[0], firstSample: 0, into: &counts)
      return probe.result(counts).plaquette.value
    }
    // Found: 0.609 and 0.036 nats.
    #expect(try information(Self.pair.permuted[1]) < 0.1 * information(Self.pair.plain[1]))
  }
}
