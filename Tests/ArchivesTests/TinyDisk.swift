import Foundation

/// A file system in memory of a given size, for full disks; only the superuser may mount one.
struct TinyDisk: ~Copyable {
  let scratch: Scratch

  /// Whether one can be mounted here; tried once.
  static let isPossible: Bool = {
    guard getuid() == 0, let scratch = try? Scratch() else { return false }
    guard (try? run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", scratch.path)) == 0 else { return false }
    return (try? run("umount", scratch.path)) == 0
  }()

  init(size: String) throws {
    let scratch = try Scratch()
    let status = try Self.run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", scratch.path)
    if status != 0 { throw CocoaError(.fileWriteUnknown) }
    self.scratch = scratch
  }

  deinit { _ = try? Self.run("umount", "-l", scratch.path) }

  private static func run(_ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
