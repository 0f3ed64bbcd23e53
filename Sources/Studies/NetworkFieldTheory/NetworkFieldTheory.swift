import Glibc
public import FieldTheory
public import Runtime

/// Random and trained networks as field theories: the free theory of infinite width, the interaction that a finite width brings,
/// the flow of kernels over depth with its critical point, and how far training takes a network from the Gaussian theory.
public struct NetworkFieldTheory: Study {
  public static let name = "network-field-theory"
  public static let summary = "wide networks as field theories: kurtosis against width and depth, kernels over depth, training"

  /// Networks of one activation and width, kernels at one weight variance, or trained networks of one width.
  public enum Unit: Sendable, Equatable {
    case kurtosis(Activation, width: Int)
    case kernels(weightVariance: Double)
    case training(width: Int)
  }

  public static let parameters: [ParameterTable] = [
    ParameterTable(
      "networks", "random networks: the fourth moment of their output",
      [
        Parameter("widths", .integers([10, 30, 100, 300, 1000]), .integers(1...100_000), unit: "units", "units of each hidden layer"),
        Parameter(
          "depth", .integer(20), .integers(1...1000), unit: "layers",
          "hidden layers of the deepest ReLU networks; of width N at most N/10 are sampled, erf networks have one"),
        Parameter("count", .integer(200_000), .integers(64...1_000_000_000), unit: "networks", "of each width; a multiple of blocks"),
        Parameter(
          "blocks", .integer(64), .integers(8...4096), unit: "blocks", "of networks, for the errors; at most this many ranks share a unit"),
      ]),
    ParameterTable(
      "kernels", "erf networks at two inputs: the flow of their correlation over depth",
      [
        Parameter("width", .integer(300), .integers(1...100_000), unit: "units", "units of each hidden layer"),
        Parameter("depth", .integer(30), .integers(1...1000), unit: "layers", "hidden layers"),
        Parameter("count", .integer(2048), .integers(64...1_000_000_000), unit: "networks", "a multiple of networks.blocks"),
        Parameter("bias_variance", .real(0.05), .reals(0...10), "variance of the biases"),
        Parameter(
          "weight_variances", .reals([0.5, 1, 2]), .reals(0.01...100), "of the weights, in units of the critical one"),
        Parameter("correlation", .real(0.6), .reals(-0.99...0.99), "of the two inputs' first preactivations, which have variance 1"),
      ]),
    ParameterTable(
      "training", "one hidden layer of erf units, full-batch gradient descent",
      [
        Parameter("widths", .integers([16, 64, 256, 1024]), .integers(1...100_000), unit: "units", "hidden units"),
        Parameter("count", .integer(512), .integers(64...100_000_000), unit: "networks", "of each width; a multiple of networks.blocks"),
        Parameter(
          "points", .integer(4), .integers(1...64), unit: "points",
          "training points on a circle; the test points lie a third of the way to the next"),
        Parameter("steps", .integer(100), .integers(1...1_000_000), unit: "steps", "of gradient descent"),
        Parameter("rate", .real(0.2), .reals(1e-6...100), "length of a step; below 2 over the tangent kernel's largest eigenvalue"),
      ]),
  ]

  public static let debugOverrides = [
    "networks.widths=[10, 30]", "networks.depth=3", "networks.count=1024", "kernels.width=20", "kernels.depth=4", "kernels.count=64",
    "training.widths=[8, 16]", "training.count=64", "training.steps=10",
  ]

  let widths: [Int], depth: Int, count: Int, blocks: Int
  let kernelWidth: Int, kernelDepth: Int, kernelCount: Int, biasVariance: Double, relativeVariances: [Double], correlation: Double
  let trainingWidths: [Int], trainingCount: Int, points: Int, steps: Int, rate: Double
  /// Theory of the trained networks after all steps.
  let theory: GaussianTraining

