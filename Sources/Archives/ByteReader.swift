/// Takes bytes from the front and never more than there are: what comes from another process or a file is not to be trusted.
public struct ByteReader {
  private let bytes: [UInt8], name: String
  private var position = 0

  /// A reader of `bytes`; `name` says in errors what they are.
  public init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  /// How many bytes are left.
  public var remaining: Int { bytes.count - position }
  /// What is left.
  public var rest: ArraySlice<UInt8> { bytes[position...] }

  /// The error for bytes that no writer has made.
  public func damage(_ reason: String) -> ArchiveError { .damaged(file: name, reason: reason) }

  /// The next `count` bytes.
  /// - Throws: `.damaged` where there are fewer, or `count` is negative.
  public mutating func take(_ count: Int) throws(ArchiveError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw damage("\(count) bytes wanted, \(remaining) left") }
    defer { position += count }
    return bytes[position..<position + count]
  }
  /// The next eight bytes, lowest first, as bits.
  public mutating func bits() throws(ArchiveError) -> UInt64 { UInt64(littleEndian: try take(8)) }
  /// The next eight bytes as a signed integer.
  public mutating func integer() throws(ArchiveError) -> Int { Int(truncatingIfNeeded: try bits()) }
  /// The next eight bytes as a number of things.
  /// - Throws: `.damaged` also where it is beyond Int.
  public mutating func length() throws(ArchiveError) -> Int {
    let value = try bits()
    guard let small = Int(exactly: value) else { throw damage("length \(value)") }
    return small
  }
}

extension [UInt8] {
  /// Appends the eight bytes of an integer, lowest first.
  public mutating func appendLittleEndian(_ value: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value &>> shift)) }
  }
}

extension UInt64 {
  /// The integer whose bytes, lowest first, these are.
  init(littleEndian bytes: ArraySlice<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 &<< 8 | UInt64($1) }
  }
}
