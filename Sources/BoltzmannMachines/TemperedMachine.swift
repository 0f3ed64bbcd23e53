import LinearAlgebra
import Sampling

/// What a tempered path needs of its machine, in 0/1 units.
struct TemperedMachine<Scalar: DenseScalar>: Sendable {
  /// The conditional laws of the untempered machine.
  private let conditionals: BoltzmannConditionals<Scalar>
  /// a_0; empty for the uniform base.
  let baseBias: [Double]
  /// What is added to ln p at position 0 and at position 1 for the machine's own units.
  let baseConstant: Double, targetConstant: Double
  /// (a - a_0)·v.
  private let biasDifference: BitWeightedSums

  init(_ machine: RestrictedBoltzmannMachine<Scalar>, baseBias: [Double]?) {
    let (zeroOne, constant) = machine.converted(to: .zeroOne)
    // +-1: a_0·s = 2 a_0·v - sum a_0.
    let base = baseBias ?? [], isSigned = machine.units == .plusMinusOne
    self.baseBias = isSigned ? base.map { 2 * $0 } : base
    baseConstant = isSigned ? -base.reduce(0, +) : 0
    targetConstant = constant
    conditionals = BoltzmannConditionals(zeroOne)
    var difference = zeroOne.visibleBias.map { Double($0) }
    for i in self.baseBias.indices { difference[i] -= self.baseBias[i] }
    biasDifference = BitWeightedSums(difference)
  }

  /// How many units the visible layer has.
  var visible: Int { conditionals.visible }
  /// b + vW from visible states and a + Wh from hidden ones.
  var upward: LayerFields<Scalar> { conditionals.fields(of: .hidden) }
  var downward: LayerFields<Scalar> { conditionals.fields(of: .visible) }

  /// The part of ln p that is linear in the position: its derivative without the hidden units.
  func linear(of state: VisibleReplicas<Scalar>, _ row: Int) -> Double {
    targetConstant - baseConstant + biasDifference(state.configurations.words, at: row * state.configurations.wordsPerConfiguration)
  }
}
