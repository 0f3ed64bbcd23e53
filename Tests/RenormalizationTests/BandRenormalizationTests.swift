import MessagePassing
import NeuralNetworks
import Renormalization
import Sampling
import Testing

@Suite struct BandRenormalizationTests {
  static let operators = Array(SpinOperator.even[..<6]) + SpinOperator.odd
  static let lattices: [(shape: [Int], scale: Int, steps: Int, most: Int, whole: Int)] = [
    ([64, 64], 2, 3, 4, 16), ([96, 40], 2, 3, 4, 16), ([128, 24], 2, 1, 8, 16), ([162, 54], 3, 2, 3, 10), ([32, 32], 2, 2, 4, 64),
  ]

  @Test("operators of a lattice in bands are those of the whole, at every level", arguments: 0..<5, [true, false])
  func sums(index: Int, isDecimated: Bool) throws {
    let one = Self.lattices[index], fine = randomSpins(.lattice(one.shape), count: 3, seed: 51), operators = Self.operators
    var bands = try BandRenormalization(
      shape: one.shape, scale: one.scale, steps: one.steps, rule: isDecimated ? .decimation : .majority(tie: .corner),
      operators: operators, most: one.most, whole: one.whole)
    #expect(index == 4 ? bands.bandLevels == 0 : bands.bands > 1 && bands.bandLevels > 0)
    for row in 0..<3 {
      let words = fine.slice(row..<row + 1).words
      let found = try bands.sums(words, sample: row, from: testStreams(52), on: SoloCommunicator())
      var here = fine.slice(row..<row + 1)
      for level in 0...one.steps {
        if level > 0 {
          here =
            isDecimated
            ? try Decimation(block: one.scale).coarsen(here, firstSample: 0, from: testStreams(52))
            : try BlockMajority(block: one.scale, tie: .corner).coarsen(here, firstSample: 0, from: testStreams(52))
        }
        var sums = try OperatorSums(operators, sites: here.sites), known = [Int](repeating: 0, count: operators.count)
        sums.add(here, 0, to: &known)
        #expect(found[level] == known, "level \(level)")
      }
    }
  }

  @Test("each band, each level and each sample of a majority has coins of its own")
  func coins() throws {
    // Rows up and down in turn: every block is tied, at every level the coins alone decide.
    var fine = Configurations(count: 1, sites: .lattice([64, 64]))
    for site in 0..<4096 { fine[0, site] = site / 64 % 2 == 0 }
    var bands = try BandRenormalization(
      shape: [64, 64], scale: 2, steps: 1, rule: .majority(tie: .chosen), operators: [.magnetization], most: 4, whole: 32)
    let sums = try (0..<400).map { try bands.sums(fine.words, sample: $0, from: testStreams(53), on: SoloCommunicator())[1][0] }
    // The sum of 1024 fair signs: variance 1024 if all coins differ, 4096 if four bands shared theirs. 5 sigma of 400 squares.
    let mean = Double(sums.reduce(0) { $0 + $1 * $1 }) / 400
    #expect(abs(mean / 1024 - 1) < 5 * (2.0 / 400).squareRoot())
    #expect(Set(sums).count > 30)
  }

  @Test("counts from known sums are those from the configurations")
  func counts() throws {
    let shape = [64, 64], samples = SampleBlocks(samples: 12, blocks: 4), fine = randomSpins(.lattice(shape), count: 12, seed: 54)
    let even = Array(SpinOperator.even[..<3]), odd = SpinOperator.odd
    var bands = try BandRenormalization(
      shape: shape, scale: 2, steps: 2, rule: .majority(tie: .corner), operators: even + odd, most: 4, whole: 16)
    var one = try MonteCarloRenormalization(shape: shape, scale: 2, steps: 2, even: even, odd: odd, samples: samples), other = one
    var known = one.noCounts, found = one.noCounts
    var levels = [fine]
    for _ in 0..<2 {
      levels.append(try BlockMajority(block: 2, tie: .corner).coarsen(levels[levels.count - 1], firstSample: 0, from: testStreams(1)))
    }
    try one.count(levels, firstSample: 0, into: &known)
    for row in 0..<12 {
      let sums = try bands.sums(fine.slice(row..<row + 1).words, sample: row, from: testStreams(1), on: SoloCommunicator())
      other.count(sums: sums, sample: row, into: &found)
    }
    #expect(found == known)
  }

  @Test("a thermometer's reading is the mean of its temperatures under its network")
  func thermometer() throws {
    var network = try Network<Float>(input: FeatureShape(height: 4, width: 4, channels: 1), [.dense(3, .identity)])
    let spins = randomSpins(.lattice([4, 4]), count: 5, seed: 55), temperatures = [1.0, 2, 6]
    #expect(try TemperatureReader(network, temperatures: temperatures).readings(spins).allSatisfy { abs($0 - 3) < 1e-12 })
    // A bias of ln 2 for the first class: (2 + 2 + 6) / 4.
    network.parameters[1] = [Float(0.693147180559945), 0, 0]
    #expect(try TemperatureReader(network, temperatures: temperatures).readings(spins).allSatisfy { abs($0 - 2.5) < 1e-6 })
    // A weight on the first spin tells its sign.
    network.parameters[0][0] = 50
    let readings = try TemperatureReader(network, temperatures: temperatures).readings(spins)
    for row in 0..<5 { #expect(abs(readings[row] - (spins[row, 0] ? 1 : 4)) < 1e-6) }
  }
}
