/// Why a file of numbers cannot be used; `description` is one line.
public enum DataFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The operating system or a library refuses.
  case unreadable(file: String, reason: String)
  /// It is none of the formats that are known.
  case unknownFormat(file: String)
  /// It ends too early, or goes on too long: bytes that its head promises, and bytes that are there.
  case length(file: String, promised: Int, found: Int)
  /// It is of a known format, but uses something that is not read.
  case unsupported(file: String, what: String)
  /// A number that is not finite, and where in the array it stands.
  case notFinite(file: String, value: Double, index: [Int])
  /// Two files, or a file and what is asked of it, do not fit.
  case mismatch(file: String, what: String)

  /// The file that is meant.
  public var file: String {
    switch self {
    case .unreadable(let file, _), .unknownFormat(let file), .length(let file, _, _), .unsupported(let file, _),
      .notFinite(let file, _, _), .mismatch(let file, _):
      file
    }
  }
  /// What is wrong with it.
  public var reason: String {
    switch self {
    case .unreadable(_, let reason): reason
    case .unknownFormat: "no IDX, NPY or HDF5 file (IDX may be packed by gzip)"
    case .length(_, let promised, let found) where found < promised:
      "it is truncated: its head promises \(promised) bytes of numbers, \(found) are there"
    case .length(_, let promised, let found): "its head promises \(promised) bytes of numbers, but \(found) are there"
    case .unsupported(_, let what), .mismatch(_, let what): what
    case .notFinite(_, let value, let index): "the number at \(index) is \(value), which is not finite"
    }
  }
  public var description: String { "\(file): \(reason)" }
}

/// Numbers from a data file as a row-major array: IDX (plain or packed by gzip), NPY (little endian, C order) or one
/// dataset of an HDF5 file. Integers keep their values, as far as `Scalar`, `Float` or `Double`, can hold them.
public struct NumberArray<Scalar: BinaryFloatingPoint & ArchiveElement>: Sendable, Equatable {
  /// Lengths, outermost first.
  public let shape: [Int]
  public let values: [Scalar]
  /// The file's name as it was given.
  public let file: String

  /// An array of the caller's.
  public init(shape: [Int], values: [Scalar], file: String = "") {
    precondition(values.count == shape.reduce(1, *), "values fill the shape")
    self.shape = shape
    self.values = values
    self.file = file
  }

  /// Reads `path`; the dataset of an HDF5 file follows a colon ("run.h5:images/camera"). The format is told by the first
  /// bytes, not by the name. Throws where the file is missing, truncated or too long, of an unknown format, or holds numbers
  /// that are not finite.
  public init(reading path: String) throws(DataFileError) {
    let parts = path.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, !parts[1].isEmpty, !DurableFile.exists(path) {
      self = try Self.hdf5(parts[0], dataset: parts[1])
      try checkFinite()
    } else {
      try self.init(parsing: try PackedFile.read(path), file: path)
    }
  }

