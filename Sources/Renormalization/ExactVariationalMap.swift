public import BoltzmannMachines
internal import Glibc
public import LinearAlgebra
import Sampling

/// The variational renormalization map of Mehta and Schwab (arXiv:1410.3831), exactly, by enumeration.
///
/// Data law P(v) = e^(-H[v]) / Z, coupling T(v, h): e^(-H_RG[h]) = sum_v e^(T - H), Z_lambda = sum_h e^(-H_RG[h]), X(v) =
/// sum_h e^T, model law p(v) = X e^(-H) / Z_lambda. For a Boltzmann machine with energy E, T = -E + H. Then
/// F^h - F^v = -(ln Z_lambda - ln Z) = -ln <X>_P, and D_KL(P || p) = ln <X>_P - <ln X>_P: equal free energies alone do
/// not make the map exact, a constant X does.
///
/// A state's bit i is unit i (set: +1 or 1). Cost 2^(visible + hidden); nats throughout.
public struct ExactVariationalMap: Sendable {
  /// ln Z of the data law.
  public let logPartition: Double
  /// ln Z_lambda, summed over the hidden states' H_RG.
  public let modelLogPartition: Double
  /// H_RG[h] for each hidden state.
  public let renormalizedEnergies: [Double]
  /// ln X for each visible state.
  public let logX: [Double]
  /// P for each visible state.
  public let probabilities: [Double]
  private let energies: [Double]

  /// From H[v] for all 2^visible states and T(v, h), which may be -infinity (strict decimation). `visible + hidden` at
  /// most 30.
  public init(energies: [Double], hidden: Int, coupling: (_ visible: Int, _ hidden: Int) -> Double) {
    let states = energies.count, hiddenStates = 1 << hidden
    precondition(states > 0 && states & (states - 1) == 0, "one energy for each of 2^visible states")
    precondition(states * hiddenStates <= 1 << 30, "at most 30 units are enumerated")
    self.energies = energies
    logPartition = Elementwise.logSumExp(energies.map { -$0 })
    let lnZ = logPartition
    probabilities = energies.map { exp(-$0 - lnZ) }
    var table = [Double](repeating: 0, count: states * hiddenStates)
    for v in 0..<states {
      for h in 0..<hiddenStates { table[v * hiddenStates + h] = coupling(v, h) }
    }
    logX = (0..<states).map { Elementwise.logSumExp(table[$0 * hiddenStates..<($0 + 1) * hiddenStates]) }
    renormalizedEnergies = (0..<hiddenStates).map { h in
      -Elementwise.logSumExp((0..<states).map { table[$0 * hiddenStates + h] - energies[$0] })
    }
    modelLogPartition = Elementwise.logSumExp(renormalizedEnergies.map { -$0 })
  }

  /// The map that `machine` stands for: T = -E + H.
  public init(energies: [Double], machine: RestrictedBoltzmannMachine<Double>) {
    precondition(energies.count == 1 << machine.visible, "one energy for each visible state")
    self.init(energies: energies, hidden: machine.hidden) { v, h in
      energies[v] - machine.enumeratedEnergy(visible: v, hidden: h)
    }
  }

  /// F^h - F^v = -(ln Z_lambda - ln Z). It moves with the zero of the machine's energy; `kullbackLeibler` does not.
  public var freeEnergyDifference: Double { logPartition - modelLogPartition }
  /// -ln <X>_P: the same number by the other route.
  public var freeEnergyDifferenceOfX: Double {
    let lnZ = logPartition
    return -Elementwise.logSumExp(zip(logX, energies).map { $0 - $1 - lnZ })
  }
  /// <ln X>_P.
  public var meanLogX: Double { zip(probabilities, logX).reduce(0) { $0 + $1.0 * $1.1 } }
  /// The standard deviation of ln X under P: 0 for an exact map.
  public var deviationOfLogX: Double {
    let mean = meanLogX
    return zip(probabilities, logX).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }.squareRoot()
  }
  /// D_KL(P || p) = sum P (ln P - ln p), by its definition.
  public var kullbackLeibler: Double {
    var sum = 0.0
    for v in energies.indices where probabilities[v] > 0 {
      let dataLog = -energies[v] - logPartition, modelLog = logX[v] - energies[v] - modelLogPartition
      sum += probabilities[v] * (dataLog - modelLog)
    }
    return sum
  }
  /// ln <X>_P - <ln X>_P, which equals `kullbackLeibler`.
  public var jensenGap: Double { -freeEnergyDifferenceOfX - meanLogX }
  /// H_RBM[h] = -ln sum_v e^(-E) of every hidden state, the visible units summed in closed form: the other route to
  /// `renormalizedEnergies`.
  public static func hiddenEnergies(of machine: RestrictedBoltzmannMachine<Double>) -> [Double] {
    machine.hiddenFreeEnergy(of: allStates(machine.hidden))
  }
  /// H_RBM[v] = -ln sum_h e^(-E) of every visible state, the hidden units summed in closed form.
  public static func visibleEnergies(of machine: RestrictedBoltzmannMachine<Double>) -> [Double] {
    machine.freeEnergy(of: allStates(machine.visible))
  }
  /// The mean of a function of the hidden state under e^(-H_RG) / Z_lambda.
  public func hiddenMean(_ function: (Int) -> Double) -> Double {
    var sum = 0.0
    for (h, energy) in renormalizedEnergies.enumerated() { sum += exp(-energy - modelLogPartition) * function(h) }
    return sum
  }
}

extension RestrictedBoltzmannMachine<Double> {
  /// The value of a unit whose bit is `set`.
  func enumeratedValue(_ state: Int, _ unit: Int) -> Double {
    state >> unit & 1 == 1 ? 1 : units == .zeroOne ? 0 : -1
  }
  /// E(v, h) = -(a·v + b·h + vWh) of two states given as bits.
  func enumeratedEnergy(visible v: Int, hidden h: Int) -> Double {
    var sum = 0.0
    for i in 0..<visible {
      let x = enumeratedValue(v, i)
      sum += x * visibleBias[i]
      for j in 0..<hidden { sum += x * weights[i * hidden + j] * enumeratedValue(h, j) }
    }
    for j in 0..<hidden { sum += hiddenBias[j] * enumeratedValue(h, j) }
    return -sum
  }
}

/// All states of up to 30 units; number n has the bits of n.
private func allStates(_ units: Int) -> Configurations {
  Configurations(count: 1 << units, sites: .unplaced(units), words: (0..<UInt64(1) << UInt64(units)).map { $0 })
}
