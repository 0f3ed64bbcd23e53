public import Archives
import Glibc
public import RandomStreams

/// Replica exchange (parallel tempering) along the path of an annealable model: one replica at each position, moved by
/// the kernel there; neighbours trade positions with probability min(1, p_a(y) p_b(x)/(p_a(x) p_b(y))).
///
/// Positions are exchanged, not configurations: a replica keeps its index, its random streams and its memory, and only
/// one log-ratio per replica travels. Exchange t tries the pairs of rungs (i, i + 1) with i = t mod 2, t mod 2 + 2, ...;
/// the decision of a pair comes from the stream (step t, site i, purpose `exchange`), so every rank that knows all
/// log-ratios takes the same decisions. Each replica's path depends on its global index and the ladder alone, so
/// replicas may be cut over ranks in any way without changing a bit.
///
/// Source: Hukushima and Nemoto 1996; round trips as in Katzgraber et al. 2006.
public struct ReplicaExchange<Model: Annealable>: Sendable {
  /// The family of laws.
  public let model: Model
  /// The position of each rung on the path; neighbours exchange, so they are ordered, rising or falling.
  public let positions: [Double]
  /// The global number of replica 0: independent ladders under one key get ranges of their own.
  public let firstReplica: Int

  /// A ladder over `positions`, at least one, strictly ordered, within 0 ... 1.
  public init(_ model: Model, positions: [Double], firstReplica: Int = 0) {
    let rising = zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 }
    let falling = zip(positions, positions.dropFirst()).allSatisfy { $0 > $1 }
    precondition(
      !positions.isEmpty && (rising || falling) && positions.allSatisfy { (0...1).contains($0) },
      "a ladder has strictly ordered positions in 0 ... 1")
    self.model = model
    self.positions = positions
    self.firstReplica = firstReplica
  }

  /// Where a part of the replicas stands, with the whole ladder.
  public struct Progress {
    /// The replicas of this part, a batch of one each.
    public var replicas: [Model.State]
    /// The index in the ladder of the first of them.
    public let first: Int
    /// Who stands where; equal on all ranks.
    public var ladder: ExchangeLadder
    /// Kernel steps taken by each replica.
    public var steps: UInt64

    /// A part as its fields say.
    @inlinable public init(replicas: [Model.State], first: Int, ladder: ExchangeLadder, steps: UInt64) {
      (self.replicas, self.first, self.ladder, self.steps) = (replicas, first, ladder, steps)
    }
    /// The state at a rung, nil where another part holds it.
    public func state(atRung rung: Int) -> Model.State? {
      let index = ladder.replicas[rung] - first
      return replicas.indices.contains(index) ? replicas[index] : nil
    }
  }

  /// Replicas `part` of the ladder (all if nil), replica r on rung r, each drawn from p_0.
  @inlinable public func begin(_ part: Range<Int>? = nil, from streams: some Streams) -> Progress {
    let part = part ?? 0..<positions.count
    precondition(part.lowerBound >= 0 && part.upperBound <= positions.count, "a part of the ladder's replicas")
    return Progress(
      replicas: part.map { model.start(replicas: 1, firstReplica: firstReplica + $0, from: streams) }, first: part.lowerBound,
      ladder: ExchangeLadder(rungs: positions.count), steps: 0)
  }

  /// Moves every replica of the part `sweeps` times by the kernel at its rung.
  @inlinable public func move(_ progress: inout Progress, sweeps: Int, from streams: some Streams) {
    for index in progress.replicas.indices {
      var kernel = model.kernel(at: positions[progress.ladder.rungs[progress.first + index]])
      // Step 0 belongs to the start.
      for sweep in 0..<sweeps {
        kernel.step(&progress.replicas[index], at: progress.steps + 1 + UInt64(sweep), from: streams)
      }
    }
    progress.steps += UInt64(sweeps)
  }

  /// For each replica of the part, ln p(x) at the position of its partner in the next exchange less ln p(x) at its own;
  /// 0 without a partner.
  @inlinable public func logRatios(_ progress: Progress) -> [Double] {
    progress.replicas.indices.map { index in
      let rung = progress.ladder.rungs[progress.first + index]
      guard let partner = progress.ladder.partner(of: rung) else { return 0 }
      return model.logRatio(progress.replicas[index], from: positions[rung], to: positions[partner])[0]
    }
  }

  /// Takes the decisions of the next exchange from the log-ratios of all replicas, in the order of their index.
  @inlinable public func exchange(_ progress: inout Progress, logRatios: [Double], from streams: some Streams) {
    progress.ladder.exchange(logRatios: logRatios, ladderNumber: firstReplica, from: streams)
  }

  /// `exchanges` times: `sweeps` moves of each replica, then one exchange.
  ///
  /// - Parameters:
  ///   - gather: from the log-ratios of this part to those of all replicas in the order of their index, a collective
  ///     call where the replicas are cut over ranks.
  ///   - measure: called before each exchange, when every replica follows the law of its rung.
  /// - Throws: what `gather` and `measure` throw.
  @inlinable public func advance<E: Error>(
    _ progress: inout Progress, exchanges: Int, sweeps: Int, from streams: some Streams,
    gather: ([Double]) throws(E) -> [Double], measure: (borrowing Progress) throws(E) -> Void
  ) throws(E) {
    for _ in 0..<exchanges {
      move(&progress, sweeps: sweeps, from: streams)
      try measure(progress)
      exchange(&progress, logRatios: try gather(logRatios(progress)), from: streams)
    }
  }
  /// The same where this part holds all replicas.
  @inlinable public func advance(
    _ progress: inout Progress, exchanges: Int, sweeps: Int, from streams: some Streams,
    measure: (borrowing Progress) -> Void = { _ in }
  ) {
    precondition(progress.replicas.count == positions.count, "all replicas, or a way to gather their log-ratios")
    for _ in 0..<exchanges {
      move(&progress, sweeps: sweeps, from: streams)
      measure(progress)
      exchange(&progress, logRatios: logRatios(progress), from: streams)
    }
  }
}

extension ReplicaExchange.Progress: Sendable where Model.State: Sendable {}

extension ReplicaExchange.Progress: Checkpointable where Model.State: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([first, replicas.count], at: path + "/part")
    try archive.write(steps, at: path + "/steps")
    try ladder.save(to: &archive, at: path + "/ladder")
    for (index, replica) in replicas.enumerated() { try replica.save(to: &archive, at: path + "/replica\(first + index)") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let part = try archive.read(Int.self, count: 2, at: path + "/part")
    let ladder = try ExchangeLadder(from: archive, at: path + "/ladder")
    guard part[0] >= 0, part[1] >= 0, part[0] + part[1] <= ladder.rungs.count else {
      throw .damaged(file: path, reason: "replicas outside the ladder")
    }
    var replicas: [Model.State] = []
    for index in 0..<part[1] { replicas.append(try Model.State(from: archive, at: path + "/replica\(part[0] + index)")) }
    self.init(replicas: replicas, first: part[0], ladder: ladder, steps: try archive.scalar(UInt64.self, at: path + "/steps"))
  }
}
