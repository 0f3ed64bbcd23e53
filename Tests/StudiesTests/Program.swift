import Foundation
import Glibc
import Laws
import Runtime
import Testing

/// The built program and `Scripts/run`, started as a user starts them.
enum Program {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let quick = root.appendingPathComponent("cluster/studies/quick.toml").path
  static let isThere = builtExecutable("renorm") != nil && mpirunExecutable() != nil
  static let isOpenMPI = mpirunExecutable()?.lastPathComponent != "mpirun.mpich"
  /// What a run on any machine of these tests needs: Open MPI's leave to run as root, and no colours.
  static let environment = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "NO_COLOR": "1"]

  /// What came of a program.
  struct End {
    let status: Int32, output: String, error: String
    /// The lines of standard error.
    var errors: [String] { error.split(separator: "\n").map(String.init) }
    /// All of it, for the messages of failed tests.
    var all: String { "status \(status)\n\(output)\n\(error)" }
  }

  /// The command that starts the program on `ranks` ranks; on one without any launcher.
  static func command(_ arguments: [String], ranks: Int) throws -> (URL, [String]) {
    let program = try #require(builtExecutable("renorm"))
    if ranks == 1 { return (program, arguments) }
    let options = isOpenMPI ? ["--oversubscribe", "-q"] : []
    return (try #require(mpirunExecutable()), ["-n", "\(ranks)"] + options + [program.path] + arguments)
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], ranks: Int = 1, environment more: [String: String] = [:], timeout: Double = 60
  ) throws -> End {
    let (executable, arguments) = try command(arguments, ranks: ranks)
    let end = try Laws.run(executable, arguments, environment: environment.merging(more) { $1 }, timeout: timeout)
    return End(status: end.status, output: end.output, error: end.error)
  }

  /// The quick study into `folder`; `settings` are arguments of `--set`.
  static func quick(into folder: String, _ settings: [String] = [], ranks: Int = 1, options: [String] = []) throws -> End {
    try run(["run", quick, "--out", folder] + settings.flatMap { ["--set", $0] } + options, ranks: ranks)
  }

  /// `body` with a path for a folder of its own that is not there yet, and is removed afterwards.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "program-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// Writes a study file.
  static func write(_ study: String, _ name: String, in folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = "\(folder)/\(name).toml"
    try study.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  /// Expects the same bytes of results.json and results.h5 of a study file at all of `ranks`, and at those of `stopped` after a
  /// run that a STOP file ends at its first slice (nil: what takes one slice cannot be stopped after it).
  static func expectSameBytes(of file: String, ranks: [Int], stopped: Int?, in folder: String) throws {
    var expected: [Data] = []
    for count in ranks {
      let out = "\(folder)/out\(count)"
      if count == stopped {
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: out + "/STOP"))
        #expect(try run(["run", file, "--out", out]).status == 85)
      }
      let end = try run(["run", file, "--out", out], ranks: count)
      #expect(end.status == 0 && end.error.isEmpty, "\(count) ranks: \(end.all)")
      let found = try ["results.json", "results.h5"].map { try bytes("\(out)/\($0)") }
      if expected.isEmpty { expected = found }
      #expect(found == expected, "\(count) ranks")
    }
  }

  /// results.json and results.h5 of an undisturbed run of the quick study on one rank.
  static func undisturbed(_ settings: [String] = []) throws -> (json: Data, archive: Data) {
    try withFolder { folder in
      let end = try quick(into: folder, settings)
      try #require(end.status == 0, "\(end.all)")
      return (try bytes(folder + "/results.json"), try bytes(folder + "/results.h5"))
    }
  }
  /// Long enough to be interrupted at several checkpoints: about two seconds on one rank.
  static let long = ["training.epochs=[400]", "run.checkpoint_interval=0.2"]
  static let undisturbedLong = Result { try undisturbed(long) }
}

/// Expects every value of these checks within its tolerance.
func expectAllPass(_ checks: [Check]) throws {
  for check in checks {
    for value in try check.values() {
      #expect(value.passes, "\(check.id) \(value.what): expected \(value.expected), found \(value.found)")
    }
  }
}

/// A program that runs while the test does something to it.
final class Job {
  let process = Process()
  private let folder = NSTemporaryDirectory() + "job-\(UUID().uuidString)"

  init(_ executable: URL, _ arguments: [String], environment more: [String: String] = [:]) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["output", "error"] { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = environmentWithoutLauncher().merging(Program.environment) { $1 }.merging(more) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/output"))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/error"))
    // Threads of a pool block all signals, and a child would inherit that.
    var none = sigset_t(), before = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Looks every few milliseconds until `condition` holds; false where the program ended, or `seconds` passed, before.
  func wait(seconds: Double = 60, until condition: () -> Bool) -> Bool {
    let start = Date()
    while Date().timeIntervalSince(start) < seconds {
      if condition() { return true }
      if !process.isRunning { return false }
      usleep(3000)
    }
    return false
  }

  /// Waits for the end; after `seconds` the program is told to leave, and the status is that of a killed one.
  func end(seconds: Double = 60) throws -> Program.End {
    if !wait(seconds: seconds, until: { !process.isRunning }) { process.terminate() }
    process.waitUntilExit()
    let texts = try ["output", "error"].map { String(decoding: try Program.bytes("\(folder)/\($0)"), as: UTF8.self) }
    let status = process.terminationStatus
    return Program.End(
      status: process.terminationReason == .uncaughtSignal ? 128 + status : status, output: texts[0], error: texts[1])
  }

  /// The processes below `parent` that are Open MPI ranks, by rank.
  static func ranks(below parent: Int32) -> [Int: Int32] {
    var parents: [Int32: Int32] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let id = Int32(name), let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
        let end = text.lastIndex(of: ")"), !text[..<end].hasSuffix("gnuplot")
      else { continue }
      parents[id] = text[text.index(after: end)...].split(separator: " ").dropFirst().first.flatMap { Int32($0) }
    }
    var found: [Int: Int32] = [:]
    for id in parents.keys {
      var above = parents[id]
      while let next = above, next > 1, next != parent { above = parents[next] }
      guard above == parent, let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ") else { continue }
      for entry in environment.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix("OMPI_COMM_WORLD_RANK="), let rank = Int(text.dropFirst(21)) { found[rank] = id }
      }
    }
    return found
  }
}

/// A file system in memory of a size that can be changed; only the superuser may mount one.
struct SmallDisk: ~Copyable {
  let path = NSTemporaryDirectory() + "disk-\(UUID().uuidString)"

  static let isPossible: Bool = {
    guard getuid() == 0, let disk = try? SmallDisk(kilobytes: 64) else { return false }
    return FileManager.default.fileExists(atPath: disk.path)
  }()

  init(kilobytes: Int, options: String = "") throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.shell("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k" + options, "tmpfs", path)
  }
  deinit {
    try? Self.shell("umount", "-l", path)
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Makes so much space free, by changing the size of the file system.
  func leave(free kilobytes: Int) throws {
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 else { throw CocoaError(.fileReadUnknown) }
    let used = Int(status.f_blocks - status.f_bfree) * Int(status.f_frsize) / 1024
    try Self.shell("mount", "-o", "remount,size=\(used + kilobytes)k", path)
  }

  private static func shell(_ words: String...) throws {
    let end = try Laws.run(URL(fileURLWithPath: "/usr/bin/env"), words, timeout: 20)
    if end.status != 0 { throw CocoaError(.fileWriteUnknown) }
  }
}
