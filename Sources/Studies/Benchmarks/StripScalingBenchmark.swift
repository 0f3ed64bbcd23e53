import LatticeSystems
public import MessagePassing
import RandomStreams

/// How much faster the ranks of a launch move one Ising lattice on strips than one of them alone: checkerboard Metropolis
/// at T = 2.5. Wall-clock time; one rank alone and all together take turns in one run.
public struct StripScalingBenchmark: Sendable {
  /// The lattice is `size` x `size`.
  public let size: Int

  /// The sizes that `renorm bench` measures.
  public static let all = [1024, 4096, 16384].map(StripScalingBenchmark.init)

  /// What it is, for tables.
  public var name: String { "checkerboard Metropolis on strips, Ising \(size)x\(size), T = 2.5" }

  /// Spins per second of rank 0 alone and of all ranks of `world`, for each of `repeats` turns; every rank calls it, rank
  /// 0's values count.
  public func measure(repeats: Int, on world: borrowing some Communicator & ~Copyable) throws -> [(alone: Double, together: Double)] {
    let lattice = try SquareLattice(size: size), sweep = try StripMetropolis(lattice, coupling: 1 / 2.5)
    let streams = KeyedStreams(StreamKey.derive(seed: 0, study: "benchmark", unit: "strips"))
    // Only the first rank ever moves the whole lattice.
    var whole = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: SoloCommunicator())
    var share = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: world)
    let count = max(2, (1 << 32) / lattice.sites)
    func rate(
      _ strip: inout CheckerboardStrip, on team: borrowing some Communicator & ~Copyable
    ) throws(MessagePassingError) -> Double {
      try sweep.advance(&strip, sweeps: 1, from: streams, on: team)
      let begin = wallSeconds()
      try sweep.advance(&strip, sweeps: count, from: streams, on: team)
      return Double(count * lattice.sites) / (wallSeconds() - begin)
    }
    return try takeTurns(repeats: repeats, on: world) { () throws(MessagePassingError) in
      try rate(&whole, on: SoloCommunicator())
    } together: { () throws(MessagePassingError) in
      try rate(&share, on: world)
    }
  }
}
