extension BondClusters {
  /// How many clusters there are, as far as runs are united.
  var rootCount: Int {
    let links = parents.span
    return (0..<runs).reduce(0) { $0 + (Int(unsafe links[unchecked: $1]) == $1 ? 1 : 0) }
  }

  /// Numbers the clusters in the order of their first runs and gives each run its cluster's number. Those whose first run
  /// is in `foreign`, in ascending order, are numbered by their place in it; the others from `first` on. Returns how many
  /// these are.
  @usableFromInline mutating func number(foreign: [UInt32] = [], first: Int = 0) -> Int {
    // The tables leave `self` while they are written, so that the compiler sees that nothing else does.
    var links: [UInt32] = [], labels: [UInt32] = []
    swap(&links, &parents)
    swap(&labels, &clusters)
    let count = Self.number(links.span, labels.mutableSpan, runs: runs, foreign: foreign, first: first)
    swap(&links, &parents)
    swap(&labels, &clusters)
    return count
  }

  private static func number(
    _ links: Span<UInt32>, _ result: consuming MutableSpan<UInt32>, runs: Int, foreign: [UInt32], first: Int
  ) -> Int {
    var labels = result, next = UInt32(truncatingIfNeeded: first), place = 0
    var stranger = foreign.first.map { Int($0) } ?? -1
    for run in 0..<runs {
      let parent = Int(unsafe links[unchecked: run])
      if run == stranger {
        unsafe labels[unchecked: run] = UInt32(truncatingIfNeeded: place)
        place += 1
        stranger = place < foreign.count ? Int(foreign[place]) : -1
        continue
      }
      // A root is the first run of its cluster, so a run's parent has its label already. Written first and read through the
      // parent, a root finds its own: no branch, which every fifth run would mispredict.
      unsafe labels[unchecked: run] = next
      let label = unsafe labels[unchecked: parent]
      unsafe labels[unchecked: run] = label
      next &+= parent == run ? 1 : 0
    }
    return Int(next) - first
  }

  /// The number of a run's cluster, a cluster's coin, and its coin drawn elsewhere.
  func cluster(of run: Int) -> Int { Int(clusters[run]) }
  func coin(_ cluster: Int) -> Bool { coins[cluster >> 6] >> UInt64(cluster & 63) & 1 == 1 }
  mutating func setCoin(_ cluster: Int, _ isHeads: Bool) {
    let bit = UInt64(1) << UInt64(cluster & 63)
    coins[cluster >> 6] = isHeads ? coins[cluster >> 6] | bit : coins[cluster >> 6] & ~bit
  }

  /// Turns the clusters over whose coin shows heads, in the words from `place` on. Flips along a word are the running
  /// parity of their changes, and they change only where a run begins.
  @usableFromInline mutating func turn(_ spins: inout [UInt64], at place: Int) {
    let labels = clusters.span, heads = coins.span
    var run = 0, flipping: UInt64 = 0
    for i in 0..<wordCount {
      var rest = starts[i] & valid(i), changes: UInt64 = 0, now = flipping
      while rest != 0 {
        let bit = rest & (0 &- rest)
        rest ^= bit
        let cluster = Int(unsafe labels[unchecked: run])
        run &+= 1
        let coin = unsafe heads[unchecked: cluster &>> 6] &>> UInt64(cluster & 63) & 1
        changes |= bit & (0 &- (coin ^ now))
        now = coin
      }
      changes ^= changes &<< 1
      changes ^= changes &<< 2
      changes ^= changes &<< 4
      changes ^= changes &<< 8
      changes ^= changes &<< 16
      changes ^= changes &<< 32
      spins[place &+ i] ^= (changes ^ (0 &- flipping)) & valid(i)
      flipping = now
    }
  }

  /// How many sites each cluster has in the stretch, for clusters below `count`, from the lengths of the runs.
  @usableFromInline func sizes(count: Int) -> [Int] {
    var sizes = [Int](repeating: 0, count: count), run = -1, last = 0
    for i in 0..<wordCount {
      var rest = starts[i] & valid(i)
      while rest != 0 {
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        if run >= 0 { sizes[Int(clusters[run])] += site - last }
        run += 1
        last = site
      }
    }
    if run >= 0 { sizes[Int(clusters[run])] += range.count - last }
    return sizes
  }
}
