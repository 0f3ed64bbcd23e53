/// The clusters that reach over several strips, found from the bonds between strips. Every rank makes the same ones from
/// the same bonds.
///
/// A cluster of one strip is named by its strip and its first run there; names are ordered like the clusters' first sites,
/// strip by strip.
struct SharedClusters {
  /// The name of the cluster of strip `rank` that begins with `run`.
  static func name(rank: Int, run: Int) -> Int { rank << 40 | run }
  static func rank(of name: Int) -> Int { name >> 40 }
  static func run(of name: Int) -> Int { name & (1 << 40 - 1) }

  /// The names of all strips' clusters that bonds between strips touch, ascending.
  let names: [Int]
  /// The place in `names` of the first part of the cluster that each belongs to.
  let roots: [Int]

  /// The clusters that the bonds join; each bond is two names.
  init(bonds: [Int]) {
    var distinct: [Int] = []
    for name in bonds.sorted() where name != distinct.last { distinct.append(name) }
    var links = Array(distinct.indices)
    func root(_ index: Int) -> Int {
      var here = index
      while links[here] != here {
        links[here] = links[links[here]]
        here = links[here]
      }
      return here
    }
    func place(_ name: Int) -> Int {
      var low = 0, high = distinct.count
      while low < high {
        let middle = (low + high) / 2
        if distinct[middle] < name { low = middle + 1 } else { high = middle }
      }
      return low
    }
    for bond in stride(from: 0, to: bonds.count, by: 2) {
      let a = root(place(bonds[bond])), b = root(place(bonds[bond + 1]))
      links[max(a, b)] = min(a, b)
    }
    names = distinct
    // A link goes to a smaller place, whose root is known by then.
    var roots = links
    for index in roots.indices { roots[index] = roots[roots[index]] }
    self.roots = roots
  }

  /// The places of a strip's clusters in `names`.
  func places(of rank: Int) -> Range<Int> {
    let start = names.firstIndex { Self.rank(of: $0) >= rank } ?? names.count
    return start..<(names[start...].firstIndex { Self.rank(of: $0) > rank } ?? names.count)
  }

  /// How many clusters begin in each strip, of which strip r by itself has `counts[r]`.
  func owned(_ counts: [Int]) -> [Int] {
    var owned = counts
    for (index, name) in names.enumerated() where roots[index] != index { owned[Self.rank(of: name)] -= 1 }
    return owned
  }
}
