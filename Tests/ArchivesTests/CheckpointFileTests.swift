import Archives
import Foundation
import Oracles
import Testing

/// The state that a test writes and has to find again: `generation` says which writing it was.
private func write(_ generation: Int, to path: String, digest: String = "study-a", size: Int = 2000) throws(ArchiveError) {
  try CheckpointFile.write(to: path, digest: digest) { (writer) throws(ArchiveError) in
    try writer.write(generation, at: "generation")
    try writer.write((0..<size).map { Double($0 * generation) }, at: "chain0/field")
  }
}

private func generation(in contents: borrowing CheckpointFile.Contents) throws -> Int {
  let generation = try contents.reader.scalar(Int.self, at: "generation")
  let field: [Double] = try contents.reader.read(Double.self, at: "chain0/field")
  #expect(field == field.indices.map { Double($0 * generation) })
  return generation
}

private func error(_ body: () throws(ArchiveError) -> Void) -> ArchiveError? {
  do throws(ArchiveError) {
    try body()
    return nil
  } catch {
    return error
  }
}

private func readError(_ path: String, digest: String = "study-a") -> ArchiveError? {
  error { () throws(ArchiveError) in _ = try CheckpointFile.read(path: path, digest: digest) }
}

private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
private func put(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// Changes the head of a state file as a writer of another version would: with a right checksum.
private func changeHead(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
  var file = try bytes(path)
  change(&file)
  file.replaceSubrange(480..<512, with: SHA256.hash(Array(file[..<480])).bytes)
  try put(file, path)
}

@Suite struct CheckpointFileTests {
  @Test("A state is read back; the one before it stays under the name state.prev.h5; nothing else is left")
  func keepsPrevious() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    #expect(!CheckpointFile.exists(at: path))
    for number in 1...3 {
      try write(number, to: path)
      let contents = try CheckpointFile.read(path: path, digest: "study-a")
      #expect(contents.usedPrevious == nil)
      #expect(try generation(in: contents) == number)
    }
    #expect(CheckpointFile.exists(at: path))
    #expect(CheckpointFile.previous(of: path) == scratch.file("state.prev.h5"))
    #expect(CheckpointFile.previous(of: "a.b/state") == "a.b/state.prev")
    #expect(try names(in: scratch.path) == ["state.h5", "state.prev.h5"])
    let before = try CheckpointFile.read(path: CheckpointFile.previous(of: path), digest: "study-a")
    #expect(try generation(in: before) == 2)
  }

  @Test("A state file without its previous one, missing altogether, names the file and the system's reason")
  func missing() throws {
    let scratch = try Scratch()
    #expect(
      readError(scratch.file("state.h5"))
        == .inputOutput(file: scratch.file("state.h5"), reason: "No such file or directory"))
  }

  @Test("Where only the previous file is left, it is read, with the reason")
  func onlyPrevious() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    try write(2, to: path)
    try FileManager.default.removeItem(atPath: path)
    let contents = try CheckpointFile.read(path: path, digest: "study-a")
    #expect(contents.usedPrevious == "\(path): No such file or directory")
    #expect(try generation(in: contents) == 1)
  }

  @Test("Each of 50 flipped bits is noticed: the previous file is read, or the damage is told")
  func flips() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    try write(2, to: path)
    let whole = try bytes(path)
    var random = SplitMix64(seed: 20)
    for trial in 0..<50 {
      var file = whole
      // Every second one in the head.
      let position = Int.random(in: 0..<(trial % 2 == 0 ? 512 : file.count), using: &random)
      file[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try put(file, path)
      let contents = try CheckpointFile.read(path: path, digest: "study-a")
      #expect(contents.usedPrevious != nil, "byte \(position)")
      #expect(try generation(in: contents) == 1)
      // Alone, the damaged file is refused.
      try put(file, scratch.file("alone.h5"))
      guard case .damaged = readError(scratch.file("alone.h5")) else {
        Issue.record("byte \(position): \(String(describing: readError(scratch.file("alone.h5"))))")
        continue
      }
    }
  }

  @Test("Files cut at 20 lengths, empty files and text files are noticed in the same way")
  func truncation() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    try write(2, to: path)
    let whole = try bytes(path)
    var random = SplitMix64(seed: 21)
    var files = (0..<18).map { _ in Array(whole[..<Int.random(in: 1..<whole.count, using: &random)]) }
    files += [Array(whole[..<511]), Array(whole[..<512]), [], Array("study = 'ising'\n".utf8), whole + [0]]
    files.append([UInt8](repeating: 0, count: whole.count))
    for file in files {
      try put(file, path)
      let contents = try CheckpointFile.read(path: path, digest: "study-a")
      #expect(contents.usedPrevious != nil)
      #expect(try generation(in: contents) == 1)
      try put(file, scratch.file("alone.h5"))
      guard case .damaged(scratch.file("alone.h5"), _) = readError(scratch.file("alone.h5")) else {
        Issue.record("\(file.count) bytes are not refused as damaged")
        continue
      }
    }
  }

  @Test("Where both files are damaged the error tells of both, and a new state can be written over them")
  func bothDamaged() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try put([1, 2, 3], path)
    try put([], CheckpointFile.previous(of: path))
    #expect(
      readError(path)
        == .damaged(
          file: path, reason: "it does not begin as a state file; the previous one: the file is empty"))
    try write(5, to: path)
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: "study-a")) == 5)
  }

  @Test("A file of another container version is refused with both versions, even with a previous one beside it")
  func version() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    try write(2, to: path)
    try changeHead(path) { $0[8] = 2 }
    #expect(readError(path) == .version(of: "state file \(path)", found: 2, supported: 1))
  }

  @Test("A file of another study is refused with both digests")
  func foreign() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    let long = String(repeating: "0123456789abcdef", count: 4)
    try write(1, to: path, digest: long)
    #expect(readError(path) == .foreign(file: path, expectedDigest: "study-a", foundDigest: long))
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: long)) == 1)
  }

  @Test("When the states cannot be composed, nothing on disk changes")
  func bodyThrows() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    let thrown = error { () throws(ArchiveError) in
      try CheckpointFile.write(to: path, digest: "study-a") { (writer) throws(ArchiveError) in
        try writer.write(2, at: "generation")
        throw .missing(path: "elsewhere")
      }
    }
    #expect(thrown == .missing(path: "elsewhere"))
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: "study-a")) == 1)
    #expect(try names(in: scratch.path) == ["state.h5"])
  }

  @Test("A state that is read while the next one is written under the same name stays what it was")
  func readWhileWriting() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    let old = try CheckpointFile.read(path: path, digest: "study-a")
    try write(2, to: path)
    let new = try CheckpointFile.read(path: path, digest: "study-a")
    #expect(try generation(in: old) == 1)
    #expect(try generation(in: new) == 2)
  }

  @Test("A missing folder, a folder in the file's place and a file in the folder's place give the system's reason")
  func refusals() throws {
    let scratch = try Scratch()
    func writeError(_ path: String) -> ArchiveError? {
      error { () throws(ArchiveError) in try write(1, to: path) }
    }
    let nowhere = scratch.file("no/state.h5")
    #expect(writeError(nowhere) == .inputOutput(file: nowhere, reason: "No such file or directory"))
    try put([1], scratch.file("file"))
    let below = scratch.file("file/state.h5")
    #expect(writeError(below) == .inputOutput(file: below, reason: "Not a directory"))
    let folder = scratch.file("folder.h5")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard case .inputOutput(folder, _) = writeError(folder) else {
      Issue.record("a folder was replaced")
      return
    }
    #expect(readError(folder) == .inputOutput(file: folder, reason: "Is a directory"))
    #expect(try names(in: scratch.path) == ["file", "folder.h5"])
    #expect(
      error { () throws(ArchiveError) in _ = try HDF5Reader(path: nowhere) }
        == .inputOutput(file: nowhere, reason: "No such file or directory"))
    guard case .damaged = error({ () throws(ArchiveError) in _ = try HDF5Reader(path: scratch.file("file")) }) else {
      Issue.record("a text file opened as HDF5")
      return
    }
  }

  @Test(
    "Without permission the error says so, and the old state is untouched",
    .enabled(if: getuid() != 0, "the superuser is refused nothing"))
  func permission() throws {
    let scratch = try Scratch()
    let path = scratch.file("state.h5")
    try write(1, to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: scratch.path)
    let thrown = error { () throws(ArchiveError) in try write(2, to: path) }
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: scratch.path)
    #expect(thrown == .inputOutput(file: path, reason: "Permission denied"))
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: "study-a")) == 1)
  }

  @Test(
    "On a full disk the error says so, the old state is untouched and no temporary is left",
    .enabled(if: TinyDisk.isPossible, "a tiny file system can't be mounted here"))
  func fullDisk() throws {
    let disk = try TinyDisk(size: "64k")
    let path = disk.scratch.file("state.h5")
    try write(1, to: path, size: 1000)
    let thrown = error { () throws(ArchiveError) in try write(2, to: path, size: 20_000) }
    #expect(thrown == .inputOutput(file: path, reason: "No space left on device"))
    #expect(try names(in: disk.scratch.path) == ["state.h5"])
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: "study-a")) == 1)
    // The same for plain files and results.
    let plain = error { () throws(ArchiveError) in
      var writer = try HDF5Writer(path: path)
      try writer.write([Double](repeating: 1, count: 20_000), at: "x")
      try writer.close()
    }
    #expect(plain == .inputOutput(file: path, reason: "No space left on device"))
    let results = error { () throws(ArchiveError) in
      var archive = try ResultsArchive(path: path)
      try archive.write(
        name: "x", longName: "x", unit: "1", dimensions: [("draw", 20_000)], values: [Double](repeating: 1, count: 20_000))
      try archive.close()
    }
    #expect(results == .inputOutput(file: path, reason: "No space left on device"))
    #expect(try generation(in: try CheckpointFile.read(path: path, digest: "study-a")) == 1)
    #expect(try names(in: disk.scratch.path) == ["state.h5"])
  }
}
