public import Archives
import LatticeSystems
import Runtime
import Sampling
import Statistics

extension LatticeSweep {
  /// What a unit has reached: the same on all ranks after each slice, indexed by chain.
  public struct State: Checkpointable {
    /// Rows taken by each chain, warm-up included, and steps of the move.
    var rows = 0, steps: UInt64 = 0
    /// The words of each chain, where ranks hold whole lattices; with replica exchange of each replica, ladder by ladder.
    var chains: [[UInt64]] = []
    /// Who stands where, by ladder.
    var ladders: [ExchangeLadder] = []
    /// The chains where each is cut into strips; nil before the first slice.
    var strips: StripChains?
    /// The recorded rows of each chain, row-major; with replica exchange of each rung, ladder by ladder.
    var series: [[Double]] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      let cut =
        switch strips {
        case nil: 0
        case .packed: 1
        case .boards: 2
        }
      try archive.write([rows, chains.count, series.count, cut, ladders.count], at: "\(path)/counts")
      try archive.write(steps, at: "\(path)/steps")
      for (index, words) in chains.enumerated() { try archive.write(words, at: "\(path)/chain\(index)/words") }
      for (index, ladder) in ladders.enumerated() { try ladder.save(to: &archive, at: "\(path)/ladder\(index)") }
      for (index, rows) in series.enumerated() { try archive.write(rows, at: "\(path)/chain\(index)/series") }
      switch strips {
      case nil: break
      case .packed(let chains):
        for (index, strip) in chains.enumerated() { try strip.save(to: &archive, at: "\(path)/chain\(index)/strip") }
      case .boards(let chains):
        for (index, strip) in chains.enumerated() { try strip.save(to: &archive, at: "\(path)/chain\(index)/strip") }
      }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let counts = try archive.read(Int.self, count: 5, at: "\(path)/counts")
      rows = counts[0]
      steps = try archive.scalar(UInt64.self, at: "\(path)/steps")
      for index in 0..<counts[1] { chains.append(try archive.read(UInt64.self, count: nil, at: "\(path)/chain\(index)/words")) }
      for index in 0..<counts[2] { series.append(try archive.read(Double.self, count: nil, at: "\(path)/chain\(index)/series")) }
      for index in 0..<counts[4] { ladders.append(try ExchangeLadder(from: archive, at: "\(path)/ladder\(index)")) }
      if counts[3] == 1 {
        var chains: [IsingStrip] = []
        for index in series.indices { chains.append(try IsingStrip(from: archive, at: "\(path)/chain\(index)/strip")) }
        strips = .packed(chains)
      } else if counts[3] == 2 {
        var chains: [CheckerboardStrip] = []
        for index in series.indices { chains.append(try CheckerboardStrip(from: archive, at: "\(path)/chain\(index)/strip")) }
        strips = .boards(chains)
      }
    }
  }

  /// What a unit gives: rows ready to be read, and the sums that finite-size scaling combines.
  public struct Partial: Checkpointable, Sendable {
    /// Rows and arrays of the results.
    var recording = Recording()
    /// What was sampled at each coupling.
    var samples: [CouplingSample] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try recording.save(to: &archive, at: "\(path)/recording")
      try archive.write(samples.count, at: "\(path)/count")
      for (k, sample) in samples.enumerated() { try sample.save(to: &archive, at: "\(path)/sample\(k)") }
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      recording = try Recording(from: archive, at: "\(path)/recording")
      let count = try archive.scalar(Int.self, at: "\(path)/count")
      for k in 0..<count { samples.append(try CouplingSample(from: archive, at: "\(path)/sample\(k)")) }
    }
  }
}

/// What one lattice gave at one coupling, block by block.
struct CouplingSample: Checkpointable, Sendable {
  /// K, and g = 2 tau of the energy.
  var coupling: Double, inefficiency: Double
  /// Sums of the common observables and of E^2 over blocks.
  var sums: BlockSums
  /// The same by energy for each block, for reweighting: |m|, m^2, m^4 and the lowest mode.
  var energies: [EnergySums]
  /// tau of the energy and of m^2 in sweeps; nil where the window did not close.
  var time: Estimate?, magnetizationTime: Estimate?

  static var formatVersion: Int { 2 }
  init(coupling: Double, inefficiency: Double, sums: BlockSums, energies: [EnergySums]) {
    (self.coupling, self.inefficiency, self.sums, self.energies) = (coupling, inefficiency, sums, energies)
  }
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    let none = Estimate(value: 0, error: -1), first = time ?? none, second = magnetizationTime ?? none
    try archive.write([coupling, inefficiency, first.value, first.error, second.value, second.error], at: "\(path)/numbers")
    try sums.save(to: &archive, at: "\(path)/sums")
    try archive.write(energies.count, at: "\(path)/blocks")
    for (block, sums) in energies.enumerated() { try sums.save(to: &archive, at: "\(path)/energies\(block)") }
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let numbers = try archive.read(Double.self, count: 6, at: "\(path)/numbers")
    (coupling, inefficiency) = (numbers[0], numbers[1])
    time = numbers[3] < 0 ? nil : Estimate(value: numbers[2], error: numbers[3])
    magnetizationTime = numbers[5] < 0 ? nil : Estimate(value: numbers[4], error: numbers[5])
    sums = try BlockSums(from: archive, at: "\(path)/sums")
    energies = []
    let count = try archive.scalar(Int.self, at: "\(path)/blocks")
    for block in 0..<count { energies.append(try EnergySums(from: archive, at: "\(path)/energies\(block)")) }
  }
}
