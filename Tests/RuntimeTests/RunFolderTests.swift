import Archives
import Foundation
import Runtime
import Testing

@Suite struct RunFolderTests {
  let base: TemporaryFolder
  init() throws { base = try TemporaryFolder() }

  @Test("a new folder gets resolved.toml, the same study may come back, another one is refused with one line")
  func studies() throws {
    let path = base.path + "/a/b", small = try Toy.resolve("study = \"toy-lattice\""),
      other = try Toy.resolve("study = \"toy-lattice\"\nseed = 2")
    var notices: [String] = []
    for _ in 0..<2 {
      var lock = try RunFolder.open(path, for: small, fresh: false, notices: &notices)
      #expect(try FileAccess.text(lock.folder.resolvedStudy) == small.canonicalTOML)
      lock.release()
    }
    do throws(RunFolderError) {
      _ = try RunFolder.open(path, for: other, fresh: false, notices: &notices)
      Issue.record("accepted another study")
    } catch {
      #expect(
        error.description
          == "\(path) holds the results of another study (toy-lattice, digest \(small.digest); this one is toy-lattice, digest \(other.digest)): give another --out, or --fresh to put them aside"
      )
    }
    #expect(notices == [])
    #expect(!FileAccess.exists(path + "/lock"))
    // A bit that changed in it would be a wrong setting for whoever reads it.
    try FileAccess.writeAtomically(small.canonicalTOML + "# changed\n", to: path + "/resolved.toml")
    var lock = try RunFolder.open(path, for: small, fresh: false, notices: &notices)
    lock.release()
    #expect(notices == ["\(path)/resolved.toml was changed since it was written, and is written again"])
    #expect(try FileAccess.text(path + "/resolved.toml") == small.canonicalTOML)
  }

  @Test("a run goes on only with the data files it began with; --fresh begins with others")
  func data() throws {
    let path = base.path + "/run", study = try Toy.resolve("study = \"toy-lattice\"")
    let images = base.path + "/images", labels = base.path + "/labels", moved = base.path + "/moved"
    for file in [images, labels, moved] { try FileAccess.writeAtomically("of \(file == moved ? images : file)", to: file) }
    var notices: [String] = []
    func open(_ data: [String], fresh: Bool = false) throws {
      var lock = try RunFolder.open(path, for: study, data: data, fresh: fresh, notices: &notices)
      lock.release()
    }
    for data in [[images, labels], [images, labels], [moved, labels]] { try open(data) }
    try FileAccess.writeAtomically("others", to: labels)
    let other = RunFolderError.otherData(path: path, file: labels)
    #expect(throws: other) { try open([images, labels]) }
    try open([images, labels], fresh: true)
    try open([images, labels])
    try FileAccess.writeAtomically("of \(labels)", to: labels)
    #expect(throws: other) { try open([images, labels]) }
    unsafe unlink(path + "/data.fingerprints")
    #expect(throws: RunFolderError.unknownData(path: path)) { try open([images, labels]) }
  }

  @Test("--fresh keeps the old folders aside, numbered")
  func fresh() throws {
    let path = base.path + "/run", study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    for turn in 0..<3 {
      let lock = try RunFolder.open(path, for: study, fresh: true, notices: &notices)
      try FileAccess.writeAtomically("\(turn)", to: lock.folder.results)
    }
    #expect(notices == [1, 2].map { "the folder of toy-lattice (digest \(study.digest)) is kept aside as \(path).old-\($0)" })
    #expect(try FileAccess.text(path + ".old-1/results.json") == "0")
    #expect(try FileAccess.text(path + ".old-2/results.json") == "1")
    #expect(try FileAccess.text(path + "/results.json") == "2")
  }

  @Test("a locked folder is refused; the lock of a dead process is taken over with a notice")
  func lock() throws {
    let path = base.path + "/run", study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    var lock = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
    do throws(RunFolderError) {
      _ = try RunFolder.open(path, for: study, fresh: true, notices: &notices)
      Issue.record("locked twice")
    } catch {
      #expect(error.description == "\(path) is in use by process \(getpid()) on \(Machine.host)")
    }
    lock.release()
    // The same process id with another start time is another, later process.
    for (process, start) in [(Int(getpid()), "1"), (2_147_483_000, "1")] {
      try FileAccess.writeAtomically(
        "{\"host\": \"\(Machine.host)\", \"process\": \(process), \"process_start\": \"\(start)\"}", to: path + "/lock")
      notices = []
      var again = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
      #expect(notices == ["took over the lock of process \(process) on \(Machine.host), which is gone"])
      again.release()
    }
    try FileAccess.writeAtomically("{\"host\": \"elsewhere\", \"process\": 1, \"process_start\": \"1\"}", to: path + "/lock")
    #expect(throws: RunFolderError.inUse(path: path, host: "elsewhere", process: 1, elsewhere: true)) {
      _ = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
    }
  }

  @Test("the lock is touched while nobody does anything, and no more once it is released")
  func refreshed() throws {
    let path = base.path + "/busy", study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    var lock = try RunFolder.open(path, for: study, fresh: false, refreshedEvery: 0.02, notices: &notices)
    func age() -> Int {
      var status = stat()
      return unsafe stat(path + "/lock", &status) == 0 ? time(nil) - status.st_mtim.tv_sec : -1
    }
    var old = [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000, tv_usec: 0)]
    unsafe utimes(path + "/lock", &old)
    let end = monotonicSeconds() + 20
    while age() > 1000, monotonicSeconds() < end { usleep(1000) }
    #expect(age() < 1000)
    lock.release()
    #expect(age() == -1)
  }

  @Test("a file in place of a folder and a place where nothing can be written are one line each")
  func unusable() throws {
    let study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    func complaint(_ path: String) -> String? {
      do throws(RunFolderError) {
        _ = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
        return nil
      } catch { return error.description }
    }
    try FileAccess.writeAtomically("x", to: base.path + "/file")
    #expect(complaint(base.path + "/file") == "\(base.path)/file is a file, not a folder")
    #expect(
      complaint(base.path + "/file/sub") == "\(base.path)/file: cannot create folder: File exists"
        || complaint(base.path + "/file/sub")?.contains("Not a directory") == true)
    #expect(complaint("/proc/renorm")?.hasPrefix("/proc/renorm: cannot create folder: ") == true)
  }

  @Test("a file that its run's checksums know is refused once a bit of it has changed; one that they do not know passes")
  func checksums() throws {
    let folder = RunFolder(base.path + "/run")
    var sums = ""
    for (name, text) in [
      ("resolved.toml", "a"), ("results.json", "b"), ("results.h5", "c"), ("report/report.json", "d"), ("models/m.h5", "e"),
    ] {
      try FileAccess.createFolder(folder.path + (name.contains("/") ? "/" + name.prefix { $0 != "/" } : ""))
      try FileAccess.writeAtomically(text, to: "\(folder.path)/\(name)")
      sums += "\(SHA256.hash(Array(text.utf8)).hexString)  \(name)\n"
    }
    try FileAccess.writeAtomically(sums, to: folder.path + "/SHA256SUMS")
    for name in ["results.json", "models/m.h5", "report/report.json"] {
      let path = "\(folder.path)/\(name)"
      try Checksums.check(path)
      let before = try FileAccess.read(path)
      try FileAccess.writeAtomically([before[0] ^ 1], to: path)
      do throws(ArchiveError) {
        try Checksums.check(path)
        Issue.record("\(name) passed")
      } catch {
        #expect(error.description.hasPrefix("\(path) is damaged: its checksum is not that in \(folder.path)/SHA256SUMS"))
      }
    }
    try FileAccess.writeAtomically("x", to: folder.path + "/models/own.h5")
    try Checksums.check(folder.path + "/models/own.h5")
    // A run that writes its results anew takes the sums away first.
    unsafe unlink(folder.path + "/SHA256SUMS")
    try Checksums.check(folder.results)
  }

  @Test("an unfinished write leaves the old file whole and nothing else")
  func atomic() throws {
    #expect(throws: FileFault(path: "/dev/full/x", operation: "create", code: ENOTDIR)) {
      try FileAccess.writeAtomically("x", to: "/dev/full/x")
    }
    let path = base.path + "/f"
    try FileAccess.writeAtomically("one", to: path)
    try FileAccess.writeAtomically("two", to: path)
    #expect(try FileAccess.text(path) == "two")
    #expect(try FileAccess.names(in: base.path) == ["f"])
  }

  @Test("a unit that failed in the last start is failed, with its reason, until the run is started again or the unit is done")
  func failedUnits() throws {
    let path = base.path + "/failing", study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    var lock = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
    defer { lock.release() }
    let folder = lock.folder, log = EventLog(path: folder.log)
    for (index, label) in ["a", "b"].enumerated() { try FileAccess.createFolder(folder.unit(index, label).path) }
    try FileAccess.writeAtomically("{}", to: folder.results)
    try FileAccess.writeAtomically("", to: folder.unit(0, "a").partial)
    try log.write(.info, "started")
    try log.write(.error, "unit-failed", [("unit", "b"), ("reason", "not finite")])
    let status = try RunStatus(folder, plan: nil)
    #expect(status.units.map(\.state) == [.done, .failed(reason: "not finite")])
    #expect(status.failed.map(\.label) == ["b"] && status.fraction == 0.5 && status.isComplete)
    #expect(status.json["units"]?.elements?[1]["state"]?.string == "failed")
    try log.write(.info, "started")
    #expect(try RunStatus(folder, plan: nil).units.map(\.state) == [.done, .waiting])
  }

  @Test("the time left follows from what the present launch has done, not from what it found done")
  func timeLeft() throws {
    let path = base.path + "/half", study = try Toy.resolve("study = \"toy-lattice\"")
    var notices: [String] = []
    var lock = try RunFolder.open(path, for: study, fresh: false, notices: &notices)
    defer { lock.release() }
    let folder = lock.folder
    for (index, label) in ["a", "b", "c"].enumerated() { try FileAccess.createFolder(folder.unit(index, label).path) }
    try FileAccess.writeAtomically("", to: folder.unit(0, "a").partial)
    // One of three units was done and b a fifth; a hundred seconds later b is at three fifths: 1.4 units left at 0.4 in 100 s.
    let lines = [
      #"{"time":"2025-01-31T12:00:00.000Z","event":"started"}"#,
      #"{"time":"2025-01-31T12:00:01.000Z","event":"unit-read-back","unit":"a"}"#,
      #"{"time":"2025-01-31T12:00:01.000Z","event":"stage","unit":"b","stage":"training","fraction":"0.2"}"#,
    ]
    try FileAccess.writeAtomically(lines.joined(separator: "\n") + "\n", to: folder.log)
    try FileAccess.writeAtomically(
      #"{"fraction":0.6,"stage":"training","updated":"2025-01-31T12:01:40.000Z"}"#, to: folder.unit(1, "b").progress)
    let remaining = try #require(try RunStatus(folder, plan: nil).remaining)
    #expect(abs(remaining - 350) < 1e-6)
  }
}

