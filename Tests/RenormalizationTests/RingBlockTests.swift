import Glibc
import Renormalization
import Testing

@Suite struct RingBlockTests {
  private func majority(_ block: Int) -> [Double] {
    (0..<1 << block).map { 2 * $0.nonzeroBitCount == block ? 0.5 : 2 * $0.nonzeroBitCount > block ? 1 : 0 }
  }

  @Test("information of a coarse spin of the ring is that of the enumerated ring")
  func information() {
    // Ring of 14, blocks of 4, one site of buffer, K = 1.
    let laws = [(0..<16).map { Double($0 & 1) }, (0..<16).map { Double($0 >> 2 & 1) }, majority(4)]
    let found = RingBlock(block: 4, coupling: 1).informations(sites: 14, buffer: 1, laws: laws)
    #expect(abs(found.block - 0.357819966586) < 1e-11)
    for (k, known) in [0.217056555273, 0.164974961309, 0.183319574222].enumerated() { #expect(abs(found.laws[k] - known) < 1e-11) }
  }

  @Test("couplings of coarse spins are those of the enumerated law", arguments: [2, 3])
  func couplings(block: Int) {
    let count = 4, sites = block * count, k = 0.7, law = majority(block)
    var weights = [Double](repeating: 0, count: 1 << count)
    for s in 0..<1 << sites {
      let unlike = (s ^ (s >> 1 | (s & 1) << (sites - 1))).nonzeroBitCount, weight = exp(k * Double(sites - 2 * unlike))
      for h in 0..<1 << count {
        var p = weight
        for j in 0..<count {
          let up = law[s >> (block * j) & (1 << block - 1)]
          p *= h >> j & 1 == 1 ? up : 1 - up
        }
        weights[h] += p
      }
    }
    let all = RingBlock(block: block, coupling: k).coarseCouplings(law, count: count)
    for subset in 1..<1 << count {
      var known = 0.0
      for (h, weight) in weights.enumerated() {
        known += log(weight) * ((~h & subset).nonzeroBitCount % 2 == 0 ? 1 : -1) / Double(1 << count)
      }
      #expect(abs(all[subset] - known) < 1e-12)
    }
  }

  @Test("one spin kept of each block is decimation, with one coupling")
  func decimation() {
    let ring = RingBlock(block: 3, coupling: 0.8), found = ring.pairCouplings((0..<8).map { Double($0 & 1) }, count: 8)
    #expect(abs(found.pairs[0] - RingDecimation(scale: 3).step(RingCouplings(coupling: 0.8)).coupling) < 1e-13)
    #expect(found.pairs.dropFirst().allSatisfy { abs($0) < 1e-13 } && found.others < 1e-12)
  }

  @Test(
    "of all odd rules of the ring the most informative makes nearest-neighbour couplings alone", arguments: [2, 3, 4], [0.3, 0.8, 1.5])
  func optimal(block: Int, coupling: Double) {
    let ring = RingBlock(block: block, coupling: coupling), maps = RingBlock.oddMaps(block: block)
    #expect(maps.count == 1 << (1 << (block - 1)))
    let found = ring.informations(sites: 1000, buffer: 1, laws: maps).laws, best = found.max() ?? 0
    for (law, information) in zip(maps, found) where information > best - 1e-12 {
      let couplings = ring.pairCouplings(law, count: 6)
      #expect(couplings.pairs.dropFirst().allSatisfy { abs($0) < 1e-12 } && couplings.others < 1e-12)
    }
  }
}
