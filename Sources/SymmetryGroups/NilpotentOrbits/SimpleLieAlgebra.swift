/// A simple Lie algebra in a Chevalley-like basis: one vector for each root and the simple coroots.
///
/// Simply laced types have [e_a, e_b] = s(a, b) e_(a+b), [e_a, e_-a] = -h_a, with the bilinear sign s that an orientation
/// of the Dynkin diagram gives (s(i, i) = -1, s(i, j) = -1 for an edge i -> j; V. Kac, "Infinite dimensional Lie algebras",
/// section 7.8). With all edges oriented towards a centre, the symmetry of the diagram e_a -> e_(turned a) is an
/// automorphism, and its fixed algebra is of the other types: B_n in D_(n+1), C_n in A_(2n-1), F4 in E6, G2 in D4. There
/// a root is an orbit of roots and its vector the sum over the orbit.
public struct SimpleLieAlgebra: Sendable {
  /// Which one.
  public let type: SimpleLieType
  /// All roots as combinations of simple ones: positive roots by height, then their negatives in the same order.
  public let roots: [[Int]]
  /// alpha_j(h_i) for simple roots and coroots, `[rank][rank]`: the Cartan matrix <alpha_j, alpha_i^vee> at [i][j].
  public let cartanMatrix: [[Int]]
  /// The place of a + b for roots a, b, or -1; and N with [e_a, e_b] = N e_(a+b). `[roots, roots]`.
  let sums: [Int32], constants: [Int32]
  /// [e_a, e_-a] in the simple coroots, for each root.
  let brackets: [[Int]]

  /// The algebra of this type. Cost: (roots of the simply laced algebra)^2 for the table.
  public init(_ type: SimpleLieType) {
    self.type = type
    let diagram = LacedDiagram(type), large = diagram.roots
    // Roots of the algebra: orbits of large roots under the turning, in the order of their first members.
    var orbitOf: [[Int]: Int] = [:], orbits: [[[Int]]] = []
    for root in large where orbitOf[root] == nil {
      var orbit = [root], image = diagram.turned(root)
      while image != root {
        orbit.append(image)
        image = diagram.turned(image)
      }
      for member in orbit { orbitOf[member] = orbits.count }
      orbits.append(orbit)
    }
    let nodes = diagram.nodeOrbits, rank = type.rank
    roots = orbits.map { orbit in nodes.map { $0.reduce(0) { $0 + orbit[0][$1] } } }
    let count = roots.count
    var sums = [Int32](repeating: -1, count: count * count), constants = [Int32](repeating: 0, count: count * count)
    for (a, left) in orbits.enumerated() {
      for (b, right) in orbits.enumerated() {
        // The coefficient of the first member of the orbit of sums.
        var target: [Int]?, coefficient = 0
        for x in left {
          for y in right {
            let sum = zip(x, y).map { $0 + $1 }
            guard let place = orbitOf[sum] else { continue }
            if target == nil {
              target = sum
              sums[a * count + b] = Int32(place)
            }
            if sum == target { coefficient += diagram.sign(x, y) }
          }
        }
        constants[a * count + b] = Int32(coefficient)
      }
    }
    self.sums = sums
    self.constants = constants
    // -sum of h_a over the orbit, in the coroots H_I = sum of h_i over a node's orbit.
    brackets = orbits.map { orbit in nodes.map { node in -orbit.reduce(0) { $0 + $1[node[0]] } } }
    cartanMatrix = (0..<rank).map { i in
      (0..<rank).map { j in nodes[i].reduce(0) { $0 + diagram.product($1, nodes[j][0]) } }
    }
  }

  /// The dimension: roots plus rank.
  public var dimension: Int { roots.count + type.rank }
  /// The place of -a.
  func negative(_ root: Int) -> Int { root < roots.count / 2 ? root + roots.count / 2 : root - roots.count / 2 }
  /// alpha(h_i) of a root.
  func value(of root: Int, at coroot: Int) -> Int {
    (0..<type.rank).reduce(0) { $0 + cartanMatrix[coroot][$1] * roots[root][$1] }
  }

  /// [x_a, x_b] of two basis vectors (the roots' vectors, then the simple coroots) as coefficients by basis vector.
  public func bracket(_ a: Int, _ b: Int) -> [Int: Int] {
    let count = roots.count
    switch (a < count, b < count) {
    case (true, true):
      if b == negative(a) {
        return Dictionary(uniqueKeysWithValues: brackets[a].enumerated().filter { $1 != 0 }.map { (count + $0, $1) })
      }
      let sum = Int(sums[a * count + b])
      return sum < 0 ? [:] : [sum: Int(constants[a * count + b])]
    case (false, true):
      let value = value(of: b, at: a - count)
      return value == 0 ? [:] : [b: value]
    case (true, false): return bracket(b, a).mapValues { -$0 }
    case (false, false): return [:]
    }
  }
}

