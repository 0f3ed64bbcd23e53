import Glibc
public import RandomStreams

/// The growth of a Wolff cluster 64 sites at a time, for lattices whose rows are whole words.
///
/// A word waits in a queue with the sites that joined and have not spread yet; when its turn comes, all of them spread
/// together: over the bonds within the word to the ends of their runs, then over those to the four words beside it. At
/// criticality five sites spread at a time. Bonds are drawn afresh at each visit, for two words of the queue at once, and
/// used only from sites that spread then, so no bond is decided twice: a bond matters at most once, when the first of its
/// sites spreads.
@usableFromInline struct WolffWords: Sendable {
  @usableFromInline let rows: Int, across: Int
  @usableFromInline let odds: UniformOdds
  /// Sites of the cluster that have not spread yet: zero between steps.
  @usableFromInline var reached: [UInt64]
  /// A ring of words, row and number in the row in 32 bits each, none twice. Longer than the words are, since a place is
  /// written before it is known whether it stays.
  @usableFromInline var queue: [UInt64]

  /// The growth for `model`; nil where rows are not whole words.
  init?(_ model: IsingModel) {
    guard model.lattice.columns % 64 == 0 else { return nil }
    rows = model.lattice.rows
    across = model.lattice.columns / 64
    odds = UniformOdds(min(-expm1(-2 * model.coupling), 1.0.nextDown))
    reached = Array(repeating: 0, count: rows * across)
    var length = 4
    while length <= rows * across { length *= 2 }
    queue = Array(repeating: 0, count: length)
  }

  /// Grows the cluster from site `seed`, turns it over in `words`, and gives its size.
  @inlinable mutating func grow(from seed: Int, _ words: inout [UInt64], lanes: inout some LaneChoices) -> Int {
    let first = seed &>> 6, bit: UInt64 = 1 &<< UInt64(seed & 63)
    // All ones where the cluster's spins were down: then `word ^ down` has the sites that can join as ones.
    let down: UInt64 = words[first] & bit == 0 ? ~0 : 0
    let rows = rows, across = across, odds = odds, mask = queue.count &- 1
    return unsafe words.withUnsafeMutableBufferPointer { words in
      unsafe reached.withUnsafeMutableBufferPointer { reached in
        unsafe queue.withUnsafeMutableBufferPointer { queue in
          var growth = unsafe WolffGrowth(
            spins: words.baseAddress!, reached: reached.baseAddress!, queue: queue.baseAddress!, mask: mask, down: down,
            rows: rows, across: across)
          unsafe growth.start(row: first / across, word: first % across, bit)
          unsafe growth.run(odds, &lanes)
          return unsafe growth.size
        }
      }
    }
  }
}

/// A cluster while it grows.
@unsafe @usableFromInline struct WolffGrowth {
  @usableFromInline let spins: UnsafeMutablePointer<UInt64>, reached: UnsafeMutablePointer<UInt64>
  @usableFromInline let queue: UnsafeMutablePointer<UInt64>, mask: Int
  @usableFromInline let down: UInt64, rows: Int, across: Int
  @usableFromInline var head = 0, tail = 0, size = 0

  @inlinable init(
    spins: UnsafeMutablePointer<UInt64>, reached: UnsafeMutablePointer<UInt64>, queue: UnsafeMutablePointer<UInt64>, mask: Int,
    down: UInt64, rows: Int, across: Int
  ) {
    unsafe (self.spins, self.reached, self.queue, self.mask) = (spins, reached, queue, mask)
    unsafe (self.down, self.rows, self.across) = (down, rows, across)
  }

  @inlinable mutating func start(row: Int, word: Int, _ bit: UInt64) {
    unsafe spins[row &* across &+ word] ^= bit
    unsafe join(bit, place: UInt64(row) &<< 32 | UInt64(word), at: row &* across &+ word)
  }

  @inlinable @inline(__always) mutating func run(_ odds: UniformOdds, _ lanes: inout some LaneChoices) {
    while unsafe head != tail {
      let isPair = unsafe tail &- head > 1
      let one = unsafe WordNeighbours(queue[head & mask], rows, across)
      let two = unsafe WordNeighbours(queue[(isPair ? head &+ 1 : head) & mask], rows, across)
      unsafe head &+= isPair ? 2 : 1
      let a = unsafe bonds(one), b = unsafe isPair ? bonds(two) : SIMD4()
      let on = lanes.bernoulli(odds, where: SIMD8(lowHalf: a, highHalf: b))
      unsafe spread(one, on.lowHalf)
      if isPair { unsafe spread(two, on.highHalf) }
    }
  }

