public import Archives
import Glibc
import GradientFlows
public import MessagePassing
public import RandomStreams
public import Statistics

/// Mutual information as the best lower bound that a critic finds: trained on the first part of the samples, stopped by the second,
/// valued on the third.
///
/// The second part chooses among the critic's states, every fiftieth step and the beginning, where the bound is zero: a critic that
/// learns its samples by heart is not kept. The third part has seen neither.
///
/// The value is the mean over batches of held-out samples, so it bounds I from below on the average for InfoNCE; the Donsker-Varadhan
/// value takes the logarithm of a mean of a batch's pairs, which biases it upward. Its error is that of held-out batches in their order
/// for the critic as it is: another training would find another critic, and the spread over trainings comes on top.
///
/// InfoNCE cannot exceed ln B, its ceiling. The Donsker-Varadhan value has no such bound; the ceiling given for it is ln B(B - 1), the
/// logarithm of the pairs that <e^f> is a mean of: at a larger I, pairs of the joint law have a share e^-I of random ones, a batch holds
/// none of them, and the mean is missed.
public struct NeuralEstimator: MutualInformationEstimator {
  /// The bound and the critic.
  public let bound: NeuralBound, critic: CriticKind
  /// Samples of a batch, units of a hidden layer, numbers in which a separable critic's networks meet, steps of Adam and their rate.
  public let batch: Int, hidden: Int, embedding: Int, steps: Int, rate: Float
  /// The share of samples trained on.
  public let trainingShare: Double
  /// Where initial weights and batches come from.
  public let streams: KeyedStreams

  /// - Parameters: a batch of at least 2; 0 < trainingShare < 1.
  public init(
    _ bound: NeuralBound, critic: CriticKind = .separable, batch: Int = 256, hidden: Int = 64, embedding: Int = 32, steps: Int = 1000,
    rate: Float = 1e-3, trainingShare: Double = 0.6, from streams: KeyedStreams
  ) {
    precondition(batch >= 2 && hidden > 0 && embedding > 0 && steps >= 0 && trainingShare > 0 && trainingShare < 1, "unusable settings")
    self.bound = bound
    self.critic = critic
    self.batch = batch
    self.hidden = hidden
    self.embedding = embedding
    self.steps = steps
    self.rate = rate
    self.trainingShare = trainingShare
    self.streams = streams
  }

  /// How far a training has come: all that it takes to go on, on any number of ranks.
  public struct Progress: Sendable, Equatable, Checkpointable {
    fileprivate var critic: Critic, rule: Adam<Float>, memory: Double?
    /// The state that does best on the second part, and its bound there.
    fileprivate var best: Critic, bestValue = 0.0
    /// Steps taken.
    public fileprivate(set) var step = 0

