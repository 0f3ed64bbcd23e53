import Glibc
public import RandomStreams
public import Sampling

/// The cluster move of Swendsen and Wang (PRL 58, 86 (1987)) for the Ising model without a field, K >= 0.
///
/// Each bond between equal spins is on with probability 1 - exp(-2K); each cluster of sites that bonds connect is
/// turned over with probability 1/2. Bonds are drawn 512 at a time. Clusters are found by union of *runs*, maximal
/// horizontal chains of bonds inside a row, which are read off the bond words by counting bits.
///
/// Streams: bonds of words 512 g ..< 512 (g + 1) from site g with purpose `bond`; coins of clusters, in the order of
/// their first sites, 2^15 from each site g with purpose `label`.
public struct SwendsenWang: MarkovKernel {
  /// The model.
  public let model: IsingModel
  /// Sum over clusters of |C|^2 in the last step, before new spins were given: its mean over N is the susceptibility
  /// N <m^2>. Only where `measuresClusters`.
  public internal(set) var clusterSquares = 0
  /// Whether `clusterSquares` is taken.
  public let measuresClusters: Bool

  @usableFromInline let bondOdds: UniformOdds
  @usableFromInline let coinOdds = UniformOdds(0.5)
  /// Bonds to the right and down, and cluster coins, in words padded to whole groups of eight.
  @usableFromInline var right: [UInt64], down: [UInt64], coins: [UInt64]
  /// A bit for each site that begins a run, and the number of runs before each word.
  @usableFromInline var starts: [UInt64], runsBefore: [UInt32]
  /// Union-find over runs, then the cluster of each run.
  @usableFromInline var parents: [UInt32], clusters: [UInt32]
  @usableFromInline let firstColumn: [UInt64]

  /// The move for `model`; refuses extents below 3, K < 0 and B != 0.
  public init(_ model: IsingModel, measuresClusters: Bool = false) throws(LatticeError) {
    let lattice = model.lattice, least = min(lattice.rows, lattice.columns)
    guard least >= 3 else { throw .tooSmall(extent: least, minimum: 3) }
    guard model.coupling >= 0 else { throw .negativeCoupling(model.coupling) }
    guard model.field == 0 else { throw .fieldNotSupported(model.field) }
    self.model = model
    self.measuresClusters = measuresClusters
    bondOdds = UniformOdds(bondProbability(model.coupling))
    let padded = (lattice.words + 7) / 8 * 8
    right = Array(repeating: 0, count: padded)
    down = right
    coins = right
    starts = Array(repeating: 0, count: lattice.words)
    runsBefore = Array(repeating: 0, count: lattice.words)
    parents = Array(repeating: 0, count: lattice.sites)
    clusters = parents
    var first = [UInt64](repeating: 0, count: lattice.words)
    for y in 0..<lattice.rows {
      let s = y * lattice.columns
      first[s >> 6] |= 1 << UInt64(s & 63)
    }
    firstColumn = first
  }

  @inlinable public mutating func step(_ state: inout IsingConfiguration, at step: UInt64, from streams: some Streams) {
    precondition(state.lattice == model.lattice, "the kernel belongs to another lattice")
    drawBonds(state, step, streams)
    let count = labelClusters()
    drawCoins(count, state.replica, step, streams)
    turn(&state)
  }

  @inlinable mutating func drawBonds(_ state: IsingConfiguration, _ step: UInt64, _ streams: some Streams) {
    let packed = model.packed, words = state.lattice.words, spins = state.spins.span
    for first in stride(from: 0, to: words, by: 512) {
      var lanes = streams.lanes(replica: state.replica, step: step, site: first / 512, purpose: .bond)
      for base in stride(from: first, to: min(first &+ 512, words), by: 8) {
        var likeRight = SIMD8<UInt64>(), likeDown = SIMD8<UInt64>()
        for lane in 0..<min(8, words &- base) {
          let i = base &+ lane, here = ~spins[i] & packed.valid[i], mask = packed.valid[i]
          likeRight[lane] = (here ^ packed.right(spins, i)) & mask
          likeDown[lane] = (here ^ packed.down(spins, i)) & mask
        }
        let onRight = lanes.bernoulli(bondOdds, where: likeRight)
        let onDown = lanes.bernoulli(bondOdds, where: likeDown)
        for lane in 0..<8 {
          right[base &+ lane] = onRight[lane]
          down[base &+ lane] = onDown[lane]
        }
      }
    }
  }

  @inlinable mutating func drawCoins(_ count: Int, _ replica: Int, _ step: UInt64, _ streams: some Streams) {
    for first in stride(from: 0, to: count, by: 1 << 15) {
      var lanes = streams.lanes(replica: replica, step: step, site: first >> 15, purpose: .label)
      for base in stride(from: first, to: min(first &+ 1 << 15, count), by: 512) {
        var mask = SIMD8<UInt64>()
        for lane in 0..<8 { mask[lane] = PackedLattice.lowBits(max(0, count &- base &- 64 &* lane)) }
        let heads = lanes.bernoulli(coinOdds, where: mask)
        for lane in 0..<8 { coins[base / 64 &+ lane] = heads[lane] }
      }
    }
  }
}

/// The probability 1 - exp(-2K) of a bond between equal spins, kept below one.
private func bondProbability(_ coupling: Double) -> Double {
  min(-expm1(-2 * coupling), 1.0.nextDown)
}
