internal import Glibc
public import RandomStreams
public import Sampling

/// One filter moved over a square lattice by two sites at a time: a layer whose hidden units share their weights, as a coarse graining.
///
/// Coarse spin (Y, X) sees the window of rows 2Y - m ..< 2Y + 2 + m and the same columns, 2 + 2m = `window`; theta = sum_k w_k v_k, and
/// p(h = +1 | v) = 1 / (1 + e^(-2 theta)), or h is the sign of theta (a coin where it is 0). Without a bias it commutes with the flip
/// of all spins, in law. The law of a window is a table of 2^(window^2) probabilities, of 32 binary digits each, so that p(v) + p(-v) =
/// 1 exactly. Needs a `.lattice` of two even extents; the result is one.
public struct TiedFilter: CoarseGraining {
  /// How h is chosen.
  public enum Choice: String, Sendable, CaseIterable {
    case sampled
    case mostProbable
  }
  /// The edge of the window, 2 or 4, and its weights, row-major.
  public let window: Int, weights: [Double]
  /// How h is chosen.
  public let choice: Choice
  public var scaleFactor: Double { 2 }
  /// p(h = +1) by window, bit k for spin k.
  @usableFromInline let table: [Double]

  /// A filter of `window` squared weights.
  public init(window: Int, weights: [Double], choice: Choice = .sampled) {
    precondition(window == 2 || window == 4, "windows of 2 x 2 or 4 x 4 sites")
    precondition(weights.count == window * window && weights.allSatisfy(\.isFinite), "one weight for each site of the window")
    self.window = window
    self.weights = weights
    self.choice = choice
    let count = 1 << weights.count
    table = (0..<count).map { state in
      var theta = 0.0
      for (k, w) in weights.enumerated() { theta += state >> k & 1 == 1 ? w : -w }
      switch choice {
      case .sampled:
        // Rounded on the side of p <= 1/2 and mirrored.
        let small = (exp(-2 * abs(theta)) / (1 + exp(-2 * abs(theta))) * 0x1p32).rounded() / 0x1p32
        return theta > 0 ? 1 - small : small
      case .mostProbable: return abs(theta) < 1e-12 ? 0.5 : theta > 0 ? 1 : 0
      }
    }
  }

  /// p(h = +1) for a window whose site k is bit k of `state`.
  public func probability(_ state: Int) -> Double { table[state] }

  @inlinable public func coarsen(
    _ fine: Configurations, firstSample: Int, from streams: some Streams
  ) throws(CoarseGrainingError) -> Configurations {
    var windows = try FilterWindows(fine.sites, window: window)
    var coarse = Configurations(count: fine.count, sites: .lattice(windows.coarseShape))
    let count = windows.count
    for sample in 0..<fine.count {
      var coins = streams.series(replica: firstSample + sample, step: 0, site: 0, purpose: .hidden)
      windows.read(fine, sample)
      var word: UInt64 = 0, place = sample &* coarse.wordsPerConfiguration
      for index in 0..<count {
        let p = table[Int(windows.states[index])]
        // Certain spins take no coin, so that a filter of signs is as fast as its table.
        if p == 1 || (p > 0 && coins.accepts(p)) { word |= 1 &<< UInt64(index & 63) }
        if index & 63 == 63 {
          coarse.words[place] = word
          place &+= 1
          word = 0
        }
      }
      if count & 63 != 0 { coarse.words[place] = word }
    }
    return coarse
  }
}

/// The windows of a configuration as numbers, one for each coarse site.
@usableFromInline struct FilterWindows {
  @usableFromInline let coarseShape: [Int], count: Int
  private let rows: Int, columns: Int, window: Int, margin: Int, width: Int
  /// A row with its margins on both sides: bit x + margin is column x.
  private var padded: [UInt64]
  /// Bit k of a state is the spin of the window's site k.
  @usableFromInline var states: ContiguousArray<UInt16>

  @usableFromInline init(_ sites: Configurations.Sites, window: Int) throws(CoarseGrainingError) {
    switch sites {
    case .lattice(let shape) where shape.count == 2: (rows, columns) = (shape[0], shape[1])
    case .lattice, .placed: throw .notALattice
    case .unplaced: throw .unplacedSites
    }
    for size in [rows, columns] where size % 2 != 0 { throw .incommensurate(size: size, block: 2) }
    self.window = window
    margin = (window - 2) / 2
    width = (columns + 2 * margin + 63) / 64 + 1
    coarseShape = [rows / 2, columns / 2]
    count = rows / 2 * (columns / 2)
    padded = [UInt64](repeating: 0, count: rows * width)
    states = ContiguousArray(repeating: 0, count: count)
  }

  /// Fills `states` from configuration `index`.
  @usableFromInline mutating func read(_ fine: Configurations, _ index: Int) {
    let base = index * fine.wordsPerConfiguration, columns = columns, width = width, margin = margin
    for row in 0..<rows {
      let to = row * width
      for k in 0..<width { padded[to + k] = 0 }
      var done = 0
      // 60 columns at a time, so that a piece and the margin's shift fit a word.
      while done < columns {
        let piece = min(60, columns - done), value = bits(fine.words, base: base, first: row * columns + done, count: piece)
        put(value, piece, at: to, bit: done + margin)
        done += piece
      }
      if margin > 0 {
        put(bits(fine.words, base: base, first: row * columns + columns - margin, count: margin), margin, at: to, bit: 0)
        put(bits(fine.words, base: base, first: row * columns, count: margin), margin, at: to, bit: columns + margin)
      }
    }
    let mask: UInt64 = window == 4 ? 0xF : 0x3
    var place = 0
    for y in stride(from: 0, to: rows, by: 2) {
      for x in stride(from: 0, to: columns, by: 2) {
        var state: UInt64 = 0
        for r in 0..<window {
          let row = (y &+ r &- margin &+ rows) % rows, bit = x, word = row &* width &+ bit &>> 6, shift = UInt64(bit & 63)
          var value = padded[word] &>> shift
          if shift > 60 { value |= padded[word &+ 1] &<< (64 &- shift) }
          state |= (value & mask) &<< UInt64(r &* window)
        }
        states[place] = UInt16(truncatingIfNeeded: state)
        place &+= 1
      }
    }
  }

  private mutating func put(_ value: UInt64, _ count: Int, at word: Int, bit: Int) {
    let shift = bit & 63, first = word + bit >> 6
    padded[first] |= value &<< UInt64(shift)
    if shift + count > 64 { padded[first + 1] |= value &>> UInt64(64 - shift) }
  }
}
