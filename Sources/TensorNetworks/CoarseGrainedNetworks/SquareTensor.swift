internal import Glibc
public import LinearAlgebra

/// Why a network cannot be coarse grained.
public enum TensorNetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The coupling is not a number or outside what the weights can hold.
  case couplingOutOfRange(Double, allowed: ClosedRange<Double>)
  /// Too few or too many spin values.
  case coloursOutOfRange(Int, allowed: ClosedRange<Int>)
  /// A bond dimension below 1 or too large for memory.
  case bondDimensionOutOfRange(Int, allowed: ClosedRange<Int>)
  /// A table of bond weights that is not symmetric, or whose eigenvalues are not all at least 0.
  case weightNotPositive(smallestEigenvalue: Double)
  /// The tensor has become zero or not finite.
  case vanished(step: Int)
  /// LAPACK gave up.
  case decomposition(DecompositionError)

  public var description: String {
    switch self {
    case .couplingOutOfRange(let value, let allowed): "the coupling \(value) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .coloursOutOfRange(let value, let allowed): "\(value) spin values; \(allowed.lowerBound) ... \(allowed.upperBound) are possible"
    case .bondDimensionOutOfRange(let value, let allowed):
      "the bond dimension \(value) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .weightNotPositive(let value): "the bond weights have the eigenvalue \(value): a square root needs none below 0"
    case .vanished(let step): "the tensor is zero or not finite after step \(step)"
    case .decomposition(let error): error.description
    }
  }
}

/// The tensor of one site, or of a block of sites, of a network on the square lattice: legs u (up), l (left), r (right), d
/// (down), stored in this order; u and d have one bond dimension, l and r another.
public struct SquareTensor: Sendable, Equatable {
  /// The bond dimensions of u, d and of l, r.
  public let vertical: Int, horizontal: Int
  /// `[vertical, horizontal, horizontal, vertical]`, row-major.
  public var elements: [Double]

  /// A tensor of these elements.
  public init(vertical: Int, horizontal: Int, elements: [Double]) {
    precondition(elements.count == vertical * horizontal * horizontal * vertical, "legs u, l, r, d")
    self.vertical = vertical
    self.horizontal = horizontal
    self.elements = elements
  }

  /// The tensor of a spin whose bonds have the weights `bond: [values, values]`, symmetric with eigenvalues >= 0:
  ///
  ///     T[u,l,r,d] = sum_s W_su W_sl W_sr W_sd,   W W^T = bond.
  ///
  /// - Throws: `weightNotPositive` where there is no real W.
  public init(bond: [Double], values q: Int, site: [Double]? = nil) throws(TensorNetworkError) {
    precondition(q >= 1 && bond.count == q * q && (site?.count ?? q) == q, "a square table of weights")
    let eigen: (values: [Double], vectors: [Double])
    do { eigen = try Linear.symmetricEigen(bond, order: q) } catch { throw .decomposition(error) }
    let largest = eigen.values[q - 1]
    guard eigen.values[0] >= -1e-12 * largest, largest > 0 else { throw .weightNotPositive(smallestEigenvalue: eigen.values[0]) }
    // W[s, a], eigenvalues falling; those that are zero to rounding carry nothing.
    let kept = (0..<q).reversed().filter { eigen.values[$0] > 1e-14 * largest }
    let w = (0..<q).map { s in kept.map { eigen.values[$0].squareRoot() * eigen.vectors[$0 * q + s] } }
    let k = kept.count
    var elements = [Double](repeating: 0, count: k * k * k * k)
    for s in 0..<q {
      let weight = site?[s] ?? 1
      for u in 0..<k {
        for l in 0..<k {
          for r in 0..<k {
            let part = weight * w[s][u] * w[s][l] * w[s][r]
            for d in 0..<k { elements[((u * k + l) * k + r) * k + d] += part * w[s][d] }
          }
        }
      }
    }
    self.init(vertical: k, horizontal: k, elements: elements)
  }

  /// The Ising model's, bond weights exp(K s s').
  /// - Throws: `couplingOutOfRange` unless K is in 0 ... 20.
  public static func ising(coupling: Double) throws(TensorNetworkError) -> SquareTensor {
    guard (0...20).contains(coupling) else { throw .couplingOutOfRange(coupling, allowed: 0...20) }
    let like = exp(coupling), unlike = exp(-coupling)
    return try SquareTensor(bond: [like, unlike, unlike, like], values: 2)
  }

  /// The q-state Potts model's, bond weights exp(K delta(s, s')).
  /// - Throws: `couplingOutOfRange` unless K is in 0 ... 40, `coloursOutOfRange` unless q is in 2 ... 16.
  public static func potts(colours: Int, coupling: Double) throws(TensorNetworkError) -> SquareTensor {
    guard (2...16).contains(colours) else { throw .coloursOutOfRange(colours, allowed: 2...16) }
    guard (0...40).contains(coupling) else { throw .couplingOutOfRange(coupling, allowed: 0...40) }
    let bond = (0..<colours * colours).map { $0 / colours == $0 % colours ? exp(coupling) : 1 }
    return try SquareTensor(bond: bond, values: colours)
  }

  /// The partition function of one tensor closed to a torus: sum over u = d and l = r.
  public var trace: Double {
    var sum = 0.0
    for u in 0..<vertical {
      for l in 0..<horizontal { sum += elements[((u * horizontal + l) * horizontal + l) * vertical + u] }
    }
    return sum
  }

  /// The tensor with its legs, for `Tensor`'s contractions.
  public var tensor: Tensor { Tensor("ulrd", [vertical, horizontal, horizontal, vertical], elements) }
  /// Mirrored about the falling diagonal: up and left change places, and so do down and right.
  public var mirrored: SquareTensor {
    let moved = LegPermutation(dimensions: [vertical, horizontal, horizontal, vertical], order: [1, 0, 3, 2])(elements)
    return SquareTensor(vertical: horizontal, horizontal: vertical, elements: moved)
  }
}
