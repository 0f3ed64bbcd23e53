import Foundation
import LatticeSystems
import Renormalization
public import Runtime

/// Monte Carlo renormalization of the square Ising model: the linearised transformation of a block-spin rule from correlations of
/// operators before and after each step, for a growing set of operators, on lattices of several sizes. Of large lattices each may be cut
/// into strips and bands over all ranks; a filter's learned weights may stand in for the rule of block spins.
public struct MonteCarloRG: Study {
  public static let name = "monte-carlo-rg"
  public static let summary =
    "Swendsen's Monte Carlo renormalization of Ising block spins: exponents by step, operators and lattice; matching of lattices"

  /// One lattice.
  public struct Unit: Sendable { let size: Int }

  /// Block-spin rules by name.
  enum Rule: String, CaseIterable, Sendable {
    case majority
    case cornerMajority = "majority-corner"
    case decimation
    case filter
    case filterSigns = "filter-signs"
    /// How a filter's spins are chosen; nil for block spins.
    var choice: TiedFilter.Choice? {
      switch self {
      case .majority, .cornerMajority, .decimation: nil
      case .filter: .sampled
      case .filterSigns: .mostProbable
      }
    }
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "the models",
      [
        Parameter("sizes", .integers([64, 32]), .integers(4...16384), unit: "sites", "edges of the square lattices, each a unit of work"),
        Parameter("coupling", .real(IsingModel.criticalCoupling), .reals(0...2), unit: "1", "K"),
        Parameter(
          "strips", .flag(false), .anything,
          "cut each lattice into strips of rows over all ranks instead of sharing chains out: for lattices too large for one rank"),
      ]),
    ParameterTable(
      "blocks", "the coarse graining",
      [
        Parameter(
          "rule", .text("majority"), .oneOf(Rule.allCases.map(\.rawValue)),
          "majority: ties by a spin of the block that a coin chooses; majority-corner: by its lowest corner; decimation: the lowest corner; "
            + "filter: h drawn from p(h | v) of a Boltzmann machine with blocks.weights; filter-signs: the likelier h"),
        Parameter(
          "weights", .reals([]), .reals(-1000...1000), unit: "1",
          "of a filter: 4 or 16, row by row, e.g. those of a compare-coarse-grainings run; the middle 2 x 2 sites are the block"),
        Parameter("scale", .integer(2), .integers(2...16), unit: "sites", "b, the edge of a block"),
        Parameter("least_size", .integer(8), .integers(2...4096), unit: "sites", "no step makes a smaller lattice"),
      ]),
    ParameterTable(
      "operators", "in the order in which a growing set takes them",
      [
        Parameter(
          "even", .texts(["nearest", "diagonal", "second-along-axes", "plaquette", "knight"]),
          .oneOf(SpinOperator.even.map(\.name)), "the first is what lattices are matched by"),
        Parameter(
          "odd", .texts(["magnetization", "corner", "straight", "star"]), .oneOf(SpinOperator.odd.map(\.name)),
          "begins with the magnetization"),
      ]),
    ParameterTable(
      "sampling", "Monte Carlo",
      [
        Parameter("move", .text("wolff"), .oneOf(ChainMove.allCases.map(\.rawValue)), "wolff: one cluster a step"),
        Parameter("chains", .integer(8), .integers(1...4096), unit: "chains", "independent, from hot starts, with wolff from cold ones"),
        Parameter("measurements", .integer(20_000), .integers(16...100_000_000), unit: "configurations", "of each chain"),
        Parameter("interval", .integer(4), .integers(1...100_000), unit: "steps", "of the move between configurations"),
        Parameter("warm_up", .integer(500), .integers(0...10_000_000), unit: "configurations", "passed over at first"),
      ]),
    ParameterTable(
      "analysis", "errors",
      [Parameter("blocks", .integer(64), .integers(8...4096), unit: "blocks", "of the jackknife, a multiple of chains")]),
  ]

  public static let debugOverrides = ["lattice.sizes=[16, 8]", "blocks.least_size=4", "sampling.measurements=200", "sampling.warm_up=20"]

  let sizes: [Int], coupling: Double, isCut: Bool, rule: Rule, filter: TiedFilter?, scale: Int, leastSize: Int
  let even: [SpinOperator], odd: [SpinOperator]
  let move: ChainMove, chains: Int, measurements: Int, interval: Int, warmUp: Int, blocks: Int

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    sizes = parameters.integers("lattice.sizes")
    coupling = parameters.real("lattice.coupling")
    isCut = parameters.flag("lattice.strips")
    scale = parameters.integer("blocks.scale")
    leastSize = parameters.integer("blocks.least_size")
    even = parameters.texts("operators.even").compactMap(SpinOperator.named)
    odd = parameters.texts("operators.odd").compactMap(SpinOperator.named)
    chains = parameters.integer("sampling.chains")
    measurements = parameters.integer("sampling.measurements")
    interval = parameters.integer("sampling.interval")
    warmUp = parameters.integer("sampling.warm_up")
    blocks = parameters.integer("analysis.blocks")
    guard let rule = Rule(rawValue: parameters.text("blocks.rule")), let move = ChainMove(rawValue: parameters.text("sampling.move"))
    else { preconditionFailure("texts were checked against their lists") }
    (self.rule, self.move) = (rule, move)
    let weights = parameters.reals("blocks.weights")
    if let choice = rule.choice {
      guard weights.count == 4 || weights.count == 16 else {
        throw .invalid(parameter: "blocks.weights", what: "\(weights.count) weights; rule = \"\(rule.rawValue)\" takes 4 or 16")
      }
      guard scale == 2 else { throw .invalid(parameter: "blocks.scale", what: "\(scale); a filter makes one spin of 2 x 2 sites") }
      filter = TiedFilter(window: weights.count == 4 ? 2 : 4, weights: weights, choice: choice)
    } else {
      guard weights.isEmpty else {
        throw .invalid(parameter: "blocks.weights", what: "rule = \"\(rule.rawValue)\" takes none; \"filter\" and \"filter-signs\" do")
      }
      filter = nil
    }
    if isCut {
      guard move == .swendsenWang else {
        throw .invalid(parameter: "sampling.move", what: "\(move.rawValue) does not serve strips; swendsen-wang does")
      }
      guard filter == nil else { throw .invalid(parameter: "lattice.strips", what: "filters have no strips; give one of the two") }
    }

    for (name, list) in [("operators.even", even), ("operators.odd", odd)] {
      guard !list.isEmpty, Set(list.map(\.name)).count == list.count else {
        throw .invalid(parameter: name, what: "\(list.map(\.name)): at least one operator, and each once")
      }
    }
    guard odd[0] == .magnetization else {
      throw .invalid(parameter: "operators.odd", what: "\(odd[0].name) stands first; magnetization has to")
    }
    guard !sizes.isEmpty, Set(sizes).count == sizes.count else {
      throw .invalid(parameter: "lattice.sizes", what: "\(sizes): at least one size, and each once")
    }
    guard blocks % chains == 0, chains * measurements >= 4 * blocks else {
      throw .invalid(
        parameter: "analysis.blocks",
        what: "\(blocks) has to be a multiple of sampling.chains = \(chains), with at least 4 configurations in each block")
    }
    for size in sizes {
      guard steps(size) > 0 else {
        throw .invalid(
          parameter: "lattice.sizes", what: "\(size) gives no lattice of \(leastSize) sites or more by blocks of \(scale)")
      }
      let renormalization = try renormalization(size)
      guard renormalization.largestCount < 0x1p62 else {
        throw .invalid(
          parameter: "sampling.measurements",
          what: "\(measurements) configurations in \(chains) chains of \(size) x \(size) could overflow 64-bit sums; take fewer, or more "
            + "analysis.blocks")
      }
      _ = try sampler(size)
    }
  }

  /// How many steps a lattice takes.
  func steps(_ size: Int) -> Int {
    var size = size, steps = 0
    while size % scale == 0, size / scale >= leastSize { (size, steps) = (size / scale, steps + 1) }
    return steps
  }
  func sampler(_ size: Int) throws(StudyError) -> IsingChainSampler {
    do throws(LatticeError) {
      return try IsingChainSampler(IsingModel(SquareLattice(size: size), coupling: coupling), move: move, interval: interval)
    } catch { throw .invalid(parameter: "lattice.sizes", what: "\(size): \(error.description)") }
  }
  func renormalization(_ size: Int) throws(StudyError) -> MonteCarloRenormalization {
    do throws(CoarseGrainingError) {
      return try MonteCarloRenormalization(
        shape: [size, size], scale: scale, steps: steps(size), even: even, odd: odd,
        samples: SampleBlocks(samples: chains * measurements, blocks: blocks))
    } catch { throw .invalid(parameter: "lattice.sizes", what: "\(size): \(error)") }
  }
  /// Whether the model is at its critical point, to the last digits of a number in a file.
  var isCritical: Bool { abs(coupling - IsingModel.criticalCoupling) < 1e-9 }

  /// Nanoseconds for a configuration of one chain and its measurement, roughly.
  func cost(_ size: Int) -> Double {
    let sites = Double(size * size)
    // A Wolff cluster at K_c takes some N^(7/8) flips.
    let step = move == .wolff ? 12 * pow(sites, 0.875) : move == .swendsenWang ? 6 * sites : sites / 10 + 50 * Double(size)
    return Double(interval) * step + sites + 5000
  }
  public func plan() -> [PlannedUnit<Unit>] {
    sizes.map { size in
      PlannedUnit(
        label: "size-\(size)", unit: Unit(size: size), team: isCut ? .all : chains == 1 ? .one : .upTo(chains),
        operations: 116 * Double(chains * (measurements + warmUp)) * cost(size),
        bytesPerRank: Double(size * size) * (Double(chains) / 8 + 64) + 1e7)
    }
  }
}
