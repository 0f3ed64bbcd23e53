import Glibc
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct MonteCarloRenormalizationTests {
  static let critical = log(1 + 2.0.squareRoot()) / 2
  static let even = [SpinOperator.nearest, .diagonal, .plaquette], odd = [SpinOperator.magnetization, .corner]

  /// S by plain loops.
  private func plain(_ one: SpinOperator, _ spins: Configurations, _ row: Int, rows: Int, columns: Int) -> Int {
    var sum = 0
    for y in 0..<rows {
      for x in 0..<columns {
        for term in one.terms {
          sum += term.reduce(1) { $0 * (spins[row, (y + $1.row) % rows * columns + (x + $1.column) % columns] ? 1 : -1) }
        }
      }
    }
    return sum
  }

  @Test(
    "sums of operators are those of plain loops on any lattice",
    arguments: [[64, 64], [32, 32], [128, 128], [8, 8], [4, 4], [2, 2], [5, 7], [6, 70], [3, 130], [12], [100]])
  func sums(shape: [Int]) throws {
    let spins = randomSpins(.lattice(shape), count: 4, seed: 11), all = SpinOperator.even + SpinOperator.odd
    var sums = try OperatorSums(all, sites: spins.sites)
    for row in 0..<spins.count {
      var found = [Int](repeating: 0, count: all.count)
      sums.add(spins, row, to: &found)
      let rows = shape.count == 1 ? 1 : shape[0]
      #expect(found == all.map { plain($0, spins, row, rows: rows, columns: shape[shape.count - 1]) })
    }
  }

  @Test("operators are even or odd under the flip of all spins and do not see translations")
  func symmetries() throws {
    let spins = randomSpins(.lattice([16, 16]), count: 1, seed: 12), all = SpinOperator.even + SpinOperator.odd
    var flipped = spins, moved = spins
    for site in 0..<256 {
      flipped[0, site].toggle()
      moved[0, (site / 16 + 3) % 16 * 16 + (site % 16 + 5) % 16] = spins[0, site]
    }
    var sums = try OperatorSums(all, sites: spins.sites), found = [[Int]](repeating: [Int](repeating: 0, count: all.count), count: 3)
    for (k, batch) in [spins, flipped, moved].enumerated() { sums.add(batch, 0, to: &found[k]) }
    #expect(found[1] == zip(all, found[0]).map { $0.isEven ? $1 : -$1 } && found[2] == found[0])
  }

  @Test("T of the exact step is the derivative of its exact couplings", arguments: [ExactRenormalization.Rule.majority, .majorityOfCorner])
  func derivative(rule: ExactRenormalization.Rule) throws {
    let exact = try ExactRenormalization(shape: [4, 4], scale: 2, rule: rule, operators: Self.even)
    let here = [Self.critical, 0, 0], matrix = try #require(exact.moments(here, even: true).matrix(first: 3))
    for b in 0..<3 {
      var up = here, down = here
      up[b] += 1e-4
      down[b] -= 1e-4
      let a = try #require(exact.renormalizedCouplings(up)), c = try #require(exact.renormalizedCouplings(down))
      #expect(a.deviation < 1e-11)
      for g in 0..<3 { #expect(abs((a.couplings[g] - c.couplings[g]) / 2e-4 - matrix[3 * g + b]) < 1e-6) }
    }
  }

  /// Independent samples of the critical 4x4 torus and their 2x2 block spins.
  private func sampled(_ count: Int) throws -> [Configurations] {
    let fine = SmallTorus(coupling: Self.critical).samples(count, seed: 13)
    return [fine, try BlockMajority(block: 2).coarsen(fine, firstSample: 0, from: testStreams(14))]
  }

  @Test("sampled T, exponents and averages lie within 4 standard errors of the exact ones")
  func sampledMatrix() throws {
    let count = 40_000, levels = try sampled(count)
    var probe = try MonteCarloRenormalization(
      shape: [4, 4], scale: 2, steps: 1, even: Self.even, odd: Self.odd, samples: SampleBlocks(samples: count, blocks: 40))
    var counts = probe.noCounts
    try probe.count(levels, firstSample: 0, into: &counts)
    let step = probe.steps(counts)[0],
      exact = try ExactRenormalization(
        shape: [4, 4], scale: 2, rule: .majority, operators: Self.even + Self.odd)
    let couplings = [Self.critical, 0, 0, 0, 0]
    for (sector, isEven) in [(step.even, true), (step.odd, false)] {
      let moments = exact.moments(couplings, even: isEven)
      for k in sector.exponents.indices {
        let known = log(moments.eigenvalues(first: k + 1)[0]) / log(2.0), found = sector.exponents[k]
        #expect(found.error < 0.02 && abs(found.value - known) < 4 * found.error)
      }
    }
    let level = probe.levels(counts)[1], known = exact.moments(couplings, even: true).coarse
    for k in 0..<3 { #expect(abs(4 * level.even[k].value - known[k]) < 16 * level.even[k].error) }
    // The response to the coupling is the derivative of the average.
    let up = exact.moments([Self.critical + 1e-4, 0, 0, 0, 0], even: true).coarse
    let response = (up[0] - known[0]) / 1e-4 / 4
    #expect(abs(level.responses[0].value - response) < 4 * level.responses[0].error + 1e-3)
  }

  @Test("counts do not depend on how the samples are cut or on their order")
  func cuts() throws {
    let count = 200, levels = try sampled(count)
    var probe = try MonteCarloRenormalization(
      shape: [4, 4], scale: 2, steps: 1, even: Self.even, odd: Self.odd, samples: SampleBlocks(samples: count, blocks: 7))
    var whole = probe.noCounts, parts = probe.noCounts
    try probe.count(levels, firstSample: 0, into: &whole)
    for range in [150..<200, 0..<31, 31..<150] {
      try probe.count(levels.map { $0.slice(range) }, firstSample: range.lowerBound, into: &parts)
    }
    #expect(whole == parts)
  }

  @Test("pseudo-likelihood finds the couplings of block spins, and zero where there is none")
  func inference() throws {
    let levels = try sampled(40_000)
    let inference = try CouplingInference(Self.even, sites: levels[1].sites)
    let found = inference.couplings(of: levels[1]).couplings
    for (k, known) in [0.346450170771, 0.081846018116, 0.004908632446].enumerated() {
      #expect(found[k].error < 0.02 && abs(found[k].value - known) < 4 * found[k].error)
    }
    // The fine lattice itself: K_c, and nothing else.
    let fine = try CouplingInference(Self.even, sites: levels[0].sites).couplings(of: levels[0]).couplings
    for (k, known) in [Self.critical, 0, 0].enumerated() {
      #expect(fine[k].error < 0.02 && abs(fine[k].value - known) < 4 * fine[k].error)
    }
  }

  @Test("a tie goes to the corner's spin, whatever the streams", arguments: [[32, 32], [6, 10], [2, 192], [8, 8]])
  func corner(shape: [Int]) throws {
    let fine = randomSpins(.lattice(shape), count: 40, seed: 15), rule = BlockMajority(block: 2, tie: .corner)
    let coarse = try rule.coarsen(fine, firstSample: 0, from: testStreams(16))
    for row in 0..<fine.count {
      for block in 0..<coarse.sites.count {
        let corner = 2 * (block / (shape[1] / 2)) * shape[1] + 2 * (block % (shape[1] / 2))
        let ones = [0, 1, shape[1], shape[1] + 1].count { fine[row, corner + $0] }
        #expect(coarse[row, block] == (ones == 2 ? fine[row, corner] : ones > 2))
      }
    }
    #expect(try rule.coarsen(fine, firstSample: 9, from: testStreams(17)) == coarse)
  }
}
