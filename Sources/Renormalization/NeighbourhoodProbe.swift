internal import InformationTheory
public import Sampling
public import Statistics

/// Mutual information of a coarse unit with the fine spins nearest its centre: I(h; 2x2) and I(h; 3x3), in nats.
///
/// For a centre c on a two-dimensional torus the 2x2 sites are the plaquette whose own centre is nearest c (corner
/// floor c), the 3x3 sites are those around the site nearest c (floor(c + 1/2)); the first lie among the second.
public struct NeighbourhoodProbe: Sendable, Equatable {
  /// Which units are counted, and whether all into one table.
  public let units: [Int], pooled: Bool
  /// The extents of the fine lattice.
  public let shape: [Int]
  /// How many spins a coarse configuration has.
  public let coarseUnits: Int
  /// How the samples fall into blocks.
  public let samples: SampleBlocks
  /// For each counted unit the nine fine sites, rows from low to high coordinates, and which four are the plaquette.
  private let neighbours: [[Int]]
  private let plaquettes: [[Int]]

  /// - Parameters:
  ///   - centres: where each coarse unit stands, (coordinate along axis 0, along axis 1) in fine spacings.
  ///   - shape: the fine lattice, two extents of at least 3.
  ///   - units: which units are counted; nil for all.
  ///   - pooled: whether all units share one table, which is right where translations make them equal (block spins), and
  ///     gives one value with a jackknife error over blocks. Otherwise each unit has its own 2 x 512 integers per
  ///     block: use few blocks, one unless leave-one-out is wanted.
  public init(
    centres: [SIMD2<Float>], shape: [Int], units: [Int]? = nil, pooled: Bool, samples: SampleBlocks
  ) throws(CoarseGrainingError) {
    guard shape.count == 2 else { throw .notALattice }
    for size in shape where size < 3 { throw .incommensurate(size: size, block: 3) }
    let chosen = units ?? Array(centres.indices), torus = TorusGeometry(shape: shape)
    self.units = chosen
    self.pooled = pooled
    self.shape = shape
    coarseUnits = centres.count
    self.samples = samples
    neighbours = chosen.map { unit in
      let x = Int((centres[unit].x + 0.5).rounded(.down)), y = Int((centres[unit].y + 0.5).rounded(.down))
      return (0..<9).map { torus.site([x - 1 + $0 / 3, y - 1 + $0 % 3]) }
    }
    plaquettes = chosen.map { unit in
      // The corner is the nearest site itself or the one before it, along each axis.
      let c = centres[unit]
      let row = Int(c.x.rounded(.down)) - Int((c.x + 0.5).rounded(.down)) + 1
      let column = Int(c.y.rounded(.down)) - Int((c.y + 0.5).rounded(.down)) + 1
      return [3 * row + column, 3 * row + column + 1, 3 * row + column + 3, 3 * row + column + 4]
    }
    precondition(!pooled || Set(plaquettes).count <= 1, "pooled units stand at the same place of their cells")
  }

  /// A table of 2 x 512 counts: the unit's bit, then the nine sites' bits (site k is bit k).
  private static let tableSize = 1024
  /// Counts before any sample: per block one table, or one for each unit.
  public var noCounts: BlockedCounts {
    BlockedCounts(blocks: samples.blocks, width: Self.tableSize * (pooled ? 1 : units.count))
  }

  /// Adds configurations and what became of them, which are the global samples from `firstSample` on.
  public func count(
    coarse: Configurations, fine: Configurations, firstSample: Int, into counts: inout BlockedCounts
  ) throws(CoarseGrainingError) {
    let sites = shape.reduce(1, *)
    guard coarse.sites.count == coarseUnits else {
      throw .sizeMismatch(expected: coarseUnits, found: coarse.sites.count)
    }
    guard fine.sites.count == sites else { throw .sizeMismatch(expected: sites, found: fine.sites.count) }
    precondition(coarse.count == fine.count, "one coarse configuration for each fine one")
    for piece in samples.pieces(first: firstSample, count: fine.count) {
      let spins = BitColumns(fine, rows: piece.rows), hidden = BitColumns(coarse, rows: piece.rows)
      for (index, unit) in units.enumerated() {
        let base = piece.block * counts.width + (pooled ? 0 : index * Self.tableSize)
        add(hidden, unit, spins, neighbours[index], base, &counts)
      }
    }
  }

