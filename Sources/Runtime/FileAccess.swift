import Glibc

/// The operating system refused a file operation.
public struct FileFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file or folder.
  public let path: String
  /// What was tried: "read", "write", "create", ...
  public let operation: String
  /// The operating system's error number (ENOSPC, EACCES, ...).
  public let code: Int32
  public init(path: String, operation: String, code: Int32) {
    self.path = path
    self.operation = operation
    self.code = code
  }
  /// The operating system's own words.
  public var reason: String { unsafe String(cString: strerror(code)) }
  public var description: String { "\(path): cannot \(operation): \(reason)" }
}

/// Whole files read and written, with every error reported.
public enum FileAccess {
  /// All bytes of a file. A folder is refused with EISDIR.
  public static func read(_ path: String) throws(FileFault) -> [UInt8] {
    var bytes: [UInt8] = []
    try read(path) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// A file's bytes from first to last, 64 KiB at most at a time.
  static func read(_ path: String, _ take: (ArraySlice<UInt8>) -> Void) throws(FileFault) {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw FileFault(path: path, operation: "open", code: errno) }
    defer { close(file) }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFault(path: path, operation: "read", code: errno)
      }
      if count == 0 { return }
      take(chunk[0..<count])
    }
  }

  /// The text of a file; bytes that are no UTF-8 are replaced.
  public static func text(_ path: String) throws(FileFault) -> String { String(decoding: try read(path), as: UTF8.self) }

  /// Writes to `path.tmp`, forces it to the disk and renames it, so that `path` is always either the old or the new
  /// file, whole. Nothing stays behind when it fails.
  public static func writeAtomically(_ bytes: some Collection<UInt8>, to path: String) throws(FileFault) {
    let temporary = path + ".tmp"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw FileFault(path: path, operation: "create", code: errno) }
    var code = writeAll(Array(bytes), to: file)
    if code == 0, fsync(file) != 0 { code = errno }
    if close(file) != 0, code == 0 { code = errno }
    if code == 0, unsafe rename(temporary, path) != 0 { code = errno }
    if code != 0 {
      unsafe unlink(temporary)
      throw FileFault(path: path, operation: "write", code: code)
    }
  }
  /// Writes a text atomically.
  public static func writeAtomically(_ text: String, to path: String) throws(FileFault) {
    try writeAtomically(Array(text.utf8), to: path)
  }

  /// Adds bytes at the end of a file, which comes into being where it is missing.
  static func append(_ text: String, to path: String) throws(FileFault) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw FileFault(path: path, operation: "append to", code: errno) }
    var code = writeAll(Array(text.utf8), to: file)
    if close(file) != 0, code == 0 { code = errno }
    if code != 0 { throw FileFault(path: path, operation: "append to", code: code) }
  }

  /// Writes to standard output; a closed or full one is no reason to end a run, so errors are passed over.
  static func writeToOutput(_ text: String) { _ = writeAll(Array(text.utf8), to: 1) }

  /// Creates a folder and those around it; one that exists is fine.
  public static func createFolder(_ path: String) throws(FileFault) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? part : "/\(part)"
      if unsafe mkdir(prefix, 0o755) != 0 {
        let code = errno
        // A folder that stands there already may answer EEXIST, EACCES or EROFS.
        guard isFolder(prefix) else { throw FileFault(path: prefix, operation: "create folder", code: code) }
      }
    }
  }

  /// Whether something stands at `path`.
  public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
  /// Whether `path` is a folder.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
  /// The names in a folder, sorted, without "." and "..".
  public static func names(in folder: String) throws(FileFault) -> [String] {
    guard let stream = unsafe opendir(folder) else { throw FileFault(path: folder, operation: "list", code: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress! + done, $0.count - done) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += count
    }
    return 0
  }
}
