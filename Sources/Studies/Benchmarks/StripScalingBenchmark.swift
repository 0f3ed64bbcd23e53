import LatticeSystems
public import MessagePassing
import RandomStreams

/// How much faster the ranks of a launch move one Ising lattice on strips than one of them alone. Wall-clock time; one rank
/// alone and all together take turns in one run.
public struct StripScalingBenchmark: Sendable {
  /// Checkerboard Metropolis at T = 2.5, or Swendsen-Wang at K_c.
  public enum Move: String, Sendable {
    case metropolis = "checkerboard Metropolis", swendsenWang = "Swendsen-Wang"
  }
  /// The move; the lattice is `size` x `size`.
  public let move: Move, size: Int

  /// Those that `renorm bench` measures.
  public static let all =
    [1024, 4096, 16384].map { StripScalingBenchmark(move: .metropolis, size: $0) }
    + [1024, 4096].map { StripScalingBenchmark(move: .swendsenWang, size: $0) }

  /// What it is, for tables.
  public var name: String { "\(move.rawValue) on strips, Ising \(size)x\(size), \(move == .metropolis ? "T = 2.5" : "K_c")" }

  /// Spins per second of rank 0 alone and of all ranks of `world`, for each of `repeats` turns; every rank calls it, rank
  /// 0's values count.
  public func measure(repeats: Int, on world: borrowing some Communicator & ~Copyable) throws -> [(alone: Double, together: Double)] {
    let lattice = try SquareLattice(size: size)
    let streams = KeyedStreams(StreamKey.derive(seed: 0, study: "benchmark", unit: "strips"))
    switch move {
    case .metropolis:
      let sweep = try StripMetropolis(lattice, coupling: 1 / 2.5)
      var whole = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: SoloCommunicator())
      var share = try CheckerboardStrip(hot: lattice, replica: 0, from: streams, on: world)
      let count = max(2, (1 << 32) / lattice.sites)
      return try takeTurns(repeats: repeats, on: world) { () throws(MessagePassingError) in
        let alone = SoloCommunicator()
        return try rate(count) { n throws(MessagePassingError) in try sweep.advance(&whole, sweeps: n, from: streams, on: alone) }
      } together: { () throws(MessagePassingError) in
        try rate(count) { n throws(MessagePassingError) in try sweep.advance(&share, sweeps: n, from: streams, on: world) }
      }
    case .swendsenWang:
      var one = try StripSwendsenWang(lattice, coupling: IsingModel.criticalCoupling), all = one
      var whole = IsingStrip(cold: lattice, replica: 0, on: SoloCommunicator())
      var share = IsingStrip(cold: lattice, replica: 0, on: world)
      let count = max(2, (1 << 26) / lattice.sites)
      return try takeTurns(repeats: repeats, on: world) { () throws(MessagePassingError) in
        let alone = SoloCommunicator()
        return try rate(count) { n throws(MessagePassingError) in try one.advance(&whole, steps: n, from: streams, on: alone) }
      } together: { () throws(MessagePassingError) in
        try rate(count) { n throws(MessagePassingError) in try all.advance(&share, steps: n, from: streams, on: world) }
      }
    }
  }

  /// Spins per second over `count` steps, after one more.
  private func rate(_ count: Int, _ advance: (Int) throws(MessagePassingError) -> Void) throws(MessagePassingError) -> Double {
    try advance(1)
    let begin = wallSeconds()
    try advance(count)
    return Double(count * size * size) / (wallSeconds() - begin)
  }
}
