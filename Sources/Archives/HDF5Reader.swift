import CHDF5

/// Reads an HDF5 file, from disk or from its bytes.
public struct HDF5Reader: ArchiveReader, ~Copyable {
  /// The file's name, for errors.
  public let path: String
  private let file: HDF5Identifier
  private let size: Int

  /// Opens a file on disk.
  ///
  /// Throws `.inputOutput` with the system's reason where it cannot be opened, `.damaged` where it is no HDF5 file.
  /// Contents are not checksummed: a file that may be damaged is to be written and read as a `CheckpointFile`.
  public init(path: String) throws(ArchiveError) {
    let size = try DurableFile.size(path)
    ch5_lock()
    defer { ch5_unlock() }
    guard let access = HDF5Identifier(H5Pcreate(ch5_file_access())), ch5_no_file_lock(access.raw) >= 0,
      let file = unsafe HDF5Identifier(H5Fopen(path, ch5_acc_rdonly(), access.raw))
    else { throw .damaged(file: path, reason: HDF5.reason) }
    self.path = path
    self.file = file
    self.size = size
  }

  /// Opens the bytes of a file; `path` is its name in errors. Throws `.damaged` where it is no HDF5 file.
  public init(image: [UInt8], path: String) throws(ArchiveError) {
    ch5_lock()
    defer { ch5_unlock() }
    var image = image
    // HDF5 would look for a file on disk instead of taking an empty image.
    guard !image.isEmpty else { throw .damaged(file: path, reason: "the file is empty") }
    guard let access = HDF5Identifier(H5Pcreate(ch5_file_access())), H5Pset_fapl_core(access.raw, 1 << 20, false) >= 0,
      unsafe H5Pset_file_image(access.raw, &image, image.count) >= 0,
      let file = unsafe HDF5Identifier(H5Fopen(HDF5.inMemoryName(path), ch5_acc_rdonly(), access.raw))
    else { throw .damaged(file: path, reason: HDF5.reason) }
    size = image.count
    self.path = path
    self.file = file
  }

  public func read<E: ArchiveElement>(_ type: E.Type, at path: String) throws(ArchiveError) -> (values: [E], shape: [Int]) {
    let path = ArchivePaths.canonical(path)
    ch5_lock()
    defer { ch5_unlock() }
    guard let dataset = unsafe HDF5Identifier(H5Dopen2(file.raw, path, ch5_default())) else {
      throw .missing(path: path)
    }
    let found = HDF5.elementType(of: dataset)
    guard found.type == E.archiveType else { throw .type(path: path, expected: E.archiveType, found: found.name) }
    let shape = try shape(of: dataset, at: path)
    // Deflate packs at most 1032 to 1: a larger array is no array of this file, and must not be allocated.
    guard let count = elementCount(of: shape, width: E.archiveType.width),
      count / 1100 <= size / E.archiveType.width + 1
    else { throw .damaged(file: self.path, reason: "\(path) has the shape \(shape)") }
    var status: herr_t = 0
    let values = unsafe [E](unsafeUninitializedCapacity: count) { buffer, filled in
      if count > 0 {
        let memory = ch5_memory_type(CInt(E.archiveType.rawValue))
        status = unsafe H5Dread(dataset.raw, memory, ch5_all(), ch5_all(), ch5_default(), buffer.baseAddress)
      }
      filled = status >= 0 ? count : 0
    }
    guard status >= 0 else { throw .damaged(file: self.path, reason: "\(path): \(HDF5.reason)") }
    return (values, shape)
  }

  /// The numbers of a dataset of any integer or floating-point type, as `Scalar`, `Float` or `Double`, and its shape: for data
  /// that other programs wrote. Throws `.missing`, or `.type` where the elements are no numbers.
  public func numbers<Scalar: BinaryFloatingPoint & ArchiveElement>(at path: String) throws(ArchiveError) -> (
    values: [Scalar], shape: [Int]
  ) {
    let path = ArchivePaths.canonical(path)
    ch5_lock()
    defer { ch5_unlock() }
    guard let dataset = unsafe HDF5Identifier(H5Dopen2(file.raw, path, ch5_default())) else { throw .missing(path: path) }
    guard let type = HDF5Identifier(H5Dget_type(dataset.raw)), [H5T_FLOAT, H5T_INTEGER].contains(H5Tget_class(type.raw)) else {
      throw .type(path: path, expected: Scalar.archiveType, found: HDF5.elementType(of: dataset).name)
    }
    let shape = try shape(of: dataset, at: path)
    guard let count = elementCount(of: shape, width: 4), count / 1100 <= size + 1 else {
      throw .damaged(file: self.path, reason: "\(path) has the shape \(shape)")
    }
    var values = [Scalar](repeating: 0, count: count)
    let status = unsafe H5Dread(
      dataset.raw, ch5_memory_type(CInt(Scalar.archiveType.rawValue)), ch5_all(), ch5_all(), ch5_default(), &values)
    guard status >= 0 else { throw .damaged(file: self.path, reason: "\(path): \(HDF5.reason)") }
    return (values, shape)
  }

  public func contains(_ path: String) -> Bool {
    ch5_lock()
    defer { ch5_unlock() }
    return unsafe HDF5Identifier(H5Dopen2(file.raw, ArchivePaths.canonical(path), ch5_default())) != nil
  }

  private func shape(of dataset: borrowing HDF5Identifier, at path: String) throws(ArchiveError) -> [Int] {
    guard let space = HDF5Identifier(H5Dget_space(dataset.raw)) else {
      throw .damaged(file: self.path, reason: "\(path): \(HDF5.reason)")
    }
    var lengths = [hsize_t](repeating: 0, count: 32)
    let rank = unsafe H5Sget_simple_extent_dims(space.raw, &lengths, nil)
    guard rank >= 0, lengths.allSatisfy({ $0 <= hsize_t(Int.max) }) else {
      throw .damaged(file: self.path, reason: "\(path): \(HDF5.reason)")
    }
    return lengths.prefix(Int(rank)).map { Int($0) }
  }
}
