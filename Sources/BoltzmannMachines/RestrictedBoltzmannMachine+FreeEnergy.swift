import LinearAlgebra
public import Sampling
public import Statistics

/// A layer's marginal law with the other layer summed out, in 0/1 units:
/// ln p*(v) = constant + a·v + sum_j softplus(b_j + (vW)_j).
struct MarginalLaw<Scalar: DenseScalar>: Sendable {
  let fields: LayerFields<Scalar>
  let linear: BitWeightedSums
  let constant: Double

  /// The visible layer's law of `machine`.
  init(visibleLayerOf machine: RestrictedBoltzmannMachine<Scalar>) {
    let (zeroOne, constant) = machine.converted(to: .zeroOne)
    self.constant = constant
    fields = LayerFields(zeroOne.weights, inputs: machine.visible, bias: zeroOne.hiddenBias)
    linear = BitWeightedSums(zeroOne.visibleBias.map { Double($0) })
  }

  /// ln p* of each configuration. Rows go through in blocks, so that memory stays bounded.
  func logWeights(of configurations: Configurations) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(configurations.count)
    let outputs = fields.outputs, words = configurations.wordsPerConfiguration
    for first in stride(from: 0, to: configurations.count, by: 512) {
      let block = configurations.slice(first..<min(first + 512, configurations.count))
      let blockFields = fields(block)
      unsafe blockFields.withUnsafeBufferPointer { fields in
        for row in 0..<block.count {
          let softplus =
            outputs == 0 ? 0 : unsafe softplusSum(fields.baseAddress.unsafelyUnwrapped + row * outputs, count: outputs, scale: 1)
          result.append(constant + linear(block.words, at: row * words) + softplus)
        }
      }
    }
    return result
  }
}

extension RestrictedBoltzmannMachine {
  /// F(v) = -ln sum_h e^(-E(v, h)) of each configuration of the visible layer, so that ln p(v) = -F(v) - ln Z.
  ///
  /// 0/1: F = -a·v - sum_j softplus(b_j + (vW)_j); +-1: F = -a·v - sum_j ln 2cosh(b_j + (vW)_j). Fields in the
  /// machine's precision, everything after in double. A configuration's value does not depend on the others'.
  public func freeEnergy(of configurations: Configurations) -> [Double] {
    MarginalLaw(visibleLayerOf: self).logWeights(of: configurations).map { -$0 }
  }

  /// H[h] = -ln sum_v e^(-E(v, h)) of each configuration of the hidden layer.
  public func hiddenFreeEnergy(of configurations: Configurations) -> [Double] {
    transposed.freeEnergy(of: configurations)
  }

  /// p(h_j is set | v) for each visible configuration, `[count, hidden]`, row-major.
  ///
  /// 0/1: 1 / (1 + e^-x), +-1: 1 / (1 + e^-2x), with the field x_j = b_j + (vW)_j.
  public func hiddenProbabilities(given configurations: Configurations) -> [Scalar] {
    BoltzmannConditionals(self).probabilities(of: .hidden, given: configurations)
  }

  /// p(v_i is set | h) for each hidden configuration, `[count, visible]`, row-major.
  public func visibleProbabilities(given configurations: Configurations) -> [Scalar] {
    BoltzmannConditionals(self).probabilities(of: .visible, given: configurations)
  }

  /// The mean over configurations and its standard error of sum_i ln p(v_i | all other v) -- the pseudo-likelihood,
  /// exactly, with every unit flipped in turn; it needs no partition function.
  ///
  /// = - mean_v sum_i softplus(F(v) - F(v with unit i flipped)). Cost: visible x hidden per configuration. The error
  /// is NaN for a single configuration.
  public func pseudoLogLikelihood(of configurations: Configurations) -> Estimate {
    let (machine, _) = inDoublePrecision.converted(to: .zeroOne)
    let law = MarginalLaw(visibleLayerOf: machine)
    var values: [Double] = []
    values.reserveCapacity(configurations.count)
    for row in 0..<configurations.count {
      values.append(machine.pseudoLogLikelihood(of: configurations.slice(row..<row + 1), law.fields))
    }
    return Estimate(meanOf: values)
  }
}

extension RestrictedBoltzmannMachine<Double> {
  /// sum_i ln p(v_i | rest) of one configuration of a 0/1 machine.
  fileprivate func pseudoLogLikelihood(of configuration: Configurations, _ layer: LayerFields<Double>) -> Double {
    let fields = layer(configuration)
    var flipped = fields
    return unsafe flipped.withUnsafeMutableBufferPointer { flipped in
      guard let moved = flipped.baseAddress else { return 0 }
      let unflipped = unsafe softplusSum(UnsafePointer(moved), count: hidden, scale: 1)
      var total = 0.0
      for i in 0..<visible {
        let sign: Double = configuration[0, i] ? -1 : 1
        for j in 0..<hidden { unsafe moved[j] = fields[j] + sign * weights[i * hidden + j] }
        let after = unsafe softplusSum(UnsafePointer(moved), count: hidden, scale: 1)
        total -= Elementwise.softplus(sign * visibleBias[i] + after - unflipped)
      }
      return total
    }
  }
}
