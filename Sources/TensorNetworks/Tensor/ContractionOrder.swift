/// The cheapest tree of pairwise contractions, over all trees.
struct ContractionOrder {
  /// A tensor that was given, or the contraction of two.
  indirect enum Tree { case given(Int), pair(Tree, Tree) }
  let tree: Tree
  /// Multiplications of the whole tree, and elements of the largest tensor that it makes.
  let multiplications: Double, largest: Int
  /// The tree as text, "((0 1) 2)".
  let text: String

  /// `inputs` are the legs of each tensor by number, `sizes` their dimensions.
  init(inputs: [[Int]], output: [Int], sizes: [Int]) {
    precondition(sizes.count <= 64, "at most 64 legs")
    func mask(_ legs: [Int]) -> UInt64 { legs.reduce(0) { $0 | 1 << UInt64($1) } }
    func product(_ legs: UInt64) -> Double {
      var rest = legs, result = 1.0
      while rest != 0 {
        result *= Double(sizes[rest.trailingZeroBitCount])
        rest &= rest - 1
      }
      return result
    }
    let count = inputs.count, all = 1 << count
    let masks = inputs.map(mask), outer = mask(output)
    // The legs that join a subset with the rest.
    let open = (0..<all).map { subset in
      var inside: UInt64 = 0, outside = outer
      for i in 0..<count { if subset >> i & 1 == 1 { inside |= masks[i] } else { outside |= masks[i] } }
      return inside & outside
    }
    var best = [Double](repeating: .infinity, count: all), split = [Int](repeating: 0, count: all)
    for i in 0..<count { best[1 << i] = 0 }
    for subset in 1..<all where subset & (subset - 1) != 0 {
      var left = (subset - 1) & subset
      while left > 0 {
        let right = subset ^ left
        if left < right {
          let cost = best[left] + best[right] + product(open[left] | open[right])
          if cost < best[subset] { (best[subset], split[subset]) = (cost, left) }
        }
        left = (left - 1) & subset
      }
    }
    var largest = 0.0
    func made(_ subset: Int) -> (Tree, String) {
      if split[subset] == 0 { return (.given(subset.trailingZeroBitCount), "\(subset.trailingZeroBitCount)") }
      largest = max(largest, product(open[subset]))
      let left = made(split[subset]), right = made(subset ^ split[subset])
      return (.pair(left.0, right.0), "(\(left.1) \(right.1))")
    }
    (tree, text) = made(all - 1)
    multiplications = best[all - 1]
    self.largest = Int(largest)
  }
}
