extension BondClusters {
  /// Finds the runs of the drawn bonds and unites those that bonds inside the stretch join.
  @usableFromInline mutating func joinInside() {
    findRuns()
    if parents.count < runs {
      parents = Array(repeating: 0, count: runs + runs / 16)
      clusters = parents
    }
    for run in 0..<runs { parents[run] = UInt32(truncatingIfNeeded: run) }
    var links: [UInt32] = []
    // The table leaves `self` while it is written, so that the compiler sees that nothing else does.
    swap(&links, &parents)
    var span = links.mutableSpan
    uniteAroundRows(&span)
    uniteDown(&span, words: 0..<max(0, range.count - lattice.columns) >> 6)
    swap(&links, &parents)
  }

  /// A site begins a run where it is the first of its row or of the stretch or has no bond to its left.
  private mutating func findRuns() {
    var count = 0, carry: UInt64 = 0
    for i in 0..<wordCount {
      let chained = right[i] & ~lastColumn[i], begins = ~(chained &<< 1 | carry) & valid(i)
      carry = chained &>> 63
      starts[i] = begins
      runsBefore[i] = UInt32(truncatingIfNeeded: count)
      count += begins.nonzeroBitCount
    }
    runsBefore[wordCount] = UInt32(truncatingIfNeeded: count)
    runs = count
  }

  /// The bond from the last column closes a row: its last and first run are one.
  private func uniteAroundRows(_ links: inout MutableSpan<UInt32>) {
    for i in 0..<wordCount {
      var rest = right[i] & lastColumn[i]
      while rest != 0 {
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        // The beginning of the first row may lie before the stretch.
        if site &+ 1 >= lattice.columns { Self.unite(&links, run(of: site), run(of: site &+ 1 &- lattice.columns)) }
      }
    }
  }

  /// Bonds down unite runs; one that joins the same two runs as the bond to its left is passed over. All sites below are
  /// in the stretch.
  private func uniteDown(_ links: inout MutableSpan<UInt32>, words: Range<Int>) {
    let begins = starts.span, before = runsBefore.span, columns = lattice.columns
    for i in words {
      var rest = joining(i)
      let base = Int(unsafe before[unchecked: i]) &- 1, here = unsafe begins[unchecked: i]
      while rest != 0 {
        let bit = rest & (0 &- rest)
        let site = 64 &* i &+ rest.trailingZeroBitCount
        rest ^= bit
        Self.unite(&links, base &+ (here & (bit | (bit &- 1))).nonzeroBitCount, run(of: site &+ columns))
      }
    }
  }

  /// Bonds down of word i but those that join the same two runs as the bond to their left.
  @inline(__always) private func joining(_ i: Int) -> UInt64 {
    let begins = starts.span, bonds = down[i], carry = i > 0 ? down[i &- 1] &>> 63 : 0
    let below = bits(begins, at: 64 &* i &+ lattice.columns)
    return bonds & ~((bonds &<< 1 | carry) & ~(unsafe begins[unchecked: i]) & ~below)
  }

  /// The bonds out of the stretch to what follows it in the ring of stretches, whose first row's run starts are given by
  /// `startsAfter`: calls `join` with a run of this stretch and the number of the run after it. `closesRow`: whether the
  /// row that the end of this stretch cuts is closed by a bond that belongs to the next one.
  @usableFromInline mutating func forEachBondOut(
    startsAfter: ArraySlice<UInt64>, closesRow: Bool, _ join: (inout BondClusters, Int, Int) -> Void
  ) {
    let n = range.count, columns = lattice.columns
    setBits(&starts, at: n, startsAfter, count: columns)
    var after = -1, counted = n
    for i in max(0, n - columns) >> 6..<wordCount {
      var rest = joining(i)
      while rest != 0 {
        let site = 64 &* i &+ rest.trailingZeroBitCount, under = site &+ columns
        rest &= rest &- 1
        if under < n {
          unite(run(of: site), run(of: under))
        } else {
          after += startCount(counted..<under + 1)
          counted = under + 1
          join(&self, run(of: site), after)
        }
      }
    }
    let cut = range.upperBound % columns
    if cut == 0 { return }
    // The row that is cut: its last site here has a bond to its right, and its first one from the last column.
    if right[(n - 1) >> 6] >> UInt64((n - 1) & 63) & 1 == 1 { join(&self, run(of: n - 1), 0) }
    if closesRow { join(&self, run(of: n - cut), startCount(n..<n + columns - cut) - 1) }
  }

  /// Whether the last site of the row that the beginning of the stretch cuts has a bond to its first one, which lies
  /// before; false where no row is cut.
  var closesRowBefore: Bool {
    let cut = range.lowerBound % lattice.columns, site = lattice.columns - cut - 1
    return cut > 0 && right[site >> 6] >> UInt64(site & 63) & 1 == 1
  }

  /// The words of the first row's run starts, and how many runs they are.
  var firstRow: (words: ArraySlice<UInt64>, runs: Int) { (starts[0..<margin], startCount(0..<lattice.columns)) }

  /// How many of some bits of `starts` are set.
  private func startCount(_ range: Range<Int>) -> Int {
    let span = starts.span
    return stride(from: range.lowerBound, to: range.upperBound, by: 64).reduce(0) {
      $0 + (bits(span, at: $1) & PackedLattice.lowBits(range.upperBound - $1)).nonzeroBitCount
    }
  }

  /// The run that `site` belongs to: one less than the number of runs begun up to it.
  @inline(__always) private func run(of site: Int) -> Int {
    let begins = starts.span, before = runsBefore.span
    let upTo = ~0 &>> UInt64(63 &- site & 63)
    return Int(unsafe before[unchecked: site &>> 6]) &+ (unsafe begins[unchecked: site &>> 6] & upTo).nonzeroBitCount &- 1
  }

  /// Makes one cluster of two runs' clusters.
  @usableFromInline mutating func unite(_ first: Int, _ second: Int) {
    var span = parents.mutableSpan
    Self.unite(&span, first, second)
  }
  /// The first run of a run's cluster, as far as runs are united.
  mutating func root(of run: Int) -> Int {
    var span = parents.mutableSpan
    return Self.root(&span, run)
  }

  /// Makes one cluster of two; the smaller root stays. One root that both have is written over itself: no branch hangs on
  /// chance but the rare ones of long paths.
  @inline(__always) private static func unite(_ links: inout MutableSpan<UInt32>, _ first: Int, _ second: Int) {
    let a = root(&links, first), b = root(&links, second)
    unsafe links[unchecked: max(a, b)] = UInt32(truncatingIfNeeded: min(a, b))
  }
  /// Most runs are at most two links from their root, and a root is linked to itself: two steps are taken unseen. Paths
  /// are halved on the way.
  @inline(__always) private static func root(_ links: inout MutableSpan<UInt32>, _ run: Int) -> Int {
    let near = unsafe links[unchecked: run]
    var here = unsafe Int(links[unchecked: Int(near)])
    unsafe links[unchecked: run] = UInt32(truncatingIfNeeded: here)
    while true {
      let parent = unsafe links[unchecked: here]
      if Int(parent) == here { return here }
      let next = unsafe links[unchecked: Int(parent)]
      unsafe links[unchecked: here] = next
      here = Int(next)
    }
  }
}
