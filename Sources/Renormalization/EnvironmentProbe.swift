internal import InformationTheory
public import Sampling
public import Statistics

/// What a block of 2 x 2 spins of a lattice, and coarse spins of it, know of the eight spins straight across a ring of one site
/// (`BlockEnvironment.across`), averaged over all places.
public struct EnvironmentProbe: Sendable, Equatable {
  /// The lattice, both extents at least 6.
  public let rows: Int, columns: Int
  /// Units with the first site of the block of each; empty where blocks are looked at without units.
  public let origins: [Int]

  /// Blocks at every site, counts of (V, E): `[16, 256]`.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, origins: [])
  }
  /// Units above a lattice, each with its block: counts of (h, V, E), `[2, 16, 256]`; -1 leaves a unit out.
  public init(rows: Int, columns: Int, origins: [Int]) {
    precondition(rows >= 6 && columns >= 6, "the frame of six sites has to fit")
    self.rows = rows
    self.columns = columns
    self.origins = origins
  }
  /// Integers that are counted.
  public var width: Int { origins.isEmpty ? 4096 : 8192 }

  /// Adds the configurations of the lattice, with those of the units above it where there are units.
  public func count(_ spins: Configurations, units: Configurations? = nil, into counts: inout [Int]) {
    precondition(spins.sites.count == rows * columns && counts.count == width, "another lattice or other counts")
    let lattice = PackedWindow(rows: rows, columns: columns)
    var bits = [UInt8](repeating: 0, count: rows * columns)
    for sample in 0..<spins.count {
      for site in bits.indices { bits[site] = spins[sample, site] ? 1 : 0 }
      guard let units else {
        for site in bits.indices { counts[lattice.block(bits, site) << 8 | lattice.environment(bits, site)] &+= 1 }
        continue
      }
      for (unit, site) in origins.enumerated() where site >= 0 {
        counts[(units[sample, unit] ? 4096 : 0) | lattice.block(bits, site) << 8 | lattice.environment(bits, site)] &+= 1
      }
    }
  }

  /// I(h;V) and I(h;E) of a coarse spin with its rule, in nats: plug-in, bias corrected by the jackknife over blocks of samples. Without a
  /// field a configuration is as likely as the flipped one, and both are counted: an odd rule's spin then has the entropy ln 2 exactly, and
  /// no error where H(h) is all.
  public func informations(_ counts: BlockedCounts, rule: [Double]) -> (block: Estimate, environment: Estimate) {
    let found = jackknifed(counts, corrected: [true, true]) { sums in
      let law = Self.law(Self.symmetrized(sums)),
        identity = (0..<256).map { cell in cell / 16 == cell % 16 ? Self.weight(law, cell % 16) : 0 }
      return [BlockEnvironment.information(rule, identity), BlockEnvironment.information(rule, law)]
    }
    return (found[0], found[1])
  }
  /// I(V;E) and H(V), the same way and with the flipped configurations too.
  public func wholeBlock(_ counts: BlockedCounts) -> (environment: Estimate, entropy: Estimate) {
    let found = jackknifed(counts, corrected: [true, true]) { sums in
      let law = Self.law(Self.symmetrized(sums))
      return [
        mutualInformation(ofJoint: law, rows: 16, columns: 256), entropy(ofProbabilities: (0..<16).map { Self.weight(law, $0) }),
      ]
    }
    return (found[0], found[1])
  }
  /// I(h;V) and I(h;E) of the units, averaged over them as one law.
  public func unitInformations(_ counts: BlockedCounts) -> (block: Estimate, environment: Estimate) {
    let found = jackknifed(counts, corrected: [true, true]) { sums in
      let found = Self.unitPlugIn(sums)
      return [found.block, found.environment]
    }
    return (found[0], found[1])
  }
  /// The same of counts `[2, 16, 256]` as they are, without a correction.
  public static func unitPlugIn(_ sums: [Int]) -> (block: Double, environment: Double) {
    let total = Double(sums.reduce(0, &+))
    var block = [Double](repeating: 0, count: 32), environment = [Double](repeating: 0, count: 512)
    for (cell, count) in sums.enumerated() where count > 0 {
      block[cell >> 8] += Double(count) / total
      environment[(cell >> 12) << 8 | cell & 255] += Double(count) / total
    }
    return (mutualInformation(ofJoint: block, rows: 2, columns: 16), mutualInformation(ofJoint: environment, rows: 2, columns: 256))
  }

  /// Counts of (V, E) with those of the flipped configurations: all twelve bits are complemented.
  static func symmetrized(_ sums: [Int]) -> [Int] { sums.indices.map { sums[$0] &+ sums[4095 - $0] } }
  private static func weight(_ law: [Double], _ v: Int) -> Double { law[v * 256..<(v + 1) * 256].reduce(0, +) }
  /// P(V, E) of counts.
  public static func law(_ counts: [Int]) -> [Double] {
    let total = Double(counts.reduce(0, &+))
    return counts.map { Double($0) / total }
  }
}

