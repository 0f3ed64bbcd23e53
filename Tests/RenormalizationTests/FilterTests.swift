import Archives
import BoltzmannMachines
import Glibc
import Laws
import RandomStreams
import Renormalization
import Sampling
import Statistics
import Testing

@Suite struct FilterTests {
  static let uneven = (0..<16).map { 0.3 * sin(Double(1 + 3 * $0)) + ([5, 6, 9, 10].contains($0) ? 0.5 : 0) }
  static let filters = [
    TiedFilter(window: 4, weights: uneven), TiedFilter(window: 4, weights: uneven, choice: .mostProbable),
    TiedFilter(window: 2, weights: [0.4, 0.1, -0.2, 0.9]), TiedFilter(window: 2, weights: [1, 1, 1, 1], choice: .mostProbable),
  ]

  @Test("a tied filter obeys every law of coarse graining", arguments: 0..<4, [[8, 8], [32, 32], [6, 10], [4, 130], [64, 64]])
  func laws(index: Int, shape: [Int]) throws {
    let rule = Self.filters[index], fine = randomSpins(.lattice(shape), count: 9, seed: 31)
    try CoarseGrainingLaws.shape(rule, fine, sites: .lattice(shape.map { $0 / 2 }), from: testStreams(32))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(32))
    try CoarseGrainingLaws.spinFlip(rule, fine, coins: .turned, from: testStreams(32))
    try CoarseGrainingLaws.translation(rule, fine, block: 2, words: 3)
  }

  @Test("filters compose with other rules by the laws")
  func composition() throws {
    let rule = Composition(Self.filters[0], BlockMajority(block: 2)), fine = randomSpins(.lattice([16, 16]), count: 9, seed: 33)
    try CoarseGrainingLaws.shape(rule, fine, sites: .lattice([4, 4]), from: testStreams(34))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(34))
    #expect(rule.scaleFactor == 4 && rule.levels == 2)
  }

  @Test("a window lies where it should: one weight keeps one spin", arguments: [[8, 8], [6, 10], [4, 130]])
  func windows(shape: [Int]) throws {
    let fine = randomSpins(.lattice(shape), count: 3, seed: 35)
    for k in 0..<16 {
      let rule = TiedFilter(window: 4, weights: (0..<16).map { $0 == k ? 1 : 0 }, choice: .mostProbable)
      let coarse = try rule.coarsen(fine, firstSample: 0, from: testStreams(36))
      for row in 0..<3 {
        for site in 0..<coarse.sites.count {
          let y = (2 * (site / (shape[1] / 2)) + k / 4 - 1 + shape[0]) % shape[0]
          let x = (2 * (site % (shape[1] / 2)) + k % 4 - 1 + shape[1]) % shape[1]
          #expect(coarse[row, site] == fine[row, y * shape[1] + x])
        }
      }
    }
  }

  @Test("a drawn spin has its probability, and equal weights make the majority")
  func probabilities() throws {
    let rule = Self.filters[2], fine = randomSpins(.lattice([2, 2]), count: 1, seed: 37)
    var up = 0
    for sample in 0..<4000 { up += try rule.coarsen(fine, firstSample: sample, from: testStreams(38))[0, 0] ? 1 : 0 }
    let p = rule.probability(Int(fine.words[0]))
    #expect(abs(Double(up) - 4000 * p) < 4 * (4000 * p * (1 - p)).squareRoot())
    for state in 0..<16 {
      let ones = state.nonzeroBitCount
      #expect(Self.filters[3].probability(state) == (ones == 2 ? 0.5 : ones > 2 ? 1 : 0))
      #expect(rule.probability(state) + rule.probability(15 - state) == 1)
    }
  }

  @Test("ln Z of a filter's machine is that of the Boltzmann machine with its weights written out", arguments: [[4, 4], [2, 8], [4, 6]])
  func partitionFunction(shape: [Int]) throws {
    let filter = Self.filters[0], sites = shape[0] * shape[1], hidden = sites / 4
    var weights = [Double](repeating: 0, count: sites * hidden)
    for j in 0..<hidden {
      for k in 0..<16 {
        let y = (2 * (j / (shape[1] / 2)) + k / 4 - 1 + 2 * shape[0]) % shape[0]
        let x = (2 * (j % (shape[1] / 2)) + k % 4 - 1 + 2 * shape[1]) % shape[1]
        weights[(y * shape[1] + x) * hidden + j] += filter.weights[k]
      }
    }
    let machine = RestrictedBoltzmannMachine(
      units: .plusMinusOne, visible: sites, hidden: hidden, weights: weights, visibleBias: [Double](repeating: 0, count: sites),
      hiddenBias: [Double](repeating: 0, count: hidden))
    let known = try machine.exactLogPartition()
    #expect(abs(MachineMarginal.logPartition(filter, shape: shape) - known) < 1e-11 * known)
    let spins = randomSpins(.lattice(shape), count: 3, seed: 39), values = try MachineMarginal.hiddenFreeEnergies(filter, spins)
    for row in 0..<3 {
      var sum = 0.0
      for j in 0..<hidden {
        var theta = 0.0
        for i in 0..<sites { theta += weights[i * hidden + j] * (spins[row, i] ? 1 : -1) }
        sum += log(2 * cosh(theta))
      }
      #expect(abs(values[row] - sum) < 1e-11 * abs(sum))
    }
  }

  @Test("training for the spread of ln X narrows it, and for the likelihood lowers D_KL, exactly on the 4x4 torus")
  func training() throws {
    let coupling = 0.44, torus = SmallTorus(coupling: coupling), data = torus.samples(3000, seed: 40)
    var all = Configurations(count: 1 << 16, sites: .lattice([4, 4]))
    for state in 0..<1 << 16 { all.words[state] = UInt64(state) }
    let logs = torus.probabilities.map { log($0) }, lnZ = -logs[(1 << 16) - 1] + 32 * coupling
    let energies = (0..<data.count).map { -logs[Int(data.words[$0])] - lnZ }
    let training = FilterTraining(window: 2, steps: 400, batch: 64, rate: 0.02)
    func exact(_ weights: [Double]) throws -> (kullbackLeibler: Double, deviation: Double) {
      let filter = TiedFilter(window: 2, weights: weights), hidden = try MachineMarginal.hiddenFreeEnergies(filter, all)
      let logX = zip(logs, hidden).map { -$0 - lnZ + $1 }, mean = torus.mean { logX[$0] }
      let variance = torus.mean { (logX[$0] - mean) * (logX[$0] - mean) }
      return (MachineMarginal.logPartition(filter, shape: [4, 4]) - lnZ - mean, variance.squareRoot())
    }
    let start = try exact(training.random(scale: 0.2, from: testStreams(41)))
    let spread = try exact(training.trained { try training.logXSpread(data, energies: energies, from: testStreams(41), into: &$0) })
    let likelihood = try exact(training.trained { try training.contrastiveDivergence(data, from: testStreams(42), into: &$0) })
    #expect(spread.deviation < 0.7 * start.deviation && likelihood.kullbackLeibler < 0.7 * start.kullbackLeibler)
    #expect(spread.deviation <= likelihood.deviation + 0.05)
    // In pieces, with the state saved between them.
    var progress = FilterProgress()
    try training.logXSpread(data, energies: energies, from: testStreams(41), into: &progress, steps: 130)
    #expect(progress.step == 130)
    var archive = MemoryArchive()
    try progress.save(to: &archive, at: "part")
    progress = try FilterProgress(from: archive, at: "part")
    try training.logXSpread(data, energies: energies, from: testStreams(41), into: &progress)
    #expect(try exact(training.weights(progress)) == spread)
  }

  @Test("permuting the sites moves every spin once, and keeps the magnetization")
  func permutation() throws {
    let fine = randomSpins(.lattice([6, 10]), count: 4, seed: 43), rule = SitePermutation(sites: 60, from: testStreams(44))
    let moved = try rule.coarsen(fine, firstSample: 0, from: testStreams(45))
    for row in 0..<4 {
      #expect(moved.magnetization(row) == fine.magnetization(row))
      for site in 0..<60 { #expect(moved[row, site] == fine[row, rule.order[site]]) }
    }
    try CoarseGrainingLaws.shape(rule, fine, sites: fine.sites, from: testStreams(45))
    try CoarseGrainingLaws.cuts(rule, fine, from: testStreams(45))
    try CoarseGrainingLaws.spinFlip(rule, fine, coins: .same, from: testStreams(45))
  }

  @Test("correlations at two distances are those of the enumerated 4x4 torus")
  func correlations() throws {
    let torus = SmallTorus(coupling: 0.4), data = torus.samples(20_000, seed: 46)
    var
      probe = try CorrelationProbe(
        sites: data.sites, near: 1, far: 2, samples: SampleBlocks(samples: data.count, blocks: 40)), counts = probe.noCounts
    probe.count(data, firstSample: 0, into: &counts)
    let found = probe.result(counts), one = torus.mean { product($0, 0, 1) }, two = torus.mean { product($0, 0, 2) }
    #expect(abs(found.near.value - one) < 4 * found.near.error && abs(found.far.value - two) < 4 * found.far.error)
    #expect(abs(found.exponent.value - log(one / two) / log(2)) < 4 * found.exponent.error)
  }
}
