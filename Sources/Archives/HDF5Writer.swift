import CHDF5

/// Writes an HDF5 file.
///
/// The file is built in memory and goes to disk at `close()`, under a temporary name that then takes the place of
/// the old file; so a failure at any point leaves the old file as it was. Memory: the size of the file twice, while
/// closing. A writer that is dropped without `close()` writes nothing. The same calls give the same bytes.
///
///     var writer = try HDF5Writer(path: "weights.h5")
///     try writer.write(weights, shape: [visible, hidden], at: "layer0/weights")
///     try writer.close()
public struct HDF5Writer: ArchiveWriter, ~Copyable {
  /// How arrays are packed. Words of random bits don't get smaller, so nothing is packed by default.
  public enum Compression: Sendable, Equatable {
    /// Contiguous.
    case none
    /// Chunks of up to 1 MiB, byte shuffle and deflate at `level` (1...9), for arrays of at least `above` bytes.
    case deflate(level: Int = 1, above: Int = 1 << 16)
  }

  /// The file's name, for errors and `close()`.
  public let path: String
  /// How arrays written from now on are packed.
  public var compression: Compression
  let file: HDF5Identifier
  private let linkCreation: HDF5Identifier
  private var taken = ArchivePaths()

  /// A writer of the file `path`, which need not exist. Nothing on disk changes before `close()`.
  public init(path: String, compression: Compression = .none) throws(ArchiveError) {
    try self.init(path: path, compression: compression, userBlock: 0)
  }

  init(path: String, compression: Compression, userBlock: Int) throws(ArchiveError) {
    ch5_lock()
    defer { ch5_unlock() }
    let file = try HDF5.createInMemory(name: path, userBlock: userBlock)
    guard let properties = HDF5Identifier(H5Pcreate(ch5_link_create())),
      H5Pset_create_intermediate_group(properties.raw, 1) >= 0
    else { throw .inputOutput(file: path, reason: HDF5.reason) }
    self.path = path
    self.compression = compression
    self.file = file
    linkCreation = properties
  }

  public mutating func write<E: ArchiveElement>(_ values: [E], shape: [Int], at path: String) throws(ArchiveError) {
    _ = try writeDataset(values, shape: shape, at: path)
  }

  /// Writes an array and returns its dataset.
  mutating func writeDataset<E: ArchiveElement>(
    _ values: [E], shape: [Int], at path: String
  ) throws(ArchiveError) -> HDF5Identifier {
    precondition(elementCount(of: shape) == values.count, "shape \(shape) does not hold \(values.count) elements")
    let path = ArchivePaths.canonical(path)
    taken.claim(path)
    ch5_lock()
    defer { ch5_unlock() }
    let code = CInt(E.archiveType.rawValue)
    guard let space = HDF5.space(shape), let creation = creation(of: shape, width: E.archiveType.width),
      let dataset = unsafe HDF5Identifier(
        H5Dcreate2(file.raw, path, ch5_stored_type(code), space.raw, linkCreation.raw, creation.raw, ch5_default()))
    else { throw .inputOutput(file: self.path, reason: HDF5.reason) }
    let status = unsafe values.withUnsafeBytes { bytes in
      unsafe bytes.count == 0
        ? 0 : H5Dwrite(dataset.raw, ch5_memory_type(code), ch5_all(), ch5_all(), ch5_default(), bytes.baseAddress)
    }
    guard status >= 0 else { throw .inputOutput(file: self.path, reason: HDF5.reason) }
    return dataset
  }

  /// The creation properties of a dataset. No times are stored: equal contents are equal bytes.
  private func creation(of shape: [Int], width: Int) -> HDF5Identifier? {
    guard let creation = HDF5Identifier(H5Pcreate(ch5_dataset_create())), H5Pset_obj_track_times(creation.raw, false) >= 0
    else { return nil }
    guard case .deflate(let level, let above) = compression, ch5_deflate_available() != 0, !shape.isEmpty,
      !shape.contains(0), shape.reduce(width, *) >= above
    else { return creation }
    // Halve the slowest dimensions first, so that a chunk is a run of whole rows.
    var chunk = shape
    for axis in chunk.indices {
      while chunk[axis] > 1, chunk.reduce(width, *) > 1 << 20 { chunk[axis] = (chunk[axis] + 1) / 2 }
    }
    let lengths = chunk.map { hsize_t($0) }
    guard unsafe H5Pset_chunk(creation.raw, CInt(chunk.count), lengths) >= 0, H5Pset_shuffle(creation.raw) >= 0,
      H5Pset_deflate(creation.raw, CUnsignedInt(level)) >= 0
    else { return nil }
    return creation
  }

  /// The file as bytes, without the user block if it has one.
  public func image() throws(ArchiveError) -> [UInt8] {
    ch5_lock()
    defer { ch5_unlock() }
    return try HDF5.image(of: file, name: path)
  }

  /// Puts the file on disk in the place of the old one, if there is one. Throws `.inputOutput` with the system's
  /// reason (full disk, missing permission, missing folder); the old file is then as it was.
  public consuming func close() throws(ArchiveError) {
    try DurableFile.replace(path, with: [try image()])
  }
}