/// Codes of blocks and environments on a torus, sites unpacked to bytes.
struct PackedWindow {
  private let columns: Int
  private let blockSites: [[Int]], acrossSites: [[Int]]

  init(rows: Int, columns: Int) {
    self.columns = columns
    func sites(_ offsets: [(Int, Int)]) -> [[Int]] {
      (0..<rows * columns).map { site in
        offsets.map { (site / columns + $0.0 + rows) % rows * columns + (site % columns + $0.1 + columns) % columns }
      }
    }
    blockSites = sites([(0, 0), (0, 1), (1, 0), (1, 1)])
    acrossSites = sites(BlockEnvironment.across)
  }
  private func code(_ bits: [UInt8], _ sites: [Int]) -> Int {
    var code = 0
    for (place, site) in sites.enumerated() { code |= Int(bits[site]) &<< place }
    return code
  }
  func block(_ bits: [UInt8], _ site: Int) -> Int { code(bits, blockSites[site]) }
  func environment(_ bits: [UInt8], _ site: Int) -> Int { code(bits, acrossSites[site]) }
}

/// I of two blocks of 2 x 2 spins, and of their first spins, at distances along the axes, averaged over all places.
public struct BlockPairProbe: Sendable, Equatable {
  /// The lattice, and the distances of the blocks' first sites.
  public let rows: Int, columns: Int, distances: [Int]
  /// Distances from 2 to half of the smaller extent.
  public init(rows: Int, columns: Int, distances: [Int]) {
    precondition(distances.allSatisfy { $0 >= 2 && 2 * $0 <= min(rows, columns) }, "blocks apart, within half of the torus")
    self.rows = rows
    self.columns = columns
    self.distances = distances
  }
  /// Integers that are counted: of each distance (block, block), `[16, 16]`.
  public var width: Int { 256 * distances.count }

  /// Adds the configurations; a pair along the first axis is read as mirrored into the second, so that one law stands for both.
  public func count(_ spins: Configurations, into counts: inout [Int]) {
    precondition(spins.sites.count == rows * columns && counts.count == width, "another lattice or other counts")
    let lattice = PackedWindow(rows: rows, columns: columns)
    var bits = [UInt8](repeating: 0, count: rows * columns), blocks = [Int](repeating: 0, count: rows * columns)
    // The block with rows and columns exchanged.
    let mirrored = (0..<16).map { $0 & 9 | ($0 & 2) << 1 | ($0 & 4) >> 1 }
    for sample in 0..<spins.count {
      for site in bits.indices { bits[site] = spins[sample, site] ? 1 : 0 }
      for site in bits.indices { blocks[site] = lattice.block(bits, site) }
      for (place, distance) in distances.enumerated() {
        for site in bits.indices {
          let row = site / columns, column = site % columns
          let across = row * columns + (column + distance) % columns, down = (row + distance) % rows * columns + column
          counts[place * 256 + blocks[site] << 4 + blocks[across]] &+= 1
          counts[place * 256 + mirrored[blocks[site]] << 4 + mirrored[blocks[down]]] &+= 1
        }
      }
    }
  }

  /// I of blocks and of spins at each distance, in nats: plug-in, bias corrected by the jackknife over blocks of samples.
  public func informations(_ counts: BlockedCounts) -> [(blocks: Estimate, spins: Estimate)] {
    let found = jackknifed(counts, corrected: distances.flatMap { _ in [true, true] }) { sums in
      var values: [Double] = []
      for place in distances.indices {
        let law = EnvironmentProbe.law(Array(sums[256 * place..<256 * (place + 1)]))
        var spins = [0.0, 0, 0, 0]
        for (cell, weight) in law.enumerated() { spins[(cell >> 4 & 1) << 1 | cell & 1] += weight }
        values += [mutualInformation(ofJoint: law, rows: 16, columns: 16), mutualInformation(ofJoint: spins, rows: 2, columns: 2)]
      }
      return values
    }
    return distances.indices.map { (found[2 * $0], found[2 * $0 + 1]) }
  }
}
