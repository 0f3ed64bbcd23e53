public import RandomStreams
public import Statistics

extension MutualInformationEstimator where Samples == PairedSamples {
  /// What the estimator says of the same samples with Y in random order, where the truth is zero: its mean over `shuffles`
  /// orders with the error of that mean, and the spread of one. The mean is the bias; an estimate within a few spreads of it is
  /// none.
  ///
  /// Of a chain, a shuffle also takes the autocorrelation away: the spread is then that of independent samples.
  /// - Throws: what `estimate` throws.
  public func shuffledNull(
    _ samples: borrowing PairedSamples, shuffles: Int, from streams: KeyedStreams
  ) throws(EstimationError) -> (mean: Estimate, spread: Double) {
    var values = Moments()
    for shuffle in 0..<shuffles {
      var draws = streams.generator(replica: shuffle, step: 0, site: 0, purpose: .permutation)
      values.add(try estimate(samples.pairing(draws.permutation(count: samples.count))).nats)
    }
    return (values.estimate, values.variance.squareRoot())
  }
}
