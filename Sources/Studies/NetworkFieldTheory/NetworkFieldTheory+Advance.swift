public import Archives
import FieldTheory
import GradientFlows
public import MessagePassing
public import RandomStreams
public import Runtime
import Statistics

extension NetworkFieldTheory {
  /// How many networks of each block are done, and the sums of the observables over them: `[blocks][observables]`.
  public struct State: Checkpointable {
    var position = 0, sums: [Double] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write(position, at: path + "/position")
      try archive.write(sums, at: path + "/sums")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      position = try archive.scalar(Int.self, at: path + "/position")
      sums = try archive.read(Double.self, count: nil, at: path + "/sums")
    }
  }

  public func begin(_ unit: Unit, streams: StreamKey) throws(StudyError) -> State { State() }

  /// Observables of one network of a unit.
  func observables(of unit: Unit) -> Int {
    switch unit {
    case .kurtosis(.relu, let width): 2 * sampledDepth(width)
    case .kurtosis(.erf, _): 2
    case .kernels: 3 * kernelDepth
    case .training: 10 * points
    }
  }
  /// What one network costs, in floating-point operations at this machine's matrix-product rate, as measured: a ReLU unit as
  /// much as 130, an erf unit 1500, a unit of training 2500 for each point and step.
  func operationsPerNetwork(_ unit: Unit) -> Double {
    switch unit {
    case .kurtosis(.relu, let width): 130 * Double(width * sampledDepth(width)) + 1e4
    case .kurtosis(.erf, let width): 1500 * Double(width) + 1e4
    case .kernels: 3500 * Double(kernelWidth * kernelDepth)
    case .training(let width): 3000 * Double(width * points) * Double(steps)
    }
  }
  private func networks(of unit: Unit) -> Int {
    switch unit {
    case .kurtosis: count
    case .kernels: kernelCount
    case .training: trainingCount
    }
  }

  public func advance(
    _ state: inout State, of unit: Unit, streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws(StudyError) -> Advance<Recording> {
    let each = networks(of: unit) / blocks, width = observables(of: unit)
    if state.sums.isEmpty { state.sums = [Double](repeating: 0, count: blocks * width) }
    // About a second of one core, whatever the number of ranks.
    let batch = max(1, Int(5e10 / (operationsPerNetwork(unit) * Double(blocks))))
    let end = min(each, state.position + batch), source = KeyedStreams(streams)
    do throws(MessagePassingError) {
      var own: [Double] = []
      for block in team.rank * blocks / team.size..<(team.rank + 1) * blocks / team.size {
        // Sums go on from where they are, one network after another: slices leave no trace.
        var sums = Array(state.sums[block * width..<(block + 1) * width])
        for network in state.position..<end {
          for (index, value) in try sample(unit, replica: block * each + network, source).enumerated() { sums[index] += value }
        }
        own += sums
      }
      state.sums = try team.allGather(own).flatMap { $0 }
    } catch { throw .communication(error) }
    state.position = end
    if end < each { return .more(fraction: Double(end) / Double(each), stage: words(unit)) }
    return .done(record(unit, state, each: each))
  }

  private func words(_ unit: Unit) -> String {
    switch unit {
    case .kurtosis(let activation, let width): "drawing \(activation.rawValue) networks of width \(width)"
    case .kernels: "drawing networks at two inputs"
    case .training(let width): "training networks of width \(width)"
    }
  }

  /// The observables of network number `replica`, a function of its number alone.
  private func sample(_ unit: Unit, replica: Int, _ source: KeyedStreams) throws(MessagePassingError) -> [Double] {
    switch unit {
    case .kurtosis(let activation, let width):
      let kernel = activation == .relu ? Self.relu : Self.erf
      let layers = [Int](repeating: width, count: activation == .relu ? sampledDepth(width) : 1)
      return RandomDeepNetwork(kernel, widths: layers).variances(from: 1, replica: replica, streams: source).flatMap { [$0, $0 * $0] }
    case .kernels(let variance):
      let network = RandomDeepNetwork(kernel(variance), widths: [Int](repeating: kernelWidth, count: kernelDepth))
      return network.kernels(from: start, replica: replica, streams: source).flatMap { [$0.xx, $0.xy, $0.yy] }
    case .training(let width): return try train(width: width, replica: replica, source)
    }
  }

  /// Trains one network and gives, at each test point, powers 1, 2, 3, 4 of its output about the theory's mean before (0) and after, and
  /// powers 1, 2 of the deviation from what a network of infinite width that began alike would give.
  private func train(width: Int, replica: Int, _ source: KeyedStreams) throws(MessagePassingError) -> [Double] {
    var network = ShallowNetwork(width: width, inputs: 2, replica: replica, streams: source)
    let loss = SquaredLoss(inputs: Array(theory.points.prefix(points)), targets: theory.targets), start = theory.points.map { network($0) }
    var flow = GradientFlow(loss, rule: GradientDescent(rate: rate), direction: loss.direction(for: network))
    // A network belongs to one rank: its directions need no messages.
    for step in 0..<steps { try flow.step(&network, at: UInt64(step), on: SoloCommunicator()) }
    return (points..<2 * points).flatMap { index in
      let before = start[index], output = network(theory.points[index]), after = output - theory.mean(index)
      let deviation = output - theory.prediction(index, from: start)
      return [
        before, before * before, before * before * before, before * before * before * before, after, after * after, after * after * after,
        after * after * after * after, deviation, deviation * deviation,
      ]
    }
  }

  // MARK: Results of a unit

  private func record(_ unit: Unit, _ state: State, each: Int) -> Recording {
    let width = observables(of: unit)
    var sums = BlockSums(observables: width, blocks: blocks), recording = Recording()
    for block in 0..<blocks { sums.add(state.sums[block * width..<(block + 1) * width].map { $0 / Double(each) }, to: block) }
    switch unit {
    case .kurtosis(let activation, let width): record(activation, width, sums, &recording)
    case .kernels(let variance): recordKernels(variance, sums, &recording)
    case .training(let width): recordTraining(width, sums, &recording)
    }
    return recording
  }

  /// What identifies the row of a kurtosis.
  static func place(_ activation: Activation, width: Int, depth: Int) -> [(name: String, value: ParameterValue)] {
    [("activation", .text(activation.rawValue)), ("width", .integer(width)), ("depth", .integer(depth))]
  }
  /// The exact excess kurtosis of networks of this kind; erf at one hidden layer.
  static func exactKurtosis(_ activation: Activation, width: Int, depth: Int) -> Double {
    activation == .relu
      ? WideNetworkKernel.reluKurtosis(widths: [Int](repeating: width, count: depth)) : erf.scaledKurtosis(1) / Double(width)
  }

  private func record(_ activation: Activation, _ width: Int, _ sums: BlockSums, _ recording: inout Recording) {
    let layers = activation == .relu ? sampledDepth(width) : 1
    let found = sums.jackknife { means in
      (0..<layers).flatMap { layer -> [Double] in
        let mean = means[2 * layer]
        return [mean, 3 * (means[2 * layer + 1] / (mean * mean) - 1)]
      }
    }
    for layer in 0..<layers {
      let at = Self.place(activation, width: width, depth: layer + 1), kurtosis = found[2 * layer + 1]
      let exact = Self.exactKurtosis(activation, width: width, depth: layer + 1)
      recording.record(at: at, "output_variance", Observable(found[2 * layer].value, error: found[2 * layer].error))
      recording.record(at: at, "excess_kurtosis", Observable(kurtosis.value, error: kurtosis.error))
      recording.record(at: at, "excess_kurtosis_exact", Observable(exact))
      recording.record(at: at, "deviation", Observable((kurtosis.value - exact) / kurtosis.error, unit: "sigma"))
    }
  }

  /// What identifies the row of a kernel after so many layers.
  static func place(weightVariance: Double, depth: Int) -> [(name: String, value: ParameterValue)] {
    [("relative_weight_variance", .real(weightVariance)), ("depth", .integer(depth))]
  }
  private func recordKernels(_ variance: Double, _ sums: BlockSums, _ recording: inout Recording) {
    let found = sums.jackknife { means in
      (0..<kernelDepth).flatMap { layer -> [Double] in
        let mean = WideNetworkKernel.Pair(xx: means[3 * layer], xy: means[3 * layer + 1], yy: means[3 * layer + 2])
        return [mean.xx, mean.correlation]
      }
    }
    var exact = start
    let kernel = kernel(variance)
    for layer in 0..<kernelDepth {
      exact = kernel.next(exact)
      let at = Self.place(weightVariance: variance, depth: layer + 1)
      recording.record(at: at, "kernel_variance", Observable(found[2 * layer].value, error: found[2 * layer].error))
      recording.record(at: at, "kernel_variance_of_infinite_width", Observable(exact.xx))
      recording.record(at: at, "kernel_correlation", Observable(found[2 * layer + 1].value, error: found[2 * layer + 1].error))
      recording.record(at: at, "kernel_correlation_of_infinite_width", Observable(exact.correlation))
    }
  }

  /// What identifies the row of trained networks.
  static func place(trained width: Int) -> [(name: String, value: ParameterValue)] {
    [("activation", .text("erf")), ("width", .integer(width)), ("ensemble", .text("trained"))]
  }
  /// Means over the test points, all in units of the theory's standard deviation there.
  private func recordTraining(_ width: Int, _ sums: BlockSums, _ recording: inout Recording) {
    let tests = points..<2 * points, theory = theory
    let found = sums.jackknife { means in
      var result = [Double](repeating: 0, count: 6)
      for (number, index) in tests.enumerated() {
        let m = Array(means[10 * number..<10 * number + 10]), weight = 1 / Double(tests.count)
        func kurtosis(_ m: ArraySlice<Double>) -> (variance: Double, excess: Double) {
          let m = Array(m), mean = m[0], variance = m[1] - mean * mean
          let square = mean * mean
          let fourth = (m[3] - 4 * mean * m[2]) + (6 * square * m[1] - 3 * square * square)
          return (variance, fourth / (variance * variance) - 3)
        }
        let before = kurtosis(m[0..<4]), after = kurtosis(m[4..<8]), variance = theory.variance(index)
        result[0] += weight * before.excess
        result[1] += weight * after.excess
        // Along the theory's mean, as signs of the targets would cancel in a plain sum; of the deviation, which has the mean of
        // the shift without the noise of the start.
        result[2] += weight * m[8] * (theory.mean(index) < 0 ? -1 : 1) / variance.squareRoot()
        result[3] += weight * after.variance / variance
        result[4] += weight * m[9] / variance
        result[5] += weight * before.variance / theory.kernel[index * theory.points.count + index]
      }
      result[4] = result[4].squareRoot()
      return result
    }
    let names = [
      "excess_kurtosis_before", "excess_kurtosis_after", "mean_shift", "variance_ratio", "distance_from_gaussian_theory",
      "variance_ratio_before",
    ]
    let at = Self.place(trained: width)
    for (name, estimate) in zip(names, found) { recording.record(at: at, name, Observable(estimate.value, error: estimate.error)) }
    // Before training the law is exact: one hidden layer at the variance of the test points' preactivations.
    let variance = WideNetworkKernel(.erf, weightVariance: 1, biasVariance: 1).input(theory.points[points], theory.points[points]).xx
    recording.record(at: at, "excess_kurtosis_before_exact", Observable(Self.erf.scaledKurtosis(variance) / Double(width)))
  }
}
