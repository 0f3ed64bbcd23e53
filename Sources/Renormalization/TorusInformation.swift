internal import Glibc
internal import InformationTheory
internal import LinearAlgebra

/// Mutual information between parts of a small Ising torus without a field, exactly, by products of dense transfer matrices: rows of
/// `size` spins, 2^size states each.
public struct TorusInformation: Sendable {
  /// Sites along each axis.
  public let size: Int
  private let states: Int
  /// T, T^2, ..., T^(size - 1), `[states, states]`; scaled.
  private let powers: [[Double]]

  /// The torus of size x size sites at coupling K.
  /// - Parameter size: 4 to 8; the cost is that of size products of 2^size x 2^size matrices.
  public init(size: Int, coupling: Double) {
    precondition((4...8).contains(size), "four to eight sites")
    self.size = size
    let n = 1 << size
    states = n
    func inner(_ s: Int) -> Double { Double(size - 2 * (s ^ (s >> 1 | (s & 1) << (size - 1))).nonzeroBitCount) }
    // Scaled by the weight of like rows: products of eight stay in range.
    var transfer = [Double](repeating: 0, count: n * n)
    for a in 0..<n {
      for b in 0..<n {
        let bonds = 0.5 * inner(a) + 0.5 * inner(b) + Double(size - 2 * (a ^ b).nonzeroBitCount)
        transfer[a * n + b] = exp(coupling * bonds - 1.5 * abs(coupling) * Double(size))
      }
    }
    var powers = [transfer]
    for _ in 2..<size {
      var next = [Double](repeating: 0, count: n * n)
      Linear.multiply(powers[powers.count - 1], transfer, rows: n, inner: n, columns: n, into: &next)
      powers.append(next)
    }
    self.powers = powers
  }

  /// The joint law of two rows at a distance from 1 to size - 1.
  private func rowLaw(_ distance: Int) -> [Double] {
    let n = states, there = powers[distance - 1], back = powers[size - distance - 1]
    var law = [Double](repeating: 0, count: n * n)
    for a in 0..<n { for b in 0..<n { law[a * n + b] = there[a * n + b] * back[b * n + a] } }
    return normalized(law)
  }
  private func normalized(_ weights: [Double]) -> [Double] {
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }

  /// I of two whole rows at this distance, in nats.
  public func rows(distance: Int) -> Double { mutualInformation(ofJoint: rowLaw(distance), rows: states, columns: states) }

  /// I of two spins at this distance along an axis, in nats.
  public func spins(distance: Int) -> Double {
    let law = rowLaw(distance)
    var correlation = 0.0
    for a in 0..<states { for b in 0..<states { correlation += (a ^ b) & 1 == 0 ? law[a * states + b] : -law[a * states + b] } }
    return spinMutualInformation(correlation: correlation)
  }

  /// I of two blocks of 2 x 2 spins whose corners are `distance` apart along an axis, in nats; 2 <= distance <= size - 2.
  public func blocks(distance: Int) -> Double {
    precondition(distance >= 2 && distance <= size - 2, "blocks that do not overlap")
    let n = states, transfer = powers[0], between = powers[distance - 2], around = powers[size - distance - 2]
    var law = [Double](repeating: 0, count: 256)
    var first = [Double](repeating: 0, count: n * n), middle = first, closed = first
    for block in 0..<16 {
      for a in 0..<n {
        for b in 0..<n { first[a * n + b] = a & 3 == block & 3 && b & 3 == block >> 2 ? transfer[a * n + b] : 0 }
      }
      Linear.multiply(around, first, rows: n, inner: n, columns: n, into: &middle)
      Linear.multiply(middle, between, rows: n, inner: n, columns: n, into: &closed)
      for a in 0..<n { for b in 0..<n { law[block * 16 + a & 3 | (b & 3) << 2] += transfer[a * n + b] * closed[b * n + a] } }
    }
    return mutualInformation(ofJoint: normalized(law), rows: 16, columns: 16)
  }
}

/// The infinite Ising cylinder: what its two halves know of each other, exactly.
public enum CylinderInformation {
  /// I of the two halves of an infinite cylinder of this circumference, in nats. The rows form a Markov chain, so it is that of two
  /// neighbouring rows:
  ///
  ///     I = <ln T(s, s')> - ln lambda - 2 <ln psi(s)>,   P(s, s') = psi(s) T(s, s') psi(s') / lambda
  ///
  /// with T's largest eigenvalue and its vector by power iteration among vectors even under the flip of all spins. Below the critical
  /// temperature that includes the ln 2 of the sign that both halves share, as soon as the circumference tells it.
  /// - Parameter circumference: 3 to 16 sites. Good to about 1e-12.
  public static func halves(circumference: Int, coupling: Double) -> Double {
    precondition((3...16).contains(circumference) && coupling >= 0, "three to sixteen sites, and no negative coupling")
    let n = 1 << circumference
    func inner(_ s: Int) -> Double { Double(circumference - 2 * (s ^ (s >> 1 | (s & 1) << (circumference - 1))).nonzeroBitCount) }
    let inside = (0..<n).map { coupling * inner($0) }
    let roots = inside.map { exp(0.5 * $0 - 0.5 * coupling * Double(circumference)) }
    let like = 1.0, unlike = exp(-2 * coupling)
    /// T on a vector, scaled by exp(-2 K circumference); `sign` puts s_0 s'_0 into the bond of site 0.
    func apply(_ vector: [Double], signed: Bool) -> [Double] {
      var result = zip(vector, roots).map { $0 * $1 }
      for site in 0..<circumference {
        let bit = 1 << site, off = signed && site == 0 ? -unlike : unlike
        for state in 0..<n where state & bit == 0 {
          let a = result[state], b = result[state | bit]
          result[state] = like * a + off * b
          result[state | bit] = off * a + like * b
        }
      }
      for state in 0..<n { result[state] *= roots[state] }
      return result
    }
    func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var psi = roots, eigenvalue = 0.0, change = 1.0, steps = 0
    let start = norm(psi)
    psi = psi.map { $0 / start }
    while change > 1e-15, steps < 20_000 {
      let next = apply(psi, signed: false)
      eigenvalue = norm(next)
      change = 0
      for state in 0..<n {
        let value = next[state] / eigenvalue
        change = max(change, abs(value - psi[state]))
        psi[state] = value
      }
      steps += 1
    }
    var energy = 0.0, logarithm = 0.0
    for state in 0..<n where psi[state] > 0 {
      energy += psi[state] * psi[state] * inside[state]
      logarithm += psi[state] * psi[state] * log(psi[state])
    }
    let bond = zip(psi, apply(psi, signed: true)).reduce(0) { $0 + $1.0 * $1.1 } / eigenvalue
    let width = Double(circumference)
    // ln T and ln lambda without the scale, which cancels.
    let meanLog = energy + coupling * width * bond - 2 * coupling * width
    return meanLog - log(eigenvalue) - 2 * logarithm
  }
}
