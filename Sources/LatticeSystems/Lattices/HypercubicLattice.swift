/// A periodic hypercubic lattice of any dimension d and shape. Sites are numbered row-major: the last axis is the
/// fastest; a *line* is a run of sites along it.
///
/// Each site owns its d forward bonds, so there are d N of them; with an extent of 2 the bonds of that axis are double.
/// Every site has 2d neighbours, listed forward along axes 0 ..< d, then backward. Memory: 8 d bytes for a site.
public struct HypercubicLattice: Sendable, Hashable {
  /// Sites along each axis, all at least 2.
  public let extents: [Int]
  /// How many sites there are.
  public let sites: Int
  /// The neighbours of all sites, `[sites, 2 d]`: row-major, forward along axes 0 ..< d, then backward.
  public let neighbours: [Int32]
  /// Sum of the coordinates but the last, modulo 2, of each line.
  @usableFromInline let lineParities: [UInt8]
  /// Whether all extents are even, so that neighbours always differ in colour, the sum of the coordinates modulo 2.
  public let isBipartite: Bool

  /// A torus of these extents; throws below 2 and for shapes without a table of 32-bit numbers.
  public init(_ extents: [Int]) throws(LatticeError) {
    sites = try Self.check(extents)
    self.extents = extents
    isBipartite = extents.allSatisfy { $0 % 2 == 0 }
    neighbours = Self.table(extents, sites: sites)
    lineParities = (0..<sites / extents.last!).map { line in
      var rest = line, sum = 0
      for extent in extents.dropLast().reversed() {
        sum += rest % extent
        rest /= extent
      }
      return UInt8(sum & 1)
    }
  }
  /// How many sites such a lattice has; throws what `init` refuses, and makes nothing.
  @discardableResult public static func check(_ extents: [Int]) throws(LatticeError) -> Int {
    guard (1...7).contains(extents.count) else { throw .badShape(extents) }
    let least = extents.min()!
    guard least >= 2 else { throw .tooSmall(extent: least, minimum: 2) }
    var links = 2 * extents.count
    for extent in extents {
      let (product, overflow) = links.multipliedReportingOverflow(by: extent)
      guard !overflow && product < 1 << 31 else { throw .badShape(extents) }
      links = product
    }
    return links / (2 * extents.count)
  }
  /// Whether moves of two-valued spins that are certain, in a fixed order, would leave large closed classes of configurations
  /// (`LocalMetropolisRule`): on rings, and where an extent is below 4.
  public static func lacksRoomForMetropolis(_ extents: [Int]) -> Bool { extents.count == 1 || extents.contains { $0 < 4 } }
  var lacksRoomForMetropolis: Bool { Self.lacksRoomForMetropolis(extents) }
  /// A torus of `dimensions` equal extents.
  public init(size: Int, dimensions: Int) throws(LatticeError) {
    guard (1...7).contains(dimensions) else { throw .badShape([]) }
    try self.init([Int](repeating: size, count: dimensions))
  }

  /// d.
  @inlinable public var dimensions: Int { extents.count }
  /// How many bonds there are: d N.
  @inlinable public var bonds: Int { dimensions &* sites }
  /// The length of a line, the last extent.
  @inlinable public var lineLength: Int { extents[extents.count &- 1] }
  /// How many lines there are.
  @inlinable public var lines: Int { lineParities.count }
  /// The neighbour of `site` one step forward along `axis`.
  @inlinable public func forward(_ site: Int, axis: Int) -> Int { Int(neighbours[2 &* dimensions &* site &+ axis]) }
  /// The neighbour of `site` one step backward along `axis`.
  @inlinable public func backward(_ site: Int, axis: Int) -> Int {
    Int(neighbours[2 &* dimensions &* site &+ dimensions &+ axis])
  }
  /// The coordinate of `site` along `axis`.
  public func coordinate(_ site: Int, axis: Int) -> Int {
    site / extents[(axis + 1)...].reduce(1, *) % extents[axis]
  }

  public static func == (a: Self, b: Self) -> Bool { a.extents == b.extents }
  public func hash(into hasher: inout Hasher) { hasher.combine(extents) }

  private static func table(_ extents: [Int], sites: Int) -> [Int32] {
    let d = extents.count
    var table = [Int32](repeating: 0, count: 2 * d * sites)
    var stride = sites
    for (axis, extent) in extents.enumerated() {
      stride /= extent
      for site in 0..<sites {
        let x = site / stride % extent
        table[2 * d * site + axis] = Int32(x + 1 < extent ? site + stride : site - x * stride)
        table[2 * d * site + d + axis] = Int32(x > 0 ? site - stride : site + (extent - 1) * stride)
      }
    }
    return table
  }
}
