import BoltzmannMachines
import Glibc
import GradientFlows
import Laws
import MessagePassing
import RandomStreams
import Sampling
import Testing

/// Configurations in which neighbouring pairs of units are equal.
private func pairs(count: Int, sites: Int, seed: UInt64) -> Configurations {
  let streams = KeyedStreams(StreamKey(high: 19, low: seed))
  var result = Configurations(count: count, sites: .unplaced(sites))
  for c in 0..<count {
    var generator = streams.generator(replica: c, step: 0, site: 0, purpose: .initial)
    for s in 0..<sites { result[c, s] = s % 2 == 1 ? result[c, s - 1] : generator.bernoulli(0.5) }
  }
  return result
}

private let phases: [NegativePhase] = [.persistent, .tempered(3)]

struct PersistentTests {
  @Test(
    "At a fixed machine, particles come to the machine's own law: the direction's mean is the exact gradient, within 4.5 sigma",
    arguments: phases, [UnitValues.zeroOne, .plusMinusOne])
  func equilibrium(phase: NegativePhase, units: UnitValues) throws {
    let machine = randomMachine(5, 3, units: units, scale: 1).inSinglePrecision, data = pairs(count: 256, sites: 5, seed: 1)
    let trainer = ContrastiveDivergence(
      data, hidden: 3, units: units, settings: .init(batch: 256, shards: 8, gibbsSteps: 2, negativePhase: phase),
      key: StreamKey(high: 5, low: 6), rank: 0, ranks: 1)
    let point = CentredParameters(machine, offset: 0), exact = try machine.exactLogLikelihoodGradient(of: data)
    let expected = exact.weights + exact.visibleBias + exact.hiddenBias
    // Blocks of steps are independent replicas: 20 steps are many times the chains' memory.
    let blocks = 150, length = 20
    var direction = point, sum = [Double](repeating: 0, count: expected.count), squares = sum, step: UInt64 = 0
    for _ in 0..<40 { try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction); step += 1 }
    for _ in 0..<blocks {
      var mean = [Double](repeating: 0, count: expected.count)
      for _ in 0..<length {
        try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction)
        step += 1
        for (k, x) in (direction.weights + direction.visibleField + direction.hiddenField).enumerated() {
          mean[k] += Double(x) / Double(length)
        }
      }
      for k in mean.indices {
        sum[k] += mean[k] - expected[k]
        squares[k] += (mean[k] - expected[k]) * (mean[k] - expected[k])
      }
    }
    let n = Double(blocks)
    for k in expected.indices {
      let mean = sum[k] / n, error = ((squares[k] / n - mean * mean) / (n - 1)).squareRoot()
      #expect(abs(mean) < 4.5 * error, "component \(k): \(mean) +- \(error)")
    }
  }

  @Test("Parameters and directions have the same bits at 1, 2, 3, 4, 8 and 11 ranks", arguments: phases)
  func ranksAgree(phase: NegativePhase) throws {
    let data = pairs(count: 200, sites: 70, seed: 2), key = StreamKey(high: 1, low: 1)
    let settings = ContrastiveDivergence.Settings(batch: 48, shards: 8, gibbsSteps: 2, negativePhase: phase)
    func start() -> CentredParameters {
      .random(units: .zeroOne, visible: 70, hidden: 21, offset: 0.5, deviation: 0.05, from: KeyedStreams(key))
    }
    func trainer(_ rank: Int, _ ranks: Int) -> ContrastiveDivergence {
      ContrastiveDivergence(data, hidden: 21, units: .zeroOne, settings: settings, key: key, rank: rank, ranks: ranks)
    }
    var reference = TrainingState(start(), rule: Momentum(rate: 0.1, momentum: 0.5))
    let one = trainer(0, 1)
    while reference.step < 8 { _ = try one.advance(&reference, batches: 8 - Int(reference.step), on: SoloCommunicator()) }
    for ranks in [1, 2, 3, 4, 8, 11] {
      let team = (0..<ranks).map { trainer($0, ranks) }
      var point = start(), rule = Momentum<Float>(rate: 0.1, momentum: 0.5), direction = point
      for step in 0..<UInt64(8) {
        let known = team.flatMap { $0.partialSums(at: point, step: step) }
        func sum(_ node: Range<Int>) -> [Float] {
          if let row = known.first(where: { $0.subtree == node }) { return row.sums }
          let (left, right) = ShardTree.children(node)
          return zip(sum(left), sum(right)).map { $0 + $1 }
        }
        team[0].direction(fromTotal: sum(0..<8), at: point, into: &direction)
        rule.step(&point, along: direction)
      }
      #expect(point == reference.parameters, "\(ranks) ranks")
    }
  }

  @Test(
    "How a persistent training is cut into slices changes no bit of it, and a saved state goes on as the unsaved one", arguments: phases)
  func slices(phase: NegativePhase) throws {
    let data = pairs(count: 100, sites: 20, seed: 3)
    func trainer() -> ContrastiveDivergence {
      ContrastiveDivergence(
        data, hidden: 6, units: .plusMinusOne, settings: .init(batch: 32, shards: 8, negativePhase: phase), key: StreamKey(high: 2, low: 2),
        rank: 0, ranks: 1)
    }
    let start = TrainingState(
      .random(units: .plusMinusOne, visible: 20, hidden: 6, offset: 0, deviation: 0.1, from: KeyedStreams(StreamKey(high: 2, low: 3))),
      rule: Momentum(rate: 0.05, momentum: 0.9), schedule: .linear, plannedSteps: 12)
    var whole = start, cut = start
    let first = trainer()
    for _ in 0..<4 { #expect(try first.advance(&whole, batches: 1000, on: SoloCommunicator())) }
    while cut.step < 12 { _ = try trainer().advance(&cut, batches: 1 + Int(cut.step) % 3, on: SoloCommunicator()) }
    #expect(whole == cut && whole.particles?.words.count == phase.rungs)
    try checkpointLaws(whole) { $0 == $1 }
  }
}

