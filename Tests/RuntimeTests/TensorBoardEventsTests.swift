import Archives
import Foundation
import Laws
import Runtime
import Testing

private func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "renorm-events-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}

/// The data of each record of a file, with both checksums checked by a bitwise computation of its own.
private func records(_ path: String) throws -> [[UInt8]] {
  var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))[...]
  func take(_ count: Int) throws -> [UInt8] {
    try #require(bytes.count >= count, "cut record")
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }
  func masked(_ data: [UInt8]) -> [UInt8] {
    var remainder: UInt32 = ~0
    for bit in data.flatMap({ byte in (0..<8).map { UInt32(byte >> $0) & 1 } }) {
      remainder = (remainder >> 1) ^ ((remainder ^ bit) & 1 == 1 ? 0x82F6_3B78 : 0)
    }
    let sum = ~remainder
    let value = ((sum >> 15) | (sum << 17)) &+ 0xA282_EAD8
    return [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }
  var found: [[UInt8]] = []
  while !bytes.isEmpty {
    let length = try take(8)
    #expect(try take(4) == masked(length))
    let data = try take(length.reversed().reduce(0) { $0 << 8 | Int($1) })
    #expect(try take(4) == masked(data))
    found.append(data)
  }
  return found
}

@Suite struct TensorBoardEventsTests {
  @Test("CRC-32C gives the values of RFC 3720, appendix B.4, and of the catalogue of checks")
  func checksum() {
    #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(crc32c([UInt8](0..<32)) == 0x46DD_794E)
    #expect(crc32c(Array("123456789".utf8)) == 0xE306_9283)
  }

