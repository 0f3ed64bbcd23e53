import Glibc
public import RandomStreams
public import Sampling

/// The cluster move of Swendsen and Wang (PRL 58, 86 (1987)) for the Ising model without a field, K >= 0.
///
/// Each bond between equal spins is on with probability 1 - exp(-2K); each cluster of sites that bonds connect is
/// turned over with probability 1/2. How clusters are found: `BondClusters`.
///
/// Streams: bonds of words 512 g ..< 512 (g + 1) from site g with purpose `bond`; coins of clusters, in the order of
/// their first sites, 2^15 from each site g with purpose `label`.
public struct SwendsenWang: MarkovKernel {
  /// The model.
  public let model: IsingModel
  /// Sum over clusters of |C|^2 in the last step, before new spins were given: its mean over N is the susceptibility
  /// N <m^2>. Only where `measuresClusters`.
  public private(set) var clusterSquares = 0
  /// Whether `clusterSquares` is taken.
  public let measuresClusters: Bool

  @usableFromInline let odds: BondOdds
  @usableFromInline var bonds: BondClusters
  /// The spins with their margins.
  @usableFromInline var spins: [UInt64]

  /// The move for `model`; refuses extents below 3, K < 0 and B != 0.
  public init(_ model: IsingModel, measuresClusters: Bool = false) throws(LatticeError) {
    odds = try BondOdds(model.lattice, coupling: model.coupling)
    guard model.field == 0 else { throw .fieldNotSupported(model.field) }
    self.model = model
    self.measuresClusters = measuresClusters
    bonds = BondClusters(model.lattice, 0..<model.lattice.sites)
    spins = bonds.noSpins
  }

  @inlinable public mutating func step(_ state: inout IsingConfiguration, at step: UInt64, from streams: some Streams) {
    precondition(state.lattice == model.lattice, "the kernel belongs to another lattice")
    take(state.spins)
    let groups = 0..<bonds.groups
    bonds.draw(spins, groups: groups, odds.bond, replica: state.replica, step: step, from: streams)
    let count = join()
    _ = bonds.drawCoins(odds.coin, first: 0, count: count, reserved: 0, replica: state.replica, step: step, from: streams)
    bonds.turn(&state.words, at: 0)
  }

  /// The whole lattice is followed by its own first row.
  @usableFromInline mutating func take(_ words: [UInt64]) {
    spins.replaceSubrange(bonds.margin..<bonds.margin + words.count, with: words)
    setBits(&spins, at: 64 * bonds.margin + model.lattice.sites, words[...], count: model.lattice.columns)
  }

  /// Finds and numbers the clusters; returns how many there are.
  @usableFromInline mutating func join() -> Int {
    bonds.joinInside()
    bonds.forEachBondOut(startsAfter: bonds.firstRow.words, closesRow: false) { $0.unite($1, $2) }
    let count = bonds.number()
    if measuresClusters { clusterSquares = bonds.sizes(count: count).reduce(0) { $0 + $1 * $1 } }
    return count
  }
}

/// The probabilities of a Swendsen-Wang move.
@usableFromInline struct BondOdds: Sendable {
  /// Of a bond between equal spins, 1 - exp(-2K), kept below one; of a coin's heads.
  @usableFromInline let bond: UniformOdds, coin = UniformOdds(0.5)

  /// Refuses extents below 3, K < 0 and K that is not finite.
  init(_ lattice: SquareLattice, coupling: Double) throws(LatticeError) {
    let least = min(lattice.rows, lattice.columns)
    guard least >= 3 else { throw .tooSmall(extent: least, minimum: 3) }
    guard coupling.isFinite else { throw .nonFiniteCoupling(coupling: coupling, field: 0) }
    guard coupling >= 0 else { throw .negativeCoupling(coupling) }
    bond = UniformOdds(min(-expm1(-2 * coupling), 1.0.nextDown))
  }
}
