internal import CHDF5
import Glibc

/// Work on a file of unknown origin in a child process, since a library that meets damage may crash: the caller then gets an error.
public enum ForeignFile {
  /// What `body` returns in a child, by bytes.
  /// - Throws: `inputOutput` where there can be no child, `damaged` where it crashed.
  public static func inChild(_ path: String, _ body: () -> [UInt8]) throws(ArchiveError) -> [UInt8] {
    var end: Int32 = -1
    let child = unsafe ch5_fork(&end)
    guard child >= 0 else { throw .inputOutput(file: path, reason: unsafe String(cString: strerror(errno))) }
    if child == 0 {
      let bytes = body()
      var written = 0
      while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { unsafe write(end, $0.baseAddress! + written, bytes.count - written) }
        if count <= 0 && errno != EINTR { break }
        written += max(0, count)
      }
      ch5_leave()
    }
    var found: [UInt8] = [], chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(end, $0.baseAddress, $0.count) }
      if count > 0 { found += chunk.prefix(count) } else if count == 0 || errno != EINTR { break }
    }
    close(end)
    let signal = ch5_wait(child)
    if signal != 0 { throw .damaged(file: path, reason: "the process that read it crashed" + (signal > 0 ? " (signal \(signal))" : "")) }
    return found
  }
  /// What `copy` takes out of an HDF5 file, in a child.
  /// - Throws: as `inChild`, and what the child met: `missing`, `damaged`, or `inputOutput` with the reason for everything else.
  public static func archive(
    of path: String, _ copy: (borrowing HDF5Reader, inout MemoryArchive) throws(ArchiveError) -> Void
  ) throws(ArchiveError) -> MemoryArchive {
    let answer = try inChild(path) {
      do throws(ArchiveError) {
        var taken = MemoryArchive()
        try copy(try HDF5Reader(path: path), &taken)
        return [0] + taken.bytes
      } catch {
        switch error {
        case .missing(let path): return [1] + path.utf8
        case .damaged(_, let reason): return [2] + reason.utf8
        case .inputOutput(_, let reason): return [3] + reason.utf8
        default: return [3] + error.description.utf8
        }
      }
    }
    let words = String(decoding: answer.dropFirst(), as: UTF8.self)
    switch answer.first {
    case 0: return try MemoryArchive(bytes: Array(answer.dropFirst()))
    case 1: throw .missing(path: words)
    case 3: throw .inputOutput(file: path, reason: words)
    default: throw .damaged(file: path, reason: answer.isEmpty ? "nothing could be read" : words)
    }
  }
}
