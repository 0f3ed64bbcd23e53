public import Archives
import Glibc

/// A file of scalars, histograms and images for TensorBoard (`tensorboard --logdir events`).
///
/// Records as in TensorFlow's record format: length (8 bytes), masked CRC-32C of the length, data, masked CRC-32C of the
/// data; the data is a protobuf `Event` (wall_time 1, step 2, file_version 3, summary 5) with one `Summary.Value`
/// (tag 1, and simple_value 2, image 4 or histo 5). A run that is resumed opens a new file, and its later steps continue the curve.
/// Records are kept until `flush()`; what is not flushed when the value goes away is lost.
public struct EventFile: ~Copyable {
  /// Where the file lies.
  public let path: String
  private let descriptor: CInt
  private var pending: [UInt8] = []

  /// Opens `folder/events.out.tfevents.<time>.<host>`, at the end if it exists. The folder must exist.
  ///
  /// Throws `.inputOutput` with the system's reason.
  /// - Parameter time: seconds since 1970, also the wall time of the first record.
  public init(folder: String, time: Double, host: String) throws(ArchiveError) {
    let seconds = String(Int(time))
    let padded = String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
    let path = "\(folder)/events.out.tfevents.\(padded).\(host)"
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.systemError(path) }
    self.path = path
    self.descriptor = descriptor
    if lseek(descriptor, 0, SEEK_END) == 0 {
      var event = Protobuf()
      event.double(1, time)
      event.bytes(3, Array("brain.Event:2".utf8))
      append(event.data)
    }
  }

  deinit { _ = close(descriptor) }

  /// Adds one point of what is called `tag`. TensorBoard keeps 32 bits of a value.
  /// - Parameter wallTime: seconds since 1970.
  public mutating func add(_ tag: String, _ content: CurvePoint.Content, step: Int, wallTime: Double) {
    var point = Protobuf()
    point.bytes(1, Array(tag.utf8))
    switch content {
    case .value(let value): point.float(2, Float(value))
    case .spread(let spread):
      var histogram = Protobuf()
      for (field, value) in [spread.least, spread.most, Double(spread.count), spread.sum, spread.sumOfSquares].enumerated() {
        histogram.double(UInt64(field + 1), value)
      }
      histogram.doubles(6, spread.limits)
      histogram.doubles(7, spread.bins.map(Double.init))
      point.bytes(5, histogram.data)
    case .picture(let width, let height, let png):
      var image = Protobuf()
      image.integer(1, height)
      image.integer(2, width)
      // Red, green and blue.
      image.integer(3, 3)
      image.bytes(4, png)
      point.bytes(4, image.data)
    }
    var summary = Protobuf()
    summary.bytes(1, point.data)
    var event = Protobuf()
    event.double(1, wallTime)
    event.integer(2, step)
    event.bytes(5, summary.data)
    append(event.data)
  }

  /// Hands all records to the system. Throws `.inputOutput` with its reason; what was not written is kept.
  public mutating func flush() throws(ArchiveError) {
    while !pending.isEmpty {
      let count = unsafe pending.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.systemError(path) }
      pending.removeFirst(count)
    }
  }

  private mutating func append(_ data: [UInt8]) {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(data.count) >> (8 * UInt64($0))) }
    pending += length + Self.maskedChecksum(length) + data + Self.maskedChecksum(data)
  }

  private static func systemError(_ path: String) -> ArchiveError {
    .inputOutput(file: path, reason: unsafe String(cString: strerror(errno)))
  }

  /// The checksum as the record format stores it, so that a record inside a record doesn't look like one.
  private static func maskedChecksum(_ data: [UInt8]) -> [UInt8] {
    let sum = crc32c(data)
    let masked = ((sum >> 15) | (sum << 17)) &+ 0xA282_EAD8
    return (0..<4).map { UInt8(truncatingIfNeeded: masked >> (8 * UInt32($0))) }
  }
}

/// The cyclic redundancy check of Castagnoli (reflected polynomial 0x82F63B78), as in iSCSI (RFC 3720, appendix B.4):
/// 32 zero bytes give 0x8A9136AA.
public func crc32c(_ data: [UInt8]) -> UInt32 {
  ~data.reduce(~0) { crcTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
}

private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { value, _ in (value >> 1) ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
}

/// The few wire types of protobuf that an event needs.
private struct Protobuf {
  private(set) var data: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 128 {
      data.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    data.append(UInt8(rest))
  }

  mutating func integer(_ field: UInt64, _ value: Int) {
    varint(field << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ field: UInt64, _ value: Double) {
    varint(field << 3 | 1)
    data += (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) }
  }

  /// Packed: all in one field.
  mutating func doubles(_ field: UInt64, _ values: [Double]) {
    bytes(field, values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) } })
  }

  mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(value.count))
    data += value
  }

  mutating func float(_ field: UInt64, _ value: Float) {
    varint(field << 3 | 5)
    data += (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
  }
}
