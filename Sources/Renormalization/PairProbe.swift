internal import Glibc
internal import InformationTheory
public import Sampling
public import Statistics

/// Correlation and mutual information of pairs of (coarse) spins at given distances, averaged over pairs.
///
/// Distances are in lattice spacings of the fine lattice. Spins on a lattice: all pairs along the axes at exactly that
/// distance. Placed spins: all pairs whose minimum-image distance d has |d - r| <= tolerance, in any direction, in
/// index order, at most `maximumPairs`. Every pair is counted in both orders, so the joint law of a distance is
/// symmetric; mutual information is that of the pair-averaged law.
public struct PairProbe: Sendable, Equatable {
  /// The distances asked for.
  public let distances: [Double]
  /// The pairs of units at each distance.
  public let pairs: [[SIMD2<Int32>]]
  /// How many spins a configuration has.
  public let units: Int
  /// How the samples fall into blocks.
  public let samples: SampleBlocks

  /// - Parameters:
  ///   - sites: where the spins are.
  ///   - spacing: for spins on a lattice, their own lattice spacing in units of the fine one (the product of the
  ///     blocks); placed spins carry fine coordinates and take 1.
  ///   - distances: in fine spacings. A distance that is no multiple of `spacing`, or beyond half the extent, has no
  ///     pairs along that axis.
  ///   - tolerance: for placed spins, how far a pair's distance may lie from r.
  ///   - units: which placed spins take part (live ones); nil for all.
  /// - Throws: `unplacedSites` for spins without a place.
  public init(
    sites: Configurations.Sites, spacing: Int = 1, distances: [Double], tolerance: Double = 0.5,
    units: [Int]? = nil, maximumPairs: Int = 1 << 16, samples: SampleBlocks
  ) throws(CoarseGrainingError) {
    self.distances = distances
    self.units = sites.count
    self.samples = samples
    switch sites {
    case .lattice(let shape):
      pairs = distances.map { Self.alongAxes(shape, $0 / Double(spacing)) }
    case .placed(let places, let shape):
      let chosen = units ?? Array(places.indices)
      pairs = distances.map { Self.near(places, shape, chosen, $0, tolerance, maximumPairs) }
    case .unplaced: throw .unplacedSites
    }
  }

  private static func alongAxes(_ shape: [Int], _ distance: Double) -> [SIMD2<Int32>] {
    guard distance == distance.rounded(), distance >= 1 else { return [] }
    let torus = TorusGeometry(shape: shape), step = Int(distance)
    var pairs: [SIMD2<Int32>] = []
    for site in 0..<shape.reduce(1, *) {
      let here = torus.coordinates(site)
      for axis in shape.indices where 2 * step <= shape[axis] {
        var there = here
        there[axis] += step
        pairs.append(SIMD2(Int32(site), Int32(torus.site(there))))
      }
    }
    return pairs
  }

  private static func near(
    _ places: [SIMD2<Float>], _ shape: [Int], _ units: [Int], _ distance: Double, _ tolerance: Double, _ most: Int
  ) -> [SIMD2<Int32>] {
    let torus = TorusGeometry(shape: shape)
    let points = units.map { [Double(places[$0].x), Double(places[$0].y)] }
    var pairs: [SIMD2<Int32>] = []
    for i in points.indices {
      for j in points.indices.dropFirst(i + 1) {
        let d = torus.squaredDistance(points[i], points[j]).squareRoot()
        if abs(d - distance) <= tolerance { pairs.append(SIMD2(Int32(units[i]), Int32(units[j]))) }
        if pairs.count == most { return pairs }
      }
    }
    return pairs
  }

  /// What the probe finds at one distance, with jackknife errors over blocks.
  public struct Result: Sendable, Equatable {
    /// r in fine lattice spacings, and how many pairs were averaged.
    public let distance: Double, pairs: Int
    /// <s s'>, and <s s'> - <s><s'> of the pair-averaged law.
    public let correlation: Estimate, connected: Estimate
    /// I(s; s') in nats: plug-in, bias corrected by the jackknife over blocks (pairs are correlated, so their number
    /// does not say how many samples there are).
    public let mutualInformation: Estimate
  }
  /// Counts before any sample: per block and distance how often both are +1, just one is, neither is.
  public var noCounts: BlockedCounts { BlockedCounts(blocks: samples.blocks, width: 3 * distances.count) }

  /// Adds the configurations, which are the global samples from `firstSample` on.
  public func count(
    _ spins: Configurations, firstSample: Int, into counts: inout BlockedCounts
  ) throws(CoarseGrainingError) {
    guard spins.sites.count == units else { throw .sizeMismatch(expected: units, found: spins.sites.count) }
    for piece in samples.pieces(first: firstSample, count: spins.count) {
      let columns = BitColumns(spins, rows: piece.rows)
      let ones = (0..<units).map(columns.ones)
      for (k, list) in pairs.enumerated() {
        var both = 0, either = 0
        for pair in list {
          both &+= columns.both(Int(pair.x), Int(pair.y))
          either &+= ones[Int(pair.x)] &+ ones[Int(pair.y)]
        }
        let base = piece.block * counts.width + 3 * k, one = either - 2 * both
        counts.values[base] += both
        counts.values[base + 1] += one
        counts.values[base + 2] += columns.samples * list.count - both - one
      }
    }
  }

  /// One result for each distance; nil where the distance has no pairs.
  public func results(_ counts: BlockedCounts) -> [Result?] {
    let corrected = distances.flatMap { _ in [false, false, true] }
    let e = jackknifed(counts, corrected: corrected) { sums in
      var values: [Double] = []
      for k in distances.indices {
        let both = sums[3 * k], one = sums[3 * k + 1], neither = sums[3 * k + 2]
        let total = Double(both + one + neither), mean = Double(both - neither) / total
        let correlation = Double(both + neither - one) / total
        let table = JointCounts(rows: 2, columns: 2, counts: [2 * neither, one, one, 2 * both])
        values += [correlation, correlation - mean * mean, table.mutualInformation(.plugIn)]
      }
      return values
    }
    return distances.indices.map { k in
      pairs[k].isEmpty
        ? nil
        : Result(
          distance: distances[k], pairs: pairs[k].count, correlation: e[3 * k], connected: e[3 * k + 1],
          mutualInformation: e[3 * k + 2])
    }
  }

  /// -ln[G(far) / G(near)] / ln(far / near) of the correlations at two of the distances, by their places; not a number where one has no
  /// pairs or is not positive.
  public func exponent(_ counts: BlockedCounts, near: Int, far: Int) -> Estimate {
    jackknifed(counts, corrected: [false]) { sums in
      func correlation(_ k: Int) -> Double {
        let both = sums[3 * k], one = sums[3 * k + 1], neither = sums[3 * k + 2]
        return Double(both + neither - one) / Double(both + one + neither)
      }
      let a = correlation(near), b = correlation(far)
      return [a > 0 && b > 0 ? -log(b / a) / log(distances[far] / distances[near]) : .nan]
    }[0]
  }
}
