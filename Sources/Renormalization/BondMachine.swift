public import BoltzmannMachines
internal import Glibc
public import LinearAlgebra

/// The machine that is exactly a ferromagnetic Ising model: one hidden +-1 unit per bond, with weight w to both ends.
///
/// sum_h e^(w h (s + s')) = 2 e^K e^(K s s') for w = arcosh(e^(2K)) / 2, so Z_RBM = (2 e^K)^bonds Z. It is exact and yet
/// coarse grains nothing: there are as many hidden units as bonds.
public enum BondMachine {
  /// w = arcosh(e^(2K)) / 2; `coupling` at least 0.
  public static func weight(coupling: Double) -> Double {
    precondition(coupling >= 0, "a bond machine is ferromagnetic")
    return acosh(exp(2 * coupling)) / 2
  }
  /// ln(2 e^K): what each bond adds to ln Z_RBM beyond ln Z.
  public static func logConstant(coupling: Double) -> Double { log(2) + coupling }
  /// The machine of `sites` spins with these bonds (a bond listed twice counts twice), all at `coupling`, no fields.
  public static func machine(
    sites: Int, bonds: [(Int, Int)], coupling: Double
  ) -> RestrictedBoltzmannMachine<Double> {
    let w = weight(coupling: coupling)
    var weights = [Double](repeating: 0, count: sites * bonds.count)
    for (bond, ends) in bonds.enumerated() {
      weights[ends.0 * bonds.count + bond] += w
      weights[ends.1 * bonds.count + bond] += w
    }
    return RestrictedBoltzmannMachine(
      units: .plusMinusOne, visible: sites, hidden: bonds.count, weights: weights,
      visibleBias: [Double](repeating: 0, count: sites), hiddenBias: [Double](repeating: 0, count: bonds.count))
  }
}
