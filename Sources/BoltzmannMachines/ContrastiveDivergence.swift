public import GradientFlows
import LinearAlgebra
public import MessagePassing
public import RandomStreams
public import Sampling

/// Contrastive divergence on mini-batches of packed configurations, data-parallel over shards:
///
///     dW = <(v - c)(h - c)ᵀ>_0 - <(v - c)(h - c)ᵀ>_k,   da' = <v>_0 - <v>_k,   db' = <h>_0 - <h>_k
///
/// with v_0 the data, v_k from k Gibbs steps started there (all intermediate states sampled), and h_0, h_k as
/// probabilities (G. Hinton, Neural Computation 14 (2002) 1771). The point is `CentredParameters`.
///
/// With a persistent negative phase the steps start at particles that the trainer keeps instead, and the value depends on
/// them too (`TrainingState` puts them away).
///
/// The value is otherwise a function of data, point and step alone: the mini-batch is cut into shards whose sums are added in
/// the fixed tree of `ShardTree`, and every sample draws its random numbers from (slot in the batch, step). Cost per
/// mini-batch and rank: 2 k + 1 products of bits with W for the rank's samples, one outer product, one update of W.
@safe public final class ContrastiveDivergence: DirectionField, ParticleTraining {
  /// How mini-batches are made and what a step samples.
  public struct Settings: Sendable, Equatable {
    /// Samples in a mini-batch, and shards that divide it.
    public var batch: Int, shards: Int
    /// k, at least 1.
    public var gibbsSteps: Int
    /// Where those steps start.
    public var negativePhase: NegativePhase
    /// A mini-batch of `batch` samples in `shards` shards of equal size.
    public init(batch: Int = 128, shards: Int = 8, gibbsSteps: Int = 1, negativePhase: NegativePhase = .data) {
      precondition(shards > 0 && batch > 0 && batch % shards == 0, "\(shards) shards do not divide a batch of \(batch)")
      precondition(gibbsSteps > 0, "contrastive divergence makes at least one Gibbs step")
      self.batch = batch
      self.shards = shards
      if case .tempered(let rungs) = negativePhase { precondition(rungs >= 2, "a ladder has at least two rungs") }
      self.gibbsSteps = gibbsSteps
      self.negativePhase = negativePhase
    }
  }

  public let settings: Settings
  public let data: Configurations
  /// Leaves out the last `data.count % batch` samples of an epoch's permutation, so that all batches have full shards.
  public let batchesPerEpoch: Int
  /// The part of the visible units that the reconstruction of the latest mini-batch got wrong: a curve to watch, not an
  /// objective. With a persistent negative phase, the part in which particles differ from data, which says nothing.
  public private(set) var reconstructionError = 0.0

  let streams: KeyedStreams
  let tree: ShardTree
  /// This rank's samples in a mini-batch: its slots, and its subtrees of shards.
  let slots: Range<Int>
  let subtrees: [Range<Int>]
  var conditionals: BoltzmannConditionals<Float>
  private let units: UnitValues
  private let products: BinaryOuterProduct
  private let reducer: ShardReducer<Float>
  public var spareDirection: CentredParameters?
  private var order: (epoch: UInt64, permutation: [Int])?
  /// The ladder's particles of this rank; a single rung stands in `memory.fantasy`.
  private var ladder: TemperedParticles?
  // Rows of this rank: bits of data and fantasy, hidden bits, hidden probabilities of both, fields of the visible units.
  private let memory: TrainingMemory