/// A simply laced Dynkin diagram with a symmetry: what `SimpleLieAlgebra` folds.
private struct LacedDiagram {
  let count: Int
  private let neighbours: [[Int]], distance: [Int]
  /// The symmetry, as the image of each node.
  private let turn: [Int]
  /// The orbits of nodes, in the order of the folded diagram.
  let nodeOrbits: [[Int]]

  init(_ type: SimpleLieType) {
    let n = type.rank
    var edges: [(Int, Int)]
    let centre: Int, count: Int
    func chain(_ length: Int) -> [(Int, Int)] { (0..<max(0, length - 1)).map { ($0, $0 + 1) } }
    switch type.family {
    case .a: (count, edges, centre, nodeOrbits) = (n, chain(n), n / 2, (0..<n).map { [$0] })
    case .c:
      (count, edges, centre) = (2 * n - 1, chain(2 * n - 1), n - 1)
      nodeOrbits = (0..<n).map { $0 == n - 1 ? [$0] : [$0, 2 * n - 2 - $0] }
    case .d: (count, edges, centre, nodeOrbits) = (n, chain(n - 1) + [(n - 3, n - 1)], n - 3, (0..<n).map { [$0] })
    case .b:
      (count, edges, centre) = (n + 1, chain(n) + [(n - 2, n)], n - 2)
      nodeOrbits = (0..<n).map { $0 == n - 1 ? [n - 1, n] : [$0] }
    case .g: (count, edges, centre, nodeOrbits) = (4, [(0, 1), (1, 2), (1, 3)], 1, [[0, 2, 3], [1]])
    case .e, .f:
      let size = type.family == .e ? n : 6
      (count, centre) = (size, 3)
      edges = [(0, 2), (2, 3), (1, 3)] + (3..<size - 1).map { ($0, $0 + 1) }
      nodeOrbits = type.family == .e ? (0..<n).map { [$0] } : [[1], [3], [2, 4], [0, 5]]
    }
    self.count = count
    var neighbours = [[Int]](repeating: [], count: count)
    for (a, b) in edges {
      neighbours[a].append(b)
      neighbours[b].append(a)
    }
    self.neighbours = neighbours
    var turn = Array(0..<count)
    for orbit in nodeOrbits { for (place, node) in orbit.enumerated() { turn[node] = orbit[(place + 1) % orbit.count] } }
    self.turn = turn
    var distance = [Int](repeating: -1, count: count), next = [centre]
    distance[centre] = 0
    while let node = next.popLast() {
      for other in neighbours[node] where distance[other] < 0 {
        distance[other] = distance[node] + 1
        next.append(other)
      }
    }
    self.distance = distance
  }

  /// (alpha_i, alpha_j).
  func product(_ i: Int, _ j: Int) -> Int { i == j ? 2 : neighbours[i].contains(j) ? -1 : 0 }

  /// s(a, b), with edges oriented from the farther node to the nearer one.
  func sign(_ a: [Int], _ b: [Int]) -> Int {
    var exponent = 0
    for i in 0..<count where a[i] != 0 {
      exponent += a[i] * b[i]
      for j in neighbours[i] where distance[i] > distance[j] { exponent += a[i] * b[j] }
    }
    return exponent.isMultiple(of: 2) ? 1 : -1
  }

  /// A root after the symmetry.
  func turned(_ root: [Int]) -> [Int] {
    var result = root
    for node in 0..<count { result[turn[node]] = root[node] }
    return result
  }

  /// All roots, positive ones by height: a + alpha_i is a root where (a, alpha_i) = -1.
  var roots: [[Int]] {
    var positive = (0..<count).map { i in (0..<count).map { $0 == i ? 1 : 0 } }, known = Set(positive), next = 0
    while next < positive.count {
      let root = positive[next]
      for i in 0..<count {
        let pairing = 2 * root[i] - neighbours[i].reduce(0) { $0 + root[$1] }
        guard pairing == -1 else { continue }
        var sum = root
        sum[i] += 1
        if known.insert(sum).inserted { positive.append(sum) }
      }
      next += 1
    }
    return positive + positive.map { $0.map { -$0 } }
  }
}
