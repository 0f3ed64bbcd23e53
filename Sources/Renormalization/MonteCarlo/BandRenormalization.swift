public import MessagePassing
public import RandomStreams
internal import Sampling

/// One large lattice in bands of rows that are dealt out over ranks: its coarse grainings and operators, step after step.
///
/// A band is as high at every number of ranks, is coarse grained by itself with coins of its own, and takes for its operators the first
/// rows of the band below, which all ranks give each other; sums are integers. So the result is the same on any number of ranks. From the
/// first lattice of at most `whole` rows on, every rank has all of it.
public struct BandRenormalization: Sendable {
  /// How block spins are made.
  public enum Rule: Sendable, Equatable { case majority(tie: BlockMajority.Tie), decimation }
  /// The lattices before any step and after each, and how many of them are in bands.
  public let shapes: [[Int]], bandLevels: Int
  /// How many bands there are.
  public let bands: Int
  private let rule: Rule, scale: Int
  private var bandSums: [OperatorSums], wholeSums: [OperatorSums]

  /// - Parameters:
  ///   - shape: rows and columns; `steps`: how often the lattice is coarse grained by `scale`.
  ///   - operators: what is summed at every level.
  ///   - most: how many bands there are at most; `whole`: the rows of a lattice that is not worth cutting.
  /// - Throws: `incommensurate` where the lattice cannot be coarse grained so often.
  public init(
    shape: [Int], scale: Int, steps: Int, rule: Rule, operators: [SpinOperator], most: Int = 64, whole: Int = 256
  ) throws(CoarseGrainingError) {
    guard shape.count == 2 else { throw .notALattice }
    var shapes = [shape]
    for step in 0..<steps {
      for size in shapes[step] where size % scale != 0 { throw .incommensurate(size: size, block: scale) }
      shapes.append(shapes[step].map { $0 / scale })
    }
    self.shapes = shapes
    self.scale = scale
    self.rule = rule
    let cut = shapes.prefix { $0[0] > whole }.count, tallest = operators.flatMap(\.terms).flatMap { $0 }.map(\.row).max() ?? 0
    // Bands of the smallest lattice that is cut hold whole blocks, and all rows that an operator reaches into.
    let last = cut == 0 ? 1 : shapes[cut - 1][0], block = cut > steps ? 1 : scale
    let fitting = (1...most).filter { last % $0 == 0 && last / $0 % block == 0 && last / $0 >= max(8, tallest) }
    bands = cut == 0 ? 1 : fitting.max() ?? 1
    bandLevels = cut
    let count = bands
    var bandSums: [OperatorSums] = [], wholeSums: [OperatorSums] = []
    for (level, shape) in shapes.enumerated() {
      if level < cut {
        bandSums.append(try OperatorSums(operators, sites: .lattice([shape[0] / count, shape[1]]), isBand: true))
      } else {
        wholeSums.append(try OperatorSums(operators, sites: .lattice(shape)))
      }
    }
    (self.bandSums, self.wholeSums) = (bandSums, wholeSums)
  }

  /// The operators of every level, `[levels, operators]`, of one configuration of the whole lattice, which is the global sample `sample`;
  /// all ranks call it with the same words and get the same sums.
  public mutating func sums(
    _ words: [UInt64], sample: Int, from streams: KeyedStreams, on team: borrowing some Communicator & ~Copyable
  ) throws -> [[Int]] {
    let mine = bandLevels == 0 ? 0..<0 : team.rank * bands / team.size..<(team.rank + 1) * bands / team.size
    var found: [[Int]] = [], lattice = words
    if bandLevels > 0 {
      let levels = try mine.map { try bandLevels(words, $0, sample, streams) }
      for level in 0..<bandLevels {
        // The rows that each band shows the one above it.
        var first: [UInt64] = []
        for band in levels { first += bandSums[level].firstRows(of: band[level]) }
        let rows = try team.allGather(first).flatMap { $0 }, each = rows.count / bands
        found.append([Int](repeating: 0, count: bandSums[level].operators.count))
        for (place, band) in mine.enumerated() {
          let next = (band + 1) % bands
          bandSums[level].add(levels[place][level], below: rows[next * each..<(next + 1) * each], to: &found[level])
        }
      }
      var all = found.flatMap { $0 }
      try team.allReduce(&all, .sum)
      let width = found[0].count
      found = (0..<bandLevels).map { Array(all[$0 * width..<($0 + 1) * width]) }
      guard bandLevels < shapes.count else { return found }
      let pieces = try team.allGather(levels.flatMap { $0[bandLevels].words }).flatMap { $0 }
      lattice = joined(pieces, shapes[bandLevels])
    }
    var here = Configurations(count: 1, sites: .lattice(shapes[bandLevels]), words: lattice)
    for level in bandLevels..<shapes.count {
      if level > bandLevels { here = try coarse(here, LaterSteps(streams, by: UInt64(level - 1)), sample) }
      var sums = [Int](repeating: 0, count: wholeSums[0].operators.count)
      wholeSums[level - bandLevels].add(here, 0, to: &sums)
      found.append(sums)
    }
    return found
  }

  /// A band of the whole lattice and its coarse grainings, up to the first that is joined again.
  private func bandLevels(_ words: [UInt64], _ band: Int, _ sample: Int, _ streams: KeyedStreams) throws(CoarseGrainingError)
    -> [Configurations]
  {
    let rows = shapes[0][0] / bands, sites = rows * shapes[0][1], first = band * sites
    var own = Configurations(count: 1, sites: .lattice([rows, shapes[0][1]]))
    for k in own.words.indices { own.words[k] = bits(words, base: 0, first: first + 64 * k, count: min(64, sites - 64 * k)) }
    var levels = [own]
    for level in 1..<min(bandLevels + 1, shapes.count) {
      levels.append(try coarse(levels[level - 1], LaterSteps(streams, by: UInt64(level - 1)), sample * bands + band))
    }
    return levels
  }

  private func coarse(
    _ fine: Configurations, _ streams: LaterSteps<KeyedStreams>, _ sample: Int
  ) throws(CoarseGrainingError) -> Configurations {
    switch rule {
    case .majority(let tie): try BlockMajority(block: scale, tie: tie).coarsen(fine, firstSample: sample, from: streams)
    case .decimation: try Decimation(block: scale).coarsen(fine, firstSample: sample, from: streams)
    }
  }

  /// The words of one lattice from those of its bands.
  private func joined(_ pieces: [UInt64], _ shape: [Int]) -> [UInt64] {
    let sites = shape[0] / bands * shape[1], each = (sites + 63) / 64
    if sites % 64 == 0 { return pieces }
    var words = [UInt64](repeating: 0, count: (shape[0] * shape[1] + 63) / 64)
    for band in 0..<bands {
      for k in 0..<each {
        let at = band * sites + 64 * k, piece = pieces[band * each + k]
        words[at >> 6] |= piece &<< UInt64(at & 63)
        if at & 63 != 0, piece &>> UInt64(64 - at & 63) != 0 { words[at >> 6 + 1] |= piece &>> UInt64(64 - at & 63) }
      }
    }
    return words
  }
}
