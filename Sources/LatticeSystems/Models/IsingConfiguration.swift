public import Archives
public import RandomStreams

/// One lattice of Ising spins, packed row-major, with the number of its replica, which selects its random streams.
public struct IsingConfiguration: Sendable, Equatable {
  /// The lattice.
  public let lattice: SquareLattice
  /// Bit s % 64 of word s / 64 is the spin of site s (1 is +1); bits past the last site are zero.
  @inlinable public var spins: [UInt64] { words }
  @usableFromInline var words: [UInt64]
  /// The global number of the chain.
  public let replica: Int

  /// Spins given by their words.
  public init(_ lattice: SquareLattice, spins: [UInt64], replica: Int) {
    precondition(spins.count == lattice.words, "spins do not fit the lattice")
    precondition(spins.last! & ~PackedLattice.lowBits(lattice.sites - 64 * (spins.count - 1)) == 0, "bits past the last site")
    self.lattice = lattice
    words = spins
    self.replica = replica
  }
  /// Cold start: all spins +1.
  public init(cold lattice: SquareLattice, replica: Int) {
    self.init(lattice, spins: PackedLattice(lattice).valid, replica: replica)
  }
  /// Hot start: independent fair spins from the replica's stream at step 0 with purpose `initial`.
  public init(hot lattice: SquareLattice, replica: Int, from streams: some Streams) {
    var random = streams.generator(replica: replica, step: 0, site: 0, purpose: .initial)
    self.init(lattice, spins: PackedLattice(lattice).valid.map { random.bernoulliWord(0.5, where: $0) }, replica: replica)
  }
}

extension IsingConfiguration {
  /// Whether the spin of `site` is +1.
  @inlinable public subscript(site: Int) -> Bool { words[site &>> 6] &>> UInt64(site & 63) & 1 == 1 }
  /// Gives the spin of `site` a value.
  public mutating func set(_ site: Int, _ isUp: Bool) {
    let bit = UInt64(1) << UInt64(site & 63)
    if isUp { words[site >> 6] |= bit } else { words[site >> 6] &= ~bit }
  }
}

/// Its archive belongs to whatever holds it, which writes the version.
extension IsingConfiguration: Checkpointable {
  public static let formatVersion = 1
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.write(lattice.shape, at: path + "/shape")
    try archive.write(replica, at: path + "/replica")
    try archive.write(spins, at: path + "/spins")
  }
  /// Throws `damaged` where the shape is not a lattice or the spins do not fit it.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let shape = try archive.read(Int.self, count: 2, at: path + "/shape")
    let lattice: SquareLattice
    do { lattice = try SquareLattice(rows: shape[0], columns: shape[1]) } catch {
      throw .damaged(file: path, reason: error.description)
    }
    let spins = try archive.read(UInt64.self, count: lattice.words, at: path + "/spins")
    let tail = lattice.sites % 64
    guard tail == 0 || spins[spins.count - 1] >> UInt64(tail) == 0 else {
      throw .damaged(file: path, reason: "spins past the last site")
    }
    self.init(lattice, spins: spins, replica: try archive.scalar(Int.self, at: path + "/replica"))
  }
}
