public import Archives
import KahlerGeometry

extension KahlerEinstein {
  /// Where a unit stands; all of it the same on all ranks after each slice.
  public struct State: Checkpointable {
    /// The chains, and kernel steps taken by each.
    var gas: SphereConfigurations?
    var steps = 0
    /// Measured rows, `[chain, draw, quantity]` draw by draw as they came: `[draw, chain, quantity]`.
    var series: [Double] = []
    /// Counts of z in bins over [-1, 1], by chain.
    var heights: [Double] = []
    /// Log-weights of annealing and integrals of thermodynamic integration, replica by replica as far as done.
    var logWeights: [Double] = [], integrals: [Double] = []

    init() {}
    public static var formatVersion: Int { 1 }
    public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.writeVersion(of: Self.self, at: path)
      try archive.write([steps, gas == nil ? 0 : 1], at: path + "/progress")
      if let gas { try gas.save(to: &archive, at: path + "/gas") }
      try archive.write(series, at: path + "/series")
      try archive.write(heights, at: path + "/heights")
      try archive.write(logWeights, at: path + "/log_weights")
      try archive.write(integrals, at: path + "/integrals")
    }
    public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
      try archive.checkVersion(of: Self.self, at: path)
      let progress = try archive.read(Int.self, count: 2, at: path + "/progress")
      steps = progress[0]
      if progress[1] == 1 { gas = try SphereConfigurations(from: archive, at: path + "/gas") }
      series = try archive.read(Double.self, count: nil, at: path + "/series")
      heights = try archive.read(Double.self, count: nil, at: path + "/heights")
      logWeights = try archive.read(Double.self, count: nil, at: path + "/log_weights")
      integrals = try archive.read(Double.self, count: nil, at: path + "/integrals")
    }
  }

  /// What is measured of a configuration, per point where that makes sense.
  enum Quantity: Int, CaseIterable { case s1, s2, s3, s4, height, transverse, logModulus, logWeight }
  /// Bins of z.
  static let bins = 64
}