  /// Validates everything that the ranges of the single parameters leave open.
  public init(_ parameters: ParameterValues) throws(StudyError) {
    widths = parameters.integers("networks.widths").sorted()
    depth = parameters.integer("networks.depth")
    count = parameters.integer("networks.count")
    blocks = parameters.integer("networks.blocks")
    kernelWidth = parameters.integer("kernels.width")
    kernelDepth = parameters.integer("kernels.depth")
    kernelCount = parameters.integer("kernels.count")
    biasVariance = parameters.real("kernels.bias_variance")
    relativeVariances = parameters.reals("kernels.weight_variances")
    correlation = parameters.real("kernels.correlation")
    trainingWidths = parameters.integers("training.widths").sorted()
    trainingCount = parameters.integer("training.count")
    points = parameters.integer("training.points")
    steps = parameters.integer("training.steps")
    rate = parameters.real("training.rate")
    for (name, count) in [("networks.count", count), ("kernels.count", kernelCount), ("training.count", trainingCount)] {
      guard count % blocks == 0 else {
        throw .invalid(parameter: name, what: "\(count) is not a multiple of networks.blocks = \(blocks)")
      }
    }
    for (name, values) in [("networks.widths", widths), ("training.widths", trainingWidths)] {
      guard Set(values).count == values.count else { throw .invalid(parameter: name, what: "one width is named twice") }
    }
    guard Set(relativeVariances).count == relativeVariances.count else {
      throw .invalid(parameter: "kernels.weight_variances", what: "one variance is named twice")
    }
    guard !(widths.isEmpty && relativeVariances.isEmpty && trainingWidths.isEmpty) else {
      throw .invalid(parameter: "networks.widths", what: "with no widths and no weight variances there is nothing to do")
    }
    do throws(FieldTheoryError) {
      let data = Self.circle(points: points)
      var theory = try GaussianTraining(inputs: data.inputs, targets: data.targets, tests: data.tests, rate: rate)
      for _ in 0..<steps { theory.step() }
      self.theory = theory
    } catch { throw .invalid(parameter: "training.rate", what: error.description) }
  }

  /// Training points x = sqrt 2 (cos a, sin a) at equal angles with targets sin(2a + 1/2), and test points a third of the way to
  /// the next: half way, a reflection that turns the sign of the targets would make every mean zero.
  static func circle(points: Int) -> (inputs: [[Double]], targets: [Double], tests: [[Double]]) {
    let turn = 2 * Double.pi / Double(points), radius = 2.0.squareRoot()
    func place(_ p: Double) -> [Double] { [radius * cos(turn * p), radius * sin(turn * p)] }
    func target(_ p: Double) -> Double { sin(2 * turn * p + 0.5) }
    let numbers = (0..<points).map(Double.init)
    return (numbers.map(place), numbers.map(target), numbers.map { place($0 + 1.0 / 3) })
  }

  /// Layers that are sampled at a width: beyond depth = width / 10 rare networks carry the fourth moment, which no number
  /// of samples here finds.
  func sampledDepth(_ width: Int) -> Int { min(depth, width / 10) }
  /// ReLU networks whose variance stays; erf networks whose first preactivations have variance 1.
  static let relu = WideNetworkKernel(.relu, weightVariance: 2), erf = WideNetworkKernel(.erf, weightVariance: 1)
  /// The erf network's kernel at a weight variance relative to the critical one.
  func kernel(_ relative: Double) -> WideNetworkKernel {
    let critical = WideNetworkKernel.criticalWeightVariance(.erf, biasVariance: biasVariance)
    return WideNetworkKernel(.erf, weightVariance: relative * critical, biasVariance: biasVariance)
  }
  /// Where the flow of kernels begins.
  var start: WideNetworkKernel.Pair { WideNetworkKernel.Pair(xx: 1, xy: correlation, yy: 1) }

  public func plan() -> [PlannedUnit<Unit>] {
    var units: [PlannedUnit<Unit>] = []
    func add(_ label: String, _ unit: Unit, _ networks: Int) {
      let bytes = 8 * Double(blocks * observables(of: unit) + 1) * 3 + 1e6
      units.append(
        PlannedUnit(
          label: label, unit: unit, team: .upTo(blocks), operations: Double(networks) * operationsPerNetwork(unit), bytesPerRank: bytes))
    }
    for width in widths where sampledDepth(width) > 0 { add("relu-\(width)", .kurtosis(.relu, width: width), count) }
    for width in widths { add("erf-\(width)", .kurtosis(.erf, width: width), count) }
    for (index, variance) in relativeVariances.enumerated() { add("kernels-\(index)", .kernels(weightVariance: variance), kernelCount) }
    for width in trainingWidths { add("training-\(width)", .training(width: width), trainingCount) }
    return units
  }
}
