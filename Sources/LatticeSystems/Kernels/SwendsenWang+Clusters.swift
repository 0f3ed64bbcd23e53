extension SwendsenWang {
  /// Finds the clusters of the drawn bonds; `clusters[run]` is their number in the order of their first runs.
  /// Returns how many there are.
  @usableFromInline mutating func labelClusters() -> Int {
    let runs = findRuns()
    for run in 0..<runs { parents[run] = UInt32(truncatingIfNeeded: run) }
    // The tables leave `self` while they are written, so that the compiler sees that nothing else does.
    var links: [UInt32] = [], labels: [UInt32] = []
    swap(&links, &parents)
    swap(&labels, &clusters)
    var span = links.mutableSpan
    uniteAroundRows(&span)
    uniteDown(&span)
    let count = Self.number(links.span, labels.mutableSpan, runs: runs)
    swap(&links, &parents)
    swap(&labels, &clusters)
    if measuresClusters { measure(runs: runs, count: count) }
    return count
  }

  /// Numbers the clusters in the order of their first runs and gives each run its cluster's number.
  private static func number(_ links: Span<UInt32>, _ result: consuming MutableSpan<UInt32>, runs: Int) -> Int {
    var labels = result, count: UInt32 = 0
    // A root is the first run of its cluster, so a run's parent has its label already.
    for run in 0..<runs {
      let parent = Int(unsafe links[unchecked: run])
      if parent == run {
        unsafe labels[unchecked: run] = count
        count &+= 1
      } else {
        unsafe labels[unchecked: run] = labels[unchecked: parent]
      }
    }
    return Int(count)
  }

  /// A site begins a run where it is the first of its row or has no bond to its left.
  private mutating func findRuns() -> Int {
    var runs = 0, carry: UInt64 = 0
    for i in 0..<starts.count {
      let begins = (~(right[i] &<< 1 | carry) | firstColumn[i]) & model.packed.valid[i]
      carry = right[i] &>> 63
      starts[i] = begins
      runsBefore[i] = UInt32(truncatingIfNeeded: runs)
      runs += begins.nonzeroBitCount
    }
    return runs
  }

  /// The bond from the last column closes a row: its last and first run are one.
  private func uniteAroundRows(_ links: inout MutableSpan<UInt32>) {
    let columns = model.lattice.columns, begins = starts.span, before = runsBefore.span
    for i in 0..<begins.count {
      var rest = right[i] & model.packed.lastColumn[i]
      while rest != 0 {
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        unite(&links, run(of: site, begins, before), run(of: site &+ 1 &- columns, begins, before))
      }
    }
  }

  /// Bonds down unite runs; one that joins the same two runs as the bond to its left is passed over.
  private func uniteDown(_ links: inout MutableSpan<UInt32>) {
    let begins = starts.span, before = runsBefore.span, n = model.lattice.sites, columns = model.lattice.columns
    var carry: UInt64 = 0
    for i in 0..<begins.count {
      let bonds = down[i], here = unsafe begins[unchecked: i], below = model.packed.down(begins, i)
      var rest = bonds & ~((bonds &<< 1 | carry) & ~here & ~below)
      carry = bonds &>> 63
      let base = Int(unsafe before[unchecked: i]) &- 1
      while rest != 0 {
        let bit = rest & (0 &- rest)
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest ^= bit
        let under = site &+ columns
        unite(
          &links, base &+ (here & (bit | (bit &- 1))).nonzeroBitCount,
          run(of: under < n ? under : under &- n, begins, before))
      }
    }
  }

  /// The run that `site` belongs to: one less than the number of runs begun up to it.
  @inline(__always) private func run(of site: Int, _ begins: Span<UInt64>, _ before: Span<UInt32>) -> Int {
    let upTo = ~0 &>> UInt64(63 &- site & 63)
    return Int(unsafe before[unchecked: site &>> 6]) &+ (unsafe begins[unchecked: site &>> 6] & upTo).nonzeroBitCount &- 1
  }

  /// Makes one cluster of two; the smaller root stays, and paths are halved on the way.
  @inline(__always) private func unite(_ links: inout MutableSpan<UInt32>, _ first: Int, _ second: Int) {
    let a = root(&links, first), b = root(&links, second)
    if a < b { unsafe links[unchecked: b] = UInt32(truncatingIfNeeded: a) }
    if b < a { unsafe links[unchecked: a] = UInt32(truncatingIfNeeded: b) }
  }
  @inline(__always) private func root(_ links: inout MutableSpan<UInt32>, _ run: Int) -> Int {
    var here = run
    while true {
      let parent = Int(unsafe links[unchecked: here])
      if parent == here { return here }
      let next = unsafe links[unchecked: parent]
      unsafe links[unchecked: here] = next
      here = Int(next)
    }
  }

  /// Turns the clusters over whose coin shows heads. Flips along a word are the running parity of their changes, and
  /// they change only where a run begins.
  @usableFromInline mutating func turn(_ state: inout IsingConfiguration) {
    let labels = clusters.span, heads = coins.span
    var run = 0, flipping: UInt64 = 0
    for i in 0..<starts.count {
      var rest = starts[i], changes: UInt64 = 0, now = flipping
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
      state.words[i] ^= (changes ^ (0 &- flipping)) & model.packed.valid[i]
      flipping = now
    }
  }

  /// Sum of squared cluster sizes, from the lengths of the runs.
  private mutating func measure(runs: Int, count: Int) {
    var sizes = [Int](repeating: 0, count: count), run = -1, last = 0
    for i in 0..<starts.count {
      var rest = starts[i]
      while rest != 0 {
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        if run >= 0 { sizes[Int(clusters[run])] += site - last }
        run += 1
        last = site
      }
    }
    sizes[Int(clusters[run])] += model.lattice.sites - last
    clusterSquares = sizes.reduce(0) { $0 + $1 * $1 }
  }
}
