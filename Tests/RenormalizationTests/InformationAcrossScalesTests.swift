import Glibc
import InformationTheory
import Renormalization
import Sampling
import Statistics
import Testing

/// What parts of a lattice know of each other, exact and sampled.
@Suite struct InformationAcrossScalesTests {
  private let torus = SmallTorus(coupling: 0.4)

  /// I of two parts of the 4x4 torus given as sites.
  private func enumerated(_ a: [Int], _ b: [Int]) -> Double {
    var law = [Double](repeating: 0, count: 1 << (a.count + b.count))
    for (state, weight) in torus.probabilities.enumerated() {
      var cell = 0
      for (bit, site) in (a + b).enumerated() { cell |= (state >> site & 1) << bit }
      law[(cell & (1 << a.count - 1)) << b.count | cell >> a.count] += weight
    }
    return mutualInformation(ofJoint: law, rows: 1 << a.count, columns: 1 << b.count)
  }

  @Test("rows, spins and blocks of the 4x4 torus by transfer matrices are those of enumeration")
  func transfer() {
    let exact = TorusInformation(size: 4, coupling: 0.4)
    for distance in 1...2 {
      #expect(abs(exact.rows(distance: distance) - enumerated([0, 1, 2, 3], (0..<4).map { 4 * distance + $0 })) < 1e-12)
      #expect(abs(exact.spins(distance: distance) - enumerated([0], [4 * distance])) < 1e-12)
    }
    #expect(abs(exact.blocks(distance: 2) - enumerated([0, 1, 4, 5], [8, 9, 12, 13])) < 1e-12)
  }

  @Test("the halves of a cylinder know what neighbouring rows of a long one do")
  func cylinder() {
    let n = 3, states = 8, coupling = 0.35
    func inner(_ s: Int) -> Double { Double(n - 2 * (s ^ (s >> 1 | (s & 1) << (n - 1))).nonzeroBitCount) }
    func weight(_ a: Int, _ b: Int) -> Double {
      exp(coupling * (0.5 * inner(a) + 0.5 * inner(b) + Double(n - 2 * (a ^ b).nonzeroBitCount)))
    }
    // Long before and after the cut: the vector that the transfer matrix tends to.
    var vector = [Double](repeating: 1, count: states)
    for _ in 0..<400 {
      let next = (0..<states).map { a in (0..<states).reduce(0) { $0 + weight(a, $1) * vector[$1] } }
      let top = next.max() ?? 1
      vector = next.map { $0 / top }
    }
    var law = (0..<64).map { vector[$0 / 8] * weight($0 / 8, $0 % 8) * vector[$0 % 8] }
    let total = law.reduce(0, +)
    law = law.map { $0 / total }
    let exact = mutualInformation(ofJoint: law, rows: 8, columns: 8)
    #expect(abs(CylinderInformation.halves(circumference: 3, coupling: coupling) - exact) < 1e-12)
    #expect(abs(CylinderInformation.halves(circumference: 5, coupling: 0)) < 1e-12)
  }

  @Test("without coupling a block knows nothing of its environment; with it no coarse spin more than the block")
  func environment() {
    let free = BlockEnvironment(coupling: 0)
    #expect(abs(free.blockInformation) < 1e-12 && abs(free.law.reduce(0, +) - 1) < 1e-12)
    let law = BlockEnvironment(coupling: 0.35), across = law.acrossLaw
    for rule in [BlockRule.majority, BlockRule.majorityFirstTie, BlockRule.decimation, BlockRule.logistic(0.5)] {
      #expect(law.information(rule) < law.blockInformation && law.information(rule) > BlockEnvironment.information(rule, across))
    }
    #expect(law.bestOddMap >= law.information(BlockRule.majorityFirstTie))
  }

  @Test("blocks and environments are counted as by hand, also for units above a lattice that is not square")
  func windows() {
    let rows = 6, columns = 8, spins = randomSpins(.lattice([rows, columns]), count: 5, seed: 4)
    let units = randomSpins(.unplaced(3), count: 5, seed: 5), origins = [10, -1, 47]
    func at(_ sample: Int, _ row: Int, _ column: Int) -> Int {
      spins[sample, (row + rows) % rows * columns + (column + columns) % columns] ? 1 : 0
    }
    func cell(_ sample: Int, _ site: Int) -> Int {
      let r = site / columns, c = site % columns
      var cell = 0
      for (bit, offset) in BlockEnvironment.across.enumerated() { cell += at(sample, r + offset.0, c + offset.1) << bit }
      return cell + 256 * (at(sample, r, c) + 2 * at(sample, r, c + 1) + 4 * at(sample, r + 1, c) + 8 * at(sample, r + 1, c + 1))
    }
    var plain = [Int](repeating: 0, count: 4096), above = [Int](repeating: 0, count: 8192)
    for sample in 0..<5 {
      for site in 0..<rows * columns { plain[cell(sample, site)] += 1 }
      for unit in [0, 2] { above[(units[sample, unit] ? 4096 : 0) + cell(sample, origins[unit])] += 1 }
    }
    var found = [Int](repeating: 0, count: 4096), foundAbove = [Int](repeating: 0, count: 8192)
    EnvironmentProbe(rows: rows, columns: columns).count(spins, into: &found)
    EnvironmentProbe(rows: rows, columns: columns, origins: origins).count(spins, units: units, into: &foundAbove)
    #expect(found == plain && foundAbove == above)
  }

  @Test("sampled informations of blocks and spins come within 4 sigma of enumeration, independent spins within 4 of zero")
  func sampled() {
    let chains = 20, each = 1000, probe = BlockPairProbe(rows: 4, columns: 4, distances: [2])
    func informations(_ spins: (Int) -> Configurations) -> (blocks: Estimate, spins: Estimate) {
      let counts = (0..<chains).flatMap { chain -> [Int] in
        var counts = [Int](repeating: 0, count: probe.width)
        probe.count(spins(chain), into: &counts)
        return counts
      }
      return probe.informations(BlockedCounts(blocks: chains, width: probe.width, values: counts))[0]
    }
    let found = informations { torus.samples(each, seed: 900 + UInt64($0)) }
    let exact = TorusInformation(size: 4, coupling: 0.4)
    #expect(abs(found.blocks.value - exact.blocks(distance: 2)) < 4 * found.blocks.error && found.blocks.error < 0.02)
    #expect(abs(found.spins.value - exact.spins(distance: 2)) < 4 * found.spins.error && found.spins.error < 0.01)
    let free = informations { randomSpins(.lattice([4, 4]), count: each, seed: 700 + UInt64($0)) }
    #expect(abs(free.blocks.value) < 4 * free.blocks.error && abs(free.spins.value) < 4 * free.spins.error)
  }
}
