import GradientFlows
import MessagePassing
import NeuralNetworks
import RandomStreams

/// Trains a small convolutional network with dropout for 30 mini-batches of 48 in 8 shards on keyed data, and prints a hash
/// of all its parameters and curves, which are the same on every rank and on any number of ranks.
func networkTraining(_ c: borrowing MPICommunicator) throws {
  let key = StreamKey(high: 51, low: 52), shape = FeatureShape(height: 8, width: 8, channels: 2)
  var random = KeyedStreams(key).generator(replica: 0, step: 0, site: 0, purpose: .initial)
  let features = (0..<200 * shape.count).map { _ in Float(random.uniform()) }
  let samples = SampleSet(shape: shape, features: features, targets: .classes((0..<200).map { _ in random.index(below: 4) }, of: 4))
  let layers = try ["convolution 3x3x6 relu", "max-pool 2", "dropout 0.2", "dense 40 tanh", "dense 4"].map { try LayerDescription($0) }
  let start = try Network<Float>(input: shape, layers, from: KeyedStreams(key))
  let trainer = try SupervisedLearning(
    samples, network: start, settings: .init(batch: 48, shards: 8), key: key, rank: c.rank, ranks: c.size)
  var state = NetworkTraining(start, rule: .adam(Adam(rate: 0.003)))
  while state.step < 30 { _ = try trainer.advance(&state, batches: 30 - Int(state.step), on: c) }
  claim(state.network != start, "training moves the parameters")

  var hash = BitHash()
  for x in state.network.parameters.joined() { hash.add(UInt64(x.bitPattern)) }
  for x in state.losses + state.accuracies { hash.add(x.bitPattern) }
  let all = try c.allGather([hash.value])
  for (rank, other) in all.enumerated() { equal(other, [hash.value], "hash on rank \(rank)") }
  if c.rank == 0 { say("hash \(String(hash.value, radix: 16))") }
}