struct GaussianMachineTests {
  private let machine = GaussianBoltzmannMachine(
    visible: 2, hidden: 3, weights: [0.7, -0.4, 0.9, 0.3, 0.8, -0.6], visibleMean: [0.4, -0.3], hiddenBias: [0.2, -0.5, 0.1],
    deviations: [0.7, 1.3])

  /// The integral of f(v) e^-F(v) over a fine grid, which is exact to rounding for such smooth decaying functions.
  private func integral(_ f: (Double, Double) -> Double) -> Double {
    let step = 0.1
    var sum = 0.0
    for i in -120...120 {
      for j in -180...180 {
        let v = [step * Double(i), step * Double(j)]
        sum += f(v[0], v[1]) * exp(-machine.freeEnergy(of: v)[0])
      }
    }
    return sum * step * step
  }

  @Test("ln Z is the logarithm of the integral of e^-F")
  func partition() throws { #expect(abs(try machine.exactLogPartition() - log(integral { _, _ in 1 })) < 1e-10) }

  @Test("ln Z of 14 hidden units in blocks, in any cut of them, is the sum over all states, each by itself")
  func blocks() throws {
    var random = KeyedStreams(StreamKey(high: 3, low: 31)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
    let visible = 3, hidden = 14
    let machine = GaussianBoltzmannMachine(
      visible: visible, hidden: hidden, weights: (0..<visible * hidden).map { _ in 0.8 * random.normal() }, visibleMean: [0.3, -1, 2],
      hiddenBias: (0..<hidden).map { _ in random.normal() }, deviations: [0.5, 1.1, 2])
    let exponents = (0..<1 << hidden).map { state -> Double in
      let bias = (0..<hidden).reduce(0.0) { $0 + (state >> $1 & 1 == 1 ? machine.hiddenBias[$1] : 0) }
      return (0..<visible).reduce(bias) { sum, i in
        let field = (0..<hidden).reduce(0.0) { $0 + (state >> $1 & 1 == 1 ? machine.weights[i * hidden + $1] : 0) }
        return sum + field * (machine.visibleMean[i] / machine.deviations[i] + field / 2)
      }
    }
    let largest = exponents.max() ?? 0, constant = machine.deviations.reduce(0) { $0 + log($1) + log(2 * Double.pi) / 2 }
    let direct = largest + log(exponents.reduce(0) { $0 + exp($1 - largest) }) + constant
    #expect(abs(try machine.exactLogPartition() - direct) < 1e-11)
    let blocks = try machine.partitionBlocks()
    #expect(blocks.count == 4)
    #expect((0..<4).flatMap { blocks.logSums($0..<$0 + 1) } == blocks.logSums(0..<4))
  }

  @Test("In other units x = offset + scale v the law is the same: ln p(x) = ln p(v) - sum of ln scale")
  func rescaled() throws {
    let offsets = [40.0, -3], scales = [3.0, 0.05], other = machine.rescaled(offsets: offsets, scales: scales)
    let (before, after) = (try machine.exactLogPartition(), try other.exactLogPartition())
    for v in [[0.4, -0.3], [1.5, 0], [-2, 3.5]] {
      let x = (0..<2).map { offsets[$0] + scales[$0] * v[$0] }
      let expected = -machine.freeEnergy(of: v)[0] - before - log(3.0) - log(0.05)
      #expect(abs(-other.freeEnergy(of: x)[0] - after - expected) < 1e-10)
      for (p, q) in zip(machine.hiddenProbabilities(given: v), other.hiddenProbabilities(given: x)) { #expect(abs(p - q) < 1e-12) }
    }
  }

  @Test("The direction of ln sigma is the derivative of the likelihood where the chains have the machine's law")
  func deviationGradient() throws {
    // Data are samples of a machine; at a machine of other deviations the mean over data minus that over its own samples, from many steps,
    // is the derivative of the mean ln p of these data, here by differences of the exact ln p.
    let streams = KeyedStreams(StreamKey(high: 3, low: 32)), count = 4000
    let data = (0..<count).flatMap { sample -> [Double] in
      var v = [0.4, -0.3]
      for step in 0..<25 { v = machine.gibbsStep(v, replica: sample, step: UInt64(step), from: streams) }
      return v
    }
    func other(_ deviations: [Double]) -> GaussianBoltzmannMachine {
      GaussianBoltzmannMachine(
        visible: 2, hidden: 3, weights: machine.weights, visibleMean: machine.visibleMean, hiddenBias: machine.hiddenBias,
        deviations: deviations)
    }
    func likelihood(_ machine: GaussianBoltzmannMachine) throws -> Double {
      -machine.freeEnergy(of: data).reduce(0, +) / Double(count) - (try machine.exactLogPartition())
    }
    let deviations = [0.9, 1.1], point = other(deviations), h = 1e-4
    let trainer = GaussianContrastiveDivergence(
      data, visible: 2, learnsDeviations: true, settings: .init(batch: count, shards: 8, gibbsSteps: 25),
      key: StreamKey(high: 3, low: 33), rank: 0, ranks: 1)
    var direction = point
    try trainer.direction(at: point, step: 0, on: SoloCommunicator(), into: &direction)
    for i in 0..<2 {
      var up = deviations, down = deviations
      up[i] *= exp(h)
      down[i] *= exp(-h)
      let exact = (try likelihood(other(up)) - likelihood(other(down))) / (2 * h)
      // (v - b)^2 / sigma^2 has variance 2 and somewhat more by the weights: one sigma is some 0.03 of a mean over 4000.
      #expect(abs(direction.deviations[i] - exact) < 0.12 && abs(exact) > 0.2, "unit \(i): \(direction.deviations[i]), exact \(exact)")
    }
  }

  @Test("A Gibbs step keeps the machine's law: first and second moments of v, within 4.5 sigma")
  func gibbs() throws {
    let z = integral { _, _ in 1 }, streams = KeyedStreams(StreamKey(high: 3, low: 30))
    let exact = [integral { x, _ in x } / z, integral { _, y in y } / z, integral { x, y in x * y } / z, integral { x, _ in x * x } / z]
    var sums = [Double](repeating: 0, count: 4), squares = sums
    let chains = 20_000
    for chain in 0..<chains {
      var v = [0.4, -0.3]
      for step in 0..<25 { v = machine.gibbsStep(v, replica: chain, step: UInt64(step), from: streams) }
      for (k, x) in [v[0], v[1], v[0] * v[1], v[0] * v[0]].enumerated() {
        sums[k] += x
        squares[k] += x * x
      }
    }
    let n = Double(chains)
    for k in 0..<4 {
      let mean = sums[k] / n, error = ((squares[k] / n - mean * mean) / n).squareRoot()
      #expect(abs(mean - exact[k]) < 4.5 * error, "moment \(k): \(mean) +- \(error), exact \(exact[k])")
    }
  }

  @Test("Contrastive divergence raises the exact likelihood of real data, the same bits at 1 and 3 ranks")
  func learns() throws {
    var random = KeyedStreams(StreamKey(high: 4, low: 40)).generator(replica: 0, step: 0, site: 0, purpose: .initial)
    // Two clouds.
    let data = (0..<400).flatMap { _ -> [Double] in
      let side = random.bernoulli(0.5) ? 1.5 : -1.5, (x, y) = random.normalPair()
      return [side + 0.7 * x, -side + 0.7 * y]
    }
    var point = GaussianBoltzmannMachine(
      visible: 2, hidden: 3, weights: (0..<6).map { _ in 0.1 * random.normal() }, visibleMean: [0, 0], hiddenBias: [0, 0, 0],
      deviations: [0.7, 0.7])
    func likelihood() throws -> Double {
      let logPartition = try point.exactLogPartition()
      return point.freeEnergy(of: data).reduce(0) { $0 - $1 - logPartition } / 400
    }
    let trainer = GaussianContrastiveDivergence(
      data, visible: 2, settings: .init(batch: 80, shards: 8), key: StreamKey(high: 4, low: 41), rank: 0, ranks: 1)
    var direction = point, rule = Momentum<Double>(rate: 0.05, momentum: 0.5)
    let before = try likelihood()
    for step in 0..<UInt64(300) {
      try trainer.direction(at: point, step: step, on: SoloCommunicator(), into: &direction)
      rule.step(&point, along: direction)
    }
    #expect(try likelihood() > before + 0.3)
    try checkpointLaws(point) { $0 == $1 }
  }
}
