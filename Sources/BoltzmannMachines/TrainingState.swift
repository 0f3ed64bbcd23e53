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
  /// The particles of a persistent negative phase, once there are some.
  public internal(set) var particles: PersistentParticles?
  /// How the rate changes over `plannedSteps` mini-batches, and the rate at the start.
  public let schedule: RateSchedule, plannedSteps: Int, rate: Float

  /// A training that starts at `parameters`.
  public init(_ parameters: CentredParameters, rule: Momentum<Float>, schedule: RateSchedule = .constant, plannedSteps: Int = 1) {
    self.parameters = parameters
    self.rule = rule
    self.schedule = schedule
    self.plannedSteps = max(1, plannedSteps)
    rate = rule.rate
    step = 0
    reconstructionErrors = []
    errorSum = 0
  }
}

/// A trainer of machines in centred form, which may keep particles between steps.
public protocol ParticleTraining: AnyObject, DirectionField where Point == CentredParameters, Direction == CentredParameters {
  /// Mini-batches per epoch: an epoch goes through a fresh permutation of the data and leaves out what does not fill a batch.
  var batchesPerEpoch: Int { get }
  /// How far the latest mini-batch and its fantasy are apart, as the trainer says.
  var reconstructionError: Double { get }
  /// Memory for a direction, kept between slices.
  var spareDirection: CentredParameters? { get set }
  /// Goes on from these particles.
  func take(_ particles: PersistentParticles)
  /// The particles of all ranks; nil where there are none. All ranks of the team call it.
  func particles(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> PersistentParticles?
}

extension ParticleTraining {
  /// Takes up to `batches` mini-batches, but stops where an epoch ends; all ranks of the team call it with equal states.
  /// Returns whether an epoch has just ended. How a training is cut into calls changes no bit of it.
  public func advance(
    _ state: inout TrainingState, batches: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> Bool {
    var flow = GradientFlow(self, rule: state.rule, direction: takeDirection(like: state.parameters))
    // The velocity moves: two owners would copy it at the first step.
    state.rule = Momentum(rate: 0, momentum: 0)
    if let particles = state.particles { take(particles) }
    defer {
      state.rule = flow.rule
      spareDirection = flow.direction
    }
    var epochEnded = false
    for _ in 0..<batches {
      flow.rule.rate = state.rate * Float(state.schedule.factor(min(1, Double(state.step) / Double(state.plannedSteps))))
      try flow.step(&state.parameters, at: state.step, on: team)
      state.step += 1
      state.errorSum += reconstructionError
      if state.step % UInt64(batchesPerEpoch) == 0 {
        state.reconstructionErrors.append(state.errorSum / Double(batchesPerEpoch))
        state.errorSum = 0
        epochEnded = true
        break
      }
    }
    state.particles = try particles(on: team)
    return epochEnded
  }

  private func takeDirection(like parameters: CentredParameters) -> CentredParameters {
    defer { spareDirection = nil }
    return spareDirection
      ?? CentredParameters(
        units: parameters.units, visible: parameters.visible, hidden: parameters.hidden, offset: parameters.offset)
  }
}

extension TrainingState: Checkpointable {
  public static var formatVersion: Int { 2 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try parameters.save(to: &archive, at: path + "/parameters")
    try rule.save(to: &archive, at: path + "/momentum")
    try archive.write(step, at: path + "/step")
    try archive.write(reconstructionErrors, at: path + "/reconstruction_errors")
    try archive.write(errorSum, at: path + "/error_sum")
    try archive.write(schedule.rawValue, at: path + "/schedule")
    try archive.write([plannedSteps, particles == nil ? 0 : 1], at: path + "/counts")
    try archive.write(rate, at: path + "/rate")
    if let particles { try particles.save(to: &archive, at: path + "/particles") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    parameters = try CentredParameters(from: archive, at: path + "/parameters")
    rule = try Momentum(from: archive, at: path + "/momentum")
    step = try archive.scalar(UInt64.self, at: path + "/step")
    reconstructionErrors = try archive.read(Double.self, count: nil, at: path + "/reconstruction_errors")
    errorSum = try archive.scalar(Double.self, at: path + "/error_sum")
    let name = try archive.text(at: path + "/schedule"), counts = try archive.read(Int.self, count: 2, at: path + "/counts")
    guard let schedule = RateSchedule(rawValue: name) else { throw .damaged(file: path + "/schedule", reason: "\(name) is no schedule") }
    self.schedule = schedule
    plannedSteps = counts[0]
    rate = try archive.scalar(Float.self, at: path + "/rate")
    if counts[1] == 1 { particles = try PersistentParticles(from: archive, at: path + "/particles") }
  }
}
