internal import Glibc

/// A coarse graining of the Ising ring, exactly: blocks of `block` spins, each with a coarse spin h drawn from p(h = +1 | v).
///
/// Two questions, both by 2 x 2 matrices. What h knows of the spins beyond a buffer: those act through the two nearest alone, so that
/// I(H : E) is that of a table of 2 x 4. What couplings the coarse spins have: p(h_1 ... h_n) is the trace of a product of one matrix
/// for each block, and ln p has a coupling for every subset of coarse spins, K_A = 2^-n sum_h ln p(h) prod_(j in A) h_j.
///
/// Source: Lenggenhager, Goekmen, Ringel, Huber and Koch-Janusz, PRX 10, 011037 (2020), for the claim that the rule of most information
/// makes couplings of no longer range.
public struct RingBlock: Sendable, Equatable {
  /// Spins of a block.
  public let block: Int
  /// K of the ring.
  public let coupling: Double
  /// Blocks of `block` spins, 1 to 8, of a ring of coupling K.
  public init(block: Int, coupling: Double) {
    precondition((1...8).contains(block), "blocks of 1 to 8 spins")
    self.block = block
    self.coupling = coupling
  }

  /// T^n up to a factor: alike and unlike ends of n bonds, (1 +- tanh^n K) / 2.
  func ends(_ bonds: Int) -> (alike: Double, unlike: Double) {
    let t = pow(tanh(coupling), Double(bonds))
    return ((1 + t) / 2, (1 - t) / 2)
  }
  private func spin(_ state: Int, _ k: Int) -> Int { state >> k & 1 }
  /// exp(K s s') of the bonds inside a block, up to a factor.
  private func inner(_ state: Int) -> Double {
    let one = ends(1)
    return (0..<block - 1).reduce(1.0) { $0 * (spin(state, $1) == spin(state, $1 + 1) ? one.alike : one.unlike) }
  }

  /// I(H : E) in nats for each law, and I(V : E), on a ring of `sites` spins: `buffer` spins on both sides of the block are summed out.
  public func informations(sites: Int, buffer: Int, laws: [[Double]]) -> (block: Double, laws: [Double]) {
    let left = sites - block - 2 * buffer
    precondition(left >= 1, "an environment that is left")
    let gap = ends(buffer + 1), far = ends(left - 1)
    // [states, (left end, right end) of E]. An environment of one spin is both its ends.
    var joint = [Double](repeating: 0, count: 4 << block)
    for v in 0..<1 << block {
      for e in 0..<4 {
        let (a, b) = (e & 1, e >> 1)
        if left == 1 && a != b { continue }
        let outside = left == 1 ? 1 : a == b ? far.alike : far.unlike
        let first = spin(v, 0) == a ? gap.alike : gap.unlike, last = spin(v, block - 1) == b ? gap.alike : gap.unlike
        joint[4 * v + e] = inner(v) * first * last * outside
      }
    }
    let z = joint.reduce(0, +)
    joint = joint.map { $0 / z }
    func entropy(_ p: [Double]) -> Double { p.reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) } }
    let around = (0..<4).map { e in (0..<1 << block).reduce(0.0) { $0 + joint[4 * $1 + e] } }
    let blocks = (0..<1 << block).map { v in (0..<4).reduce(0.0) { $0 + joint[4 * v + $1] } }
    let informations = laws.map { law -> Double in
      let up = (0..<4).map { e -> Double in (0..<1 << block).reduce(0.0) { $0 + joint[4 * $1 + e] * law[$1] } }
      let down = zip(around, up).map { $0 - $1 }, p = up.reduce(0, +)
      // Below rounding of the entropies it could come out negative.
      return max(0, entropy([p, 1 - p]) + entropy(around) - entropy(up + down))
    }
    return (max(0, entropy(blocks) + entropy(around) - entropy(joint)), informations)
  }

  /// All couplings of `count` coarse spins in a ring, by subset: element A is K of the spins whose bits A has. 2^count of them.
  public func coarseCouplings(_ law: [Double], count: Int) -> [Double] {
    precondition(law.count == 1 << block && (2...16).contains(count), "a law of the block; 2 to 16 coarse spins")
    // M(h)[a, b]: from the last spin a of the block before to the own last spin b.
    let one = ends(1)
    var matrices = [[Double]](repeating: [0, 0, 0, 0], count: 2)
    for v in 0..<1 << block {
      for a in 0..<2 {
        let weight = (a == spin(v, 0) ? one.alike : one.unlike) * inner(v), place = 2 * a + spin(v, block - 1)
        matrices[1][place] += weight * law[v]
        matrices[0][place] += weight * (1 - law[v])
      }
    }
    var logs = (0..<1 << count).map { state -> Double in
      var m = matrices[state & 1], scale = 0.0
      for j in 1..<count {
        let n = matrices[state >> j & 1]
        m = [m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3], m[2] * n[0] + m[3] * n[2], m[2] * n[1] + m[3] * n[3]]
        let top = m.max() ?? 1
        m = m.map { $0 / top }
        scale += log(top)
      }
      return log(m[0] + m[3]) + scale
    }
    // Walsh transform; a bit that is set is spin +1.
    var width = 1
    while width < logs.count {
      for start in stride(from: 0, to: logs.count, by: 2 * width) {
        for i in start..<start + width {
          let down = logs[i], up = logs[i + width]
          logs[i] = up + down
          logs[i + width] = up - down
        }
      }
      width *= 2
    }
    return logs.map { $0 / Double(1 << count) }
  }

  /// Couplings of pairs by distance 1 ... count / 2, and the sum of |K_A| over all other subsets that are not empty, per coarse spin.
  public func pairCouplings(_ law: [Double], count: Int) -> (pairs: [Double], others: Double) {
    let all = coarseCouplings(law, count: count)
    let pairs = (1...count / 2).map { all[1 | 1 << $0] }
    var others = 0.0
    for (subset, k) in all.enumerated() where subset != 0 && subset.nonzeroBitCount != 2 { others += abs(k) }
    return (pairs, others / Double(count))
  }

  /// All deterministic laws that turn with the spins: one sign for each pair of opposite states; 2^(2^(block - 1)) of them.
  public static func oddMaps(block: Int) -> [[Double]] {
    precondition(block <= 4, "65,536 maps at most")
    let half = 1 << (block - 1), top = (1 << block) - 1
    return (0..<1 << half).map { signs -> [Double] in
      func sign(_ state: Int) -> Double { Double(signs >> state & 1) }
      return (0...top).map { state -> Double in state < half ? sign(state) : 1 - sign(top - state) }
    }
  }
}
