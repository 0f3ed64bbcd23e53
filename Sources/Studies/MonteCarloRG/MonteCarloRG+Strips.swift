import LatticeSystems
import MessagePassing
import RandomStreams
import Renormalization
import Runtime

extension MonteCarloRG {
  /// `count` configurations of every chain, one chain after another: each is moved in strips by all ranks, coarse grained and measured in
  /// bands of rows. The state holds whole lattices, the same on all ranks.
  func advanceStrips(
    _ state: inout State, _ count: Int, _ size: Int, _ streams: StreamKey, on team: borrowing some Communicator & ~Copyable
  ) throws {
    let lattice = try SquareLattice(size: size), source = KeyedStreams(streams), coins = KeyedStreams(streams.use("coins"))
    var move = try StripSwendsenWang(lattice, coupling: coupling), bands = try bands(size), renormalization = try renormalization(size)
    for chain in 0..<chains {
      let start = IsingConfiguration(lattice, spins: state.chains[chain], replica: chain)
      var strip = IsingStrip(start, steps: state.steps)
      for row in state.rows..<state.rows + count {
        try move.advance(&strip, steps: interval, from: source, on: team)
        if row < warmUp { continue }
        let sample = chain * measurements + row - warmUp
        let sums = try bands.sums(try strip.wholeWords(on: team), sample: sample, from: coins, on: team)
        renormalization.count(sums: sums, sample: sample, into: &state.counts)
      }
      state.chains[chain] = try strip.wholeWords(on: team)
    }
  }

  func bands(_ size: Int) throws(CoarseGrainingError) -> BandRenormalization {
    let rule: BandRenormalization.Rule =
      rule == .decimation ? .decimation : .majority(tie: self.rule == .cornerMajority ? .corner : .chosen)
    return try BandRenormalization(shape: [size, size], scale: scale, steps: steps(size), rule: rule, operators: even + odd)
  }
}
