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
    try archive.write(configuration.lattice.shape, at: path + "/shape")
    try archive.write(configuration.replica, at: path + "/replica")
    try archive.write(configuration.spins, at: path + "/spins")
    try archive.write(steps, at: path + "/steps")
  }
  /// Throws `damaged` where the shape is not a lattice or the spins do not fit it.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let shape = try archive.read(Int.self, count: 2, at: path + "/shape")
    let lattice: SquareLattice
    do { lattice = try SquareLattice(rows: shape[0], columns: shape[1]) } catch {
      throw .damaged(file: path, reason: error.description)
    }
    let spins = try archive.read(UInt64.self, count: lattice.words, at: path + "/spins")
    let tail = lattice.sites % 64
    guard tail == 0 || spins[spins.count - 1] >> UInt64(tail) == 0 else {
      throw .damaged(file: path, reason: "spins past the last site")
    }
    configuration = IsingConfiguration(lattice, spins: spins, replica: try archive.scalar(Int.self, at: path + "/replica"))
    steps = try archive.scalar(UInt64.self, at: path + "/steps")
  }
}
