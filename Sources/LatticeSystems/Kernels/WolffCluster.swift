public import RandomStreams
public import Sampling

/// The single-cluster move of Wolff (PRL 62, 361 (1989)) on any model with a symmetry: a cluster grows from a uniform
/// site over bonds, each on with the model's probability, and undergoes one group element that is not the identity.
/// In detailed balance.
///
/// Measure after a fixed number of clusters; N / <|C|> clusters make one unit of time. Streams: one series for a step,
/// with purpose `bond`.
public struct WolffCluster<Model: ClusterModel>: MarkovKernel {
  /// The model.
  public let model: Model
  /// |C| of the last step: for Ising its mean is the susceptibility N <m^2>.
  public private(set) var clusterSize = 0
  /// The sum of |C| over all steps so far.
  public private(set) var totalSize = 0
  @usableFromInline var pending: [Int32] = []

  /// The move for `model`; refuses extents below 3 and parameters without the symmetry.
  public init(_ model: Model) throws(LatticeError) {
    try model.checkClusterMoves()
    self.model = model
  }

  @inlinable public mutating func step(
    _ state: inout LatticeConfiguration<Model.Value>, at step: UInt64, from streams: some Streams
  ) {
    let model = model, lattice = model.lattice
    precondition(state.lattice == lattice, "the kernel belongs to another lattice")
    var choices = streams.series(replica: state.replica, step: step, site: 0, purpose: .bond)
    let axis = model.axis(from: &choices)
    let seed = choices.index(below: lattice.sites), turn = 1 &+ choices.index(below: model.turns &- 1)
    let back = model.turns &- turn, links = 2 &* lattice.dimensions
    var size = 1, stack: [Int32] = []
    // The stack keeps its memory from step to step; taken out of `self`, the compiler sees that it is alone.
    swap(&stack, &pending)
    state.sites[seed] = model.turned(state.sites[seed], by: turn, axis)
    stack.append(Int32(truncatingIfNeeded: seed))
    unsafe lattice.neighbours.withUnsafeBufferPointer { table in
      unsafe state.sites.withUnsafeMutableBufferPointer { values in
        while let site = stack.popLast() {
          let before = unsafe model.turned(values[Int(site)], by: back, axis)
          for k in links &* Int(site)..<links &* (Int(site) &+ 1) {
            let neighbour = unsafe table[k], value = unsafe values[Int(neighbour)]
            let probability = model.bondProbability(before, value, axis)
            if probability > 0 && choices.bernoulli(probability) {
              unsafe values[Int(neighbour)] = model.turned(value, by: turn, axis)
              stack.append(neighbour)
              size &+= 1
            }
          }
        }
      }
    }
    swap(&stack, &pending)
    count(size)
  }
  @usableFromInline mutating func count(_ size: Int) {
    clusterSize = size
    totalSize += size
  }
}
