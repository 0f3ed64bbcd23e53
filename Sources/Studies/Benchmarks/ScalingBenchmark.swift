import BoltzmannMachines
import GradientFlows
import Glibc
public import MessagePassing
import RandomStreams
import Sampling

/// How much faster the ranks of a launch train one machine together than one of them alone, in `strict` mode: the
/// fixed-tree sum of gradients included. Wall-clock time; one rank alone and all together take turns in one run.
public struct ScalingBenchmark: Sendable {
  /// The machine, the mini-batch and its shards.
  public let visible: Int, hidden: Int, batch: Int, shards: Int
  public init(visible: Int = 1024, hidden: Int = 256, batch: Int = 512, shards: Int = 8) {
    self.visible = visible
    self.hidden = hidden
    self.batch = batch
    self.shards = shards
  }

  /// What it is, for tables.
  public var name: String { "CD-1 step, \(visible)x\(hidden), batch \(batch) in \(shards) shards" }

  /// Samples per second of rank 0 alone and of all ranks of `world`, for each of `repeats` turns; every rank calls it,
  /// rank 0's values count.
  public func measure(
    repeats: Int, on world: borrowing some Communicator & ~Copyable
  ) throws(MessagePassingError) -> [(alone: Double, together: Double)] {
    let alone = Trainer(self, rank: 0, ranks: 1), shared = Trainer(self, rank: world.rank, ranks: world.size)
    return try takeTurns(repeats: repeats, on: world) { () throws(MessagePassingError) in
      try alone.rate(on: SoloCommunicator())
    } together: { () throws(MessagePassingError) in
      try shared.rate(on: world)
    }
  }

  /// One training and its state.
  private final class Trainer {
    private let trainer: ContrastiveDivergence, steps: Int, batch: Int
    private var state: TrainingState

    init(_ benchmark: ScalingBenchmark, rank: Int, ranks: Int) {
      let key = StreamKey(high: 3, low: 4), sites = benchmark.visible
      var generator = KeyedStreams(key).lanes(replica: 0, step: 0, site: 0, purpose: .initial)
      let words = (sites + 63) / 64, rows = 8 * benchmark.batch
      let mask: UInt64 = sites % 64 == 0 ? ~0 : (1 << UInt64(sites % 64)) - 1
      let bits = (0..<rows * words).map { i in generator.next()[0] & (i % words == words - 1 ? mask : ~0) }
      let data = Configurations(count: rows, sites: .unplaced(sites), words: bits)
      trainer = ContrastiveDivergence(
        data, hidden: benchmark.hidden, units: .zeroOne, settings: .init(batch: benchmark.batch, shards: benchmark.shards), key: key,
        rank: rank, ranks: ranks)
      state = TrainingState(
        .random(units: .zeroOne, visible: sites, hidden: benchmark.hidden, offset: 0.5, deviation: 0.01, from: KeyedStreams(key)),
        rule: Momentum(rate: 0.064, momentum: 0.5, l1: 4e-3))
      batch = benchmark.batch
      steps = max(4, Int(1e11 / Double(10 * sites * benchmark.hidden * benchmark.batch)))
    }

    /// Samples per second over some tenths of a second.
    func rate(on team: borrowing some Communicator & ~Copyable) throws(MessagePassingError) -> Double {
      _ = try trainer.advance(&state, batches: 1, on: team)
      let begin = wallSeconds()
      for _ in 0..<steps { _ = try trainer.advance(&state, batches: 1, on: team) }
      return Double(steps * batch) / (wallSeconds() - begin)
    }
  }
}

/// The rates of rank 0 alone and of all ranks, measured in turns; every rank calls it, rank 0's values count.
func takeTurns(
  repeats: Int, on world: borrowing some Communicator & ~Copyable, alone: () throws(MessagePassingError) -> Double,
  together: () throws(MessagePassingError) -> Double
) throws(MessagePassingError) -> [(alone: Double, together: Double)] {
  var rates: [(alone: Double, together: Double)] = []
  for _ in 0..<repeats {
    try world.barrier()
    // The others wait asleep, so that the one has the machine for itself.
    let one = world.rank == 0 ? try alone() : 0
    try world.barrier()
    rates.append((one, try together()))
  }
  return rates
}

/// Seconds of the clock that nobody sets.
func wallSeconds() -> Double {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
}
