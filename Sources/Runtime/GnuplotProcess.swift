import Foundation

/// A program run to its end, with what it wrote.
public struct ProgramResult: Sendable {
  /// Exit status, or -1 where it was ended by a signal or ran out of time.
  public let status: Int32
  /// Standard output and standard error together.
  public let output: String
}

/// Programs that renorm calls: gnuplot for figures, mpirun for its version.
public enum Program {
  /// The path of a program found through PATH.
  public static func find(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs a program in a folder and waits, `limit` seconds at most; nil where it cannot be started. Its output goes
  /// through a file, so that a program that writes much can never block.
  public static func run(_ path: String, _ arguments: [String], in folder: String, limit: Double) -> ProgramResult? {
    let file = NSTemporaryDirectory() + "renorm-" + UUID().uuidString
    guard FileManager.default.createFile(atPath: file, contents: nil), let handle = FileHandle(forWritingAtPath: file) else { return nil }
    defer { _ = unsafe unlink(file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    do { try process.run() } catch { return nil }
    let end = Machine.uptime + limit
    while process.isRunning, Machine.uptime < end { usleep(2000) }
    let late = process.isRunning
    if late { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let text = (try? FileAccess.text(file)) ?? ""
    if late { return ProgramResult(status: -1, output: text + "\nno end after \(limit) s") }
    return ProgramResult(status: process.terminationReason == .exit ? process.terminationStatus : -1, output: text)
  }
}

/// Draws a script with gnuplot.
enum GnuplotProcess {
  /// Runs `NAME.gp` in `folder`; nil when `NAME.svg` came out, otherwise one line of what went wrong.
  static func draw(script name: String, in folder: String) -> String? {
    guard let gnuplot = Program.find("gnuplot") else { return "gnuplot is not installed (package gnuplot-nox)" }
    let svg = "\(folder)/\(name).svg"
    // An old figure must not pass for a new one.
    if FileAccess.exists(svg) { _ = unsafe unlink(svg) }
    guard let result = Program.run(gnuplot, ["\(name).gp"], in: folder, limit: 60) else { return "gnuplot could not be started" }
    let words = result.output.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.filter { !$0.isEmpty && $0 != "^" }
    if result.status != 0 { return "gnuplot: " + (words.last.map(String.init) ?? "status \(result.status)") }
    return FileAccess.exists(svg) ? nil : "gnuplot drew nothing"
  }
}
