public import RandomStreams

/// Rank correlations (Spearman): the Pearson correlation of ranks, with the mean rank where values are equal.
public enum RankCorrelation {
  /// Ranks 1 ... n; equal values share their mean rank.
  public static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count), first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }

  /// Pearson's correlation; 0 where one side is constant.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
    precondition(x.count == y.count, "pairs are correlated")
    let n = Double(max(1, x.count)), mx = x.reduce(0, +) / n, my = y.reduce(0, +) / n
    var xx = 0.0, yy = 0.0, xy = 0.0
    for (a, b) in zip(x, y) {
      xx += (a - mx) * (a - mx)
      yy += (b - my) * (b - my)
      xy += (a - mx) * (b - my)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
  }

  /// Spearman's rho; 0 where one side is constant.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Double { pearson(ranks(x), ranks(y)) }

  /// Spearman's rho of x and y with z held fixed: the partial correlation of the ranks,
  /// (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)); 0 where z alone gives x or y.
  public static func partial(_ x: [Double], _ y: [Double], controlling z: [Double]) -> Double {
    let xy = spearman(x, y), xz = spearman(x, z), yz = spearman(y, z)
    let rest = (1 - xz * xz) * (1 - yz * yz)
    return rest > 1e-12 ? (xy - xz * yz) / rest.squareRoot() : 0
  }

  /// How often a statistic of (x, y) is at least as large, and at least as large in size, when y is permuted at random:
  /// p-values (1 + hits) / (1 + permutations), which are never zero. Permutation k is drawn at (replica k, step 0,
  /// site 0, `.permutation`).
  public static func permutationTest(
    _ x: [Double], _ y: [Double], permutations: Int, from streams: some Streams
  ) -> (value: Double, upper: Double, twoSided: Double) {
    let rx = ranks(x), ry = ranks(y), found = pearson(rx, ry)
    var above = 1, beyond = 1
    for k in 0..<permutations {
      var choices = streams.generator(replica: k, step: 0, site: 0, purpose: .permutation)
      var shuffled = ry
      choices.shuffle(&shuffled)
      let value = pearson(rx, shuffled)
      // Equal statistics of equal permutations must not be told apart by rounding.
      if value >= found - 1e-12 { above += 1 }
      if abs(value) >= abs(found) - 1e-12 { beyond += 1 }
    }
    return (found, Double(above) / Double(permutations + 1), Double(beyond) / Double(permutations + 1))
  }
}
