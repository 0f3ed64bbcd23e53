public import BoltzmannMachines
internal import Glibc
public import LinearAlgebra
public import Sampling
internal import Statistics

/// The Boltzmann machine of a tied filter, exp(sum_j h_j theta_j(v)) without visible couplings, as a variational map of Ising spins: how
/// far the law of its visible units is from the data's.
///
/// ln X(v) = H(v) + sum_j ln 2cosh theta_j(v). D_KL(P || p) = ln Z_lambda - ln Z - <ln X>_P, with ln Z_lambda exactly: the sum over all
/// states of the hidden units, at most 16 of them, of prod_i 2cosh of what they do to visible unit i.
public enum MachineMarginal {
  /// ln Z_lambda on a lattice of `shape`, which has at most 64 sites.
  public static func logPartition(_ filter: TiedFilter, shape: [Int]) -> Double {
    precondition(shape.count == 2 && shape[0] * shape[1] <= 64, "at most 16 hidden units are enumerated")
    let rows = shape[0], columns = shape[1], hidden = rows * columns / 4
    let weights = weights(filter, shape: shape)
    // Gray code: one hidden unit turns at a time. The last stays, by the flip.
    var fields = [Double](repeating: 0, count: rows * columns), logs: [Double] = []
    for j in 0..<hidden { for i in fields.indices { fields[i] -= weights[j * rows * columns + i] } }
    func value() -> Double { fields.reduce(0) { $0 + abs($1) + log1p(exp(-2 * abs($1))) } }
    logs.append(value())
    for step in 1..<1 << (hidden - 1) {
      let j = step.trailingZeroBitCount, isUp = (step ^ step >> 1) >> j & 1 == 1
      for i in fields.indices { fields[i] += (isUp ? 2 : -2) * weights[j * rows * columns + i] }
      logs.append(value())
    }
    return Elementwise.logSumExp(logs) + log(2)
  }

  /// What each hidden unit adds to each visible unit, `[hidden, visible]`.
  private static func weights(_ filter: TiedFilter, shape: [Int]) -> [Double] {
    let rows = shape[0], columns = shape[1], hidden = rows * columns / 4, window = filter.window, margin = (window - 2) / 2
    var weights = [Double](repeating: 0, count: hidden * rows * columns)
    for j in 0..<hidden {
      let y = 2 * (j / (columns / 2)), x = 2 * (j % (columns / 2))
      for k in 0..<window * window {
        let row = (y + k / window - margin + rows) % rows, column = (x + k % window - margin + columns) % columns
        weights[j * rows * columns + row * columns + column] += filter.weights[k]
      }
    }
    return weights
  }
  /// The machine itself on a lattice of `shape`, of +-1 units without biases: what annealing takes where the hidden states are too many.
  public static func machine(_ filter: TiedFilter, shape: [Int]) -> RestrictedBoltzmannMachine<Float> {
    precondition(shape.count == 2 && shape.allSatisfy { $0 % 2 == 0 }, "two even extents")
    let visible = shape[0] * shape[1], hidden = visible / 4, from = weights(filter, shape: shape)
    var weights = [Float](repeating: 0, count: visible * hidden)
    for j in 0..<hidden { for i in 0..<visible { weights[i * hidden + j] = Float(from[j * visible + i]) } }
    return RestrictedBoltzmannMachine(
      units: .plusMinusOne, visible: visible, hidden: hidden, weights: weights, visibleBias: [Float](repeating: 0, count: visible),
      hiddenBias: [Float](repeating: 0, count: hidden))
  }

  /// sum_j ln 2cosh theta_j of each configuration.
  public static func hiddenFreeEnergies(_ filter: TiedFilter, _ data: Configurations) throws(CoarseGrainingError) -> [Double] {
    var windows = try FilterWindows(data.sites, window: filter.window)
    let half = HalfTables(filter.weights)
    var values: [Double] = []
    for sample in 0..<data.count {
      windows.read(data, sample)
      var sum = 0.0
      for j in 0..<windows.count {
        let theta = abs(half.theta(Int(windows.states[j])))
        sum += theta + log1p(exp(-2 * theta))
      }
      values.append(sum)
    }
    return values
  }

  /// The map from samples whose H is known: on a lattice small enough for ln Z_lambda.
  public static func map(
    _ filter: TiedFilter, _ data: Configurations, energies: [Double], logPartition lnZ: Double
  ) throws(CoarseGrainingError) -> SampledVariationalMap {
    guard case .lattice(let shape) = data.sites else { throw .notALattice }
    let exact = Estimate(value: logPartition(filter, shape: shape), error: 0)
    return SampledVariationalMap(
      energies: energies, machineEnergies: try hiddenFreeEnergies(filter, data).map { -$0 }, logPartition: lnZ, modelLogPartition: exact)
  }
}
