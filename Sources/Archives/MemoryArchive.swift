/// An archive in memory: the twin of the HDF5 archives for tests, copies of a state, and states sent to other ranks
/// (`bytes`, `init(bytes:)`).
///
/// Two archives are equal when they hold the same arrays, bit for bit, whatever the order of writing.
public struct MemoryArchive: ArchiveWriter, ArchiveReader, Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    var type: ArchiveType
    var shape: [Int]
    /// A part of the bytes that the archive was read from, or bytes of its own.
    var bytes: ArraySlice<UInt8>
  }

  var entries: [String: Entry] = [:]
  private var taken = ArchivePaths()

  /// An archive that holds nothing.
  public init() {}

  /// The paths of all arrays, in the order of their UTF-8 bytes.
  public var paths: [String] { entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  public static func == (one: MemoryArchive, other: MemoryArchive) -> Bool { one.entries == other.entries }

  public mutating func write<E: ArchiveElement>(_ values: [E], shape: [Int], at path: String) throws(ArchiveError) {
    precondition(elementCount(of: shape) == values.count, "shape \(shape) does not hold \(values.count) elements")
    let bytes = unsafe values.withUnsafeBytes { unsafe [UInt8]($0) }
    insert(Entry(type: E.archiveType, shape: shape, bytes: bytes[...]), at: ArchivePaths.canonical(path))
  }

  public func read<E: ArchiveElement>(_ type: E.Type, at path: String) throws(ArchiveError) -> (values: [E], shape: [Int]) {
    let path = ArchivePaths.canonical(path)
    guard let entry = entries[path] else { throw .missing(path: path) }
    guard entry.type == E.archiveType else {
      throw .type(path: path, expected: E.archiveType, found: "\(entry.type)")
    }
    let count = entry.bytes.count / MemoryLayout<E>.stride
    let values = unsafe [E](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe UnsafeMutableRawBufferPointer(buffer).copyBytes(from: entry.bytes)
      filled = count
    }
    return (values, entry.shape)
  }

  public func contains(_ path: String) -> Bool { entries[ArchivePaths.canonical(path)] != nil }

  /// Takes the array at `path` out, if there is one; its path may then be written again.
  public mutating func remove(_ path: String) {
    let path = ArchivePaths.canonical(path)
    entries[path] = nil
    taken.release(path)
  }

  mutating func insert(_ entry: Entry, at path: String) {
    taken.claim(path)
    entries[path] = entry
  }
}
