import InformationTheory
import MessagePassing
import RandomStreams

/// Estimates the information of normal pairs from neighbours and by trained critics, batches with 8, 5 and 1 shards, and prints a hash
/// of all values and errors, which are the same on every rank and on any number of ranks.
func mutualInformation(_ c: borrowing MPICommunicator) throws {
  let key = StreamKey(high: 61, low: 62)
  var draws = KeyedStreams(key).series(replica: 0, step: 0, site: 0, purpose: .initial)
  var x: [Double] = [], y: [Double] = []
  for _ in 0..<2000 * 3 {
    let (a, b) = draws.normalPair()
    x.append(a)
    y.append(0.8 * a + 0.6 * b)
  }
  let samples = try PairedSamples(x: x, xDimension: 3, y: y, yDimension: 3)
  var found = [
    try KraskovEstimator().estimate(samples, on: c), try KraskovEstimator(k: 5, variant: .second).estimate(samples, on: c),
  ]
  for (bound, critic, batch) in [
    (NeuralBound.infoNCE, CriticKind.separable, 128), (.infoNCE, .separable, 97), (.donskerVaradhan, .separable, 100),
    (.infoNCE, .joint, 24),
    (.donskerVaradhan, .joint, 24),
  ] {
    let estimator = NeuralEstimator(bound, critic: critic, batch: batch, hidden: 24, embedding: 8, steps: 60, from: KeyedStreams(key))
    found.append(try estimator.estimate(samples, on: c))
  }
  for estimate in found { claim(estimate.nats > 0.1 && estimate.nats < 2, "the truth is 1.53 nats, found \(estimate.nats)") }

  var hash = BitHash()
  for estimate in found {
    hash.add(estimate.nats.bitPattern)
    hash.add((estimate.standardError ?? -1).bitPattern)
  }
  let all = try c.allGather([hash.value])
  for (rank, other) in all.enumerated() { equal(other, [hash.value], "hash on rank \(rank)") }
  if c.rank == 0 { say("hash \(String(hash.value, radix: 16))") }
}
