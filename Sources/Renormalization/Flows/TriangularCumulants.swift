import Glibc
public import LinearAlgebra

/// The majority rule on triangles of the triangular Ising lattice in the cumulant expansion of Niemeijer and van Leeuwen, b = sqrt 3.
///
/// The bonds inside the triangles are kept whole, those between them are expanded: ln <e^V> = <V> + 1/2 (<V^2> - <V>^2) + ... With
/// Phi = <s_i> and Psi = <s_i s_k> of a triangle whose majority is up, the first cumulant gives K' = 2 K Phi^2, with K* =
/// ln(1 + 2 sqrt 2) / 4, and 3 Phi for the field. The second makes couplings of second and third neighbours, which are taken to be of
/// second order themselves, so that they count in <V> alone: bonds (i, j) and (k, l) with i, k in one triangle couple the triangles
/// of j and l by K^2 Phi^2 (<s_i s_k> - Phi^2).
///
/// Source: Niemeijer and van Leeuwen, PRL 31, 1411 (1973); Physica 71, 17 (1974).
public struct TriangularCumulants: Sendable {
  /// 1 or 2.
  public let order: Int
  /// Bonds between the spins of two triangles: by the neighbourhood of the triangles (nearest, second, third) and of the spins,
  /// `[3, 3]`.
  let bonds: [Double]
  /// Pairs of nearest bonds that couple two triangles through a third, by the neighbourhood of the triangles: those that meet in one
  /// spin, those that do not.
  let meeting: [Double], passing: [Double]

  /// The expansion to `order` 1 or 2.
  public init(order: Int) {
    precondition(order == 1 || order == 2, "the first cumulant, or two")
    self.order = order
    (bonds, meeting, passing) = Self.counted()
  }

  /// e^4K of a triangle gives Phi = (e + 1) / (e + 3) and Psi = (e - 1) / (e + 3); with their derivatives by K.
  private func triangle(_ coupling: Double) -> (phi: Double, psi: Double, phiSlope: Double, psiSlope: Double) {
    // e^-4K instead, which does not overflow.
    let u = exp(-4 * coupling), sum = 1 + 3 * u
    return ((1 + u) / sum, (1 - u) / sum, 8 * u / (sum * sum), 16 * u / (sum * sum))
  }

  /// The new couplings of nearest, second and third neighbours, and their derivatives by the old ones, `[new, old]`.
  public func step(_ couplings: [Double]) -> (couplings: [Double], derivatives: [Double]) {
    precondition(couplings.count == 3, "nearest, second and third neighbours")
    let k = couplings[0], (phi, psi, phiSlope, psiSlope) = triangle(k), square = phi * phi
    var new = [0.0, 0, 0], slopes = [Double](repeating: 0, count: 9)
    for r in 0..<(order == 1 ? 1 : 3) {
      var sum = 0.0
      for n in 0..<(order == 1 ? 1 : 3) {
        sum += bonds[3 * r + n] * couplings[n]
        slopes[3 * r + n] += bonds[3 * r + n] * square
      }
      new[r] = sum * square
      slopes[3 * r] += sum * 2 * phi * phiSlope
      guard order == 2 else { continue }
      let bracket = meeting[r] * (1 - square) + passing[r] * (psi - square)
      new[r] += k * k * square * bracket
      let bracketSlope = passing[r] * psiSlope - (meeting[r] + passing[r]) * 2 * phi * phiSlope
      slopes[3 * r] += 2 * k * square * bracket + k * k * (2 * phi * phiSlope * bracket + square * bracketSlope)
    }
    return (new, slopes)
  }

  /// A critical fixed point: its couplings of nearest, second and third neighbours, all eigenvalues of the couplings (real ones, the
  /// largest first), and that of the field where only the first cumulant is taken.
  public struct FixedPoint: Sendable, Equatable {
    public let couplings: [Double], eigenvalues: [Double], fieldEigenvalue: Double?
    /// y_t = ln lambda / ln sqrt 3, and y_h.
    public var thermalExponent: Double { 2 * log(eigenvalues[0]) / log(3) }
    public var magneticExponent: Double? { fieldEigenvalue.map { 2 * log($0) / log(3) } }
  }

