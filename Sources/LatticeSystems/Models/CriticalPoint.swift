import Glibc

/// Where the transition of a model lies and how the correlation length diverges there, as far as it is known: what
/// finite-size scaling is compared with. Error 0: exact.
public struct CriticalPoint: Sendable, Equatable {
  /// K_c (kappa_c for phi^4) and nu, with errors; nu is nil where the transition is not a power law.
  public let coupling: (value: Double, error: Double), nu: (value: Double, error: Double)?
  /// Where the values come from.
  public let source: String

  /// Ising models in two and three dimensions.
  public static func ising(dimensions: Int) -> CriticalPoint? {
    switch dimensions {
    case 2: CriticalPoint(coupling: (IsingModel.criticalCoupling, 0), nu: (1, 0), source: "Onsager 1944, exact")
    case 3:
      CriticalPoint(
        coupling: (HypercubicIsing.cubicCriticalCoupling, 5e-9), nu: (0.6299709, 4e-6),
        source: "Ferrenberg, Xu, Landau 2018; conformal bootstrap, Kos et al. 2016")
    default: nil
    }
  }
  /// Potts models with q <= 4 colours on the square lattice (at q = 4 with logarithmic corrections).
  public static func potts(colours q: Int, dimensions: Int) -> CriticalPoint? {
    guard dimensions == 2, q <= 4 else { return nil }
    // 1/nu = y_t = 3 (1 - u) / (2 - u), u = (2 / pi) arccos(sqrt(q) / 2).
    let u = 2 / Double.pi * acos(Double(q).squareRoot() / 2)
    return CriticalPoint(
      coupling: (PottsModel.criticalCoupling(colours: q), 0), nu: ((2 - u) / (3 * (1 - u)), 0),
      source: "self-duality (Potts 1952) and den Nijs 1979, exact")
  }
  /// The XY model: Berezinskii-Kosterlitz-Thouless in two dimensions, a power law in three.
  public static func xy(dimensions: Int) -> CriticalPoint? {
    switch dimensions {
    case 2: CriticalPoint(coupling: (1.1199, 1e-4), nu: nil, source: "Hasenbusch 2005")
    case 3: CriticalPoint(coupling: (0.45416, 1e-5), nu: (0.6717, 1e-4), source: "Campostrini et al. 2006")
    default: nil
    }
  }
  /// Scalar phi^4 in two dimensions for the couplings whose kappa_c is known here (HOTRG, L = 16 to 32).
  public static func scalarPhi4(quartic: Double, dimensions: Int) -> CriticalPoint? {
    guard dimensions == 2, let found = [0.1: 0.30323, 0.5: 0.34346, 1.0: 0.34030][quartic] else { return nil }
    return CriticalPoint(coupling: (found, 2e-5), nu: (1, 0), source: "higher-order tensor renormalization; Ising universality")
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.coupling == b.coupling && a.source == b.source && a.nu?.value == b.nu?.value && a.nu?.error == b.nu?.error
  }
}
