import Archives
import Foundation
import Oracles
import Testing

/// 100,000 damaged inputs each: a reader gives its contents or its error, never a crash, which would end this process.
@Suite("Readers survive what no writer has written") struct MutatedInputTests {
  static let count = 100_000

  private static func idx(_ type: UInt8, _ shape: [Int], _ data: [UInt8]) -> [UInt8] {
    [0, 0, type, UInt8(shape.count)] + shape.flatMap { n in (0..<4).map { UInt8(truncatingIfNeeded: n >> (24 - 8 * $0)) } } + data
  }
  private static func npy(_ kind: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let head = Array("{'descr': '\(kind)', 'fortran_order': False, 'shape': (\(shape)), }\n".utf8)
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: head.count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + head + data
  }
  private static let ramp = (0..<48).map { UInt8($0) }
  static let samples: [String: [[UInt8]]] = [
    "IDX": [
      idx(0x08, [2, 4, 6], ramp), idx(0x0B, [24], ramp), idx(0x0C, [3, 4], ramp), idx(0x0D, [12], ramp), idx(0x0E, [2, 3], ramp),
      idx(0x08, [0, 5], []),
    ],
    "NPY": [
      npy("|u1", "48,", ramp), npy("<f8", "2, 3", ramp), npy("<i4", "3, 2, 2", ramp, version: 2), npy("<f4", "", Array(ramp.prefix(4))),
      npy("<u8", "0, 7", [], version: 3),
    ],
  ]

  @Test("IDX and NPY files", arguments: ["IDX", "NPY"])
  func numbers(kind: String) throws {
    let words = ["'shape': (", "0, ", "9223372036854775807, ", "-1, ", "4294967296, ", "'<f8'", ")", "'"]
    var mutations = Mutations(of: Self.samples[kind] ?? [], words: kind == "NPY" ? words : [], seed: 41), read = 0
    for _ in 0..<Self.count {
      do throws(DataFileError) {
        let array = try NumericArray(parsing: mutations.next(), file: "numbers")
        if array.values.count != array.shape.reduce(1, *) { Issue.record("\(array.shape) of \(array.values.count) values") }
        read += 1
      } catch {
        if error.description.utf8.contains(10) { Issue.record("more than one line: \(error.description)") }
      }
    }
    // Some changes do no harm, and most do.
    #expect(read > 100 && read < Self.count / 2, "\(read)")
  }

  @Test("a shape whose lengths have no product is refused, a zero beside them or not")
  func shapes() {
    for shape in ["9223372036854775807, 2, 0", "0, 4294967296, 4294967296", "4294967296, 4294967296"] {
      #expect(throws: DataFileError.self) { _ = try NumericArray(parsing: Self.npy("<f8", shape, []), file: "numbers") }
    }
  }

  @Test("state files: whatever is changed, it is noticed before HDF5 sees it")
  func checkpoints() throws {
    // In memory where there is such a place: a disk would be all that is measured.
    let scratch = try Scratch(in: FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : nil)
    let path = scratch.file("state.h5")
    try CheckpointFile.write(to: path, digest: "0123456789ab") { (writer: inout HDF5Writer) throws(ArchiveError) in
      try writer.write([1, 2, 3], at: "steps")
    }
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var mutations = Mutations(of: [whole], seed: 43), read = 0
    for _ in 0..<Self.count {
      let bytes = mutations.next()
      try write(bytes, to: path)
      do throws(ArchiveError) {
        _ = try CheckpointFile.read(path: path, digest: "0123456789ab")
        read += 1
        if bytes != whole { Issue.record("a changed state file was taken") }
      } catch {
        if error.description.utf8.contains(10) { Issue.record("more than one line: \(error.description)") }
      }
    }
    #expect(read < Self.count / 50, "\(read)")
  }

  /// A few hundred: each is read by a process of its own.
  @Test("HDF5 files of others: what the library makes of them stays in a child process")
  func foreignFiles() throws {
    let scratch = try Scratch(in: FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : nil)
    let path = scratch.file("foreign.h5")
    var writer = try HDF5Writer(path: path)
    try writer.write((0..<60).map(Double.init), shape: [3, 4, 5], at: "images")
    try write(try writer.image(), to: path)
    #expect(try NumericArray(reading: path + ":images").shape == [3, 4, 5])
    #expect(throws: DataFileError.mismatch(file: path, what: "it has no dataset labels")) {
      _ = try NumericArray(reading: path + ":labels")
    }
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var mutations = Mutations(of: [whole], seed: 67), read = 0
    for _ in 0..<400 {
      try write(mutations.next(), to: path)
      do throws(DataFileError) {
        let array = try NumericArray(reading: path + ":images")
        if array.values.count != array.shape.reduce(1, *) { Issue.record("\(array.shape) of \(array.values.count) values") }
        read += 1
      } catch {
        if error.description.utf8.contains(10) { Issue.record("more than one line: \(error.description)") }
      }
    }
    #expect(read > 20 && read < 380, "\(read)")
  }

  @Test("a crash over a file is an error that names it, and what the child said before does not count")
  func crash() throws {
    for signal in [SIGSEGV, SIGABRT, SIGKILL] {
      do throws(ArchiveError) {
        _ = try ForeignFile.inChild("a.h5") {
          kill(getpid(), signal)
          return [1]
        }
        Issue.record("nothing was thrown")
      } catch { #expect(error == .damaged(file: "a.h5", reason: "the process that read it crashed (signal \(signal))")) }
    }
    let many = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try ForeignFile.inChild("a.h5") { many } == many)
  }

  @Test("archives in memory, which ranks send each other")
  func memory() throws {
    var archive = MemoryArchive()
    try archive.write([1.5, 2.5], shape: [1, 2], at: "a/values")
    try archive.write([UInt64.max], at: "a/words")
    try archive.write("text", at: "b")
    var mutations = Mutations(of: [archive.bytes, MemoryArchive().bytes], seed: 47), read = 0
    for _ in 0..<Self.count {
      do throws(ArchiveError) {
        let found = try MemoryArchive(bytes: mutations.next())
        _ = try? found.read(Double.self, count: nil, at: "a/values")
        _ = try? found.text(at: "b")
        read += 1
      } catch {
        if error.description.utf8.contains(10) { Issue.record("more than one line: \(error.description)") }
      }
    }
    #expect(read > 100 && read < Self.count / 2, "\(read)")
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = unsafe fopen(path, "w") else { throw CocoaError(.fileWriteUnknown) }
    defer { unsafe fclose(file) }
    guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
  }
}
