public import RandomStreams
public import Sampling

/// The cluster move of Swendsen and Wang (PRL 58, 86 (1987)) on any model with a symmetry: every bond is on with the
/// model's probability, and every cluster of sites that bonds connect undergoes a uniform element of the group. In
/// detailed balance. For d = 2 Ising the bit-sliced `SwendsenWang` is the fast road.
///
/// Streams: bonds of 2^12 sites have a series each with purpose `bond`, group elements of 2^12 clusters, in the order of
/// their first sites, one with purpose `label`; the axis has purpose `proposal`.
public struct SwendsenWangCluster<Model: ClusterModel>: MarkovKernel {
  /// The model.
  public let model: Model
  /// Sum over clusters of |C|^2 in the last step: for Ising its mean over N is the susceptibility N <m^2>, for Potts
  /// N <m^2> with m^2 = (q sum_a x_a^2 - 1) / (q - 1).
  public private(set) var clusterSquares = 0
  /// How many clusters the last step had.
  public private(set) var clusterCount = 0
  /// Union-find: a link to a smaller or the same site; then the number of the cluster.
  @usableFromInline var parents: [Int32]
  @usableFromInline var sizes: [Int32] = []
  @usableFromInline var elements: [UInt8] = []

  /// The move for `model`; refuses extents below 3 and parameters without the symmetry.
  public init(_ model: Model) throws(LatticeError) {
    try model.checkClusterMoves()
    self.model = model
    parents = Array(repeating: 0, count: model.lattice.sites)
  }

  @inlinable public mutating func step(
    _ state: inout LatticeConfiguration<Model.Value>, at step: UInt64, from streams: some Streams
  ) {
    let model = model, replica = state.replica
    precondition(state.lattice == model.lattice, "the kernel belongs to another lattice")
    var drawn = streams.series(replica: replica, step: step, site: 0, purpose: .proposal)
    let axis = model.axis(from: &drawn)
    drawBonds(state, axis, step, streams)
    let count = number()
    elements.removeAll(keepingCapacity: true)
    for first in stride(from: 0, to: count, by: 1 << 12) {
      var choices = streams.series(replica: replica, step: step, site: first >> 12, purpose: .label)
      for _ in first..<min(first &+ 1 << 12, count) {
        elements.append(UInt8(truncatingIfNeeded: choices.index(below: model.turns)))
      }
    }
    let labels = parents.span, turns = elements.span
    unsafe state.sites.withUnsafeMutableBufferPointer { values in
      for site in 0..<labels.count {
        unsafe values[site] = unsafe model.turned(values[site], by: Int(turns[Int(labels[site])]), axis)
      }
    }
  }

  @inlinable mutating func drawBonds(
    _ state: LatticeConfiguration<Model.Value>, _ axis: Model.Axis, _ step: UInt64, _ streams: some Streams
  ) {
    let model = model, d = model.lattice.dimensions, sites = model.lattice.sites, values = state.sites.span
    let table = model.lattice.neighbours.span
    var links: [Int32] = []
    swap(&links, &parents)
    for site in 0..<sites { links[site] = Int32(truncatingIfNeeded: site) }
    for first in stride(from: 0, to: sites, by: 1 << 12) {
      var choices = streams.series(replica: state.replica, step: step, site: first >> 12, purpose: .bond)
      for site in first..<min(first &+ 1 << 12, sites) {
        for k in 2 &* d &* site..<2 &* d &* site &+ d {
          let neighbour = unsafe Int(table[unchecked: k])
          let probability = unsafe model.bondProbability(values[unchecked: site], values[unchecked: neighbour], axis)
          if probability > 0 && choices.bernoulli(probability) { unite(&links, site, neighbour) }
        }
      }
    }
    swap(&links, &parents)
  }

  /// Makes one cluster of two; the smaller root stays, and paths are halved on the way.
  @inlinable func unite(_ links: inout [Int32], _ first: Int, _ second: Int) {
    let a = root(&links, first), b = root(&links, second)
    if a < b { links[b] = Int32(truncatingIfNeeded: a) }
    if b < a { links[a] = Int32(truncatingIfNeeded: b) }
  }
  @inlinable func root(_ links: inout [Int32], _ site: Int) -> Int {
    var here = site
    while true {
      let parent = Int(links[here])
      if parent == here { return here }
      let next = links[parent]
      links[here] = next
      here = Int(next)
    }
  }

  /// Numbers the clusters in the order of their first sites and counts them and their sizes.
  @usableFromInline mutating func number() -> Int {
    sizes.removeAll(keepingCapacity: true)
    for site in parents.indices {
      // A root is the first site of its cluster, so a site's parent has its number already.
      let parent = Int(parents[site])
      if parent == site {
        parents[site] = Int32(sizes.count)
        sizes.append(1)
      } else {
        parents[site] = parents[parent]
        sizes[Int(parents[site])] += 1
      }
    }
    clusterCount = sizes.count
    clusterSquares = sizes.reduce(0) { $0 + Int($1) * Int($1) }
    return sizes.count
  }
}
