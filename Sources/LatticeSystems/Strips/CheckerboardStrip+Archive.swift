public import Archives

/// A checkpoint is one of a gathered strip, so that any number of ranks can go on from it; a strip of some rows can be
/// saved and read too.
extension CheckerboardStrip: Checkpointable {
  public static let formatVersion = 1

  /// Words of a vector that hold spins.
  private static func usedWords(_ layout: CheckerboardLayout) -> Int { (layout.bits + 63) / 64 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    let used = Self.usedWords(layout), w = layout.vectors
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(lattice.shape, at: path + "/shape")
    try archive.write(replica, at: path + "/replica")
    try archive.write(steps, at: path + "/steps")
    try archive.write([rows.lowerBound, rows.upperBound], at: path + "/rows")
    for colour in 0..<2 {
      let start = place(colour, rows.lowerBound), end = start + rows.count * w
      let words = used == 8 ? words(start..<end) : spins[start..<end].flatMap { vector in (0..<used).map { vector[$0] } }
      try archive.write(words, shape: [rows.count, w * used], at: path + "/colour\(colour)")
    }
  }

  /// Throws `damaged` where the shape is not a lattice with even extents or the rows or spins do not fit it.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let shape = try archive.read(Int.self, count: 2, at: path + "/shape")
    let lattice: SquareLattice, layout: CheckerboardLayout
    do {
      lattice = try SquareLattice(rows: shape[0], columns: shape[1])
      layout = try CheckerboardLayout(lattice)
    } catch {
      throw .damaged(file: path, reason: error.description)
    }
    let held = try archive.read(Int.self, count: 2, at: path + "/rows")
    guard 0 <= held[0] && held[0] <= held[1] && held[1] <= lattice.rows else {
      throw .damaged(file: path, reason: "rows \(held) of a lattice of \(lattice.rows)")
    }
    self.init(
      lattice, replica: try archive.scalar(Int.self, at: path + "/replica"), steps: try archive.scalar(UInt64.self, at: path + "/steps"),
      layout, rows: held[0]..<held[1])
    let used = Self.usedWords(layout), valid = layout.valid, count = rows.count * layout.vectors
    for colour in 0..<2 {
      let words = try archive.read(UInt64.self, count: count * used, at: path + "/colour\(colour)")
      let start = place(colour, held[0])
      if used == 8 {
        setWords(words, at: start)
      } else {
        for v in 0..<count {
          for lane in 0..<used { spins[start + v][lane] = words[v * used + lane] }
        }
      }
      guard spins[start..<start + count].allSatisfy({ $0 & ~valid == SIMD8() }) else {
        throw .damaged(file: path, reason: "spins past the end of a row")
      }
    }
  }
}
