public import Archives
import KahlerGeometry
import Runtime
import Sampling

extension KahlerEinstein {
  /// A chain: replicas at rising powers of the density, which trade places; alone, at the power 1, without tempering.
  typealias Ladder = ReplicaExchange<SphereGas>.Progress

  /// Where a unit stands; all of it the same on all ranks after each slice.
  public struct State: Checkpointable {
    /// The chains, and sweeps taken by each.
    var ladders: [Ladder] = []
    var steps = 0
    /// Chains that have taken the sweeps under way already, and their rows, chain by chain: large gases take them in turn.
    var turn = 0, rows: [Double] = []
    /// Sums of |sum x|^2 / N over measured sweeps, `[chain, rung]`; empty without tempering.
    var rungs: [Double] = []
    /// Measured rows, `[chain, draw, quantity]` draw by draw as they came: `[draw, chain, quantity]`.
    var series: [Double] = []
    /// Counts of z in bins over [-1, 1], by chain.
    var heights: [Double] = []
    /// Log-weights of annealing and integrals of thermodynamic integration, replica by replica as far as done.
    var logWeights: [Double] = [], integrals: [Double] = []

    /// Of a polygon: what is known so far, and where the iteration of the level under way stands.
    var polygon = Recording(), level = 0, logH: [Double] = [], iterations = 0

    init() {}
    public static var formatVersion: Int { 3 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([steps, ladders.count, turn, level, iterations], at: path + "/progress")
      try archive.write(rows, at: path + "/rows")
      for (chain, ladder) in ladders.enumerated() { try ladder.save(to: &archive, at: path + "/chain\(chain)") }
      try archive.write(rungs, at: path + "/rungs")
      try archive.write(series, at: path + "/series")
      try archive.write(heights, at: path + "/heights")
      try archive.write(logWeights, at: path + "/log_weights")
      try archive.write(integrals, at: path + "/integrals")
      try archive.write(logH, at: path + "/log_h")
      try polygon.save(to: &archive, at: path + "/polygon")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let progress = try archive.read(Int.self, count: 5, at: path + "/progress")
      steps = progress[0]
      (turn, level, iterations) = (progress[2], progress[3], progress[4])
      rows = try archive.read(Double.self, count: nil, at: path + "/rows")
      for chain in 0..<progress[1] { ladders.append(try Ladder(from: archive, at: path + "/chain\(chain)")) }
      rungs = try archive.read(Double.self, count: nil, at: path + "/rungs")
      series = try archive.read(Double.self, count: nil, at: path + "/series")
      heights = try archive.read(Double.self, count: nil, at: path + "/heights")
      logWeights = try archive.read(Double.self, count: nil, at: path + "/log_weights")
      integrals = try archive.read(Double.self, count: nil, at: path + "/integrals")
      logH = try archive.read(Double.self, count: nil, at: path + "/log_h")
      polygon = try Recording(from: archive, at: path + "/polygon")
    }
  }

  /// What is measured of a configuration, per point where that makes sense.
  enum Quantity: Int, CaseIterable { case s1, s2, s3, s4, height, transverse, logModulus, logWeight }
  /// Bins of z.
  static let bins = 64
}
