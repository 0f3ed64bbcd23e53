import Glibc
import KahlerGeometry
public import Runtime

/// Geometry and training as one stochastic gradient flow: points on the sphere, their density in the limit, the hidden units of a
/// wide network, a network's and a Boltzmann machine's training loss through the same steppers, each against its exact law.
public struct GradientFlowStudy: Study {
  public static let name = "gradient-flow"
  public static let summary =
    "one gradient flow for geometry and training: sphere gas, density, wide network, losses of a network and a machine, against exact laws"

  /// One flow.
  public enum Unit: Sendable {
    case gas(points: Int, beta: Double)
    case density(beta: Double)
    case units(count: Int)
    case training(model: Model, batch: Int)
    case ensemble(model: Model)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "gas", "Langevin flow dx = grad ln p dt + sqrt 2 dW of N points on the sphere",
      [
        Parameter("points", .integers([4, 16, 64, 256]), .integers(2...4096), unit: "points", "N"),
        Parameter("betas", .reals([-0.5, 0, 1, 4]), .reals(-100...100), "inverse temperature of the interaction; above -(N - 1)/N"),
        Parameter("copies", .integer(128), .integers(16...1_000_000), unit: "copies", "of each flow, from one start"),
        Parameter("step", .real(0.002), .reals(1e-5...0.02), unit: "t", "length of a step; divided by 1 + beta where beta > 0"),
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
        Parameter(
          "step", .real(0.001), .reals(1e-5...0.004), unit: "t",
          "length of a Runge-Kutta step, or what the fastest mode allows at this beta"
        ),
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
      "training",
      "a classifier of two noisy rings (2-16-2 units) and a Boltzmann machine of 4 x 4 bars and stripes, trained in mini-batches",
      [
        Parameter(
          "models", .texts(["network", "machine"]), .oneOf(Model.allCases.map(\.rawValue)),
          "network: cross-entropy; machine: contrastive divergence"),
        Parameter("batches", .integers([8, 32, 128]), .integers(8...1024), unit: "samples", "in a mini-batch; multiples of 8"),
        Parameter("samples", .integer(2048), .integers(64...100_000), unit: "samples", "of the training set"),
        Parameter("rate", .real(0.1), .reals(1e-4...2), "length of a step of the network"),
        Parameter("machine_rate", .real(0.1), .reals(1e-4...1), "length of a step of the machine"),
        Parameter("hidden", .integer(8), .integers(1...16), unit: "units", "of the machine"),
        Parameter("steps", .integer(2000), .integers(10...10_000_000), unit: "steps", "of training before the noise is measured"),
        Parameter("looks", .integer(256), .integers(16...10_000), unit: "mini-batches", "for the noise at the end point"),
      ]),
    ParameterTable(
      "ensemble", "the same losses at a temperature: exp(-(L + lambda |theta|^2/2)/tau) by adjusted Langevin steps",
      [
        Parameter("copies", .integer(32), .integers(0...100_000), unit: "copies", "independent; 0: none of this"),
        Parameter("temperature", .real(0.01), .reals(1e-6...10), unit: "nats", "tau"),
        Parameter("decay", .real(0.1), .reals(1e-4...10), unit: "nats", "lambda"),
        Parameter("step", .real(0.2), .reals(1e-5...10), unit: "t", "length of a step"),
        Parameter("steps", .integer(1000), .integers(30...10_000_000), unit: "steps", "of each copy; a third are not measured"),
        Parameter("samples", .integer(128), .integers(8...100_000), unit: "samples", "of the network's training set; a multiple of 8"),
      ]),
  ]

  public static let debugOverrides = [
    "gas.points=[4, 8]", "gas.betas=[-0.5, 1.0]", "gas.copies=16", "gas.step=0.01", "gas.equilibrium_steps=60", "density.time=0.5",
    "network.units=[4]", "network.copies=16", "network.steps=1200", "training.batches=[8]", "training.samples=64", "training.steps=20",
    "training.looks=16", "training.hidden=4", "ensemble.copies=8", "ensemble.steps=400", "ensemble.samples=64",
  ]

