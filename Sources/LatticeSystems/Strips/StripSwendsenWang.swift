public import MessagePassing
public import RandomStreams

/// The move of Swendsen and Wang on one Ising lattice that is cut into strips, one for each rank: that of `SwendsenWang`,
/// bit for bit, on any number of ranks.
///
/// A strip draws its bonds, the inner ones while its neighbours' rows are on their way, and joins its runs. It then learns
/// the clusters of the row behind it; the bonds between strips go to all ranks, which join the clusters that they connect
/// by union-find, each by itself. A cluster belongs to the strip of its first site, which draws its coin: clusters keep
/// their order in the whole lattice by the numbers of those that begin in the strips before. Messages: two rows each way,
/// and of each strip to all others two integers for a bond between strips (some 0.2 columns of them at K_c), its
/// outcome and the size of its cluster; so all strips together should have no more boundary than one has sites.
public struct StripSwendsenWang: Sendable {
  /// The lattice.
  public let lattice: SquareLattice
  /// Sum over clusters of |C|^2 in the last step, before new spins were given, on all ranks: its mean over N is the
  /// susceptibility N <m^2>. Only where `measuresClusters`.
  public internal(set) var clusterSquares = 0
  /// Whether `clusterSquares` is taken.
  public let measuresClusters: Bool

  @usableFromInline let odds: BondOdds
  @usableFromInline var bonds: BondClusters

  /// The move on `lattice` at K = `coupling` and no field; refuses extents below 3, K < 0, K that is not finite, and, where
  /// clusters are measured, more than 2^31 sites, whose |C|^2 may have no 63 bits.
  public init(_ lattice: SquareLattice, coupling: Double, measuresClusters: Bool = false) throws(LatticeError) {
    odds = try BondOdds(lattice, coupling: coupling)
    guard !measuresClusters || lattice.sites <= 1 << 31 else { throw .tooManySites(lattice.sites, most: 1 << 31) }
    self.lattice = lattice
    self.measuresClusters = measuresClusters
    bonds = BondClusters(lattice, 0..<0)
  }

  /// Takes `count` steps; all ranks of `team` call it.
  @inlinable public mutating func advance(
    _ strip: inout IsingStrip, steps count: Int, from streams: some Streams, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    precondition(strip.lattice == lattice, "the move belongs to another lattice")
    strip.cut(for: team)
    if bonds.range != strip.sites { bonds = BondClusters(lattice, strip.sites) }
    for _ in 0..<count {
      let replica = strip.replica, step = strip.steps, groups = bonds.groups, inner = bonds.innerGroups
      let halo = try strip.beginHalo(on: team)
      bonds.draw(strip.spins, groups: inner, odds.bond, replica: replica, step: step, from: streams)
      try strip.endHalo(halo)
      bonds.draw(strip.spins, groups: 0..<inner.lowerBound, odds.bond, replica: replica, step: step, from: streams)
      bonds.draw(strip.spins, groups: inner.upperBound..<groups, odds.bond, replica: replica, step: step, from: streams)
      bonds.joinInside()
      let joined = try join(on: team)
      let firstCoin = bonds.drawCoins(
        odds.coin, first: joined.first, count: joined.count, reserved: joined.foreign.count, replica: replica, step: step, from: streams)
      try share(joined, firstCoin: firstCoin, on: team)
      bonds.turn(&strip.spins, at: strip.margin)
      strip.steps &+= 1
    }
  }
}
