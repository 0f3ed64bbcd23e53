import LatticeSystems
import Laws
import Sampling

/// All configurations of a model with the values 0 ..< count, numbered by their digits, and its kernels' laws on them.
struct LatticeStates<Model: LatticeModel> where Model.Value: BinaryInteger {
  let model: Model
  /// The values, in the order of the digits.
  let alphabet: [Model.Value]
  /// Configuration `number`.
  func state(_ number: Int) -> LatticeConfiguration<Model.Value> {
    var rest = number
    let values = (0..<model.lattice.sites).map { _ in
      defer { rest /= alphabet.count }
      return alphabet[rest % alphabet.count]
    }
    return LatticeConfiguration(model.lattice, values: values, replica: 0)
  }
  func number(_ state: LatticeConfiguration<Model.Value>) -> Int {
    state.values.reversed().reduce(0) { $0 * alphabet.count + alphabet.firstIndex(of: $1)! }
  }
  var all: [LatticeConfiguration<Model.Value>] {
    (0..<(0..<model.lattice.sites).reduce(1) { n, _ in n * alphabet.count }).map(state)
  }
  func checkStationary<Kernel: MarkovKernel<LatticeConfiguration<Model.Value>>>(_ kernel: Kernel) throws {
    try stationarityLaw(kernel, states: all, logWeight: { model.logWeight($0.values) }, index: number)
  }
  func checkErgodic<Kernel: MarkovKernel<LatticeConfiguration<Model.Value>>>(_ kernel: Kernel) throws {
    try ergodicityLaw(kernel, states: all, index: number)
  }
  /// On the states that `isWanted` picks by their log weight.
  func checkDetailedBalance<Kernel: MarkovKernel<LatticeConfiguration<Model.Value>>>(
    _ kernel: Kernel, where isWanted: (Double) -> Bool = { _ in true }
  ) throws -> Int {
    let states = all.filter { isWanted(model.logWeight($0.values)) }
    try detailedBalanceLaw(kernel, states: states, logWeight: { model.logWeight($0.values) }, index: number)
    return states.count
  }
}
