public import Archives
public import GradientFlows
public import MessagePassing

/// How far a training has come: everything that a later slice needs, the same on all ranks.
public struct NetworkTraining<Scalar: NetworkScalar>: Sendable, Equatable {
  /// Where training stands, and the stepper with its memory.
  public var network: Network<Scalar>
  public var rule: ChosenStepper<Scalar>
  /// The rate at the start, which `schedule` multiplies, and the number of mini-batches that it counts on.
  public let rate: Double, schedule: RateSchedule, plannedSteps: Int
  /// Mini-batches taken so far.
  public var step: UInt64 = 0
  /// The mean loss and accuracy over the mini-batches of each finished epoch.
  public var losses: [Double] = [], accuracies: [Double] = []
  /// The sums over the batches of the epoch that runs.
  var lossSum = 0.0, accuracySum = 0.0

  /// A training that starts at `network`.
  public init(_ network: Network<Scalar>, rule: ChosenStepper<Scalar>, schedule: RateSchedule = .constant, plannedSteps: Int = 1) {
    self.network = network
    self.rule = rule
    rate = Double(rule.rate)
    self.schedule = schedule
    self.plannedSteps = max(1, plannedSteps)
  }
}

extension SupervisedLearning {
  /// Takes up to `batches` mini-batches, but stops where an epoch ends; all ranks of the team call it with equal states.
  /// Returns whether an epoch has just ended. How a training is cut into calls changes no bit of it.
  public func advance(
    _ state: inout NetworkTraining<Scalar>, batches: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Bool {
    var flow = GradientFlow(self, rule: state.rule, direction: spareDirection ?? NetworkDirection(like: state.network))
    spareDirection = nil
    // The stepper's memory moves: two owners would copy it at the first step.
    state.rule = .descent(GradientDescent(rate: 0))
    defer {
      state.rule = flow.rule
      spareDirection = flow.direction
    }
    for _ in 0..<batches {
      let fraction = min(1, Double(state.step) / Double(state.plannedSteps))
      flow.rule.rate = Scalar(state.rate * state.schedule.factor(fraction))
      try flow.step(&state.network, at: state.step, on: team)
      state.step += 1
      state.lossSum += loss
      state.accuracySum += accuracy
      if state.step % UInt64(batchesPerEpoch) == 0 {
        state.losses.append(state.lossSum / Double(batchesPerEpoch))
        state.accuracies.append(state.accuracySum / Double(batchesPerEpoch))
        (state.lossSum, state.accuracySum) = (0, 0)
        return true
      }
    }
    return false
  }
}

extension NetworkTraining: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try network.save(to: &archive, at: path + "/network")
    try rule.save(to: &archive, at: path + "/rule")
    try archive.write(schedule.rawValue, at: path + "/schedule")
    try archive.write([rate, lossSum, accuracySum], at: path + "/sums")
    try archive.write([Int(step), plannedSteps], at: path + "/steps")
    try archive.write(losses, at: path + "/losses")
    try archive.write(accuracies, at: path + "/accuracies")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    network = try Network(from: archive, at: path + "/network")
    rule = try ChosenStepper(from: archive, at: path + "/rule")
    let name = try archive.text(at: path + "/schedule")
    guard let schedule = RateSchedule(rawValue: name) else {
      throw .damaged(file: path + "/schedule", reason: "\(name) is no schedule")
    }
    self.schedule = schedule
    let sums = try archive.read(Double.self, count: 3, at: path + "/sums"),
      steps = try archive.read(Int.self, count: 2, at: path + "/steps")
    (rate, lossSum, accuracySum) = (sums[0], sums[1], sums[2])
    guard steps[0] >= 0 else { throw .damaged(file: path + "/steps", reason: "\(steps[0]) steps were taken") }
    (step, plannedSteps) = (UInt64(steps[0]), steps[1])
    losses = try archive.read(Double.self, count: nil, at: path + "/losses")
    accuracies = try archive.read(Double.self, count: nil, at: path + "/accuracies")
  }
}
