import Glibc

/// State files: an HDF5 file behind a block of 512 bytes (an HDF5 user block, so h5py opens the whole) that says
/// what the file is and carries its checksum.
///
/// | bytes | content |
/// |---|---|
/// | 0..<8 | magic 0x89 "RNSTAT" 0x0A |
/// | 8..<16 | container version |
/// | 16..<24 | length of the study digest, at most 64 |
/// | 24..<88 | study digest, zeros behind |
/// | 88..<96 | length of what follows the block |
/// | 96..<128 | SHA-256 of what follows the block |
/// | 480..<512 | SHA-256 of bytes 0..<480 |
///
/// Integers are 64 bit, little endian. Magic and the last line hold in every container version: so a damaged block
/// is never taken for a file of another version or study.
public enum CheckpointFile {
  /// The version of the container that is written, and the only one read.
  public static let containerVersion = 1

  static let blockSize = 512
  private static let magic: [UInt8] = [0x89, 0x52, 0x4E, 0x53, 0x54, 0x41, 0x54, 0x0A]

  /// A state file that was read.
  public struct Contents: ~Copyable {
    /// The arrays.
    public let reader: HDF5Reader
    /// Why the previous file was read instead of the current one, in one line that names it ("state.h5 is damaged:
    /// it ends after 40 bytes"); nil where the current one was read.
    public let usedPrevious: String?
  }

  /// The name under which the file before the last is kept: "state.h5" -> "state.prev.h5".
  public static func previous(of path: String) -> String {
    let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[name...].lastIndex(of: "."), dot != name else { return path + ".prev" }
    return path[..<dot] + ".prev" + path[dot...]
  }

  /// Whether there is a state to read: the file or its predecessor.
  public static func exists(at path: String) -> Bool {
    DurableFile.exists(path) || DurableFile.exists(previous(of: path))
  }

  /// Writes a state file, all or nothing.
  ///
  /// The new file goes to the device under a temporary name; then it takes the name `path`, and the old file is kept
  /// as `previous(of: path)`. On failure, of `body` or of the system (`.inputOutput`), both are as they were.
  /// - Parameters:
  ///   - digest: which study the state belongs to, at most 64 bytes of UTF-8.
  ///   - body: writes the arrays.
  public static func write(
    to path: String, digest: String, body: (inout HDF5Writer) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var writer = try HDF5Writer(path: path, compression: .none, userBlock: blockSize)
    try body(&writer)
    let image = try writer.image()
    // The writer's own copy of the file is no longer needed.
    _ = consume writer
    let block = block(digest: digest, payload: image.count, checksum: SHA256.hash(image))
    try DurableFile.replace(path, with: [block, image], previous: previous(of: path))
  }

  /// Reads a state file of the study `digest`. Everything is verified before HDF5 sees a byte.
  ///
  /// Where the file is missing, unreadable or damaged its predecessor is read, and `usedPrevious` says why. Throws
  /// `.version` for a file of another container version, `.foreign` for one of another study, `.inputOutput` where
  /// permission is missing or neither file exists, `.damaged` where neither can be used.
  public static func read(path: String, digest: String) throws(ArchiveError) -> Contents {
    let first: ArchiveError
    let reason: String
    do throws(ArchiveError) {
      return Contents(reader: try verified(path, digest: digest), usedPrevious: nil)
    } catch {
      switch error {
      case .damaged(_, let why): reason = why
      case .inputOutput(_, let why) where why != DurableFile.reason(EACCES): reason = why
      default: throw error
      }
      guard DurableFile.exists(previous(of: path)) else { throw error }
      first = error
    }
    do throws(ArchiveError) {
      return Contents(reader: try verified(previous(of: path), digest: digest), usedPrevious: first.description)
    } catch {
      guard case .damaged(_, let second) = error else { throw error }
      throw .damaged(file: path, reason: "\(reason); the previous one: \(second)")
    }
  }

  /// The block of a file.
  private static func block(digest: String, payload: Int, checksum: SHA256.Digest) -> [UInt8] {
    precondition(digest.utf8.count <= 64, "a study digest has at most 64 bytes")
    var block = magic
    block.appendLittleEndian(UInt64(containerVersion))
    block.appendLittleEndian(UInt64(digest.utf8.count))
    block += digest.utf8
    block += repeatElement(0, count: 88 - block.count)
    block.appendLittleEndian(UInt64(payload))
    block += checksum.bytes
    block += repeatElement(0, count: 480 - block.count)
    return block + SHA256.hash(block).bytes
  }

  /// Opens one file whose block, study, length and checksum are right.
  private static func verified(_ path: String, digest: String) throws(ArchiveError) -> HDF5Reader {
    let bytes = try DurableFile.read(path)
    func damaged(_ reason: String) -> ArchiveError { .damaged(file: path, reason: reason) }
    guard !bytes.isEmpty else { throw damaged("the file is empty") }
    guard bytes.starts(with: magic) else { throw damaged("it does not begin as a state file") }
    guard bytes.count >= blockSize else { throw damaged("it ends after \(bytes.count) bytes") }
    guard bytes[480..<512].elementsEqual(SHA256.hash(bytes[..<480]).bytes) else {
      throw damaged("the checksum of its head is wrong")
    }
    let version = UInt64(littleEndian: bytes[8..<16])
    guard version == UInt64(containerVersion) else {
      throw .version(of: "state file \(path)", found: Int(truncatingIfNeeded: version), supported: containerVersion)
    }
    let found = String(decoding: bytes[24..<88].prefix(Int(min(64, UInt64(littleEndian: bytes[16..<24])))), as: UTF8.self)
    guard found == digest else { throw .foreign(file: path, expectedDigest: digest, foundDigest: found) }
    let length = UInt64(littleEndian: bytes[88..<96])
    guard length == UInt64(bytes.count - blockSize) else {
      throw damaged("\(length) bytes of data were written, \(bytes.count - blockSize) are there")
    }
    guard bytes[96..<128].elementsEqual(SHA256.hash(bytes[blockSize...]).bytes) else {
      throw damaged("the checksum of its data is wrong")
    }
    return try HDF5Reader(image: bytes, path: path)
  }
}
