public import Archives
import LinearAlgebra
import Sampling

extension VisibleReplicas: Checkpointable {
  public static var formatVersion: Int { 1 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    let counts = [Self.formatVersion, firstReplica, configurations.count, configurations.sites.count]
    try archive.write(counts, at: path + "/counts")
    try archive.write(configurations.words, at: path + "/words")
    // Exact for either precision.
    try archive.write(fields.map { Double($0) }, at: path + "/fields")
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    let counts = try archive.read(Int.self, count: 4, at: path + "/counts")
    guard counts[0] == Self.formatVersion else {
      throw .version(of: "replicas of a Boltzmann machine", found: counts[0], supported: Self.formatVersion)
    }
    let words = try archive.read(UInt64.self, count: counts[2] * ((counts[3] + 63) / 64), at: path + "/words")
    configurations = Configurations(count: counts[2], sites: .unplaced(counts[3]), words: words)
    firstReplica = counts[1]
    fields = try archive.read(Double.self, count: nil, at: path + "/fields").map { Scalar($0) }
  }
}
