import Archives
import BoltzmannMachines
import Glibc
import RandomStreams
import Renormalization
import Sampling
import Testing

@Suite struct NeuralFilterTests {
  private let ring = RingBlock(block: 4, coupling: 1)
  private func training(steps: Int) -> FilterTraining { FilterTraining(window: 2, steps: steps, batch: 64, rate: 0.01) }

  @Test("sampled blocks of the ring and the spins around have the ring's correlations within 4 sigma", arguments: [14, 40])
  func ringSamples(sites: Int) {
    let count = 40_000, samples = ring.samples(sites: sites, buffer: 1, reach: 4, count: count, from: testStreams(800))
    #expect(samples.width == 8 && samples.count == count && samples.windows.allSatisfy { $0 < 16 })
    // Places along the ring: four spins, a buffer of one, the block, a buffer of one, four spins.
    func spin(_ sample: Int, _ place: Int) -> Double {
      let isUp =
        place < 4
        ? samples.environments[sample] >> UInt64(place) & 1 == 1
        : place > 9 ? samples.environments[sample] >> UInt64(place - 6) & 1 == 1 : samples.windows[sample] >> UInt16(place - 5) & 1 == 1
      return isUp ? 1 : -1
    }
    let t = tanh(1.0), n = Double(sites)
    for (a, b) in [(0, 3), (3, 5), (5, 6), (5, 8), (8, 10), (0, 13), (3, 10)] {
      let found = (0..<count).reduce(0.0) { $0 + spin($1, a) * spin($1, b) } / Double(count), r = Double(b - a)
      let exact = (pow(t, r) + pow(t, n - r)) / (1 + pow(t, n))
      #expect(abs(found - exact) < 4 * ((1 - exact * exact) / Double(count)).squareRoot(), "\(a), \(b): \(found), exactly \(exact)")
    }
  }

  @Test("a filter that learns through a critic finds the ring's best rule, the spin at the edge, where the majority knows less")
  func edge() {
    let data = ring.samples(sites: 14, buffer: 1, reach: 4, count: 20_000, from: testStreams(801)), training = training(steps: 1000)
    let weights = training.trained { training.neuralEnvironment(data, hidden: 32, from: testStreams(802), into: &$0) }
    let filter = TiedFilter(window: 2, weights: weights, choice: .mostProbable)
    let found = ring.informations(
      sites: 14, buffer: 1, laws: [(0..<16).map { filter.probability($0) }] + RingBlock.oddMaps(block: 4)
    ).laws
    #expect(found[0] > found[1...].reduce(0, max) - 1e-12, "\(weights)")
  }

  @Test("training in pieces with the state saved between them, critic and all, is bitwise the whole; sites that are not read keep weight 0")
  func pieces() throws {
    let data = ring.samples(sites: 14, buffer: 1, reach: 4, count: 2000, from: testStreams(803)), training = training(steps: 40)
    let whole = training.trained { training.neuralEnvironment(data, reading: [0, 1, 3], hidden: 8, from: testStreams(804), into: &$0) }
    var progress = FilterProgress()
    training.neuralEnvironment(data, reading: [0, 1, 3], hidden: 8, from: testStreams(804), into: &progress, steps: 13)
    var archive = MemoryArchive()
    try progress.save(to: &archive, at: "part")
    var resumed = try FilterProgress(from: archive, at: "part")
    #expect(resumed == progress && resumed.step == 13)
    training.neuralEnvironment(data, reading: [0, 1, 3], hidden: 8, from: testStreams(804), into: &resumed)
    #expect(training.weights(resumed) == whole && whole[2] == 0 && whole[0] != 0)
  }

  @Test("windows and environments hold the spins that lie there, wherever their corners are")
  func windows() throws {
    let fine = randomSpins(.lattice([12, 14]), count: 3, seed: 805),
      corners = [(row: -1, column: 3), (row: 11, column: 13), (row: 4, column: 5)]
    let samples = try EnvironmentSamples(fine, window: 4, corners: corners)
    #expect(samples.count == 9 && samples.perConfiguration == 3 && samples.width == 64)
    func spin(_ sample: Int, _ corner: (row: Int, column: Int), _ y: Int, _ x: Int) -> Bool {
      fine[sample, (corner.row + y + 24) % 12 * 14 + (corner.column + x + 28) % 14]
    }
    for sample in 0..<3 {
      for (place, corner) in corners.enumerated() {
        let window = samples.windows[3 * sample + place], around = samples.environments[3 * sample + place]
        for k in 0..<16 { #expect((window >> UInt16(k) & 1 == 1) == spin(sample, corner, k / 4, k % 4)) }
        var bit = 0
        for y in -3..<7 {
          for x in -3..<7 where !((-1..<5).contains(y) && (-1..<5).contains(x)) {
            #expect((around >> UInt64(bit) & 1 == 1) == spin(sample, corner, y, x))
            bit += 1
          }
        }
      }
    }
    // Every seventh coarse site is a window whose corner lies one site before the block.
    let strided = try EnvironmentSamples(fine, window: 4),
      named = try EnvironmentSamples(
        fine, window: 4, corners: stride(from: 0, to: 42, by: 7).map { (row: 2 * ($0 / 7) - 1, column: 2 * ($0 % 7) - 1) })
    #expect(strided.windows == named.windows && strided.environments == named.environments)
  }

  @Test("a planted unit cut to the window about its place is the majority of its block", arguments: UnitValues.allCases)
  func windowedUnits(units: UnitValues) throws {
    let cut = try BoltzmannLayer(plantedMachine(units, size: 8, strength: 3), on: [8, 8]).windowed(Array(0..<16), window: 4)
    for (unit, one) in cut.enumerated() {
      #expect(abs(one.share - 1) < 1e-12)
      // The block's corner is one site beyond the window's.
      #expect((one.row + 9) % 8 == (2 * (unit / 4) + 1) % 8 && (one.column + 9) % 8 == (2 * (unit % 4) + 1) % 8)
      for state in [0, 0xFFFF, 0b0110_0010_0000, 0b0000_0010_0000, 0b1001_0110_0110_1001, 0b1111_1001_1001_1111] {
        let ups = (state & 0b0110_0110_0000).nonzeroBitCount
        #expect(one.mostProbable(state) == (ups > 2 ? 1 : 0))
      }
    }
  }
}