@Suite struct ProgressTests {
  final class Output { var text = "" }

  @Test("a log gets one line a minute, or ten seconds after the last at a new stage")
  func lines() {
    let output = Output()
    var display = ProgressDisplay(.auto, terminal: false, color: true) { output.text += $0 }
    for second in 0...150 {
      display.update(fraction: Double(second) / 300, stage: second < 25 ? "sampling" : "training", now: Double(second))
    }
    let lines = output.text.split(separator: "\n").map { $0.dropFirst(9) }
    #expect(lines == ["  0 % sampling", "  8 % training, 4:35 left", " 28 % training, 3:35 left", " 48 % training, 2:35 left"])
    #expect(!output.text.contains("\u{1B}"))
  }

  @Test("a terminal gets one line that is drawn again; NO_COLOR leaves the colours out")
  func bar() {
    for color in [true, false] {
      let output = Output()
      var display = ProgressDisplay(.auto, terminal: true, color: color) { output.text += $0 }
      for step in 0...20 { display.update(fraction: Double(step) / 20, stage: "s", now: Double(step) * 0.1) }
      display.line("a notice")
      #expect(output.text.contains("\u{1B}[36m") == color)
      #expect(output.text.filter { $0 == "\n" }.count == 1)
      #expect(output.text.hasSuffix("\r\u{1B}[2Ka notice\n"))
      #expect(output.text.split(separator: "\r").count < 14, "at most five a second")
    }
  }

