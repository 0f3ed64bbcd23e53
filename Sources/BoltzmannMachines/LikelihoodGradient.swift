import Glibc
import LinearAlgebra
public import Sampling

/// The gradient of the mean log-likelihood with respect to a machine's parameters, in double precision.
public struct LikelihoodGradient: Sendable, Equatable {
  /// d/dW, `[visible, hidden]`, row-major; d/da, `[visible]`; d/db, `[hidden]`.
  public var weights: [Double], visibleBias: [Double], hiddenBias: [Double]
}

extension RestrictedBoltzmannMachine {
  /// The exact gradient of the mean log-likelihood of `configurations`:
  /// d/dW = <v E[h|v]>_data - <v h>_model, d/da = <v>_data - <v>_model, d/db = <E[h|v]>_data - <h>_model,
  /// v and h in the machine's own units.
  ///
  /// Enumerates the smaller layer (some 10 ns for each of its states and unit of the other) and throws
  /// `tooManyUnits` above `enumerationLimit` units.
  public func exactLogLikelihoodGradient(of configurations: Configurations) throws(BoltzmannError) -> LikelihoodGradient {
    let (enumeration, _) = try smallerLayerEnumeration()
    let model = enumeration.moments(), visibleIsEnumerated = visible <= hidden
    // Moments of the set bits, visible by hidden.
    let modelPairs = visibleIsEnumerated ? model.pairs : Transpose.dense(model.pairs, rows: hidden, columns: visible)
    let modelVisible = visibleIsEnumerated ? model.enumerated : model.traced
    let modelHidden = visibleIsEnumerated ? model.traced : model.enumerated
    let data = dataMoments(of: configurations)
    var gradient = LikelihoodGradient(
      weights: zip(data.pairs, modelPairs).map { $0 - $1 }, visibleBias: zip(data.visible, modelVisible).map { $0 - $1 },
      hiddenBias: zip(data.hidden, modelHidden).map { $0 - $1 })
    if units == .plusMinusOne { gradient.moveToSigns() }
    return gradient
  }

  /// Means over `configurations` of [bit of v], p(h set | v) and their products.
  private func dataMoments(of configurations: Configurations) -> (visible: [Double], hidden: [Double], pairs: [Double]) {
    let probabilities = inDoublePrecision.hiddenProbabilities(given: configurations)
    var visibleSums = [Double](repeating: 0, count: visible), hiddenSums = [Double](repeating: 0, count: hidden)
    var pairs = [Double](repeating: 0, count: visible * hidden)
    for row in 0..<configurations.count {
      for j in 0..<hidden { hiddenSums[j] += probabilities[row * hidden + j] }
      for i in 0..<visible where configurations[row, i] {
        visibleSums[i] += 1
        for j in 0..<hidden { pairs[i * hidden + j] += probabilities[row * hidden + j] }
      }
    }
    let n = Double(configurations.count)
    return (visibleSums.map { $0 / n }, hiddenSums.map { $0 / n }, pairs.map { $0 / n })
  }
}

extension LikelihoodGradient {
  /// From differences of moments of bits x, y to those of s = 2x - 1: s s' = 4 x y - 2 x - 2 y + 1.
  fileprivate mutating func moveToSigns() {
    for i in visibleBias.indices {
      for j in hiddenBias.indices {
        weights[i * hiddenBias.count + j] = 4 * weights[i * hiddenBias.count + j] - 2 * visibleBias[i] - 2 * hiddenBias[j]
      }
    }
    for i in visibleBias.indices { visibleBias[i] *= 2 }
    for j in hiddenBias.indices { hiddenBias[j] *= 2 }
  }
}

extension ExactEnumeration {
  /// Means of the enumerated bits, of the traced bits, and of their products `[enumerated, traced]`, under the law.
  func moments() -> (enumerated: [Double], traced: [Double], pairs: [Double]) {
    let logPartition = PartitionBlocks(self, constant: 0).logPartition()
    var enumeratedMeans = [Double](repeating: 0, count: enumerated), tracedMeans = [Double](repeating: 0, count: traced)
    var pairs = [Double](repeating: 0, count: enumerated * traced)
    forEachState { state, fields, bias in
      let weight = exp(fields.reduce(bias - logPartition) { $0 + Elementwise.softplus($1) })
      let weighted = fields.map { weight * Elementwise.sigmoid($0) }
      for t in 0..<traced { tracedMeans[t] += weighted[t] }
      for e in 0..<enumerated where state >> e & 1 == 1 {
        enumeratedMeans[e] += weight
        for t in 0..<traced { pairs[e * traced + t] += weighted[t] }
      }
    }
    return (enumeratedMeans, tracedMeans, pairs)
  }
}
