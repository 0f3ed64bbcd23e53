internal import Glibc
internal import RandomStreams

/// How local one unit's weights on a periodic lattice are.
///
/// With weights p_i = r_i^2 / sum r^2: the centre is the circular mean of the sites under p, axis by axis; R^2 = sum p d^2
/// with the minimum-image distance d to the centre; PR = 1 / sum p^2 (the number of sites that matter; unchanged when the
/// sites are permuted); the coherence is |sum r| / sum |r|. A full 2x2 block of equal values has PR 4, R 1/sqrt 2;
/// values spread over all of a square torus have R^2 near L^2/6.
public struct ReceptiveField: Sendable, Equatable {
  /// Coordinates of the centre along each axis of the shape, in [0, extent).
  public let centre: [Double]
  /// R, the root mean squared distance from the centre, in lattice spacings.
  public let radius: Double
  /// PR, 1 for a single site to the number of sites for equal weights.
  public let participationRatio: Double
  /// 0 (signs cancel) to 1 (one sign).
  public let coherence: Double
  /// sum r, whose sign orients the unit.
  public let sum: Double

  /// The statistics of `values`, one for each site of the row-major `shape`; nil when all are zero.
  public init?(_ values: [Double], shape: [Int]) {
    precondition(values.count == shape.reduce(1, *), "one value for each site")
    self.init(values, Positions(shape))
  }

  init?(_ values: [Double], _ positions: Positions) {
    var squares = 0.0, fourths = 0.0, sum = 0.0, absolute = 0.0
    for r in values {
      squares += r * r
      sum += r
      absolute += abs(r)
    }
    guard squares > 0 else { return nil }
    for r in values { fourths += (r * r / squares) * (r * r / squares) }
    (centre, radius) = positions.spread(values, squares: squares)
    participationRatio = 1 / fourths
    coherence = abs(sum) / absolute
    self.sum = sum
  }

  /// R of the same values on permuted sites, averaged over `permutations` permutations keyed by (unit, permutation):
  /// what a field without locality would have.
  static func nullRadius(
    _ values: [Double], _ positions: Positions, unit: Int, permutations: Int, from streams: some Streams
  ) -> Double {
    var squares = 0.0, total = 0.0
    for r in values { squares += r * r }
    for permutation in 0..<permutations {
      var choices = streams.generator(replica: unit, step: UInt64(permutation), site: 0, purpose: .permutation)
      var shuffled = values
      for i in stride(from: shuffled.count - 1, to: 0, by: -1) { shuffled.swapAt(i, choices.index(below: i + 1)) }
      total += positions.spread(shuffled, squares: squares).radius
    }
    return total / Double(permutations)
  }
}

/// The sites of a torus with the angles that circular means need.
struct Positions {
  let shape: [Int]
  /// For each axis, the coordinate of each site.
  let coordinates: [[Double]]
  /// For each axis, cos and sin of 2 pi x / L for each coordinate x.
  let cosines: [[Double]], sines: [[Double]]

  init(_ shape: [Int]) {
    self.shape = shape
    let all = TorusGeometry(shape: shape).allCoordinates
    coordinates = shape.indices.map { axis in stride(from: axis, to: all.count, by: shape.count).map { all[$0] } }
    cosines = shape.map { size in (0..<size).map { cos(2 * Double.pi * Double($0) / Double(size)) } }
    sines = shape.map { size in (0..<size).map { sin(2 * Double.pi * Double($0) / Double(size)) } }
  }

  /// Circular mean and root mean squared minimum-image distance under the weights r^2 / `squares`.
  ///
  /// The weights are first summed along each axis, so that angles and distances are taken once per coordinate.
  func spread(_ values: [Double], squares: Double) -> (centre: [Double], radius: Double) {
    var centre: [Double] = [], sum = 0.0
    for axis in shape.indices {
      var marginal = [Double](repeating: 0, count: shape[axis])
      let place = coordinates[axis], size = Double(shape[axis])
      for (site, r) in values.enumerated() { marginal[Int(place[site])] += r * r }
      var x = 0.0, y = 0.0
      for (k, weight) in marginal.enumerated() {
        x += weight * cosines[axis][k]
        y += weight * sines[axis][k]
      }
      var c = atan2(y, x) / (2 * Double.pi) * size
      if c < 0 { c += size }
      if c >= size { c -= size }
      for (k, weight) in marginal.enumerated() {
        let d = minimumImage(Double(k) - c, size)
        sum += weight * d * d
      }
      centre.append(c)
    }
    return (centre, (sum / squares).squareRoot())
  }
}
