public import Archives
public import RandomStreams
public import Sampling

/// One Markov chain of Ising configurations: the spins and how many steps were taken. All randomness comes from streams
/// keyed by the replica and the step, so a chain goes on from its checkpoint as if it had never stopped, on any rank.
public struct IsingChain: Sendable, Equatable, Checkpointable {
  /// How a chain begins.
  public enum Start: Sendable { case hot, cold }
  /// The present configuration.
  public var configuration: IsingConfiguration
  /// Steps taken so far: the number of the next step.
  public var steps: UInt64 = 0

  /// Chain `replica` at its start.
  public init(_ lattice: SquareLattice, replica: Int, start: Start, from streams: some Streams) {
    configuration =
      switch start {
      case .hot: IsingConfiguration(hot: lattice, replica: replica, from: streams)
      case .cold: IsingConfiguration(cold: lattice, replica: replica)
      }
  }

  /// Takes `sweeps` steps of `kernel`, which many chains may share: it holds no state that matters.
  @inlinable public mutating func advance(
    sweeps: Int, with kernel: inout some MarkovKernel<IsingConfiguration>, from streams: some Streams
  ) {
    for _ in 0..<sweeps {
      kernel.step(&configuration, at: steps, from: streams)
      steps &+= 1
    }
  }

  public static let formatVersion = 1
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try configuration.save(to: &archive, at: path)
    try archive.write(steps, at: path + "/steps")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    configuration = try IsingConfiguration(from: archive, at: path)
    steps = try archive.scalar(UInt64.self, at: path + "/steps")
  }
}
