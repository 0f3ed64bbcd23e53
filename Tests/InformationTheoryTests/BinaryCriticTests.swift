import Archives
import Glibc
import InformationTheory
import RandomStreams
import Testing

@Suite("The critic of a binary variable")
struct BinaryCriticTests {
  private let streams = KeyedStreams(StreamKey(high: 5, low: 6))

  /// h a fair coin, y four bits: the first is h, turned with probability 1/5, the others are coins.
  private func batch(_ step: Int, count: Int) -> (h: [Float], y: [Float]) {
    var draws = streams.series(replica: step, step: 0, site: 0, purpose: .batch), h: [Float] = [], y: [Float] = []
    for _ in 0..<count {
      let own: Float = draws.accepts(0.5) ? 1 : -1
      h.append(own)
      y.append(draws.accepts(0.2) ? -own : own)
      for _ in 0..<3 { y.append(draws.accepts(0.5) ? 1 : -1) }
    }
    return (h, y)
  }

  @Test("comes to the mutual information of a binary channel, never beyond ln B, and begins at zero")
  func channel() {
    let count = 256, exact = log(2) + 0.2 * log(0.2) + 0.8 * log(0.8)
    var critic = BinaryCritic(dimension: 4, hidden: 16, from: streams)
    let memory = BinaryCritic.Memory(critic, batch: count)
    var values: [Double] = []
    for step in 0..<900 {
      let (h, y) = batch(step, count: count)
      values.append(critic.climb(h, y, rate: step < 600 ? 0.005 : 0, with: memory).bound)
    }
    // The last third stands still: batches are independent of it and of each other.
    let late = values[600...], mean = late.reduce(0, +) / 300
    let error = (late.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 299 / 300).squareRoot()
    #expect(abs(values[0]) < 1e-6 && mean < exact + 4 * error && mean > 0.95 * exact, "\(mean) ± \(error), exactly \(exact)")
  }

  @Test("says how the bound changes with each h")
  func slopes() {
    var critic = BinaryCritic(dimension: 4, hidden: 16, from: streams)
    let count = 16, memory = BinaryCritic.Memory(critic, batch: count)
    for step in 0..<100 {
      let (h, y) = batch(step, count: count)
      _ = critic.climb(h, y, rate: 0.02, with: memory)
    }
    let (drawn, y) = batch(1000, count: count)
    var h = drawn
    for k in h.indices { h[k] *= 0.3 + 0.04 * Float(k) }
    func bound(_ h: [Float]) -> Double {
      var copy = critic
      return copy.climb(h, y, rate: 0, with: memory).bound
    }
    var copy = critic
    let found = copy.climb(h, y, rate: 0, with: memory).slopes
    #expect(found.contains { abs($0) > 0.01 })
    for k in h.indices {
      var up = h, down = h
      up[k] += 0.01
      down[k] -= 0.01
      // Single precision: an error of 1e-7 in the bound is one of 5e-6 here.
      #expect(abs(Double(found[k]) - (bound(up) - bound(down)) / 0.02) < 1e-4, "\(k)")
    }
  }

  @Test("saved and read back it goes on with the same bits")
  func saved() throws {
    var whole = BinaryCritic(dimension: 4, hidden: 8, from: streams), part = whole
    let memory = BinaryCritic.Memory(whole, batch: 32)
    for step in 0..<20 {
      let (h, y) = batch(step, count: 32)
      _ = whole.climb(h, y, rate: 0.01, with: memory)
      if step == 7 {
        var archive = MemoryArchive()
        try part.save(to: &archive, at: "critic")
        part = try BinaryCritic(from: archive, at: "critic")
      }
      _ = part.climb(h, y, rate: 0.01, with: memory)
    }
    #expect(part == whole)
  }
}
