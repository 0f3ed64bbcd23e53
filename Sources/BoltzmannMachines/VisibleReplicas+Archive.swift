public import Archives
import LinearAlgebra
import Sampling

extension VisibleReplicas: Checkpointable {
  public static var formatVersion: Int { 1 }

  public func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    let counts = [firstReplica, configurations.count, configurations.sites.count]
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(counts, at: path + "/counts")
    try archive.write(configurations.words, at: path + "/words")
    // Exact for either precision.
    try archive.write(fields.map { Double($0) }, at: path + "/fields")
  }

  public init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    let counts = try archive.read(Int.self, count: 3, at: path + "/counts")
    let words = try archive.read(UInt64.self, count: counts[1] * ((counts[2] + 63) / 64), at: path + "/words")
    configurations = Configurations(count: counts[1], sites: .unplaced(counts[2]), words: words)
    firstReplica = counts[0]
    fields = try archive.read(Double.self, count: nil, at: path + "/fields").map { Scalar($0) }
  }
}
