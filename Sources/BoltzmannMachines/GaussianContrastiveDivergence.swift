public import GradientFlows
import LinearAlgebra
public import MessagePassing
public import RandomStreams

/// Contrastive divergence of a Gaussian-Bernoulli machine on mini-batches of real samples, data-parallel over shards:
///
///     dW = <(v/sigma) hᵀ>_0 - <(v/sigma) hᵀ>_k,   db = <v>_0 - <v>_k,   dc = <h>_0 - <h>_k,
///     d ln sigma = <(v - b)^2 / sigma^2 - (v/sigma) Wh>_0 - <(v - b)^2 / sigma^2 - (v/sigma) Wh>_k
///
/// with v_k from k Gibbs steps started at the data and h as probabilities. db is the derivative times sigma^2: a rate below 1 is then
/// stable at every sigma. d ln sigma stands in the direction's `deviations`, for `learnDeviations`. Shards and random numbers are as in
/// `ContrastiveDivergence`. Plain loops in double precision: for data that are not binary, not for speed.
public final class GaussianContrastiveDivergence: DirectionField {
  public let settings: ContrastiveDivergence.Settings
  /// Samples, `[count, visible]`.
  public let data: [Double]
  private let visible: Int
  /// Mini-batches per epoch; see `ContrastiveDivergence.batchesPerEpoch`.
  public let batchesPerEpoch: Int
  private let streams: KeyedStreams
  private let tree: ShardTree
  private let shards: Range<Int>
  private let learnsDeviations: Bool
  /// The permutation of the epoch in work.
  private var order: (epoch: UInt64, permutation: [Int])?

  /// A trainer on one of `ranks` processes; at least one mini-batch of data. Without `learnsDeviations` d ln sigma is zero.
  public init(
    _ data: [Double], visible: Int, learnsDeviations: Bool = false, settings: ContrastiveDivergence.Settings, key: StreamKey, rank: Int,
    ranks: Int
  ) {
    let count = data.count / visible
    precondition(data.count == count * visible && count >= settings.batch, "whole samples, at least a mini-batch of them")
    precondition(settings.negativePhase == .data, "the negative phase starts at the data")
    self.data = data
    self.visible = visible
    self.learnsDeviations = learnsDeviations
    self.settings = settings
    batchesPerEpoch = count / settings.batch
    streams = KeyedStreams(key)
    tree = ShardTree(shards: settings.shards, ranks: ranks)
    shards = tree.shards(of: rank)
  }

  public func direction(
    at point: GaussianBoltzmannMachine, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout GaussianBoltzmannMachine
  ) throws(MessagePassingError) {
    let epoch = step / UInt64(batchesPerEpoch), first = Int(step % UInt64(batchesPerEpoch)) * settings.batch
    if order?.epoch != epoch {
      var generator = streams.generator(replica: 0, step: epoch, site: 0, purpose: .permutation)
      order = (epoch, generator.permutation(count: data.count / visible))
    }
    guard let order = order?.permutation else { preconditionFailure("drawn above") }
    let rows = settings.batch / settings.shards
    let leaves = shards.map { shard in
      sums(at: point, slots: shard * rows..<(shard + 1) * rows, samples: order[first + shard * rows..<first + (shard + 1) * rows], step)
    }
    let total = try treeSum(leaves: leaves, tree: tree, on: team).map { $0 / Double(settings.batch) }
    let weights = visible * point.hidden
    direction.weights = Array(total[..<weights])
    direction.visibleMean = Array(total[weights..<weights + visible])
    direction.hiddenBias = Array(total[weights + visible..<weights + visible + point.hidden])
    direction.deviations = Array(total[(weights + visible + point.hidden)...])
  }

  /// The sums over one shard: dW, db, dc, d ln sigma one behind the other.
  private func sums(at point: GaussianBoltzmannMachine, slots: Range<Int>, samples: ArraySlice<Int>, _ step: UInt64) -> [Double] {
    let hidden = point.hidden
    var sums = [Double](repeating: 0, count: visible * hidden + visible + hidden + visible)
    func add(_ v: [Double], _ sign: Double) {
      let h = point.hiddenProbabilities(given: v)
      for i in 0..<visible {
        let scaled = sign * v[i] / point.deviations[i]
        for j in 0..<hidden { sums[i * hidden + j] += scaled * h[j] }
        sums[visible * hidden + i] += sign * v[i]
      }
      for j in 0..<hidden { sums[visible * (hidden + 1) + j] += sign * h[j] }
      guard learnsDeviations else { return }
      for (i, mean) in point.visibleMean(atHiddenMeans: h[...]).enumerated() {
        // mean - b = sigma Wh.
        let fromRest = v[i] - point.visibleMean[i], squared = point.deviations[i] * point.deviations[i]
        sums[visible * (hidden + 1) + hidden + i] += sign * (fromRest * fromRest - v[i] * (mean - point.visibleMean[i])) / squared
      }
    }
    for (slot, sample) in zip(slots, samples) {
      var v = Array(data[sample * visible..<(sample + 1) * visible])
      add(v, 1)
      for k in 0..<settings.gibbsSteps { v = point.gibbsStep(v, replica: slot, step: step, site: k, from: streams) }
      add(v, -1)
    }
    return sums
  }
}