  /// The fixed point, by Newton's iteration from that of the first cumulant.
  public func fixedPoint() throws(DecompositionError) -> FixedPoint {
    let first = log(1 + 2 * 2.0.squareRoot()) / 4
    var couplings = [first, 0, 0]
    for _ in 0..<50 {
      let (new, slopes) = step(couplings)
      // (T - 1) dK = K - K'.
      var matrix = slopes
      for i in 0..<3 { matrix[4 * i] -= 1 }
      guard let change = Linear.solve(matrix, order: 3, right: (0..<3).map { couplings[$0] - new[$0] }) else { break }
      for i in 0..<3 { couplings[i] += change[i] }
    }
    let used = order == 1 ? 1 : 3, slopes = step(couplings).derivatives
    let block = (0..<used).flatMap { r in (0..<used).map { slopes[3 * r + $0] } }
    let values = try Linear.eigenvalues(block, order: used).map(\.real).sorted { abs($0) > abs($1) }
    return FixedPoint(
      couplings: couplings, eigenvalues: values, fieldEigenvalue: order == 1 ? 3 * triangle(couplings[0]).phi : nil)
  }

  /// Where the flow from the nearest-neighbour model turns from the disordered to the ordered side: the critical coupling that the
  /// expansion finds for that model, whose exact value is ln 3 / 4.
  public var criticalCoupling: Double {
    root(
      of: { start in
        var couplings = [start, 0, 0]
        // Once nearest neighbours are this far from the fixed point, the side is decided.
        for _ in 0..<200 where couplings[0] > 0.02 && couplings[0] < 2 { couplings = step(couplings).couplings }
        return couplings[0] < 0.3 ? -1 : 1
      }, from: 0.1, to: 0.6)
  }

  // MARK: the lattice

  /// A site of the triangular lattice in the basis of two bonds at 60 degrees.
  private typealias Site = SIMD2<Int>
  /// The nearest, second and third neighbours of the origin.
  private static let shells: [[Site]] = {
    let near = [Site(1, 0), Site(0, 1), Site(-1, 1), Site(-1, 0), Site(0, -1), Site(1, -1)]
    return [near, near.indices.map { near[$0] &+ near[($0 + 1) % 6] }, near.map { $0 &+ $0 }]
  }()
  /// The same for triangles, whose lowest corners are the sites (i, j) with i - j a multiple of 3: rotated, sqrt 3 times longer.
  private static let triangleShells: [[Site]] = shells.map { $0.map { Site($0.x - $0.y, $0.x + 2 * $0.y) } }
  /// The lowest corner of the triangle of a site: its corners have i - j = 0, 1, -1 modulo 3.
  private static func corner(_ site: Site) -> Site {
    switch ((site.x - site.y) % 3 + 3) % 3 {
    case 0: site
    case 1: site &- Site(1, 0)
    default: site &- Site(0, 1)
    }
  }

  private static func counted() -> (bonds: [Double], meeting: [Double], passing: [Double]) {
    let corners = [Site(0, 0), Site(1, 0), Site(0, 1)]
    var bonds = [Double](repeating: 0, count: 9), meeting = [0.0, 0, 0], passing = [0.0, 0, 0]
    // From the triangle at the origin to one of each kind.
    for (r, shell) in triangleShells.enumerated() {
      for n in 0..<3 {
        for i in corners { for step in shells[n] where corner(i &+ step) == shell[0] { bonds[3 * r + n] += 1 } }
      }
      // Through a third triangle, which is at `middle` from the first.
      for middle in triangleShells[0] where middle != shell[0] {
        for i in corners {
          for k in corners {
            for j in shells[0] where corner(middle &+ i &+ j) == Site(0, 0) {
              for l in shells[0] where corner(middle &+ k &+ l) == shell[0] {
                if i == k { meeting[r] += 1 } else { passing[r] += 1 }
              }
            }
          }
        }
      }
    }
    return (bonds, meeting, passing)
  }
}
