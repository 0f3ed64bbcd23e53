import Glibc

/// The renormalization group of Migdal and Kadanoff for the Ising model: b^(d - 1) bonds are moved onto one, of which b in a row are
/// then decimated. Exact on diamond hierarchical lattices, and in one dimension.
///
/// tanh K' = tanh^b(b^(d - 1) K). The field moves with the bonds, as H (s + s') at the ends of each bond. Near the fixed point
/// lambda_h = b^(d - 1) (1 + 2 (t - t^b) / ((1 - t)(1 + t^b))), t = tanh(b^(d - 1) K*): the ends of b bonds in a row and the spins
/// between them, each with its mean between ends that are up. The closed forms hold for any real b > 1 and d > 1; b = 1 stands for
/// the limit b -> 1: dK/dl = (d - 1) K + 1/2 sinh 2K ln tanh K, whose K* is exact in two dimensions.
///
/// The order of the two halves of a step changes K* by the factor b^(d - 1), and no eigenvalue.
/// Source: Migdal 1975; Kadanoff, Ann. Phys. 100, 359 (1976).
public struct MigdalKadanoff: Sendable, Equatable {
  /// b, 1 for the limit, and d > 1.
  public let scale: Double, dimension: Double
  /// b^(d - 1).
  private let moved: Double

  /// A step of `scale` >= 1 in `dimension` > 1 dimensions.
  public init(scale: Double, dimension: Double) {
    precondition(scale >= 1 && dimension > 1, "there is a fixed point above one dimension")
    self.scale = scale
    self.dimension = dimension
    moved = pow(scale, dimension - 1)
  }
  private var isLimit: Bool { scale == 1 }

  /// K' of a step with b > 1, for K >= 0.
  public func step(_ coupling: Double) -> Double {
    precondition(!isLimit && coupling >= 0, "a step needs a scale; see rate")
    // artanh x = 1/2 ln[(1 + x) / (1 - x)] with ln x = b ln tanh, which keeps its digits where tanh is near 1.
    let power = scale * logTanh(moved * coupling)
    return 0.5 * (log1p(exp(power)) - log(-expm1(power)))
  }

  /// K' and H' of a step with whole b > 1: exactly, any field.
  public func step(coupling: Double, field: Double) -> (coupling: Double, field: Double) {
    precondition(!isLimit && scale == scale.rounded(), "the field flows by whole steps")
    // A bond's own matrix has H (s + s'), the ring's B (s + s') / 2.
    let ring = RingDecimation(scale: Int(scale)).step(RingCouplings(coupling: moved * coupling, field: 2 * moved * field))
    return (ring.coupling, ring.field / 2)
  }

  /// dK/dl of the limit b -> 1, for K > 0.
  public func rate(_ coupling: Double) -> Double {
    (dimension - 1) * coupling + 0.5 * sinh(2 * coupling) * logTanh(coupling)
  }

  /// The critical fixed point.
  public var fixedPoint: FlowFixedPoint {
    if isLimit {
      let k = root(of: rate, from: 1e-12, to: 40)
      // d(dK/dl)/dK; d ln tanh K = 2 dK / sinh 2K.
      let thermal = dimension + cosh(2 * k) * logTanh(k)
      return FlowFixedPoint(
        coupling: k, scale: 1, thermalExponent: thermal, magneticExponent: dimension - 1 - sinh(2 * k) * logTanh(k))
    }
    let k = root(of: { step($0) - $0 }, from: 1e-12 / moved, to: 40)
    let t = tanh(moved * k), power = pow(t, scale)
    // d(artanh t^b) = b t^(b - 1) dt / (1 - t^2b), dt = b^(d - 1) (1 - t^2) dK.
    let thermal = moved * scale * power / t * (1 - t * t) / (1 - power * power)
    let magnetic = moved * (1 + 2 * (t - power) / ((1 - t) * (1 + power)))
    return FlowFixedPoint(coupling: k, scale: scale, thermalEigenvalue: thermal, magneticEigenvalue: magnetic)
  }
}

/// The same for the Potts model with q states, weight exp(K delta): with x = e^K, t = (x^(b^(d - 1)) - 1) / (x^(b^(d - 1)) + q - 1),
/// t' = t^b, K' = ln[(1 + (q - 1) t') / (1 - t')]. Limit b -> 1: dK/dl = (d - 1) K + q t ln t / ((1 + (q - 1) t)(1 - t)), exact for K*
/// in two dimensions, ln(1 + sqrt q). At q = 2, K is twice the Ising coupling. Any real q > 0.
public struct PottsMigdalKadanoff: Sendable, Equatable {
  /// q, b and d.
  public let states: Double, scale: Double, dimension: Double
  private let moved: Double

  /// A step of `scale` >= 1 (1: the limit) in `dimension` > 1 dimensions for `states` > 0.
  public init(states: Double, scale: Double, dimension: Double) {
    precondition(states > 0 && scale >= 1 && dimension > 1, "there is a fixed point above one dimension")
    self.states = states
    self.scale = scale
    self.dimension = dimension
    moved = pow(scale, dimension - 1)
  }

  /// t of a coupling, in [0, 1).
  private func transmissivity(_ coupling: Double) -> Double { -expm1(-coupling) / (1 + (states - 1) * exp(-coupling)) }
  /// dK/dt.
  private func stretch(_ t: Double) -> Double { states / ((1 + (states - 1) * t) * (1 - t)) }

  /// K' of a step with b > 1, for K >= 0.
  public func step(_ coupling: Double) -> Double {
    precondition(scale > 1 && coupling >= 0, "a step needs a scale; see rate")
    // ln t without loss where t is near 1: 1 - t = q e^-K / (1 + (q - 1) e^-K).
    let e = exp(-moved * coupling)
    let power = scale * log1p(-states * e / (1 + (states - 1) * e))
    return log1p((states - 1) * exp(power)) - log(-expm1(power))
  }
  /// dK/dl of the limit b -> 1, for K > 0.
  public func rate(_ coupling: Double) -> Double {
    let t = transmissivity(coupling)
    return (dimension - 1) * coupling + stretch(t) * t * log(t)
  }

  /// The critical fixed point.
  public var fixedPoint: FlowFixedPoint {
    if scale == 1 {
      let k = root(of: rate, from: 1e-12, to: 30), t = transmissivity(k)
      // d/dK [stretch(t) t ln t] = (ln t + 1) + t ln t (ln stretch)', with dt/dK = 1 / stretch.
      let slope = log(t) + 1 + t * log(t) * (1 / (1 - t) - (states - 1) / (1 + (states - 1) * t))
      return FlowFixedPoint(coupling: k, scale: 1, thermalExponent: dimension - 1 + slope, magneticExponent: nil)
    }
    let k = root(of: { step($0) - $0 }, from: 1e-12 / moved, to: 30)
    let t = transmissivity(moved * k), power = pow(t, scale)
    let thermal = moved * scale * power / t * stretch(power) / stretch(t)
    return FlowFixedPoint(coupling: k, scale: scale, thermalEigenvalue: thermal, magneticEigenvalue: nil)
  }
}

/// ln tanh x for x > 0, with all digits where tanh x is near 0 or 1.
func logTanh(_ x: Double) -> Double { x < 0.5 ? log(tanh(x)) : log1p(-2 / (exp(2 * x) + 1)) }
