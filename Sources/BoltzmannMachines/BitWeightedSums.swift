/// sum_i w_i [bit i is set] of packed configurations, four bits looked up at a time, in double precision and in a
/// fixed order.
struct BitWeightedSums: Sendable {
  /// Entry 16 g + n: the sum of the weights 4 g ..< 4 g + 4 whose bit in n is set.
  private let table: [Double]
  private let words: Int

  init(_ weights: [Double]) {
    words = (weights.count + 63) / 64
    var table = [Double](repeating: 0, count: words * 16 * 16)
    for (index, weight) in weights.enumerated() {
      let group = index / 4, bit = index % 4
      for nibble in 0..<16 where nibble >> bit & 1 == 1 { table[group * 16 + nibble] += weight }
    }
    self.table = table
  }

  /// The sum over the set bits of the configuration whose words begin at `start`.
  func callAsFunction(_ configuration: [UInt64], at start: Int) -> Double {
    var total = 0.0
    for w in 0..<words {
      let word = configuration[start &+ w]
      if word == 0 { continue }
      // Four chains of additions side by side.
      var sums = SIMD4<Double>()
      for quarter in 0..<4 {
        let group = (w &* 16 &+ quarter &* 4) &* 16
        let bits = Int(truncatingIfNeeded: word &>> UInt64(quarter &* 16))
        sums += SIMD4(
          table[group &+ (bits & 15)], table[group &+ 16 &+ (bits &>> 4 & 15)],
          table[group &+ 32 &+ (bits &>> 8 & 15)], table[group &+ 48 &+ (bits &>> 12 & 15)])
      }
      total += (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
    return total
  }
}
