internal import Sampling

/// How a periodic lattice falls into blocks of `block` sites along each axis, and where its spins lie in packed words.
///
/// A block is a set of runs of `block` neighbouring bits, one run for each way to choose the offsets along all axes
/// but the last.
struct BlockGeometry {
  let block: Int
  let fineShape: [Int], coarseShape: [Int]
  /// The first fine site (lowest coordinates) of each block.
  let corners: [Int]
  /// The first sites of a block's runs, relative to its corner.
  let runs: [Int]

  init(_ sites: Configurations.Sites, block: Int) throws(CoarseGrainingError) {
    let shape: [Int]
    switch sites {
    case .lattice(let s): shape = s
    case .placed: throw .notALattice
    case .unplaced: throw .unplacedSites
    }
    for size in shape where size % block != 0 { throw .incommensurate(size: size, block: block) }
    self.block = block
    fineShape = shape
    coarseShape = shape.map { $0 / block }
    var corners = [0], runs = [0], stride = shape.reduce(1, *)
    for (axis, size) in shape.enumerated() {
      stride /= size
      corners = corners.flatMap { corner in (0..<size / block).map { corner + $0 * block * stride } }
      if axis < shape.count - 1 { runs = runs.flatMap { run in (0..<block).map { run + $0 * stride } } }
    }
    self.corners = corners
    self.runs = runs
  }

  /// Whether the bit-parallel 2x2 kernels apply.
  var isTwoByTwo: Bool { block == 2 && fineShape.count == 2 }
}

/// Bits `first ..< first + count` of the configuration that starts at word `base`; `count <= 64`.
@inline(__always) func bits(_ words: [UInt64], base: Int, first: Int, count: Int) -> UInt64 {
  let word = base &+ first &>> 6, shift = first & 63
  var found = words[word] &>> UInt64(shift)
  if shift + count > 64 { found |= words[word &+ 1] &<< UInt64(64 - shift) }
  return count == 64 ? found : found & (1 &<< UInt64(count) &- 1)
}

/// Splits the rows of a packed lattice into the stream of its even rows and that of its odd rows.
struct RowPairs {
  let rows: Int, columns: Int
  /// Words of each of the two streams, rounded up to an even number so that they are taken in pairs.
  let streamWords: Int

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    streamWords = ((rows / 2 * columns + 63) / 64 + 1) & ~1
  }

  /// Fills `even` and `odd` (each `streamWords` long) from the configuration that starts at word `base`.
  func split(_ words: [UInt64], base: Int, even: inout [UInt64], odd: inout [UInt64]) {
    if columns % 64 == 0 {
      let w = columns / 64
      for pair in 0..<rows / 2 {
        for k in 0..<w {
          even[pair &* w &+ k] = words[base &+ 2 &* pair &* w &+ k]
          odd[pair &* w &+ k] = words[base &+ (2 &* pair &+ 1) &* w &+ k]
        }
      }
    } else if columns == 32 {
      // A word is an even row below an odd one; two words make one word of each stream.
      let count = rows / 2
      for k in 0..<(count + 1) / 2 {
        let low = words[base &+ 2 &* k], high = 2 * k + 1 < count ? words[base &+ 2 &* k &+ 1] : 0
        even[k] = low & 0xFFFF_FFFF | high &<< 32
        odd[k] = low &>> 32 | high & 0xFFFF_FFFF_0000_0000
      }
    } else {
      for k in even.indices { even[k] = 0; odd[k] = 0 }
      for pair in 0..<rows / 2 {
        append(words, base: base, first: 2 * pair * columns, to: &even, at: pair * columns)
        append(words, base: base, first: (2 * pair + 1) * columns, to: &odd, at: pair * columns)
      }
    }
  }

  private func append(_ words: [UInt64], base: Int, first: Int, to stream: inout [UInt64], at position: Int) {
    var done = 0
    while done < columns {
      let take = min(columns - done, 64 - (position + done) & 63)
      stream[(position + done) >> 6] |=
        bits(words, base: base, first: first + done, count: take) &<< UInt64((position + done) & 63)
      done += take
    }
  }
}

/// The even bits of a word gathered in its low half, the odd bits in its high half, each in order (Hacker's Delight,
/// 7-2: the outer perfect unshuffle).
@inline(__always) func unshuffled(_ word: UInt64) -> UInt64 {
  var x = word
  var t = (x ^ x &>> 1) & 0x2222_2222_2222_2222; x = x ^ t ^ t &<< 1
  t = (x ^ x &>> 2) & 0x0C0C_0C0C_0C0C_0C0C; x = x ^ t ^ t &<< 2
  t = (x ^ x &>> 4) & 0x00F0_00F0_00F0_00F0; x = x ^ t ^ t &<< 4
  t = (x ^ x &>> 8) & 0x0000_FF00_0000_FF00; x = x ^ t ^ t &<< 8
  t = (x ^ x &>> 16) & 0x0000_0000_FFFF_0000; x = x ^ t ^ t &<< 16
  return x
}
