public import RandomStreams

/// The clusters that bonds make of a stretch of sites of a square Ising lattice, consecutive in row-major order: bonds are
/// drawn 512 at a time, and clusters are found by union of *runs*, maximal horizontal chains of bonds inside a row, which
/// are read off the bond words by counting bits.
///
/// The stretch begins at a multiple of 2^15 sites, where a bond stream begins, and has at least one row's sites. Spins are
/// given by words: a margin of one row's bits before the stretch, the stretch from bit 64 `margin` on, one row's bits right
/// behind its last site. Memory: four bits a site and eight bytes a run; at K_c every second site begins a run.
@usableFromInline struct BondClusters: Sendable {
  /// The lattice, and which sites belong to the stretch.
  @usableFromInline let lattice: SquareLattice, range: Range<Int>
  /// Words of a row's bits, and words of the stretch.
  @usableFromInline let margin: Int, wordCount: Int
  /// Bonds to the right and down, in words padded to whole groups of eight.
  @usableFromInline var right: [UInt64], down: [UInt64]
  /// The coin of cluster c is bit c.
  @usableFromInline var coins: [UInt64] = []
  /// Bits of the last column.
  @usableFromInline let lastColumn: [UInt64]
  /// A bit for each site that begins a run, then, right behind, those of the next row's sites beyond the stretch.
  var starts: [UInt64]
  /// The number of runs before each word, and in the stretch.
  var runsBefore: [UInt32], runs = 0
  /// Union-find over runs, then the cluster of each run.
  var parents: [UInt32] = [], clusters: [UInt32] = []

  /// The stretch `range` of `lattice`.
  @usableFromInline init(_ lattice: SquareLattice, _ range: Range<Int>) {
    precondition(range.isEmpty || range.lowerBound % (1 << 15) == 0 && range.count >= lattice.columns, "a stretch of bond streams")
    self.lattice = lattice
    self.range = range
    wordCount = (range.count + 63) / 64
    margin = (lattice.columns + 63) / 64
    right = Array(repeating: 0, count: (wordCount + 7) / 8 * 8)
    down = right
    starts = Array(repeating: 0, count: wordCount + margin + 2)
    runsBefore = Array(repeating: 0, count: wordCount + 1)
    var last = [UInt64](repeating: 0, count: wordCount)
    let columns = lattice.columns
    for site in stride(from: (range.lowerBound / columns + 1) * columns - 1, to: range.upperBound, by: columns) {
      last[(site - range.lowerBound) >> 6] |= 1 << UInt64(site & 63)
    }
    lastColumn = last
  }

  /// Words of spins with their margins, all zero.
  @usableFromInline var noSpins: [UInt64] { Array(repeating: 0, count: wordCount + 2 * margin + 2) }

  /// The bits of word `index` that stand for sites.
  @inlinable @inline(__always) func valid(_ index: Int) -> UInt64 { PackedLattice.lowBits(range.count &- 64 &* index) }

  /// The number of groups of 512 words that share a bond stream.
  @inlinable var groups: Int { (wordCount &+ 511) / 512 }

  /// The groups whose sites have all their neighbours in the stretch.
  @inlinable var innerGroups: Range<Int> {
    let first = range.lowerBound % lattice.columns == 0 ? 0 : (lattice.columns &+ (1 << 15) &- 1) &>> 15
    return first..<max(first, (range.count &- lattice.columns) &>> 15)
  }

  /// Which neighbours of the sites of word `index` to the right and below have equal spins.
  @inlinable @inline(__always) func equalNeighbours(_ spins: Span<UInt64>, _ index: Int) -> (right: UInt64, down: UInt64) {
    let at = 64 &* (margin &+ index), mask = valid(index), edge = lastColumn[index]
    let different = ~(unsafe spins[unchecked: margin &+ index])
    var beside = bits(spins, at: at &+ 1)
    if edge != 0 { beside = (beside & ~edge) | (bits(spins, at: at &+ 1 &- lattice.columns) & edge) }
    return ((different ^ beside) & mask, (different ^ bits(spins, at: at &+ lattice.columns)) & mask)
  }

  /// Draws the bonds of some groups.
  @inlinable mutating func draw(
    _ words: [UInt64], groups: Range<Int>, _ odds: UniformOdds, replica: Int, step: UInt64, from streams: some Streams
  ) {
    let spins = words.span
    for group in groups {
      var lanes = streams.lanes(replica: replica, step: step, site: range.lowerBound &>> 15 &+ group, purpose: .bond)
      for base in stride(from: 512 &* group, to: min(512 &* (group &+ 1), wordCount), by: 8) {
        var likeRight = SIMD8<UInt64>(), likeDown = SIMD8<UInt64>()
        for lane in 0..<min(8, wordCount &- base) {
          (likeRight[lane], likeDown[lane]) = equalNeighbours(spins, base &+ lane)
        }
        let onRight = lanes.bernoulli(odds, where: likeRight)
        let onDown = lanes.bernoulli(odds, where: likeDown)
        for lane in 0..<8 {
          right[base &+ lane] = onRight[lane]
          down[base &+ lane] = onDown[lane]
        }
      }
    }
  }

  /// Draws the coins of clusters `first ..< first + count` of the lattice, numbered in the order of their first sites,
  /// 2^15 from each stream, after `reserved` coins of others. Every coin takes one random bit, whichever are wanted.
  /// Returns where the first one stands.
  @inlinable mutating func drawCoins(
    _ odds: UniformOdds, first: Int, count: Int, reserved: Int, replica: Int, step: UInt64, from streams: some Streams
  ) -> Int {
    let start = first / 512 &* 512, words = (reserved &+ 511) / 512 &* 8
    let needed = words &+ (first &+ count &- start &+ 511) / 512 &* 8
    if coins.count < needed { coins = Array(repeating: 0, count: needed &+ needed / 16) }
    for group in first >> 15..<max(first >> 15, (first &+ count &+ 1 << 15 &- 1) >> 15) {
      var lanes = streams.lanes(replica: replica, step: step, site: group, purpose: .label)
      for base in stride(from: group &<< 15, to: min((group &+ 1) &<< 15, first &+ count), by: 512) {
        var mask = SIMD8<UInt64>()
        for lane in 0..<8 { mask[lane] = PackedLattice.lowBits(max(0, first &+ count &- base &- 64 &* lane)) }
        let heads = lanes.bernoulli(odds, where: mask)
        if base < start { continue }
        for lane in 0..<8 { coins[words &+ (base &- start) / 64 &+ lane] = heads[lane] }
      }
    }
    return 64 &* words &+ first &- start
  }
}

/// 64 bits from bit `position` on.
@inlinable @inline(__always) func bits(_ words: Span<UInt64>, at position: Int) -> UInt64 {
  let word = position &>> 6, shift = UInt64(position & 63)
  return unsafe (words[unchecked: word] &>> shift) | ((words[unchecked: word &+ 1] &<< 1) &<< (63 &- shift))
}

/// Overwrites `count` bits of `words` from bit `position` on by the first bits of `source`.
@usableFromInline func setBits(_ words: inout [UInt64], at position: Int, _ source: ArraySlice<UInt64>, count: Int) {
  for index in 0..<(count + 63) / 64 {
    let mask = PackedLattice.lowBits(count - 64 * index), value = source[source.startIndex + index] & mask
    let word = (position >> 6) + index, shift = UInt64(position & 63)
    words[word] = words[word] & ~(mask << shift) | value << shift
    if shift > 0 { words[word + 1] = words[word + 1] & ~(mask >> (64 - shift)) | value >> (64 - shift) }
  }
}
