public import LinearAlgebra

extension RestrictedBoltzmannMachine {
  /// The same law in other units, and the constant between the two energies.
  ///
  /// With s = 2x - 1: -E_self = -E_new + `constant`, so ln Z_self = ln Z_new + `constant`, and free energies differ by
  /// the same number. From 0/1 to +-1: W' = W/4, a' = a/2 + W1/4, b' = b/2 + Wᵀ1/4, constant = sum W/4 + sum a/2 +
  /// sum b/2; from +-1 to 0/1: W' = 4W, a' = 2a - 2W1, b' = 2b - 2Wᵀ1, constant = sum W - sum a - sum b. Sums are
  /// taken in double precision. The same units give the machine itself and 0.
  public func converted(to units: UnitValues) -> (machine: RestrictedBoltzmannMachine, constant: Double) {
    guard units != self.units else { return (self, 0) }
    let toZeroOne = units == .zeroOne
    let weightScale: Double = toZeroOne ? 4 : 0.25, biasScale: Double = toZeroOne ? 2 : 0.5, sumScale: Double = toZeroOne ? -2 : 0.25
    var rowSums = [Double](repeating: 0, count: visible), columnSums = [Double](repeating: 0, count: hidden)
    for i in 0..<visible {
      for j in 0..<hidden {
        let w = Double(weights[i * hidden + j])
        rowSums[i] += w
        columnSums[j] += w
      }
    }
    let weightSum = rowSums.reduce(0, +)
    let biasSum = visibleBias.reduce(0) { $0 + Double($1) } + hiddenBias.reduce(0) { $0 + Double($1) }
    let machine = RestrictedBoltzmannMachine(
      units: units, visible: visible, hidden: hidden, weights: weights.map { $0 * Scalar(weightScale) },
      visibleBias: (0..<visible).map { Scalar(biasScale * Double(visibleBias[$0]) + sumScale * rowSums[$0]) },
      hiddenBias: (0..<hidden).map { Scalar(biasScale * Double(hiddenBias[$0]) + sumScale * columnSums[$0]) })
    return (machine, toZeroOne ? weightSum - biasSum : weightSum / 4 + biasSum / 2)
  }

  /// The machine with its layers exchanged: visible units become hidden ones, W becomes Wᵀ. The joint law is the same.
  public var transposed: RestrictedBoltzmannMachine {
    RestrictedBoltzmannMachine(
      units: units, visible: hidden, hidden: visible, weights: Transpose.dense(weights, rows: visible, columns: hidden),
      visibleBias: hiddenBias, hiddenBias: visibleBias)
  }

  /// The machine with its parameters in double precision; exact.
  public var inDoublePrecision: RestrictedBoltzmannMachine<Double> {
    RestrictedBoltzmannMachine<Double>(
      units: units, visible: visible, hidden: hidden, weights: weights.map { Double($0) },
      visibleBias: visibleBias.map { Double($0) }, hiddenBias: hiddenBias.map { Double($0) })
  }

  /// The machine with its parameters rounded to single precision.
  public var inSinglePrecision: RestrictedBoltzmannMachine<Float> {
    RestrictedBoltzmannMachine<Float>(
      units: units, visible: visible, hidden: hidden, weights: weights.map { Float($0) },
      visibleBias: visibleBias.map { Float($0) }, hiddenBias: hiddenBias.map { Float($0) })
  }
}
