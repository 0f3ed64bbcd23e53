import Archives
import Laws
import Oracles
import Statistics
import Testing

@Suite("Checkpoints of accumulators")
struct CheckpointTests {
  @Test("half the samples, an archive, and the other half give the bits of an uninterrupted run")
  func resume() throws {
    let samples = gauss(seed: 61, count: 100)
    var archive = MemoryArchive()
    try Moments(samples[..<37]).save(to: &archive, at: "moments")
    var moments = try Moments(from: archive, at: "moments")
    for x in samples[37...] { moments.add(x) }
    #expect(moments == Moments(samples))

    var whole = Histogram(bins: 7, from: -2, to: 2)
    for x in samples[..<37] { whole.add(x) }
    try whole.save(to: &archive, at: "histogram")
    var histogram = try Histogram(from: archive, at: "histogram")
    #expect(histogram == whole)
    for x in samples[37...] {
      whole.add(x)
      histogram.add(x)
    }
    #expect(histogram == whole && whole.below > 0 && whole.above > 0)

    var sums = BlockSums(observables: 2, blocks: 5)
    for (t, x) in samples.enumerated() { sums.add([x, x * x], to: t / 20) }
    try sums.save(to: &archive, at: "sums")
    #expect(try BlockSums(from: archive, at: "sums") == sums)
    try BlockSums.empty.save(to: &archive, at: "none")
    #expect(try BlockSums(from: archive, at: "none") == .empty)
  }

  @Test("the accumulators keep the laws of merging and of checkpoints")
  func laws() throws {
    let samples = gauss(seed: 62, count: 90)
    let parts = (0..<5).map { Moments(samples[18 * $0..<18 * $0 + 18].map { x in x + 3 }) }
    try mergeLaws(parts) { a, b in
      a.count == b.count
        && zip([a.mean, a.m2, a.m3, a.m4], [b.mean, b.m2, b.m3, b.m4]).allSatisfy { abs($0 - $1) <= 1e-11 * (1 + abs($1)) }
    }
    try checkpointLaws(parts[0], equal: ==)
    try checkpointLaws(Moments.empty, equal: ==)

    let histograms = (0..<5).map { part in
      var histogram = Histogram(bins: 4, from: -1, to: 1)
      for x in samples[18 * part..<18 * part + 18] { histogram.add(x) }
      return histogram
    }
    try mergeLaws(histograms, equal: ==)
    try checkpointLaws(histograms[0], equal: ==)
    try checkpointLaws(Histogram.empty, equal: ==)

    // One owner for each block: merging is exact.
    let sums = (0..<5).map { part in
      var sums = BlockSums(observables: 2, blocks: 5)
      for x in samples[18 * part..<18 * part + 18] { sums.add([x, x * x], to: part) }
      return sums
    }
    try mergeLaws(sums, equal: ==)
    try checkpointLaws(sums[1], equal: ==)
    try checkpointLaws(BlockSums.empty, equal: ==)
  }

  @Test("another version and a wrong shape are refused")
  func refusals() throws {
    var archive = MemoryArchive()
    try archive.write(2, at: "moments/version")
    #expect(throws: ArchiveError.version(of: "Moments", found: 2, supported: 1)) {
      try Moments(from: archive, at: "moments")
    }
    try archive.write(1, at: "short/version")
    try archive.write(3, at: "short/count")
    try archive.write([1.0, 2.0], at: "short/moments")
    #expect(throws: ArchiveError.self) { try Moments(from: archive, at: "short") }
    #expect(throws: ArchiveError.missing(path: "nowhere/version")) { try Histogram(from: archive, at: "nowhere") }
  }
}
