internal import Glibc
public import LinearAlgebra

/// What a scale-invariant MERA says of its critical point. Energies are those of the last sweep; call `settle` first where the
/// state has to be the fixed point to rounding.
extension ScaleInvariantMERA {
  /// Delta = -log_3 |lambda| of the one-site superoperator on the centre leg of w, sum_{a,c} w[a,b,c,A] w[a,b',c,A'], rising
  /// from the identity's 0: the operators that stand at the centre of every block. Cost chi^6.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func oneSiteScalingDimensions(count: Int) throws(DecompositionError) -> [Double] {
    let chi = bondDimension
    let both = Tensor("abcd", [chi, chi, chi, chi], scaleInvariant.isometry)
    let map = Tensor.contraction([both, both.renamed("aecf")], keeping: "bedf")
    let sizes = try Linear.eigenvalues(map.elements, order: chi * chi)
      .map { ($0.real * $0.real + $0.imaginary * $0.imaginary).squareRoot() }.sorted(by: >)
    return Self.dimensions(sizes, count)
  }

  /// The same of the two-site superoperator A, by Arnoldi's method: all scaling operators that two neighbouring sites hold.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func twoSiteScalingDimensions(count: Int, _ networks: Networks) throws(DecompositionError) -> [Double] {
    let n = bondDimension * bondDimension
    let sizes = try Arnoldi.eigenvalueSizes(order: n * n, steps: 60) { vector, image in
      image = networks.scaleInvariant.ascend(vector, through: scaleInvariant)
    }
    return Self.dimensions(sizes, count)
  }
  private static func dimensions(_ sizes: [Double], _ count: Int) -> [Double] {
    let largest = sizes.first ?? 1
    // Adding 0 makes a minus zero plain.
    return sizes.prefix(count).map { $0 > 0 ? log(largest / $0) / log(3) + 0 : .infinity }
  }

  /// c = 3 (S_2 - S_1) / ln 2, from the entropies of two and of one site of the fixed point's state.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func centralCharge() throws(DecompositionError) -> Double {
    let (one, two) = try coarseEntropies()
    return 3 * (two - one) / log(2)
  }

  /// The entropies S_1 and S_2 of one and of two sites between equal layers.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func coarseEntropies() throws(DecompositionError) -> (one: Double, two: Double) {
    let chi = bondDimension
    var left = [Double](repeating: 0, count: chi * chi), right = left
    for a in 0..<chi {
      for b in 0..<chi {
        for c in 0..<chi {
          left[a * chi + b] += state[((a * chi + c) * chi + b) * chi + c]
          right[a * chi + b] += state[((c * chi + a) * chi + c) * chi + b]
        }
      }
    }
    // The state is the mean over positions; a network that is not mirror-symmetric tells its sites apart.
    let one = try 0.5 * (Self.entropy(left, order: chi) + Self.entropy(right, order: chi))
    return (one, try Self.entropy(state, order: chi * chi))
  }

  /// -tr rho ln rho, in nats, of a symmetric matrix of trace 1.
  static func entropy(_ rho: [Double], order: Int) throws(DecompositionError) -> Double {
    try Linear.symmetricEigenvalues(rho, order: order).reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) }
  }

  /// The entropies of blocks of 1, 2, ... spins, means over the positions of a block that the construction reaches, in nats.
  ///
  /// Of the six sites below two neighbours, the inner four do not depend on anything else. So the two-site state gives that of
  /// three sites one layer below, and the nine spins below three sites give seven inner ones: blocks of 1 ... 7 spins. The
  /// three-site state is the mean of the two that the four sites hold.
  /// - Throws: `DecompositionError`, where LAPACK gives up.
  public func spinEntropies() throws(DecompositionError) -> [Double] {
    let three = threeSiteState(), spins = Self.spins, side = 1 << spins
    let rho = spinState(three)
    var means: [Double] = []
    for length in 1...spins {
      var sum = 0.0
      let positions = spins - length + 1
      for start in 0..<positions {
        let block = 1 << length, before = 1 << start, after = 1 << (spins - length - start)
        var reduced = [Double](repeating: 0, count: block * block)
        for i in 0..<block {
          for j in 0..<block {
            var trace = 0.0
            for b in 0..<before {
              for a in 0..<after { trace += rho[((b * block + i) * after + a) * side + (b * block + j) * after + a] }
            }
            reduced[i * block + j] = trace
          }
        }
        sum += try Self.entropy(reduced, order: block)
      }
      means.append(sum / Double(positions))
    }
    return means
  }
  /// The spins of the longest block of `spinEntropies`.
  public static let spins = 7

  /// rho on three neighbouring sites between equal layers, `[chi^3, chi^3]`: the mean of those on sites b, c, d and c, d, e of
  /// a, b, c | d, e, f below two sites.
  private func threeSiteState() -> [Double] {
    let chi = bondDimension, shape = [chi, chi, chi, chi]
    let w = Tensor("abcA", shape, scaleInvariant.isometry), u = Tensor("stcd", shape, scaleInvariant.disentangler)
    let rho = Tensor("ABXY", shape, state)
    // Kets in lower case, bras marked by k ... q: a b (s t) e f and a' b' (k l) e' f'.
    func mean(_ legs: [String], _ output: String) -> [Double] {
      Tensor.contraction(
        [w.renamed(legs[0]), w.renamed(legs[1]), u.renamed(legs[2]), u.renamed(legs[3]), w.renamed(legs[4]), w.renamed(legs[5]), rho],
        keeping: output
      ).elements
    }
    // Open: b, s, t and their bras n, k, l; then s, t, e and k, l, n.
    let left = mean(["abcA", "defB", "stcd", "klmo", "anmX", "oefY"], "bstnkl")
    let right = mean(["abcA", "defB", "stcd", "klmo", "abmX", "onfY"], "stekln")
    return zip(left, right).map { 0.5 * ($0 + $1) }
  }

  /// rho on the seven inner of the nine spins below three sites, `[2^7, 2^7]`.
  private func spinState(_ three: [Double]) -> [Double] {
    let chi = bondDimension
    let w = Tensor("abcA", [2, 2, 2, chi], transitional.isometry), u = Tensor("stcd", [2, 2, 2, 2], transitional.disentangler)
    // V: spins (a b s t e p q h i) below sites A, B, C.
    let v = Tensor.contraction(
      [w.renamed("abcA"), u.renamed("stcd"), w.renamed("defB"), u.renamed("pqfg"), w.renamed("ghiC")], keeping: "aibstepqhABC")
    let rho = Tensor("ABCXYZ", [Int](repeating: chi, count: 6), three)
    let half = Tensor.contraction([v, rho], keeping: "aibstepqhXYZ")
    // The outer spins a and i and the sites are summed over.
    return Tensor.contraction([half, v.renamed("aiBSTEPQHXYZ")], keeping: "bstepqhBSTEPQH").elements
  }
}
