public import Archives
public import RandomStreams
public import Sampling

/// Replicas of one lattice system, each with its global number: the state of an annealed model.
public struct LatticeReplicas<Configuration: Sendable & Equatable>: Sendable, Equatable {
  /// The replicas, in the order of their numbers.
  public var replicas: [Configuration]
  /// A batch of replicas.
  public init(_ replicas: [Configuration]) { self.replicas = replicas }
}

extension LatticeReplicas: Checkpointable where Configuration: Checkpointable {
  public static var formatVersion: Int { 2 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(replicas.count, at: path + "/count")
    for (index, replica) in replicas.enumerated() { try replica.save(to: &archive, at: path + "/replica\(index)") }
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    var replicas: [Configuration] = []
    for index in 0..<(try archive.scalar(Int.self, at: path + "/count")) {
      replicas.append(try Configuration(from: archive, at: path + "/replica\(index)"))
    }
    self.init(replicas)
  }
}

/// A move applied to each replica in turn; a replica's randomness comes from its own number.
public struct ReplicasMove<Move: MarkovKernel>: MarkovKernel where Move.State: Sendable & Equatable {
  /// The move.
  public var move: Move
  /// `move` on every replica.
  public init(_ move: Move) { self.move = move }
  @inlinable public mutating func step(_ state: inout LatticeReplicas<Move.State>, at step: UInt64, from streams: some Streams) {
    for index in state.replicas.indices { move.step(&state.replicas[index], at: step, from: streams) }
  }
}

/// What was tried for the whole path when an annealed model was made cannot be refused later: couplings of the same sign
/// and smaller, on the same lattice.
func accepted<T>(_ body: () throws(LatticeError) -> T) -> T {
  do { return try body() } catch { preconditionFailure("refused on the path: \(error)") }
}
