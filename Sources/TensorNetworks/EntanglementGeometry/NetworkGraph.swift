/// Why a network's graph cannot be built or cut.
public enum GeometryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The number of sites is not a power of the block length that leaves at least one layer.
  case sitesOutOfRange(Int, block: Int)
  /// A block that is empty or larger than the network.
  case blockOutOfRange(length: Int, allowed: ClosedRange<Int>)

  public var description: String {
    switch self {
    case .sitesOutOfRange(let sites, let block): "\(sites) sites are not a power of \(block) that is at least \(block * block)"
    case .blockOutOfRange(let length, let allowed): "the block length \(length) is outside \(allowed.lowerBound) ... \(allowed.upperBound)"
    }
  }
}

/// A hierarchical tensor network on a ring as a graph: tensors are nodes, legs are bonds of capacity 1.
///
/// Binary MERA, 2^k sites: in a layer of n legs disentangler j joins legs 2j+1 and 2j+2 (mod n), then isometry j takes legs 2j and
/// 2j+1; a top tensor takes the last two. Ternary, 3^k sites: disentangler j joins legs 3j+2 and 3j+3, isometry j takes legs
/// 3j ... 3j+2; a top tensor takes the last three. A tree is a binary MERA without disentanglers.
///
/// The fewest bonds n_cut that separate a block of sites from the rest bound its entropy, S <= n_cut ln chi: the length of a
/// minimal curve through the network, as in a discrete hyperbolic plane.
/// Source: Swingle, Phys. Rev. D 86, 065007 (2012).
public struct NetworkGraph: Sendable {
  /// Which network.
  public enum Kind: String, Sendable, CaseIterable {
    case binary, ternary, tree
    /// Sites that one isometry takes.
    public var block: Int { self == .ternary ? 3 : 2 }
  }
  public let kind: Kind, sites: Int
  /// Layers of isometries below the top, or below where the network was ended.
  public let layers: Int
  /// Tensors, and the bonds between them.
  public private(set) var nodes = 0
  private(set) var bonds: [(Int, Int)] = []
  /// The tensor that holds each site's leg.
  private(set) var holders: [Int] = []

  /// The network on a ring of `sites`, to its top; with `endingAfter`, only so many layers of it, whose upper legs end in
  /// product states (the infrared cut-off of a gapped state: layer log_b xi).
  /// - Throws: `sitesOutOfRange`.
  public init(_ kind: Kind, sites: Int, endingAfter most: Int? = nil) throws(GeometryError) {
    let b = kind.block
    var power = b * b
    while power < sites, power <= Int.max / b { power *= b }
    guard power == sites else { throw .sitesOutOfRange(sites, block: b) }
    self.kind = kind
    self.sites = sites
    // The tensor at the lower end of each leg of the present layer: nil for the sites themselves.
    var legs = [Int?](repeating: nil, count: sites), sitesOfLegs = Array(0..<sites), done = 0
    var holders = [Int](repeating: -1, count: sites), bonds: [(Int, Int)] = [], nodes = 0
    func attach(_ leg: Int, to node: Int) {
      if let lower = legs[leg] { bonds.append((lower, node)) } else { holders[sitesOfLegs[leg]] = node }
      legs[leg] = node
    }
    while legs.count > b && done < most ?? Int.max {
      let n = legs.count
      if kind != .tree {
        for j in 0..<n / b {
          attach(b * j + b - 1, to: nodes)
          attach((b * j + b) % n, to: nodes)
          nodes += 1
        }
      }
      var upper: [Int?] = []
      for j in 0..<n / b {
        for place in 0..<b { attach(b * j + place, to: nodes) }
        upper.append(nodes)
        nodes += 1
      }
      legs = upper
      sitesOfLegs = []
      done += 1
    }
    if legs.count == b && done < most ?? Int.max {
      for leg in 0..<b { attach(leg, to: nodes) }
      nodes += 1
    }
    self.nodes = nodes
    self.bonds = bonds
    self.holders = holders
    layers = done
  }

  /// The fewest bonds, legs of sites included, that separate sites start ..< start + length (around the ring) from all others.
  /// Cost: n_cut searches of the graph.
  /// - Throws: `blockOutOfRange`.
  public func minimalCut(start: Int, length: Int) throws(GeometryError) -> Int {
    guard (1...sites).contains(length) else { throw .blockOutOfRange(length: length, allowed: 1...sites) }
    // Whole network: nothing to separate from.
    if length == sites { return 0 }
    var flow = UnitFlow(nodes: nodes + 2)
    for (a, b) in bonds { flow.addBond(a, b) }
    for (site, holder) in holders.enumerated() {
      let inside = ((site - start) % sites + sites) % sites < length
      if holder >= 0 { flow.addBond(inside ? nodes : nodes + 1, holder) }
    }
    return flow.maximum(from: nodes, to: nodes + 1)
  }

  /// The cuts of blocks of this length at all positions.
  /// - Throws: `blockOutOfRange`.
  public func minimalCuts(length: Int) throws(GeometryError) -> [Int] {
    var cuts: [Int] = []
    for start in 0..<sites { cuts.append(try minimalCut(start: start, length: length)) }
    return cuts
  }
}

/// Flow through an undirected graph of unit capacities, by shortest augmenting paths (Edmonds, Karp, J. ACM 19, 248 (1972)).
struct UnitFlow {
  private var heads: [[Int]]
  /// Arc 2i leads one way along bond i, arc 2i + 1 the other way; what each can still carry.
  private var targets: [Int] = [], rest: [Int] = []

  init(nodes: Int) { heads = [[Int]](repeating: [], count: nodes) }

  mutating func addBond(_ a: Int, _ b: Int) {
    heads[a].append(targets.count)
    heads[b].append(targets.count + 1)
    targets += [b, a]
    rest += [1, 1]
  }

  /// The largest flow, which is the smallest cut (Ford, Fulkerson).
  mutating func maximum(from source: Int, to sink: Int) -> Int {
    var flow = 0
    while true {
      var arrival = [Int](repeating: -1, count: heads.count), queue = [source], next = 0
      arrival[source] = -2
      while next < queue.count, arrival[sink] == -1 {
        let node = queue[next]
        next += 1
        for arc in heads[node] where rest[arc] > 0 && arrival[targets[arc]] == -1 {
          arrival[targets[arc]] = arc
          queue.append(targets[arc])
        }
      }
      if arrival[sink] == -1 { return flow }
      var node = sink
      while node != source {
        let arc = arrival[node]
        rest[arc] -= 1
        rest[arc ^ 1] += 1
        node = targets[arc ^ 1]
      }
      flow += 1
    }
  }
}
