public import Archives
public import LinearAlgebra
public import RandomStreams
public import Sampling

/// Chains of block Gibbs sampling, one configuration each. Chain c of the batch stands for the global chain
/// `firstChain + c`, so the batch may be cut over ranks in any way without changing a bit.
public struct GibbsChains: Sendable, Equatable {
  /// The visible units of each chain.
  public var visible: Configurations
  /// The number of the first chain.
  public let firstChain: Int
  /// Chains that start at `visible`.
  public init(visible: Configurations, firstChain: Int = 0) {
    self.visible = visible
    self.firstChain = firstChain
  }
}

extension GibbsChains: Checkpointable {
  public static var formatVersion: Int { 1 }
  /// Saves the bits; the sites' places belong to the study and are stored as a plain count.
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write([firstChain, visible.count, visible.sites.count], at: path + "/shape")
    try archive.write(visible.words, at: path + "/words")
  }
  /// Reads what `save` wrote, with unplaced sites.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let shape = try archive.read(Int.self, count: 3, at: path + "/shape")
    let words = try archive.read(UInt64.self, count: shape[1] * ((shape[2] + 63) / 64), at: path + "/words")
    self.init(visible: Configurations(count: shape[1], sites: .unplaced(shape[2]), words: words), firstChain: shape[0])
  }
}

/// Block Gibbs sampling of a restricted Boltzmann machine: all hidden units given the visible ones, then all visible
/// units given the hidden ones. Leaves sum_h p(v, h) invariant.
public struct BlockGibbs<Scalar: DenseScalar>: MarkovKernel {
  /// The conditional laws.
  public let conditionals: BoltzmannConditionals<Scalar>
  /// The sampler of `machine`.
  public init(_ machine: RestrictedBoltzmannMachine<Scalar>) { conditionals = BoltzmannConditionals(machine) }
  /// The sampler of these conditional laws.
  public init(_ conditionals: BoltzmannConditionals<Scalar>) { self.conditionals = conditionals }

  public mutating func step(_ state: inout GibbsChains, at step: UInt64, from streams: some Streams) {
    let hidden = conditionals.sample(.hidden, given: state.visible, firstRow: state.firstChain, step: step, from: streams)
    state.visible = conditionals.sample(
      .visible, given: hidden, sites: state.visible.sites, firstRow: state.firstChain, step: step, from: streams)
  }
}

extension RestrictedBoltzmannMachine {
  /// A sample of the hidden units for each configuration; row r draws as global row `firstRow + r`.
  public func sampleHidden(
    of visible: Configurations, sites: Configurations.Sites? = nil, firstRow: Int = 0, step: UInt64 = 0, from streams: some Streams
  ) -> Configurations {
    BoltzmannConditionals(self).sample(.hidden, given: visible, sites: sites, firstRow: firstRow, step: step, from: streams)
  }
  /// A sample of the visible units for each hidden configuration; row r draws as global row `firstRow + r`.
  public func sampleVisible(
    of hidden: Configurations, sites: Configurations.Sites? = nil, firstRow: Int = 0, step: UInt64 = 0, from streams: some Streams
  ) -> Configurations {
    BoltzmannConditionals(self).sample(.visible, given: hidden, sites: sites, firstRow: firstRow, step: step, from: streams)
  }
}
