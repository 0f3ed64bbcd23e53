import RandomStreams
import SymmetryGroups

/// Permutation groups by plain enumeration, for at most 16 points: a permutation is a word of 16 digits of four bits.
struct BruteForceGroup {
  let degree: Int, generators: [UInt64], elements: [UInt64]
  private let members: Set<UInt64>

  /// Nil where the group has more than `limit` elements.
  init?(_ generators: [Permutation], degree: Int, limit: Int) {
    self.degree = degree
    let codes = generators.map { Self.code((0..<degree).map($0.image)) }
    self.generators = codes
    let identity = Self.code(Array(0..<degree))
    var found = [identity], seen: Set<UInt64> = [identity], next = 0
    while next < found.count {
      for g in codes {
        let product = Self.product(found[next], g, degree)
        if seen.insert(product).inserted { found.append(product) }
      }
      if found.count > limit { return nil }
      next += 1
    }
    elements = found
    members = seen
  }

  static func code(_ images: [Int]) -> UInt64 { images.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(4 * $1.offset) } }
  /// First p, then q.
  static func product(_ p: UInt64, _ q: UInt64, _ degree: Int) -> UInt64 {
    var result: UInt64 = 0
    for i in 0..<degree { result |= (q >> (4 * (p >> UInt64(4 * i) & 15)) & 15) << UInt64(4 * i) }
    return result
  }
  static func inverse(_ p: UInt64, _ degree: Int) -> UInt64 {
    var result: UInt64 = 0
    for i in 0..<degree { result |= UInt64(i) << (4 * (p >> UInt64(4 * i) & 15)) }
    return result
  }

  func contains(_ p: Permutation) -> Bool { members.contains(Self.code((0..<degree).map(p.image))) }

  /// Orbits of points under all elements.
  var orbits: Set<Set<Int>> {
    Set((0..<degree).map { point in Set(elements.map { Int($0 >> UInt64(4 * point) & 15) }) })
  }

  /// Sizes of the conjugacy classes: {h^-1 g h} over *all* h for one g of each class.
  var classSizes: [Int] {
    var seen: Set<UInt64> = [], sizes: [Int] = []
    let inverses = elements.map { Self.inverse($0, degree) }
    for g in elements where !seen.contains(g) {
      var members: Set<UInt64> = []
      for (h, inverse) in zip(elements, inverses) {
        members.insert(Self.product(Self.product(inverse, g, degree), h, degree))
      }
      seen.formUnion(members)
      sizes.append(members.count)
    }
    return sizes.sorted()
  }
}

extension Permutation {
  func image(_ point: Int) -> Int { self[point] }
}

/// Random groups of many kinds: subgroups of products, wreath products, alternating and cyclic groups, and what a few
/// random permutations generate.
struct RandomGroups {
  private var choices: CounterGenerator
  init(seed: UInt64) { choices = KeyedStreams(StreamKey(high: seed, low: 7)).generator(replica: 0, step: 0, site: 0, purpose: .initial) }

  mutating func permutation(_ degree: Int) -> Permutation { checked(choices.permutation(count: degree)) }
  private func checked(_ images: [Int]) -> Permutation { try! Permutation(images: images) }

  mutating func next() -> (generators: [Permutation], degree: Int) {
    let degree = 2 + choices.index(below: 11), count = 1 + choices.index(below: 3)
    var generators: [Permutation] = []
    switch choices.index(below: 6) {
    case 0: generators = (0..<count).map { _ in permutation(degree) }
    case 1:
      // Intransitive: permutations within two parts.
      let cut = choices.index(below: degree)
      for _ in 0..<count {
        let left = choices.permutation(count: cut), right = choices.permutation(count: degree - cut)
        generators.append(checked(left + right.map { $0 + cut }))
      }
    case 2:
      // Imprimitive: blocks of equal size are permuted, and turned within.
      let block = [2, 3, 4][choices.index(below: 3)], blocks = max(1, degree / block), n = blocks * block
      for _ in 0..<count {
        let outer = choices.permutation(count: blocks)
        let inner = (0..<blocks).map { _ in choices.bernoulli(0.5) ? choices.permutation(count: block) : Array(0..<block) }
        generators.append(checked((0..<n).map { outer[$0 / block] * block + inner[$0 / block][$0 % block] }))
      }
      return (generators, n)
    case 3:
      // Powers of one permutation, and a permutation of few points.
      let p = permutation(degree)
      generators = [p.power(2), p.power(3)]
      let support = choices.permutation(count: degree).prefix(min(degree, 3))
      generators.append(try! Permutation(cycles: [Array(support)], degree: degree))
    case 4:
      // Affine maps modulo the degree.
      let units = (1..<degree).filter { a in (0..<degree).allSatisfy { b in (0..<degree).filter { a * $0 % degree == b }.count == 1 } }
      let a = units.isEmpty ? 1 : units[choices.index(below: units.count)], b = choices.index(below: degree)
      generators = [checked((0..<degree).map { (a * $0 + b) % degree })]
      if choices.bernoulli(0.5) { generators.append(checked((0..<degree).map { ($0 + 1) % degree })) }
    default:
      // Conjugates of each other: often primitive and small.
      let p = permutation(degree), h = permutation(degree)
      let few = p.power(choices.index(below: max(1, p.order)))
      generators = [few, few.conjugated(by: h)]
    }
    return (generators, degree)
  }
}
