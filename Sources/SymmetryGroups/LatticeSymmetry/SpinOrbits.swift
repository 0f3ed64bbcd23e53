/// The orbits of all 2^n spin configurations of n sites under a permutation group, with or without the global spin flip.
///
/// The canonical form of a configuration is the least number among its images, and an orbit is counted at its canonical
/// form alone: any range of configurations can be searched by itself, and the counts of ranges add up. A configuration
/// that is not canonical is left after about as many images as its rank among them takes to be beaten, mostly a few.
public struct SpinOrbits: Sendable {
  /// The most sites whose configurations can be enumerated.
  public static let siteLimit = 40
  /// The group as it moves configurations.
  public let group: PackedPermutations
  /// Whether turning all spins belongs to the group.
  public let withFlip: Bool
  private let mask: UInt64

  /// `permutations` are all elements of a group.
  /// - Throws: `tooManySites` above `siteLimit`.
  public init(_ permutations: [Permutation], withFlip: Bool) throws(LatticeSymmetryError) {
    group = PackedPermutations(permutations)
    self.withFlip = withFlip
    guard group.sites <= Self.siteLimit else { throw .tooManySites(group.sites, limit: Self.siteLimit) }
    mask = 1 << UInt64(group.sites) - 1
  }

  /// The order of the group.
  public var order: Int { group.count * (withFlip ? 2 : 1) }
  /// How many configurations there are.
  public var configurations: UInt64 { mask + 1 }

  /// The least image of a configuration.
  public func canonicalForm(_ spins: UInt64) -> UInt64 {
    var least = spins
    for g in 0..<group.count {
      let image = group.image(of: spins, under: g)
      least = min(least, image)
      if withFlip { least = min(least, ~image & mask) }
    }
    return least
  }

  /// How many elements leave a configuration as it is.
  public func stabilizerOrder(_ spins: UInt64) -> Int {
    var fixed = 0
    for g in 0..<group.count {
      let image = group.image(of: spins, under: g)
      if image == spins { fixed += 1 }
      if withFlip, ~image & mask == spins { fixed += 1 }
    }
    return fixed
  }

  /// The length of the orbit of a configuration, |G| / |stabilizer|.
  public func orbitSize(_ spins: UInt64) -> Int { order / stabilizerOrder(spins) }

  /// The length of the orbit whose canonical form is `spins`; nil where `spins` is not canonical.
  public func sizeIfCanonical(_ spins: UInt64) -> Int? {
    var fixed = 0
    for g in 0..<group.count {
      let image = group.image(of: spins, under: g)
      if image < spins { return nil }
      if image == spins { fixed += 1 }
      if withFlip {
        let turned = ~image & mask
        if turned < spins { return nil }
        if turned == spins { fixed += 1 }
      }
    }
    return order / fixed
  }

  /// Calls `body` with the canonical form and the length of each orbit whose canonical form lies in `range`.
  public func forEachOrbit(in range: Range<UInt64>, _ body: (UInt64, Int) -> Void) {
    for spins in range {
      if let size = sizeIfCanonical(spins) { body(spins, size) }
    }
  }

  /// How many orbits of each length there are, over all configurations.
  public func sizes() -> [Int: Int] {
    var counts: [Int: Int] = [:]
    forEachOrbit(in: 0..<configurations) { counts[$1, default: 0] += 1 }
    return counts
  }
}