  /// The array in the bytes of an IDX (not packed) or NPY file; `path` is what messages call it.
  public init(parsing bytes: [UInt8], file path: String) throws(DataFileError) {
    if bytes.isEmpty {
      throw .unsupported(file: path, what: "it is empty")
    } else if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      throw .unsupported(file: path, what: "name the dataset of an HDF5 file after a colon, e.g. \(path):images")
    } else if bytes.starts(with: [0x93] + Array("NUMPY".utf8)) {
      self = try Self.npy(bytes, file: path)
    } else if bytes.starts(with: [0, 0]) {
      self = try Self.idx(bytes, file: path)
    } else {
      throw .unknownFormat(file: path)
    }
    try checkFinite()
  }
  private func checkFinite() throws(DataFileError) {
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      var index: [Int] = [], rest = bad
      for length in shape.reversed() {
        index.insert(rest % length, at: 0)
        rest /= length
      }
      throw .notFinite(file: file, value: Double(values[bad]), index: index)
    }
  }

  // MARK: IDX

  /// 0, 0, type, number of dimensions; lengths and values big endian (Y. LeCun, the MNIST files).
  private static func idx(_ bytes: [UInt8], file: String) throws(DataFileError) -> NumberArray {
    guard bytes.count >= 4, let type = ElementType(idx: bytes[2]) else { throw .unknownFormat(file: file) }
    let dimensions = Int(bytes[3]), head = 4 + 4 * dimensions
    guard bytes.count >= head else { throw .length(file: file, promised: head, found: bytes.count) }
    let shape = (0..<dimensions).map { d in bytes[(4 + 4 * d)..<(8 + 4 * d)].reduce(0) { $0 << 8 | Int($1) } }
    return try array(shape, type, bytes[head...], bigEndian: true, file)
  }

  // MARK: NPY

  /// NumPy's format 1, 2 and 3: a Python dictionary of type, order and shape in front of the numbers.
  private static func npy(_ bytes: [UInt8], file: String) throws(DataFileError) -> NumberArray {
    guard bytes.count >= 12 else { throw .length(file: file, promised: 12, found: bytes.count) }
    let wide = bytes[6] >= 2, start = wide ? 12 : 10
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= start + length else { throw .length(file: file, promised: start + length, found: bytes.count) }
    let head = String(decoding: bytes[start..<start + length], as: UTF8.self)
    func entry(_ key: String) -> Substring? {
      guard let at = head.firstRange(of: "'\(key)':") else { return nil }
      return head[at.upperBound...].drop { $0 == " " }
    }
    guard let description = entry("descr")?.dropFirst().prefix(while: { $0 != "'" }), let order = entry("fortran_order"),
      let lengths = entry("shape")?.dropFirst().prefix(while: { $0 != ")" })
    else { throw .unsupported(file: file, what: "its head is no dictionary with descr, fortran_order and shape") }
    guard let type = ElementType(npy: String(description)) else {
      let shown = String(description.prefix(20).map { $0.isASCII && !$0.isNewline ? $0 : "?" })
      throw .unsupported(file: file, what: "elements of type \(shown); numbers of 1 to 8 bytes, little endian, are read")
    }
    guard order.hasPrefix("False") else { throw .unsupported(file: file, what: "Fortran order; save it with np.ascontiguousarray") }
    let shape = lengths.split(separator: ",").compactMap { Int($0.trimmingBlanks) }
    return try array(shape, type, bytes[(start + length)...], bigEndian: false, file)
  }

  private static func array(
    _ shape: [Int], _ type: ElementType, _ bytes: ArraySlice<UInt8>, bigEndian: Bool, _ file: String
  ) throws(DataFileError) -> NumberArray {
    // Lengths beside a zero promise no bytes, but their product is taken elsewhere: it has to be a number as well.
    guard let count = elementCount(of: shape, width: type.width), elementCount(of: shape.map { max($0, 1) }) != nil,
      shape.allSatisfy({ $0 >= 0 })
    else {
      throw .unsupported(file: file, what: "the shape \(shape)")
    }
    guard bytes.count == count * type.width else {
      throw .length(file: file, promised: count * type.width, found: bytes.count)
    }
    return NumberArray(shape: shape, values: type.numbers(bytes, count: count, bigEndian: bigEndian), file: file)
  }

  // MARK: HDF5

  private static func hdf5(_ path: String, dataset: String) throws(DataFileError) -> NumberArray {
    do throws(ArchiveError) {
      let found = try ForeignFile.archive(of: path) { (reader, taken) throws(ArchiveError) in
        let (values, shape): ([Scalar], [Int]) = try reader.numbers(at: dataset)
        try taken.write(shape, at: "shape")
        try taken.write(values, at: "values")
      }
      return NumberArray(
        shape: try found.read(Int.self, at: "shape"), values: try found.read(Scalar.self, at: "values"), file: "\(path):\(dataset)")
    } catch {
      switch error {
      case .missing: throw .mismatch(file: path, what: "it has no dataset \(dataset)")
      case .inputOutput(_, let reason): throw .unreadable(file: path, reason: reason)
      case .damaged(_, let reason): throw .unreadable(file: path, reason: "it is damaged: \(reason)")
      default: throw .unreadable(file: path, reason: error.description)
      }
    }
  }
}

/// An array in single precision: data to learn from.
public typealias NumericArray = NumberArray<Float>

/// The types of numbers that data files hold.
private enum ElementType {
  case unsigned(Int), signed(Int), real(Int)

  init?(idx code: UInt8) {
    switch code {
    case 0x08: self = .unsigned(1)
    case 0x09: self = .signed(1)
    case 0x0B: self = .signed(2)
    case 0x0C: self = .signed(4)
    case 0x0D: self = .real(4)
    case 0x0E: self = .real(8)
    default: return nil
    }
  }
  init?(npy text: String) {
    guard let width = text.last?.wholeNumberValue, let kind = text.dropLast().last, let order = text.first, text.count == 3,
      order == "<" || (order == "|" && width == 1)
    else { return nil }
    switch (kind, width) {
    case ("b", 1), ("u", 1), ("u", 2), ("u", 4), ("u", 8): self = .unsigned(width)
    case ("i", 1), ("i", 2), ("i", 4), ("i", 8): self = .signed(width)
    case ("f", 4), ("f", 8): self = .real(width)
    default: return nil
    }
  }

  var width: Int {
    switch self {
    case .unsigned(let width), .signed(let width), .real(let width): width
    }
  }

  @_specialize(where Scalar == Float) @_specialize(where Scalar == Double)
  func numbers<Scalar: BinaryFloatingPoint>(_ bytes: ArraySlice<UInt8>, count: Int, bigEndian: Bool) -> [Scalar] {
    if case .unsigned(1) = self { return bytes.map { Scalar($0) } }
    var result = [Scalar](repeating: 0, count: count), next = bytes.startIndex
    for k in 0..<count {
      var word: UInt64 = 0
      for byte in 0..<width { word |= UInt64(bytes[next + (bigEndian ? width - 1 - byte : byte)]) << UInt64(8 * byte) }
      next += width
      switch self {
      case .unsigned: result[k] = Scalar(word)
      case .signed(let width):
        let unused = UInt64(64 - 8 * width)
        result[k] = Scalar(Int64(bitPattern: word << unused) >> Int64(unused))
      case .real(4): result[k] = Scalar(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
      case .real: result[k] = Scalar(Double(bitPattern: word))
      }
    }
    return result
  }
}

extension Substring {
  fileprivate var trimmingBlanks: Substring { drop { $0 == " " }.prefix { $0 != " " } }
}
