public import RandomStreams

/// A nilpotent orbit of a simple Lie algebra, known by its weighted Dynkin diagram alpha_i(h), h the neutral element of
/// an sl2-triple (e, h, f) through the orbit.
public struct NilpotentOrbit: Sendable, Hashable {
  /// alpha_1(h), ..., alpha_r(h), each 0, 1 or 2.
  public let diagram: [Int]
  /// dim g - dim g_0 - dim g_1 in the grading of the diagram.
  public let dimension: Int
  /// An orbit that is known to be one.
  public init(diagram: [Int], dimension: Int) {
    self.diagram = diagram
    self.dimension = dimension
  }
  /// Whether all labels are even.
  public var isEven: Bool { diagram.allSatisfy { $0.isMultiple(of: 2) } }
}

/// The grading of an algebra by ad h: root a has degree sum of a_i labels_i.
struct Grading {
  /// The degree of each root, and the number of roots of each degree 0, 1, ...
  let degrees: [Int], counts: [Int]
  init(_ algebra: SimpleLieAlgebra, labels: [Int]) {
    degrees = algebra.roots.map { root in zip(root, labels).reduce(0) { $0 + $1.0 * $1.1 } }
    var counts = [Int](repeating: 0, count: (degrees.max() ?? 0) + 3)
    for degree in degrees where degree >= 0 { counts[degree] += 1 }
    self.counts = counts
  }
}

extension SimpleLieAlgebra {
  /// All nilpotent orbits, by dimension and then by diagram.
  ///
  /// Of the 3^rank diagrams with labels 0, 1, 2 those are kept whose grading has dim g_k >= dim g_(k+2) for all k >= 0
  /// and where a random e in g_2 has some f in g_(-2) with [e, f] = h: by the theorem of Jacobson and Morozov and of
  /// Malcev these are the orbits. The linear system is solved over a field of 2^31 - 1 elements with e drawn there,
  /// without a tolerance. Source: D. Collingwood, W. McGovern, "Nilpotent orbits in semisimple Lie algebras" (1993),
  /// sections 3.4 to 3.8.
  public func nilpotentOrbits(from streams: some Streams) -> [NilpotentOrbit] {
    var orbits: [NilpotentOrbit] = [], labels = [Int](repeating: 0, count: type.rank), number = 0
    while true {
      let grading = Grading(self, labels: labels)
      // g_0 holds the Cartan subalgebra too.
      let sizes = [grading.counts[0] + type.rank] + grading.counts[1...]
      if zip(sizes, sizes.dropFirst(2)).allSatisfy({ $0 >= $1 }) {
        var choices = streams.generator(replica: number, step: 0, site: 0, purpose: .initial)
        if isNeutral(labels, grading, from: &choices) {
          orbits.append(NilpotentOrbit(diagram: labels, dimension: dimension - sizes[0] - sizes[1]))
        }
      }
      number += 1
      guard let digit = labels.lastIndex(where: { $0 < 2 }) else { break }
      labels[digit] += 1
      for later in digit + 1..<max(digit + 1, labels.count) { labels[later] = 0 }
    }
    return orbits.sorted { ($0.dimension, $0.diagram) < ($1.dimension, $1.diagram) }
  }

  /// Coefficients of a random element of g_2, by root.
  private func element(of grading: Grading, from choices: inout some RandomChoices) -> [(root: Int, coefficient: UInt32)] {
    grading.degrees.indices.filter { grading.degrees[$0] == 2 }.map { ($0, UInt32(choices.word() % PrimeField.modulus)) }
  }

  /// Whether [e, f] = h has a solution f in g_(-2) for a random e in g_2. The Cartan part of both sides is compared by
  /// its values alpha_j, so that h is the labels themselves.
  private func isNeutral(_ labels: [Int], _ grading: Grading, from choices: inout some RandomChoices) -> Bool {
    let e = element(of: grading, from: &choices), rank = type.rank, columns = e.count
    guard columns > 0 else { return labels.allSatisfy { $0 == 0 } }
    let zeroRoots = grading.degrees.indices.filter { grading.degrees[$0] == 0 }
    var row = [Int](repeating: -1, count: roots.count)
    for (place, root) in zeroRoots.enumerated() { row[root] = rank + place }
    let rows = rank + zeroRoots.count
    var matrix = [UInt32](repeating: 0, count: rows * columns)
    for (column, other) in e.enumerated() {
      let f = negative(other.root)
      for (root, coefficient) in e {
        if root == other.root {
          for j in 0..<rank {
            let value = (0..<rank).reduce(0) { $0 + brackets[root][$1] * cartanMatrix[$1][j] }
            matrix[j * columns + column] = product(coefficient, value)
          }
        } else if sums[root * roots.count + f] >= 0 {
          let place = row[Int(sums[root * roots.count + f])] * columns + column
          let sum = UInt64(matrix[place]) + UInt64(product(coefficient, Int(constants[root * roots.count + f])))
          matrix[place] = UInt32(PrimeField.reduced(sum))
        }
      }
    }
    let right = labels.map(PrimeField.element) + [UInt32](repeating: 0, count: zeroRoots.count)
    return PrimeField.isSolvable(matrix, right, rows: rows, columns: columns)
  }

  private func product(_ coefficient: UInt32, _ integer: Int) -> UInt32 {
    UInt32(PrimeField.reduced(UInt64(coefficient) * UInt64(PrimeField.element(integer))))
  }

  /// rank(ad e) of a random e in g_2 of an orbit's diagram, which is the orbit's dimension: a check of it by the whole
  /// algebra. O(dim^3).
  public func adjointRank(of orbit: NilpotentOrbit, from choices: inout some RandomChoices) -> Int {
    let e = element(of: Grading(self, labels: orbit.diagram), from: &choices)
    let count = roots.count, size = dimension
    // Column k: [e, basis vector k]; first the roots' vectors, then the coroots h_i.
    var matrix = [UInt32](repeating: 0, count: size * size)
    func add(_ value: UInt32, _ row: Int, _ column: Int) {
      matrix[row * size + column] = UInt32(PrimeField.reduced(UInt64(matrix[row * size + column]) + UInt64(value)))
    }
    for (root, coefficient) in e {
      for other in 0..<count {
        if other == negative(root) {
          for i in 0..<type.rank { add(product(coefficient, brackets[root][i]), count + i, other) }
        } else if sums[root * count + other] >= 0 {
          add(product(coefficient, Int(constants[root * count + other])), Int(sums[root * count + other]), other)
        }
      }
      for i in 0..<type.rank {
        add(product(coefficient, -value(of: root, at: i)), root, count + i)
      }
    }
    return PrimeField.eliminate(&matrix, rows: size, columns: size, pivotColumns: size)
  }
}

private func < (a: (Int, [Int]), b: (Int, [Int])) -> Bool {
  a.0 != b.0 ? a.0 < b.0 : a.1.lexicographicallyPrecedes(b.1)
}
