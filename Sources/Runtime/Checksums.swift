public import Archives
import Glibc

/// `SHA256SUMS` of a finished run: the SHA-256 of each file that other commands, studies and programs read, as `sha256sum -c`
/// checks them. A bit that changed on the disk is so never read as a result.
public enum Checksums {
  static let name = "SHA256SUMS"

  /// Takes the sums away: the files are about to be written anew.
  static func remove(from folder: RunFolder) { unsafe unlink("\(folder.path)/\(name)") }

  /// Writes the sums of the folder's results, models, stored report and resolved study.
  static func write(in folder: RunFolder) throws(FileFault) {
    var names = ["resolved.toml", "results.json", "results.h5", "report/report.json"]
    if FileAccess.isFolder(folder.models) {
      names += try FileAccess.names(in: folder.models).filter { $0.hasSuffix(".h5") }.map { "models/\($0)" }
    }
    var text = ""
    for name in names { text += try sum("\(folder.path)/\(name)").hexString + "  \(name)\n" }
    try FileAccess.writeAtomically(text, to: "\(folder.path)/\(name)")
  }

  /// A file's sum; the whole of a large one never lies in memory.
  private static func sum(_ path: String) throws(FileFault) -> SHA256.Digest {
    var hash = SHA256()
    try FileAccess.read(path) { hash.update($0) }
    return hash.digest()
  }

  /// Throws `.damaged` where a file is not what its run wrote, by the sums in its folder or the one above. A file that no sums
  /// name passes: it was put there by somebody, or its run is not complete.
  public static func check(_ path: String) throws(ArchiveError) { _ = try isVerified(path) }

  /// The same; whether there are sums that name it.
  private static func isVerified(_ path: String) throws(ArchiveError) -> Bool {
    var found = false
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for depth in [1, 2] where parts.count >= depth {
      let folder = parts.dropLast(depth).joined(separator: "/")
      let place = parts.count == depth ? "." : (folder.isEmpty ? "/" : folder)
      let file = parts.suffix(depth).joined(separator: "/")
      do throws(FileFault) {
        guard FileAccess.exists("\(place)/\(name)") else { continue }
        let lines = try FileAccess.text("\(place)/\(name)").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasSuffix("  \(file)") }) else { continue }
        if line != (try sum(path)).hexString + "  \(file)" {
          throw FileFault(path: path, operation: "check", code: EILSEQ)
        }
        found = true
      } catch {
        if error.operation != "check" { throw .inputOutput(file: error.path, reason: error.reason) }
        throw .damaged(file: path, reason: "its checksum is not that in \(place)/\(name); the run's own command writes it again")
      }
    }
    return found
  }

  /// What `copy` takes out of an HDF5 file: in this process where the file's checksum is right, in a child where no sums name it, since the
  /// library, or what it reads, can crash over damage.
  public static func archive(
    of path: String, _ copy: (borrowing HDF5Reader, inout MemoryArchive) throws(ArchiveError) -> Void
  ) throws(ArchiveError) -> MemoryArchive {
    guard try isVerified(path) else { return try ForeignFile.archive(of: path, copy) }
    var taken = MemoryArchive()
    try copy(try HDF5Reader(path: path), &taken)
    return taken
  }
}
