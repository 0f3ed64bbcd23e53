import BoltzmannMachines
import Foundation
import LatticeSystems
import LinearAlgebra
import RandomStreams
import Renormalization
public import Runtime
import Sampling

/// The variational renormalization map of Mehta and Schwab on systems whose every state is summed: two cases in which it is exact, one in
/// which free energies agree and laws do not, and filters trained for the likelihood beside filters trained for the spread of ln X; the
/// last on lattices too large for that too, estimated from samples.
public struct VariationalMapStudy: Study {
  public static let name = "variational-map"
  public static let summary =
    "the variational map of Mehta and Schwab: cases where it is exact, where equal free energies deceive, and two ways to train it"

  /// All that is summed exactly, or one larger lattice.
  public enum Unit: Sendable, Equatable { case examples, large(Int) }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "ring", "the Ising ring",
      [
        Parameter("sites", .integer(8), .integers(4...10), unit: "sites", "an even number"),
        Parameter("couplings", .reals([0.2, 0.4, 0.6, 0.8]), .reals(0.01...3), unit: "1", "K"),
        Parameter("weights", .reals([0.25, 0.5, 1, 2, 4]), .reals(0...50), unit: "1", "w of soft decimation"),
        Parameter("amplitudes", .reals([0, 0.25, 0.5, 0.75, 1]), .reals(0...10), unit: "1", "of a machine with weights that were made up"),
      ]),
    ParameterTable(
      "torus", "filters of 2 x 2 weights on the 4 x 4 torus",
      [
        Parameter("couplings", .reals([0.3, 0.4, IsingModel.criticalCoupling]), .reals(0.01...1), unit: "1", "K"),
        Parameter("configurations", .integer(20_000), .integers(100...200_000), unit: "configurations", "to train on"),
        Parameter(
          "steps", .integer(1000), .integers(1...10_000), unit: "steps", "of Adam on 64 configurations each, there and on large lattices"),
      ]),
    ParameterTable(
      "large", "filters of 4 x 4 weights on larger lattices, estimated",
      [
        Parameter("sizes", .integers([8, 16, 32]), .integers(8...64), unit: "sites", "edges of the lattices, even; [] for none"),
        Parameter("coupling", .real(0.408), .reals(0.01...1), unit: "1", "K"),
        Parameter(
          "configurations", .integer(4000), .integers(100...200_000), unit: "configurations", "to train on, and as many to test on"),
        Parameter(
          "temperatures", .integer(2000), .integers(10...1_000_000), unit: "steps",
          "of annealed importance sampling up to 16 x 16 sites; beyond, in proportion to the sites"),
        Parameter("replicas", .integer(200), .integers(20...100_000), unit: "replicas", "of each of two runs of it and one back"),
        Parameter(
          "equilibration", .integer(300), .integers(1...1_000_000), unit: "sweeps", "of the machine, from data, before the run back"),
      ]),
  ]

  public static let debugOverrides = [
    "ring.sites=4", "torus.configurations=200", "torus.steps=20", "large.sizes=[8]",
    "large.configurations=100", "large.temperatures=20", "large.replicas=20", "large.equilibration=5",
  ]

  let sites: Int, ringCouplings: [Double], weights: [Double], amplitudes: [Double]
  let torusCouplings: [Double], configurations: Int, steps: Int
  let largeSizes: [Int], largeCoupling: Double, largeConfigurations: Int, temperatures: Int, replicas: Int, equilibration: Int

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    sites = parameters.integer("ring.sites")
    ringCouplings = parameters.reals("ring.couplings")
    weights = parameters.reals("ring.weights")
    amplitudes = parameters.reals("ring.amplitudes")
    torusCouplings = parameters.reals("torus.couplings")
    configurations = parameters.integer("torus.configurations")
    steps = parameters.integer("torus.steps")
    largeSizes = parameters.integers("large.sizes")
    largeCoupling = parameters.real("large.coupling")
    largeConfigurations = parameters.integer("large.configurations")
    temperatures = parameters.integer("large.temperatures")
    replicas = parameters.integer("large.replicas")
    equilibration = parameters.integer("large.equilibration")
    if let odd = largeSizes.first(where: { $0 % 2 != 0 }) { throw .invalid(parameter: "large.sizes", what: "\(odd) is odd") }
    guard Set(largeSizes).count == largeSizes.count else { throw .invalid(parameter: "large.sizes", what: "\(largeSizes): each once") }
    guard sites % 2 == 0 else { throw .invalid(parameter: "ring.sites", what: "\(sites) is odd; every second spin is kept") }
    for (name, list) in [
      ("ring.couplings", ringCouplings), ("ring.weights", weights), ("ring.amplitudes", amplitudes), ("torus.couplings", torusCouplings),
    ] {
      guard !list.isEmpty, Set(list).count == list.count else {
        throw .invalid(parameter: name, what: "\(list): at least one value, and each once")
      }
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let training = Double(torusCouplings.count * (20 * configurations * 16 * 6 + 2 * steps * 64 * 16 * 30))
    let examples = PlannedUnit(
      label: "examples", unit: Unit.examples, team: .one, operations: 1e10 + 116 * training, bytesPerRank: 1e8)
    return [examples]
      + largeSizes.map { size in
        let sites = Double(size * size), annealing = 4 * Double((6 * temperatures(size) + 2 * equilibration) * replicas) * sites * sites / 4
        return PlannedUnit(
          label: "size-\(size)", unit: .large(size), team: .upTo(8), operations: 116 * 2 * Double(steps) * 64 * sites * 30 + annealing,
          bytesPerRank: 1e8 + 2 * sites * sites)
      }
  }

  /// Steps of annealing: the variance of ln w goes with the sites over the steps.
  func temperatures(_ size: Int) -> Int { max(temperatures, temperatures * size * size / 256) }

  // MARK: what is computed

  static func at(_ example: String, _ name: String, _ value: Double) -> [(name: String, value: ParameterValue)] {
    [("example", .text(example)), (name, .real(value))]
  }

  /// The bond machine on the ring: F, D_KL, and the correlation of neighbouring hidden units beside that of spins.
  func bondMachine(_ coupling: Double) -> (map: ExactVariationalMap, constant: Double, hidden: Double, spins: Double) {
    let machine = BondMachine.machine(sites: sites, bonds: (0..<sites).map { ($0, ($0 + 1) % sites) }, coupling: coupling)
    let map = ExactVariationalMap(energies: ExactVariationalMap.ringEnergies(sites: sites, coupling: coupling), machine: machine)
    let t = tanh(coupling), n = Double(sites)
    let spins = (t + pow(t, n - 1)) / (1 + pow(t, n))
    return (map, n * BondMachine.logConstant(coupling: coupling), map.hiddenMean { ($0 ^ $0 >> 1) & 1 == 0 ? 1 : -1 }, spins)
  }

  /// A machine with half as many hidden units, W_ij = a sin(1 + 3i + 7j), without biases.
  func madeUp(_ amplitude: Double) -> ExactVariationalMap {
    let hidden = sites / 2
    let machine = RestrictedBoltzmannMachine<Double>(
      units: .plusMinusOne, visible: sites, hidden: hidden,
      weights: (0..<sites * hidden).map { amplitude * sin(Double(1 + 3 * ($0 / hidden) + 7 * ($0 % hidden))) },
      visibleBias: [Double](repeating: 0, count: sites), hiddenBias: [Double](repeating: 0, count: hidden))
    return ExactVariationalMap(energies: ExactVariationalMap.ringEnergies(sites: sites, coupling: ringCouplings[0]), machine: machine)
  }

  /// D_KL, deviation of ln X and F^h - F^v of a filter's machine on the 4x4 torus, every state summed.
  func torusMap(_ filter: TiedFilter, coupling: Double) throws -> (kullbackLeibler: Double, deviation: Double, difference: Double) {
    let model = try IsingModel(SquareLattice(size: 4), coupling: coupling)
    let all = Configurations(count: 1 << 16, sites: .lattice([4, 4]), words: (0..<UInt64(1) << 16).map { $0 })
    let hidden = try MachineMarginal.hiddenFreeEnergies(filter, all)
    let energies = (0..<all.count).map { coupling * Double(model.energy(all, $0)) }
    let lnZ = Elementwise.logSumExp(energies.map { -$0 }), modelLogPartition = MachineMarginal.logPartition(filter, shape: [4, 4])
    var mean = 0.0, square = 0.0
    for (energy, value) in zip(energies, hidden) {
      let p = exp(-energy - lnZ), x = energy + value
      mean += p * x
      square += p * x * x
    }
    return (modelLogPartition - lnZ - mean, max(0, square - mean * mean).squareRoot(), lnZ - modelLogPartition)
  }

  /// The filters trained on one coupling: for the likelihood and for the spread of ln X.
  func trained(_ coupling: Double, _ streams: StreamKey) throws -> [(name: String, filter: TiedFilter)] {
    let model = try IsingModel(SquareLattice(size: 4), coupling: coupling)
    let sampler = try IsingChainSampler(model, move: .swendsenWang, interval: 3), source = KeyedStreams(streams.use("data"))
    var words = sampler.start(0, from: source), taken: UInt64 = 0
    _ = try sampler.draw(&words, chain: 0, steps: &taken, count: 100, from: source)
    let data = try sampler.draw(&words, chain: 0, steps: &taken, count: configurations, from: source)
    let energies = (0..<data.count).map { coupling * Double(model.energy(data, $0)) }
    let training = FilterTraining(window: 2, steps: steps, batch: 64, rate: 0.01)
    let likelihood = KeyedStreams(streams.use("likelihood")), spread = KeyedStreams(streams.use("spread"))
    return [
      ("likelihood", try training.trained { try training.contrastiveDivergence(data, from: likelihood, into: &$0) }),
      ("spread", try training.trained { try training.logXSpread(data, energies: energies, from: spread, into: &$0) }),
    ].map { ($0.0, TiedFilter(window: 2, weights: $0.1)) }
  }
}
