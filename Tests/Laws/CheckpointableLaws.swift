public import Archives

/// The laws of `Checkpointable`, for one value:
/// - what is read back equals what was saved, from memory and from an HDF5 file;
/// - saving twice, and saving what was read back, gives equal bytes;
/// - a state whose version is not `formatVersion` is refused with `.version`.
///
/// The version is expected where `ArchiveWriter.writeVersion` puts it; another place is given as `versionPath`,
/// relative to the part.
/// - Throws: the first violation found.
public func checkpointLaws<Value: Checkpointable>(
  _ value: Value, versionPath: String = "version", equal: (Value, Value) -> Bool
) throws(LawViolation) {
  let name = "\(Value.self)"
  let saved = try savedInMemory(value)
  guard try savedInMemory(value).bytes == saved.bytes else { throw LawViolation("\(name): saved twice, two results") }

  let back = try told("\(name) from memory") { () throws(ArchiveError) in try Value(from: saved, at: "part") }
  guard equal(value, back) else { throw LawViolation("\(name): read back from memory it is another value") }
  guard try savedInMemory(back).bytes == saved.bytes else {
    throw LawViolation("\(name): read back from memory and saved, it gives other bytes")
  }

  let image = try told("\(name) to HDF5") { () throws(ArchiveError) in
    var writer = try HDF5Writer(path: "\(name).h5")
    try value.save(to: &writer, at: "group/part")
    return try writer.image()
  }
  let copy = try told("\(name) from HDF5") { () throws(ArchiveError) in
    try Value(from: try HDF5Reader(image: image, path: "\(name).h5"), at: "group/part")
  }
  guard equal(value, copy) else { throw LawViolation("\(name): read back from HDF5 it is another value") }
  guard try savedInMemory(copy).bytes == saved.bytes else {
    throw LawViolation("\(name): read back from HDF5 and saved, it gives other bytes")
  }
  try refusesOtherVersions(Value.self, saved, versionPath: "part/" + versionPath)
}

private func refusesOtherVersions<Value: Checkpointable>(
  _ type: Value.Type, _ saved: MemoryArchive, versionPath: String
) throws(LawViolation) {
  let written = try told("\(type): its version") { () throws(ArchiveError) in
    try saved.scalar(Int.self, at: versionPath)
  }
  guard written == Value.formatVersion else {
    throw LawViolation("\(type): version \(written) is written, formatVersion is \(Value.formatVersion)")
  }
  for other in [written - 1, written + 1] {
    var changed = saved
    changed.remove(versionPath)
    try told("\(type)") { () throws(ArchiveError) in try changed.write(other, at: versionPath) }
    do throws(ArchiveError) {
      _ = try Value(from: changed, at: "part")
    } catch {
      if case .version(_, found: other, supported: written) = error { continue }
      throw LawViolation("\(type): version \(other) is refused with \(error), not with .version")
    }
    throw LawViolation("\(type): version \(other) is accepted")
  }
}

private func savedInMemory(_ value: some Checkpointable) throws(LawViolation) -> MemoryArchive {
  try told("\(type(of: value)) to memory") { () throws(ArchiveError) in
    var archive = MemoryArchive()
    try value.save(to: &archive, at: "part")
    return archive
  }
}

/// An archive's error, told as a violation.
private func told<Result>(_ what: String, _ body: () throws(ArchiveError) -> Result) throws(LawViolation) -> Result {
  do throws(ArchiveError) {
    return try body()
  } catch {
    throw LawViolation("\(what): \(error)")
  }
}
