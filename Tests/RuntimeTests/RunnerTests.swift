import Archives
import Foundation
import Laws
import Runtime
import Testing

/// The runtime under real mpirun, with a toy study that can be told to fail.
@Suite(
  .serialized, .enabled(if: mpirunExecutable() != nil && builtExecutable("study-programs") != nil, "mpirun or study-programs is missing"))
struct RunnerTests {
  /// Runs the toy study; 1 rank means no launcher at all.
  func toy(_ ranks: Int, _ folder: String, _ overrides: [String] = [], fault: String? = nil, timeout: Double = 60) throws -> (
    status: Int32, output: String, error: String
  ) {
    let program = try #require(builtExecutable("study-programs"))
    let environment = fault.map { ["TOY_FAULT": $0] } ?? [:]
    if ranks == 1 { return try Laws.run(program, [folder] + overrides, environment: environment, timeout: timeout) }
    return try mpirun(ranks, executable: program, arguments: [folder] + overrides, environment: environment, timeout: timeout)
  }

  func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "runner-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  func results(_ folder: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/results.json")) }

  /// What an undisturbed run on one rank gives.
  func undisturbed(_ overrides: [String] = []) throws -> Data {
    try withFolder { folder in
      let end = try toy(1, folder, overrides)
      try #require(end.status == 0, "\(end.error)")
      return try results(folder)
    }
  }

  @Test("results.json has the same bytes at 1, 2, 3, 4 and 8 ranks, whatever the size of the teams", arguments: [0, 1, 2, 3])
  func sameBytes(teamSize: Int) throws {
    let overrides = ["toy.ranks=\(teamSize)", "toy.units=5"]
    // How many ranks a unit asks for is part of its plan, but not of its numbers.
    let expected = try undisturbed(overrides)
    for ranks in [2, 3, 4, 8] {
      try withFolder { folder in
        let end = try toy(ranks, folder, overrides)
        #expect(end.status == 0, "\(ranks) ranks: \(end.error)")
        #expect(try results(folder) == expected, "\(ranks) ranks")
      }
    }
  }

  @Test("a dedicated coordinator hands out the same results")
  func dedicated() throws {
    let overrides = ["toy.ranks=1", "toy.units=5"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      let end = try toy(3, folder, overrides + ["run.coordinator=dedicated"])
      #expect(end.status == 0, "\(end.error)")
      #expect(try results(folder) == expected)
    }
  }

  @Test(
    "after kill -9 of some rank at several moments, each time resumed on another number of ranks, the bytes are those of the undisturbed run"
  )
  func killed() throws {
    let overrides = ["toy.units=2", "toy.slices=40", "run.checkpoint_interval=0.1", "toy.pause=20"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      for (ranks, fault) in [(2, "kill:1:7"), (3, "kill:0:16"), (4, "kill:3:25"), (2, "kill:1:33")] {
        let end = try toy(ranks, folder, overrides, fault: fault)
        #expect(end.status != 0)
        #expect(!FileManager.default.fileExists(atPath: folder + "/results.json"))
      }
      let end = try toy(3, folder, overrides)
      #expect(end.status == 0, "\(end.error)")
      #expect(try results(folder) == expected)
      // Also of units that other ranks than the first have taken up.
      let resumed = try EventLog.read(folder + "/log.jsonl").filter { $0["event"]?.string == "resumed" }.compactMap { $0["unit"]?.string }
      #expect(resumed.count { $0 == "unit-1" } >= 2, "runs continued from checkpoints: \(resumed)")
    }
  }

  @Test("a rank that throws ends the job at once, naming rank, host and error")
  func throwing() throws {
    try withFolder { folder in
      let start = Date()
      let end = try toy(3, folder, ["toy.slices=1000", "toy.pause=10"], fault: "throw:2:3")
      #expect(end.status == 65)
      #expect(Date().timeIntervalSince(start) < 15)
      #expect(end.error.contains("[2/") && end.error.contains("toy.dat: was told to throw"), "\(end.error)")
    }
  }

  @Test("a rank that stops answering is named within the stall timeout and the job ends with 75", arguments: ["hang:1:3", "stop:2:3"])
  func stalled(fault: String) throws {
    try withFolder { folder in
      let start = Date()
      let end = try toy(3, folder, ["toy.slices=1000", "toy.pause=10", "run.stall_timeout=3"], fault: fault)
      #expect(end.status == 75, "\(end.status) \(end.error)")
      #expect(Date().timeIntervalSince(start) < 20)
      let rank = fault.split(separator: ":")[1]
      #expect(end.error.contains("rank \(rank) on host") && end.error.contains("has not been heard of"), "\(end.error)")
    }
  }

  @Test("a coordinator that stops answering is noticed by the workers")
  func stalledCoordinator() throws {
    try withFolder { folder in
      let end = try toy(3, folder, ["toy.slices=1000", "toy.pause=10", "run.stall_timeout=3"], fault: "stop:0:3")
      #expect(end.status == 75, "\(end.status) \(end.error)")
      #expect(end.error.contains("rank 0 on host"), "\(end.error)")
    }
  }

  @Test(
    "a rank that is stopped in one of slices of a second is missed after the stall timeout of three seconds, though five slices may pass in silence",
    arguments: [0, 2])
  func stalledInLongSlices(rank: Int) throws {
    try withFolder { folder in
      let settings = ["toy.units=3", "toy.ranks=1", "toy.slices=1000", "toy.pause=1000", "run.stall_timeout=3"]
      let end = try toy(3, folder, settings, fault: "stop:\(rank):3")
      #expect(end.status == 75, "\(end.status) \(end.error)")
      let silence = end.error.firstMatch(of: /rank (\d) on host .* has not been heard of for (\d+) s/)
      #expect(silence?.1 == "\(rank)", "\(end.error)")
      #expect(try #require(silence.flatMap { Int($0.2) }) < 5, "\(end.error)")
    }
  }

  @Test("a coordinator that is stopped while it makes the report is named within the stall timeout; one that takes long is not")
  func stalledReport() throws {
    try withFolder { folder in
      let start = Date()
      let stopped = try toy(3, folder, ["run.stall_timeout=3"], fault: "stopReport")
      #expect(stopped.status == 75, "\(stopped.status) \(stopped.error)")
      #expect(stopped.error.contains("rank 0 on host"), "\(stopped.error)")
      #expect(Date().timeIntervalSince(start) < 20)
      let slow = try toy(3, folder, ["run.stall_timeout=3"], fault: "slow:report")
      #expect(slow.status == 0, "\(slow.status) \(slow.error)")
      #expect(try results(folder) == undisturbed())
      #expect(!FileManager.default.fileExists(atPath: folder + "/lock"), "a finished run gives its folder free")
      let log = try String(contentsOfFile: folder + "/log.jsonl", encoding: .utf8)
      for event in ["\"stage\":\"adding\"", "writing-results"] { #expect(log.contains(event), "\(event)") }
    }
  }

  @Test("a rank that takes long to begin a unit, for its first slice or to read its checkpoint is not taken for lost")
  func slow() throws {
    for what in ["begin", "first", "read"] {
      try withFolder { folder in
        let settings = [
          "toy.units=3", "toy.ranks=1", "toy.slices=40", "toy.pause=20", "run.stall_timeout=3", "run.checkpoint_interval=0.1",
        ]
        if what == "read" { #expect(try toy(3, folder, settings, fault: "kill:1:30").status != 0) }
        let end = try toy(3, folder, settings, fault: "slow:" + what)
        #expect(end.status == 0, "\(what): \(end.status) \(end.error)")
      }
    }
  }

  @Test("a unit that fails alike on all ranks of its team leaves the others running")
  func failingTogether() throws {
    try withFolder { folder in
      let end = try toy(4, folder, ["toy.ranks=2", "toy.units=4"], fault: "failAll:2")
      #expect(end.status == 4, "\(end.error)")
      #expect(end.error.contains("unit unit-2 failed: unit 2 was told to fail"))
      let text = String(decoding: try results(folder), as: UTF8.self)
      #expect(text.contains("\"unit\": 1") && text.contains("\"unit\": 3") && !text.contains("\"unit\": 2"))
    }
  }

  @Test("a failing unit is reported with its reason, the others are finished, and the status is 4")
  func failing() throws {
    for ranks in [1, 3] {
      try withFolder { folder in
        let end = try toy(ranks, folder, ["toy.ranks=1", "toy.units=4"], fault: "fail:2")
        #expect(end.status == 4, "\(end.error)")
        #expect(end.error.contains("unit unit-2 failed: unit 2 was told to fail"))
        let text = String(decoding: try results(folder), as: UTF8.self)
        #expect(text.contains("\"unit\": 1") && text.contains("\"unit\": 3") && !text.contains("\"unit\": 2"))
      }
    }
  }

  @Test("a STOP file and a time limit save and leave with 85; the same command then gives the undisturbed bytes")
  func stopRequests() throws {
    let overrides = ["toy.slices=60", "toy.pause=20"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      let first = try toy(2, folder, overrides + ["run.max_time=\"0:01\""])
      #expect(first.status == 85, "\(first.error)")
      #expect(FileManager.default.createFile(atPath: folder + "/STOP", contents: nil))
      let second = try toy(3, folder, overrides)
      #expect(second.status == 85, "\(second.error)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/STOP"), "the request is used up")
      let third = try toy(1, folder, overrides)
      #expect(third.status == 0, "\(third.error)")
      #expect(try results(folder) == expected)
    }
  }

  @Test("each watched signal on any rank saves and leaves with 85", arguments: [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGXCPU])
  func signals(number: Int32) throws {
    let overrides = ["toy.slices=60", "toy.pause=20"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      let end = try toy(2, folder, overrides, fault: "signal\(number):1:10")
      #expect(end.status == 85, "\(end.status) \(end.error)")
      let rest = try toy(1, folder, overrides)
      #expect(rest.status == 0)
      #expect(try results(folder) == expected)
    }
  }

  @Test("a damaged checkpoint falls back to the one before with a warning, and the bytes stay right")
  func damaged() throws {
    let overrides = ["toy.units=1", "toy.slices=60", "toy.pause=20", "run.checkpoint_interval=0.1"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      #expect(try toy(1, folder, overrides, fault: "kill:0:30").status != 0)
      let state = folder + "/units/0-unit-0/state.h5"
      var bytes = try Data(contentsOf: URL(fileURLWithPath: state))
      bytes[bytes.count / 2] ^= 0x10
      try bytes.write(to: URL(fileURLWithPath: state))
      let end = try toy(2, folder, overrides)
      #expect(end.status == 0, "\(end.error)")
      #expect(end.error.contains("warning") && end.error.contains("continues from the checkpoint before"), "\(end.error)")
      #expect(try results(folder) == expected)
    }
  }

  @Test("a truncated checkpoint without a predecessor is reported and the unit starts over")
  func truncated() throws {
    let overrides = ["toy.units=1", "toy.slices=60", "toy.pause=20", "run.checkpoint_interval=0.1"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      #expect(try toy(1, folder, overrides, fault: "kill:0:30").status != 0)
      let unit = folder + "/units/0-unit-0"
      try Data(contentsOf: URL(fileURLWithPath: unit + "/state.h5")).prefix(700).write(to: URL(fileURLWithPath: unit + "/state.h5"))
      try FileManager.default.removeItem(atPath: unit + "/state.prev.h5")
      let end = try toy(1, folder, overrides)
      #expect(end.status == 0 && end.error.contains("starts over"), "\(end.error)")
      #expect(try results(folder) == expected)
    }
  }

  @Test("a checkpoint of another container version is refused with 65 and left alone")
  func otherVersion() throws {
    let overrides = ["toy.units=1", "toy.slices=60", "toy.pause=20", "run.checkpoint_interval=0.1"]
    try withFolder { folder in
      #expect(try toy(1, folder, overrides, fault: "kill:0:30").status != 0)
      let state = folder + "/units/0-unit-0/state.h5"
      // The head's version, with the head's checksum made right again: a file that another version wrote.
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: state)))
      bytes[8] = UInt8(CheckpointFile.containerVersion + 1)
      bytes.replaceSubrange(480..<512, with: SHA256.hash(Array(bytes[..<480])).bytes)
      try Data(bytes).write(to: URL(fileURLWithPath: state))
      let end = try toy(1, folder, overrides)
      #expect(end.status == 65, "\(end.error)")
      // The killed run's lock is taken over with a line of its own.
      let lines = end.error.split(separator: "\n").filter { !$0.contains("took over the lock") }
      #expect(lines.count == 1 && lines[0].contains("version"), "\(end.error)")
      #expect(FileManager.default.fileExists(atPath: state))
    }
  }

  @Test("ranks that are not the same program are refused at the start, and the rank that differs says so")
  func otherProgram() throws {
    try withFolder { folder in
      let program = try #require(builtExecutable("study-programs")), launcher = try #require(mpirunExecutable())
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let other = URL(fileURLWithPath: folder + "/other")
      try (try Data(contentsOf: program) + [0]).write(to: other)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: other.path)
      let end = try Laws.run(
        launcher, ["-n", "1", program.path, folder + "/run", ":", "-n", "1", other.path, folder + "/run"],
        environment: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"], timeout: 30)
      #expect(end.status == 65, "\(end.status) \(end.error)")
      #expect(end.error.contains("[1/") && end.error.contains("cannot give the bits of rank 0"), "\(end.error)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
    }
  }

  @Test("an uneven sweep of 40 units keeps 4 ranks at work for nine tenths of their time, the longest units first")
  func balance() throws {
    try withFolder { folder in
      // Slices are pauses, so ranks that share a processor do not disturb each other.
      let end = try toy(4, folder, ["toy.units=40", "toy.slices=4", "toy.growth=1", "toy.pause=20"])
      #expect(end.status == 0, "\(end.error)")
      let launch = try #require(Timeline(RunFolder(folder)).launches.first), seconds = try #require(launch.ended)
      // What a loaded machine adds to a slice is not the schedule's: time is counted from the beginnings of units to their ends.
      let worked = launch.shares.reduce(0) { $0 + $1.share.end - $1.share.begin }
      #expect(worked > 0.9 * 4 * seconds, "\(worked) s of 4 times \(seconds) s")
      for rank in 0..<4 {
        let units = launch.shares.map(\.share).filter { $0.rank == rank }.sorted { $0.begin < $1.begin }.map(\.unit)
        // Numbered as they came, so by their first ends; what counts is that no rank works on a shorter one before a longer.
        let labels = units.compactMap { unit in launch.shares.first { $0.share.unit == unit }.flatMap { Int($0.unit.dropFirst(5)) } }
        #expect(labels == labels.sorted(by: >) && labels.count > 4, "rank \(rank): \(labels)")
      }
    }
  }

  @Test("few units get teams, many get a rank each; the time of each rank is accounted for, also of a launch that was killed")
  func timeline() throws {
    let overrides = ["toy.units=3", "toy.slices=60", "toy.pause=10", "run.checkpoint_interval=0.1"]
    let expected = try undisturbed(overrides)
    try withFolder { folder in
      #expect(try toy(2, folder, overrides, fault: "kill:1:50").status != 0)
      let end = try toy(4, folder, overrides)
      #expect(end.status == 0, "\(end.error)")
      #expect(try results(folder) == expected)
      let launches = Timeline(RunFolder(folder)).launches
      try #require(launches.count == 2)
      #expect(launches[0].hosts.count == 2 && launches[0].ended == nil && launches[0].seconds > 0.2)
      #expect(launches[1].hosts.count == 4 && launches[1].ended != nil)
      for launch in launches {
        for (_, share) in launch.shares {
          #expect(share.busy + share.communicating + share.checkpointing <= share.end - share.begin + 1e-3, "\(share)")
          #expect(share.end <= launch.seconds + 1e-3)
        }
        for rank in launch.hosts.indices {
          let own = launch.shares.map(\.share).filter { $0.rank == rank }.sorted { $0.begin < $1.begin }
          for (one, next) in zip(own, own.dropFirst()) { #expect(one.end <= next.begin + 1e-3, "\(one) \(next)") }
        }
        #expect(launch.spent().checkpointing > 0)
      }
      // Three equal units on two ranks are done one after the other by both: each alone would leave one rank without work.
      #expect(Set(launches[0].shares.filter { $0.unit == "unit-0" }.map(\.share.rank)) == [0, 1])
      let page = try String(contentsOfFile: folder + "/report/index.html", encoding: .utf8)
      #expect(page.contains("How the ranks spent their time") && page.contains("In 2 launches"))
    }
  }

  @Test("started by the mpirun of another MPI, the program says so and runs nothing")
  func otherLauncher() throws {
    try withFolder { folder in
      let program = try #require(builtExecutable("study-programs"))
      let end = try Laws.run(program, [folder], environment: ["PMI_SIZE": "2", "PMI_RANK": "0"], timeout: 30)
      #expect(end.status == 64, "\(end.status) \(end.error)")
      #expect(end.error.contains("another MPI"), "\(end.error)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/results.json"))
    }
  }
}