  @Test("An event file is the version, then one record for each scalar, as protobuf encodes them")
  func bytes() throws {
    try withFolder { folder in
      var file = try EventFile(folder: folder, time: 1_700_000_000.5, host: "node1")
      file.add("loss", .value(0.5), step: 300, wallTime: 1)
      try file.flush()
      #expect(file.path == folder + "/events.out.tfevents.1700000000.node1")
      let found = try records(file.path)
      let seconds: [UInt8] = [0x00, 0x00, 0x20, 0x40, 0xFC, 0x54, 0xD9, 0x41]
      #expect(found.first == [0x09] + seconds + [0x1A, 13] + Array("brain.Event:2".utf8))
      #expect(
        found.dropFirst().first
          == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 0xAC, 0x02, 0x2A, 13, 0x0A, 11, 0x0A, 4]
          + Array("loss".utf8) + [0x15, 0, 0, 0, 0x3F])
      #expect(found.count == 2)
    }
  }

  @Test("A file that is opened again is continued, without a second version record")
  func appends() throws {
    try withFolder { folder in
      for step in 0..<3 {
        var file = try EventFile(folder: folder, time: 5, host: "h")
        file.add("loss", .value(1), step: step, wallTime: 5)
        try file.flush()
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["events.out.tfevents.0000000005.h"])
      #expect(try records(folder + "/events.out.tfevents.0000000005.h").count == 4)
    }
  }

  @Test("Missing folders and full disks are told with the system's reason, and nothing is dropped")
  func refused() throws {
    do throws(ArchiveError) {
      _ = try EventFile(folder: "/nonexistent-folder", time: 1, host: "h")
      Issue.record("opened")
    } catch {
      #expect(
        error
          == .inputOutput(
            file: "/nonexistent-folder/events.out.tfevents.0000000001.h", reason: "No such file or directory"))
    }
    try withFolder { folder in
      // The device that is always full.
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/events.out.tfevents.0000000001.h", withDestinationPath: "/dev/full")
      var file = try EventFile(folder: folder, time: 1, host: "h")
      for _ in 0..<2 {
        do throws(ArchiveError) {
          try file.flush()
          Issue.record("written")
        } catch {
          #expect(error == .inputOutput(file: file.path, reason: "No space left on device"))
        }
      }
    }
  }

  @Test(
    "TensorBoard reads the curve of a run and of its resumption as one",
    .enabled(if: PythonReader.has("tensorboard"), "no tensorboard in .venv"))
  func tensorboard() throws {
    try withFolder { folder in
      var first = try EventFile(folder: folder, time: 1_700_000_000, host: "a")
      for step in 0..<3 { first.add("train/loss", .value(1 / Double(1 << step)), step: step, wallTime: 1_700_000_000 + Double(step)) }
      first.add("κ", .value(-0.25), step: 1 << 40, wallTime: 1_700_000_003)
      try first.flush()
      var second = try EventFile(folder: folder, time: 1_700_000_100, host: "b")
      for step in 3..<5 { second.add("train/loss", .value(1 / Double(1 << step)), step: step, wallTime: 1_700_000_100.5) }
      try second.flush()
      let read = try PythonReader.run(
        """
        import sys
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        a = EventAccumulator(sys.argv[1])
        a.Reload()
        assert sorted(a.Tags()["scalars"]) == ["train/loss", "\\u03ba"], a.Tags()
        points = [(e.step, e.value, e.wall_time) for e in a.Scalars("train/loss")]
        assert points == [(0, 1, 1.7e9), (1, .5, 1.7e9 + 1), (2, .25, 1.7e9 + 2), (3, .125, 1700000100.5), (4, .0625, 1700000100.5)], points
        assert [(e.step, e.value) for e in a.Scalars("\\u03ba")] == [(2**40, -.25)]
        """, folder)
      #expect(read.status == 0, "\(read.output)")
    }
  }

  @Test("The spread of numbers: every finite one in a bin between the least and the largest, moments exact")
  func spread() {
    let spread = ValueSpread([-1, 0, 0.25, 1, 3, .nan, .infinity], binCount: 4)
    #expect(spread == ValueSpread(least: -1, most: 3, count: 5, sum: 3.25, sumOfSquares: 11.0625, bins: [1, 2, 1, 1]))
    #expect(ValueSpread([2, 2]) == ValueSpread(least: 2, most: 2, count: 2, sum: 4, sumOfSquares: 8, bins: [2]))
    #expect(ValueSpread([.nan]) == ValueSpread(least: 0, most: 0, count: 0, sum: 0, sumOfSquares: 0, bins: []))
  }

  @Test(
    "TensorBoard reads spreads of numbers and pictures with the values that were written",
    .enabled(if: PythonReader.has("tensorboard"), "no tensorboard in .venv"))
  func spreadsAndPictures() throws {
    try withFolder { folder in
      var file = try EventFile(folder: folder, time: 1_700_000_000, host: "a")
      let maps = [0, 1].map { Heatmap(title: "", rows: 1, columns: 2, values: [Double($0), -1], palette: .diverging) }
      for point in [
        CurvePoint("weights", step: 3, spread: [-1, 0, 0.25, 1, 3]), CurvePoint("same", step: 4, spread: [2, 2]),
        CurvePoint("fields", step: 5, maps: maps, perRow: 2),
      ] { file.add(point.tag, point.content, step: point.step, wallTime: 1_700_000_000) }
      try file.flush()
      let read = try PythonReader.run(
        """
        import struct, sys, zlib
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        a = EventAccumulator(sys.argv[1])
        a.Reload()
        assert sorted(a.Tags()["histograms"]) == ["same", "weights"], a.Tags()
        event, = a.Histograms("weights")
        h = event.histogram_value
        assert (event.step, h.min, h.max, h.num, h.sum, h.sum_squares) == (3, -1, 3, 5, 3.25, 11.0625), event
        assert h.bucket_limit[-1] == 3 and len(h.bucket) == 40 and sum(h.bucket) == 5 and h.bucket[0] == h.bucket[10] == 1, h
        same, = a.Histograms("same")
        assert same.histogram_value.bucket == [2], same
        assert a.Tags()["images"] == ["fields"], a.Tags()
        image, = a.Images("fields")
        png = image.encoded_image_string
        assert (image.step, image.width, image.height) == (5, 65, 16) == (5,) + struct.unpack(">II", png[16:24]), image
        data, at, palette = b"", 8, b""
        while at < len(png):
            n, kind = struct.unpack(">I4s", png[at:at + 8])
            if kind == b"IDAT": data += png[at + 8:at + 8 + n]
            if kind == b"PLTE": palette = png[at + 8:at + 8 + n]
            at += 12 + n
        rows = zlib.decompress(data)
        # Two maps of two squares of 16 pixels and a line between them: white, blue, grey, red, blue.
        row = [rows[1 + x] for x in (0, 16, 32, 33, 49)]
        assert row == [50, 0, 101, 100, 0], row
        assert palette[150:153] == bytes([255] * 3), palette[150:153]
        """, folder)
      #expect(read.status == 0, "\(read.output)")
    }
  }
}
