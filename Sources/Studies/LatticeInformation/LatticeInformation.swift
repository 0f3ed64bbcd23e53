import BoltzmannMachines
import Renormalization
public import Runtime

/// What parts of an Ising lattice know of each other: blocks at distances, halves of cylinders, coarse spins and their environment,
/// the last beside the best that the information bottleneck allows.
public struct LatticeInformation: Study {
  public static let name = "lattice-information"
  public static let summary =
    "mutual information of blocks, halves and coarse spins of Ising lattices, beside exact values and the bottleneck"

  /// The exact values at one coupling, or a sampled lattice.
  public enum Unit: Sendable, Equatable { case exact(coupling: Double), sampled(size: Int, coupling: Double) }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "square tori of the Ising model without a field",
      [
        Parameter("sizes", .integers([8, 32]), .integers(6...512), unit: "sites", "along each axis, of sampled lattices; even"),
        Parameter("couplings", .reals([0.3, 0.440686793509772]), .reals(0.01...2), unit: "1", "K = J / kT"),
        Parameter("distances", .integers([2, 3, 4, 6, 8, 12, 16]), .integers(2...256), unit: "sites", "of blocks, up to half the lattice"),
        Parameter("circumference", .integer(12), .integers(4...16), unit: "sites", "of the widest infinite cylinder that is cut in half"),
      ]),
    ParameterTable(
      "sampling", "Swendsen-Wang chains, each a block of the jackknife",
      [
        Parameter("chains", .integer(32), .integers(2...10_000), unit: "chains", "independent ones"),
        Parameter("configurations", .integer(500), .integers(1...10_000_000), unit: "configurations", "recorded of each chain"),
        Parameter("warm_up", .integer(200), .integers(0...1_000_000), unit: "sweeps", "left out at the start of each chain"),
        Parameter("interval", .integer(5), .integers(1...100_000), unit: "sweeps", "between recorded configurations"),
      ]),
    ParameterTable(
      "bottleneck", "the best representations of a block for its environment",
      [
        Parameter("points", .integer(24), .integers(2...500), unit: "points", "trade-offs in a geometric sequence"),
        Parameter("largest_beta", .real(300), .reals(2...1e5), unit: "1", "of I(T;V) - beta I(T;E)"),
        Parameter("restarts", .integer(3), .integers(0...1000), unit: "starts", "random ones at each beta"),
      ]),
    ParameterTable(
      "stack", "a trained stack of Boltzmann machines beside the blocks",
      [
        Parameter(
          "run", .text(""), unit: "1",
          "the folder of a finished deep-renormalization run; nothing: none. Measured on the sampled lattices of its size")
      ]),
  ]

  public static let debugOverrides = [
    "lattice.sizes=[8]", "lattice.circumference=5", "sampling.chains=4", "sampling.configurations=20", "sampling.warm_up=10",
    "bottleneck.points=4", "bottleneck.restarts=0",
  ]

  let sizes: [Int], couplings: [Double], distances: [Int], circumference: Int
  let chains: Int, configurations: Int, warmUp: Int, interval: Int
  let points: Int, largestBeta: Double, restarts: Int
  let machines: [RestrictedBoltzmannMachine<Float>]

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    sizes = parameters.integers("lattice.sizes")
    couplings = parameters.reals("lattice.couplings")
    distances = parameters.integers("lattice.distances")
    circumference = parameters.integer("lattice.circumference")
    chains = parameters.integer("sampling.chains")
    configurations = parameters.integer("sampling.configurations")
    warmUp = parameters.integer("sampling.warm_up")
    interval = parameters.integer("sampling.interval")
    points = parameters.integer("bottleneck.points")
    largestBeta = parameters.real("bottleneck.largest_beta")
    restarts = parameters.integer("bottleneck.restarts")
    let run = parameters.text("stack.run")
    machines = run.isEmpty ? [] : try Self.stack(run)
    if couplings.isEmpty || Set(couplings).count < couplings.count {
      throw .invalid(parameter: "lattice.couplings", what: "each coupling once, and at least one")
    }
    if Set(sizes).count < sizes.count { throw .invalid(parameter: "lattice.sizes", what: "each size once") }
    for size in sizes where size % 2 != 0 { throw .invalid(parameter: "lattice.sizes", what: "\(size) is odd") }
    if Set(distances).count < distances.count { throw .invalid(parameter: "lattice.distances", what: "each distance once") }
    if let machine = machines.first, !sizes.contains(where: { $0 * $0 == machine.visible }) {
      throw .invalid(
        parameter: "stack.run", what: "its first machine sees \(machine.visible) spins, and no lattice of lattice.sizes has as many")
    }
  }

  /// The machines of a run's stack; fields of visible units say nothing of the way up.
  private static func stack(_ run: String) throws(StudyError) -> [RestrictedBoltzmannMachine<Float>] {
    guard let stack = try TrainedModel.read(run, network: 1) as? TrainedStack else {
      throw .data(file: run, what: "a run of \(DeepRenormalization.name) is needed")
    }
    return stack.machines.map { machine in
      let trained = machine.snapshots[machine.snapshots.count - 1]
      return RestrictedBoltzmannMachine(
        units: .zeroOne, visible: machine.inputs, hidden: machine.outputs, weights: trained.weights,
        visibleBias: [Float](repeating: 0, count: machine.inputs), hiddenBias: trained.bias)
    }
  }

  /// The extents of the lattices of block spins, the sampled one first: down to the frame of six sites.
  func levels(_ size: Int) -> [Int] {
    var extents = [size]
    while let last = extents.last, last % 2 == 0, last / 2 >= 6 { extents.append(last / 2) }
    return extents
  }
  /// The layers of the stack that stand over a lattice of this size and have a level below them.
  func stackLayers(_ size: Int) -> Int { machines.first?.visible == size * size ? min(machines.count, levels(size).count) : 0 }
  func used(_ size: Int) -> [Int] { distances.filter { 2 * $0 <= size }.sorted() }
  var betas: [Double] { (0..<points).map { Self.geometric(1.05, largestBeta, Double($0) / Double(points - 1)) } }

  public static func dataFiles(_ parameters: ParameterValues) -> [String] {
    TrainedModel.files(parameters.text("stack.run"), network: 1)
  }

  public func plan() -> [PlannedUnit<Unit>] {
    couplings.enumerated().flatMap { place, coupling -> [PlannedUnit<Unit>] in
      let bottleneck = Double(points * (restarts + 1)) * 1e3 * 2e5
      let exact = PlannedUnit(
        label: "exact-\(place + 1)", unit: Unit.exact(coupling: coupling), team: .one, operations: 5e9 + 2 * bottleneck, bytesPerRank: 5e7)
      return [exact]
        + sizes.map { size in
          let sweeps = Double(chains * (warmUp + configurations * interval)), sites = Double(size * size)
          return PlannedUnit(
            label: "l\(size)-\(place + 1)", unit: .sampled(size: size, coupling: coupling), team: .all,
            operations: 30 * sweeps * sites + 100 * Double(chains * configurations) * sites + Double(levels(size).count) * bottleneck,
            bytesPerRank: 16 * Double(chains * width(size)))
        }
    }
  }

  /// Integers that a chain counts: pairs of blocks, blocks with environment of each level, units of each layer.
  func width(_ size: Int) -> Int { 256 * used(size).count + 4096 * levels(size).count + 8192 * stackLayers(size) }
}
