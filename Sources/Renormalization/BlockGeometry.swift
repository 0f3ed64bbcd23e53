public import Sampling

/// How a periodic lattice falls into blocks of `block` sites along each axis, and where its spins lie in packed words.
///
/// A block is a set of runs of `block` neighbouring bits, one run for each way to choose the offsets along all axes
/// but the last.
@usableFromInline struct BlockGeometry {
  let block: Int
  @usableFromInline let fineShape: [Int], coarseShape: [Int]
  /// The first fine site (lowest coordinates) of each block.
  let corners: [Int]
  /// The first sites of a block's runs, relative to its corner.
  let runs: [Int]

  @usableFromInline init(_ sites: Configurations.Sites, block: Int) throws(CoarseGrainingError) {
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
  @usableFromInline var isTwoByTwo: Bool { block == 2 && fineShape.count == 2 }
}

/// Bits `first ..< first + count` of the configuration that starts at word `base`; `count <= 64`.
@inline(__always) func bits(_ words: [UInt64], base: Int, first: Int, count: Int) -> UInt64 {
  let word = base &+ first &>> 6, shift = first & 63
  var found = words[word] &>> UInt64(shift)
  if shift + count > 64 { found |= words[word &+ 1] &<< UInt64(64 - shift) }
  return count == 64 ? found : found & (1 &<< UInt64(count) &- 1)
}
