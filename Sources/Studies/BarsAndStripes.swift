import Sampling

/// Bars and stripes: n x n images in which either each row or each column has one colour, 2^(n + 1) - 2 in all.
enum BarsAndStripes {
  /// All distinct images, in the order of their words.
  static func all(size n: Int) -> Configurations {
    precondition(n >= 1 && n <= 8, "the images fit a word")
    var words: Set<UInt64> = []
    for lines in 0..<(1 << n) {
      var rows: UInt64 = 0, columns: UInt64 = 0
      for line in 0..<n where lines >> line & 1 == 1 {
        for k in 0..<n {
          rows |= 1 << UInt64(line * n + k)
          columns |= 1 << UInt64(k * n + line)
        }
      }
      words.formUnion([rows, columns])
    }
    let sorted = words.sorted()
    return Configurations(count: sorted.count, sites: .unplaced(n * n), words: sorted)
  }
}
