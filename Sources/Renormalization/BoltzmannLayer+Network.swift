internal import BoltzmannMachines
public import NeuralNetworks

extension BoltzmannLayer where Scalar: NetworkScalar {
  /// The first layer of a network on the sites of the row-major `shape` as a coarse graining: h_j is the sign of its field sum_i W_ij s_i +
  /// b_j on spins of +-1, as the likeliest h of a machine of +-1 units with W and b; units are placed and oriented as those of a machine.
  ///
  /// - Throws: `notALattice` where the first layer is not dense (a convolution has many units at one place); `sizeMismatch`.
  public init(firstLayerOf network: Network<Scalar>, on shape: [Int], deadBelow: Double = 0.1) throws(CoarseGrainingError) {
    guard case .dense(let dense)? = network.layers.first, network.parameters.count >= 2 else { throw .notALattice }
    try self.init(
      RestrictedBoltzmannMachine(
        units: .plusMinusOne, visible: dense.inputs, hidden: dense.outputs, weights: network.parameters[0],
        visibleBias: [Scalar](repeating: 0, count: dense.inputs), hiddenBias: network.parameters[1]),
      on: shape, choice: .mostProbable, deadBelow: deadBelow)
  }
}
