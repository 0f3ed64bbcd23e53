import Glibc
import KahlerGeometry
public import Runtime

/// Geometry and training as one stochastic gradient flow: points on the sphere, their density in the limit, the hidden units of a
/// wide network and a network's training loss through the same steppers, each against its exact law.
public struct GradientFlowStudy: Study {
  public static let name = "gradient-flow"
  public static let summary =
    "one gradient flow for geometry and training: sphere gas, density, wide network, training noise, against exact laws"

  /// One flow.
  public enum Unit: Sendable {
    case gas(points: Int, beta: Double)
    case density(beta: Double)
    case units(count: Int)
    case training(batch: Int)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "gas", "Langevin flow dx = grad ln p dt + sqrt 2 dW of N points on the sphere",
      [
        Parameter("points", .integers([4, 16, 64, 256]), .integers(2...100_000), unit: "points", "N"),
        Parameter("betas", .reals([-0.5, 0, 1, 4]), .reals(-0.95...100), "inverse temperature of the interaction; above -(N - 1)/N"),
        Parameter("copies", .integer(128), .integers(16...1_000_000), unit: "copies", "of each flow, from one start"),
        Parameter("step", .real(0.002), .reals(1e-5...0.02), unit: "t", "length of a step"),
        Parameter("decay", .real(1), .reals(0.1...4), unit: "1", "how long the decay is followed, in times 1/rate"),
        Parameter(
          "equilibrium_steps", .integer(600), .integers(20...10_000_000), unit: "steps",
          "of the adjusted flow from the gas's own law, for N Var; a sixth of them are not measured"),
        Parameter("equilibrium_step", .real(0.04), .reals(1e-4...1), unit: "t", "length of these; divided by 1 + beta where beta > 0"),
      ]),
    ParameterTable(
      "density", "McKean-Vlasov equation of the density, in a field",
      [
        Parameter("field", .real(1), .reals(-5...5), "a"),
        Parameter("first_moment", .real(0.2), .reals(-0.33...0.33), "<z> of the start 1 + 3 <z> z"),
        Parameter("time", .real(4), .reals(0.1...100), unit: "t", "how long it is followed"),
        Parameter("step", .real(0.001), .reals(1e-5...0.004), unit: "t", "length of a Runge-Kutta step"),
      ]),
    ParameterTable(
      "network", "hidden units of a wide network with output (1/N) sum a_i",
      [
        Parameter("units", .integers([4, 16, 64, 256]), .integers(2...1_000_000), unit: "units", "N"),
        Parameter("target", .real(1), .reals(-10...10), "c"),
        Parameter("decay", .real(0.5), .reals(0.01...10), "lambda: the loss's curvature is 1 + lambda"),
        Parameter("temperature", .real(0.2), .reals(1e-6...100), "tau"),
        Parameter("step", .real(0.05), .reals(1e-4...1), unit: "t", "length of a step; below 1/(1 + lambda)"),
        Parameter("copies", .integer(128), .integers(16...1_000_000), unit: "copies", "of each flow"),
        Parameter("steps", .integer(1200), .integers(100...100_000_000), unit: "steps", "of each copy; a sixth are not measured"),
      ]),
    ParameterTable(
      "training", "a classifier of two noisy rings (2-16-2 units) trained in mini-batches",
      [
        Parameter("batches", .integers([8, 32, 128]), .integers(8...1024), unit: "samples", "in a mini-batch; multiples of 8"),
        Parameter("samples", .integer(2048), .integers(64...1_000_000), unit: "samples", "of the training set"),
        Parameter("rate", .real(0.1), .reals(1e-4...2), "length of a step"),
        Parameter("steps", .integer(2000), .integers(10...10_000_000), unit: "steps", "of training before the noise is measured"),
        Parameter("looks", .integer(256), .integers(16...100_000), unit: "mini-batches", "for the noise at the end point"),
      ]),
  ]

  public static let debugOverrides = [
    "gas.points=[4, 8]", "gas.betas=[-0.5, 1.0]", "gas.copies=16", "gas.step=0.01", "gas.equilibrium_steps=60", "density.time=0.5",
    "network.units=[4]", "network.copies=16", "network.steps=100", "training.batches=[8]", "training.samples=64", "training.steps=20",
    "training.looks=16",
  ]

  let sizes: [Int], betas: [Double], copies: Int, step: Double, decayTimes: Double, equilibriumSteps: Int, equilibriumStep: Double
  let field: Double, firstMoment: Double, time: Double, densityStep: Double
  let counts: [Int], network: MeanFieldNetwork, temperature: Double, networkStep: Double, networkCopies: Int, networkSteps: Int
  let batches: [Int], samples: Int, rate: Double, trainingSteps: Int, looks: Int

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    func distinct<T: Hashable & Comparable>(_ values: [T], _ name: String) throws(StudyError) -> [T] {
      guard Set(values).count == values.count else { throw .invalid(parameter: name, what: "one value is named twice") }
      return values.sorted()
    }
    sizes = try distinct(parameters.integers("gas.points"), "gas.points")
    betas = try distinct(parameters.reals("gas.betas"), "gas.betas")
    copies = parameters.integer("gas.copies")
    step = parameters.real("gas.step")
    decayTimes = parameters.real("gas.decay")
    equilibriumSteps = parameters.integer("gas.equilibrium_steps")
    equilibriumStep = parameters.real("gas.equilibrium_step")
    field = parameters.real("density.field")
    firstMoment = parameters.real("density.first_moment")
    time = parameters.real("density.time")
    densityStep = parameters.real("density.step")
    counts = try distinct(parameters.integers("network.units"), "network.units")
    network = MeanFieldNetwork(target: parameters.real("network.target"), decay: parameters.real("network.decay"))
    temperature = parameters.real("network.temperature")
    networkStep = parameters.real("network.step")
    networkCopies = parameters.integer("network.copies")
    networkSteps = parameters.integer("network.steps")
    batches = try distinct(parameters.integers("training.batches"), "training.batches")
    samples = parameters.integer("training.samples")
    rate = parameters.real("training.rate")
    trainingSteps = parameters.integer("training.steps")
    looks = parameters.integer("training.looks")
    for beta in betas {
      for n in sizes {
        do throws(KahlerError) { _ = try SphereGas(points: n, beta: beta) } catch {
          throw .invalid(parameter: "gas.betas", what: "with N = \(n), \(error.description)")
        }
      }
    }
    let limit = 1 / (1 + network.decay)
    guard networkStep < limit else {
      throw .invalid(parameter: "network.step", what: "steps of \(networkStep) overshoot: below 1/(1 + lambda) = \(limit) they do not")
    }
    for batch in batches {
      guard batch % 8 == 0 else { throw .invalid(parameter: "training.batches", what: "\(batch) is not a multiple of 8") }
      guard batch <= samples else {
        throw .invalid(parameter: "training.batches", what: "\(batch) are more than training.samples = \(samples)")
      }
    }
    guard !(sizes.isEmpty || betas.isEmpty) || !counts.isEmpty || !batches.isEmpty else {
      throw .invalid(parameter: "gas.points", what: "with no flow there is nothing to do")
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    var plan: [PlannedUnit<Unit>] = []
    for beta in betas {
      for n in sizes {
        plan.append(
          PlannedUnit(
            label: "gas-n\(n)-beta\(KahlerEinstein.word(beta))", unit: .gas(points: n, beta: beta), team: .upTo(16),
            operations: Double(copies) * (Double(decaySteps(beta)) + 2 * Double(equilibriumSteps)) * Self.stepCost(n),
            bytesPerRank: Double(200 * n + 16 * copies)))
      }
      plan.append(
        PlannedUnit(
          label: "density-beta\(KahlerEinstein.word(beta))", unit: .density(beta: beta), team: .one, operations: time / densityStep * 3e4,
          bytesPerRank: 1e6))
    }
    for n in counts {
      plan.append(
        PlannedUnit(
          label: "network-n\(n)", unit: .units(count: n), team: .upTo(16),
          operations: Double(networkCopies * networkSteps) * 40 * Double(n), bytesPerRank: Double(100 * n)))
    }
    for batch in batches {
      plan.append(
        PlannedUnit(
          label: "training-batch\(batch)", unit: .training(batch: batch), team: .one,
          operations: Double((trainingSteps + looks) * batch) * 1000, bytesPerRank: Double(32 * samples)))
    }
    return plan
  }
  static func stepCost(_ n: Int) -> Double { Double(n) * (200 + 3 * Double(n)) }
  /// Steps of the decay: `decay` times 1/(2 (1 + beta)).
  func decaySteps(_ beta: Double) -> Int { max(8, Int((decayTimes / (2 * (1 + beta)) / step).rounded())) }
}
