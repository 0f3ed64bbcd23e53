import RandomStreams
import Statistics
import Testing

@Suite struct RankCorrelationTests {
  static let streams = KeyedStreams(StreamKey(high: 31, low: 32))

  @Test("ranks share their mean where values are equal; rho is 1 for monotone and -1 for falling relations")
  func ranks() {
    #expect(RankCorrelation.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
    #expect(abs(RankCorrelation.spearman([1, 2, 3, 4], [1, 8, 27, 64]) - 1) < 1e-15)
    #expect(abs(RankCorrelation.spearman([1, 2, 3, 4], [4, 3, 2, 1]) + 1) < 1e-15)
    #expect(RankCorrelation.spearman([1, 2, 3], [5, 5, 5]) == 0)
    // A textbook case without ties: rho = 1 - 6 sum d^2 / (n (n^2 - 1)).
    let x = [106.0, 86, 100, 101, 99, 103, 97, 113, 112, 110], y = [7.0, 0, 27, 50, 28, 29, 20, 12, 6, 17]
    #expect(abs(RankCorrelation.spearman(x, y) + 29.0 / 165) < 1e-12)
  }

  @Test("the partial correlation removes a common cause")
  func partial() {
    var choices = Self.streams.generator(replica: 0, step: 0, site: 0, purpose: .initial)
    let z = (0..<4000).map { _ in choices.normal() }
    let x = z.map { $0 + 0.5 * choices.normal() }, y = z.map { $0 + 0.5 * choices.normal() }
    #expect(RankCorrelation.spearman(x, y) > 0.7)
    #expect(abs(RankCorrelation.partial(x, y, controlling: z)) < 0.08)
    #expect(RankCorrelation.partial(x, y, controlling: x) == 0)
  }

  @Test("permutation p-values equal the exact ones of all orders within 5 sigma, and are uniform without relation")
  func pValues() {
    let x = [1.0, 2, 3, 4, 5, 6], y = [2.0, 1, 4, 3, 6, 5], found = RankCorrelation.spearman(x, y)
    var orders: [[Double]] = [[]]
    for k in 1...6 {
      orders = orders.flatMap { order in
        (0...order.count).map { place in
          var next = order
          next.insert(Double(k), at: place)
          return next
        }
      }
    }
    let exact = Double(orders.count { RankCorrelation.spearman(x, $0) >= found - 1e-12 }) / Double(orders.count)
    let test = RankCorrelation.permutationTest(x, y, permutations: 20_000, from: Self.streams)
    #expect(abs(test.upper - exact) < 5 * (exact * (1 - exact) / 20_000).squareRoot() + 1e-4)
    #expect(test.twoSided >= test.upper && test.value == found)
    var small = 0
    for trial in 0..<400 {
      var choices = Self.streams.generator(replica: trial, step: 1, site: 0, purpose: .initial)
      let a = (0..<12).map { _ in choices.normal() }, b = (0..<12).map { _ in choices.normal() }
      if RankCorrelation.permutationTest(a, b, permutations: 200, from: KeyedStreams(StreamKey(high: 9, low: UInt64(trial)))).upper <= 0.1 {
        small += 1
      }
    }
    #expect(abs(Double(small) - 40) < 5 * 36.0.squareRoot())
  }
}
