import Archives
import GradientFlows
import Laws
import MessagePassing
import NeuralNetworks
import RandomStreams
import Testing

private let grid = FeatureShape(height: 6, width: 6, channels: 1)
private let layers = ["convolution 3x3x5 relu", "max-pool 2", "dropout 0.2", "dense 9 tanh", "dense 3"]

/// Images in which one of three rows of pixels is bright.
private func stripes(_ count: Int, seed: UInt64 = 4) -> SampleSet {
  var random = numbers(seed), features: [Float] = [], labels: [Int] = []
  for _ in 0..<count {
    let label = random.index(below: 3)
    labels.append(label)
    for pixel in 0..<36 { features.append(Float(random.uniform()) + (pixel / 12 == label ? 0.7 : 0)) }
  }
  return SampleSet(shape: grid, features: features, targets: .classes(labels, of: 3))
}

private func start(_ rule: ChosenStepper<Float>, planned: Int = 100) throws -> NetworkTraining<Float> {
  NetworkTraining(try network(grid, layers).converted(to: Float.self), rule: rule, schedule: .cosine, plannedSteps: planned)
}

private let rules: [ChosenStepper<Float>] = [
  .descent(GradientDescent(rate: 0.1)), .momentum(Momentum(rate: 0.05, momentum: 0.9, decay: 1e-3)), .adam(Adam(rate: 0.01, decay: 1e-2)),
  .langevin(Langevin(rate: 0.1, temperature: 1e-5, key: StreamKey(high: 3, low: 9))),
]

struct LearningTests {
  private func trainer(_ data: SampleSet, shards: Int = 8, rank: Int = 0, ranks: Int = 1) throws -> SupervisedLearning<Float> {
    try SupervisedLearning(
      data, network: network(grid, layers).converted(to: Float.self), settings: .init(batch: 48, shards: shards),
      key: StreamKey(high: 8, low: 8), rank: rank, ranks: ranks)
  }

  @Test("Parameters after training have the same bits at 1, 2, 3, 4, 8 and 11 ranks, also with 6 shards", arguments: [8, 6])
  func ranksAgree(shards: Int) throws {
    let data = stripes(200)
    var reference = try start(rules[2])
    let one = try trainer(data, shards: shards)
    while reference.step < 10 { _ = try one.advance(&reference, batches: 10 - Int(reference.step), on: SoloCommunicator()) }
    #expect(reference.network != (try start(rules[2]).network))
    for ranks in [1, 2, 3, 4, 8, 11] {
      let team = try (0..<ranks).map { try trainer(data, shards: shards, rank: $0, ranks: ranks) }
      var state = try start(rules[2]), direction = NetworkDirection(like: state.network)
      for step in 0..<UInt64(10) {
        let known = try team.flatMap { try $0.partialSums(at: state.network, step: step) }
        func sum(_ node: Range<Int>) -> [Float] {
          if let row = known.first(where: { $0.subtree == node }) { return row.sums }
          let (left, right) = ShardTree.children(node)
          return zip(sum(left), sum(right)).map { $0 + $1 }
        }
        team[0].direction(fromTotal: sum(0..<shards), into: &direction)
        state.rule.rate = Float(state.rate * state.schedule.factor(Double(step) / Double(state.plannedSteps)))
        state.rule.step(&state.network, along: direction)
      }
      #expect(state.network == reference.network, "\(ranks) ranks")
    }
  }

