/// All elements of a permutation group on at most 64 sites, ready to act on spin configurations in one word: for each
/// element a table of the images of each byte, 2 KiB for eight sites.
public struct PackedPermutations: Sendable {
  /// How many sites and elements there are, and how many bytes hold the sites.
  public let sites: Int, count: Int
  @usableFromInline let bytes: Int
  /// `[count, bytes, 256]`.
  @usableFromInline let tables: [UInt64]

  /// Tables of `permutations`, which all move the same points.
  public init(_ permutations: [Permutation]) {
    let sites = permutations.first?.degree ?? 0, bytes = max(1, (sites + 7) / 8)
    precondition(sites <= 64, "one word holds 64 sites")
    self.sites = sites
    self.bytes = bytes
    count = permutations.count
    var tables: [UInt64] = []
    tables.reserveCapacity(permutations.count * bytes * 256)
    for p in permutations {
      for byte in 0..<bytes {
        for value in 0..<256 {
          var image: UInt64 = 0
          for bit in 0..<8 where value >> bit & 1 == 1 && 8 * byte + bit < sites { image |= 1 << UInt64(p[8 * byte + bit]) }
          tables.append(image)
        }
      }
    }
    self.tables = tables
  }

  /// The configuration moved by element `element`.
  @inlinable public func image(of spins: UInt64, under element: Int) -> UInt64 {
    var image: UInt64 = 0, rest = spins, place = element &* bytes &* 256
    for _ in 0..<bytes {
      image |= tables[place &+ Int(rest & 255)]
      rest &>>= 8
      place &+= 256
    }
    return image
  }
}
