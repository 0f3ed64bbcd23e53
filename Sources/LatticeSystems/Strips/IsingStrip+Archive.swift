public import Archives

/// A checkpoint is one of a gathered strip, so that any number of ranks can go on from it; a strip of some sites can be
/// saved and read too.
extension IsingStrip: Checkpointable {
  public static let formatVersion = 1

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(lattice.shape, at: path + "/shape")
    try archive.write(replica, at: path + "/replica")
    try archive.write(steps, at: path + "/steps")
    try archive.write([sites.lowerBound, sites.upperBound], at: path + "/sites")
    try archive.write(Array(own), at: path + "/spins")
  }

  /// Throws `damaged` where the shape is not a lattice or the sites or spins do not fit it.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let shape = try archive.read(Int.self, count: 2, at: path + "/shape")
    let lattice: SquareLattice
    do { lattice = try SquareLattice(rows: shape[0], columns: shape[1]) } catch {
      throw .damaged(file: path, reason: error.description)
    }
    let held = try archive.read(Int.self, count: 2, at: path + "/sites")
    guard 0 <= held[0] && held[0] <= held[1] && held[1] <= lattice.sites && (held[0] == held[1] || held[0] % (1 << 15) == 0) else {
      throw .damaged(file: path, reason: "sites \(held) of a lattice of \(lattice.sites)")
    }
    self.init(
      lattice, replica: try archive.scalar(Int.self, at: path + "/replica"), steps: try archive.scalar(UInt64.self, at: path + "/steps"),
      sites: held[0]..<held[1])
    let words = try archive.read(UInt64.self, count: wordCount, at: path + "/spins")
    if let last = words.last, last & ~valid(wordCount - 1) != 0 { throw .damaged(file: path, reason: "spins past the last site") }
    spins.replaceSubrange(margin..<margin + wordCount, with: words)
  }
}