  /// A trainer on one of `ranks` processes. `data` has at least one mini-batch.
  public init(
    _ data: Configurations, hidden: Int, units: UnitValues, settings: Settings = Settings(), key: StreamKey, rank: Int, ranks: Int
  ) {
    precondition(data.count >= settings.batch, "\(data.count) samples do not fill a batch of \(settings.batch)")
    self.settings = settings
    self.data = data
    self.units = units
    batchesPerEpoch = data.count / settings.batch
    streams = KeyedStreams(key)
    tree = ShardTree(shards: settings.shards, ranks: ranks)
    let rowsPerShard = settings.batch / settings.shards, shards = tree.shards(of: rank), visible = data.sites.count
    slots = shards.lowerBound * rowsPerShard..<shards.upperBound * rowsPerShard
    subtrees = tree.subtrees(of: rank)
    conditionals = BoltzmannConditionals(visible: visible, hidden: hidden, units: units)
    products = BinaryOuterProduct(rowsPerShard: rowsPerShard, shards: max(1, shards.count), visible: visible, columns: hidden)
    // The sums over samples: (visible + 1) x hidden, differences of visible counts, wrong bits.
    let length = (visible + 1) * hidden + visible + 1
    reducer = ShardReducer(tree: tree, rank: rank, length: length)
    memory = TrainingMemory(
      rows: slots.count, words: data.wordsPerConfiguration, hiddenWords: (hidden + 63) / 64, visible: visible, hidden: hidden)
    if settings.negativePhase != .data { take(firstParticles(key)) }
  }

  /// Fair bits for every rung and slot, drawn from (replica slot, step 0, site rung, `.initial`).
  private func firstParticles(_ key: StreamKey) -> PersistentParticles {
    let words = data.wordsPerConfiguration, units = data.sites.count
    return PersistentParticles(
      words: (0..<settings.negativePhase.rungs).map { rung in
        (0..<settings.batch).flatMap { slot -> [UInt64] in
          var generator = streams.generator(replica: slot, step: 0, site: rung, purpose: .initial)
          var bits = (0..<words).map { _ in generator.word() }
          if units % 64 != 0 { bits[words - 1] &= 1 << UInt64(units % 64) - 1 }
          return bits
        }
      })
  }

  /// Goes on from these particles.
  public func take(_ particles: PersistentParticles) {
    let words = data.wordsPerConfiguration, mine = slots.lowerBound * words..<slots.upperBound * words
    precondition(
      particles.words.count == settings.negativePhase.rungs && particles.words.allSatisfy { $0.count == settings.batch * words },
      "particles have the trainer's shape")
    for (k, word) in particles.words[0][mine].enumerated() { unsafe memory.fantasy[k] = word }
    guard case .tempered = settings.negativePhase else { return }
    let rungs = particles.words.map { Configurations(count: slots.count, sites: .unplaced(data.sites.count), words: Array($0[mine])) }
    ladder = TemperedParticles(rungs: rungs, firstSlot: slots.lowerBound, key: streams.key)
  }