  @Test("How a training is cut into slices changes no bit of it, and a saved state goes on as the unsaved one", arguments: [0, 1, 2, 3])
  func slices(rule: Int) throws {
    let data = stripes(200)
    var whole = try start(rules[rule]), cut = whole
    let first = try trainer(data)
    for _ in 0..<3 { #expect(try first.advance(&whole, batches: 1000, on: SoloCommunicator())) }
    // A trainer of its own for each slice, and a state that has been put away in the middle of an epoch.
    while cut.step < 12 {
      _ = try trainer(data).advance(&cut, batches: 1 + Int(cut.step) % 3, on: SoloCommunicator())
      var memory = MemoryArchive()
      try cut.save(to: &memory, at: "state")
      cut = try NetworkTraining(from: memory, at: "state")
    }
    #expect(whole == cut)
    #expect(whole.step == 12 && whole.losses.count == 3)
    try checkpointLaws(whole) { $0 == $1 }
    try checkpointLaws(try start(rules[rule])) { $0 == $1 }
    try checkpointLaws(whole.network) { $0 == $1 }
  }

  @Test("The direction is minus the mean gradient over the batch, whatever the shards")
  func meanGradient() throws {
    let data = stripes(48), plain = Array(layers.filter { !$0.hasPrefix("dropout") })
    let exact = try network(grid, plain), network = exact.converted(to: Float.self)
    let (_, gradient) = try exact.lossGradient(on: data, .crossEntropy)
    for shards in [1, 3, 8] {
      let trainer = try SupervisedLearning(
        data, network: network, settings: .init(batch: 48, shards: shards), key: StreamKey(high: 1, low: 1), rank: 0, ranks: 1)
      var direction = NetworkDirection(like: network)
      try trainer.direction(at: network, step: 0, on: SoloCommunicator(), into: &direction)
      for (a, b) in zip(direction.blocks.joined(), gradient.blocks.joined()) { #expect(abs(Double(a) + b) < 1e-6) }
    }
  }

  @Test("Every stepper learns to tell stripes apart", arguments: [0, 1, 2, 3])
  func learns(rule: Int) throws {
    let data = stripes(400), test = stripes(200, seed: 5), trainer = try trainer(data)
    var state = try start(rules[rule], planned: 240)
    for _ in 0..<30 { _ = try trainer.advance(&state, batches: 100, on: SoloCommunicator()) }
    let outputs = try state.network.outputs(for: test)
    let right = (0..<200).count { row in
      let y = outputs[3 * row..<3 * row + 3]
      return y.firstIndex(of: y.max()!)! - 3 * row == test.labels[row]
    }
    #expect(right > 190, "\(right) of 200")
    #expect(state.losses.last! < state.losses.first!)
  }

  @Test("Outputs of a sample do not depend on the others, and dropout is the identity after training")
  func independence() throws {
    let data = stripes(70), network = try network(grid, layers).converted(to: Float.self)
    let all = try network.outputs(for: data), alone = try network.outputs(for: data, 66..<67)
    #expect(Array(all[198..<201]) == alone)
    let kept = Network<Float>.self
    var without = try kept.init(input: grid, layers.filter { !$0.hasPrefix("dropout") }.map { try LayerDescription($0) })
    without.parameters = network.parameters
    #expect(try without.outputs(for: data) == all)
  }

  @Test("Dropout keeps the expectation: over many steps the mean of kept numbers is the number, within 4.5 sigma")
  func dropoutExpectation() throws {
    // Squared error of y = x with targets zero: direction of the bias is -2 y / outputs, y with dropout on x = 1.
    let shape = FeatureShape.vector(1)
    var network = try Network<Float>(input: shape, [.dropout(0.3), .dense(1, .identity)])
    network.parameters[0][0] = 1
    let data = SampleSet(
      shape: shape, features: [Float](repeating: 1, count: 64), targets: .values([Float](repeating: 0, count: 64), width: 1))
    let trainer = try SupervisedLearning(
      data, network: network, settings: .init(batch: 64, shards: 8, loss: .squaredError), key: StreamKey(high: 2, low: 9), rank: 0, ranks: 1
    )
    var direction = NetworkDirection(like: network), sum = 0.0
    for step in 0..<UInt64(400) {
      try trainer.direction(at: network, step: step, on: SoloCommunicator(), into: &direction)
      sum += Double(direction.blocks[1][0])
    }
    // One decision has the variance 0.3 / 0.7.
    let variance: Double = 0.3 / 0.7, count: Double = 400 * 64
    let sigma = 2 * (variance / count).squareRoot()
    #expect(abs(sum / 400 + 2) < 4.5 * sigma)
  }

  @Test("Early stopping keeps the best network and ends after its patience")
  func earlyStopping() throws {
    var stopping = EarlyStopping<Float>(patience: 2)
    let first = try Network<Float>(input: .vector(2), [.dense(2, .identity)], from: KeyedStreams(StreamKey(high: 1, low: 1)))
    var second = first
    second.parameters[1][0] = 3
    try checkpointLaws(stopping) { $0 == $1 }
    let ends = [(1, first), (0.5, second), (Double.nan, first), (0.6, first)].map { stopping.note($0.0, of: $0.1) }
    #expect(ends == [false, false, false, true])
    #expect(stopping.best == second && stopping.bestEpoch == 2 && stopping.bestLoss == 0.5)
    // One loss is not a number, so the whole is not equal to itself.
    try checkpointLaws(stopping) { a, b in
      let sameBest = a.best == b.best && a.bestEpoch == b.bestEpoch
      return sameBest && a.losses.count == b.losses.count
    }
  }
}

struct NetworkShapeTests {
  @Test(
    "What does not fit is refused when the network is built, in one line that names the layer",
    arguments: [
      (["convolution 9x3x4"], "layer 1, convolution 9x3x4, on 6x5x2: the window is larger than the grid"),
      (["max-pool 7"], "layer 1, max-pool 7, on 6x5x2: the window is larger"),
      (["dense 4", "max-pool 2"], "layer 2, max-pool 2, on 4: it needs a grid"),
      (["dense 4", "convolution 1x1x2"], "layer 2, convolution 1x1x2, on 4: it needs a grid"),
      (["convolution 3x3x4 padding 3"], "padding of 3 needs a window of at least 4"),
      ([], "at least one layer"),
    ])
  func refused(layers: [String], words: String) throws {
    let descriptions = try layers.map { try LayerDescription($0) }
    let error = #expect(throws: NetworkError.self) {
      _ = try Network<Float>(input: FeatureShape(height: 6, width: 5, channels: 2), descriptions)
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(
    "A line that describes no layer is refused with a hint",
    arguments: [
      "", "dens 4", "dense", "dense 0", "dense 4 tan", "convolution 3x3", "max-pool 1", "dropout 1", "flatten 3",
      "convolution 3x3x4 padding -1",
    ])
  func unreadable(line: String) {
    let error = #expect(throws: NetworkError.self) { _ = try LayerDescription(line) }
    #expect(error?.description.contains("describes no layer") == true)
  }

  @Test(
    "A description reads back as itself",
    arguments: ["dense 4 relu", "dense 7", "convolution 3x2x5 padding 1 tanh", "max-pool 2", "flatten", "dropout 0.25"])
  func readsBack(line: String) throws { #expect(try LayerDescription(line).description == line) }

  @Test("Loss, data and network that do not fit are refused before training")
  func losses() throws {
    let shape = FeatureShape.vector(3), data = samples(16, shape, classes: 3)
    func refuses(_ layers: [String], _ loss: Loss, _ data: SampleSet) throws {
      let network = try network(shape, layers).converted(to: Float.self)
      #expect(throws: NetworkError.self) {
        _ = try SupervisedLearning(
          data, network: network, settings: .init(batch: 8, loss: loss), key: StreamKey(high: 0, low: 1), rank: 0, ranks: 1)
      }
    }
    try refuses(["dense 4"], .crossEntropy, data)
    try refuses(["dense 3 relu"], .crossEntropy, data)
    try refuses(["dense 3"], .crossEntropy, samples(16, shape, classes: 3, values: true))
    try refuses(["dense 3"], .crossEntropy, samples(16, .vector(4), classes: 3))
  }
}

struct StepperTests {
  @Test("Adam follows its recursion, with decay on weights alone")
  func adam() throws {
    var point = TwoBlocks(weight: [0.5], bias: [0.5]), rule = Adam<Double>(rate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, decay: 0.2)
    var w = 0.5, b = 0.5, m = 0.0, s = 0.0
    for t in 1...6 {
      let g = t % 2 == 0 ? 1.0 : -0.25
      rule.step(&point, along: TwoBlocks(weight: [g], bias: [g]))
      m = 0.8 * m + 0.2 * g
      s = 0.9 * s + 0.1 * g * g
      var powers = (1.0, 1.0)
      for _ in 0..<t { powers = (powers.0 * 0.8, powers.1 * 0.9) }
      let move = 0.1 * (m / (1 - powers.0)) / ((s / (1 - powers.1)).squareRoot() + 1e-3)
      w = w * (1 - 0.1 * 0.2) + move
      b += move
      #expect(abs(point.weight[0] - w) < 1e-14 && abs(point.bias[0] - b) < 1e-14)
    }
    try checkpointLaws(rule) { $0 == $1 }
    try checkpointLaws(ChosenStepper.adam(rule)) { $0 == $1 }
  }

  @Test("Langevin noise leaves a quadratic loss at its exact variance T / (k (1 - rate k / 2)), the same after a checkpoint")
  func langevin() throws {
    let rate = 0.3, temperature = 0.7, stiffness = [0.5, 1, 2, 4]
    var rule = Langevin(rate: rate, temperature: temperature, key: StreamKey(high: 5, low: 6))
    var point = TwoBlocks(weight: [0, 0, 0], bias: [0]), squares = [Double](repeating: 0, count: 4)
    func force() -> TwoBlocks {
      TwoBlocks(weight: (0..<3).map { -stiffness[$0] * point.weight[$0] }, bias: [-stiffness[3] * point.bias[0]])
    }
    let steps = 200_000
    for step in 0..<steps + 1000 {
      rule.step(&point, along: force())
      if step < 1000 { continue }
      for (k, w) in (point.weight + point.bias).enumerated() { squares[k] += w * w }
    }
    for (k, stiffness) in stiffness.enumerated() {
      let exact = temperature / (stiffness * (1 - rate * stiffness / 2)), memory = (1 - rate * stiffness) * (1 - rate * stiffness)
      // Squares decay by this memory a step: N (1 - m)/(1 + m) independent ones, each of relative variance 2.
      let error = exact * (2 * (1 + memory) / (1 - memory) / Double(steps)).squareRoot()
      #expect(abs(squares[k] / Double(steps) - exact) < 4 * error, "k = \(stiffness)")
    }
    try checkpointLaws(rule) { $0 == $1 }
    var cold = Langevin(rate: 0.25, temperature: 0, key: StreamKey(high: 5, low: 6)), plain = TwoBlocks(weight: [1], bias: [2])
    cold.step(&plain, along: TwoBlocks(weight: [4], bias: [-4]))
    #expect(plain.weight == [2] && plain.bias == [1])
  }

  @Test("Schedules begin at one and fall to where they say")
  func schedules() {
    for schedule in RateSchedule.allCases { #expect(schedule.factor(0) == 1) }
    #expect(abs(RateSchedule.linear.factor(0.25) - 0.75) < 1e-15 && abs(RateSchedule.cosine.factor(0.5) - 0.5) < 1e-15)
    #expect(RateSchedule.steps.factor(0.5) == 0.1 && RateSchedule.constant.factor(1) == 1)
  }
}
