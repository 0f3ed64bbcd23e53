import Glibc
import GradientFlows
public import RandomStreams
public import Statistics

/// Mutual information as the best lower bound that a critic finds: trained on the first part of the samples, stopped by the second,
/// valued on the third.
///
/// The second part chooses among the critic's states, every fiftieth step and the beginning, where the bound is zero: a critic that
/// learns its samples by heart is not kept. The third part has seen neither.
///
/// The value is the mean over batches of held-out samples, so it bounds I from below on the average for InfoNCE; the Donsker-Varadhan
/// value takes the logarithm of a mean of a batch's pairs, which biases it upward. Its error is that of batches in
/// their order, and not that of training. The ceiling is the logarithm of the batch.
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

  /// A training under way.
  public struct Training: Sendable {
    var critic: Critic, gradient: Critic, rule: Adam<Float>, memory: Double?
    /// The state that does best on the second part, and its bound there.
    var best: Critic, bestValue = 0.0
    /// The samples, each column brought to mean 0 and variance 1, single precision.
    let x: [Float], y: [Float]
    /// What correlations alone say of all samples.
    let correlationNats: Double
    /// The first sample of the second part and of the third.
    let training: Int, held: Int
    /// Steps taken.
    public private(set) var step = 0

    fileprivate init(_ samples: borrowing PairedSamples, _ settings: NeuralEstimator) {
      critic = Critic(
        settings.critic, xDimension: samples.xDimension, yDimension: samples.yDimension, hidden: settings.hidden,
        embedding: settings.embedding, from: settings.streams)
      gradient = critic
      best = critic
      rule = Adam(rate: settings.rate)
      (training, held) = settings.parts(samples.count)
      correlationNats = samples.correlationInformation
      x = standardized(samples.x, samples.xDimension)
      y = standardized(samples.y, samples.yDimension)
    }

    /// One step on a batch of the training part. Returns the bound on that batch.
    public mutating func advance(_ settings: NeuralEstimator) -> Double {
      let batch = settings.batch, perEpoch = training / batch, epoch = step / perEpoch
      var draws = settings.streams.generator(replica: epoch, step: 0, site: 0, purpose: .batch)
      if step % perEpoch == 0 { order = draws.permutation(count: training) }
      let chosen = order[step % perEpoch * batch..<(step % perEpoch + 1) * batch]
      let pass = critic.scores(
        gathered(x, critic.xDimension, chosen), gathered(y, critic.yDimension, chosen), batch: batch)
      let slope = settings.bound.slope(pass.scores, batch: batch, memory: &memory)
      critic.gradient(pass, slope: slope, batch: batch, into: &gradient)
      rule.step(&critic, along: gradient)
      step += 1
      if step % 50 == 0 {
        let values = settings.values(of: critic, self, from: training, to: held)
        let mean = values.reduce(0, +) / Double(values.count)
        if mean > bestValue { (best, bestValue) = (critic, mean) }
      }
      return settings.bound.value(pass.scores, batch: batch)
    }
    private var order: [Int] = []
  }

  /// Begins.
  /// - Throws: `tooFewSamples` where either part has less than a batch.
  public func begin(_ samples: borrowing PairedSamples) throws(EstimationError) -> Training {
    let n = samples.count, (training, held) = parts(n)
    guard training >= batch, held - training >= batch, n - held >= batch else {
      let share = min(trainingShare, 0.5 * (1 - trainingShare))
      throw .tooFewSamples(found: n, required: Int((Double(batch + 1) / share).rounded(.up)))
    }
    return Training(samples, self)
  }

  /// Where the second part and the third begin: the rest after training is halved.
  private func parts(_ count: Int) -> (Int, Int) {
    let training = Int(trainingShare * Double(count))
    return (training, training + (count - training) / 2)
  }

  /// The bound of the best state on the samples that neither trained nor chose it.
  public func evaluate(_ training: Training) -> MutualInformation {
    let n = training.x.count / training.critic.xDimension
    let values = values(of: training.best, training, from: training.held, to: n)
    return MutualInformation(
      nats: values.reduce(0, +) / Double(values.count), standardError: standardError(ofMean: values), ceiling: log(Double(batch)),
      correlationNats: training.correlationNats)
  }

  private func values(of critic: Critic, _ training: Training, from first: Int, to end: Int) -> [Double] {
    var values: [Double] = []
    var start = first
    while start + batch <= end {
      let chosen = Array(start..<start + batch)
      let pass = critic.scores(
        gathered(training.x, training.critic.xDimension, chosen[...]), gathered(training.y, training.critic.yDimension, chosen[...]),
        batch: batch)
      values.append(bound.value(pass.scores, batch: batch))
      start += batch
    }
    return values
  }

  /// - Throws: `tooFewSamples` where either part has less than a batch.
  public func estimate(_ samples: borrowing PairedSamples) throws(EstimationError) -> MutualInformation {
    var training = try begin(samples)
    for _ in 0..<steps { _ = training.advance(self) }
    return evaluate(training)
  }
}

private func gathered(_ values: [Float], _ width: Int, _ rows: ArraySlice<Int>) -> [Float] {
  var result: [Float] = []
  result.reserveCapacity(rows.count * width)
  for row in rows { result.append(contentsOf: values[row * width..<(row + 1) * width]) }
  return result
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
