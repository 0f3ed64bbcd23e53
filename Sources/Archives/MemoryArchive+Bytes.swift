extension ArchiveType {
  /// The bytes of one element.
  var width: Int {
    switch self {
    case .float32: 4
    case .float64, .int64, .uint64: 8
    case .uint8: 1
    }
  }
}

/// "RNMEMAR" and the version of the encoding.
private let magic: [UInt8] = [0x52, 0x4E, 0x4D, 0x45, 0x4D, 0x41, 0x52, 1]

extension MemoryArchive {
  /// The archive as bytes, a function of its contents alone: magic (8), number of arrays, then for each array in
  /// the order of `paths`: length of the path, path, type (1), rank, shape, elements. Integers are 64 bit, little
  /// endian; the number of element bytes follows from type and shape.
  public var bytes: [UInt8] {
    var output = magic
    output.reserveCapacity(entries.reduce(64) { $0 + $1.key.utf8.count + $1.value.bytes.count + 64 })
    output.appendLittleEndian(UInt64(entries.count))
    for path in paths {
      let entry = entries[path]!
      output.appendLittleEndian(UInt64(path.utf8.count))
      output.append(contentsOf: path.utf8)
      output.append(entry.type.rawValue)
      output.appendLittleEndian(UInt64(entry.shape.count))
      for length in entry.shape { output.appendLittleEndian(UInt64(length)) }
      output.append(contentsOf: entry.bytes)
    }
    return output
  }

  /// The archive that `bytes` came from.
  ///
  /// Throws `.damaged` (with the file "memory") for anything that `bytes` cannot have made: lengths are checked
  /// before they are used. There is no checksum: a flipped bit inside an element is not seen.
  public init(bytes: [UInt8]) throws(ArchiveError) {
    self.init()
    var rest = ByteReader(bytes, name: "memory")
    guard try rest.take(magic.count).elementsEqual(magic) else { throw rest.damage("wrong magic") }
    let count = try rest.length()
    var last: String?
    for _ in 0..<count {
      guard let path = String(validating: try rest.take(try rest.length()), as: UTF8.self),
        !path.utf8.contains(0), !path.split(separator: "/").contains("."), !path.isEmpty,
        path.split(separator: "/").joined(separator: "/") == path
      else { throw rest.damage("not a path") }
      if let last, !last.utf8.lexicographicallyPrecedes(path.utf8) { throw rest.damage("paths out of order") }
      last = path
      guard let type = ArchiveType(rawValue: try rest.take(1).first!) else { throw rest.damage("unknown type") }
      let rank = try rest.length()
      guard rank <= rest.remaining / 8 else { throw rest.damage("rank \(rank)") }
      var shape: [Int] = []
      for _ in 0..<rank { shape.append(try rest.length()) }
      guard let elements = elementCount(of: shape, width: type.width) else { throw rest.damage("shape \(shape)") }
      entries[path] = Entry(type: type, shape: shape, bytes: try rest.take(elements * type.width))
    }
    guard rest.remaining == 0 else { throw rest.damage("\(rest.remaining) bytes too many") }
    for path in paths {
      // An array below an array, which no archive holds.
      let parts = path.split(separator: "/")
      for depth in 1..<max(parts.count, 1) where entries[parts[..<depth].joined(separator: "/")] != nil {
        throw rest.damage("\(path) lies below an array")
      }
    }
    let decoded = entries
    entries = [:]
    for (path, entry) in decoded { insert(entry, at: path) }
  }
}
