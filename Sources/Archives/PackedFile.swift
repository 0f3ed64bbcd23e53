internal import CZlib
import Glibc

/// Files that may be packed by gzip.
enum PackedFile {
  /// All bytes of a file, unpacked where it begins as a gzip file; its check sum is verified.
  static func read(_ path: String) throws(DataFileError) -> [UInt8] {
    do throws(ArchiveError) { _ = try DurableFile.size(path) } catch {
      guard case .inputOutput(_, let reason) = error else { throw .unreadable(file: path, reason: error.description) }
      throw .unreadable(file: path, reason: reason)
    }
    // Files without gzip's head pass through as they are.
    guard let file = unsafe gzopen(path, "rb") else {
      throw .unreadable(file: path, reason: unsafe String(cString: strerror(errno)))
    }
    defer { unsafe gzclose_r(file) }
    unsafe gzbuffer(file, 1 << 17)
    var bytes: [UInt8] = [], part = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = unsafe part.withUnsafeMutableBytes { unsafe gzread(file, $0.baseAddress, UInt32($0.count)) }
      if count > 0 { bytes.append(contentsOf: part[..<Int(count)]) }
      var code: Int32 = 0
      let message = unsafe gzerror(file, &code)
      // A packed file that ends in its middle is told of only once all that is there has been read.
      if code == Z_BUF_ERROR { throw .unreadable(file: path, reason: "it is truncated: the packed data end in their middle") }
      if count < 0 {
        let text = unsafe message.map { unsafe String(cString: $0) } ?? "unknown"
        throw .unreadable(file: path, reason: "it cannot be unpacked: \(text)")
      }
      if count == 0 { return bytes }
    }
  }
}
