public import Archives
public import RandomStreams
public import Statistics

/// Annealed importance sampling: the ratio of the partition functions at the two ends of a path.
///
/// A replica starts from p at the first position and collects, for k = 1 ... K,
/// ln w += ln p_k(x) - ln p_(k-1)(x), then moves x once by the kernel at position k (not after the last ratio).
/// Forward (0 to 1), E[w] = Z_1 / Z_0 and E[ln w] <= ln Z_1/Z_0. Along the reversed schedule, from exact samples of
/// p_1, E[w] = Z_0 / Z_1, so ln Z_1/Z_0 <= -E[ln w]; this needs kernels in detailed balance with their law, as the
/// reversed path runs the reversed kernels. Starting points that are not equilibrated bound nothing.
/// Source: R. M. Neal, Statistics and Computing 11, 125 (2001).
///
/// A replica's path depends on its global index, the schedule and the streams alone, so replicas may be cut over
/// batches and ranks, and a batch may be advanced in slices, without changing a bit.
public struct AnnealedImportanceSampling<Model: Annealable>: Sendable {
  /// The family of laws.
  public let model: Model
  /// The positions visited.
  public let schedule: AnnealingSchedule

  /// Annealing of `model` along `schedule`.
  @inlinable public init(_ model: Model, schedule: AnnealingSchedule) {
    self.model = model
    self.schedule = schedule
  }

  /// Where a batch of replicas stands.
  public struct Progress {
    /// The replicas themselves.
    public var replicas: Model.State
    /// The global index of the first.
    public let firstReplica: Int
    /// How many of the schedule's steps are done, 0 ... K.
    public var stepsDone: Int
    /// ln w of each replica so far.
    public var logWeights: [Double]

    @inlinable init(replicas: Model.State, firstReplica: Int, stepsDone: Int, logWeights: [Double]) {
      self.replicas = replicas
      self.firstReplica = firstReplica
      self.stepsDone = stepsDone
      self.logWeights = logWeights
    }
  }

  /// How many steps a whole path has.
  @inlinable public var steps: Int { schedule.positions.count - 1 }

  /// Replicas `firstReplica ..< firstReplica + replicas`, drawn at the start of a path that begins at position 0.
  @inlinable public func begin(replicas: Int, firstReplica: Int = 0, from streams: some Streams) -> Progress {
    precondition(schedule.positions[0] == 0, "only the law at position 0 can be drawn from; give the samples otherwise")
    return begin(
      from: model.start(replicas: replicas, firstReplica: firstReplica, from: streams), replicas: replicas, firstReplica: firstReplica)
  }

  /// Replicas that stand at given samples of the law at the first position.
  @inlinable public func begin(from samples: Model.State, replicas: Int, firstReplica: Int = 0) -> Progress {
    Progress(replicas: samples, firstReplica: firstReplica, stepsDone: 0, logWeights: [Double](repeating: 0, count: replicas))
  }

  /// Whether a batch has come to the end of the path.
  @inlinable public func isFinished(_ progress: Progress) -> Bool { progress.stepsDone == steps }

  /// At most `count` more steps of the path. How a path is sliced changes nothing.
  @inlinable public func advance(_ progress: inout Progress, steps count: Int, from streams: some Streams) {
    let positions = schedule.positions
    // Forward and reverse paths over the same streams use different steps.
    let direction: UInt64 = positions[0] > positions[1] ? 1 << 40 : 0
    let end = min(steps, progress.stepsDone + count)
    for k in progress.stepsDone..<end {
      let ratios = model.logRatio(progress.replicas, from: positions[k], to: positions[k + 1])
      for r in ratios.indices { progress.logWeights[r] += ratios[r] }
      if k + 1 < steps {
        var kernel = model.kernel(at: positions[k + 1])
        kernel.step(&progress.replicas, at: direction | UInt64(k + 1), from: streams)
      }
    }
    progress.stepsDone = end
  }

  /// A whole path at once.
  @inlinable public func run(replicas: Int, firstReplica: Int = 0, from streams: some Streams) -> Progress {
    var progress = begin(replicas: replicas, firstReplica: firstReplica, from: streams)
    advance(&progress, steps: steps, from: streams)
    return progress
  }

  /// The result for the log-weights of all replicas, in the order of their global index.
  public func estimate(_ logWeights: [Double]) -> AnnealedEstimate {
    AnnealedEstimate(logWeights: logWeights, startLogPartition: model.startLogPartition, reverse: schedule.positions[0] == 1)
  }
}

extension AnnealedImportanceSampling.Progress: Sendable where Model.State: Sendable {}

extension AnnealedImportanceSampling.Progress: Checkpointable where Model.State: Checkpointable {
  public static var formatVersion: Int { 1 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try replicas.save(to: &archive, at: path + "/replicas")
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([firstReplica, stepsDone], at: path + "/progress")
    try archive.write(logWeights, at: path + "/log_weights")
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let progress = try archive.read(Int.self, count: 2, at: path + "/progress")
    replicas = try Model.State(from: archive, at: path + "/replicas")
    (firstReplica, stepsDone) = (progress[0], progress[1])
    logWeights = try archive.read(Double.self, count: nil, at: path + "/log_weights")
  }
}

/// What annealed importance sampling found.
public struct AnnealedEstimate: Sendable, Equatable {
  /// ln Z_1, its error by the delta method: to be believed only where `effectiveSampleSize` is some hundred. NaN for a
  /// single replica.
  public let logPartition: Estimate
  /// (sum w)^2 / sum w^2 over the replicas.
  public let effectiveSampleSize: Double
  /// Var w / E[w]^2.
  public let relativeVariance: Double
  /// ln Z_0 + E[ln w] for a forward path, a lower bound of ln Z_1 on average; ln Z_0 - E[ln w] for a reverse path, an
  /// upper one if it started from exact samples. The error is NaN for a single replica.
  public let bound: Estimate

  /// From all replicas' log-weights in global order; `reverse` says that the path ran from 1 to 0.
  public init(logWeights: [Double], startLogPartition: Double, reverse: Bool) {
    precondition(!logWeights.isEmpty, "an estimate needs replicas")
    let weights = LogWeights(logWeights), sign: Double = reverse ? -1 : 1
    logPartition = Estimate(value: startLogPartition + sign * weights.logMean, error: weights.standardError)
    effectiveSampleSize = weights.effectiveSampleSize
    relativeVariance = weights.relativeVariance
    let mean = Estimate(meanOf: logWeights)
    bound = Estimate(value: startLogPartition + sign * mean.value, error: mean.error)
  }
}
