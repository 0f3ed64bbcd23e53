/// The orders in which the tensors between two contractions keep their legs, and where in the workspace they lie.
struct ContractionLayout {
  let inputs: [[Int]], sizes: [Int]
  private(set) var steps: [ContractionPlan.Step] = []
  private(set) var workspaceCount = 0
  /// Blocks of the workspace in use.
  private var blocks: [Range<Int>] = []

  init(inputs: [[Int]], sizes: [Int]) {
    self.inputs = inputs
    self.sizes = sizes
  }

  /// A choice for one tree: the estimated time, and the orders of the contracted legs of its pairs, root first, left before right.
  private struct Choice {
    var seconds: Double, left: [Int], right: [Int], contracted: [Int]
  }

  private func legs(_ tree: ContractionOrder.Tree) -> [Int] {
    switch tree {
    case .given(let index): return inputs[index]
    case .pair(let a, let b):
      let left = legs(a), right = legs(b), shared = Set(left).intersection(right)
      return (left + right).filter { !shared.contains($0) }
    }
  }
  private func isGiven(_ tree: ContractionOrder.Tree) -> Bool { if case .given = tree { true } else { false } }
  private func product(_ legs: [Int]) -> Int { legs.reduce(1) { $0 * sizes[$1] } }

  /// Orders of the contracted legs that suit an operand: its own where it is given; else those of its own operands in turn.
  private func suiting(_ tree: ContractionOrder.Tree, _ shared: Set<Int>) -> [[Int]] {
    switch tree {
    case .given(let index): return [inputs[index].filter { shared.contains($0) }]
    case .pair(let a, let b):
      let left = legs(a).filter { shared.contains($0) }, right = legs(b).filter { shared.contains($0) }
      return left.isEmpty || right.isEmpty ? [left + right] : [left + right, right + left]
    }
  }

  /// The best choice for a pair whose result is wanted in this order, with what it asks of the pairs `lookingAhead` levels below.
  private func choose(_ a: ContractionOrder.Tree, _ b: ContractionOrder.Tree, order: [Int], lookingAhead: Int) -> Choice {
    let left = legs(a), right = legs(b), shared = Set(left).intersection(right), leftSet = Set(left)
    let freeLeft = order.filter { leftSet.contains($0) }, freeRight = order.filter { !leftSet.contains($0) }
    var candidates = suiting(a, shared)
    for other in suiting(b, shared) where !candidates.contains(other) { candidates.append(other) }
    var best: Choice?
    for contracted in candidates {
      let lefts = isGiven(a) ? [left] : [freeLeft + contracted, contracted + freeLeft]
      let rights = isGiven(b) ? [right] : [freeRight + contracted, contracted + freeRight]
      for l in lefts {
        for r in rights {
          let pair = PairContraction(left: l, right: r, result: order, contracted: contracted, sizes: sizes)
          let seconds = pair.seconds + cost(a, order: l, lookingAhead) + cost(b, order: r, lookingAhead)
          if best.map({ seconds < $0.seconds }) ?? true { best = Choice(seconds: seconds, left: l, right: r, contracted: contracted) }
        }
      }
    }
    guard let best else { preconditionFailure("a pair has an order") }
    return best
  }
  private func cost(_ tree: ContractionOrder.Tree, order: [Int], _ levels: Int) -> Double {
    guard case .pair(let a, let b) = tree, levels > 0 else { return 0 }
    return choose(a, b, order: order, lookingAhead: levels - 1).seconds
  }

  /// Writes the steps that make `tree` in this order of its legs, into the caller's memory.
  mutating func compile(_ tree: ContractionOrder.Tree, order: [Int]) {
    _ = make(tree, order: order, isRoot: true)
  }

  private mutating func make(_ tree: ContractionOrder.Tree, order: [Int], isRoot: Bool) -> ContractionPlan.Operand {
    let a: ContractionOrder.Tree, b: ContractionOrder.Tree
    switch tree {
    case .given(let index): return .given(index)
    case .pair(let left, let right): (a, b) = (left, right)
    }
    let choice = choose(a, b, order: order, lookingAhead: 2)
    let left = make(a, order: choice.left, isRoot: false), right = make(b, order: choice.right, isRoot: false)
    let pair = PairContraction(left: choice.left, right: choice.right, result: order, contracted: choice.contracted, sizes: sizes)
    let result = isRoot ? nil : allocate(product(order))
    let scratch = allocate(pair.scratchCount)
    free(scratch)
    if case .made(let place) = left { free(place) }
    if case .made(let place) = right { free(place) }
    steps.append(ContractionPlan.Step(left: left, right: right, pair: pair, result: result, scratch: scratch))
    return .made(at: result ?? 0)
  }

  /// The first gap that is large enough; blocks start on cache lines.
  private mutating func allocate(_ count: Int) -> Int {
    let padded = max(8, (count + 7) / 8 * 8)
    var start = 0
    for block in blocks.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if block.lowerBound - start >= padded { break }
      start = max(start, block.upperBound)
    }
    blocks.append(start..<start + padded)
    workspaceCount = max(workspaceCount, start + padded)
    return start
  }
  private mutating func free(_ place: Int) {
    if let index = blocks.firstIndex(where: { $0.lowerBound == place }) { blocks.remove(at: index) }
  }
}
