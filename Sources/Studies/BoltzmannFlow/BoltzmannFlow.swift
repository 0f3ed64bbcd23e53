import Foundation
import LatticeSystems
public import Runtime

/// The flow v -> h -> v -> ... of Boltzmann machines trained on Ising configurations of many temperatures or few, read by networks that
/// were trained to tell temperatures, and beside them by the energy; and how far such a thermometer can be believed.
public struct BoltzmannFlow: Study {
  public static let name = "boltzmann-flow"
  public static let summary =
    "where configurations go under v -> h -> v of a trained Boltzmann machine, by a network that reads temperatures and by the energy"

  /// All of it: thermometers and machines share their data.
  public struct Unit: Sendable {}

  /// What a machine is trained on.
  enum Machine: String, CaseIterable, Sendable { case all, cold, hot, critical }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "lattice", "the Ising model on a torus, sampled by Swendsen and Wang",
      [
        Parameter("size", .integer(16), .integers(4...64), unit: "sites", "sites along each axis; even"),
        Parameter(
          "temperatures", .reals([0.5, 1, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.5, 5, 5.5, 6]), .reals(0.5...50), unit: "J/k",
          "T of the data, from the least to the largest, on both sides of 2.269"),
        Parameter("configurations", .integer(1000), .integers(16...100_000), unit: "configurations", "of each temperature, to train on"),
        Parameter("test", .integer(200), .integers(8...100_000), unit: "configurations", "of each temperature, to test on"),
        Parameter("warm_up", .integer(100), .integers(0...1_000_000), unit: "sweeps", "left out at the start of each chain"),
        Parameter("interval", .integer(5), .integers(1...100_000), unit: "sweeps", "between configurations"),
      ]),
    ParameterTable(
      "thermometer", "networks that tell temperatures",
      [
        Parameter("networks", .integer(3), .integers(1...32), unit: "networks", "from different random weights"),
        Parameter("hidden", .integer(64), .integers(1...4096), unit: "units", "rectified, in one layer"),
        Parameter("epochs", .integer(20), .integers(1...10_000), unit: "epochs", "of Adam on batches of 128"),
        Parameter("rate", .real(0.001), .reals(1e-6...1), unit: "1", "of Adam, falling along a cosine"),
      ]),
    ParameterTable(
      "machine", "Boltzmann machines, trained by contrastive divergence",
      [
        Parameter(
          "trained_on", .texts(Machine.allCases.map(\.rawValue)), .oneOf(Machine.allCases.map(\.rawValue)),
          "all temperatures, those below 2.269, those above, the one nearest to it"),
        Parameter("hidden", .integer(64), .integers(1...16384), unit: "units", "of each machine"),
        Parameter("epochs", .integer(60), .integers(1...100_000), unit: "epochs", "on batches of 128"),
        Parameter("rate", .real(0.05), .reals(1e-6...10), unit: "1", "of a step; its momentum is 0.5"),
      ]),
    ParameterTable(
      "flow", "v -> h -> v, both sampled",
      [
        Parameter("steps", .integer(1024), .integers(1...1_000_000), unit: "steps", "v -> h -> v so often"),
        Parameter(
          "replicas", .integer(200), .integers(8...100_000), unit: "configurations",
          "from each start: test configurations of the least, the critical and the largest temperature"),
      ]),
  ]

  public static let debugOverrides = [
    "lattice.size=8", "lattice.temperatures=[1.0, 2.25, 4.0]", "lattice.configurations=130", "lattice.test=16", "lattice.warm_up=10",
    "thermometer.epochs=1", "machine.epochs=2", "flow.steps=4", "flow.replicas=16",
  ]

  let size: Int, temperatures: [Double], configurations: Int, test: Int, warmUp: Int, interval: Int
  let readers: Int, readerUnits: Int, readerEpochs: Int, readerRate: Double
  let machines: [Machine], hidden: Int, epochs: Int, rate: Double
  let flowSteps: Int, replicas: Int

  /// T_c = 2 / ln(1 + sqrt 2).
  static let critical = 1 / IsingModel.criticalCoupling

  /// Validates what the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    size = parameters.integer("lattice.size")
    temperatures = parameters.reals("lattice.temperatures")
    configurations = parameters.integer("lattice.configurations")
    test = parameters.integer("lattice.test")
    warmUp = parameters.integer("lattice.warm_up")
    interval = parameters.integer("lattice.interval")
    readers = parameters.integer("thermometer.networks")
    readerUnits = parameters.integer("thermometer.hidden")
    readerEpochs = parameters.integer("thermometer.epochs")
    readerRate = parameters.real("thermometer.rate")
    machines = parameters.texts("machine.trained_on").compactMap(Machine.init)
    hidden = parameters.integer("machine.hidden")
    epochs = parameters.integer("machine.epochs")
    rate = parameters.real("machine.rate")
    flowSteps = parameters.integer("flow.steps")
    replicas = parameters.integer("flow.replicas")
    guard size % 2 == 0 else { throw .invalid(parameter: "lattice.size", what: "\(size) is odd") }
    guard zip(temperatures, temperatures.dropFirst()).allSatisfy({ $0 < $1 }), temperatures.count > 1,
      temperatures[0] < Self.critical, temperatures[temperatures.count - 1] > Self.critical
    else {
      throw .invalid(
        parameter: "lattice.temperatures", what: "\(temperatures) has to rise from below 2.269 to above it, e.g. [1.0, 2.25, 4.0]")
    }
    guard !machines.isEmpty, Set(machines).count == machines.count else {
      throw .invalid(parameter: "machine.trained_on", what: "at least one of them, and each once")
    }
    for machine in machines where training(of: machine).count * configurations < Self.batch {
      throw .invalid(
        parameter: "lattice.configurations",
        what:
          "\(configurations) of each of \(training(of: machine).count) temperatures (\(machine.rawValue)) do not fill a batch of \(Self.batch)"
      )
    }
    guard replicas <= test else {
      throw .invalid(parameter: "flow.replicas", what: "\(replicas) is more than lattice.test = \(test), from which they start")
    }
  }

  /// Mini-batches of thermometers and machines, and their shards.
  static let batch = 128, shards = 8

  /// The temperatures that a machine is trained on, by their places.
  func training(of machine: Machine) -> [Int] {
    switch machine {
    case .all: Array(temperatures.indices)
    case .cold: temperatures.indices.filter { temperatures[$0] < Self.critical }
    case .hot: temperatures.indices.filter { temperatures[$0] > Self.critical }
    case .critical: [criticalPlace]
    }
  }
  /// The temperature nearest to the critical one.
  var criticalPlace: Int {
    temperatures.indices.min { abs(temperatures[$0] - Self.critical) < abs(temperatures[$1] - Self.critical) } ?? 0
  }
  /// Where flows start, by the places of their temperatures, each once.
  var starts: [Int] { Set([0, criticalPlace, temperatures.count - 1]).sorted() }
  /// After how many steps a flow is looked at: 0, 1, 2, 4, ..., the last.
  var looks: [Int] {
    var looks = [0], step = 1
    while step < flowSteps { (looks, step) = (looks + [step], 2 * step) }
    return looks + [flowSteps]
  }

  public func plan() -> [PlannedUnit<Unit>] {
    let sites = Double(size * size), data = Double(temperatures.count * configurations)
    let sampling = 700 * sites * Double(temperatures.count * (configurations + test)) * (Double(interval) + Double(warmUp) / 50)
    let reading = 6 * data * Double(readers * readerEpochs * readerUnits) * sites
    let training = 10 * data * Double(machines.count * epochs * hidden) * sites
    let flow = 4 * Double(machines.count * starts.count * replicas * flowSteps * hidden) * sites
    return [
      PlannedUnit(
        label: "flow", unit: Unit(), team: .upTo(Self.shards), operations: sampling + reading + training + flow,
        bytesPerRank: data * sites * 4.2 + 1e8)
    ]
  }
}
