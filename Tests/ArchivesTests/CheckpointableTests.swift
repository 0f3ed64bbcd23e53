import Archives
import Laws
import Testing

/// A chain as kernels keep it, and three that break one law each.
private struct Chain: Checkpointable, Equatable {
  static let formatVersion = 3
  var sweeps = 7
  var spins: [UInt64] = [1, 2, UInt64.max]
  var field: [Float] = []

  init() {}
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(sweeps, at: path + "/sweeps")
    try archive.write(spins, at: path + "/spins")
    try archive.write(field, at: path + "/field")
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    sweeps = try archive.scalar(Int.self, at: path + "/sweeps")
    spins = try archive.read(UInt64.self, at: path + "/spins")
    field = try archive.read(Float.self, at: path + "/field")
  }
}

private struct Forgetful: Checkpointable {
  static let formatVersion = 1
  var kept = 1
  var forgotten = 2
  init() {}
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(kept, at: path + "/kept")
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    kept = try archive.scalar(Int.self, at: path + "/kept")
    forgotten = 0
  }
}

private struct Careless: Checkpointable {
  static let formatVersion = 1
  init() {}
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {}
}

private struct Drifting: Checkpointable {
  static let formatVersion = 1
  var value = 1
  init() {}
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.writeVersion(of: Self.self, at: path)
    try archive.write(value, at: path + "/value")
  }
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError) {
    try archive.checkVersion(of: Self.self, at: path)
    value = try archive.scalar(Int.self, at: path + "/value") + 1
  }
}

@Suite struct CheckpointableTests {
  @Test("A state that saves all it has keeps the laws")
  func lawful() throws {
    try checkpointLaws(Chain(), equal: ==)
  }

  @Test("The laws find a state that forgets a part, ignores its version, or changes on the way")
  func unlawful() {
    #expect(throws: LawViolation.self) { try checkpointLaws(Forgetful()) { $0.forgotten == $1.forgotten } }
    #expect(throws: LawViolation.self) { try checkpointLaws(Careless()) { _, _ in true } }
    #expect(throws: LawViolation.self) { try checkpointLaws(Drifting()) { _, _ in true } }
  }
}
