import BoltzmannMachines
import GradientFlows
import MessagePassing
import RandomStreams
import Sampling

/// Trains a machine of 64 x 32 units for 40 mini-batches of 32 in 8 shards on keyed data, and prints a hash of all its
/// parameters, velocities and curves, which are the same on every rank and on any number of ranks.
func training(_ c: borrowing MPICommunicator) throws {
  let key = StreamKey(high: 41, low: 42), streams = KeyedStreams(key)
  var data = Configurations(count: 200, sites: .unplaced(64))
  for row in 0..<data.count {
    var generator = streams.generator(replica: row, step: 0, site: 0, purpose: .initial)
    // Neighbouring pairs of units are equal.
    for unit in 0..<64 { data[row, unit] = unit % 2 == 1 ? data[row, unit - 1] : generator.bernoulli(0.4) }
  }
  let trainer = ContrastiveDivergence(
    data, hidden: 32, units: .zeroOne, settings: .init(batch: 32, shards: 8), key: key, rank: c.rank, ranks: c.size)
  var state = TrainingState(
    .random(units: .zeroOne, visible: 64, hidden: 32, offset: 0.5, deviation: 0.05, from: streams),
    rule: Momentum(rate: 0.1, momentum: 0.5, decay: 1e-3, l1: 1e-3))
  let start = state.parameters
  while state.step < 40 { _ = try trainer.advance(&state, batches: 40 - Int(state.step), on: c) }
  claim(state.parameters != start, "training moves the parameters")

  var hash = BitHash()
  for block in 0..<state.parameters.blockCount {
    for x in state.parameters[block: block] { hash.add(UInt64(x.bitPattern)) }
  }
  for x in state.reconstructionErrors { hash.add(x.bitPattern) }
  let all = try c.allGather([hash.value])
  for (rank, other) in all.enumerated() { equal(other, [hash.value], "hash on rank \(rank)") }
  if c.rank == 0 { say("hash \(String(hash.value, radix: 16))") }
}
