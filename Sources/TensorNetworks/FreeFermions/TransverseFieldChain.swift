internal import Glibc
public import LinearAlgebra
internal import Statistics

/// Why a chain or block is refused.
public enum ChainError: Error, Equatable, Sendable, CustomStringConvertible {
  /// J must be positive and finite, h not negative and finite.
  case couplingOutOfRange(coupling: Double, field: Double)
  /// A ring has an even number of sites, at least 2.
  case ringOutOfRange(Int)
  /// A block or distance larger than the chain holds, or not positive.
  case lengthOutOfRange(Int, allowed: ClosedRange<Int>)
  /// LAPACK gave up.
  case decomposition(DecompositionError)

  public var description: String {
    switch self {
    case .couplingOutOfRange(let coupling, let field): "J = \(coupling), h = \(field): J > 0 and h >= 0 are needed, both finite"
    case .ringOutOfRange(let sites): "a ring of \(sites) sites; an even number from 2 to \(TransverseFieldChain.largestRing) is needed"
    case .lengthOutOfRange(let length, let allowed): "the length \(length) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    case .decomposition(let error): error.description
    }
  }
}

/// The ground state of the transverse-field Ising chain, H = -J sum Z_i Z_{i+1} - h sum X_i, exactly, as free fermions: on a
/// ring of an even number of sites or on the infinite line. Critical at h = J, with central charge 1/2.
///
/// Everything follows from the correlations of neighbouring Majorana operators
///
///     g(r) = (1/pi) int_0^pi (h cos kr - J cos k(r-1)) / sqrt(h^2 + J^2 - 2 h J cos k) dk,
///
/// on a ring the mean over k = (2n+1) pi / L. In the ordered phase (h < J) the state is the even superposition: one bit of
/// entropy more than a broken one.
///
/// Source: Pfeuty, Ann. Phys. 57, 79 (1970); entropies: Vidal et al., Phys. Rev. Lett. 90, 227902 (2003).
public struct TransverseFieldChain: Sendable {
  /// J, h and the sites of the ring; nil for the infinite line.
  public let coupling: Double, field: Double, sites: Int?
  static let largestRing = 1 << 20

  /// A chain. - Throws: `couplingOutOfRange`, `ringOutOfRange`.
  public init(coupling: Double = 1, field: Double, sites: Int? = nil) throws(ChainError) {
    guard coupling > 0, coupling.isFinite, field >= 0, field.isFinite else { throw .couplingOutOfRange(coupling: coupling, field: field) }
    if let sites, sites < 2 || sites > Self.largestRing || sites % 2 != 0 { throw .ringOutOfRange(sites) }
    self.coupling = coupling
    self.field = field
    self.sites = sites
  }

  /// The nodes k and weights of the mean over the band, fine enough for distances up to `reach`: on a ring exact; on the line
  /// Gauss-Legendre in panels that halve towards k = 0, where the root bends within |ln(h/J)|, and are never wider than a
  /// few oscillations.
  private func band(reach: Int) -> (k: [Double], weights: [Double]) {
    if let sites {
      // k and -k are alike: half of them, twice.
      let k = (0..<sites / 2).map { Double(2 * $0 + 1) * Double.pi / Double(sites) }
      return (k, [Double](repeating: 2 / Double(sites), count: k.count))
    }
    let rule = GaussLegendre(nodes: 20), widest = 10 / Double(max(8, reach))
    var k: [Double] = [], weights: [Double] = [], end = Double.pi
    for panel in 0..<54 {
      let start = panel == 53 ? 0 : 0.5 * end, parts = max(1, Int(((end - start) / widest).rounded(.up)))
      let width = (end - start) / Double(parts)
      for part in 0..<parts {
        let low = start + Double(part) * width
        for (node, weight) in zip(rule.nodes, rule.weights) {
          k.append(low + 0.5 * width * (1 + node))
          weights.append(0.5 * width * weight / Double.pi)
        }
      }
      end = start
    }
    return (k, weights)
  }
  private func root(_ k: Double) -> Double {
    // (h - J)^2 + 4 h J sin^2(k/2), without cancellation near the critical point.
    let half = sin(0.5 * k)
    return ((field - coupling) * (field - coupling) + 4 * field * coupling * half * half).squareRoot()
  }

