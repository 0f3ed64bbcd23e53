/// A network made ready to look at one sample after another: its weights lie in panels, its memory is kept.
@safe public final class Predictor<Scalar: NetworkScalar> {
  /// The network.
  public let network: Network<Scalar>
  private let pass: NetworkPass<Scalar>

  /// Packs `network`'s weights once.
  public init(_ network: Network<Scalar>) {
    self.network = network
    pass = NetworkPass(network, rows: 1, shards: 0)
    pass.prepare(network, downward: false)
  }

  /// The outputs for sample `index`, bit for bit those of `Network.outputs`.
  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  public func outputs(for samples: SampleSet, _ index: Int) -> [Scalar] {
    precondition(samples.shape.count == network.input.count, "the samples fit the network")
    pass.load(samples, [index])
    pass.forward(1, nil)
    return unsafe Array(UnsafeBufferPointer(start: pass.outputs, count: pass.outputCount))
  }
}
