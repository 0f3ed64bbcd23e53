public import Archives
public import RandomStreams
public import Sampling

/// The variable of one site, with the numbers that an archive stores for it.
public protocol LatticeValue: BitwiseCopyable, Sendable, Equatable {
  /// The stored type.
  associatedtype Stored: ArchiveElement
  /// How many numbers one value takes.
  static var storedCount: Int { get }
  /// The numbers of one value.
  var stored: [Stored] { get }
  /// The value of `storedCount` numbers.
  init(stored: ArraySlice<Stored>)
  /// This value, or `other` where `isWanted`: without a branch, which chance would mispredict.
  func replaced(by other: Self, if isWanted: Bool) -> Self
}
extension LatticeValue {
  @inlinable @inline(__always) public func replaced(by other: Self, if isWanted: Bool) -> Self { isWanted ? other : self }
}
extension UInt8: LatticeValue {
  public static var storedCount: Int { 1 }
  public var stored: [UInt8] { [self] }
  public init(stored: ArraySlice<UInt8>) { self = stored.first! }
}
/// Stored as the bits of its two's complement.
extension Int8: LatticeValue {
  public static var storedCount: Int { 1 }
  public var stored: [UInt8] { [UInt8(bitPattern: self)] }
  public init(stored: ArraySlice<UInt8>) { self.init(bitPattern: stored.first!) }
}
extension Double: LatticeValue {
  public static var storedCount: Int { 1 }
  public var stored: [Double] { [self] }
  public init(stored: ArraySlice<Double>) { self = stored.first! }
}
extension SIMD2<Double>: LatticeValue {
  public static var storedCount: Int { 2 }
  public var stored: [Double] { [x, y] }
  public init(stored: ArraySlice<Double>) { self.init(stored.first!, stored.last!) }
  // A choice between vectors by one condition would be a branch.
  @inlinable @inline(__always) public func replaced(by other: Self, if isWanted: Bool) -> Self {
    replacing(with: other, where: SIMDMask(repeating: isWanted))
  }
}

/// One value for each site of a lattice, in the order of sites, with the number of its replica, which selects its
/// random streams.
public struct LatticeConfiguration<Value: LatticeValue>: Sendable, Equatable {
  /// The lattice.
  public let lattice: HypercubicLattice
  /// The global number of the chain.
  public let replica: Int
  /// The values, `[sites]`.
  @inlinable public var values: [Value] { sites }
  @usableFromInline var sites: [Value]
  /// Given values.
  public init(_ lattice: HypercubicLattice, values: [Value], replica: Int) {
    precondition(values.count == lattice.sites, "values do not fit the lattice")
    self.lattice = lattice
    sites = values
    self.replica = replica
  }
  /// Cold start: the model's cold value everywhere.
  public init(cold model: some LatticeModel<Value>, replica: Int) {
    self.init(model.lattice, values: Array(repeating: model.coldValue, count: model.lattice.sites), replica: replica)
  }
  /// Hot start: independent values from the replica's stream at step 0 with purpose `initial`.
  public init(hot model: some LatticeModel<Value>, replica: Int, from streams: some Streams) {
    var choices = streams.generator(replica: replica, step: 0, site: 0, purpose: .initial)
    self.init(
      model.lattice, values: (0..<model.lattice.sites).map { _ in model.hotValue(from: &choices) }, replica: replica)
  }
}

/// Its archive belongs to whatever holds it, which writes the version.
extension LatticeConfiguration: Checkpointable {
  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.write(lattice.extents, at: path + "/shape")
    try archive.write(replica, at: path + "/replica")
    try archive.write(values.flatMap(\.stored), at: path + "/values")
  }
  /// Throws `damaged` where the shape is not a lattice.
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let extents = try archive.read(Int.self, count: nil, at: path + "/shape"), lattice: HypercubicLattice
    do { lattice = try HypercubicLattice(extents) } catch { throw .damaged(file: path, reason: error.description) }
    let width = Value.storedCount
    let stored = try archive.read(Value.Stored.self, count: width * lattice.sites, at: path + "/values")
    self.init(
      lattice, values: (0..<lattice.sites).map { Value(stored: stored[width * $0..<width * ($0 + 1)]) },
      replica: try archive.scalar(Int.self, at: path + "/replica"))
  }
}

/// One Markov chain on a hypercubic lattice: the values and how many steps were taken. It goes on from its checkpoint as
/// if it had never stopped, on any rank.
public struct LatticeChain<Value: LatticeValue>: Sendable, Equatable, Checkpointable {
  /// The present configuration.
  public var configuration: LatticeConfiguration<Value>
  /// Steps taken so far: the number of the next step.
  public var steps: UInt64 = 0
  /// A chain that begins with `configuration`.
  public init(_ configuration: LatticeConfiguration<Value>) { self.configuration = configuration }

  /// Takes `sweeps` steps of `kernel`, which many chains may share: it holds no state that matters.
  @inlinable public mutating func advance<Kernel: MarkovKernel<LatticeConfiguration<Value>>>(
    sweeps: Int, with kernel: inout Kernel, from streams: some Streams
  ) {
    for _ in 0..<sweeps {
      kernel.step(&configuration, at: steps, from: streams)
      steps &+= 1
    }
  }

  public static var formatVersion: Int { 1 }
  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try configuration.save(to: &archive, at: path)
    try archive.write(steps, at: path + "/steps")
  }
  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    configuration = try LatticeConfiguration(from: archive, at: path)
    steps = try archive.scalar(UInt64.self, at: path + "/steps")
  }
}