  /// g(r) for all r in the range. Cost: its length times the nodes (some thousand, or L/2 on a ring).
  public func correlations(_ range: ClosedRange<Int>) -> [Double] {
    let (k, weights) = band(reach: max(abs(range.lowerBound), abs(range.upperBound)) + 1)
    let scaled = zip(k, weights).map { $1 / root($0) }
    return range.map { r in
      var sum = 0.0
      for i in k.indices { sum += scaled[i] * (field * cos(k[i] * Double(r)) - coupling * cos(k[i] * Double(r - 1))) }
      return sum
    }
  }

  /// The ground state's energy per site, -(mean over k) sqrt(h^2 + J^2 - 2 h J cos k).
  public var energyPerSite: Double {
    let (k, weights) = band(reach: 1)
    return -zip(k, weights).reduce(0) { $0 + $1.1 * root($1.0) }
  }
  /// <X_i> = g(0).
  public var transverseMagnetization: Double { correlations(0...0)[0] }
  /// The correlation length of <Z Z> in sites, 1 / |ln(h/J)|; infinite at the critical point, 0 without field.
  public var correlationLength: Double { field == 0 ? 0 : 1 / abs(log(field / coupling)) }

  /// <Z_0 Z_r> = (-1)^r det g(b - a + 1), a, b = 0 ..< r; r >= 1. Cost r^3.
  /// - Throws: `lengthOutOfRange`, on a ring for r > L/2.
  public func orderCorrelation(distance r: Int) throws(ChainError) -> Double {
    try requireLength(r)
    let g = correlations(2 - r...r)
    let matrix = (0..<r * r).map { g[($0 % r - $0 / r + 1) - (2 - r)] }
    do {
      let (logarithm, sign) = try Linear.determinant(matrix, order: r)
      return (r % 2 == 0 ? 1 : -1) * sign * exp(logarithm)
    } catch {
      throw .decomposition(error)
    }
  }
  /// <X_0 X_r> - <X>^2 = -g(r) g(-r).
  public func transverseCorrelation(distance r: Int) throws(ChainError) -> Double {
    try requireLength(r)
    let g = correlations(-r...r)
    return -g[0] * g[2 * r]
  }

  /// The entanglement entropy of l neighbouring sites with the rest, in nats: sum over the singular values nu of
  /// M_ij = g(j - i) of H((1 + nu)/2). Cost l^3.
  /// - Throws: `lengthOutOfRange`, on a ring for l > L.
  public func blockEntropy(length: Int) throws(ChainError) -> Double { try blockEntropies(lengths: [length])[0] }

  /// The same for several lengths, whose correlations are shared.
  /// - Throws: `lengthOutOfRange`.
  public func blockEntropies(lengths: [Int]) throws(ChainError) -> [Double] {
    for length in lengths { try requireLength(length, most: sites) }
    let most = lengths.max() ?? 1, g = correlations(1 - most...most - 1)
    var entropies: [Double] = []
    for l in lengths {
      let matrix = (0..<l * l).map { g[$0 % l - $0 / l + most - 1] }
      do {
        entropies.append(try Linear.singularValues(matrix, rows: l, columns: l).values.reduce(0) { $0 + Self.modeEntropy($1) })
      } catch {
        throw .decomposition(error)
      }
    }
    return entropies
  }

  private static func modeEntropy(_ nu: Double) -> Double {
    let full = 0.5 * (1 + nu), empty = 0.5 * (1 - nu)
    return -(full > 0 ? full * log(full) : 0) - (empty > 0 ? empty * log(empty) : 0)
  }
  private func requireLength(_ length: Int, most: Int? = nil) throws(ChainError) {
    let allowed = 1...(most ?? sites.map { max(1, $0 / 2) } ?? 4096)
    guard allowed.contains(length) else { throw .lengthOutOfRange(length, allowed: allowed) }
  }
}
