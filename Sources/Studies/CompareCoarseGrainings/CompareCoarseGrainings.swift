import Foundation
import LatticeSystems
import Renormalization
public import Runtime
import Sampling

/// Coarse grainings of the critical Ising model, learned or not, in one table: exponents by Monte Carlo renormalization, the information
/// of coarse spins about their surroundings, the variational map, couplings and correlations of coarse spins, cost. One unit for each.
public struct CompareCoarseGrainings: Study {
  public static let name = "compare-coarse-grainings"
  public static let summary =
    "block spins, decimation, learned filters and controls in one table: exponents, information, couplings, variational map"

  /// One coarse graining.
  public struct Unit: Sendable { let rule: CoarseRule }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "the model",
      [
        Parameter("size", .integer(64), .integers(16...4096), unit: "sites", "edge of the square lattice, a multiple of 16"),
        Parameter("coupling", .real(IsingModel.criticalCoupling), .reals(0.01...2), unit: "1", "K"),
      ]),
    ParameterTable(
      "rules", "what is compared",
      [
        Parameter("names", .texts(CoarseRule.allCases.map(\.rawValue)), .oneOf(CoarseRule.allCases.map(\.rawValue)), "the rows"),
        Parameter("random_scale", .real(0.5), .reals(1e-3...100), unit: "1", "deviation of the random filter's weights"),
      ]),
    ParameterTable(
      "training", "of filters of 4 x 4 weights",
      [
        Parameter("size", .integer(32), .integers(16...64), unit: "sites", "edge of the lattices trained on, a multiple of 4"),
        Parameter(
          "configurations", .integer(4000), .integers(64...20_000), unit: "configurations", "to train on, and as many to test on"),
        Parameter("interval", .integer(5), .integers(1...10_000), unit: "steps", "of Swendsen and Wang between them"),
        Parameter("steps", .integer(1500), .integers(1...1_000_000), unit: "steps", "of Adam"),
        Parameter("batch", .integer(64), .integers(2...4096), unit: "configurations", "of a step"),
        Parameter("rate", .real(0.01), .reals(1e-6...1), unit: "1", "of a step; it falls to a tenth in the last third"),
        Parameter("machine_epochs", .integer(60), .integers(1...10_000), unit: "epochs", "of the untied machines"),
        Parameter("machine_penalty", .real(4e-3), .reals(0...10), unit: "1", "L1 on their weights, without which they are not local"),
        Parameter("marginal_configurations", .integer(20_000), .integers(64...200_000), unit: "configurations", "of 8 x 8 for D_KL"),
      ]),
    ParameterTable(
      "sampling", "Monte Carlo renormalization",
      [
        Parameter("move", .text("wolff"), .oneOf(ChainMove.allCases.map(\.rawValue)), "wolff: one cluster a step"),
        Parameter("chains", .integer(8), .integers(1...4096), unit: "chains", "independent, from hot starts, with wolff from cold ones"),
        Parameter("measurements", .integer(10_000), .integers(16...100_000_000), unit: "configurations", "of each chain"),
        Parameter("interval", .integer(4), .integers(1...100_000), unit: "steps", "of the move between configurations"),
        Parameter("warm_up", .integer(500), .integers(0...10_000_000), unit: "configurations", "passed over at first"),
      ]),
    ParameterTable(
      "analysis", "errors",
      [Parameter("blocks", .integer(64), .integers(8...4096), unit: "blocks", "of the jackknife, a multiple of chains")]),
  ]

  public static let debugOverrides = [
    "lattice.size=16", "training.size=16", "training.configurations=64", "training.steps=20", "training.machine_epochs=2",
    "training.marginal_configurations=64",
    "sampling.measurements=100", "sampling.warm_up=10",
  ]

  let size: Int, coupling: Double, rules: [CoarseRule], randomScale: Double
  let trainingSize: Int, configurations: Int, trainingInterval: Int, steps: Int, batch: Int, rate: Double, marginalConfigurations: Int
  let machineEpochs: Int, machinePenalty: Double
  let move: ChainMove, chains: Int, measurements: Int, interval: Int, warmUp: Int, blocks: Int

  /// Even and odd operators of the exponents; operators of the couplings.
  static let even = [SpinOperator.nearest, .diagonal, .secondAlongAxes, .plaquette, .knight]
  static let odd = SpinOperator.odd
  /// How many blocks of the jackknife are joined to one, to see whether they are long enough.
  static let longerBlocks = 4
  static let fitted = [SpinOperator.nearest, .diagonal, .secondAlongAxes, .knight, .secondDiagonal, .thirdAlongAxes, .plaquette]

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    size = parameters.integer("lattice.size")
    coupling = parameters.real("lattice.coupling")
    rules = parameters.texts("rules.names").compactMap(CoarseRule.init)
    randomScale = parameters.real("rules.random_scale")
    trainingSize = parameters.integer("training.size")
    configurations = parameters.integer("training.configurations")
    trainingInterval = parameters.integer("training.interval")
    steps = parameters.integer("training.steps")
    batch = parameters.integer("training.batch")
    rate = parameters.real("training.rate")
    machineEpochs = parameters.integer("training.machine_epochs")
    machinePenalty = parameters.real("training.machine_penalty")
    marginalConfigurations = parameters.integer("training.marginal_configurations")
    chains = parameters.integer("sampling.chains")
    measurements = parameters.integer("sampling.measurements")
    interval = parameters.integer("sampling.interval")
    warmUp = parameters.integer("sampling.warm_up")
    blocks = parameters.integer("analysis.blocks")
    guard let move = ChainMove(rawValue: parameters.text("sampling.move")) else { preconditionFailure("checked against its texts") }
    self.move = move

    guard size % 16 == 0 else { throw .invalid(parameter: "lattice.size", what: "\(size) is not a multiple of 16") }
    guard trainingSize % 4 == 0 else { throw .invalid(parameter: "training.size", what: "\(trainingSize) is not a multiple of 4") }
    guard !rules.isEmpty, Set(rules).count == rules.count else {
      throw .invalid(parameter: "rules.names", what: "at least one rule, and each once")
    }
    guard !rules.contains(.untied) || batch <= min(configurations, marginalConfigurations) else {
      throw .invalid(
        parameter: "training.batch",
        what: "\(batch) is more than there is to train \(CoarseRule.untied.rawValue) on: training.configurations = \(configurations), "
          + "training.marginal_configurations = \(marginalConfigurations)")
    }
    guard !rules.contains(.neuralInformation) || batch <= 1024 else {
      throw .invalid(
        parameter: "training.batch",
        what:
          "\(batch) is more than 1024, the most that \(CoarseRule.neuralInformation.rawValue) takes: a step scores all (4 x batch)^2 pairs")
    }
    guard blocks % chains == 0, chains * measurements >= 4 * blocks else {
      throw .invalid(
        parameter: "analysis.blocks",
        what: "\(blocks) has to be a multiple of sampling.chains = \(chains), with at least 4 configurations in each block")
    }
    guard try renormalization().largestCount < 0x1p62 else {
      throw .invalid(parameter: "sampling.measurements", what: "\(measurements) could overflow 64-bit sums; take fewer")
    }
    _ = try sampler()
  }

  /// Steps down to 8 x 8, or one.
  var flowSteps: Int {
    var steps = 0
    while size >> (steps + 1) >= 8, size % (2 << steps) == 0 { steps += 1 }
    return steps
  }
  func sampler() throws(StudyError) -> IsingChainSampler {
    do throws(LatticeError) {
      return try IsingChainSampler(IsingModel(SquareLattice(size: size), coupling: coupling), move: move, interval: interval)
    } catch { throw .invalid(parameter: "lattice.size", what: "\(size): \(error.description)") }
  }
  var samples: SampleBlocks { SampleBlocks(samples: chains * measurements, blocks: blocks) }
  func renormalization() throws(StudyError) -> MonteCarloRenormalization {
    do throws(CoarseGrainingError) {
      return try MonteCarloRenormalization(
        shape: [size, size], scale: 2, steps: flowSteps, even: Self.even, odd: Self.odd, samples: samples)
    } catch { throw .invalid(parameter: "lattice.size", what: "\(size): \(error)") }
  }
  /// G at L / 8 and L / 4 of the fine lattice, on it and after one step.
  func probes() throws(StudyError) -> (fine: CorrelationProbe, coarse: CorrelationProbe) {
    do throws(CoarseGrainingError) {
      return (
        try CorrelationProbe(sites: .lattice([size, size]), near: size / 8, far: size / 4, samples: samples),
        try CorrelationProbe(sites: .lattice([size / 2, size / 2]), near: size / 16, far: size / 8, samples: samples)
      )
    } catch { throw .invalid(parameter: "lattice.size", what: "\(size): \(error)") }
  }
  var isCritical: Bool { abs(coupling - IsingModel.criticalCoupling) < 1e-9 }

  /// Nanoseconds for a configuration of one chain and its measurement, roughly.
  var cost: Double {
    let sites = Double(size * size)
    let step = move == .wolff ? 12 * pow(sites, 0.875) : move == .swendsenWang ? 6 * sites : sites / 10 + 50 * Double(size)
    return Double(interval) * step + 6 * sites + 5000
  }
  /// Nanoseconds of a step up InfoNCE with batches of 4 x batch windows of 64 spins around, roughly: a critic of 2 x 64 units, the
  /// exponentials of all pairs.
  var neuralStep: Double {
    let pairs = Double(4 * batch)
    return pairs * (1100 + 5 * pairs)
  }
  public func plan() -> [PlannedUnit<Unit>] {
    rules.map { rule in
      let sites = Double(trainingSize * trainingSize), data = Double(configurations) * sites
      if rule == .untied {
        // Three products and an outer one for each sample and step; then coarse spins, fields and the environment's fit.
        let training = 8 * Double(machineEpochs) * (data * sites / 4 + Double(marginalConfigurations) * 64 * 16)
        return PlannedUnit(
          label: rule.rawValue, unit: Unit(rule: rule), team: .one, operations: training + 2 * data * sites + 116 * 3e9,
          bytesPerRank: data * 2 + 40 * sites * sites + 5e7)
      }
      let isNeural = rule == .neuralInformation
      let training =
        rule.objective == nil
        ? 1e9
        : isNeural ? 1e9 + 11.6 * Double(steps) * neuralStep : 1e9 + 40 * Double(trainingSize * trainingSize * steps * batch)
      return PlannedUnit(
        label: rule.rawValue, unit: Unit(rule: rule), team: chains == 1 ? .one : .upTo(chains),
        operations: 116 * Double(chains * (measurements + warmUp)) * cost + 10 * training,
        bytesPerRank: Double(size * size) * (Double(chains) / 8 + 64) + 1e7 + data * 2
          + (isNeural ? 4 * Double(4 * batch) * Double(4 * batch) : 0))
    }
  }
}