  let sizes: [Int], betas: [Double], copies: Int, step: Double, decayTimes: Double, equilibriumSteps: Int, equilibriumStep: Double
  let field: Double, firstMoment: Double, time: Double, densityStep: Double
  let counts: [Int], network: MeanFieldNetwork, temperature: Double, networkStep: Double, networkCopies: Int, networkSteps: Int
  let models: [Model], batches: [Int], samples: Int, rate: Double, machineRate: Double, hidden: Int, trainingSteps: Int, looks: Int
  let ensembleCopies: Int, ensembleTemperature: Double, ensembleDecay: Double, ensembleStep: Double, ensembleSteps: Int,
    ensembleSamples: Int

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
    models = try distinct(parameters.texts("training.models"), "training.models").reversed().compactMap(Model.init)
    batches = try distinct(parameters.integers("training.batches"), "training.batches")
    samples = parameters.integer("training.samples")
    rate = parameters.real("training.rate")
    trainingSteps = parameters.integer("training.steps")
    looks = parameters.integer("training.looks")
    machineRate = parameters.real("training.machine_rate")
    hidden = parameters.integer("training.hidden")
    ensembleCopies = parameters.integer("ensemble.copies")
    ensembleTemperature = parameters.real("ensemble.temperature")
    ensembleDecay = parameters.real("ensemble.decay")
    ensembleStep = parameters.real("ensemble.step")
    ensembleSteps = parameters.integer("ensemble.steps")
    ensembleSamples = parameters.integer("ensemble.samples")
    guard ensembleCopies != 1 else { throw .invalid(parameter: "ensemble.copies", what: "one copy has no error; 0, or 2 or more") }
    guard ensembleSamples % 8 == 0 else { throw .invalid(parameter: "ensemble.samples", what: "\(ensembleSamples) is not a multiple of 8") }
    if let beta = betas.first, beta < -0.95, sizes.isEmpty {
      throw .invalid(parameter: "gas.betas", what: "\(beta) is beyond or too near the threshold of the limit, -1: at least -0.95")
    }
    for beta in betas {
      for n in sizes {
        do throws(KahlerError) { _ = try SphereGas(points: n, beta: beta) } catch {
          throw .invalid(parameter: "gas.betas", what: "with N = \(n), \(error.description)")
        }
        try KahlerEinstein.checkPrecision(n, beta, "gas.betas")
        guard beta >= -0.95 else {
          throw .invalid(parameter: "gas.betas", what: "\(beta) is too near the threshold of the limit, -1: at least -0.95")
        }
      }
    }
    let limit = 1 / (1 + network.decay)
    guard networkStep < limit else {
      throw .invalid(parameter: "network.step", what: "steps of \(networkStep) overshoot: below 1/(1 + lambda) = \(limit) they do not")
    }
    let forgotten = Double(networkSteps / 6) * networkStep * (1 + network.decay)
    guard counts.isEmpty || forgotten >= 8 else {
      let least = 6 * Int((8 / (networkStep * (1 + network.decay))).rounded(.up))
      throw .invalid(
        parameter: "network.steps",
        what:
          "a sixth of \(networkSteps) steps of \(networkStep) does not forget the start, which takes 8 relaxation times 1/(1 + lambda): at least \(least)"
      )
    }
    // A copy is moved in one go, which the runtime expects to end within seconds.
    func checkCopy(_ cost: Double, _ parameter: String) throws(StudyError) {
      guard cost <= 2e11 else {
        throw .invalid(
          parameter: parameter, what: "one copy takes \(Int((cost / 2e11).rounded(.up))) times as long as it may; fewer steps, more copies")
      }
    }
    if let n = sizes.last {
      for beta in betas {
        try checkCopy(gasCost(n, beta), "gas.equilibrium_steps")
      }
    }
    if let n = counts.last { try checkCopy(Double(networkSteps) * 40 * Double(n), "network.steps") }
    if ensembleCopies > 0 { for model in models { try checkCopy(ensembleCost(model), "ensemble.steps") } }
    for batch in batches {
      guard batch % 8 == 0 else { throw .invalid(parameter: "training.batches", what: "\(batch) is not a multiple of 8") }
      guard batch <= samples else {
        throw .invalid(parameter: "training.batches", what: "\(batch) are more than training.samples = \(samples)")
      }
    }
    guard !betas.isEmpty || !counts.isEmpty || !models.isEmpty && (!batches.isEmpty || ensembleCopies > 0) else {
      throw .invalid(parameter: "gas.betas", what: "with no flow there is nothing to do")
    }
  }

  public func plan() -> [PlannedUnit<Unit>] {
    var plan: [PlannedUnit<Unit>] = []
    for beta in betas {
      for n in sizes {
        plan.append(
          PlannedUnit(
            label: "gas-n\(n)-beta\(KahlerEinstein.word(beta))", unit: .gas(points: n, beta: beta), team: .upTo(16),
            operations: Double(copies) * gasCost(n, beta),
            bytesPerRank: Double(200 * n + 16 * copies)))
      }
      plan.append(
        PlannedUnit(
          label: "density-beta\(KahlerEinstein.word(beta))", unit: .density(beta: beta), team: .one,
          operations: Double(densitySteps(beta)) * 3e4,
          bytesPerRank: 1e6))
    }
    for n in counts {
      plan.append(
        PlannedUnit(
          label: "network-n\(n)", unit: .units(count: n), team: .upTo(16),
          operations: Double(networkCopies * networkSteps) * 40 * Double(n), bytesPerRank: Double(100 * n)))
    }
    for model in models {
      for batch in batches {
        plan.append(
          PlannedUnit(
            label: "training-\(model.rawValue)-batch\(batch)", unit: .training(model: model, batch: batch), team: .one,
            operations: Double((trainingSteps + looks) * batch + samples) * 1500, bytesPerRank: Double(64 * samples + 4000 * looks)))
      }
      guard ensembleCopies > 0 else { continue }
      plan.append(
        PlannedUnit(
          label: "ensemble-\(model.rawValue)", unit: .ensemble(model: model), team: .upTo(16),
          operations: Double(ensembleCopies) * ensembleCost(model), bytesPerRank: 1e6))
    }
    return plan
  }
  /// Elementary operations of a copy.
  func ensembleCost(_ model: Model) -> Double {
    Double(ensembleSteps) * (model == .network ? 1500 * Double(ensembleSamples) : 2000 * Double(1 << hidden))
  }
  /// Elementary operations of a copy of the gas. Where points attract, steps are divided when two come close: with s = -0.8 into ten.
  func gasCost(_ n: Int, _ beta: Double) -> Double {
    let s = min(0, 4 * beta / Double(n - 1)), divided = s < -1 ? 50.0 : s < -0.2 ? 1 + 14 * s * s : 1
    return (Double(decaySteps(beta)) * divided + 2 * Double(equilibriumSteps)) * Self.stepCost(n)
      + Double(relaxation(n, beta)) * KahlerEinstein.sweepCost(n)
  }
  /// Sweeps from uniform points to the gas's own law: points that attract strongly stay together for long.
  func relaxation(_ n: Int, _ beta: Double) -> Int { 4 * beta / Double(n - 1) < -0.3 ? 1000 : 60 }
  static func stepCost(_ n: Int) -> Double { Double(n) * (200 + 3 * Double(n)) }
  /// The length of a Langevin step: the flow's rates grow with 1 + beta, and Euler steps err by rate times length.
  func length(_ beta: Double) -> Double { step / max(1, 1 + beta) }
  /// Steps of the decay: `decay` times 1/(2 (1 + beta)).
  func decaySteps(_ beta: Double) -> Int { max(8, Int((decayTimes / (2 * (1 + beta)) / length(beta)).rounded())) }
}
