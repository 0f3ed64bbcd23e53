public import Archives
import Glibc
public import RandomStreams

/// Which replica stands on which rung of a replica exchange, and what has happened so far.
public struct ExchangeLadder: Sendable, Equatable, Checkpointable {
  /// The rung of each replica, and the replica on each rung: inverse permutations.
  public private(set) var rungs: [Int], replicas: [Int]
  /// Exchanges done: the number of the next one.
  public private(set) var exchanges = 0
  /// By pair (i, i + 1), `[rungs - 1]`: tries, trades, and the sum of the probabilities of a trade, whose mean is the
  /// acceptance with less noise than the trades have.
  public private(set) var attempts: [Int], accepted: [Int], probabilities: [Double]
  /// How often each replica went from the first rung to the last and back.
  public private(set) var roundTrips: [Int]
  /// Whether a replica was last seen at the first rung (1), at the last (-1), or at neither yet (0).
  public private(set) var headings: [Int]

  /// Replica r on rung r.
  public init(rungs count: Int) {
    precondition(count >= 1, "a ladder has a rung")
    rungs = Array(0..<count)
    replicas = rungs
    attempts = [Int](repeating: 0, count: count - 1)
    accepted = attempts
    probabilities = [Double](repeating: 0, count: count - 1)
    roundTrips = [Int](repeating: 0, count: count)
    headings = roundTrips
    noteEnds()
  }

  /// The rung that `rung` may trade with in the next exchange.
  public func partner(of rung: Int) -> Int? {
    let other = (rung - exchanges) & 1 == 0 ? rung + 1 : rung - 1
    return rungs.indices.contains(other) ? other : nil
  }
  /// Trades over tries of each pair; NaN where none was tried.
  public var acceptances: [Double] { zip(accepted, attempts).map { Double($0) / Double($1) } }
  /// Round trips of all replicas.
  public var totalRoundTrips: Int { roundTrips.reduce(0, +) }

  /// One exchange. `logRatios` by replica as `ReplicaExchange.logRatios` gives them; `ladderNumber` keys the decisions.
  public mutating func exchange(logRatios: [Double], ladderNumber: Int, from streams: some Streams) {
    precondition(logRatios.count == rungs.count, "a log-ratio for each replica")
    for lower in stride(from: exchanges & 1, to: rungs.count - 1, by: 2) {
      let a = replicas[lower], b = replicas[lower + 1]
      let probability = min(1, exp(logRatios[a] + logRatios[b]))
      precondition(!probability.isNaN, "log-ratios are numbers")
      var choices = streams.generator(replica: ladderNumber, step: UInt64(exchanges), site: lower, purpose: .exchange)
      attempts[lower] += 1
      probabilities[lower] += probability
      guard choices.bernoulli(probability) else { continue }
      accepted[lower] += 1
      (replicas[lower], replicas[lower + 1]) = (b, a)
      (rungs[a], rungs[b]) = (lower + 1, lower)
    }
    exchanges += 1
    noteEnds()
  }

  private mutating func noteEnds() {
    guard rungs.count > 1 else { return }
    let top = replicas[rungs.count - 1], bottom = replicas[0]
    // Only a replica that has been at the first rung before turns round at the last.
    if headings[top] == 1 { headings[top] = -1 }
    if headings[bottom] == -1 { roundTrips[bottom] += 1 }
    headings[bottom] = 1
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(rungs, at: path + "/rungs")
    try archive.write(exchanges, at: path + "/exchanges")
    try archive.write(attempts, at: path + "/attempts")
    try archive.write(accepted, at: path + "/accepted")
    try archive.write(probabilities, at: path + "/probabilities")
    try archive.write(roundTrips, at: path + "/round_trips")
    try archive.write(headings, at: path + "/headings")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let rungs = try archive.read(Int.self, count: nil, at: path + "/rungs"), n = rungs.count
    guard rungs.sorted() == Array(0..<n), n >= 1 else { throw .damaged(file: path, reason: "rungs that are no permutation") }
    self.init(rungs: n)
    self.rungs = rungs
    for (replica, rung) in rungs.enumerated() { replicas[rung] = replica }
    exchanges = try archive.scalar(Int.self, at: path + "/exchanges")
    attempts = try archive.read(Int.self, count: n - 1, at: path + "/attempts")
    accepted = try archive.read(Int.self, count: n - 1, at: path + "/accepted")
    probabilities = try archive.read(Double.self, count: n - 1, at: path + "/probabilities")
    roundTrips = try archive.read(Int.self, count: n, at: path + "/round_trips")
    headings = try archive.read(Int.self, count: n, at: path + "/headings")
  }
}
