internal import Glibc
internal import LinearAlgebra

/// A renormalization step of a small Ising lattice by summing over all its states: moments, T, the renormalized couplings.
///
/// Weights exp(sum_a K_a S_a), coarse spins block by block: p(h | v) is a product over blocks of p(h_j | spins of block j). Cost
/// 2^sites times the coarse states that a fine one can become; at most 20 sites.
public struct ExactRenormalization: Sendable {
  /// How a block decides.
  public enum Rule: Sendable, Equatable {
    /// The sign of the sum; a tie takes each sign half the time.
    case majority
    /// The sign of the sum; in a tie the spin of the lowest corner.
    case majorityOfCorner
    /// The spin of the lowest corner.
    case decimation
  }
  /// The lattice before and after.
  public let shape: [Int], coarseShape: [Int]
  /// The operators.
  public let operators: [SpinOperator]
  /// S of each state of the fine lattice, `[states, operators]`, and of the coarse one.
  private let fine: [Double], coarse: [Double]
  /// For each fine state the coarse states that it becomes, with their probability, which is the same for all of them.
  private let images: [[Int32]]

  /// A step of blocks of `scale` sites along each of the one or two axes of `shape`.
  public init(shape: [Int], scale: Int, rule: Rule, operators: [SpinOperator]) throws(CoarseGrainingError) {
    for size in shape where size % scale != 0 { throw .incommensurate(size: size, block: scale) }
    guard shape.count <= 2 else { throw .notALattice }
    precondition(shape.reduce(1, *) <= 20, "at most 20 sites are enumerated")
    self.shape = shape
    coarseShape = shape.map { $0 / scale }
    self.operators = operators
    fine = Self.values(operators, shape)
    coarse = Self.values(operators, coarseShape)
    let columns = shape[shape.count - 1], coarseColumns = columns / scale, height = shape.count == 1 ? 1 : scale
    let blocks = (0..<coarseShape.reduce(1, *)).map { block -> [Int] in
      let corner = block / coarseColumns * height * columns + block % coarseColumns * scale
      return (0..<height).flatMap { row in (0..<scale).map { corner + row * columns + $0 } }
    }
    images = (0..<1 << shape.reduce(1, *)).map { state -> [Int32] in
      var found: [Int32] = [0]
      for (block, sites) in blocks.enumerated() {
        let up = sites.count { state >> $0 & 1 == 1 }, bit = Int32(1) << Int32(block)
        if rule == .decimation || (2 * up == sites.count && rule == .majorityOfCorner) {
          if state >> sites[0] & 1 == 1 { found = found.map { $0 | bit } }
        } else if 2 * up == sites.count {
          found += found.map { $0 | bit }
        } else if 2 * up > sites.count {
          found = found.map { $0 | bit }
        }
      }
      return found
    }
  }

  /// S of all states by plain loops over sites and terms.
  private static func values(_ operators: [SpinOperator], _ shape: [Int]) -> [Double] {
    let rows = shape.count == 1 ? 1 : shape[0], columns = shape[shape.count - 1]
    let masks = operators.map { one in
      one.terms.flatMap { term in
        (0..<rows * columns).map { site in
          term.reduce(0) { $0 ^ 1 << ((site / columns + $1.row) % rows * columns + (site % columns + $1.column) % columns) }
        }
      }
    }
    var values: [Double] = []
    values.reserveCapacity(operators.count << (rows * columns))
    for state in 0..<1 << (rows * columns) {
      for list in masks {
        // Spins that meet themselves have left the mask: a product of an even number of them is 1, of an odd one itself.
        var minus = 0
        for mask in list { minus += (~state & mask).nonzeroBitCount & 1 }
        values.append(Double(list.count - 2 * minus))
      }
    }
    return values
  }

  /// Probabilities of the fine states.
  private func probabilities(_ couplings: [Double]) -> [Double] {
    precondition(couplings.count == operators.count, "one coupling for each operator")
    let count = operators.count
    let logs = (0..<images.count).map { state in
      var sum = 0.0
      for k in 0..<count { sum += couplings[k] * fine[state * count + k] }
      return sum
    }
    let total = Elementwise.logSumExp(logs)
    return logs.map { exp($0 - total) }
  }

  /// The moments of a step with these couplings, of the operators that are even, or of those that are odd.
  public func moments(_ couplings: [Double], even: Bool) -> OperatorMoments {
    let chosen = operators.indices.filter { operators[$0].isEven == even }, count = operators.count
    var moments = OperatorMoments(operators: chosen.count, isEven: even)
    for (state, p) in probabilities(couplings).enumerated() {
      let share = p / Double(images[state].count)
      for (i, a) in chosen.enumerated() { moments.fine[i] += p * fine[state * count + a] }
      for image in images[state] {
        let h = Int(image) * count
        for (i, a) in chosen.enumerated() {
          let s = share * coarse[h + a]
          moments.coarse[i] += s
          for (j, b) in chosen.enumerated() {
            moments.cross[i * chosen.count + j] += s * fine[state * count + b]
            moments.square[i * chosen.count + j] += s * coarse[h + b]
          }
        }
      }
    }
    return moments
  }

  /// ln p(h) of each coarse state.
  public func coarseLogLaw(_ couplings: [Double]) -> [Double] {
    var law = [Double](repeating: 0, count: 1 << coarseShape.reduce(1, *))
    for (state, p) in probabilities(couplings).enumerated() {
      for image in images[state] { law[Int(image)] += p / Double(images[state].count) }
    }
    return law.map { log($0) }
  }

  /// The couplings K' whose exp(sum K'_a S_a) comes nearest to the coarse law, least squares of the logarithms over all coarse states,
  /// and the largest deviation that is left: 0 where the operators are enough. Nil where the operators are not independent on the
  /// coarse lattice.
  public func renormalizedCouplings(_ couplings: [Double]) -> (couplings: [Double], deviation: Double)? {
    let logs = coarseLogLaw(couplings), count = operators.count, size = count + 1
    func column(_ state: Int, _ k: Int) -> Double { k == count ? 1 : coarse[state * count + k] }
    var normal = [Double](repeating: 0, count: size * size), right = [Double](repeating: 0, count: size)
    for (state, value) in logs.enumerated() {
      for i in 0..<size {
        right[i] += column(state, i) * value
        for j in 0..<size { normal[i * size + j] += column(state, i) * column(state, j) }
      }
    }
    guard let found = Linear.solve(normal, order: size, right: right) else { return nil }
    var deviation = 0.0
    for (state, value) in logs.enumerated() {
      var fitted = 0.0
      for k in 0..<size { fitted += found[k] * column(state, k) }
      deviation = max(deviation, abs(fitted - value))
    }
    return (Array(found[..<count]), deviation)
  }
}
