import BoltzmannMachines
import GradientFlows
import Glibc
import MessagePassing
import RandomStreams
public import Runtime
import Sampling
import Statistics

/// Known values of machines whose likelihood is exact: C4, the Gaussian-Bernoulli machine, and C5, bars and stripes.
public enum LikelihoodTrainingKnownValues {
  /// C4; the counts of C5, and its trainings.
  public static let checks: [Check] = [
    Check("C4", .fast) { try gaussian() }, Check("C5", .fast) { patterns() }, Check("C5", .slow) { try trained() },
  ]

  /// W_ij = 0.5 sin(1 + 3i + 7j), b = (0.5, -0.2, 0.1), sigma = (0.8, 1, 1.5), c_j = 0.1 sin(3 + 2j); 3 x 4.
  private static func gaussian() throws -> [KnownValue] {
    var weights: [Double] = []
    for i in 0..<3 { for j in 0..<4 { weights.append(0.5 * sin(Double(1 + 3 * i + 7 * j))) } }
    let machine = GaussianBoltzmannMachine(
      visible: 3, hidden: 4, weights: weights, visibleMean: [0.5, -0.2, 0.1], hiddenBias: (0..<4).map { 0.1 * sin(Double(3 + 2 * $0)) },
      deviations: [0.8, 1, 1.5])
    let sampling = AnnealedImportanceSampling(AnnealedGaussianMachine(machine), schedule: .linear(steps: 200))
    let streams = KeyedStreams(StreamKey(high: 0xC4, low: 3))
    var progress = sampling.begin(replicas: 400, firstReplica: 0, from: streams)
    sampling.advance(&progress, steps: sampling.steps, from: streams)
    let found = LogWeights(progress.logWeights)
    return [
      KnownValue(
        "ln Z, Gaussian-Bernoulli machine 3x4", expected: 7.784099717067, found: try machine.exactLogPartition(), .absolute(1e-11)),
      KnownValue(
        "the same by annealing", expected: 7.784099717067, found: sampling.model.startLogPartition + found.logMean,
        error: found.standardError, .sigmas(4, largestError: 0.02)),
    ]
  }

  private static func patterns() -> [KnownValue] {
    [(3, 14, -2.639057330), (4, 30, -3.401197382)].flatMap { size, count, best in
      let images = BarsAndStripes.all(size: size)
      return [
        KnownValue("bars and stripes \(size)x\(size): images", expected: Double(count), found: Double(images.count), .absolute(0)),
        KnownValue("their best mean log-likelihood", expected: best, found: -log(Double(images.count)), .absolute(1e-9)),
      ]
    }
  }

  /// Point and direction of an exact training, in double precision.
  private struct Point: Space {
    var blocks: [[Double]]
    var blockCount: Int { 3 }
    func role(of index: Int) -> BlockRole { index == 0 ? .weights : .biases }
    subscript(block index: Int) -> [Double] {
      get { blocks[index] }
      _modify { yield &blocks[index] }
    }
    func machine(_ visible: Int, _ hidden: Int) -> RestrictedBoltzmannMachine<Double> {
      RestrictedBoltzmannMachine(
        units: .zeroOne, visible: visible, hidden: hidden, weights: blocks[0], visibleBias: blocks[1], hiddenBias: blocks[2])
    }
  }

  private static func trained() throws -> [KnownValue] {
    let images = BarsAndStripes.all(size: 3), streams = KeyedStreams(StreamKey(high: 0xC5, low: 3))
    let start = CentredParameters.random(units: .zeroOne, visible: 9, hidden: 10, offset: 0, deviation: 0.1, from: streams)
    var point = Point(blocks: [start.weights.map(Double.init), [Double](repeating: 0, count: 9), [Double](repeating: 0, count: 10)])
    var rule = Adam<Double>(rate: 0.05)
    for step in 0..<3000 {
      rule.rate = 0.05 * RateSchedule.cosine.factor(Double(step) / 3000)
      let gradient = try point.machine(9, 10).exactLogLikelihoodGradient(of: images)
      rule.step(&point, along: Point(blocks: [gradient.weights, gradient.visibleBias, gradient.hiddenBias]))
    }
    let exact = try point.machine(9, 10).exactLogLikelihood(of: images).value
    return [
      KnownValue("bars and stripes 3x3, 10 hidden units, exact gradient: mean log-likelihood", expected: -2.66, found: exact, .atLeast),
      KnownValue(
        "the same by persistent contrastive divergence", expected: -3.0, found: try persistent(.persistent, images), .atLeast),
      KnownValue("the same with five tempered rungs", expected: -3.0, found: try persistent(.tempered(5), images), .atLeast),
    ]
  }

  private static func persistent(_ phase: NegativePhase, _ images: Configurations) throws -> Double {
    let key = StreamKey(high: 0xC5, low: 4), copies = 16
    let data = Configurations(count: images.count * copies, sites: images.sites, words: (0..<copies).flatMap { _ in images.words })
    let settings = ContrastiveDivergence.Settings(batch: 112, shards: 8, gibbsSteps: 1, negativePhase: phase), epochs = 4000
    let trainer = ContrastiveDivergence(data, hidden: 10, units: .zeroOne, settings: settings, key: key, rank: 0, ranks: 1)
    var state = TrainingState(
      .random(units: .zeroOne, visible: 9, hidden: 10, offset: 0.5, deviation: 0.1, from: KeyedStreams(key)),
      rule: Momentum(rate: 0.05, momentum: 0.5), schedule: .linear, plannedSteps: epochs * trainer.batchesPerEpoch)
    for _ in 0..<epochs { _ = try trainer.advance(&state, batches: trainer.batchesPerEpoch, on: SoloCommunicator()) }
    return try state.parameters.machine.inDoublePrecision.exactLogLikelihood(of: images).value
  }
}
