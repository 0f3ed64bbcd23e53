import Archives
import Oracles
import Testing

/// What every archive has to carry: each type, awkward values, empty arrays and shapes, text.
private func writeSamples(to archive: inout some ArchiveWriter & ~Copyable) throws {
  try archive.write([Float(1.5), -0.0, .infinity, .leastNonzeroMagnitude, 3, 4], shape: [2, 3], at: "layer0/weights")
  try archive.write([Double.pi, -Double.greatestFiniteMagnitude], at: "layer0/bias")
  try archive.write([Int.min, -1, 0, Int.max], shape: [2, 1, 2], at: "counts")
  try archive.write([UInt64.max, 0, 0x0123_4567_89AB_CDEF], at: "deep/er/still/words")
  try archive.write([UInt8](0...255), at: "bytes")
  try archive.write([Double](), at: "empty/vector")
  try archive.write([Float](), shape: [3, 0, 7], at: "empty/matrix")
  try archive.write([Double(0x1p-1074)], shape: [], at: "point")
  try archive.write(42, at: "answer")
  try archive.write("", at: "text/none")
  try archive.write("Bände über Ising: β ≈ 0,4407 🧲", at: "text/some")
  try archive.write([Double](repeating: .nan, count: 3), at: "not-a-number")
}

private func expectSamples(_ archive: borrowing some ArchiveReader & ~Copyable) throws {
  let weights = try archive.read(Float.self, at: "layer0/weights") as (values: [Float], shape: [Int])
  #expect(weights.shape == [2, 3])
  #expect(
    weights.values.map(\.bitPattern)
      == [Float(1.5), -0.0, .infinity, .leastNonzeroMagnitude, 3, 4].map(\.bitPattern))
  #expect(try archive.read(Double.self, at: "layer0/bias") == [Double.pi, -Double.greatestFiniteMagnitude])
  let counts = try archive.read(Int.self, at: "counts") as (values: [Int], shape: [Int])
  #expect(counts.values == [Int.min, -1, 0, Int.max] && counts.shape == [2, 1, 2])
  #expect(try archive.read(UInt64.self, at: "deep/er/still/words") == [UInt64.max, 0, 0x0123_4567_89AB_CDEF])
  #expect(try archive.read(UInt8.self, at: "bytes") == [UInt8](0...255))
  #expect(try archive.read(Double.self, count: 0, at: "empty/vector") == [])
  let matrix = try archive.read(Float.self, at: "empty/matrix") as (values: [Float], shape: [Int])
  #expect(matrix.values == [] && matrix.shape == [3, 0, 7])
  let point = try archive.read(Double.self, at: "point") as (values: [Double], shape: [Int])
  #expect(point.values == [0x1p-1074] && point.shape == [])
  #expect(try archive.scalar(Int.self, at: "/answer") == 42)
  #expect(try archive.text(at: "text/none") == "")
  #expect(try archive.text(at: "text//some") == "Bände über Ising: β ≈ 0,4407 🧲")
  #expect(
    try archive.read(Double.self, at: "not-a-number").map(\.bitPattern)
      == [Double](repeating: .nan, count: 3).map(\.bitPattern))
  let group = archive.contains("layer0")
  let array = archive.contains("layer0/bias")
  let nothing = archive.contains("layer1/bias")
  #expect(array && !group && !nothing)
}

/// The errors of reading, each with what was asked and what is there.
private func expectReadErrors(_ archive: borrowing some ArchiveReader & ~Copyable) {
  func error(_ body: () throws(ArchiveError) -> Void) -> ArchiveError? {
    do throws(ArchiveError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
  #expect(error { () throws(ArchiveError) in _ = try archive.text(at: "layer9/x") } == .missing(path: "layer9/x"))
  #expect(
    error { () throws(ArchiveError) in _ = try archive.scalar(Double.self, at: "answer") }
      == .type(path: "answer", expected: .float64, found: "int64"))
  #expect(
    error { () throws(ArchiveError) in _ = try archive.read(Double.self, count: 3, at: "layer0/bias") }
      == .shape(path: "layer0/bias", expected: [3], found: [2]))
}

@Suite struct RoundTripTests {
  @Test("An archive in memory gives back every array, bit for bit")
  func memory() throws {
    var archive = MemoryArchive()
    try writeSamples(to: &archive)
    try expectSamples(archive)
    expectReadErrors(archive)
    let copy = try MemoryArchive(bytes: archive.bytes)
    try expectSamples(copy)
    #expect(copy == archive && copy.bytes == archive.bytes)
  }

  @Test("An HDF5 file gives back every array, bit for bit, plain and packed", arguments: [false, true])
  func file(packed: Bool) throws {
    let scratch = try Scratch()
    var writer = try HDF5Writer(
      path: scratch.file("a.h5"), compression: packed ? .deflate(level: 1, above: 0) : .none)
    try writeSamples(to: &writer)
    try writer.close()
    let reader = try HDF5Reader(path: scratch.file("a.h5"))
    try expectSamples(reader)
    expectReadErrors(reader)
    #expect(try names(in: scratch.path) == ["a.h5"])
  }

  @Test("The bytes of an HDF5 file open without the file, and are the same for the same calls")
  func image() throws {
    var one = try HDF5Writer(path: "one.h5")
    try writeSamples(to: &one)
    var two = try HDF5Writer(path: "two.h5")
    try writeSamples(to: &two)
    let image = try one.image()
    #expect(try image == two.image())
    try expectSamples(try HDF5Reader(image: image, path: "one.h5"))
  }

  @Test("Packing makes a smooth array of 8 MB smaller and gives it back")
  func packing() throws {
    let values = (0..<1_000_000).map { Double($0 / 1000) }
    var writer = try HDF5Writer(path: "packed.h5", compression: .deflate())
    try writer.write(values, shape: [1000, 1000], at: "smooth")
    let image = try writer.image()
    #expect(image.count < 1_000_000)
    let back = try HDF5Reader(image: image, path: "packed.h5").read(Double.self, count: values.count, at: "smooth")
    #expect(back == values)
  }

  @Test("Archives with the same arrays have the same bytes, whatever the order of writing")
  func order() throws {
    var one = MemoryArchive()
    try one.write(1, at: "b/x")
    try one.write([2.0, 3.0], at: "a")
    var two = MemoryArchive()
    try two.write([2.0, 3.0], at: "a")
    try two.write(1, at: "b/x")
    #expect(one == two && one.bytes == two.bytes)
    two.remove("a")
    try two.write([2.0, 4.0], at: "a")
    #expect(one != two && one.bytes != two.bytes)
  }

  @Test("Bytes cut short, lengthened or changed in a length give the damage error and never crash")
  func malformedBytes() throws {
    var archive = MemoryArchive()
    try writeSamples(to: &archive)
    let bytes = archive.bytes
    for length in 0..<bytes.count {
      #expect(throws: ArchiveError.self) { try MemoryArchive(bytes: Array(bytes[..<length])) }
    }
    #expect(throws: ArchiveError.self) { try MemoryArchive(bytes: bytes + [0]) }
    var random = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      var changed = bytes
      changed[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      // A flip inside an element is legal; a decoded archive must then still be sound.
      do throws(ArchiveError) {
        let decoded = try MemoryArchive(bytes: changed)
        #expect(decoded.bytes == changed)
      } catch {
        guard case .damaged = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }
}
