/// Element types that an archive stores, each in its own width.
public protocol ArchiveElement: BitwiseCopyable, Sendable {
  /// The stored type.
  static var archiveType: ArchiveType { get }
}

/// How elements lie in an archive (little endian).
public enum ArchiveType: UInt8, Sendable { case float32, float64, int64, uint64, uint8 }

extension Float: ArchiveElement { public static var archiveType: ArchiveType { .float32 } }
extension Double: ArchiveElement { public static var archiveType: ArchiveType { .float64 } }
extension Int: ArchiveElement { public static var archiveType: ArchiveType { .int64 } }
extension UInt64: ArchiveElement { public static var archiveType: ArchiveType { .uint64 } }
extension UInt8: ArchiveElement { public static var archiveType: ArchiveType { .uint8 } }

/// What reading or writing an archive can fail with.
public enum ArchiveError: Error, Equatable, Sendable {
  /// Nothing stands at this path inside the archive.
  case missing(path: String)
  /// What stands there has another shape or element type.
  case shape(path: String, expected: [Int], found: [Int])
  /// What stands there has another element type.
  case type(path: String, expected: ArchiveType, found: String)
  /// A part was written by another version of its format.
  case version(of: String, found: Int, supported: Int)
  /// The file is damaged: its checksum, magic or length is wrong.
  case damaged(file: String, reason: String)
  /// The file belongs to another study.
  case foreign(file: String, expectedDigest: String, foundDigest: String)
  /// One dimension name was given two lengths.
  case dimension(name: String, expected: Int, found: Int)
  /// The operating system refused: full disk, missing permission, missing file.
  case inputOutput(file: String, reason: String)
}

extension ArchiveError: CustomStringConvertible {
  /// One line for a person.
  public var description: String {
    switch self {
    case .missing(let path): "nothing is stored at \(path)"
    case .shape(let path, let expected, let found): "\(path) has the shape \(found), not \(expected)"
    case .type(let path, let expected, let found): "\(path) has elements of type \(found), not \(expected)"
    case .version(let part, let found, let supported):
      "\(part) has the format version \(found); this program reads version \(supported)"
    case .damaged(let file, let reason): "\(file) is damaged: \(reason)"
    case .foreign(let file, let expected, let found): "\(file) belongs to the study \(found), not to \(expected)"
    case .dimension(let name, let expected, let found): "the dimension \(name) has the length \(expected), not \(found)"
    case .inputOutput(let file, let reason): "\(file): \(reason)"
    }
  }
}

/// Where arrays are written by path ("layer0/weights"); groups come into being as needed.
public protocol ArchiveWriter: ~Copyable {
  /// Writes a row-major array; the product of `shape` is `values.count`. A path is written once.
  mutating func write<E: ArchiveElement>(_ values: [E], shape: [Int], at path: String) throws(ArchiveError)
}

/// Where arrays are read by path.
public protocol ArchiveReader: ~Copyable {
  /// The array at `path` and its shape.
  func read<E: ArchiveElement>(_ type: E.Type, at path: String) throws(ArchiveError) -> (values: [E], shape: [Int])
  /// Whether an array stands at `path`.
  func contains(_ path: String) -> Bool
}

/// A state that can be put away and taken up again: `init(from:)` after `save(to:)` gives a value that behaves
/// bit for bit like the original.
public protocol Checkpointable {
  /// Raised whenever the layout changes; readers refuse other versions.
  static var formatVersion: Int { get }
  /// Writes the state below `path`.
  func save(to archive: inout some ArchiveWriter & ~Copyable, at path: String) throws(ArchiveError)
  /// Reads what `save` wrote below `path`.
  init(from archive: borrowing some ArchiveReader & ~Copyable, at path: String) throws(ArchiveError)
}

extension ArchiveWriter where Self: ~Copyable {
  /// Writes a vector.
  public mutating func write<E: ArchiveElement>(_ values: [E], at path: String) throws(ArchiveError) {
    try write(values, shape: [values.count], at: path)
  }
  /// Writes one number (shape [1]).
  public mutating func write<E: ArchiveElement>(_ value: E, at path: String) throws(ArchiveError) {
    try write([value], shape: [1], at: path)
  }
  /// Writes a text as UTF-8 bytes.
  public mutating func write(_ text: String, at path: String) throws(ArchiveError) {
    try write(Array(text.utf8), at: path)
  }
  /// Writes the version of a part's format at `path/version`, where `ArchiveReader.checkVersion` looks for it.
  public mutating func writeVersion<C: Checkpointable>(of part: C.Type, at path: String) throws(ArchiveError) {
    try write(C.formatVersion, at: path + "/version")
  }
}

extension ArchiveReader where Self: ~Copyable {
  /// The array at `path`, which must have `count` elements where that is given.
  public func read<E: ArchiveElement>(_ type: E.Type, count: Int? = nil, at path: String) throws(ArchiveError) -> [E] {
    let (values, shape) = try read(type, at: path) as (values: [E], shape: [Int])
    if let count, values.count != count { throw .shape(path: path, expected: [count], found: shape) }
    return values
  }
  /// The one number at `path`.
  public func scalar<E: ArchiveElement>(_ type: E.Type, at path: String) throws(ArchiveError) -> E {
    try read(type, count: 1, at: path)[0]
  }
  /// The text at `path`.
  public func text(at path: String) throws(ArchiveError) -> String {
    String(decoding: try read(UInt8.self, count: nil, at: path), as: UTF8.self)
  }
  /// Throws `.version` unless the part below `path` was written by `C.formatVersion`.
  public func checkVersion<C: Checkpointable>(of part: C.Type, at path: String) throws(ArchiveError) {
    let found = try scalar(Int.self, at: path + "/version")
    if found != C.formatVersion { throw .version(of: "\(C.self)", found: found, supported: C.formatVersion) }
  }
}
