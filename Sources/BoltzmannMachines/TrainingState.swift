public import Archives
public import GradientFlows
public import LinearAlgebra
public import MessagePassing

/// How far a training has come: everything that a later slice needs, the same on all ranks.
public struct TrainingState: Sendable, Equatable {
  /// Where training stands.
  public var parameters: CentredParameters
  /// The stepper with its velocity.
  public var rule: Momentum<Float>
  /// Mini-batches taken so far.
  public var step: UInt64
  /// The mean reconstruction error of each finished epoch.
  public var reconstructionErrors: [Double]
  /// The sum over the batches of the epoch that runs.
  var errorSum: Double

  /// A training that starts at `parameters`.
  public init(_ parameters: CentredParameters, rule: Momentum<Float>) {
    self.parameters = parameters
    self.rule = rule
    step = 0
    reconstructionErrors = []
    errorSum = 0
  }
}

extension ContrastiveDivergence {
  /// Takes up to `batches` mini-batches, but stops where an epoch ends; all ranks of the team call it with equal states.
  /// Returns whether an epoch has just ended. How a training is cut into calls changes no bit of it.
  public func advance(
    _ state: inout TrainingState, batches: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Bool {
    var flow = GradientFlow(self, rule: state.rule, direction: takeDirection(like: state.parameters))
    // The velocity moves: two owners would copy it at the first step.
    state.rule = Momentum(rate: 0, momentum: 0)
    defer {
      state.rule = flow.rule
      spareDirection = flow.direction
    }
    for _ in 0..<batches {
      try flow.step(&state.parameters, at: state.step, on: team)
      state.step += 1
      state.errorSum += reconstructionError
      if state.step % UInt64(batchesPerEpoch) == 0 {
        state.reconstructionErrors.append(state.errorSum / Double(batchesPerEpoch))
        state.errorSum = 0
        return true
      }
    }
    return false
  }

  private func takeDirection(like parameters: CentredParameters) -> CentredParameters {
    defer { spareDirection = nil }
    return spareDirection
      ?? CentredParameters(
        units: parameters.units, visible: parameters.visible, hidden: parameters.hidden, offset: parameters.offset)
  }
}

extension TrainingState: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try parameters.save(to: &archive, at: path + "/parameters")
    try rule.save(to: &archive, at: path + "/momentum")
    try archive.write(step, at: path + "/step")
    try archive.write(reconstructionErrors, at: path + "/reconstruction_errors")
    try archive.write(errorSum, at: path + "/error_sum")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    parameters = try CentredParameters(from: archive, at: path + "/parameters")
    rule = try Momentum(from: archive, at: path + "/momentum")
    step = try archive.scalar(UInt64.self, at: path + "/step")
    reconstructionErrors = try archive.read(Double.self, count: nil, at: path + "/reconstruction_errors")
    errorSum = try archive.scalar(Double.self, at: path + "/error_sum")
  }
}
