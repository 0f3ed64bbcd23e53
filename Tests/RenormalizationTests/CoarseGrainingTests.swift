import BoltzmannMachines
import Laws
import RandomStreams
import Renormalization
import Sampling
import Testing

@Suite struct CoarseGrainingTests {
  static let shapes: [([Int], Int)] = [
    ([32, 32], 2), ([8, 128], 2), ([6, 10], 2), ([4, 4], 2), ([40, 40], 2), ([2, 192], 2), ([9, 6], 3), ([8, 8], 4),
    ([12], 2), ([4, 4, 4], 2),
  ]

  @Test("block majority obeys every law of coarse graining", arguments: shapes)
  func majorityLaws(shape: [Int], block: Int) throws {
    let fine = randomSpins(.lattice(shape), count: 16, seed: 1), rule = BlockMajority(block: block)
    let coarse = Configurations.Sites.lattice(shape.map { $0 / block })
    try CoarseGrainingLaws.shape(rule, fine, sites: coarse, from: testStreams(2))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(2))
    try CoarseGrainingLaws.spinFlip(rule, fine, coins: .same, from: testStreams(2))
    try CoarseGrainingLaws.translation(rule, fine, block: block, words: block)
  }

  @Test("decimation obeys every law of coarse graining", arguments: shapes)
  func decimationLaws(shape: [Int], block: Int) throws {
    let fine = randomSpins(.lattice(shape), count: 16, seed: 3), rule = Decimation(block: block)
    try CoarseGrainingLaws.shape(rule, fine, sites: .lattice(shape.map { $0 / block }), from: testStreams(2))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(2))
    try CoarseGrainingLaws.spinFlip(rule, fine, coins: .same, from: testStreams(2))
    try CoarseGrainingLaws.translation(rule, fine, block: block, words: 0)
  }

  @Test("a composition obeys the laws, multiplies scales and is associative bit for bit")
  func compositionLaws() throws {
    let fine = randomSpins(.lattice([32, 32]), count: 9, seed: 4), two = BlockMajority(block: 2)
    let rule = Composition(two, two)
    try CoarseGrainingLaws.shape(rule, fine, sites: .lattice([8, 8]), from: testStreams(5))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(5))
    try CoarseGrainingLaws.spinFlip(rule, fine, coins: .same, from: testStreams(5))
    try CoarseGrainingLaws.translation(rule, fine, block: 4, words: 2)
    #expect(rule.scaleFactor == 4 && rule.levels == 2)
    let left = try Composition(Composition(two, two), two).coarsen(fine, firstSample: 0, from: testStreams(5))
    let right = try Composition(two, Composition(two, two)).coarsen(fine, firstSample: 0, from: testStreams(5))
    #expect(left == right)
  }

  @Test("the levels of a composition toss different coins")
  func levelsAreIndependent() throws {
    // Every 2x2 block of a row-striped lattice is tied, so one step gives coins alone; the second level's coins must
    // not be the first's again.
    var fine = Configurations(count: 1, sites: .lattice([4, 4]))
    for site in 0..<16 { fine[0, site] = site / 4 % 2 == 0 }
    let one = BlockMajority(block: 2)
    var equal = 0
    for sample in 0..<200 {
      let first = try one.coarsen(fine, firstSample: sample, from: testStreams(6))
      let later = try one.coarsen(fine, firstSample: sample, from: LaterSteps(testStreams(6), by: 1))
      for site in 0..<4 where first[0, site] == later[0, site] { equal += 1 }
    }
    #expect(abs(Double(equal) - 400) < 4 * 800.0.squareRoot() / 2)
  }

  @Test("bit-parallel 2x2 majority is the sum's sign, a tie's fair choice of one spin", arguments: [[32, 32], [6, 10], [2, 192]])
  func majorityAgainstCounting(shape: [Int]) throws {
    let fine = randomSpins(.lattice(shape), count: 400, seed: 7)
    let coarse = try BlockMajority(block: 2).coarsen(fine, firstSample: 0, from: testStreams(8))
    var ties = 0, up = 0
    for row in 0..<fine.count {
      for block in 0..<coarse.sites.count {
        let corner = 2 * (block / (shape[1] / 2)) * shape[1] + 2 * (block % (shape[1] / 2))
        let ones = [0, 1, shape[1], shape[1] + 1].count { fine[row, corner + $0] }
        if ones == 2 {
          ties += 1
          up += coarse[row, block] ? 1 : 0
        } else {
          #expect(coarse[row, block] == (ones > 2))
        }
      }
    }
    #expect(ties > 1000)
    #expect(abs(Double(up) - Double(ties) / 2) < 4 * Double(ties).squareRoot() / 2)
  }

  @Test("a tie's coin picks each of the four spins equally often", arguments: [2, 4])
  func tiesPickEverySpin(block: Int) throws {
    // Two half-planes: with top rows up the coin's row decides, with left columns up its column.
    for vertical in [false, true] {
      var fine = Configurations(count: 1, sites: .lattice([block, block]))
      for site in 0..<block * block { fine[0, site] = (vertical ? site % block : site / block) < block / 2 }
      var up = 0
      for sample in 0..<1000 {
        let coarse = try BlockMajority(block: block).coarsen(fine, firstSample: sample, from: testStreams(9))
        up += coarse[0, 0] ? 1 : 0
      }
      #expect(abs(up - 500) < 64)  // 4 sigma
    }
  }

  @Test("an ordered lattice stays ordered, and a block with three spins up is up")
  func orderedBlocks() throws {
    var up = Configurations(count: 1, sites: .lattice([8, 8]))
    for site in 0..<64 where site % 9 != 0 { up[0, site] = true }
    let coarse = try BlockMajority(block: 2).coarsen(up, firstSample: 0, from: testStreams(1))
    // Site (x, x) is down for every x: the diagonal blocks hold two such sites.
    for site in 0..<16 where site % 5 != 0 { #expect(coarse[0, site]) }
    let four = try BlockMajority(block: 4).coarsen(up, firstSample: 0, from: testStreams(1))
    #expect(four.magnetization(0) == 4)
  }

  @Test("decimation keeps the spin at each block's lowest corner")
  func decimationSites() throws {
    var fine = Configurations(count: 2, sites: .lattice([6, 9]))
    for site in [0, 6, 27, 30] { fine[1, site] = true }
    let coarse = try Decimation(block: 3).coarsen(fine, firstSample: 0, from: testStreams(1))
    #expect(coarse.sites == .lattice([2, 3]))
    #expect((0..<6).map { coarse[1, $0] } == [true, false, true, true, true, false])
    #expect(coarse.magnetization(0) == -6)
  }

  @Test("lattices that blocks do not divide, and sites without a lattice, are refused")
  func refusals() {
    let rule = BlockMajority(block: 2)
    #expect(throws: CoarseGrainingError.incommensurate(size: 5, block: 2)) {
      try rule.coarsen(Configurations(count: 1, sites: .lattice([4, 5])), firstSample: 0, from: testStreams(1))
    }
    #expect(throws: CoarseGrainingError.unplacedSites) {
      try rule.coarsen(Configurations(count: 1, sites: .unplaced(4)), firstSample: 0, from: testStreams(1))
    }
    #expect(throws: CoarseGrainingError.notALattice) {
      let sites = Configurations.Sites.placed([SIMD2(0, 0)], on: [4, 4])
      _ = try Decimation(block: 2).coarsen(Configurations(count: 1, sites: sites), firstSample: 0, from: testStreams(1))
    }
    #expect(throws: CoarseGrainingError.sizeMismatch(expected: 16, found: 9)) {
      try BoltzmannLayer(plantedMachine(.zeroOne, size: 4, strength: 1), on: [3, 3])
    }
  }
}
