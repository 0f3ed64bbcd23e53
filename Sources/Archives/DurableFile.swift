import Glibc

/// Whole files, read and replaced through the operating system's own calls, so that errors carry its reason.
enum DurableFile {
  /// `.inputOutput` with the reason that the last call left in errno.
  static func systemError(_ path: String, _ code: CInt = errno) -> ArchiveError {
    .inputOutput(file: path, reason: reason(code))
  }

  /// The system's words for an error number.
  static func reason(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The size of a file that can be opened for reading.
  static func size(_ path: String) throws(ArchiveError) -> Int {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw systemError(path) }
    defer { _ = close(file) }
    return try size(file, path)
  }

  private static func size(_ file: CInt, _ path: String) throws(ArchiveError) -> Int {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { throw systemError(path) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw systemError(path, EISDIR) }
    return Int(status.st_size)
  }

  /// All bytes of a file.
  static func read(_ path: String) throws(ArchiveError) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw systemError(path) }
    defer { _ = close(file) }
    let size = try size(file, path)
    var failure: CInt = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size {
        let count = unsafe Glibc.read(file, buffer.baseAddress! + filled, size - filled)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { failure = errno }
        if count <= 0 { break }
        filled += count
      }
    }
    if failure != 0 { throw systemError(path, failure) }
    return bytes
  }

  /// Puts `parts`, one behind the other, in the place of the file `path`, all or nothing: temporary name, fsync, rename, fsync of the
  /// folder. With `previous`, the old file stays under that name. At every moment one of `path` and `previous` is a
  /// whole file, even if the old `path` was damaged. On failure the temporary is removed and both are as they were.
  static func replace(_ path: String, with parts: [[UInt8]], previous: String? = nil) throws(ArchiveError) {
    // Else a folder in the file's place would be moved aside below.
    if isFolder(path) { throw systemError(path, EISDIR) }
    let temporary = path + ".tmp"
    do throws(ArchiveError) {
      try create(temporary, parts, reportedAs: path)
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
    // The old file gets a second name before, and takes the place of `previous` only after the new one stands.
    var spare: String?
    if let previous, exists(path) {
      let second = previous + ".tmp"
      _ = unsafe unlink(second)
      if unsafe link(path, second) == 0 {
        spare = second
      } else if unsafe rename(path, previous) != 0 {
        // A file system without hard links, and the old file can't be moved either.
        let code = errno
        _ = unsafe unlink(temporary)
        throw systemError(path, code)
      }
    }
    guard unsafe rename(temporary, path) == 0 else {
      let code = errno
      _ = unsafe unlink(temporary)
      if let spare { _ = unsafe unlink(spare) }
      throw systemError(path, code)
    }
    if let previous, let spare, unsafe rename(spare, previous) != 0 { throw systemError(previous) }
    try syncFolder(of: path)
  }

  /// Writes a new file and waits until it is on the device.
  private static func create(_ path: String, _ parts: [[UInt8]], reportedAs name: String) throws(ArchiveError) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw systemError(name) }
    var written: CInt = 0
    for part in parts where written == 0 { written = writeAll(file, part) }
    let synced = written == 0 ? fsync(file) == 0 ? 0 : errno : written
    // Some file systems (NFS, quotas) report a full disk only here.
    let closed = close(file) == 0 ? synced : synced == 0 ? errno : synced
    guard closed == 0 else { throw systemError(name, closed) }
  }

  /// Writes all bytes; 0 or the error number.
  private static func writeAll(_ file: CInt, _ bytes: [UInt8]) -> CInt {
    unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = unsafe write(file, buffer.baseAddress! + done, buffer.count - done)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return errno }
        done += count
      }
      return 0
    }
  }

  /// Makes a rename last: the folder's own entry goes to the device.
  private static func syncFolder(of path: String) throws(ArchiveError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw systemError(folder) }
    defer { _ = close(file) }
    // Some network file systems have no fsync for folders; the rename itself has succeeded.
    guard fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP else { throw systemError(folder) }
  }
}