  /// The bonds that may be needed when word `at` spreads: to the right of each site, up, down, and to the left of the
  /// first.
  @inlinable @inline(__always) func bonds(_ at: WordNeighbours) -> SIMD4<UInt64> {
    let can = unsafe reached[at.here] | (spins[at.here] ^ down)
    let right = unsafe can &>> 1 | (spins[at.right] ^ down) &<< 63
    return unsafe SIMD4(
      can & right, can & (spins[at.above] ^ down), can & (spins[at.below] ^ down), can & 1 & (spins[at.left] ^ down) &>> 63)
  }

  /// Spreads all that word `at` has reached, over the bonds `on`.
  @inlinable @inline(__always) mutating func spread(_ at: WordNeighbours, _ on: SIMD4<UInt64>) {
    let free = unsafe spins[at.here] ^ down, old = unsafe reached[at.here], right = on[0]
    unsafe reached[at.here] = 0
    // Towards higher bits by carries: an addition runs through the sites that can be passed.
    let passable = right &<< 1 & free, entered = old &<< 1 & passable
    var sites = old | (((entered &+ passable) ^ passable) | entered) & passable
    // Towards lower ones by doubling.
    var pass = right & free
    sites |= pass & sites &>> 1
    pass &= pass &>> 1
    sites |= pass & sites &>> 2
    pass &= pass &>> 2
    sites |= pass & sites &>> 4
    pass &= pass &>> 4
    sites |= pass & sites &>> 8
    pass &= pass &>> 8
    sites |= pass & sites &>> 16
    pass &= pass &>> 16
    sites |= pass & sites &>> 32
    unsafe spins[at.here] ^= sites & ~old
    unsafe size &+= sites.nonzeroBitCount
    let up = unsafe sites & on[1] & (spins[at.above] ^ down), under = unsafe sites & on[2] & (spins[at.below] ^ down)
    unsafe spins[at.above] ^= up
    unsafe join(up, place: at.place(at.rowAbove, at.word), at: at.above)
    unsafe spins[at.below] ^= under
    unsafe join(under, place: at.place(at.rowBelow, at.word), at: at.below)
    let after = unsafe sites &>> 63 & right &>> 63 & (spins[at.right] ^ down)
    if after != 0 {
      unsafe spins[at.right] ^= 1
      unsafe join(1, place: at.place(at.row, at.wordRight), at: at.right)
    }
    let before = unsafe sites & on[3] & (spins[at.left] ^ down) &>> 63
    if before != 0 {
      unsafe spins[at.left] ^= 1 &<< 63
      unsafe join(1 &<< 63, place: at.place(at.row, at.wordLeft), at: at.left)
    }
  }

  /// Adds sites that are to spread; without a branch, which half of all calls would mispredict.
  @inlinable @inline(__always) mutating func join(_ sites: UInt64, place: UInt64, at index: Int) {
    let before = unsafe reached[index]
    unsafe reached[index] = before | sites
    unsafe queue[tail & mask] = place
    unsafe tail &+= (before == 0 ? 1 : 0) & (sites == 0 ? 0 : 1)
  }
}

/// A word and those beside it on the torus.
@usableFromInline struct WordNeighbours {
  @usableFromInline let row: Int, word: Int, rowAbove: Int, rowBelow: Int, wordLeft: Int, wordRight: Int
  @usableFromInline let here: Int, above: Int, below: Int, left: Int, right: Int

  @inlinable @inline(__always) init(_ place: UInt64, _ rows: Int, _ across: Int) {
    row = Int(place &>> 32)
    word = Int(place & 0xFFFF_FFFF)
    rowAbove = (row == 0 ? rows : row) &- 1
    rowBelow = row &+ 1 == rows ? 0 : row &+ 1
    wordLeft = (word == 0 ? across : word) &- 1
    wordRight = word &+ 1 == across ? 0 : word &+ 1
    here = row &* across &+ word
    above = rowAbove &* across &+ word
    below = rowBelow &* across &+ word
    left = row &* across &+ wordLeft
    right = row &* across &+ wordRight
  }
  @inlinable @inline(__always) func place(_ row: Int, _ word: Int) -> UInt64 { UInt64(row) &<< 32 | UInt64(word) }
}
