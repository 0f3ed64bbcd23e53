internal import Sampling

/// Configurations turned: for each variable a bit vector over samples, so that pair counts are pop counts.
struct BitColumns {
  /// Samples, and 64-bit words for each variable; bits past the last sample are zero.
  let samples: Int, words: Int
  /// `[variables, words]`.
  private(set) var columns: [UInt64]

  /// The rows `rows` of `configurations`.
  init(_ configurations: Configurations, rows: Range<Int>) {
    let variables = configurations.sites.count, width = configurations.wordsPerConfiguration
    samples = rows.count
    words = (rows.count + 63) / 64
    columns = [UInt64](repeating: 0, count: variables * words)
    var tile = [UInt64](repeating: 0, count: 64)
    for w in 0..<words {
      let first = rows.lowerBound + 64 * w, present = min(64, rows.upperBound - first)
      for k in 0..<width {
        for i in 0..<64 { tile[i] = i < present ? configurations.words[(first + i) * width + k] : 0 }
        transpose(&tile)
        for i in 0..<min(64, variables - 64 * k) { columns[(64 * k + i) * words + w] = tile[i] }
      }
    }
  }

  /// How many samples have the variable set.
  func ones(_ variable: Int) -> Int {
    var sum = 0
    for w in variable * words..<(variable + 1) * words { sum &+= columns[w].nonzeroBitCount }
    return sum
  }
  /// How many samples have both variables set.
  func both(_ a: Int, _ b: Int) -> Int {
    var sum = 0
    let x = a &* words, y = b &* words
    for w in 0..<words { sum &+= (columns[x &+ w] & columns[y &+ w]).nonzeroBitCount }
    return sum
  }
}

/// Transposes a 64x64 bit matrix, row i bit j to row j bit i, by swapping ever smaller quadrants (Hacker's Delight, 7-3).
private func transpose(_ rows: inout [UInt64]) {
  var half = 32, mask: UInt64 = 0x0000_0000_FFFF_FFFF
  while half > 0 {
    var k = 0
    while k < 64 {
      let t = (rows[k] &>> UInt64(half) ^ rows[k &+ half]) & mask
      rows[k] ^= t &<< UInt64(half)
      rows[k &+ half] ^= t
      k = (k &+ half &+ 1) & ~half
    }
    half >>= 1
    mask ^= mask &<< UInt64(half)
  }
}