  /// The particles of all ranks; nil without a persistent negative phase. All ranks of the team call it.
  public func particles(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> PersistentParticles? {
    if settings.negativePhase == .data { return nil }
    let count = slots.count * data.wordsPerConfiguration
    let mine = ladder?.rungs.map(\.words) ?? [unsafe Array(UnsafeBufferPointer(start: memory.fantasy, count: count))]
    var all: [[UInt64]] = []
    for words in mine { all.append(try team.allGather(words).flatMap { $0 }) }
    return PersistentParticles(words: all)
  }

  public func direction(
    at point: CentredParameters, step: UInt64, on team: borrowing some Communicator & ~Copyable,
    into direction: inout CentredParameters
  ) throws(MessagePassingError) {
    try reducer.share(on: team)
    sumOverShards(at: point, step: step)
    try reducer.reduce(on: team)
    assemble(offset: (point.offset - units.low) / units.spread, into: &direction)
  }

  /// The rank's part of `direction`: the sums over each of its `subtrees`, as `direction` hands them to the reducer.
  /// With `direction(fromTotal:)` this is `direction` without a communicator, for checks of the tree.
  public func partialSums(at point: CentredParameters, step: UInt64) -> [(subtree: Range<Int>, sums: [Float])] {
    sumOverShards(at: point, step: step)
    return subtrees.enumerated().map { index, subtree in
      let sums = unsafe Array(UnsafeBufferPointer(start: reducer.partials + index * reducer.length, count: reducer.length))
      return (subtree, sums)
    }
  }

  /// The direction from the sums over all shards.
  public func direction(fromTotal total: [Float], at point: CentredParameters, into direction: inout CentredParameters) {
    precondition(total.count == reducer.length, "the sums have the trainer's length")
    for k in total.indices { unsafe reducer.total[k] = total[k] }
    assemble(offset: (point.offset - units.low) / units.spread, into: &direction)
  }

  private func sumOverShards(at point: CentredParameters, step: UInt64) {
    precondition(point.visible == conditionals.visible && point.hidden == conditionals.hidden, "the point has the trainer's shape")
    conditionals.update(
      weights: point.weights, visibleField: point.visibleField, hiddenField: point.hiddenField, offset: point.offset, units: units)
    gather(step)
    if ladder != nil { moveLadder(point, step) }
    sample(step)
    differences(offset: (point.offset - units.low) / units.spread)
    // The point's weights are shared until here; let go, so that the stepper changes them in place.
    conditionals.releaseWeights()
  }

  /// Copies the rank's samples of mini-batch `step`: the keyed permutation of the epoch, cut into batches.
  private func gather(_ step: UInt64) {
    let epoch = step / UInt64(batchesPerEpoch), batch = Int(step % UInt64(batchesPerEpoch))
    if order?.epoch != epoch {
      var generator = streams.generator(replica: 0, step: epoch, site: 0, purpose: .permutation)
      order = (epoch, generator.permutation(count: data.count))
    }
    guard let permutation = order?.permutation else { return }
    let words = data.wordsPerConfiguration
    unsafe data.words.withUnsafeBufferPointer { source in
      for (row, slot) in slots.enumerated() {
        let sample = permutation[batch * settings.batch + slot]
        for k in 0..<words { unsafe memory.data[row * words + k] = source[sample * words + k] }
      }
    }
  }

  /// k sweeps of the ladder; the first rung becomes the fantasy.
  private func moveLadder(_ point: CentredParameters, _ step: UInt64) {
    guard slots.count > 0 else { return }
    ladder?.step(point.machine, at: step, sweeps: settings.gibbsSteps)
    guard let words = ladder?.rungs[0].words else { return }
    for (k, word) in words.enumerated() { unsafe memory.fantasy[k] = word }
  }

  /// Hidden probabilities of the data, then k Gibbs steps: fantasy states and their hidden probabilities.
  private func sample(_ step: UInt64) {
    let rows = slots.count
    guard rows > 0 else { return }
    let words = data.wordsPerConfiguration, hiddenWords = memory.hiddenWords
    let visible = conditionals.visible, hidden = conditionals.hidden, gain = conditionals.gain
    let upward = conditionals.fields(of: .hidden), downward = conditionals.fields(of: .visible)
    unsafe upward(memory.data, rows: rows, wordsPerRow: words, into: memory.positive)
    if settings.negativePhase != .data {
      unsafe upward(memory.fantasy, rows: rows, wordsPerRow: words, into: memory.negative)
    }
    // A ladder has been moved already.
    for k in 0..<(ladder == nil ? settings.gibbsSteps : 0) {
      var places = RowPlaces(firstRow: slots.lowerBound, step: step, site: k, purpose: .hidden)
      let fields = unsafe k == 0 && settings.negativePhase == .data ? memory.positive : memory.negative
      unsafe sampleRows(fields, rows: rows, count: hidden, scale: gain, at: places, from: streams, into: memory.hiddenBits)
      unsafe downward(memory.hiddenBits, rows: rows, wordsPerRow: hiddenWords, into: memory.visibleFields)
      places.purpose = .visible
      unsafe sampleRows(memory.visibleFields, rows: rows, count: visible, scale: gain, at: places, from: streams, into: memory.fantasy)
      unsafe upward(memory.fantasy, rows: rows, wordsPerRow: words, into: memory.negative)
    }
    unsafe Elementwise.apply(memory.positive, count: rows * hidden) { Elementwise.sigmoid($0 * gain) }
    unsafe Elementwise.apply(memory.negative, count: rows * hidden) { Elementwise.sigmoid($0 * gain) }
  }

  /// The sums over each of the rank's subtrees of shards.
  private func differences(offset: Float) {
    let words = data.wordsPerConfiguration, rowsPerShard = settings.batch / settings.shards
    let visible = conditionals.visible, hidden = conditionals.hidden
    var row = 0
    for (index, subtree) in subtrees.enumerated() {
      let sums = unsafe reducer.partials + index * reducer.length, bitSums = unsafe sums + (visible + 1) * hidden
      unsafe products.differences(
        shards: subtree.count, positiveBits: memory.data + row * words, negativeBits: memory.fantasy + row * words, wordsPerRow: words,
        positive: memory.positive + row * hidden, negative: memory.negative + row * hidden, offset: offset, sums: sums, bitSums: bitSums)
      let end = row + subtree.count * rowsPerShard
      var wrong = 0
      for k in row * words..<end * words { wrong += unsafe (memory.data[k] ^ memory.fantasy[k]).nonzeroBitCount }
      unsafe bitSums[visible] = Float(wrong)
      row = end
    }
  }

  /// From sums of bits to the direction: values are low + g bit, so products carry g^2 and fields g.
  private func assemble(offset: Float, into direction: inout CentredParameters) {
    let visible = conditionals.visible, hidden = conditionals.hidden, g = units.spread
    let scale = g * g / Float(settings.batch), fieldScale = g / Float(settings.batch)
    let total = unsafe reducer.total
    let hiddenSums = unsafe total + visible * hidden, visibleSums = unsafe hiddenSums + hidden
    unsafe direction.weights.withUnsafeMutableBufferPointer { w in
      for v in 0..<visible {
        for h in 0..<hidden { unsafe w[v &* hidden &+ h] = scale * (total[v &* hidden &+ h] - offset * hiddenSums[h]) }
      }
    }
    for v in 0..<visible { direction.visibleField[v] = unsafe fieldScale * visibleSums[v] }
    for h in 0..<hidden { direction.hiddenField[h] = unsafe fieldScale * hiddenSums[h] }
    reconstructionError = unsafe Double(visibleSums[visible]) / Double(settings.batch * visible)
  }
}

/// The buffers of one trainer, freed with it.
@safe final class TrainingMemory {
  let hiddenWords: Int
  let data: UnsafeMutablePointer<UInt64>, fantasy: UnsafeMutablePointer<UInt64>, hiddenBits: UnsafeMutablePointer<UInt64>
  let positive: UnsafeMutablePointer<Float>, negative: UnsafeMutablePointer<Float>, visibleFields: UnsafeMutablePointer<Float>

  init(rows: Int, words: Int, hiddenWords: Int, visible: Int, hidden: Int) {
    self.hiddenWords = hiddenWords
    unsafe data = .allocate(capacity: max(1, rows * words))
    unsafe fantasy = .allocate(capacity: max(1, rows * words))
    unsafe hiddenBits = .allocate(capacity: max(1, rows * hiddenWords))
    unsafe positive = .allocate(capacity: max(1, rows * hidden))
    unsafe negative = .allocate(capacity: max(1, rows * hidden))
    unsafe visibleFields = .allocate(capacity: max(1, rows * visible))
  }
  deinit {
    unsafe data.deallocate()
    unsafe fantasy.deallocate()
    unsafe hiddenBits.deallocate()
    unsafe positive.deallocate()
    unsafe negative.deallocate()
    unsafe visibleFields.deallocate()
  }
}
