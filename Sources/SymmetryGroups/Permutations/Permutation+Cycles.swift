extension Permutation {
  /// The cycles, each from its least point on, ordered by that point.
  public func cycles(fixedPoints: Bool = true) -> [[Int]] {
    var seen = [Bool](repeating: false, count: degree), result: [[Int]] = []
    for start in 0..<degree where !seen[start] {
      var cycle: [Int] = [], point = start
      while !seen[point] {
        seen[point] = true
        cycle.append(point)
        point = self[point]
      }
      if fixedPoints || cycle.count > 1 { result.append(cycle) }
    }
    return result
  }

  /// The lengths of the cycles, fixed points included, longest first.
  public var cycleType: [Int] { cycles().map(\.count).sorted(by: >) }
  /// How many cycles there are, fixed points included.
  public var cycleCount: Int {
    var seen = [Bool](repeating: false, count: degree), count = 0
    for start in 0..<degree where !seen[start] {
      count += 1
      var point = start
      while !seen[point] {
        seen[point] = true
        point = self[point]
      }
    }
    return count
  }
  /// How many points stay where they are.
  public var fixedPointCount: Int { images.indices.count { Int(images[$0]) == $0 } }
  /// The least positive power that is the identity: the least common multiple of the cycle lengths.
  public var order: Int {
    cycles(fixedPoints: false).reduce(1) { total, cycle in
      var a = total, b = cycle.count
      while b != 0 { (a, b) = (b, a % b) }
      return total / a * cycle.count
    }
  }
  /// Whether an even number of transpositions makes it.
  public var isEven: Bool { (degree - cycleCount).isMultiple(of: 2) }

  /// From cycle notation, "(0 1 2)(4 5)"; points are separated by blanks or commas, "()" is the identity.
  /// - Throws: `notCycles`, `pointOutOfRange`, `repeatedPoint`.
  public init(cycleNotation text: String, degree: Int) throws(PermutationError) {
    var cycles: [[Int]] = [], open: [Int]?, number = ""
    func flush() throws(PermutationError) {
      guard !number.isEmpty else { return }
      guard open != nil, let point = Int(number) else { throw .notCycles(text) }
      open?.append(point)
      number = ""
    }
    for character in text {
      switch character {
      case "(":
        guard open == nil, number.isEmpty else { throw .notCycles(text) }
        open = []
      case ")":
        try flush()
        guard let cycle = open else { throw .notCycles(text) }
        if cycle.count > 1 {
          cycles.append(cycle)
        } else if let point = cycle.first, !(0..<degree).contains(point) {
          throw .pointOutOfRange(point, degree: degree)
        }
        open = nil
      case " ", ",", "\t": try flush()
      case "0"..."9": number.append(character)
      default: throw .notCycles(text)
      }
    }
    guard open == nil, number.isEmpty, text.contains("(") else { throw .notCycles(text) }
    try self.init(cycles: cycles, degree: degree)
  }
}

extension Permutation: CustomStringConvertible {
  /// Cycle notation without fixed points; "()" for the identity.
  public var description: String {
    let moved = cycles(fixedPoints: false)
    return moved.isEmpty ? "()" : moved.map { "(" + $0.map(String.init).joined(separator: " ") + ")" }.joined()
  }
}
