import Glibc

/// The right to work in a folder, held by one process at a time: `DIR/lock` names its host and process id.
///
/// A lock whose process is gone is taken over: at once where that process ran on this host, after two minutes without
/// being touched where it ran on another (from here nobody can tell whether it lives).
public struct RunLock: ~Copyable {
  /// The folder that is locked.
  public let folder: RunFolder
  private var held = true
  /// Touches the file, whatever this process is at: a slice may take minutes.
  private var pulse: Pulse?

  /// Seconds after which a lock of another host that nobody refreshes counts as left behind.
  public static let staleAfter = 120.0

  /// Seconds that a new process waits for one on this host to give the folder free.
  public static let patience = 3.0

  /// Takes the lock of a folder that exists, and touches it every `interval` seconds until it is released.
  init(_ folder: RunFolder, refreshedEvery interval: Double, notices: inout [String]) throws(RunFolderError) {
    self.folder = folder
    pulse = nil
    // A launcher returns a moment before the processes that it killed are gone: a holder on this host gets that moment.
    let patience = monotonicSeconds() + Self.patience
    var attempts = 0
    while attempts < 10 {
      do throws(FileFault) {
        if try Self.create(folder.lock) {
          let path = folder.lock
          // A failure to touch the file has no consequence but an early takeover from another host after two minutes.
          pulse = Pulse(interval: interval) { unsafe utimes(path, nil) }
          return
        }
      } catch { throw .file(error) }
      attempts += 1
      guard let holder = Holder(at: folder.lock) else { continue }
      if holder.isAlive {
        if holder.host == Machine.host, monotonicSeconds() < patience {
          attempts = 0
          usleep(50_000)
          continue
        }
        throw .inUse(path: folder.path, host: holder.host, process: holder.process, elsewhere: holder.host != Machine.host)
      }
      if Self.remove(holder, folder.lock) {
        notices.append("took over the lock of process \(holder.process) on \(holder.host), which is gone")
      } else {
        usleep(10_000)
      }
    }
    throw .file(FileFault(path: folder.lock, operation: "create", code: EBUSY))
  }

  /// Removes the lock of `holder`, and no other: another process may have judged it as well, removed it, and now hold a lock of its own.
  /// A second name for the file is the right to remove it: one process at a time gets it, and sees by it which file it has.
  private static func remove(_ holder: Holder, _ lock: String) -> Bool {
    let marker = lock + ".stale"
    guard unsafe link(lock, marker) == 0 else {
      var status = stat()
      // Of a process that ended in between. (A file's status changes when it gets a name.)
      if errno == EEXIST, unsafe stat(marker, &status) == 0, Timestamp.secondsNow() - Double(status.st_ctim.tv_sec) > staleAfter {
        unsafe unlink(marker)
      }
      return false
    }
    let isJudged = Holder(at: marker).map { $0.isSame(as: holder) } ?? false
    if isJudged { unsafe unlink(lock) }
    unsafe unlink(marker)
    return isJudged
  }

  /// Gives the folder free.
  public mutating func release() {
    pulse?.end()
    if held { unsafe unlink(folder.lock) }
    held = false
  }
  deinit {
    pulse?.end()
    if held { unsafe unlink(folder.lock) }
  }

  /// Whether a process works in the folder, as far as can be told from here.
  static func isHeld(_ folder: RunFolder) -> Bool { Holder(at: folder.lock)?.isAlive ?? false }

  private static func create(_ path: String) throws(FileFault) -> Bool {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if file < 0 {
      if errno == EEXIST { return false }
      throw FileFault(path: path, operation: "create", code: errno)
    }
    close(file)
    let text = JSON.object([
      .init("host", .text(Machine.host)), .init("process", .integer(Int(getpid()))),
      .init("process_start", .text(Holder.startTime(of: Int(getpid())) ?? "")), .init("since", .text(Timestamp.now())),
    ]).pretty
    do throws(FileFault) {
      try FileAccess.append(text, to: path)
    } catch {
      unsafe unlink(path)
      throw error
    }
    return true
  }

  /// Who holds a lock.
  private struct Holder {
    let host: String, process: Int, processStart: String, age: Double, file: UInt
    func isSame(as other: Holder) -> Bool {
      file == other.file && host == other.host && process == other.process && processStart == other.processStart
    }

    /// Nil where the lock has gone in the meantime.
    init?(at path: String) {
      var status = stat()
      guard unsafe stat(path, &status) == 0 else { return nil }
      file = UInt(status.st_ino)
      age = Timestamp.secondsNow() - Double(status.st_mtim.tv_sec)
      // A lock that is being written at this moment, or was cut off by a full disk, names nobody.
      let json = (try? FileAccess.text(path)).flatMap { try? JSON(parsing: $0) }
      host = json?["host"]?.string ?? "unknown-host"
      process = json?["process"]?.int ?? 0
      processStart = json?["process_start"]?.string ?? ""
    }
    var isAlive: Bool {
      guard host == Machine.host else { return age < (host == "unknown-host" ? 5 : RunLock.staleAfter) }
      return kill(pid_t(process), 0) == 0 || errno == EPERM ? Self.startTime(of: process) == processStart : false
    }
    /// The kernel's start time of a process, which tells it from a later one with the same id.
    static func startTime(of process: Int) -> String? {
      guard let text = try? FileAccess.text("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: end)...].split(separator: " ")
      // One that is dead, but not yet taken note of by its parent, has gone.
      guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
      return String(fields[19])
    }
  }
}
