public import Archives

/// A checkpoint is one of a gathered strip, so that any number of ranks can go on from it; a strip of some rows can be
/// saved and read too. Stored are the words of each row of each colour (`CheckerboardLayout`), whatever vectors they are in.
extension CheckerboardStrip: Checkpointable {
  public static let formatVersion = 2

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(lattice.shape, at: path + "/shape")
    try archive.write(replica, at: path + "/replica")
    try archive.write(steps, at: path + "/steps")
    try archive.write([rows.lowerBound, rows.upperBound], at: path + "/rows")
    for colour in 0..<2 {
      var words: [UInt64] = []
      words.reserveCapacity(rows.count * layout.vectors)
      for y in rows { words += board.row(colour, y) }
      try archive.write(words, shape: [rows.count, layout.vectors], at: path + "/colour\(colour)")
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
    guard 0 <= held[0] && held[0] <= held[1] && held[1] <= lattice.rows && (held[0] % 8 == 0 || held[0] == held[1]) else {
      throw .damaged(file: path, reason: "rows \(held) of a lattice of \(lattice.rows)")
    }
    var board = CheckerboardRows(layout, rows: held[0]..<held[1])
    let w = layout.vectors
    for colour in 0..<2 {
      let words = try archive.read(UInt64.self, count: board.rows.count * w, at: path + "/colour\(colour)")
      for (number, y) in board.rows.enumerated() {
        let row = words[number * w..<(number + 1) * w]
        guard row.enumerated().allSatisfy({ $1 & ~($0 > layout.last ? layout.valid.short : layout.valid.long) == 0 }) else {
          throw .damaged(file: path, reason: "spins past the end of a row")
        }
        board.setRow(colour, y, row)
      }
    }
    self.init(
      lattice, replica: try archive.scalar(Int.self, at: path + "/replica"), steps: try archive.scalar(UInt64.self, at: path + "/steps"),
      board)
  }
}
