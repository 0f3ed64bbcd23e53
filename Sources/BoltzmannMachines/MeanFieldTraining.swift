public import GradientFlows
import LinearAlgebra
public import MessagePassing
public import RandomStreams
public import Sampling

/// Stochastic maximum likelihood of a `DeepBoltzmannMachine` on mini-batches, data-parallel over shards:
///
///     dW = <(x - o)(g - o)ᵀ>_data - <(x - o)(g - o)ᵀ>_particles,   da' = <x>_data - <x>_particles,   db' = <g>_data - <g>_particles
///
/// where x = (v, h) are the visible units of the joint machine and o is the offset of `CentredParameters`, whose point this is. At
/// the data v is a sample and g, h are its mean field; particles are persistent states x of the joint machine, moved by
/// `gibbsSteps` sweeps, with the probabilities of g. With o = 1/2 no layer needs to be trained beforehand (G. Montavon,
/// K.-R. Mueller, 2012). Mini-batches, shards and random numbers are as in `ContrastiveDivergence`.
public final class MeanFieldTraining: DirectionField, ParticleTraining {
  public let settings: ContrastiveDivergence.Settings
  /// Samples of v.
  public let data: Configurations
  /// Units of h, and sweeps of the mean field.
  public let second: Int, meanFieldSweeps: Int
  public let batchesPerEpoch: Int
  /// The mean over the units of v of |<v>_data - <v>_particles|.
  public private(set) var reconstructionError = 0.0
  public var spareDirection: CentredParameters?
  private let streams: KeyedStreams, tree: ShardTree, shards: Range<Int>
  /// This rank's particles.
  private var particles: Configurations
  /// The permutation of the epoch in work.
  private var order: (epoch: UInt64, permutation: [Int])?

  /// A trainer on one of `ranks` processes; at least one mini-batch of data. The settings' negative phase is persistent.
  public init(
    _ data: Configurations, second: Int, meanFieldSweeps: Int = 10, settings: ContrastiveDivergence.Settings, key: StreamKey, rank: Int,
    ranks: Int
  ) {
    precondition(data.count >= settings.batch, "\(data.count) samples do not fill a batch of \(settings.batch)")
    precondition(settings.negativePhase == .persistent, "a deep machine is trained with persistent particles")
    precondition(second > 0 && meanFieldSweeps > 0, "a second hidden layer and a sweep of the mean field")
    self.data = data
    self.second = second
    self.meanFieldSweeps = meanFieldSweeps
    self.settings = settings
    batchesPerEpoch = data.count / settings.batch
    streams = KeyedStreams(key)
    tree = ShardTree(shards: settings.shards, ranks: ranks)
    shards = tree.shards(of: rank)
    let rows = settings.batch / settings.shards, slots = shards.lowerBound * rows..<shards.upperBound * rows
    particles = Configurations(count: slots.count, sites: .unplaced(data.sites.count + second))
    for (row, slot) in slots.enumerated() {
      var generator = streams.generator(replica: slot, step: 0, site: 0, purpose: .initial)
      for unit in 0..<particles.sites.count { particles[row, unit] = generator.bernoulli(0.5) }
    }
  }

  public func take(_ given: PersistentParticles) {
    let words = particles.wordsPerConfiguration, rows = settings.batch / settings.shards
    precondition(given.words.count == 1 && given.words[0].count == settings.batch * words, "particles have the trainer's shape")
    particles.words = Array(given.words[0][shards.lowerBound * rows * words..<shards.upperBound * rows * words])
  }

  public func particles(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> PersistentParticles? {
    PersistentParticles(words: [try team.allGather(particles.words).flatMap { $0 }])
  }

  public func direction(
    at point: CentredParameters, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout CentredParameters
  ) throws(MessagePassingError) {
    precondition(point.visible == data.sites.count + second, "the point has the trainer's shape")
    let machine = DeepBoltzmannMachine(visible: data.sites.count, joint: point.machine)
    let epoch = step / UInt64(batchesPerEpoch), rows = settings.batch / settings.shards
    if order?.epoch != epoch {
      var generator = streams.generator(replica: 0, step: epoch, site: 0, purpose: .permutation)
      order = (epoch, generator.permutation(count: data.count))
    }
    guard let order = order?.permutation else { preconditionFailure("drawn above") }
    let first = Int(step % UInt64(batchesPerEpoch)) * settings.batch
    var leaves: [[Float]] = []
    for (index, shard) in shards.enumerated() {
      let samples = order[first + shard * rows..<first + (shard + 1) * rows]
      leaves.append(sums(machine, samples, particlesFrom: index * rows, slot: shard * rows, step))
    }
    let total = try treeSum(leaves: leaves, tree: tree, on: team).map { $0 / Float(settings.batch) }
    let x = point.visible, g = point.hidden, o = point.offset
    for i in 0..<x {
      let moved = total[x * g + i]
      for j in 0..<g { direction.weights[i * g + j] = total[i * g + j] - o * (moved + total[x * g + x + j]) }
      direction.visibleField[i] = moved
    }
    direction.hiddenField = Array(total[(x * g + x)...])
    let visible = data.sites.count
    reconstructionError = direction.visibleField[..<visible].reduce(0) { $0 + abs(Double($1)) } / Double(visible)
  }

  /// The sums over one shard, whose particles move: of x gᵀ, x and g, data minus particles, one behind the other.
  private func sums(
    _ machine: DeepBoltzmannMachine<Float>, _ samples: ArraySlice<Int>, particlesFrom row: Int, slot: Int, _ step: UInt64
  ) -> [Float] {
    let visible = machine.visible, x = machine.joint.visible, g = machine.first, rows = samples.count
    var v = [Float](repeating: 0, count: rows * visible)
    for (place, sample) in samples.enumerated() {
      for i in 0..<visible where data[sample, i] { v[place * visible + i] = 1 }
    }
    let field = machine.meanField(ofBits: v, rows: rows, sweeps: meanFieldSweeps)
    var clamped = [Float](repeating: 0, count: rows * x)
    for place in 0..<rows {
      for i in 0..<visible { clamped[place * x + i] = v[place * visible + i] }
      for k in 0..<second { clamped[place * x + visible + k] = field.second[place * second + k] }
    }
    var chains = GibbsChains(visible: particles.slice(row..<row + rows), firstChain: slot), kernel = BlockGibbs(machine.joint)
    for sweep in 0..<settings.gibbsSteps {
      kernel.step(&chains, at: step * UInt64(settings.gibbsSteps) + UInt64(sweep), from: streams)
    }
    let words = particles.wordsPerConfiguration
    particles.words.replaceSubrange(row * words..<(row + rows) * words, with: chains.visible.words)
    var free = [Float](repeating: 0, count: rows * x)
    for place in 0..<rows { for i in 0..<x where chains.visible[place, i] { free[place * x + i] = 1 } }
    let hidden = machine.joint.hiddenProbabilities(given: chains.visible)
    var result = [Float](repeating: 0, count: x * g)
    Linear.multiply(clamped, transposed: true, field.first, rows: x, inner: rows, columns: g, into: &result)
    Linear.multiply(free, transposed: true, hidden, rows: x, inner: rows, columns: g, alpha: -1, beta: 1, into: &result)
    for i in 0..<x { result.append((0..<rows).reduce(0) { $0 + clamped[$1 * x + i] - free[$1 * x + i] }) }
    for j in 0..<g { result.append((0..<rows).reduce(0) { $0 + field.first[$1 * g + j] - hidden[$1 * g + j] }) }
    return result
  }
}