    fileprivate init(_ critic: Critic, rate: Float) {
      (self.critic, best) = (critic, critic)
      rule = Adam(rate: rate)
    }
    fileprivate mutating func climb(along gradient: Critic) {
      rule.step(&critic, along: gradient)
      step += 1
    }
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([step, memory == nil ? 0 : 1], at: path + "/place")
      try archive.write([bestValue, memory ?? 0], at: path + "/values")
      try critic.save(to: &archive, at: path + "/critic")
      try best.save(to: &archive, at: path + "/best")
      try rule.save(to: &archive, at: path + "/rule")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let place = try archive.read(Int.self, count: 2, at: path + "/place")
      let values = try archive.read(Double.self, count: 2, at: path + "/values")
      step = place[0]
      (bestValue, memory) = (values[0], place[1] == 0 ? nil : values[1])
      critic = try Critic(from: archive, at: path + "/critic")
      best = try Critic(from: archive, at: path + "/best")
      rule = try Adam(from: archive, at: path + "/rule")
    }
  }

  /// A training under way, on one of the ranks that share it.
  public final class Training {
    private let settings: NeuralEstimator, pass: CriticPass
    /// How far it has come.
    public private(set) var progress: Progress
    private var gradient: Critic
    /// The samples, each column brought to mean 0 and variance 1, single precision.
    private let x: [Float], y: [Float], count: Int
    /// What correlations alone say of all samples.
    private let correlationNats: Double
    /// The first sample of the second part and of the third.
    private let training: Int, held: Int
    private var order: [Int] = []

    fileprivate init(_ samples: borrowing PairedSamples, _ settings: NeuralEstimator, _ progress: Progress?, rank: Int, ranks: Int) {
      self.settings = settings
      let critic = Critic(
        settings.critic, xDimension: samples.xDimension, yDimension: samples.yDimension, hidden: settings.hidden,
        embedding: settings.embedding, from: settings.streams)
      self.progress = progress ?? Progress(critic, rate: settings.rate)
      pass = CriticPass(critic, batch: settings.batch, rank: rank, ranks: ranks)
      gradient = critic
      count = samples.count
      (training, held) = settings.parts(samples.count)
      correlationNats = samples.correlationInformation
      x = standardized(samples.x, samples.xDimension)
      y = standardized(samples.y, samples.yDimension)
    }

    /// One step on a batch of the training part. Returns the bound on that batch.
    public func advance(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> Double {
      let batch = settings.batch, perEpoch = training / batch, epoch = progress.step / perEpoch, place = progress.step % perEpoch
      if order.isEmpty || place == 0 {
        var draws = settings.streams.generator(replica: epoch, step: 0, site: 0, purpose: .batch)
        order = draws.permutation(count: training)
      }
      let chosen = Array(order[place * batch..<(place + 1) * batch])
      let value = try pass.value(settings.bound, progress.critic, x, y, chosen, memory: &progress.memory, leads: true, on: team)
      try pass.gradient(of: progress.critic, into: &gradient, on: team)
      progress.climb(along: gradient)
      if progress.step % 50 == 0 {
        let values = try values(of: progress.critic, training..<held, on: team), mean = values.reduce(0, +) / Double(values.count)
        if mean > progress.bestValue { (progress.best, progress.bestValue) = (progress.critic, mean) }
      }
      return value
    }

    /// The bound of the best state on the samples that neither trained nor chose it.
    public func evaluate(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> MutualInformation {
      let values = try values(of: progress.best, held..<count, on: team)
      return MutualInformation(
        nats: values.reduce(0, +) / Double(values.count), standardError: standardError(ofMean: values),
        ceiling: settings.bound.ceiling(batch: settings.batch),
        correlationNats: correlationNats)
    }

    private func values(
      of critic: Critic, _ samples: Range<Int>, on team: borrowing some Communicator & ~Copyable
    ) throws(MessagePassingError) -> [Double] {
      let batch = settings.batch
      var values: [Double] = []
      for start in stride(from: samples.lowerBound, through: samples.upperBound - batch, by: batch) {
        values.append(
          try pass.value(settings.bound, critic, x, y, Array(start..<start + batch), memory: &progress.memory, leads: false, on: team))
      }
      return values
    }
  }

  /// Begins, or goes on from `progress` with the same samples, on one of `ranks` ranks that each have all samples.
  /// - Throws: `tooFewSamples` where either part has less than a batch.
  public func begin(
    _ samples: borrowing PairedSamples, from progress: Progress? = nil, rank: Int = 0, ranks: Int = 1
  ) throws(EstimationError) -> Training {
    let n = samples.count, (training, held) = parts(n)
    guard training >= batch, held - training >= batch, n - held >= batch else {
      let share = min(trainingShare, 0.5 * (1 - trainingShare))
      throw .tooFewSamples(found: n, required: Int((Double(batch + 1) / share).rounded(.up)))
    }
    return Training(samples, self, progress, rank: rank, ranks: ranks)
  }

  /// Where the second part and the third begin: the rest after training is halved.
  private func parts(_ count: Int) -> (Int, Int) {
    let training = Int(trainingShare * Double(count))
    return (training, training + (count - training) / 2)
  }

  /// - Throws: `tooFewSamples` where either part has less than a batch.
  public func estimate(_ samples: borrowing PairedSamples) throws(EstimationError) -> MutualInformation {
    try estimate(samples, on: SoloCommunicator())
  }

  /// The same by all ranks of a team, each of which has all samples: batches are split over them, and the bits are those of one
  /// rank.
  /// - Throws: `tooFewSamples` where either part has less than a batch; `communication`.
  public func estimate(
    _ samples: borrowing PairedSamples, on team: borrowing some Communicator & ~Copyable
  ) throws(EstimationError) -> MutualInformation {
    let training = try begin(samples, rank: team.rank, ranks: team.size)
    do throws(MessagePassingError) {
      for _ in 0..<steps { _ = try training.advance(on: team) }
      return try training.evaluate(on: team)
    } catch { throw .communication(error) }
  }
}

/// Columns of mean 0 and variance 1; constant ones become zero.
private func standardized(_ values: [Double], _ columns: Int) -> [Float] {
  var result = [Float](repeating: 0, count: values.count)
  let n = values.count / columns
  for c in 0..<columns {
    let moments = Moments((0..<n).map { values[$0 * columns + c] }), spread = moments.variance.squareRoot()
    guard spread > 0 else { continue }
    for i in 0..<n { result[i * columns + c] = Float((values[i * columns + c] - moments.mean) / spread) }
  }
  return result
}

/// InfoNCE of normal pairs with the best critic, the log-ratio of densities: what any training can only come near to.
public enum OptimalNormalCritic {
  /// The mean bound and its error over batches of `batch` samples of d independent normal pairs of correlation rho.
  public static func infoNCE(
    correlation rho: Double, dimension: Int, batch: Int, batches: Int, from streams: KeyedStreams
  ) -> Estimate {
    let spread = ((1 - rho) * (1 + rho)).squareRoot()
    var values: [Double] = []
    for place in 0..<batches {
      var draws = streams.series(replica: 0, step: UInt64(place), site: 0, purpose: .initial)
      var x: [Double] = [], y: [Double] = []
      for _ in 0..<batch * dimension {
        let (a, b) = draws.normalPair()
        x.append(a)
        y.append(rho * a + spread * b)
      }
      var scores = [Float](repeating: 0, count: batch * batch)
      for i in 0..<batch {
        for j in 0..<batch {
          var sum = 0.0
          for c in 0..<dimension {
            let a = x[i * dimension + c], b = y[j * dimension + c], d = b - rho * a
            sum += 0.5 * b * b - 0.5 * d * d / (spread * spread)
          }
          scores[i * batch + j] = Float(sum)
        }
      }
      values.append(NeuralBound.infoNCE.value(scores, batch: batch))
    }
    return Estimate(meanOf: values)
  }
}
