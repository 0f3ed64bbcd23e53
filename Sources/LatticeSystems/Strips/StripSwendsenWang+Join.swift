public import MessagePassing

/// How the clusters of a strip stand to those of the whole lattice.
@usableFromInline struct JoinedClusters {
  let shared: SharedClusters
  /// The places in `shared` of the strip's clusters.
  let places: Range<Int>
  /// Those of the strip's clusters that begin in another strip, by first run, and their places' roots in `shared`.
  @usableFromInline let foreign: [UInt32]
  let foreignRoots: [Int]
  /// The number, in the whole lattice, of the first cluster that begins in the strip, and how many do.
  @usableFromInline let first: Int, count: Int
}

extension StripSwendsenWang {
  /// Joins the strip's clusters with those of the other strips.
  @usableFromInline mutating func join(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> JoinedClusters {
    let division = IsingStrip.division(lattice, ranks: team.size), rank = team.rank
    if division.strips == 1 {
      if !bonds.range.isEmpty {
        bonds.forEachBondOut(startsAfter: bonds.firstRow.words, closesRow: false) { $0.unite($1, $2) }
      }
      return JoinedClusters(
        shared: SharedClusters(bonds: []), places: 0..<0, foreign: [], foreignRoots: [], first: 0, count: bonds.rootCount)
    }
    let between = try bondsBetween(division, on: team)
    // Every strip's own count of clusters, then its bonds to the next one.
    let all = try team.allGather([bonds.rootCount] + between)
    let shared = SharedClusters(bonds: all.flatMap { $0.dropFirst() }), owned = shared.owned(all.map { $0[0] })
    let places = shared.places(of: rank)
    // Parts of one cluster that only another strip connects are one here too.
    var local: [Int: Int] = [:], foreign: [UInt32] = [], foreignRoots: [Int] = []
    for place in places {
      let root = shared.roots[place], run = SharedClusters.run(of: shared.names[place])
      if let first = local[root] {
        bonds.unite(first, run)
      } else {
        local[root] = run
        if !places.contains(root) {
          foreign.append(UInt32(truncatingIfNeeded: run))
          foreignRoots.append(root)
        }
      }
    }
    return JoinedClusters(
      shared: shared, places: places, foreign: foreign, foreignRoots: foreignRoots, first: owned[..<rank].reduce(0, +), count: owned[rank])
  }

  /// The bonds from this strip to the one after it, as pairs of names; each pair of clusters that meet in a row of bonds
  /// once.
  private mutating func bondsBetween(
    _ division: StripDivision, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [Int] {
    if bonds.range.isEmpty { return [] }
    let before = division.before(team.rank), after = division.after(team.rank), rank = team.rank
    // Where runs of the first row begin, whether the row before is closed here, and the runs' clusters.
    let (words, runs) = bonds.firstRow
    var message = Array(words)
    message.append(bonds.closesRowBefore ? 1 : 0)
    for run in 0..<runs { message.append(UInt64(bonds.root(of: run))) }
    let sending = try team.immediateSend(message, to: before, tag: StripTag.toBefore)
    // The words of a row, the flag, and at most a run a site.
    let next = try team.receive(UInt64.self, from: after, tag: StripTag.toBefore, atMost: 65 * words.count + 1).values
    _ = try sending.wait()
    let margin = bonds.margin, roots = next[(margin + 1)...]
    var pairs: [Int] = [], last = (-1, -1)
    bonds.forEachBondOut(startsAfter: next[..<margin], closesRow: next[margin] == 1) { bonds, run, other in
      let pair = (bonds.root(of: run), Int(roots[roots.startIndex + other]))
      if pair == last { return }
      last = pair
      pairs.append(SharedClusters.name(rank: rank, run: pair.0))
      pairs.append(SharedClusters.name(rank: after, run: pair.1))
    }
    return pairs
  }

  /// Numbers the strip's clusters, brings the coins of those that begin in other strips, and measures.
  @usableFromInline mutating func share(
    _ joined: JoinedClusters, firstCoin: Int, on team: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) {
    let count = bonds.number(foreign: joined.foreign, first: firstCoin)
    precondition(count == joined.count, "all ranks count clusters alike")
    let sizes = measuresClusters ? bonds.sizes(count: firstCoin + count) : []
    let squares = sizes.reduce(0) { $0 + $1 * $1 }, shared = joined.shared
    clusterSquares = squares
    if team.size == 1 { return }
    // Of each strip: its own sum of squares less that of shared clusters; then of each shared part the coin, where the
    // cluster begins with it, and the size, once for all parts that are one in the strip.
    var message = [squares], seen: Set<Int> = []
    for place in joined.places {
      let label = bonds.cluster(of: SharedClusters.run(of: shared.names[place]))
      message.append(shared.roots[place] == place && bonds.coin(label) ? 1 : 0)
      let size = measuresClusters && seen.insert(label).inserted ? sizes[label] : 0
      message.append(size)
      message[0] -= size * size
    }
    let all = try team.allGather(message)
    let parts = all.flatMap { $0.dropFirst() }
    for (label, root) in joined.foreignRoots.enumerated() { bonds.setCoin(label, parts[2 * root] == 1) }
    var totals = [Int](repeating: 0, count: shared.names.count)
    for place in shared.names.indices { totals[shared.roots[place]] += parts[2 * place + 1] }
    clusterSquares = all.reduce(0) { $0 + $1[0] } + totals.reduce(0) { $0 + $1 * $1 }
  }
}
