import LatticeSystems
import RandomStreams
import Renormalization
public import Runtime
import Sampling

/// Filters that are to know most of their surroundings (real-space mutual information): trained on the square Ising model at several
/// couplings and valued exactly on a small torus; and on the ring, where every rule can be tried, whether the most informative one makes
/// couplings of no longer range.
public struct MutualInformationFilters: Study {
  public static let name = "rsmi"
  public static let summary =
    "filters of most information about their surroundings, over temperature, with exact values; the optimal rule of the ring among all rules"

  /// The ring, or one coupling of the square lattice.
  public enum Unit: Sendable {
    case ring
    case coupling(Double)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "ring", "the Ising ring, exactly",
      [
        Parameter("blocks", .integers([2, 3, 4]), .integers(2...4), unit: "sites", "edges of the blocks, one coarse spin for each"),
        Parameter("coupling", .real(0.8), .reals(0.01...4), unit: "1", "K"),
        Parameter("sites", .integer(1000), .integers(16...100_000), unit: "sites", "of the ring"),
        Parameter("buffer", .integer(1), .integers(0...5), unit: "sites", "between a block and its environment, on both sides"),
        Parameter("coarse", .integer(8), .integers(4...12), unit: "spins", "coarse spins of the ring whose couplings are found"),
      ]),
    ParameterTable(
      "lattice", "the square Ising model",
      [
        Parameter(
          "couplings", .reals([0.2, 0.3, 0.36, 0.4, IsingModel.criticalCoupling, 0.48]), .reals(0.01...1), unit: "1",
          "K, each a unit of work"),
        Parameter("size", .integer(32), .integers(16...64), unit: "sites", "edge of the lattices, a multiple of 4"),
      ]),
    ParameterTable(
      "training", "of the filters",
      [
        Parameter(
          "configurations", .integer(4000), .integers(64...20_000), unit: "configurations", "to train on, to fit on, to test on"),
        Parameter("interval", .integer(5), .integers(1...10_000), unit: "steps", "of Swendsen and Wang between them"),
        Parameter("steps", .integer(1500), .integers(1...1_000_000), unit: "steps", "of Adam"),
        Parameter("batch", .integer(64), .integers(2...4096), unit: "1", "a sixteenth of the windows of a step"),
        Parameter("rate", .real(0.01), .reals(1e-6...1), unit: "1", "of a step; it falls to a tenth in the last third"),
      ]),
    ParameterTable(
      "neural", "filters of 2 x 2 spins of a 6 x 6 torus, and of the ring's blocks, trained and valued by InfoNCE",
      [
        Parameter("samples", .integer(40_000), .integers(96...1_000_000), unit: "configurations", "to train on, and as many to value on"),
        Parameter("steps", .integer(1500), .integers(1...1_000_000), unit: "steps", "of Adam, of filter and critic together"),
        Parameter("batch", .integer(64), .integers(2...1024), unit: "1", "a quarter of the pairs of a step"),
        Parameter("rate", .real(0.01), .reals(1e-6...1), unit: "1", "of the filter's step, the critic's is 0.3 of it"),
        Parameter("hidden", .integer(64), .integers(1...1024), unit: "units", "of each of the critic's two layers"),
      ]),
  ]

  public static let debugOverrides = [
    "lattice.couplings=[0.4]", "lattice.size=16", "training.configurations=64", "training.steps=20", "ring.blocks=[2]",
    "neural.samples=1000", "neural.steps=20", "neural.batch=8", "neural.hidden=8",
  ]

  let blocks: [Int], ringCoupling: Double, ringSites: Int, buffer: Int, coarse: Int
  let couplings: [Double], size: Int, configurations: Int, interval: Int, steps: Int, batch: Int, rate: Double
  let neuralSamples: Int, neuralHidden: Int, neural: FilterTraining

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    blocks = parameters.integers("ring.blocks")
    ringCoupling = parameters.real("ring.coupling")
    ringSites = parameters.integer("ring.sites")
    buffer = parameters.integer("ring.buffer")
    coarse = parameters.integer("ring.coarse")
    couplings = parameters.reals("lattice.couplings")
    size = parameters.integer("lattice.size")
    configurations = parameters.integer("training.configurations")
    interval = parameters.integer("training.interval")
    steps = parameters.integer("training.steps")
    batch = parameters.integer("training.batch")
    rate = parameters.real("training.rate")
    neuralSamples = parameters.integer("neural.samples")
    neuralHidden = parameters.integer("neural.hidden")
    neural = FilterTraining(
      window: 4, steps: parameters.integer("neural.steps"), batch: parameters.integer("neural.batch"), rate: parameters.real("neural.rate"))
    guard !blocks.isEmpty, Set(blocks).count == blocks.count else {
      throw .invalid(parameter: "ring.blocks", what: "\(blocks): at least one block, and each once")
    }
    guard !couplings.isEmpty, Set(couplings).count == couplings.count else {
      throw .invalid(parameter: "lattice.couplings", what: "\(couplings): at least one coupling, and each once")
    }
    guard size % 4 == 0 else { throw .invalid(parameter: "lattice.size", what: "\(size) is not a multiple of 4") }
    // Two batches of the fifth that values the estimate.
    guard neuralSamples >= 48 * neural.batch else {
      throw .invalid(
        parameter: "neural.samples",
        what: "\(neuralSamples) are too few for batches of 4 x neural.batch = \(4 * neural.batch); at least \(48 * neural.batch)")
    }
  }

  /// Operations of a step up the neural bound: the critic forward and back, the exponentials of all pairs, the drawn windows.
  private var neuralStep: Double {
    let pairs = Double(4 * neural.batch), row = Double(neuralHidden * (neuralHidden + 22))
    return pairs * (12 * row + 600 * pairs + 2e4)
  }
  /// Such steps between two checkpoints: some tenths of a second, and longer than drawing their samples again takes.
  var neuralSlice: Int { max(1, Int((2.5e10 + 1e5 * Double(neuralSamples)) / neuralStep)) }

  /// The scores of all pairs of a batch and the units' values.
  private var neuralBytes: Double { 16 * Double(neural.batch) * (4 * Double(neural.batch) + 4 * Double(neuralHidden)) }

  public func plan() -> [PlannedUnit<Unit>] {
    let sampling = 3 * Double(configurations * interval * size * size) * 6
    let training = 2 * Double(steps * 16 * batch) * 250
    // Every fiftieth step of an estimate is tried on a fifth of the samples.
    let slices = (Double(self.neural.steps) / Double(neuralSlice)).rounded(.up)
    let neural = Double(self.neural.steps) * neuralStep + slices * 2e4 * Double(neuralSamples)
    let estimate =
      neural * 2 + Double(self.neural.steps / 50) * 0.2 * Double(neuralSamples) / Double(4 * self.neural.batch) * neuralStep / 3
    return [
      PlannedUnit(
        label: "ring", unit: .ring, team: .one, operations: 1e9 + Double(blocks.count) * neural,
        bytesPerRank: 1e7 + 20 * Double(neuralSamples) + neuralBytes)
    ]
      + couplings.enumerated().map { index, coupling in
        PlannedUnit(
          label: "coupling-\(index)", unit: .coupling(coupling), team: .one,
          operations: 116 * (sampling + training + 2e9) + neural + estimate,
          bytesPerRank: 30 * Double(configurations * size * size) / 28 + 1e7 + 400 * Double(neuralSamples) + neuralBytes)
      }
  }
}
