internal import BigInt
public import RandomStreams

extension PermutationGroup {
  /// The number of elements, if they can be listed.
  /// - Throws: `groupTooLarge` above `limit`.
  func count(upTo limit: Int) throws(PermutationError) -> Int {
    guard let count = Int(exactly: order), count <= limit else { throw .groupTooLarge(order: "\(order)", limit: limit) }
    return count
  }

  /// All elements, each once, the identity first; about one product of permutations for each.
  public var elements: Elements { Elements(self) }

  /// Runs through u_m ... u_1, the first level fastest.
  public struct Elements: Sequence, IteratorProtocol {
    private let group: PermutationGroup
    private var digits: [Int]
    /// u_m ... u_l for each level.
    private var partial: [[Int32]]
    private var isDone = false

    init(_ group: PermutationGroup) {
      self.group = group
      digits = group.levels.map { _ in 0 }
      let identity = (0..<group.degree).map { Int32($0) }
      partial = group.levels.map { _ in identity } + [identity]
    }

    public mutating func next() -> Permutation? {
      guard !isDone else { return nil }
      let current = partial[0], levels = group.levels, n = group.degree
      var l = 0
      while l < levels.count, digits[l] + 1 == levels[l].orbit.count {
        digits[l] = 0
        l += 1
      }
      if l == levels.count {
        isDone = true
      } else {
        digits[l] += 1
        let row = digits[l] * n
        for i in 0..<n { partial[l][i] = levels[l].forward[row + Int(partial[l + 1][i])] }
        // The digits below are zero: their elements are the identity.
        for below in 0..<l { partial[below] = partial[l] }
      }
      return Permutation(unchecked: current)
    }
  }

  /// The place of an element in `elements`, without any search: its digits are the places where sifting finds it.
  /// Nil for a permutation outside the group. The group's order must fit in an `Int`.
  func index(of p: Permutation, _ work: inout [Int32]) -> Int? {
    work = p.images
    var index = 0, weight = 1
    for level in levels {
      let place = Int(level.place[Int(work[level.base])])
      if place < 0 { return nil }
      index += place * weight
      weight *= level.orbit.count
      if place > 0 { for i in 0..<degree { work[i] = level.backward[place * degree + Int(work[i])] } }
    }
    return work.indices.allSatisfy { Int(work[$0]) == $0 } ? index : nil
  }

  /// A uniformly random element: one uniform index for each level.
  public func randomElement(from choices: inout some RandomChoices) -> Permutation {
    var element = (0..<degree).map { Int32($0) }
    for level in levels.reversed() {
      let row = choices.index(below: level.orbit.count) * degree
      for i in 0..<degree { element[i] = level.forward[row + Int(element[i])] }
    }
    return Permutation(unchecked: element)
  }
}