  private func add(
    _ hidden: BitColumns, _ unit: Int, _ spins: BitColumns, _ sites: [Int], _ base: Int,
    _ counts: inout BlockedCounts
  ) {
    var planes = [UInt64](repeating: 0, count: 10)
    for w in 0..<spins.words {
      for k in 0..<9 { planes[k] = spins.columns[sites[k] * spins.words + w] }
      planes[9] = hidden.columns[unit * hidden.words + w]
      for _ in 0..<min(64, spins.samples - 64 * w) {
        var pattern = 0
        for k in 0..<10 {
          pattern |= Int(planes[k] & 1) &<< k
          planes[k] &>>= 1
        }
        counts.values[base &+ pattern] &+= 1
      }
    }
  }

  /// I(h; 2x2) and I(h; 3x3).
  public struct Result: Sendable, Equatable {
    /// With the plaquette, and with the nine sites.
    public let plaquette: Estimate, block: Estimate
  }
  /// Pooled: plug-in on the shared table, bias corrected by the jackknife, with the jackknife error over blocks (not a
  /// number for a single block). Otherwise the median over units of each unit's Miller-Madow value; its error joins that
  /// of `medianOverUnits` (other units) and, from two blocks on, the jackknife over blocks (other samples, which all units
  /// share) in quadrature.
  public func result(_ counts: BlockedCounts) -> Result {
    if pooled {
      let e = jackknifed(counts, corrected: [true, true]) { sums in
        [
          table(sums[...], plaquettes.first ?? []).mutualInformation(.plugIn),
          JointCounts(rows: 2, columns: 512, counts: sums).mutualInformation(.plugIn),
        ]
      }
      return Result(plaquette: e[0], block: e[1])
    }
    let values = unitValues(counts.total())
    var medians = [medianOverUnits(values.plaquette), medianOverUnits(values.block)]
    if counts.blocks > 1 {
      let overSamples = jackknifed(counts, corrected: [false, false]) { sums in
        let values = unitValues(sums)
        return [medianOverUnits(values.plaquette).value, medianOverUnits(values.block).value]
      }
      for i in medians.indices {
        let units = medians[i].error, samples = overSamples[i].error
        medians[i].error = (units * units + samples * samples).squareRoot()
      }
    }
    return Result(plaquette: medians[0], block: medians[1])
  }
  /// The Miller-Madow values of each counted unit, in the order of `units`; only for probes that are not pooled.
  public func unitValues(_ counts: BlockedCounts) -> (plaquette: [Double], block: [Double]) { unitValues(counts.total()) }

  private func unitValues(_ sums: [Int]) -> (plaquette: [Double], block: [Double]) {
    precondition(!pooled, "a pooled probe has one table for all units")
    var plaquette: [Double] = [], block: [Double] = []
    for index in units.indices {
      let part = sums[index * Self.tableSize..<(index + 1) * Self.tableSize]
      plaquette.append(table(part, plaquettes[index]).mutualInformation(.millerMadow))
      block.append(JointCounts(rows: 2, columns: 512, counts: Array(part)).mutualInformation(.millerMadow))
    }
    return (plaquette, block)
  }
  /// The unit's bit with the four plaquette bits, the other five summed out.
  private func table(_ counts: ArraySlice<Int>, _ plaquette: [Int]) -> JointCounts {
    var table = JointCounts(rows: 2, columns: 16)
    for (pattern, n) in counts.enumerated() where n > 0 {
      var column = 0
      for (k, site) in plaquette.enumerated() { column |= (pattern >> site & 1) << k }
      table.add(row: pattern >> 9, column: column, times: n)
    }
    return table
  }
}