  @Test("log lines read back, and a line cut off by a crash is left out")
  func log() throws {
    let base = try TemporaryFolder()
    let log = EventLog(path: base.path + "/log.jsonl")
    try log.write(.info, "start", [("units", 3)])
    try log.write(.warning, "checkpoint_damaged", [("unit", "layer-1"), ("reason", "a\nb")])
    try FileAccess.writeAtomically(try FileAccess.text(log.path) + "{\"time\": \"20", to: log.path)
    let lines = try EventLog.read(log.path)
    #expect(lines.map { $0["event"]?.string } == ["start", "checkpoint_damaged"])
    #expect(lines[1]["reason"] == "a\nb")
    #expect(Timestamp.seconds(lines[0]["time"]?.string ?? "").map { abs($0 - Timestamp.secondsNow()) < 60 } == true)
  }

  @Test(
    "times are written and read in the Gregorian calendar",
    arguments: [
      (0.0, "1970-01-01T00:00:00.000Z"), (951_782_399.5, "2000-02-28T23:59:59.500Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
      (1_735_689_599, "2024-12-31T23:59:59.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
    ])
  func times(seconds: Double, text: String) {
    #expect(Timestamp.text(seconds: seconds) == text)
    #expect(Timestamp.seconds(text) == seconds)
  }
}
