extension Configurations {
  /// Independent samples of an enumerated law, by inverting its distribution function.
  ///
  /// `weights`: one for each of the 2^n states of n <= 24 variables, not negative and not all zero, in any unit; bit i of a state's number
  /// is variable i. `uniform` gives a number of [0, 1) for each configuration. A configuration costs n comparisons.
  public init(count: Int, sites: Sites, of weights: [Double], uniform: (Int) -> Double) {
    precondition(sites.count <= 24 && weights.count == 1 << sites.count, "a weight for each state")
    var cumulative: [Double] = [], sum = 0.0
    for weight in weights {
      sum += weight
      cumulative.append(sum)
    }
    let words = (0..<count).map { row -> UInt64 in
      let u = uniform(row) * sum
      var low = 0, high = cumulative.count - 1
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] > u { high = middle } else { low = middle + 1 }
      }
      return UInt64(low)
    }
    self.init(count: count, sites: sites, words: words)
  }
}
