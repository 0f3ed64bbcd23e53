/// Consecutive rows of both colours of a checkerboard in the layout of `CheckerboardLayout`, with places for the row above
/// and the row below them. The first row is a multiple of 8.
@usableFromInline struct CheckerboardRows: Sendable {
  @usableFromInline let layout: CheckerboardLayout
  /// The rows that are held.
  @usableFromInline let rows: Range<Int>
  /// Vector v of a group of rows of a colour is number place(colour, group) + v. Unused bits of words of rows are zero.
  @usableFromInline var spins: [SIMD8<UInt64>]

  /// Zeros.
  init(_ layout: CheckerboardLayout, rows: Range<Int>) {
    self.layout = layout
    self.rows = rows
    spins = []
    spins = Array(repeating: SIMD8(), count: 2 * size)
  }

  /// Groups that hold rows; the last may be part of one.
  @inlinable var groups: Int { (rows.count &+ 7) &>> 3 }
  /// Vectors of a colour: its groups, and one before the first and one after the last, which the update reads even where the
  /// last group is part of one and holds the row below itself.
  @inlinable var size: Int { (2 &+ groups) &* layout.vectors }
  /// The first vector of a group.
  @inlinable func place(_ colour: Int, _ group: Int) -> Int { colour &* size &+ (group &+ 1) &* layout.vectors }
  /// The group and lane of a row, or of the row above or below.
  @inlinable func lane(_ y: Int) -> (group: Int, lane: Int) {
    let i = y &- rows.lowerBound &+ 8
    return (i &>> 3 &- 1, i & 7)
  }
  /// The lanes of a group that hold rows, as all ones.
  @inlinable func used(_ group: Int) -> SIMD8<UInt64> {
    var mask = SIMD8<UInt64>()
    for lane in 0..<max(0, min(8, rows.count &- 8 &* group)) { mask[lane] = ~0 }
    return mask
  }
  /// The bits of word v that stand for spins, in all lanes.
  @inlinable func valid(_ v: Int) -> SIMD8<UInt64> {
    let (long, short) = layout.valid
    return SIMD8(repeating: v > layout.last ? short : long)
  }

  /// Where a row begins among the words of the vectors: word v of it is 8 v further.
  private func word(_ colour: Int, _ y: Int) -> Int {
    let (group, lane) = lane(y)
    return 8 * place(colour, group) + lane
  }
  /// The W words of a row.
  func row(_ colour: Int, _ y: Int) -> [UInt64] {
    let start = word(colour, y)
    return unsafe spins.withUnsafeBytes { bytes in
      let words = unsafe bytes.bindMemory(to: UInt64.self)
      return (0..<layout.vectors).map { unsafe words[start + 8 * $0] }
    }
  }
  /// Gives a row its W words.
  mutating func setRow(_ colour: Int, _ y: Int, _ row: some Collection<UInt64>) {
    let start = word(colour, y)
    unsafe spins.withUnsafeMutableBytes { bytes in
      let words = unsafe bytes.bindMemory(to: UInt64.self)
      for (v, word) in row.enumerated() { unsafe words[start + 8 * v] = word }
    }
  }

  /// Copies the last row of a colour above the first and the first below the last: rows of a whole lattice.
  @usableFromInline mutating func closeRing(_ colour: Int) {
    let first = word(colour, rows.lowerBound), last = word(colour, rows.upperBound - 1)
    let above = word(colour, rows.lowerBound - 1), below = word(colour, rows.upperBound), end = 8 * layout.vectors
    unsafe spins.withUnsafeMutableBytes { bytes in
      let words = unsafe bytes.bindMemory(to: UInt64.self)
      for v in Swift.stride(from: 0, to: end, by: 8) {
        unsafe words[above + v] = unsafe words[last + v]
        unsafe words[below + v] = unsafe words[first + v]
      }
    }
  }

  /// Copies the groups of `rows` of both colours, which both hold.
  mutating func copy(_ part: Range<Int>, from other: CheckerboardRows) {
    if part.isEmpty { return }
    let first = lane(part.lowerBound).group, start = other.lane(part.lowerBound).group
    let count = (part.count + 7) / 8 * layout.vectors
    for colour in 0..<2 {
      let to = place(colour, first), from = other.place(colour, start)
      unsafe spins.withUnsafeMutableBufferPointer { spins in
        unsafe other.spins.withUnsafeBufferPointer { vectors in
          _ = unsafe spins.extracting(to..<to + count).update(fromContentsOf: vectors.extracting(from..<from + count))
        }
      }
    }
  }

  /// Vectors as words.
  func words(_ range: Range<Int>) -> [UInt64] {
    unsafe spins[range].withUnsafeBytes { unsafe Array($0.bindMemory(to: UInt64.self)) }
  }
  /// Overwrites the vectors from `place` on by words.
  mutating func setWords(_ words: [UInt64], at place: Int) {
    unsafe spins.withUnsafeMutableBytes { spins in
      unsafe words.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(rebasing: spins[64 * place..<64 * place + $0.count]).copyMemory(from: $0)
      }
    }
  }
}

extension CheckerboardRows: Equatable {
  /// Whether the rows are equal; what stands above and below them does not count.
  @usableFromInline static func == (a: Self, b: Self) -> Bool {
    guard a.layout == b.layout && a.rows == b.rows else { return false }
    for group in 0..<a.groups {
      let used = a.used(group)
      for colour in 0..<2 {
        let start = a.place(colour, group)
        for v in start..<start + a.layout.vectors where (a.spins[v] ^ b.spins[v]) & used != SIMD8() { return false }
      }
    }
    return true
  }
}
