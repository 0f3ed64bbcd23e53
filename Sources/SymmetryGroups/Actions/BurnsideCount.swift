public import BigInt

/// Counts of orbits by the lemma of Burnside: as many as the mean number of fixed points over the group.
///
/// Each count takes the elements of a whole group once; they are summed by what matters of them, so the cost is that of
/// finding their cycles.
public enum BurnsideCount {
  /// Orbits of the colourings of the points by `colours` colours: (1/|G|) sum over g of q^c(g), c the number of cycles.
  public static func colourings(_ colours: Int, under elements: some Sequence<Permutation>) -> BigUInt {
    var byCycles: [Int: Int] = [:], order = 0
    for g in elements {
      byCycles[g.cycleCount, default: 0] += 1
      order += 1
    }
    return sum(byCycles, colours) / BigUInt(order)
  }

  /// Orbits of +-1 configurations when all spins may be turned as well:
  /// (1/2|G|) sum over g of 2^c(g) (1 + [all cycles have even length]).
  public static func spinsWithFlip(under elements: some Sequence<Permutation>) -> BigUInt {
    var byCycles: [Int: Int] = [:], order = 0
    for g in elements {
      let cycles = g.cycles()
      byCycles[cycles.count, default: 0] += cycles.allSatisfy { $0.count.isMultiple(of: 2) } ? 2 : 1
      order += 1
    }
    return sum(byCycles, 2) / BigUInt(2 * order)
  }

  private static func sum(_ byCycles: [Int: Int], _ colours: Int) -> BigUInt {
    byCycles.reduce(BigUInt(0)) { $0 + BigUInt($1.value) * BigUInt(colours).power($1.key) }
  }

  /// dim Hom_G(R^n, R^n) = (1/|G|) sum over g of fix(g)^2: the free parameters of an equivariant linear layer, which
  /// is the number of orbits of pairs.
  public static func equivariantMaps(under elements: some Sequence<Permutation>) -> Int {
    var total = 0, order = 0
    for g in elements {
      let fixed = g.fixedPointCount
      total += fixed * fixed
      order += 1
    }
    return total / order
  }

  /// Invariants of degree three: the orbits of monomials x_i x_j x_k,
  /// (1/|G|) sum over g of (fix(g)^3 + 3 fix(g) fix(g^2) + 2 fix(g^3)) / 6.
  public static func cubicInvariants(under elements: some Sequence<Permutation>) -> Int {
    var total = 0, order = 0
    for g in elements {
      let one = g.fixedPointCount, two = g.power(2).fixedPointCount, three = g.power(3).fixedPointCount
      total += one * one * one + 3 * one * two + 2 * three
      order += 1
    }
    return total / (6 * order)
  }
}
